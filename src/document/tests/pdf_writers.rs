//! The two writers of PDF against each other, with poppler as the reader of both.
#![expect(clippy::disallowed_types, reason = "positions on a page are measured")]

use super::poppler::{Drawn, Poppler};
use super::*;

const TOLERANCE_MM: f64 = 0.01;
const MM_PER_POINT: f64 = 25.4 / 72.0;

/// What letters don't use, but an institution's template may: turned and scaled text, dashes, curves, both kinds of
/// pictures, and characters that share a glyph with others.
const ORNAMENTS: &str = r##"
#pagebreak()
#rotate(30deg, reflow: true)[斜体的文字 Turned] #scale(x: 150%, y: 80%, reflow: true)[缩放]
#line(length: 8cm, stroke: (paint: red, thickness: 1.3pt, dash: ("dot", 2pt, 6pt, 3pt), cap: "round"))
#curve(
  fill: rgb("#336699"), fill-rule: "even-odd", stroke: 2pt + green,
  curve.move((0cm, 0cm)), curve.cubic((1cm, 2cm), (3cm, -1cm), (4cm, 1cm)), curve.line((0cm, 2cm)), curve.close(),
  curve.move((1cm, 0.5cm)), curve.line((2cm, 0.5cm)), curve.line((2cm, 1.5cm)), curve.close(),
)
#polygon(stroke: (paint: blue, thickness: 3pt, join: "bevel"), (0cm, 0cm), (2cm, 1cm), (0cm, 1cm))
#box(fill: yellow, inset: 4mm, image("seal.png", width: 30mm)) #rotate(20deg, image("photo.jpg", width: 20mm, height: 25mm, fit: "stretch"))
凉\u{f979} 兀\u{fa0c} 〜～ a-\u{2011}b
"##;

fn both(laid: &Laid) -> [Poppler; 2] {
    let files = [laid.to_pdf(&metadata()), laid.to_pdf_by_printpdf(&metadata())];
    files.map(|file| Poppler::of(&file.unwrap().bytes))
}

/// A press whose letters end with a page of ornaments.
fn ornate_press(photo: &[u8]) -> Press {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    put("bid-bond.typ", format!("{BUILT_IN}\n{ORNAMENTS}").as_bytes());
    put("seal.png", &demonstration_seal(press(), "示例保险").unwrap());
    put("photo.jpg", photo);
    Press::open(&DocumentOptions {
        templates_folder: Some(folder.path().to_owned()),
        ..DocumentOptions::default()
    })
    .unwrap()
}

/// The greatest distance between two glyphs, or between two points of their outlines, in millimetres.
fn distance(first: &Drawn, second: &Drawn) -> f64 {
    let mut greatest = (first.x - second.x).abs().max((first.y - second.y).abs());
    let (left, right) = (first.outline.split_whitespace(), second.outline.split_whitespace());
    assert_eq!(left.clone().count(), right.clone().count(), "{} {}", first.outline, second.outline);
    for (left, right) in left.zip(right) {
        match (left.parse::<f64>(), right.parse::<f64>()) {
            (Ok(left), Ok(right)) => greatest = greatest.max((left - right).abs()),
            _ => assert_eq!(left, right, "{} {}", first.outline, second.outline),
        }
    }
    greatest * MM_PER_POINT
}

fn compare(laid: &Laid) {
    let [typst, printpdf] = both(laid);
    assert_eq!(typst.text(), printpdf.text());

    let glyphs = [typst.glyphs(laid.pages()), printpdf.glyphs(laid.pages())];
    let characters = typst.compact_text().chars().count();
    assert!(glyphs[0].len() >= characters * 9 / 10, "{} of {characters} are drawn", glyphs[0].len());
    assert_eq!(glyphs[0].len(), glyphs[1].len());
    for (first, second) in glyphs[0].iter().zip(&glyphs[1]) {
        assert_eq!(first.page, second.page);
        let distance = distance(first, second);
        assert!(distance < TOLERANCE_MM, "page {}, {} {}: {distance} mm", first.page, first.x, first.y);
    }

    for (page, (first, second)) in
        typst.shades(laid.pages()).iter().zip(&printpdf.shades(laid.pages())).enumerate()
    {
        assert_eq!((first.width, first.pixels.len()), (second.width, second.pixels.len()));
        let pairs = first.pixels.iter().zip(&second.pixels);
        let greatest = pairs.map(|(first, second)| first.abs_diff(*second)).max().unwrap();
        assert!(greatest <= 32, "page {}: a pixel differs by {greatest}", page + 1);
    }
}

#[test]
fn both_writers_put_every_character_in_the_same_place() {
    let mut rare = plaintext();
    rare.applicant.name = "㛃䶮堃骉𬭎𠅤𫖯建设有限公司".to_owned();
    compare(&press().letter(&rare).unwrap());
    compare(&press().letter(&ciphertext()).unwrap());
    compare(&press().merged(&plaintext(), &ciphertext()).unwrap());
}

#[test]
fn both_writers_draw_lines_curves_and_pictures_alike() {
    let photo = both(&press().letter(&plaintext()).unwrap())[0].jpeg();
    let laid = ornate_press(&photo).letter(&plaintext()).unwrap();
    compare(&laid);
    let [typst, printpdf] = both(&laid);
    let text = printpdf.text();
    assert!(text.contains("凉\u{f979} 兀\u{fa0c} 〜～ a-\u{2011}b"), "{text}");
    for pictures in [typst.pictures(), printpdf.pictures()] {
        let with = |part: &str| pictures.iter().filter(|row| row.contains(part)).count();
        assert_eq!((with(" smask "), with(" jpeg ")), (1, 1), "{pictures:#?}");
    }
}

#[test]
fn printpdf_embeds_its_fonts_and_gives_the_same_bytes_again() {
    let render = || {
        let laid = press().merged(&plaintext(), &ciphertext()).unwrap();
        laid.to_pdf_by_printpdf(&metadata()).unwrap()
    };
    let document = render();
    assert!(document.bytes == render().bytes);
    assert_eq!(document.seal_places.len(), 2);
    let poppler = Poppler::of(&document.bytes);
    let fonts = poppler.fonts();
    assert_eq!(fonts.len(), 3, "{fonts:#?}");
    for font in fonts {
        assert!(font.contains(" CID TrueType Identity-H yes yes yes "), "{font}");
    }
    let properties = poppler.properties();
    assert_eq!(properties["Title"], "投标保函 <1>");
    assert_eq!(properties["CreationDate"], "D:20240603000000+08'00'");
    assert_eq!(properties["PDF version"], "1.7");
}

#[test]
fn the_settings_choose_the_writer() {
    let options = DocumentOptions { pdf_writer: PdfWriter::Printpdf, ..DocumentOptions::default() };
    let laid = Press::open(&options).unwrap().letter(&plaintext()).unwrap();
    let chosen = laid.to_pdf(&metadata()).unwrap().bytes;
    assert!(chosen == laid.to_pdf_by_printpdf(&metadata()).unwrap().bytes);
    assert!(chosen != press().letter(&plaintext()).unwrap().to_pdf(&metadata()).unwrap().bytes);
}
