//! Letters from data to files, looked at from outside: the package's XML, its fonts and its text.

mod ofd_reader;
mod pdf;
#[cfg(feature = "printpdf")]
mod pdf_writers;
mod poppler;

use std::sync::OnceLock;

use super::*;
use ofd_reader::OfdReader;

fn press() -> &'static Press {
    static PRESS: OnceLock<Press> = OnceLock::new();
    PRESS.get_or_init(|| Press::open(&DocumentOptions::default()).unwrap())
}

fn metadata() -> Metadata {
    Metadata {
        document_id: "00112233445566778899aabbccddeeff".to_owned(),
        title: "投标保函 <1>".to_owned(),
        author: "海峡示例财产保险股份有限公司".to_owned(),
        created_on: jiff::civil::date(2024, 6, 3),
        custom: vec![("保函编号".to_owned(), "DEMO & 1".to_owned())],
        attachments: Vec::new(),
        sealed: true,
    }
}

fn plaintext() -> Letter {
    Letter::sample(LetterKind::Plaintext)
}

fn ciphertext() -> Letter {
    Letter::sample(LetterKind::Ciphertext)
}

fn open_with(template: &str, text: &str) -> Result<Press, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(template), text).unwrap();
    Press::open(&DocumentOptions {
        templates_folder: Some(folder.path().to_owned()),
        ..DocumentOptions::default()
    })
    .map_err(|error| format!("{error:#}"))
}

const BUILT_IN: &str = include_str!("../../templates/bid-bond.typ");

#[test]
fn the_same_letter_gives_the_same_bytes_again() {
    let render = || {
        let document = press().bid_bond(&[&plaintext(), &ciphertext()], &metadata()).unwrap();
        document.package.to_zip().unwrap()
    };
    let first = render();
    press().letter(&ciphertext()).unwrap();
    assert!(first == render());
}

#[test]
fn every_field_of_the_data_stands_in_the_text_and_in_the_attachment() {
    for letter in [plaintext(), ciphertext()] {
        let reader = OfdReader::of(&press().bid_bond(&[&letter], &metadata()).unwrap());
        let text = reader.text();
        let name = format!(
            "Doc_0/Attachs/{}_letter.xml",
            if letter.kind == LetterKind::Plaintext { "plaintext" } else { "ciphertext" }
        );
        let xml = reader.string(&name);
        let strings = strings_of(&serde_json::to_value(&letter).unwrap());
        assert!(strings.len() >= 20, "{strings:?}");
        for value in strings {
            let printed = match value.as_str() {
                "2024-11-30" => "2024年11月30日".to_owned(),
                "2024-06-03" => "2024年6月3日".to_owned(),
                other => other.replace(' ', ""),
            };
            assert!(text.contains(&printed), "{printed}\n{text}");
            assert!(xml.contains(&value.replace("800,000", "800000")), "{value}\n{xml}");
        }
        for printed in [
            "届满之日后第30日",
            "之日起5日内",
            "示例省示例市西湖区人民法院管辖",
            "人民币捌拾万元整（¥800,000.00）",
        ] {
            assert!(text.contains(printed), "{printed}\n{text}");
        }
    }
}

/// All strings in a JSON value, but for the kind.
fn strings_of(value: &serde_json::Value) -> Vec<String> {
    match value {
        serde_json::Value::String(text) => vec![text.clone()],
        serde_json::Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| *name != "kind")
            .flat_map(|(_, value)| strings_of(value))
            .collect(),
        _ => Vec::new(),
    }
}

#[test]
fn data_that_look_like_markup_are_printed_as_they_are() {
    let mut letter = plaintext();
    letter.applicant.name = "#read(\"/etc/passwd\") $x$ *粗* _斜_ <seal> @ref \\ `code` // 注".to_owned();
    letter.section.name = "</ofd:TextCode>&amp; = 标题 [x] {y}".to_owned();
    let document = press().letter(&letter).unwrap().to_ofd(&metadata()).unwrap();
    let text = OfdReader::of(&document).text();
    assert!(text.contains(&letter.applicant.name.replace(' ', "")), "{text}");
    assert!(text.contains(&letter.section.name.replace(' ', "")), "{text}");
    assert_eq!(document.seal_places.len(), 1);
}

#[test]
fn rare_characters_of_the_national_table_are_drawn_from_the_embedded_fonts() {
    let mut letter = plaintext();
    letter.applicant.name = "㛃䶮堃骉𬭎𠅤𫖯建设有限公司".to_owned();
    letter.beneficiary.name = "𬭎㛃招标代理".to_owned();
    let reader = OfdReader::of(&press().letter(&letter).unwrap().to_ofd(&metadata()).unwrap());
    let text = reader.text();
    assert!(text.contains(&letter.applicant.name) && text.contains(&letter.beneficiary.name), "{text}");
    reader.check_glyphs();
}

#[test]
fn every_character_has_an_outline_in_the_embedded_fonts() {
    let document = press().merged(&plaintext(), &ciphertext()).unwrap().to_ofd(&metadata()).unwrap();
    OfdReader::of(&document).check_glyphs();
}

#[test]
fn a_character_that_no_font_draws_is_refused_by_its_name() {
    let mut letter = plaintext();
    letter.applicant.name = "𠮷田\u{1f600}建设".to_owned();
    let error = press().letter(&letter).map(|_| ()).unwrap_err();
    assert!(matches!(&error, DocumentError::MissingGlyph { characters } if characters == &['😀', '𠮷']));
    assert!(error.to_string().starts_with("no font draws `😀` (U+1F600), `𠮷` (U+20BB7)"), "{error}");
    let error = demonstration_seal(press(), "𠮷田保险").unwrap_err();
    assert!(error.to_string().contains("U+20BB7"), "{error}");
}

#[test]
fn invisible_characters_in_the_data_leave_no_mark_and_no_refusal() {
    let mut letter = plaintext();
    letter.applicant.name = "海峡\u{200b}示例\u{feff}建设\u{fe0f}".to_owned();
    let reader = OfdReader::of(&press().letter(&letter).unwrap().to_ofd(&metadata()).unwrap());
    assert!(reader.text().contains("海峡示例建设"));
    reader.check_glyphs();
}

#[test]
fn a_long_ciphertext_stays_within_its_cell() {
    let mut letter = ciphertext();
    letter.section.name = "qW9+/Zk1".repeat(125);
    letter.beneficiary.name = "Ab0=".repeat(125);
    let document = press().letter(&letter).unwrap().to_ofd(&metadata()).unwrap();
    let reader = OfdReader::of(&document);
    let text = reader.text();
    assert!(text.contains(&letter.section.name) && text.contains(&letter.beneficiary.name));
    for object in reader.objects() {
        let [x, y, width, height] = object.boundary;
        assert!(x >= 22.0 && x + width <= 210.0 - 22.0, "{x} {width} {}", object.text);
        assert!(y >= 5.0 && y + height <= 292.0, "{y} {height} {}", object.text);
    }
}

#[test]
fn an_enormous_field_is_refused_before_it_is_laid_out() {
    let mut letter = ciphertext();
    letter.section.name = "a".repeat(200_000);
    let error = press().letter(&letter).map(|_| ()).unwrap_err();
    assert!(matches!(error, DocumentError::TooLarge { .. }), "{error}");
}

#[test]
fn a_merged_letter_is_one_document_with_both_texts_numbered_through() {
    let (plaintext, ciphertext) = (plaintext(), ciphertext());
    let alone = press().letter(&plaintext).unwrap().pages() + press().letter(&ciphertext).unwrap().pages();
    let laid = press().merged(&plaintext, &ciphertext).unwrap();
    assert_eq!(laid.pages(), alone);
    let document = laid.to_ofd(&metadata()).unwrap();
    let reader = OfdReader::of(&document);
    let text = reader.text();
    assert!(text.contains(&plaintext.section.name) && text.contains(&ciphertext.section.name));
    assert!(text.find(&plaintext.section.name) < text.find(&ciphertext.section.name));
    for page in 1..=alone {
        assert!(text.contains(&format!("第{page}页共{alone}页")), "{text}");
    }
    assert_eq!(document.seal_places.len(), 2);
    assert_eq!(document.page_ids.len(), alone);
}

#[test]
fn the_seal_has_room_on_the_last_page_of_its_letter() {
    for letter in [plaintext(), ciphertext()] {
        let document = press().letter(&letter).unwrap().to_ofd(&metadata()).unwrap();
        let [place] = document.seal_places[..] else { panic!("{:?}", document.seal_places) };
        let (width, height) = document.page_size_mm;
        assert_eq!(place.page_index + 1, document.page_ids.len());
        assert!(place.x_mm > 21.0 && place.x_mm < width - 21.0, "{place:?}");
        assert!(place.y_mm > 21.0 && place.y_mm < height - 21.0, "{place:?}");
    }
}

#[test]
fn the_package_is_well_formed_and_its_numbers_are_unique() {
    let document = press().bid_bond(&[&plaintext(), &ciphertext()], &metadata()).unwrap();
    let reader = OfdReader::of(&document);
    reader.check_structure();
    assert_eq!(reader.page_ids(), document.page_ids);
    let entry = reader.string("OFD.xml");
    assert!(entry.contains("<ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures>"), "{entry}");
    assert!(entry.contains("<ofd:Title>投标保函 &lt;1&gt;</ofd:Title>"), "{entry}");
    assert!(entry.contains("<ofd:CustomData Name=\"保函编号\">DEMO &amp; 1</ofd:CustomData>"), "{entry}");

    let unsealed = Metadata { sealed: false, ..metadata() };
    let document = press().bid_bond(&[&plaintext()], &unsealed).unwrap();
    assert!(!OfdReader::of(&document).string("OFD.xml").contains("Signatures"));
}

#[test]
fn metadata_that_cannot_be_written_are_refused() {
    let laid = press().letter(&plaintext()).unwrap();
    let refusal = laid.to_ofd(&Metadata { document_id: "x".to_owned(), ..metadata() });
    assert!(refusal.map(|_| ()).unwrap_err().to_string().contains("32 hexadecimal digits"));
    let attachment =
        |name: &str| Attachment { name: name.to_owned(), format: "xml".to_owned(), bytes: vec![] };
    assert!(laid.to_ofd(&Metadata { attachments: vec![attachment("../a")], ..metadata() }).is_err());
    let twice = laid.to_ofd(&Metadata { attachments: vec![attachment("a"), attachment("a")], ..metadata() });
    assert!(twice.map(|_| ()).unwrap_err().to_string().contains("occurs twice"));
}

#[test]
fn a_template_of_the_institution_replaces_the_built_in_one() {
    let press = open_with("bid-bond.typ", &BUILT_IN.replace("明文说明", "重要提示")).unwrap();
    let document = press.letter(&plaintext()).unwrap().to_ofd(&metadata()).unwrap();
    assert!(OfdReader::of(&document).text().contains("重要提示"));
}

#[test]
fn a_bad_template_stops_the_start_and_names_file_and_line() {
    let broken = BUILT_IN.replacen("letter.issuer.name", "letter.issuer.nmae", 1);
    let line = 1 + broken.lines().position(|line| line.contains("nmae")).unwrap();
    let refusal = open_with("bid-bond.typ", &broken).err().unwrap();
    assert!(refusal.contains("bid-bond.typ") && refusal.contains(&format!("line {line}:")), "{refusal}");
    assert!(refusal.contains("nmae"), "{refusal}");

    let refusal = open_with("seal.typ", "\n\n#unknown()").err().unwrap();
    assert!(refusal.contains("seal.typ") && refusal.contains("line 3: unknown variable"), "{refusal}");
}

#[test]
fn a_template_is_refused_for_what_readers_do_not_draw_alike() {
    for (addition, reason) in [
        ("#box(clip: true, width: 1cm)[截]", "a clipped box"),
        ("#rect(fill: gradient.linear(red, blue))", "a gradient"),
        ("#text(fill: red.transparentize(50%))[淡]", "a translucent colour"),
        ("#text(font: \"FangSong\")[仿宋]", "unknown font family: fangsong"),
        ("#read(\"/etc/passwd\")", "access denied"),
        ("#import \"@preview/cetz:0.3.0\"", "access denied"),
    ] {
        let refusal = open_with("bid-bond.typ", &format!("{BUILT_IN}\n{addition}")).err();
        let refusal = refusal.unwrap_or_else(|| panic!("{addition} was accepted"));
        assert!(refusal.contains(reason), "{addition}: {refusal}");
    }
    let refusal = open_with("bid-bond.typ", &BUILT_IN.replace("<seal>", "")).err().unwrap();
    assert!(refusal.contains("<seal>"), "{refusal}");
}

#[test]
fn the_demonstration_seal_is_a_small_transparent_picture() {
    for name in ["示例银行", "新疆维吾尔自治区克孜勒苏柯尔克孜自治州示例融资担保集团有限责任公司"]
    {
        let png = demonstration_seal(press(), name).unwrap();
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
        assert_eq!(png[16..26], [0, 0, 1, 0xf4, 0, 0, 1, 0xf4, 8, 3], "500 by 500, palette");
        assert!(png.windows(4).any(|name| name == b"tRNS"));
        assert!(png.len() < 50_000, "{}", png.len());
    }
}

#[test]
fn pages_are_drawn_as_pictures() {
    let laid = press().letter(&plaintext()).unwrap();
    let png = laid.page_png(0, 72).unwrap();
    assert_eq!(png[16..24], [0, 0, 2, 0x53, 0, 0, 3, 0x4a], "595 by 842 pixels");
    assert!(laid.page_png(laid.pages(), 72).is_none());
}
