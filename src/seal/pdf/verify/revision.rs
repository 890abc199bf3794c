//! What became of a file after a signature: further signatures may be added and nothing else.
//!
//! Readers outside this room draw the line elsewhere; a guarantee has no reason for comments or filled-in forms.

use std::collections::HashSet;

use lopdf::{Dictionary, Document, Object, ObjectId};

use crate::seal::pdf::reading::{self, Unreadable};

/// How many changes are named.
const MOST_NAMED: usize = 5;

/// Names what was changed between the revision that the signed bytes are and the newest; nothing if only signatures
/// were added.
///
/// # Errors
/// When the signed bytes are no PDF by themselves.
pub fn changes(signed: &[u8], newest: &Document) -> Result<Vec<String>, Unreadable> {
    let signed = reading::read(signed)?;
    let comparison = Comparison { signed: &signed, newest };
    let mut changes = Vec::new();
    if signed.trailer.get(b"Root").ok() != newest.trailer.get(b"Root").ok() {
        changes.push("the document's root".to_owned());
    }
    for (id, before) in &signed.objects {
        let change = match newest.objects.get(id) {
            Some(after) if after == before => None,
            Some(after) => comparison.change(*id, before, after),
            None => Some("was removed"),
        };
        changes.extend(change.map(|change| format!("object {} {change}", id.0)));
    }
    // Something that was nothing when it was signed may be on a page now.
    let mut named = HashSet::new();
    signed.objects.values().for_each(|object| references(object, &mut named));
    let filled =
        named.iter().filter(|id| !signed.objects.contains_key(id) && newest.objects.contains_key(id));
    changes.extend(filled.map(|id| format!("object {} was filled in", id.0)));
    changes.truncate(MOST_NAMED);
    Ok(changes)
}

/// All objects that an object names.
fn references(object: &Object, named: &mut HashSet<ObjectId>) {
    match object {
        Object::Reference(id) => {
            named.insert(*id);
        }
        Object::Array(items) => items.iter().for_each(|item| references(item, named)),
        Object::Dictionary(dictionary) => dictionary.iter().for_each(|(_, value)| references(value, named)),
        Object::Stream(stream) => stream.dict.iter().for_each(|(_, value)| references(value, named)),
        _ => {}
    }
}

struct Comparison<'a> {
    signed: &'a Document,
    newest: &'a Document,
}

impl Comparison<'_> {
    /// What is wrong with the change of an object; `None` if adding a signature explains it.
    fn change(&self, id: ObjectId, before: &Object, after: &Object) -> Option<&'static str> {
        let root = self.signed.trailer.get(b"Root").and_then(Object::as_reference).ok();
        let form = self.signed.catalog().and_then(|catalog| catalog.get(b"AcroForm")).ok();
        let explained = match (before, after) {
            // A cross-reference stream whose number was used again.
            (Object::Stream(before), _) if before.dict.has_type(b"XRef") => true,
            (Object::Dictionary(before), Object::Dictionary(after)) if Some(id) == root => {
                self.only(before, after, &[b"AcroForm", b"DSS", b"Extensions"])
                    && self.same_form(before.get(b"AcroForm").ok(), after.get(b"AcroForm").ok())
            }
            (before, after) if form.is_some_and(|form| form.as_reference().ok() == Some(id)) => {
                self.same_form(Some(before), Some(after))
            }
            (Object::Dictionary(before), Object::Dictionary(after)) if before.has_type(b"Page") => {
                self.only(before, after, &[b"Annots"])
                    && self.only_signatures_added(before.get(b"Annots").ok(), after.get(b"Annots").ok())
            }
            (Object::Dictionary(before), Object::Dictionary(after)) => {
                is_open_signature_field(before)
                    && self.only(before, after, &[b"V", b"AP", b"F", b"Rect", b"MK"])
            }
            (before @ Object::Array(_), after @ Object::Array(_)) => {
                self.is_list_of_annotations_or_fields(id)
                    && self.only_signatures_added(Some(before), Some(after))
            }
            _ => false,
        };
        (!explained).then_some("was changed")
    }

    /// Whether two dictionaries differ in these entries only.
    fn only(&self, before: &Dictionary, after: &Dictionary, keys: &[&[u8]]) -> bool {
        let rest = |dictionary: &Dictionary| {
            let mut dictionary = dictionary.clone();
            for key in keys {
                dictionary.remove(key);
            }
            dictionary
        };
        let (before, after) = (rest(before), rest(after));
        before.len() == after.len() && before.iter().all(|(key, value)| after.get(key).ok() == Some(value))
    }

    /// Whether two forms (AcroForm) differ by fields for signatures only.
    fn same_form(&self, before: Option<&Object>, after: Option<&Object>) -> bool {
        let empty = Dictionary::new();
        let dictionary = |document: &'_ Document, form: Option<&Object>| match form {
            None => Some(empty.clone()),
            Some(form) => document.dereference(form).ok()?.1.as_dict().ok().cloned(),
        };
        let (Some(before), Some(after)) = (dictionary(self.signed, before), dictionary(self.newest, after))
        else {
            return false;
        };
        self.only(&before, &after, &[b"Fields", b"SigFlags", b"DR", b"DA"])
            && self.only_signatures_added(before.get(b"Fields").ok(), after.get(b"Fields").ok())
    }

    /// Whether a list of fields or annotations has all that it had, and more signatures at most.
    fn only_signatures_added(&self, before: Option<&Object>, after: Option<&Object>) -> bool {
        let list = |document: &Document, list: Option<&Object>| match list {
            None => Some(Vec::new()),
            Some(list) => document.dereference(list).ok()?.1.as_array().ok().cloned(),
        };
        let (Some(before), Some(after)) = (list(self.signed, before), list(self.newest, after)) else {
            return false;
        };
        before.iter().all(|item| after.contains(item))
            && after.iter().filter(|item| !before.contains(item)).all(|item| self.is_signature(item))
    }

    /// A field or annotation of a signature: its widget, or a further picture of its seal.
    fn is_signature(&self, item: &Object) -> bool {
        let dictionary = |item: &Object| self.newest.dereference(item).ok()?.1.as_dict().ok().cloned();
        let Some(item) = dictionary(item) else { return false };
        let name = |dictionary: &Dictionary, key: &[u8]| {
            dictionary.get(key).and_then(Object::as_name).map(<[u8]>::to_vec).unwrap_or_default()
        };
        let parent = item.get(b"Parent").ok().and_then(dictionary);
        let field = if item.has(b"FT") { Some(&item) } else { parent.as_ref() };
        field.is_some_and(|field| name(field, b"FT") == b"Sig")
            || name(&item, b"Subtype") == b"Stamp" && !item.has(b"A") && !item.has(b"AA")
    }

    /// Whether an array is the list of annotations of some page, or of the fields of the form.
    fn is_list_of_annotations_or_fields(&self, id: ObjectId) -> bool {
        let names_it = |dictionary: &Dictionary, key: &[u8]| {
            dictionary.get(key).and_then(Object::as_reference).is_ok_and(|named| named == id)
        };
        let form = self.signed.catalog().and_then(|catalog| catalog.get_deref(b"AcroForm", self.signed));
        form.and_then(Object::as_dict).is_ok_and(|form| names_it(form, b"Fields"))
            || self
                .signed
                .page_iter()
                .filter_map(|page| self.signed.get_dictionary(page).ok())
                .any(|page| names_it(page, b"Annots"))
    }
}

/// A field for a signature that was there without one.
fn is_open_signature_field(field: &Dictionary) -> bool {
    !field.has(b"V") && field.get(b"FT").and_then(Object::as_name).is_ok_and(|kind| kind == b"Sig")
}
