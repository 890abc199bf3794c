//! The content of a page as printpdf's operations: text, paths and pictures.
#![expect(clippy::disallowed_types, reason = "positions on a page are measured")]

use std::collections::BTreeMap;

use printpdf::{
    Codepoint, Color, CurTransMat, DictItem, Line, LineCapStyle, LineDashPattern, LineJoinStyle, LinePoint,
    Mm, Op, PaintMode, PdfFontHandle, PdfPage, Point, Polygon, PolygonRing, Pt, Rgb, TextItem, TextMatrix,
    WindingOrder, XObjectId, XObjectTransform,
};

use super::Embedded;
use crate::document::display_list::{
    Colour, Glyph, Item, Mapping, Matrix, Page, Path, Picture, Segment, Stroke, TextRun,
};

const POINTS_PER_MM: f64 = 72.0 / 25.4;

/// `None` if the page names a font, a glyph or a picture that was not embedded.
pub(super) fn content(page: &Page, fonts: &[Embedded], images: &[XObjectId]) -> Option<PdfPage> {
    let sheet = Sheet { height: page.height };
    let mut ops = Vec::new();
    for item in &page.items {
        match item {
            Item::Text(run) => sheet.text(&mut ops, run, fonts.get(run.font)?)?,
            Item::Path(path) => sheet.draw(&mut ops, path),
            Item::Picture(picture) => sheet.place(&mut ops, picture, images.get(picture.image)?),
        }
    }
    Some(PdfPage::new(Mm(short(page.width)), Mm(short(page.height)), ops))
}

/// What stands together for a text: mostly one glyph for one character.
pub(super) fn clusters(run: &TextRun) -> impl Iterator<Item = (&[Glyph], &str)> {
    let characters = run.text.char_indices().map(|(at, character)| (at, at + character.len_utf8()));
    let single = match run.mapping {
        Mapping::ByFont => Some(run.glyphs.chunks(1).zip(characters)),
        Mapping::Listed => None,
    };
    let whole = (run.mapping == Mapping::Listed).then_some((run.glyphs.as_slice(), run.text.as_str()));
    let single = single.into_iter().flatten();
    single.filter_map(|(glyphs, (start, end))| Some((glyphs, run.text.get(start..end)?))).chain(whole)
}

/// Turns millimetres from the top left corner into points from the bottom left one.
struct Sheet {
    height: f64,
}

impl Sheet {
    fn point(&self, (x, y): (f64, f64)) -> Point {
        Point { x: points(x), y: points(self.height - y) }
    }

    /// The same map between coordinates whose y grows upwards.
    fn matrix(&self, inner: Matrix) -> [f32; 6] {
        let origin = self.point((inner.e, inner.f));
        // Adding zero makes a plain zero of minus zero.
        let part = |value: f64| short(value) + 0.0;
        [part(inner.a), part(-inner.b), part(-inner.c), part(inner.d), origin.x.0, origin.y.0]
    }

    fn text(&self, ops: &mut Vec<Op>, run: &TextRun, font: &Embedded) -> Option<()> {
        ops.push(Op::SetFillColor { col: colour(run.colour) });
        ops.push(Op::StartTextSection);
        ops.push(Op::SetFont { font: PdfFontHandle::External(font.id.clone()), size: points(run.size) });
        for (glyphs, text) in clusters(run) {
            let named =
                matches!(glyphs, [glyph] if font.meanings.get(&glyph.id).is_some_and(|meant| meant == text));
            if !named {
                ops.push(Op::BeginMarkedContentWithProperties {
                    tag: "Span".to_owned(),
                    properties: actual_text(text),
                });
            }
            // Each glyph has its place; printpdf joins what stands on one baseline, to within its own rounding.
            for glyph in glyphs {
                let matrix = TextMatrix::Raw(self.matrix(run.matrix.moved(glyph.x, 0.0)));
                let meaning = font.meanings.get(&glyph.id)?.clone();
                let codepoint = Codepoint::with_cid(font.file.glyph(glyph.id)?, 0.0, meaning);
                ops.push(Op::SetTextMatrix { matrix });
                ops.push(Op::ShowText { items: vec![TextItem::GlyphIds(vec![codepoint])] });
            }
            if !named {
                ops.push(Op::EndMarkedContent);
            }
        }
        ops.push(Op::EndTextSection);
        Some(())
    }

    fn draw(&self, ops: &mut Vec<Op>, path: &Path) {
        let lines = self.lines(&path.segments);
        if let Some(fill) = path.fill {
            ops.push(Op::SetFillColor { col: colour(fill.colour) });
            let rings = lines.iter().map(|line| PolygonRing { points: line.points.clone() }).collect();
            let winding_order = if fill.even_odd { WindingOrder::EvenOdd } else { WindingOrder::NonZero };
            ops.push(Op::DrawPolygon { polygon: Polygon { rings, mode: PaintMode::Fill, winding_order } });
        }
        if let Some(stroke) = &path.stroke {
            line_style(ops, stroke);
            ops.extend(lines.into_iter().map(|line| Op::DrawLine { line }));
        }
    }

    fn lines(&self, segments: &[Segment]) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        let push = |to: (f64, f64), bezier: bool, lines: &mut Vec<Line>| {
            if let Some(line) = lines.last_mut() {
                line.points.push(LinePoint { p: self.point(to), bezier });
            }
        };
        for segment in segments {
            match *segment {
                Segment::Move(to) => {
                    lines.push(Line::default());
                    push(to, false, &mut lines);
                }
                Segment::Line(to) => push(to, false, &mut lines),
                Segment::Cubic(first, second, to) => {
                    push(first, true, &mut lines);
                    push(second, true, &mut lines);
                    push(to, false, &mut lines);
                }
                Segment::Close => {
                    if let Some(line) = lines.last_mut() {
                        line.is_closed = true;
                    }
                }
            }
        }
        lines
    }

    fn place(&self, ops: &mut Vec<Op>, picture: &Picture, id: &XObjectId) {
        // PDF's unit square has the picture's lower left corner at its origin, the list's the upper left one.
        let from_below = Matrix { d: 1.0, f: 1.0, ..Matrix::IDENTITY };
        let unit = picture.matrix.after(from_below).scaled(POINTS_PER_MM, POINTS_PER_MM);
        let matrix = CurTransMat::Raw(self.matrix(unit));
        ops.push(Op::SaveGraphicsState);
        ops.push(Op::SetTransformationMatrix { matrix });
        let transform = XObjectTransform { no_auto_scale: true, ..XObjectTransform::default() };
        ops.push(Op::UseXobject { id: id.clone(), transform });
        ops.push(Op::RestoreGraphicsState);
    }
}

fn line_style(ops: &mut Vec<Op>, stroke: &Stroke) {
    ops.push(Op::SetOutlineColor { col: colour(stroke.colour) });
    ops.push(Op::SetOutlineThickness { pt: points(stroke.width) });
    let lengths: Vec<f32> = stroke.dashes.iter().map(|length| points(*length).0).collect();
    let dash = LineDashPattern::new(points(stroke.dash_offset).0, &lengths);
    ops.push(Op::SetLineDashPattern { dash });
    ops.push(Op::SetLineCapStyle {
        cap: match stroke.cap {
            "Round" => LineCapStyle::Round,
            "Square" => LineCapStyle::ProjectingSquare,
            _ => LineCapStyle::Butt,
        },
    });
    ops.push(Op::SetLineJoinStyle {
        join: match stroke.join {
            "Round" => LineJoinStyle::Round,
            "Bevel" => LineJoinStyle::Bevel,
            _ => LineJoinStyle::Miter,
        },
    });
    ops.push(Op::SetMiterLimit { limit: Pt(short(stroke.miter_limit)) });
}

/// What a reader copies instead of the meanings of the glyphs (ISO 32000-1, 14.9.4).
fn actual_text(text: &str) -> DictItem {
    let mut data = vec![0xfe, 0xff];
    data.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    let text = DictItem::String { data, literal: false };
    DictItem::Dict { map: BTreeMap::from([("ActualText".to_owned(), text)]) }
}

fn colour(parts: Colour) -> Color {
    let [r, g, b] = parts.map(|part| f32::from(part) / 255.0);
    Color::Rgb(Rgb { r, g, b, icc_profile: None })
}

fn points(millimetres: f64) -> Pt {
    Pt(short(millimetres * POINTS_PER_MM))
}

/// On a page of A4 this is exact to 0.00002 mm.
#[expect(clippy::as_conversions, reason = "no other conversion rounds to the nearest single")]
fn short(value: f64) -> f32 {
    value as f32
}
