//! What is on the pages, in millimetres and free of Typst: the list that a writer turns into a format.
#![expect(clippy::disallowed_types, reason = "positions on a page are measured")]

mod geometry;
mod walk;

use typst::foundations::Bytes;
use typst::text::Font;
use typst_layout::PagedDocument;

use super::DocumentError;
pub(super) use geometry::{Matrix, bounds};

pub(super) struct DisplayList {
    pub(super) pages: Vec<Page>,
    /// Each font once; [`TextRun::font`] is an index into this.
    pub(super) fonts: Vec<Font>,
    /// Each picture once; [`Picture::image`] is an index into this.
    pub(super) images: Vec<ImageFile>,
}

pub(super) struct Page {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) items: Vec<Item>,
    /// The centres of the boxes that the template labelled `<seal>`.
    pub(super) seals: Vec<(f64, f64)>,
}

pub(super) enum Item {
    Text(TextRun),
    Path(Path),
    Picture(Picture),
}

/// Characters on one baseline in one font, size and colour.
pub(super) struct TextRun {
    pub(super) font: usize,
    pub(super) size: f64,
    pub(super) colour: Colour,
    /// From the run's own coordinates (baseline origin at 0, y downwards) to the page's.
    pub(super) matrix: Matrix,
    pub(super) text: String,
    pub(super) glyphs: Vec<Glyph>,
    /// Where the next character would stand.
    pub(super) advance: f64,
    pub(super) mapping: Mapping,
}

/// How a reader gets from characters to glyphs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mapping {
    /// One glyph per character, the one that the font's own table names.
    ByFont,
    /// The glyphs must be listed: a substituted glyph, a cluster, or a character that takes two UTF-16 units,
    /// which some readers count as two. Such a run holds nothing else.
    Listed,
}

#[derive(Clone, Copy)]
pub(super) struct Glyph {
    pub(super) id: u16,
    pub(super) x: f64,
}

pub(super) type Colour = [u8; 3];

/// Coordinates are the page's.
pub(super) struct Path {
    pub(super) segments: Vec<Segment>,
    pub(super) fill: Option<Fill>,
    pub(super) stroke: Option<Stroke>,
}

#[derive(Clone, Copy)]
pub(super) enum Segment {
    Move((f64, f64)),
    Line((f64, f64)),
    Cubic((f64, f64), (f64, f64), (f64, f64)),
    Close,
}

#[derive(Clone, Copy)]
pub(super) struct Fill {
    pub(super) colour: Colour,
    pub(super) even_odd: bool,
}

#[derive(Clone)]
pub(super) struct Stroke {
    pub(super) colour: Colour,
    pub(super) width: f64,
    /// Lengths of dashes and gaps; empty for a solid line.
    pub(super) dashes: Vec<f64>,
    pub(super) dash_offset: f64,
    pub(super) cap: &'static str,
    pub(super) join: &'static str,
    pub(super) miter_limit: f64,
}

/// A picture in the unit square, placed by its matrix.
pub(super) struct Picture {
    pub(super) image: usize,
    pub(super) matrix: Matrix,
}

pub(super) struct ImageFile {
    /// `png` or `jpg`.
    pub(super) extension: &'static str,
    pub(super) bytes: Bytes,
}

impl DisplayList {
    /// # Errors
    /// Every character of the document that no font draws, together; or the first thing that OFD readers do
    /// not draw alike.
    pub(super) fn of(document: &PagedDocument) -> Result<Self, DocumentError> {
        walk::walk(document)
    }
}
