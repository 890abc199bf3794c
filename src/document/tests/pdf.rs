//! PDF letters, as poppler reads them.

use super::poppler::Poppler;
use super::*;

fn read(laid: &Laid) -> Poppler {
    Poppler::of(&laid.to_pdf(&metadata()).unwrap().bytes)
}

#[test]
fn the_same_letter_gives_the_same_pdf_again() {
    let render = || press().merged(&plaintext(), &ciphertext()).unwrap().to_pdf(&metadata()).unwrap().bytes;
    let first = render();
    press().letter(&ciphertext()).unwrap().to_pdf(&Metadata::default()).unwrap();
    assert!(first == render());
}

#[test]
fn every_value_of_the_structured_data_stands_in_the_text_of_the_pdf() {
    for letter in forms::samples() {
        let text = read(&press().letter(&letter).unwrap()).compact_text();
        for (path, value) in forms::leaves(&data_xml::letter_xml(&letter)) {
            let printed = forms::printed(&path, &value);
            assert!(text.contains(&printed), "{:?} {path}: {printed}\n{text}", letter.form);
        }
    }
}

#[test]
fn a_pdf_says_that_it_is_pdf_a_2b_and_who_made_it_when() {
    let poppler = read(&press().letter(&plaintext()).unwrap());
    let xmp = poppler.xmp();
    assert!(xmp.contains("<pdfaid:part>2</pdfaid:part>"), "{xmp}");
    assert!(xmp.contains("<pdfaid:conformance>B</pdfaid:conformance>"), "{xmp}");
    let properties = poppler.properties();
    for (name, value) in [
        ("Title", "投标保函 <1>"),
        ("Author", "海峡示例财产保险股份有限公司"),
        ("Keywords", "保函编号：DEMO & 1"),
        ("CreationDate", "D:20240603000000+08'00"),
        ("ModDate", "D:20240603000000+08'00"),
        ("Tagged", "no"),
        ("Pages", "2"),
        ("Encrypted", "no"),
        ("PDF version", "1.7"),
    ] {
        assert_eq!(properties.get(name).map(String::as_str), Some(value), "{name}: {properties:#?}");
    }
    assert!(properties["Creator"].starts_with("baohan-gateway "), "{properties:#?}");
    assert!(properties["Page size"].ends_with("(A4)"), "{properties:#?}");
}

#[test]
fn pdf_a_has_the_colour_profile_that_it_demands_and_no_attachment() {
    let metadata = Metadata { attachments: vec![data_xml::attachment(&plaintext())], ..metadata() };
    let bytes = press().letter(&plaintext()).unwrap().to_pdf(&metadata).unwrap().bytes;
    let file = lopdf::Document::load_mem(&bytes).unwrap();
    let catalog = file.catalog().unwrap();
    let resolve = |object| file.dereference(object).unwrap().1;
    let intents = resolve(catalog.get(b"OutputIntents").unwrap()).as_array().unwrap();
    let [intent] = intents.as_slice() else { panic!("{intents:?}") };
    let intent = resolve(intent).as_dict().unwrap();
    assert_eq!(intent.get(b"S").unwrap().as_name().unwrap(), b"GTS_PDFA1");
    let profile = resolve(intent.get(b"DestOutputProfile").unwrap()).as_stream().unwrap();
    assert_eq!(&profile.decompressed_content().unwrap()[36..40], b"acsp", "an ICC profile");
    assert!(!catalog.has(b"AF"));
    for object in file.objects.values() {
        let kind = object.as_dict().ok().and_then(|dict| dict.get(b"Type").ok()?.as_name().ok());
        assert!(!matches!(kind, Some(b"Filespec" | b"EmbeddedFile")), "{object:?}");
    }
}

#[test]
fn the_fonts_of_a_pdf_are_embedded_with_a_table_of_what_their_glyphs_mean() {
    let fonts = read(&press().merged(&plaintext(), &ciphertext()).unwrap()).fonts();
    assert_eq!(fonts.len(), 3, "{fonts:#?}");
    for font in fonts {
        assert!(font.contains(" CID TrueType Identity-H yes yes yes "), "{font}");
    }
}

#[test]
fn rare_characters_can_be_copied_from_a_pdf() {
    let mut letter = plaintext();
    letter.applicant.name = "㛃䶮堃骉𬭎𠅤𫖯建设有限公司".to_owned();
    let text = read(&press().letter(&letter).unwrap()).compact_text();
    assert!(text.contains(&letter.applicant.name), "{text}");
}

#[test]
fn a_ciphertext_is_copied_from_a_pdf_without_marks_of_where_lines_may_break() {
    let mut letter = ciphertext();
    letter.applicant.name = "海峡\u{200b}示例\u{feff}建设".to_owned();
    let poppler = read(&press().letter(&letter).unwrap());
    let text = poppler.text();
    assert!(!text.contains(['\u{200b}', '\u{feff}', '\u{ad}']), "{text:?}");
    let text = poppler.compact_text();
    assert!(text.contains("海峡示例建设") && text.contains(&letter.section.unwrap().name), "{text}");
}

#[test]
fn a_character_that_no_font_draws_is_refused_before_there_is_a_pdf() {
    let mut letter = plaintext();
    letter.applicant.name = "𠮷田建设".to_owned();
    let outcome = press().letter(&letter).and_then(|laid| laid.to_pdf(&metadata())).map(|_| ());
    assert!(matches!(outcome, Err(DocumentError::MissingGlyph { characters }) if characters == ['𠮷']));
}

#[test]
fn the_seal_has_its_place_in_a_pdf_where_it_has_it_in_ofd() {
    let laid = press().merged(&plaintext(), &ciphertext()).unwrap();
    let (pdf, ofd) = (laid.to_pdf(&metadata()).unwrap(), laid.to_ofd(&metadata()).unwrap());
    assert_eq!(pdf.seal_places, ofd.seal_places);
    assert_eq!(pdf.page_size_mm, ofd.page_size_mm);
    assert_eq!(pdf.seal_places.len(), 2);
}
