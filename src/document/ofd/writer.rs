//! The files of an OFD document, from a display list (GB/T 33190-2016 clauses 6 and 7).
//!
//! Nothing here depends on the clock, on chance or on an order that may vary: equal input gives equal bytes.

use std::fmt;

use jiff::civil::Date;
use typst::text::{FontFlags, FontWeight};

use super::package::Package;
use super::page::{self, Resources};
use super::xml::{Xml, push_length};
use crate::document::DocumentError;
use crate::document::display_list::DisplayList;
use crate::document::font_file::{FontFile, Usage};

pub(super) const NAMESPACE: &str = "http://www.ofdspec.org/2016";

/// What the package says about the document beside its pages.
#[derive(Clone, Default)]
pub struct Metadata {
    /// 32 hexadecimal digits. Take them from a digest of what identifies the letter, never from chance, so
    /// that a letter rendered again has the same bytes.
    pub document_id: String,
    pub title: String,
    pub author: String,
    pub created_on: Date,
    /// Names and values that every reader shows among the document's properties.
    pub custom: Vec<(String, String)>,
    pub attachments: Vec<Attachment>,
    /// Whether OFD.xml names `/Doc_0/Signs/Signatures.xml`. It must, before a signature covers OFD.xml; the
    /// sealing room adds the file.
    pub sealed: bool,
}

/// Machine data that ride along, not shown by readers (`Visible="false"`).
#[derive(Clone)]
pub struct Attachment {
    /// The file's name without its ending: ASCII letters, digits, `-` and `_`.
    pub name: String,
    /// The ending: `xml`, `ofd`.
    pub format: String,
    pub bytes: Vec<u8>,
}

/// Titles, values and attachments may hold what is secret elsewhere.
impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metadata").field("document_id", &self.document_id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment").field("name", &self.name).finish_non_exhaustive()
    }
}

pub(in crate::document) struct Written {
    pub(in crate::document) package: Package,
    pub(in crate::document) page_ids: Vec<u32>,
}

/// Object numbers, unique in the document and handed out in order.
pub(super) struct Ids(u32);

impl Ids {
    pub(super) fn next(&mut self) -> u32 {
        self.0 += 1;
        self.0
    }
}

pub(in crate::document) fn write(list: &DisplayList, metadata: &Metadata) -> Result<Written, DocumentError> {
    check(metadata)?;
    let mut ids = Ids(0);
    let colour_space = ids.next();

    let mut fonts = Vec::new();
    for (font, usage) in list.fonts.iter().zip(Usage::of(list)) {
        fonts.push((ids.next(), FontFile::new(font, &usage)?));
    }
    let images: Vec<u32> = list.images.iter().map(|_| ids.next()).collect();

    let resources = Resources { fonts: &fonts, images: &images };
    let mut page_ids = Vec::new();
    let mut contents = Vec::new();
    for page in &list.pages {
        page_ids.push(ids.next());
        contents.push(
            page::content(page, &resources, &mut ids)
                .ok_or(DocumentError::Unsupported("a glyph that was not embedded"))?,
        );
    }
    let mut package = Package::default();
    package.put("OFD.xml", entry(metadata));
    package.put("Doc_0/Document.xml", document(list, &page_ids, &ids, metadata));
    package.put("Doc_0/PublicRes.xml", public_resources(list, colour_space, &fonts));
    if !images.is_empty() {
        package.put("Doc_0/DocumentRes.xml", document_resources(list, &images));
    }
    for (index, content) in contents.into_iter().enumerate() {
        package.put(format!("Doc_0/Pages/Page_{index}/Content.xml"), content);
    }
    for (id, font) in fonts {
        package.put(format!("Doc_0/Res/font_{id}.ttf"), font.bytes);
    }
    for (image, id) in list.images.iter().zip(&images) {
        package.put(format!("Doc_0/Res/image_{id}.{}", image.extension), image.bytes.to_vec());
    }
    if !metadata.attachments.is_empty() {
        package.put("Doc_0/Attachs/Attachments.xml", attachments(metadata));
        for attachment in &metadata.attachments {
            package.put(format!("Doc_0/Attachs/{}", file_name(attachment)), attachment.bytes.clone());
        }
    }
    Ok(Written { package, page_ids })
}

fn check(metadata: &Metadata) -> Result<(), DocumentError> {
    let id = &metadata.document_id;
    if id.len() != 32 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(DocumentError::Metadata(format!(
            "document_id: expected 32 hexadecimal digits, found `{id}`"
        )));
    }
    let plain = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let mut names = std::collections::BTreeSet::new();
    for attachment in &metadata.attachments {
        let name = file_name(attachment);
        if !plain(&attachment.name) || !plain(&attachment.format) || name == "Attachments.xml" {
            return Err(DocumentError::Metadata(format!(
                "attachment: expected a name of ASCII letters, digits, `-` and `_`, found `{name}`"
            )));
        }
        if !names.insert(name.clone()) {
            return Err(DocumentError::Metadata(format!("attachment: `{name}` occurs twice")));
        }
    }
    Ok(())
}

fn file_name(attachment: &Attachment) -> String {
    format!("{}.{}", attachment.name, attachment.format)
}

fn entry(metadata: &Metadata) -> Vec<u8> {
    let mut xml = Xml::new();
    xml.start("ofd:OFD").attribute("xmlns:ofd", NAMESPACE);
    xml.attribute("Version", "1.0").attribute("DocType", "OFD");
    xml.start("ofd:DocBody").start("ofd:DocInfo");
    xml.element("ofd:DocID", &metadata.document_id.to_ascii_lowercase());
    xml.element("ofd:Title", &metadata.title).element("ofd:Author", &metadata.author);
    xml.element("ofd:CreationDate", &metadata.created_on.to_string());
    xml.element("ofd:Creator", "baohan-gateway").element("ofd:CreatorVersion", env!("CARGO_PKG_VERSION"));
    if !metadata.custom.is_empty() {
        xml.start("ofd:CustomDatas");
        for (name, value) in &metadata.custom {
            xml.start("ofd:CustomData").attribute("Name", name).content(value).end();
        }
        xml.end();
    }
    xml.end().element("ofd:DocRoot", "Doc_0/Document.xml");
    if metadata.sealed {
        xml.element("ofd:Signatures", "/Doc_0/Signs/Signatures.xml");
    }
    xml.finish()
}

fn document(list: &DisplayList, page_ids: &[u32], ids: &Ids, metadata: &Metadata) -> Vec<u8> {
    let mut xml = Xml::new();
    xml.start("ofd:Document").attribute("xmlns:ofd", NAMESPACE);
    xml.start("ofd:CommonData").element("ofd:MaxUnitID", &ids.0.to_string());
    let (width, height) = list.pages.first().map_or((210.0, 297.0), |page| (page.width, page.height));
    let mut area = String::new();
    for value in [0.0, 0.0, width, height] {
        push_length(&mut area, value);
    }
    xml.start("ofd:PageArea").element("ofd:PhysicalBox", &area).end();
    xml.element("ofd:PublicRes", "PublicRes.xml");
    if !list.images.is_empty() {
        xml.element("ofd:DocumentRes", "DocumentRes.xml");
    }
    xml.end().start("ofd:Pages");
    for (index, id) in page_ids.iter().enumerate() {
        xml.start("ofd:Page").number("ID", *id);
        xml.attribute("BaseLoc", &format!("Pages/Page_{index}/Content.xml")).end();
    }
    xml.end();
    if !metadata.attachments.is_empty() {
        xml.element("ofd:Attachments", "Attachs/Attachments.xml");
    }
    xml.finish()
}

fn public_resources(list: &DisplayList, colour_space: u32, fonts: &[(u32, FontFile)]) -> Vec<u8> {
    let mut xml = Xml::new();
    xml.start("ofd:Res").attribute("xmlns:ofd", NAMESPACE).attribute("BaseLoc", "Res");
    xml.start("ofd:ColorSpaces").start("ofd:ColorSpace").number("ID", colour_space);
    xml.attribute("Type", "RGB").attribute("BitsPerComponent", "8").end().end();
    if !fonts.is_empty() {
        xml.start("ofd:Fonts");
        for (font, (id, _)) in list.fonts.iter().zip(fonts) {
            let family = &font.info().family;
            xml.start("ofd:Font").number("ID", *id);
            // Readers that ignore the embedded file choose a substitute by these.
            xml.attribute("FontName", family).attribute("FamilyName", family);
            if font.info().variant.weight >= FontWeight::SEMIBOLD {
                xml.attribute("Bold", "true");
            }
            if font.info().flags.contains(FontFlags::MONOSPACE) {
                xml.attribute("FixedWidth", "true");
            }
            xml.element("ofd:FontFile", &format!("font_{id}.ttf")).end();
        }
    }
    xml.finish()
}

fn document_resources(list: &DisplayList, images: &[u32]) -> Vec<u8> {
    let mut xml = Xml::new();
    xml.start("ofd:Res").attribute("xmlns:ofd", NAMESPACE).attribute("BaseLoc", "Res");
    xml.start("ofd:MultiMedias");
    for (image, id) in list.images.iter().zip(images) {
        xml.start("ofd:MultiMedia").number("ID", *id).attribute("Type", "Image");
        xml.attribute("Format", &image.extension.to_ascii_uppercase());
        xml.element("ofd:MediaFile", &format!("image_{id}.{}", image.extension)).end();
    }
    xml.finish()
}

fn attachments(metadata: &Metadata) -> Vec<u8> {
    let mut xml = Xml::new();
    xml.start("ofd:Attachments").attribute("xmlns:ofd", NAMESPACE);
    for (index, attachment) in metadata.attachments.iter().enumerate() {
        // `ID` is an xs:ID: it starts with a letter. `Size` is in kilobytes.
        let bytes = attachment.bytes.len();
        xml.start("ofd:Attachment").attribute("ID", &format!("a{}", index + 1));
        xml.attribute("Name", &attachment.name).attribute("Format", &attachment.format);
        xml.attribute("CreationDate", &format!("{}T00:00:00", metadata.created_on));
        xml.attribute("Size", &format!("{}.{:03}", bytes / 1024, bytes % 1024 * 1000 / 1024));
        xml.attribute("Visible", "false");
        xml.element("ofd:FileLoc", &file_name(attachment)).end();
    }
    xml.finish()
}
