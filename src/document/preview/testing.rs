//! Pictures as a browser would paint them, and how much ink is where.
#![expect(clippy::disallowed_types, clippy::as_conversions, reason = "positions on a page are measured")]

use quick_xml::Reader;
use quick_xml::events::Event;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg;

use super::PagePicture;

/// Side of the squares that are compared.
const CELL_MM: f64 = 6.0;

/// A page in red, green and blue.
pub struct Painted {
    pixels: Pixmap,
    per_mm: f64,
}

impl Painted {
    /// A page of that width in millimetres.
    pub fn of(picture: &PagePicture, width_mm: f64, width: u32) -> Self {
        let pixels = match picture.content_type {
            "image/svg+xml" => {
                let options = usvg::Options::default();
                let tree = usvg::Tree::from_data(&picture.bytes, &options).unwrap();
                let scale = width as f32 / tree.size().width();
                let height = (tree.size().height() * scale).round() as u32;
                let mut pixels = Pixmap::new(width, height).unwrap();
                resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
                pixels
            }
            "image/png" => Pixmap::decode_png(&picture.bytes).unwrap(),
            other => panic!("{other}"),
        };
        Self::from_pixels(pixels, width_mm)
    }

    pub fn png(bytes: &[u8], width_mm: f64) -> Self {
        Self::from_pixels(Pixmap::decode_png(bytes).unwrap(), width_mm)
    }

    fn from_pixels(pixels: Pixmap, width_mm: f64) -> Self {
        let per_mm = f64::from(pixels.width()) / width_mm;
        Self { pixels, per_mm }
    }

    pub fn width(&self) -> u32 {
        self.pixels.width()
    }

    fn mean(&self, (x, y): (f64, f64), (width, height): (f64, f64), of: impl Fn([u8; 3]) -> f64) -> f64 {
        let (mut sum, mut count) = (0.0, 0.0);
        let range = |from: f64, length: f64, most: u32| {
            let from = (from * self.per_mm).round().max(0.0) as u32;
            from..((length * self.per_mm).round() as u32 + from).min(most)
        };
        for row in range(y, height, self.pixels.height()) {
            for column in range(x, width, self.pixels.width()) {
                let pixel = self.pixels.pixel(column, row).unwrap();
                sum += of([pixel.red(), pixel.green(), pixel.blue()]);
                count += 1.0;
            }
        }
        if count > 0.0 { sum / count } else { 0.0 }
    }

    /// From 0 for white to 1 for black, of a box in millimetres.
    pub fn ink(&self, corner: (f64, f64), size: (f64, f64)) -> f64 {
        let dark = |rgb: [u8; 3]| rgb.iter().map(|light| f64::from(255 - light)).sum::<f64>() / 765.0;
        self.mean(corner, size, dark)
    }

    /// The share of pixels that are clearly red.
    pub fn red(&self, corner: (f64, f64), size: (f64, f64)) -> f64 {
        self.mean(corner, size, |[red, green, blue]| {
            f64::from(u8::from(
                red > 120 && green < red / 2 + 60 && blue < red / 2 + 60 && red > green.max(blue) + 40,
            ))
        })
    }

    /// Where the ink differs from another picture's: left and top in millimetres, and by how much.
    pub fn differences(&self, other: &Self, tolerance: f64) -> Vec<(f64, f64, f64)> {
        let cells = |pixels: u32| (f64::from(pixels) / self.per_mm / CELL_MM).ceil() as u32;
        let mut differences = Vec::new();
        for row in 0..cells(self.pixels.height()) {
            for column in 0..cells(self.pixels.width()) {
                let corner = (f64::from(column) * CELL_MM, f64::from(row) * CELL_MM);
                let size = (CELL_MM, CELL_MM);
                let difference = self.ink(corner, size) - other.ink(corner, size);
                if difference.abs() > tolerance {
                    differences.push((corner.0, corner.1, difference));
                }
            }
        }
        differences
    }
}

/// Fails unless the SVG holds only what draws, and names nothing but itself and pictures that it brings along.
pub fn check_inert(picture: &PagePicture) {
    const ELEMENTS: [&str; 9] = ["svg", "rect", "g", "path", "use", "defs", "image", "clipPath", "title"];
    assert_eq!(picture.content_type, "image/svg+xml");
    let text = std::str::from_utf8(&picture.bytes).unwrap();
    let mut reader = Reader::from_str(text);
    loop {
        let event = reader.read_event().unwrap();
        let tag = match &event {
            Event::Start(tag) | Event::Empty(tag) => tag,
            Event::Eof => return,
            Event::DocType(_) | Event::PI(_) | Event::CData(_) | Event::Comment(_) => panic!("{event:?}"),
            Event::Text(text) => panic!("{text:?}"),
            _ => continue,
        };
        assert!(ELEMENTS.contains(&tag.name().into_inner()), "{tag:?}");
        for attribute in tag.attributes() {
            let attribute = attribute.unwrap();
            let (name, value) = (attribute.key.into_inner(), attribute.value.as_ref());
            assert!(!name.starts_with("on") && name != "style", "{tag:?}");
            let external = value.contains("url(") && !value.starts_with("url(#c");
            assert!(!external && !value.contains("javascript"), "{tag:?}");
            if name == "href" {
                assert!(value.starts_with('#') || value.starts_with("data:image/"), "{tag:?}");
            } else {
                assert!(!value.contains(':') || name == "xmlns", "{tag:?}");
            }
        }
    }
}
