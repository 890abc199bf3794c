//! PDF 1.7 by printpdf, from the display list that OFD is written from: a second implementation beside typst-pdf.
//!
//! It is not PDF/A, because printpdf 0.12 names the colour profile of its output intent by a key that PDF does not
//! know. Its font subsetting needs its own text layout, so the fonts come in already subset. What it would write by
//! chance or by the clock (identifiers, dates, a claim of PDF/X) is replaced before the file is saved.

mod page;
mod picture;

use std::collections::BTreeMap;

use lopdf::{Dictionary, Object, StringFormat};
use printpdf::{
    FontId, ImageCompression, ImageOptimizationOptions, ParsedFont, PdfFont, PdfParseErrorSeverity,
    PdfSaveOptions, XObjectId,
};
use typst::text::Font;

use super::{creator, keywords};
use crate::document::DocumentError;
use crate::document::display_list::{DisplayList, Item};
use crate::document::font_file::{FontFile, Usage};
use crate::document::ofd::Metadata;

/// A font as pages use it.
struct Embedded {
    id: FontId,
    file: FontFile,
    /// What each glyph of the file means. A glyph that stands for something else in places says so there.
    meanings: BTreeMap<u16, String>,
}

pub(in crate::document) fn write(list: &DisplayList, metadata: &Metadata) -> Result<Vec<u8>, DocumentError> {
    let mut document = printpdf::PdfDocument::new(&metadata.title);
    let mut fonts = Vec::with_capacity(list.fonts.len());
    for (index, (font, usage)) in list.fonts.iter().zip(Usage::of(list)).enumerate() {
        let file = FontFile::new(font, &usage)?;
        let id = FontId(format!("Font{index}"));
        document.resources.fonts.map.insert(id.clone(), parsed(font, index, &file)?);
        fonts.push(Embedded { id, file, meanings: BTreeMap::new() });
    }
    let mut images = Vec::with_capacity(list.images.len());
    for (index, image) in list.images.iter().enumerate() {
        let id = XObjectId(format!("Image{index}"));
        document.resources.xobjects.map.insert(id.clone(), picture::object(image)?);
        images.push(id);
    }
    give_meanings(list, &mut fonts);
    for page in &list.pages {
        let page = page::content(page, &fonts, &images)
            .ok_or(DocumentError::Unsupported("a glyph that was not embedded"))?;
        document.pages.push(page);
    }

    let options = PdfSaveOptions { image_optimization: Some(lossless()), ..PdfSaveOptions::default() };
    let mut warnings = Vec::new();
    let file = printpdf::serialize::to_lopdf_doc(&document, &options, &mut warnings);
    match warnings.into_iter().find(|warning| warning.severity == PdfParseErrorSeverity::Error) {
        Some(fault) => Err(DocumentError::Pdf(fault.msg)),
        None => finish(file, metadata).map_err(|error| DocumentError::Pdf(error.to_string())),
    }
}

fn parsed(font: &Font, index: usize, file: &FontFile) -> Result<PdfFont, DocumentError> {
    let family = || font.info().family.clone();
    let mut parsed = ParsedFont::from_bytes(&file.bytes, 0, &mut Vec::new()).ok_or_else(|| {
        DocumentError::Font { family: family(), message: "printpdf can't read its subset".to_owned() }
    })?;
    // Six letters and a plus mark a subset (ISO 32000-1, 9.6.4); printpdf, which did not make it, leaves them out.
    let tag: String = (0..6_u32)
        .rev()
        .map(|place| char::from(b'A' + u8::try_from(index / 26_usize.pow(place) % 26).unwrap_or(0)))
        .collect();
    let name = font.post_script_name().unwrap_or_else(|| family().replace(' ', ""));
    parsed.font_name = Some(format!("{tag}+{name}"));
    Ok(PdfFont::new(parsed))
}

/// A reader has one table of meanings for each font: what a glyph stands for first is what the table says.
fn give_meanings(list: &DisplayList, fonts: &mut [Embedded]) {
    for item in list.pages.iter().flat_map(|page| &page.items) {
        let Item::Text(run) = item else { continue };
        let Some(font) = fonts.get_mut(run.font) else { continue };
        for (glyphs, text) in page::clusters(run) {
            for glyph in glyphs {
                font.meanings.entry(glyph.id).or_insert_with(|| text.to_owned());
            }
        }
    }
}

fn lossless() -> ImageOptimizationOptions {
    ImageOptimizationOptions {
        quality: None,
        max_image_size: None,
        dither_greyscale: None,
        convert_to_greyscale: None,
        auto_optimize: None,
        format: Some(ImageCompression::Flate),
    }
}

fn finish(mut file: lopdf::Document, metadata: &Metadata) -> anyhow::Result<Vec<u8>> {
    let date = metadata.created_on;
    let midnight = format!("D:{:04}{:02}{:02}000000+08'00'", date.year(), date.month(), date.day());
    let info = Dictionary::from_iter([
        ("Title", lopdf::text_string(&metadata.title)),
        ("Author", lopdf::text_string(&metadata.author)),
        ("Keywords", lopdf::text_string(&keywords(metadata).collect::<Vec<_>>().join(", "))),
        ("Creator", lopdf::text_string(&creator())),
        ("CreationDate", Object::string_literal(midnight.as_str())),
        ("ModDate", Object::string_literal(midnight.as_str())),
    ]);
    let place = file.trailer.get(b"Info")?.as_reference()?;
    file.set_object(place, info);
    let id = Object::String(hex::decode(&metadata.document_id)?, StringFormat::Hexadecimal);
    file.trailer.set("ID", Object::Array(vec![id.clone(), id]));
    file.catalog_mut()?.set("Lang", Object::string_literal("zh-CN"));
    // Soft masks came with 1.4; printpdf says 1.3 of every file.
    file.version = "1.7".to_owned();
    file.compress();
    let mut bytes = Vec::new();
    file.save_to(&mut bytes)?;
    Ok(bytes)
}
