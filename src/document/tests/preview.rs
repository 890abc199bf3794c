//! Pages drawn from the bytes of letters: complete, and as Typst draws them from the data.
#![expect(clippy::disallowed_types, reason = "positions on a page are measured")]

mod foreign;
mod hostile;

use super::*;
use crate::document::preview::testing::{Painted, check_inert};
use crate::document::preview::{Limits, Pages, PreviewError, ReadSeal};

const NO_SEALS: ReadSeal = |_| None;
const WIDTH_MM: f64 = 210.0;

/// Two rasterisers shade the edges of letters differently, by less than this of a cell; a line of text makes three times
/// the difference.
const TOLERANCE: f64 = 0.035;

/// Thin lines of tables are drawn a whole pixel wide from PDF.
const PDF_TOLERANCE: f64 = 0.08;

/// Of every form, what is issued of it.
fn every_letter() -> Vec<(Form, Laid)> {
    let mut letters = Vec::new();
    for form in Form::ALL {
        let plaintext = Letter::sample(form, LetterKind::Plaintext);
        if form.has(LetterKind::Ciphertext) {
            let ciphertext = Letter::sample(form, LetterKind::Ciphertext);
            letters.push((form, press().merged(&plaintext, &ciphertext).unwrap()));
        } else {
            letters.push((form, press().letter(&plaintext).unwrap()));
        }
    }
    letters
}

fn open(laid: &Laid) -> (OfdReader, Pages) {
    let document = laid.to_ofd(&metadata()).unwrap();
    let pages = Pages::open(document.package.to_zip().unwrap(), NO_SEALS, &Limits::default()).unwrap();
    (OfdReader::of(&document), pages)
}

fn glyphs_in(svg: &[u8]) -> usize {
    std::str::from_utf8(svg).unwrap().matches("<use href=\"#g").count()
}

#[test]
fn every_form_has_a_picture_of_each_page_with_each_of_its_characters() {
    for (form, laid) in every_letter() {
        let (reader, pages) = open(&laid);
        assert_eq!(pages.count(), laid.pages(), "{}", form.name());
        for index in 0..pages.count() {
            let picture = pages.picture(index).unwrap();
            assert!(picture.left_out.is_empty(), "{}: {:?}", form.name(), picture.left_out);
            assert_eq!(
                glyphs_in(&picture.bytes),
                reader.text_of_page(index).chars().count(),
                "{}",
                form.name()
            );
            assert!(picture == pages.picture(index).unwrap(), "drawn again, a page has the same bytes");
            let size = pages.size(index).unwrap();
            assert_eq!((size.width, size.height), (2100, 2970));
            check_inert(&picture);
        }
        assert!(matches!(pages.picture(pages.count()), Err(PreviewError::NoSuchPage { .. })));
    }
}

#[test]
fn pages_of_ofd_look_as_typst_draws_them() {
    for (form, laid) in every_letter() {
        let (_, pages) = open(&laid);
        for index in 0..pages.count() {
            let expected = Painted::png(&laid.page_png(index, 72).unwrap(), WIDTH_MM);
            let found = Painted::of(&pages.picture(index).unwrap(), WIDTH_MM, expected.width());
            let differences = found.differences(&expected, TOLERANCE);
            assert!(differences.is_empty(), "{}, page {index}: {differences:?}", form.name());
        }
    }
}

#[test]
fn a_line_that_is_missing_or_out_of_place_would_be_seen() {
    let laid = press().letter(&plaintext()).unwrap();
    let document = laid.to_ofd(&metadata()).unwrap();
    let expected = Painted::png(&laid.page_png(0, 72).unwrap(), WIDTH_MM);
    let path = "Doc_0/Pages/Page_0/Content.xml";
    let content = String::from_utf8(document.package.file(path).unwrap().to_vec()).unwrap();
    let start = content.match_indices("<ofd:TextObject").nth(6).unwrap().0;
    let end = start + content[start..].find("</ofd:TextObject>").unwrap() + "</ofd:TextObject>".len();
    let line = &content[start..end];
    let lower = line.replacen("Y=\"", "Y=\"4", 1);
    for changed in ["", lower.as_str()] {
        let mut package = document.package.clone();
        package.put(path, content.replacen(line, changed, 1));
        let pages = Pages::open(package.to_zip().unwrap(), NO_SEALS, &Limits::default()).unwrap();
        let found = Painted::of(&pages.picture(0).unwrap(), WIDTH_MM, expected.width());
        assert!(!found.differences(&expected, TOLERANCE).is_empty(), "{changed}");
    }
}

#[test]
fn pages_of_pdf_look_as_typst_draws_them() {
    let laid = press().merged(&plaintext(), &ciphertext()).unwrap();
    let pdf = laid.to_pdf(&metadata()).unwrap();
    // The finer the picture, the less it matters that thin lines are a whole pixel wide.
    let limits = Limits { dpi: 144, ..Limits::default() };
    let pages = Pages::open(pdf.bytes, NO_SEALS, &limits).unwrap();
    assert_eq!(pages.count(), laid.pages());
    for index in 0..pages.count() {
        let picture = pages.picture(index).unwrap();
        assert!(picture.left_out.is_empty(), "{:?}", picture.left_out);
        let expected = Painted::png(&laid.page_png(index, 72).unwrap(), WIDTH_MM);
        let differences = Painted::of(&picture, WIDTH_MM, 0).differences(&expected, PDF_TOLERANCE);
        assert!(differences.is_empty(), "page {index}: {differences:?}");
        let size = pages.size(index).unwrap();
        assert!(size.width.abs_diff(2100) < 2 && size.height.abs_diff(2970) < 2, "{size:?}");
    }
}
