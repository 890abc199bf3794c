//! The form of a document (ISO 32000-1, 12.7) and its signature fields.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use lopdf::{Dictionary, Document, Object, ObjectId};

use super::placement;
use super::update::Update;
use crate::document::SealPlace;

/// SigFlags: there are signatures, and the file may only be extended (12.7.2, table 219).
const SIGNATURES_EXIST_AND_APPEND_ONLY: i64 = 3;
/// Annotation flags: printed, and not to be moved (12.5.3, table 165).
const PRINT_AND_LOCKED: u32 = 4 + 128;

/// How deep fields may lie in fields, and how many there may be: more than any honest form has.
const DEEPEST: usize = 16;
const MOST_FIELDS: usize = 4_096;

/// A signature field that is signed.
pub struct SignatureField<'a> {
    /// The names of the field and of those above it.
    pub name: String,
    /// The signature dictionary.
    pub signature: &'a Dictionary,
}

/// The signature fields that hold a signature, in the order of the form.
pub fn signature_fields(document: &Document) -> Vec<SignatureField<'_>> {
    let mut found = Vec::new();
    let mut left = MOST_FIELDS;
    if let Some(fields) = fields(document) {
        let root = Above { name: String::new(), is_signature: false };
        collect(document, fields, &root, DEEPEST, &mut left, &mut found);
    }
    found
}

/// What a field has from the one above it.
struct Above {
    name: String,
    is_signature: bool,
}

fn fields(document: &Document) -> Option<&Vec<Object>> {
    let form = document.catalog().ok()?.get_deref(b"AcroForm", document).ok()?.as_dict().ok()?;
    form.get_deref(b"Fields", document).ok()?.as_array().ok()
}

fn collect<'a>(
    document: &'a Document,
    fields: &'a [Object],
    above: &Above,
    depth: usize,
    left: &mut usize,
    found: &mut Vec<SignatureField<'a>>,
) {
    for field in fields {
        let Some(rest) = left.checked_sub(1) else { return };
        *left = rest;
        let Ok(field) = document.dereference(field).and_then(|(_, field)| field.as_dict()) else { continue };
        let own = field.get_deref(b"T", document).and_then(Object::as_str).map(read_text).ok();
        let name = match (above.name.as_str(), own) {
            (above, None) => above.to_owned(),
            ("", Some(own)) => own,
            (above, Some(own)) => format!("{above}.{own}"),
        };
        let kind = field.get_deref(b"FT", document).and_then(Object::as_name);
        let is_signature = kind.map_or(above.is_signature, |kind| kind == b"Sig");
        if let (true, Ok(signature)) =
            (is_signature, field.get_deref(b"V", document).and_then(Object::as_dict))
        {
            found.push(SignatureField { name: name.clone(), signature });
        }
        if let (Some(depth), Ok(kids)) =
            (depth.checked_sub(1), field.get_deref(b"Kids", document).and_then(Object::as_array))
        {
            collect(document, kids, &Above { name, is_signature }, depth, left, found);
        }
    }
}

/// Adds a signature field that shows `appearance` at the first place, and the same picture as a stamp at the others:
/// a signature field has one widget.
pub fn add_signature_field(
    update: &mut Update,
    signature: ObjectId,
    appearance: ObjectId,
    places: &[SealPlace],
    size_mm: (u16, u16),
) -> anyhow::Result<()> {
    let pages: Vec<ObjectId> = update.document().page_iter().collect();
    let name = free_name(update.document());
    let mut field = None;
    let mut annotations: BTreeMap<ObjectId, Vec<Object>> = BTreeMap::new();
    for place in places {
        let Some(page) = pages.get(place.page_index).copied() else {
            bail!("the seal is to stand on page {} of {}", place.page_index + 1, pages.len());
        };
        let rectangle = placement::rectangle(update.document(), page, place, size_mm)?;
        let id = update.allocate()?;
        let kind = if field.is_none() {
            field = Some(id);
            format!("/Subtype /Widget /FT /Sig /T ({name}) /V {} 0 R", signature.0)
        } else {
            "/Subtype /Stamp".to_owned()
        };
        let annotation = format!(
            "<< /Type /Annot {kind} /F {PRINT_AND_LOCKED} /Rect {rectangle} /P {} {} R /AP << /N {} 0 R >> >>",
            page.0, page.1, appearance.0
        );
        update.put_text(id, &annotation)?;
        annotations.entry(page).or_default().push(Object::Reference(id));
    }
    for (page, added) in annotations {
        annotate(update, page, added)?;
    }
    register(update, field.context("a seal needs at least one place on a page")?)
}

/// `Signature1`, or the next that no field has.
fn free_name(document: &Document) -> String {
    let names: Vec<String> = fields(document)
        .into_iter()
        .flatten()
        .filter_map(|field| document.dereference(field).ok()?.1.as_dict().ok())
        .filter_map(|field| field.get_deref(b"T", document).and_then(Object::as_str).map(read_text).ok())
        .collect();
    let mut candidates = (1..=names.len() + 1).map(|number| format!("Signature{number}"));
    candidates.find(|name| !names.contains(name)).unwrap_or_default()
}

/// Adds annotations to a page, in its list of them where that is an object of its own.
fn annotate(update: &mut Update, page: ObjectId, added: Vec<Object>) -> anyhow::Result<()> {
    let mut dictionary = update.document().get_dictionary(page)?.clone();
    match dictionary.get(b"Annots") {
        Ok(Object::Reference(id)) => {
            let id = *id;
            let mut list = update.document().get_object(id)?.as_array()?.clone();
            list.extend(added);
            update.put(id, &Object::Array(list))
        }
        Ok(Object::Array(list)) => {
            let list: Vec<Object> = list.iter().cloned().chain(added).collect();
            dictionary.set("Annots", list);
            update.put(page, &Object::Dictionary(dictionary))
        }
        _ => {
            dictionary.set("Annots", added);
            update.put(page, &Object::Dictionary(dictionary))
        }
    }
}

/// Names the field in the form; a document without a form gets one as an object of its own, so that later signatures
/// leave the catalogue alone.
fn register(update: &mut Update, field: ObjectId) -> anyhow::Result<()> {
    let root = update.document().trailer.get(b"Root").and_then(Object::as_reference)?;
    let mut catalog = update.document().catalog()?.clone();
    let (place, mut form) = match catalog.get(b"AcroForm") {
        Ok(Object::Reference(id)) => (Some(*id), update.document().get_dictionary(*id)?.clone()),
        Ok(Object::Dictionary(form)) => (None, form.clone()),
        _ => (None, Dictionary::new()),
    };
    let mut fields = match form.get_deref(b"Fields", update.document()) {
        Ok(fields) => fields.as_array()?.clone(),
        Err(_) => Vec::new(),
    };
    fields.push(Object::Reference(field));
    if let Ok(Object::Reference(id)) = form.get(b"Fields") {
        let id = *id;
        update.put(id, &Object::Array(fields))?;
    } else {
        form.set("Fields", fields);
    }
    form.set("SigFlags", SIGNATURES_EXIST_AND_APPEND_ONLY);
    let id = match place {
        Some(id) => id,
        None => {
            let id = update.allocate()?;
            catalog.set("AcroForm", Object::Reference(id));
            update.put(root, &Object::Dictionary(catalog))?;
            id
        }
    };
    update.put(id, &Object::Dictionary(form))
}

/// A text string (7.9.2): UTF-16 with a byte order mark, UTF-8 with one, or PDFDocEncoding, of which only the part that
/// is Latin-1 is read.
pub fn read_text(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, rest @ ..] => {
            let units: Vec<u16> =
                rest.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
            String::from_utf16_lossy(&units)
        }
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// A text string in hexadecimal, as UTF-16 unless it is ASCII.
pub fn text_string(text: &str) -> String {
    if text.is_ascii() {
        return format!("<{}>", hex::encode_upper(text));
    }
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    format!("<FEFF{}>", hex::encode_upper(bytes))
}
