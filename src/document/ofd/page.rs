//! The content of a page: text, paths and pictures (GB/T 33190-2016 clauses 8 to 11).
#![expect(clippy::disallowed_types, reason = "positions on a page are measured")]

use super::writer::{Ids, NAMESPACE};
use super::xml::{Xml, push_length};
use crate::document::display_list::{
    Colour, Fill, Item, Mapping, Matrix, Page, Path, Picture, Segment, Stroke, TextRun, bounds,
};
use crate::document::font_file::FontFile;

/// How far a box reaches above and below the baseline, in ems. Strict readers cut off what stands outside.
const ASCENT: f64 = 1.16;
const DESCENT: f64 = 0.34;

/// What the page refers to by number.
pub(super) struct Resources<'a> {
    pub(super) fonts: &'a [(u32, FontFile)],
    pub(super) images: &'a [u32],
}

/// `Content.xml`, or `None` if the page names a font or a glyph that was not embedded.
pub(super) fn content(page: &Page, resources: &Resources<'_>, ids: &mut Ids) -> Option<Vec<u8>> {
    let mut xml = Xml::new();
    xml.start("ofd:Page").attribute("xmlns:ofd", NAMESPACE);
    xml.start("ofd:Area");
    let mut area = String::new();
    for value in [0.0, 0.0, page.width, page.height] {
        push_length(&mut area, value);
    }
    xml.element("ofd:PhysicalBox", &area).end();
    xml.start("ofd:Content").start("ofd:Layer").number("ID", ids.next());
    for item in &page.items {
        match item {
            Item::Text(run) => text(&mut xml, run, resources, ids)?,
            Item::Path(path) => draw(&mut xml, path, ids),
            Item::Picture(picture) => place(&mut xml, picture, resources, ids)?,
        }
    }
    Some(xml.finish())
}

fn text(xml: &mut Xml, run: &TextRun, resources: &Resources<'_>, ids: &mut Ids) -> Option<()> {
    let (font_id, font) = resources.fonts.get(run.font)?;
    let mut glyphs = run.glyphs.as_slice();
    let mut text = run.text.as_str();
    if run.mapping == Mapping::ByFont {
        // XML readers strip outer spaces from the text, and would then shift every DeltaX.
        let kept = text.trim_start();
        glyphs = glyphs.get(text.chars().count() - kept.chars().count()..)?;
        text = kept.trim_end();
        glyphs = glyphs.get(..text.chars().count())?;
    }
    if text.trim().is_empty() {
        return Some(());
    }
    let start = glyphs.first()?.x;
    let width = (run.advance - start).max(run.size * 0.1);
    let ascent = run.size * ASCENT;
    let height = run.size * (ASCENT + DESCENT);

    let top_left = run.matrix.moved(start, -ascent);
    let corners = [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)];
    let (left, top, right, bottom) = bounds(corners.map(|(x, y)| top_left.apply(x, y)));

    xml.start("ofd:TextObject").number("ID", ids.next());
    xml.lengths("Boundary", &[left, top, right - left, bottom - top]);
    if !run.matrix.is_upright() {
        transform(xml, Matrix { e: top_left.e - left, f: top_left.f - top, ..top_left });
    }
    xml.number("Font", *font_id).lengths("Size", &[run.size]);
    colour(xml, "ofd:FillColor", run.colour);
    if run.mapping == Mapping::Listed {
        let codes = u32::try_from(text.encode_utf16().count()).ok()?;
        let mut listed = String::new();
        for glyph in glyphs {
            if !listed.is_empty() {
                listed.push(' ');
            }
            listed.push_str(&font.glyph(glyph.id)?.to_string());
        }
        xml.start("ofd:CGTransform").number("CodePosition", 0).number("CodeCount", codes);
        xml.number("GlyphCount", u32::try_from(glyphs.len()).ok()?).element("ofd:Glyphs", &listed).end();
    }
    xml.start("ofd:TextCode").lengths("X", &[0.0]).lengths("Y", &[ascent]);
    if glyphs.len() > 1 {
        let steps: Vec<f64> =
            glyphs.iter().zip(glyphs.iter().skip(1)).map(|(left, right)| right.x - left.x).collect();
        xml.lengths("DeltaX", &steps);
    }
    xml.content(text).end().end();
    Some(())
}

fn draw(xml: &mut Xml, path: &Path, ids: &mut Ids) {
    let points = path.segments.iter().flat_map(|segment| match *segment {
        Segment::Move(to) | Segment::Line(to) => vec![to],
        Segment::Cubic(first, second, to) => vec![first, second, to],
        Segment::Close => Vec::new(),
    });
    let (left, top, right, bottom) = bounds(points);
    if left > right {
        return;
    }
    // A horizontal line has no height; without room for its width it would be cut away.
    let room = path.stroke.as_ref().map_or(0.0, |stroke| stroke.width);
    let (left, top) = (left - room, top - room);

    xml.start("ofd:PathObject").number("ID", ids.next());
    xml.lengths("Boundary", &[left, top, right + room - left, bottom + room - top]);
    if let Some(stroke) = &path.stroke {
        line_style(xml, stroke);
    }
    xml.attribute("Stroke", flag(path.stroke.is_some())).attribute("Fill", flag(path.fill.is_some()));
    if let Some(Fill { even_odd: true, .. }) = path.fill {
        xml.attribute("Rule", "Even-Odd");
    }
    if let Some(stroke) = &path.stroke {
        colour(xml, "ofd:StrokeColor", stroke.colour);
    }
    if let Some(fill) = &path.fill {
        colour(xml, "ofd:FillColor", fill.colour);
    }
    let mut data = String::new();
    let mut command = |letter: &str, points: &[(f64, f64)]| {
        if !data.is_empty() {
            data.push(' ');
        }
        data.push_str(letter);
        for (x, y) in points {
            push_length(&mut data, x - left);
            push_length(&mut data, y - top);
        }
    };
    for segment in &path.segments {
        match *segment {
            Segment::Move(to) => command("M", &[to]),
            Segment::Line(to) => command("L", &[to]),
            Segment::Cubic(first, second, to) => command("B", &[first, second, to]),
            Segment::Close => command("C", &[]),
        }
    }
    xml.element("ofd:AbbreviatedData", &data).end();
}

fn line_style(xml: &mut Xml, stroke: &Stroke) {
    xml.lengths("LineWidth", &[stroke.width]).attribute("Cap", stroke.cap).attribute("Join", stroke.join);
    xml.lengths("MiterLimit", &[stroke.miter_limit]);
    if !stroke.dashes.is_empty() {
        xml.lengths("DashOffset", &[stroke.dash_offset]).lengths("DashPattern", &stroke.dashes);
    }
}

fn place(xml: &mut Xml, picture: &Picture, resources: &Resources<'_>, ids: &mut Ids) -> Option<()> {
    let corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)];
    let (left, top, right, bottom) = bounds(corners.map(|(x, y)| picture.matrix.apply(x, y)));
    xml.start("ofd:ImageObject").number("ID", ids.next());
    xml.lengths("Boundary", &[left, top, right - left, bottom - top]);
    transform(xml, Matrix { e: picture.matrix.e - left, f: picture.matrix.f - top, ..picture.matrix });
    xml.number("ResourceID", *resources.images.get(picture.image)?).end();
    Some(())
}

fn transform(xml: &mut Xml, matrix: Matrix) {
    xml.lengths("CTM", &[matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f]);
}

fn colour(xml: &mut Xml, element: &'static str, [red, green, blue]: Colour) {
    xml.start(element).attribute("Value", &format!("{red} {green} {blue}")).end();
}

fn flag(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
