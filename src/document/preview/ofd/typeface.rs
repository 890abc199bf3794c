//! The fonts of a document: embedded ones, and the house's for what those lack.
#![expect(clippy::disallowed_types, reason = "positions on a page are measured")]

use std::collections::HashMap;
use std::rc::Rc;

use ttf_parser::{Face, GlyphId, OutlineBuilder};

use super::resources::{Resource, Resources};
use super::values::flag;
use crate::document::fonts;
use crate::document::ofd::element::Element;
use crate::document::ofd::package::Package;
use crate::document::preview::PreviewError;
use crate::document::preview::canvas::{Canvas, digits};

/// Outlines and positions are in thousandths of an em.
pub(super) const EM: f64 = 1000.0;

/// A font that can be drawn.
pub(super) struct Typeface<'a> {
    face: Face<'a>,
    /// What the canvas calls it.
    pub(super) number: u32,
}

/// What a font's number leads to.
pub(super) struct Family<'a> {
    pub(super) embedded: Option<Rc<Typeface<'a>>>,
    pub(super) house: Rc<Typeface<'a>>,
}

/// The fonts that a page has used so far.
#[derive(Default)]
pub(super) struct Typefaces<'a>(HashMap<String, Rc<Family<'a>>>);

impl<'a> Typefaces<'a> {
    /// `scope` tells fonts of this document from those of one inside a seal.
    pub(super) fn get(
        &mut self,
        id: &str,
        package: &'a Package,
        resources: &[&Resources],
        scope: u32,
        canvas: &mut Canvas,
    ) -> Result<Rc<Family<'a>>, PreviewError> {
        if let Some(family) = self.0.get(id) {
            return Ok(Rc::clone(family));
        }
        let found = resources.iter().find_map(|resources| resources.get("Font", id));
        let embedded = found.and_then(|found| found.file("FontFile")).and_then(|path| {
            let face = Face::parse(package.file(&path)?, 0).ok()?;
            Some(Rc::new(Typeface { face, number: canvas.font(format!("{scope}/{path}")) }))
        });
        let index = house_font(found);
        let font = fonts::built_in().map_err(PreviewError::Fonts)?.get(index);
        let face = font.and_then(|font| Face::parse(font.data(), font.index()).ok());
        let face = face.ok_or_else(|| PreviewError::Fonts(anyhow::anyhow!("font {index} cannot be read")))?;
        let house = Rc::new(Typeface { face, number: canvas.font(format!("house {index}")) });
        let family = Rc::new(Family { embedded, house });
        self.0.insert(id.to_owned(), Rc::clone(&family));
        Ok(family)
    }
}

/// Which of the built-in fonts stands in for a font.
fn house_font(font: Option<&Resource>) -> usize {
    let Some(font) = font.map(|font| &font.element) else { return 0 };
    let named = |element: &Element, word: &str| {
        ["FontName", "FamilyName"]
            .iter()
            .filter_map(|name| element.attribute(name))
            .any(|name| name.contains(word))
    };
    if flag(font, "FixedWidth", false) {
        2
    } else if flag(font, "Bold", false) || ["Bold", "黑", "SimHei"].iter().any(|word| named(font, word)) {
        1
    } else {
        0
    }
}

impl Typeface<'_> {
    /// The font's own glyph for a character.
    pub(super) fn glyph(&self, character: char) -> Option<u16> {
        self.face.glyph_index(character).map(|glyph| glyph.0).filter(|glyph| *glyph > 0)
    }

    pub(super) fn has(&self, glyph: u16) -> bool {
        glyph < self.face.number_of_glyphs()
    }

    pub(super) fn advance(&self, glyph: u16) -> f64 {
        let advance = self.face.glyph_hor_advance(GlyphId(glyph)).unwrap_or_default();
        f64::from(advance) * self.scale()
    }

    fn scale(&self) -> f64 {
        EM / f64::from(self.face.units_per_em().max(1))
    }

    /// SVG path commands, y downwards; `None` for a blank.
    pub(super) fn outline(&self, glyph: u16) -> Option<String> {
        let mut pen = Pen { commands: String::new(), scale: self.scale() };
        self.face.outline_glyph(GlyphId(glyph), &mut pen)?;
        (!pen.commands.is_empty()).then_some(pen.commands)
    }
}

struct Pen {
    commands: String,
    scale: f64,
}

impl Pen {
    fn draw(&mut self, command: char, points: &[(f32, f32)]) {
        self.commands.push(command);
        for (number, (x, y)) in points.iter().enumerate() {
            if number > 0 {
                self.commands.push(' ');
            }
            self.commands.push_str(&digits(f64::from(*x) * self.scale, 1));
            self.commands.push(' ');
            self.commands.push_str(&digits(-f64::from(*y) * self.scale, 1));
        }
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.draw('M', &[(x, y)]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.draw('L', &[(x, y)]);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.draw('Q', &[(x1, y1), (x, y)]);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.draw('C', &[(x1, y1), (x2, y2), (x, y)]);
    }

    fn close(&mut self) {
        self.draw('Z', &[]);
    }
}
