//! From Typst's frames to the display list.
#![expect(clippy::disallowed_types, reason = "positions on a page are measured")]

use std::collections::BTreeSet;

use typst::layout::{Frame, FrameItem, GroupItem, Point, Size};
use typst::text::{Font, TextItem, is_default_ignorable};
use typst::visualize::{
    Curve, CurveItem, ExchangeFormat, FillRule, FixedStroke, Geometry, Image, ImageKind, LineCap, LineJoin,
    Paint, RasterFormat, Shape,
};
use typst_layout::PagedDocument;

use super::{
    Colour, DisplayList, Fill, Glyph, ImageFile, Item, Mapping, Matrix, Page, Path, Picture, Segment, Stroke,
    TextRun,
};
use crate::document::DocumentError;

/// The label by which a template marks the place of the seal.
const SEAL_LABEL: &str = "seal";

pub(super) fn walk(document: &PagedDocument) -> Result<DisplayList, DocumentError> {
    let mut walker = Walker {
        list: DisplayList { pages: Vec::new(), fonts: Vec::new(), images: Vec::new() },
        items: Vec::new(),
        seals: Vec::new(),
        missing: BTreeSet::new(),
    };
    for page in document.pages() {
        let size = page.frame.size();
        if let Some(paint) = page.fill_or_transparent() {
            let background = Shape {
                geometry: Geometry::Rect(size),
                fill: Some(paint),
                fill_rule: FillRule::NonZero,
                stroke: None,
            };
            walker.shape(&background, Matrix::IDENTITY)?;
        }
        walker.frame(&page.frame, Matrix::IDENTITY)?;
        walker.list.pages.push(Page {
            width: size.x.to_mm(),
            height: size.y.to_mm(),
            items: std::mem::take(&mut walker.items),
            seals: std::mem::take(&mut walker.seals),
        });
    }
    if !walker.missing.is_empty() {
        return Err(DocumentError::MissingGlyph { characters: walker.missing.into_iter().collect() });
    }
    Ok(walker.list)
}

struct Walker {
    list: DisplayList,
    items: Vec<Item>,
    seals: Vec<(f64, f64)>,
    missing: BTreeSet<char>,
}

impl Walker {
    fn frame(&mut self, frame: &Frame, at: Matrix) -> Result<(), DocumentError> {
        for (position, item) in frame.items() {
            let at = at.moved(position.x.to_mm(), position.y.to_mm());
            match item {
                FrameItem::Group(group) => self.group(group, at)?,
                FrameItem::Text(text) => self.text(text, at)?,
                FrameItem::Shape(shape, _) => self.shape(shape, at)?,
                FrameItem::Image(image, size, _) => self.image(image, *size, at)?,
                FrameItem::Link(..) | FrameItem::Tag(_) => {}
            }
        }
        Ok(())
    }

    fn group(&mut self, group: &GroupItem, at: Matrix) -> Result<(), DocumentError> {
        if group.clip.is_some() {
            return Err(DocumentError::Unsupported("a clipped box"));
        }
        let at = at.after(Matrix::of(group.transform));
        if group.label.is_some_and(|label| label.resolve().as_str() == SEAL_LABEL) {
            let size = group.frame.size();
            self.seals.push(at.apply(size.x.to_mm() / 2.0, size.y.to_mm() / 2.0));
        }
        self.frame(&group.frame, at)
    }

    fn text(&mut self, item: &TextItem, at: Matrix) -> Result<(), DocumentError> {
        if item.stroke.is_some() {
            return Err(DocumentError::Unsupported("outlined text"));
        }
        let colour = solid(&item.fill)?;
        let size = item.size.to_mm();
        let font = self.font(item.font.font());
        let mut cursor = 0.0;
        for cluster in item.glyphs.chunk_by(|left, right| left.range == right.range) {
            let Some(first) = cluster.first() else { continue };
            // Joiners and the break marks between the characters of a ciphertext leave no mark.
            let text: String = item
                .text
                .get(first.range())
                .unwrap_or_default()
                .chars()
                .filter(|character| !is_default_ignorable(*character))
                .collect();
            let start = cursor;
            let mut glyphs = Vec::with_capacity(cluster.len());
            for glyph in cluster {
                if glyph.y_offset.get() != 0.0 || glyph.y_advance.get() != 0.0 {
                    return Err(DocumentError::Unsupported("a glyph off its baseline"));
                }
                glyphs.push(Glyph { id: glyph.id, x: cursor + glyph.x_offset.get() * size - start });
                cursor += glyph.x_advance.get() * size;
            }
            if text.is_empty() {
                continue;
            }
            if cluster.iter().any(|glyph| glyph.id == 0) {
                self.missing.extend(text.chars());
                continue;
            }
            let mapping = mapping(&text, &glyphs, item);
            self.push_text(TextRun {
                font,
                size,
                colour,
                matrix: at.moved(start, 0.0),
                text,
                glyphs,
                advance: cursor - start,
                mapping,
            });
        }
        Ok(())
    }

    /// Continues the last run where that changes nothing: Typst cuts a line at every change of script, and a
    /// search in a reader finds only what stands in one run.
    fn push_text(&mut self, run: TextRun) {
        if let Some(Item::Text(last)) = self.items.last_mut() {
            let gap = run.matrix.e - last.matrix.e - last.advance;
            let continues = last.mapping == Mapping::ByFont
                && run.mapping == Mapping::ByFont
                && last.font == run.font
                && last.colour == run.colour
                && (last.size - run.size).abs() < 1e-6
                && last.matrix.is_upright()
                && run.matrix.is_upright()
                && (last.matrix.f - run.matrix.f).abs() < 1e-3
                && gap.abs() < run.size * 0.5;
            if continues {
                let offset = run.matrix.e - last.matrix.e;
                last.glyphs.extend(run.glyphs.iter().map(|glyph| Glyph { x: glyph.x + offset, ..*glyph }));
                last.text.push_str(&run.text);
                last.advance = offset + run.advance;
                return;
            }
        }
        self.items.push(Item::Text(run));
    }

    fn shape(&mut self, shape: &Shape, at: Matrix) -> Result<(), DocumentError> {
        let fill = match &shape.fill {
            Some(paint) => {
                Some(Fill { colour: solid(paint)?, even_odd: shape.fill_rule == FillRule::EvenOdd })
            }
            None => None,
        };
        let stroke = match &shape.stroke {
            Some(stroke) if stroke.thickness.to_mm() > 0.0 => Some(stroke_of(stroke, at)?),
            _ => None,
        };
        if fill.is_some() || stroke.is_some() {
            self.items.push(Item::Path(Path { segments: segments(&shape.geometry, at), fill, stroke }));
        }
        Ok(())
    }

    fn image(&mut self, image: &Image, size: Size, at: Matrix) -> Result<(), DocumentError> {
        let ImageKind::Raster(raster) = image.kind() else {
            return Err(DocumentError::Unsupported("a picture that is neither PNG nor JPEG"));
        };
        let extension = match raster.format() {
            RasterFormat::Exchange(ExchangeFormat::Png) => "png",
            RasterFormat::Exchange(ExchangeFormat::Jpg) => "jpg",
            _ => return Err(DocumentError::Unsupported("a picture that is neither PNG nor JPEG")),
        };
        if raster.exif_rotation().is_some_and(|rotation| rotation > 1) {
            return Err(DocumentError::Unsupported("a picture that is turned by its EXIF data"));
        }
        let bytes = raster.data();
        let known = self.list.images.iter().position(|known| known.bytes == *bytes);
        let image = known.unwrap_or_else(|| {
            self.list.images.push(ImageFile { extension, bytes: bytes.clone() });
            self.list.images.len() - 1
        });
        self.items.push(Item::Picture(Picture { image, matrix: at.scaled(size.x.to_mm(), size.y.to_mm()) }));
        Ok(())
    }

    fn font(&mut self, font: &Font) -> usize {
        let known = self.list.fonts.iter().position(|known| known == font);
        known.unwrap_or_else(|| {
            self.list.fonts.push(font.clone());
            self.list.fonts.len() - 1
        })
    }
}

fn mapping(text: &str, glyphs: &[Glyph], item: &TextItem) -> Mapping {
    let mut characters = text.chars();
    match (characters.next(), characters.next(), glyphs) {
        (Some(character), None, [glyph])
            if character.len_utf16() == 1
                && item.font.ttf().glyph_index(character).is_some_and(|index| index.0 == glyph.id) =>
        {
            Mapping::ByFont
        }
        _ => Mapping::Listed,
    }
}

fn solid(paint: &Paint) -> Result<Colour, DocumentError> {
    let Paint::Solid(colour) = paint else {
        return Err(DocumentError::Unsupported("a gradient or a tiling"));
    };
    let (red, green, blue, alpha) = colour.to_rgb().into_format::<u8, u8>().into_components();
    if alpha != u8::MAX {
        return Err(DocumentError::Unsupported("a translucent colour"));
    }
    Ok([red, green, blue])
}

fn stroke_of(stroke: &FixedStroke, at: Matrix) -> Result<Stroke, DocumentError> {
    let scale = at.scale();
    let (dashes, dash_offset) = match &stroke.dash {
        Some(dash) => {
            (dash.array.iter().map(|length| length.to_mm() * scale).collect(), dash.phase.to_mm() * scale)
        }
        None => (Vec::new(), 0.0),
    };
    Ok(Stroke {
        colour: solid(&stroke.paint)?,
        width: stroke.thickness.to_mm() * scale,
        dashes,
        dash_offset,
        cap: match stroke.cap {
            LineCap::Butt => "Butt",
            LineCap::Round => "Round",
            LineCap::Square => "Square",
        },
        join: match stroke.join {
            LineJoin::Miter => "Miter",
            LineJoin::Round => "Round",
            LineJoin::Bevel => "Bevel",
        },
        miter_limit: stroke.miter_limit.get(),
    })
}

fn segments(geometry: &Geometry, at: Matrix) -> Vec<Segment> {
    let place = |point: Point| at.apply(point.x.to_mm(), point.y.to_mm());
    let trace = |curve: &Curve| {
        curve
            .0
            .iter()
            .map(|item| match item {
                CurveItem::Move(to) => Segment::Move(place(*to)),
                CurveItem::Line(to) => Segment::Line(place(*to)),
                CurveItem::Cubic(first, second, to) => {
                    Segment::Cubic(place(*first), place(*second), place(*to))
                }
                CurveItem::Close => Segment::Close,
            })
            .collect()
    };
    match geometry {
        Geometry::Line(to) => vec![Segment::Move(place(Point::zero())), Segment::Line(place(*to))],
        Geometry::Rect(size) => trace(&Curve::rect(*size)),
        Geometry::Curve(curve) => trace(curve),
    }
}
