//! The objects of a page (GB/T 33190 8.5 to 8.7, 9, 10, 13), each drawn below its boundary.
#![expect(clippy::disallowed_types, reason = "positions on a page are measured")]

use std::rc::Rc;

use super::path;
use super::resources::Resources;
use super::style::Style;
use super::typeface::{Family, Typefaces};
use super::values::{alpha, flag, matrix, rect};
use crate::document::display_list::{Matrix, bounds};
use crate::document::ofd::element::Element;
use crate::document::ofd::package::Package;
use crate::document::preview::canvas::{Canvas, Colour, Ink, Outline, Rect};
use crate::document::preview::{LeftOut, PreviewError};

/// Composites in composites; one that contains itself ends here.
const DEEPEST: usize = 8;

/// What stands out of a boundary by less is rounding.
const TOLERANCE: f64 = 0.05;

/// Draws what one file of a page holds.
pub(super) struct Painter<'a, 'c> {
    pub(super) canvas: &'c mut Canvas,
    pub(super) package: &'a Package,
    /// Those of the page, then those of the document.
    pub(super) resources: [&'a Resources; 2],
    pub(super) typefaces: Typefaces<'a>,
    /// Tells what has the same path in a package inside of a seal.
    pub(super) scope: u32,
    pub(super) depth: usize,
}

impl<'a> Painter<'a, '_> {
    /// Draws objects in their order.
    pub(super) fn objects(&mut self, parent: &'a Element, style: &Style) -> Result<(), PreviewError> {
        for object in parent.all_children() {
            match object.name() {
                "PageBlock" => self.objects(object, style)?,
                "TextObject" | "PathObject" | "ImageObject" | "CompositeObject" => {
                    self.object(object, style)?
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn family(&mut self, font: &str) -> Result<Rc<Family<'a>>, PreviewError> {
        self.typefaces.get(font, self.package, &self.resources, self.scope, self.canvas)
    }

    fn object(&mut self, object: &'a Element, style: &Style) -> Result<(), PreviewError> {
        self.canvas.step()?;
        if !flag(object, "Visible", true) {
            return Ok(());
        }
        let boundary = object.attribute("Boundary").and_then(rect);
        let (Some(boundary), Some(ctm)) = (boundary, matrix(object)) else {
            self.canvas.leave_out(LeftOut::Object);
            return Ok(());
        };
        let style = style.overridden(object, &self.resources);
        if style.approximate {
            self.canvas.leave_out(LeftOut::Shading);
        }
        self.canvas.group(Matrix::IDENTITY.moved(boundary.x, boundary.y), alpha(object));
        let clips = self.clips(object);
        match object.name() {
            "TextObject" => self.text(object, &style, ctm)?,
            "PathObject" => self.path(object, &style, ctm, boundary),
            "ImageObject" => self.image(object, ctm, boundary),
            _ => self.composite(object, &style, ctm)?,
        }
        for _ in 0..=clips {
            self.canvas.end();
        }
        Ok(())
    }

    /// Opens a group for each Clip, so that what shows lies in all of them, and says how many.
    fn clips(&mut self, object: &Element) -> usize {
        let clips =
            object.child("Clips").map(|clips| clips.children("Clip").collect::<Vec<_>>()).unwrap_or_default();
        for clip in &clips {
            let mut outlines = Vec::new();
            for area in clip.children("Area") {
                // Outlines of text would have to be clipped by glyphs, which no program is known to write.
                if area.child("Text").is_some() {
                    self.canvas.leave_out(LeftOut::Object);
                }
                outlines.extend(outline(area));
            }
            self.canvas.clip_to_outlines(&outlines);
        }
        clips.len()
    }

    fn path(&mut self, object: &Element, style: &Style, ctm: Matrix, boundary: Rect) {
        let Some(shape) = object.child_text("AbbreviatedData").and_then(path::shape) else {
            return self.canvas.leave_out(LeftOut::Object);
        };
        let fill =
            flag(object, "Fill", false).then_some(style.fill).map(|fill| fill.unwrap_or(Colour::BLACK));
        let stroke = flag(object, "Stroke", true)
            .then(|| (style.stroke.unwrap_or(Colour::BLACK), style.line.clone()))
            .filter(|(_, line)| line.width > 0.0);
        let (left, top, right, bottom) = shape.bounds;
        let corners = [(left, top), (right, top), (left, bottom), (right, bottom)];
        let clipped = self.clip_to_boundary(bounds(corners.map(|(x, y)| ctm.apply(x, y))), boundary);
        self.canvas.group(ctm, 255);
        let even_odd = object.attribute("Rule") == Some("Even-Odd");
        self.canvas.outline(&shape.commands, &Ink { fill, even_odd, stroke });
        for _ in 0..=usize::from(clipped) {
            self.canvas.end();
        }
    }

    /// What stands out of its boundary does not show. A boundary without width or height is a line's, which readers draw.
    fn clip_to_boundary(&mut self, (left, top, right, bottom): (f64, f64, f64, f64), boundary: Rect) -> bool {
        let Rect { width, height, .. } = boundary;
        let outside =
            left < -TOLERANCE || top < -TOLERANCE || right > width + TOLERANCE || bottom > height + TOLERANCE;
        let clipped = outside && width > 0.0 && height > 0.0;
        if clipped {
            self.canvas.clip_to(Rect { x: 0.0, y: 0.0, width, height });
        }
        clipped
    }

    fn image(&mut self, object: &Element, ctm: Matrix, boundary: Rect) {
        let ctm = match object.attribute("CTM") {
            Some(_) => ctm,
            None => Matrix::IDENTITY.scaled(boundary.width, boundary.height),
        };
        if object.attribute("ImageMask").is_some() {
            self.canvas.leave_out(LeftOut::Picture);
        }
        let id = object.attribute("ResourceID").unwrap_or_default();
        let found = self.resources.iter().find_map(|resources| resources.get("MultiMedia", id));
        let path = found.and_then(|found| found.file("MediaFile")).unwrap_or_default();
        let corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)];
        let clipped = self.clip_to_boundary(bounds(corners.map(|(x, y)| ctm.apply(x, y))), boundary);
        let package = self.package;
        self.canvas.picture(format!("{}/{path}", self.scope), ctm, || package.file(&path));
        if clipped {
            self.canvas.end();
        }
    }

    fn composite(&mut self, object: &Element, style: &Style, ctm: Matrix) -> Result<(), PreviewError> {
        let id = object.attribute("ResourceID").unwrap_or_default();
        let found = self.resources.iter().find_map(|resources| resources.get("CompositeGraphicUnit", id));
        let content = found.and_then(|found| found.element.child("Content")).filter(|_| self.depth < DEEPEST);
        let Some(content) = content else {
            self.canvas.leave_out(LeftOut::Object);
            return Ok(());
        };
        self.canvas.group(ctm, 255);
        self.depth += 1;
        self.objects(content, style)?;
        self.depth -= 1;
        self.canvas.end();
        Ok(())
    }
}

/// The path of a clip's area, relative to the boundary of the object that is clipped.
fn outline(area: &Element) -> Option<Outline> {
    let path = area.child("Path")?;
    let shape = path::shape(path.child_text("AbbreviatedData")?)?;
    let at =
        path.attribute("Boundary").and_then(rect).map_or((0.0, 0.0), |boundary| (boundary.x, boundary.y));
    let placed = Matrix::IDENTITY.moved(at.0, at.1).after(matrix(path)?);
    let even_odd = path.attribute("Rule") == Some("Even-Odd");
    Some(Outline { commands: shape.commands, matrix: matrix(area)?.after(placed), even_odd })
}
