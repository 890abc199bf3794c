//! A page as SVG: what is drawn, in order, and what it refers to within the same file.
//!
//! Everything passes [`Xml`], which escapes it. Only fixed names of elements and attributes, numbers, and pictures as data
//! get in, so there is no way for a script or an address to do so.
#![expect(clippy::disallowed_types, reason = "positions on a page are measured")]

use std::collections::{BTreeSet, HashMap};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::picture_file::PictureFile;
use super::{LeftOut, Limits, PagePicture, PreviewError};
use crate::document::display_list::Matrix;
use crate::document::ofd::Xml;

/// A rectangle in millimetres, from the top left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour {
    pub(super) rgb: [u8; 3],
    pub(super) alpha: u8,
}

impl Colour {
    pub(super) const BLACK: Self = Self { rgb: [0; 3], alpha: 255 };
}

/// How an outline is inked. Nothing is drawn where both are `None`.
#[derive(Clone, Debug, Default)]
pub(super) struct Ink {
    pub(super) fill: Option<Colour>,
    pub(super) even_odd: bool,
    pub(super) stroke: Option<(Colour, Line)>,
}

/// In the units of what is stroked.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) width: f64,
    pub(super) cap: &'static str,
    pub(super) join: &'static str,
    pub(super) miter_limit: f64,
    pub(super) dashes: Vec<f64>,
    pub(super) dash_offset: f64,
}

/// An outline of SVG path commands, drawn under a matrix.
pub(super) struct Outline {
    pub(super) commands: String,
    pub(super) matrix: Matrix,
    pub(super) even_odd: bool,
}

/// Names an outline in a font; which font is what [`Canvas::font`] says.
pub(super) type GlyphKey = (u32, u16);

pub(super) struct Canvas {
    xml: Xml,
    limits: Limits,
    steps: usize,
    /// Bytes of what is kept to be written at the end.
    kept: usize,
    fonts: HashMap<String, u32>,
    /// `None` for glyphs without an outline.
    glyphs: HashMap<GlyphKey, Option<usize>>,
    outlines: Vec<String>,
    /// `None` for pictures that are not shown.
    pictures: HashMap<String, Option<usize>>,
    data: Vec<String>,
    clips: u32,
    left_out: BTreeSet<LeftOut>,
}

impl Canvas {
    /// White paper.
    pub(super) fn new(page: Rect, limits: &Limits) -> Self {
        let mut xml = Xml::new();
        xml.start("svg").attribute("xmlns", "http://www.w3.org/2000/svg");
        xml.attribute("width", &format!("{}mm", digits(page.width, 4)));
        xml.attribute("height", &format!("{}mm", digits(page.height, 4)));
        let Rect { x, y, width, height } = page;
        xml.lengths("viewBox", &[x, y, width, height]);
        let mut canvas = Self {
            xml,
            limits: *limits,
            steps: 0,
            kept: 0,
            fonts: HashMap::new(),
            glyphs: HashMap::new(),
            outlines: Vec::new(),
            pictures: HashMap::new(),
            data: Vec::new(),
            clips: 0,
            left_out: BTreeSet::new(),
        };
        canvas.rectangle(page).attribute("fill", "#ffffff").end();
        canvas
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Counts an object or a character.
    ///
    /// # Errors
    /// When it is one too many, or the picture has grown too large.
    pub(super) fn step(&mut self) -> Result<(), PreviewError> {
        self.steps += 1;
        if self.steps > self.limits.steps {
            return Err(PreviewError::TooMuch { what: "objects on a page", limit: self.limits.steps });
        }
        if self.xml.len().saturating_add(self.kept) > self.limits.picture_bytes {
            return Err(PreviewError::TooMuch {
                what: "bytes of a page's picture",
                limit: self.limits.picture_bytes,
            });
        }
        Ok(())
    }

    pub(super) fn leave_out(&mut self, what: LeftOut) {
        self.left_out.insert(what);
    }

    fn rectangle(&mut self, Rect { x, y, width, height }: Rect) -> &mut Xml {
        self.xml.start("rect").lengths("x", &[x]).lengths("y", &[y]);
        self.xml.lengths("width", &[width]).lengths("height", &[height])
    }

    /// Opens a group of which only what lies in the rectangle shows. Ends with [`Canvas::end`].
    pub(super) fn clip_to(&mut self, visible: Rect) {
        let id = self.start_clip();
        self.rectangle(visible).end();
        self.xml.end().start("g").attribute("clip-path", &format!("url(#{id})"));
    }

    /// The same for what lies within any of the outlines.
    pub(super) fn clip_to_outlines(&mut self, outlines: &[Outline]) {
        let id = self.start_clip();
        for outline in outlines {
            self.xml.start("path").attribute("d", &outline.commands);
            self.xml.attribute("transform", &transform(outline.matrix));
            if outline.even_odd {
                self.xml.attribute("clip-rule", "evenodd");
            }
            self.xml.end();
        }
        self.xml.end().start("g").attribute("clip-path", &format!("url(#{id})"));
    }

    fn start_clip(&mut self) -> String {
        self.clips += 1;
        let id = format!("c{}", self.clips);
        self.xml.start("clipPath").attribute("id", &id);
        id
    }

    /// Opens a group under a matrix. Ends with [`Canvas::end`].
    pub(super) fn group(&mut self, matrix: Matrix, alpha: u8) {
        self.xml.start("g").attribute("transform", &transform(matrix));
        if alpha < 255 {
            self.xml.attribute("opacity", &digits(f64::from(alpha) / 255.0, 4));
        }
    }

    pub(super) fn end(&mut self) {
        self.xml.end();
    }

    pub(super) fn outline(&mut self, commands: &str, ink: &Ink) {
        self.xml.start("path").attribute("d", commands);
        self.ink(ink);
        self.xml.end();
    }

    /// Opens a group of characters: below the matrix lengths are thousandths of an em.
    pub(super) fn characters(&mut self, matrix: Matrix, ink: &Ink) {
        self.xml.start("g").attribute("transform", &transform(matrix));
        self.ink(ink);
    }

    fn ink(&mut self, ink: &Ink) {
        match ink.fill {
            Some(colour) => self.colour("fill", "fill-opacity", colour),
            None => {
                self.xml.attribute("fill", "none");
            }
        }
        if ink.fill.is_some() && ink.even_odd {
            self.xml.attribute("fill-rule", "evenodd");
        }
        let Some((colour, line)) = &ink.stroke else { return };
        self.colour("stroke", "stroke-opacity", *colour);
        self.xml.attribute("stroke-width", &digits(line.width, 6));
        self.xml.attribute("stroke-linecap", line.cap).attribute("stroke-linejoin", line.join);
        if line.join == "miter" {
            self.xml.lengths("stroke-miterlimit", &[line.miter_limit.max(1.0)]);
        }
        if !line.dashes.is_empty() {
            self.xml.lengths("stroke-dasharray", &line.dashes);
            self.xml.lengths("stroke-dashoffset", &[line.dash_offset]);
        }
    }

    fn colour(&mut self, name: &str, opacity: &str, Colour { rgb: [red, green, blue], alpha }: Colour) {
        self.xml.attribute(name, &format!("#{red:02x}{green:02x}{blue:02x}"));
        if alpha < 255 {
            self.xml.attribute(opacity, &digits(f64::from(alpha) / 255.0, 4));
        }
    }

    /// The number by which glyphs name their font.
    pub(super) fn font(&mut self, name: String) -> u32 {
        let next = u32::try_from(self.fonts.len()).unwrap_or(u32::MAX);
        *self.fonts.entry(name).or_insert(next)
    }

    /// Draws a glyph in a group of [`Canvas::characters`], at thousandths of an em, turned clockwise by quarters of a
    /// circle. `outline` is asked once for each glyph: SVG path commands in thousandths of an em, y downwards, or `None`
    /// where the glyph leaves no ink.
    pub(super) fn glyph(
        &mut self,
        key: GlyphKey,
        (x, y): (f64, f64),
        quarters: u8,
        outline: impl FnOnce() -> Option<String>,
    ) {
        let known = match self.glyphs.get(&key) {
            Some(known) => *known,
            None => {
                let made = outline().map(|commands| {
                    self.kept = self.kept.saturating_add(commands.len());
                    self.outlines.push(commands);
                    self.outlines.len()
                });
                self.glyphs.insert(key, made);
                made
            }
        };
        let Some(number) = known else { return };
        let (x, y) = (digits(x, 2), digits(y, 2));
        self.xml.start("use").attribute("href", &format!("#g{number}"));
        self.xml.attribute("x", &x).attribute("y", &y);
        if quarters > 0 {
            self.xml.attribute("transform", &format!("rotate({} {x} {y})", u32::from(quarters) * 90));
        }
        self.xml.end();
    }

    /// Draws a picture into the unit square under a matrix. `bytes` is asked for once for each name.
    pub(super) fn picture<'a>(
        &mut self,
        name: String,
        matrix: Matrix,
        bytes: impl FnOnce() -> Option<&'a [u8]>,
    ) {
        let limits = self.limits;
        let known = match self.pictures.get(&name) {
            Some(known) => *known,
            None => {
                let shown = bytes().and_then(|bytes| Some((bytes, PictureFile::of(bytes)?)));
                let made =
                    shown.filter(|(_, file)| file.pixels() <= limits.picture_pixels).map(|(bytes, file)| {
                        let data = format!("data:{};base64,{}", file.content_type, STANDARD.encode(bytes));
                        self.kept = self.kept.saturating_add(data.len());
                        self.data.push(data);
                        self.data.len()
                    });
                self.pictures.insert(name, made);
                made
            }
        };
        let Some(number) = known else { return self.leave_out(LeftOut::Picture) };
        self.xml.start("use").attribute("href", &format!("#p{number}"));
        self.xml.attribute("transform", &transform(matrix)).end();
    }

    /// Writes what was referred to.
    ///
    /// # Errors
    /// When the picture is too large.
    pub(super) fn finish(mut self) -> Result<PagePicture, PreviewError> {
        self.step()?;
        self.xml.start("defs");
        for (number, commands) in (1..).zip(&self.outlines) {
            self.xml.start("path").attribute("id", &format!("g{number}")).attribute("d", commands).end();
        }
        for (number, data) in (1..).zip(&self.data) {
            self.xml.start("image").attribute("id", &format!("p{number}"));
            self.xml.number("width", 1).number("height", 1).attribute("preserveAspectRatio", "none");
            self.xml.attribute("href", data).end();
        }
        Ok(PagePicture { content_type: "image/svg+xml", bytes: self.xml.finish(), left_out: self.left_out })
    }
}

/// A number with at most so many decimals.
pub(super) fn digits(value: f64, decimals: usize) -> String {
    let digits = format!("{value:.decimals$}");
    let trimmed = match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.'),
        false => &digits,
    };
    if trimmed == "-0" { "0".to_owned() } else { trimmed.to_owned() }
}

fn transform(Matrix { a, b, c, d, e, f }: Matrix) -> String {
    let [a, b, c, d] = [a, b, c, d].map(|factor| digits(factor, 8));
    format!("matrix({a} {b} {c} {d} {} {})", digits(e, 4), digits(f, 4))
}
