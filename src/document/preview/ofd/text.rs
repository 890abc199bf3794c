//! Text (GB/T 33190 11): which glyphs stand where.
#![expect(clippy::disallowed_types, reason = "positions on a page are measured")]

use std::rc::Rc;

use super::painter::Painter;
use super::style::Style;
use super::typeface::{EM, Family, Typeface};
use super::values::{attribute, flag, steps};
use crate::document::display_list::Matrix;
use crate::document::ofd::element::Element;
use crate::document::preview::canvas::{Colour, Ink, Line};
use crate::document::preview::{LeftOut, PreviewError};

/// A character or, by CGTransform, a glyph that is listed for one.
#[derive(Clone, Copy)]
struct Sign {
    character: Option<char>,
    listed: Option<u16>,
}

/// CGTransform: glyphs in place of some of the characters.
struct Listing {
    position: usize,
    codes: usize,
    glyphs: Vec<u16>,
}

/// Where the characters of a TextCode stand, in the object's units.
struct Layout {
    x: f64,
    y: f64,
    across: Option<Vec<f64>>,
    down: Option<Vec<f64>>,
}

impl Painter<'_, '_> {
    /// Draws a TextObject below the matrix of its boundary.
    pub(super) fn text(&mut self, object: &Element, style: &Style, ctm: Matrix) -> Result<(), PreviewError> {
        let size = attribute(object, "Size").filter(|size| *size > 0.0);
        let (Some(size), Some(font)) = (size, object.attribute("Font")) else {
            self.canvas.leave_out(LeftOut::Object);
            return Ok(());
        };
        let family = self.family(font)?;
        let wide = attribute(object, "HScale").unwrap_or(1.0);
        let scale = size / EM;
        if wide <= 0.0 {
            return Ok(());
        }
        self.canvas.characters(ctm.scaled(scale * wide, scale), &ink(object, style, scale));
        let quarters = |name: &str| match object.attribute(name).map(str::trim) {
            Some("90") => 1,
            Some("180") => 2,
            Some("270") => 3,
            _ => 0,
        };
        let (reading, turned) = (quarters("ReadDirection"), quarters("CharDirection"));
        let listings: Vec<_> = object.children("CGTransform").filter_map(listing).collect();
        let (mut x, mut y, mut codes) = (0.0, 0.0, 0);
        for code in object.children("TextCode") {
            x = attribute(code, "X").unwrap_or(x);
            y = attribute(code, "Y").unwrap_or(y);
            let text = text_of(code);
            let signs = signs(&text, codes, &listings, family.embedded.is_some());
            codes += text.encode_utf16().count();
            let list = |name: &str| code.attribute(name).and_then(|list| steps(list, signs.len()));
            let layout = Layout { x, y, across: list("DeltaX"), down: list("DeltaY") };
            self.signs(&signs, &family, &layout, (scale * wide, scale), (reading, turned))?;
        }
        self.canvas.end();
        Ok(())
    }

    fn signs(
        &mut self,
        signs: &[Sign],
        family: &Family<'_>,
        layout: &Layout,
        (scale_x, scale_y): (f64, f64),
        (reading, turned): (u8, u8),
    ) -> Result<(), PreviewError> {
        let (mut x, mut y) = (layout.x / scale_x, layout.y / scale_y);
        for (index, sign) in signs.iter().enumerate() {
            self.canvas.step()?;
            let drawn = self.glyph_of(*sign, family);
            if let Some((typeface, glyph)) = &drawn {
                let key = (typeface.number, *glyph);
                self.canvas.glyph(key, (x, y), turned, || typeface.outline(*glyph));
            }
            let natural = || drawn.as_ref().map_or(EM, |(typeface, glyph)| typeface.advance(*glyph));
            let step = |steps: &Option<Vec<f64>>, scale: f64| {
                steps.as_ref().map(|steps| steps.get(index).copied().unwrap_or_default() / scale)
            };
            let (across, down) = match (step(&layout.across, scale_x), step(&layout.down, scale_y)) {
                (None, None) => match reading {
                    0 => (natural(), 0.0),
                    1 => (0.0, natural()),
                    2 => (-natural(), 0.0),
                    _ => (0.0, -natural()),
                },
                (across, down) => (across.unwrap_or_default(), down.unwrap_or_default()),
            };
            x += across;
            y += down;
        }
        Ok(())
    }

    /// The glyph in the embedded font, else in the house's.
    fn glyph_of<'f>(&mut self, sign: Sign, family: &Family<'f>) -> Option<(Rc<Typeface<'f>>, u16)> {
        if let Some(embedded) = &family.embedded {
            let glyph = match (sign.listed, sign.character) {
                (Some(glyph), _) => Some(glyph).filter(|glyph| embedded.has(*glyph)),
                (None, Some(character)) => embedded.glyph(character),
                (None, None) => None,
            };
            if let Some(glyph) = glyph {
                return Some((Rc::clone(embedded), glyph));
            }
        }
        let Some(character) = sign.character else {
            self.canvas.leave_out(LeftOut::Character);
            return None;
        };
        if character.is_whitespace() || character.is_control() {
            return None;
        }
        let glyph = family.house.glyph(character);
        self.canvas.leave_out(if glyph.is_some() { LeftOut::OwnFont } else { LeftOut::Character });
        glyph.map(|glyph| (Rc::clone(&family.house), glyph))
    }
}

/// The line of stroked text is measured in the object's units, what is below the matrix in thousandths of an em.
fn ink(object: &Element, style: &Style, scale: f64) -> Ink {
    let fill = flag(object, "Fill", true).then(|| style.fill.unwrap_or(Colour::BLACK));
    let stroke = flag(object, "Stroke", false).then(|| {
        let line = Line {
            width: style.line.width / scale,
            dashes: style.line.dashes.iter().map(|length| length / scale).collect(),
            dash_offset: style.line.dash_offset / scale,
            ..style.line.clone()
        };
        (style.stroke.unwrap_or(Colour::BLACK), line)
    });
    Ink { fill, even_odd: false, stroke }
}

/// The characters. Blanks at the ends count unless the steps say that they were lost on the way; line breaks are the
/// file's.
fn text_of(code: &Element) -> String {
    let exact: String =
        code.exact_text().chars().filter(|character| !matches!(character, '\n' | '\r' | '\t')).collect();
    let trimmed = exact.trim();
    let steps = ["DeltaX", "DeltaY"].iter().find_map(|name| steps(code.attribute(name)?, exact.len()));
    match steps {
        Some(steps) if steps.len() + 1 == exact.chars().count() => exact,
        Some(steps) if steps.len() + 1 == trimmed.chars().count() => trimmed.to_owned(),
        _ => exact,
    }
}

fn listing(element: &Element) -> Option<Listing> {
    let count = |name: &str, otherwise: usize| match element.attribute(name) {
        Some(text) => text.trim().parse().ok(),
        None => Some(otherwise),
    };
    let glyphs =
        element.child_text("Glyphs")?.split_whitespace().map(str::parse).collect::<Result<Vec<_>, _>>();
    Some(Listing { position: count("CodePosition", 0)?, codes: count("CodeCount", 1)?, glyphs: glyphs.ok()? })
}

/// Positions count UTF-16 units from the object's first character; `before` is how many stand in earlier codes. Without
/// the embedded font, numbers of its glyphs mean nothing.
fn signs(text: &str, before: usize, listings: &[Listing], embedded: bool) -> Vec<Sign> {
    let mut signs = Vec::new();
    let mut position = before;
    let mut replaced_until = before;
    for character in text.chars() {
        let listing =
            listings.iter().find(|listing| embedded && listing.position == position && listing.codes > 0);
        if let Some(listing) = listing {
            // The character stands in where the font lacks the one glyph for it.
            let single = Some(character).filter(|_| listing.glyphs.len() == 1);
            signs.extend(listing.glyphs.iter().map(|glyph| Sign { character: single, listed: Some(*glyph) }));
            replaced_until = position.saturating_add(listing.codes);
        } else if position >= replaced_until {
            signs.push(Sign { character: Some(character), listed: None });
        }
        position += character.len_utf16();
    }
    signs
}
