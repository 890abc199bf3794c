//! Letters from data to files, looked at from outside: the package's XML, its fonts and its text.

#[cfg(feature = "printpdf")]
mod drawn;
mod forms;
mod ofd_reader;
mod pdf;
#[cfg(feature = "printpdf")]
mod pdf_writers;
mod poppler;
mod preview;

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
    Letter::sample(Form::BidBond, LetterKind::Plaintext)
}

fn ciphertext() -> Letter {
    Letter::sample(Form::BidBond, LetterKind::Ciphertext)
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
const SHARED: &str = include_str!("../../templates/letter.typ");

#[test]
fn the_same_letter_gives_the_same_bytes_again() {
    let render = || {
        let document = press().document(&[&plaintext(), &ciphertext()], &metadata()).unwrap();
        document.package.to_zip().unwrap()
    };
    let first = render();
    press().letter(&ciphertext()).unwrap();
    assert!(first == render());
}

#[test]
fn data_that_look_like_markup_are_printed_as_they_are() {
    let mut letter = plaintext();
    letter.applicant.name = "#read(\"/etc/passwd\") $x$ *粗* _斜_ <seal> @ref \\ `code` // 注".to_owned();
    let section = "</ofd:TextCode>&amp; = 标题 [x] {y}";
    letter.section.as_mut().unwrap().name = section.to_owned();
    let document = press().letter(&letter).unwrap().to_ofd(&metadata()).unwrap();
    let text = OfdReader::of(&document).text();
    assert!(text.contains(&letter.applicant.name.replace(' ', "")), "{text}");
    assert!(text.contains(&section.replace(' ', "")), "{text}");
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
fn an_enormous_field_is_refused_before_it_is_laid_out() {
    let mut letter = ciphertext();
    letter.section.as_mut().unwrap().name = "a".repeat(200_000);
    let error = press().letter(&letter).map(|_| ()).unwrap_err();
    assert!(matches!(error, DocumentError::TooLarge { .. }), "{error}");
}

#[test]
fn the_package_is_well_formed_and_its_numbers_are_unique() {
    let document = press().document(&[&plaintext(), &ciphertext()], &metadata()).unwrap();
    let reader = OfdReader::of(&document);
    reader.check_structure();
    assert_eq!(reader.page_ids(), document.page_ids);
    let entry = reader.string("OFD.xml");
    assert!(entry.contains("<ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures>"), "{entry}");
    assert!(entry.contains("<ofd:Title>投标保函 &lt;1&gt;</ofd:Title>"), "{entry}");
    assert!(entry.contains("<ofd:CustomData Name=\"保函编号\">DEMO &amp; 1</ofd:CustomData>"), "{entry}");

    let unsealed = Metadata { sealed: false, ..metadata() };
    let document = press().document(&[&plaintext()], &unsealed).unwrap();
    assert!(!OfdReader::of(&document).string("OFD.xml").contains("Signatures"));
}

#[test]
fn letters_that_make_no_document_together_are_refused() {
    let other = Letter::sample(Form::ConditionalBidBond, LetterKind::Ciphertext);
    let advance = Letter::sample(Form::AdvancePayment, LetterKind::Plaintext);
    let refused = |letters: &[&Letter], reason: &str| {
        let refusal = press().document(letters, &metadata()).map(|_| ()).unwrap_err().to_string();
        assert!(refusal.contains(reason), "{refusal}");
    };
    refused(&[], "one letter, or two");
    refused(&[&plaintext(), &ciphertext(), &ciphertext()], "one letter, or two");
    refused(&[&plaintext(), &other], "of the same form");
    refused(&[&ciphertext(), &plaintext()], "the plaintext letter before");
    refused(&[&Letter { kind: LetterKind::Ciphertext, ..advance.clone() }], "no ciphertext letter");
    refused(&[&Letter { project: None, section: None, ..advance }], "a project or a section");
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
    let reworded = |template, text: &str| {
        let press = open_with(template, &text.replace("转让", "流转")).unwrap();
        OfdReader::of(&press.letter(&plaintext()).unwrap().to_ofd(&metadata()).unwrap()).text()
    };
    let text = reworded("bid-bond.typ", BUILT_IN);
    assert!(text.contains("亦不得设定质押") && text.contains("任何流转") && !text.contains("转让"), "{text}");
    // The other templates go on using the shared one, so that a house style is changed in one place.
    let restyled = open_with("letter.typ", &SHARED.replace("验真网址：", "查验网址：")).unwrap();
    let advance = Letter::sample(Form::AdvancePayment, LetterKind::Plaintext);
    for letter in [plaintext(), advance] {
        let document = restyled.letter(&letter).unwrap().to_ofd(&metadata()).unwrap();
        assert!(OfdReader::of(&document).text().contains("查验网址："));
    }
}

#[test]
fn a_bad_template_stops_the_start_and_names_file_and_line() {
    for (template, text, field) in
        [("bid-bond.typ", BUILT_IN, "letter.applicant.name"), ("letter.typ", SHARED, "letter.issuer.name")]
    {
        let broken = text.replacen(field, &field.replace("name", "nmae"), 1);
        let line = 1 + broken.lines().position(|line| line.contains("nmae")).unwrap();
        let refusal = open_with(template, &broken).err().unwrap();
        assert!(refusal.contains(template) && refusal.contains(&format!("line {line}:")), "{refusal}");
        assert!(refusal.contains("nmae"), "{refusal}");
    }

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
    let refusal = open_with("letter.typ", &SHARED.replace("<seal>", "")).err().unwrap();
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
