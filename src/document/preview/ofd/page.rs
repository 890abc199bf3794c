//! One page: templates, layers, annotations and seals, from the back to the front.

use std::collections::HashMap;
use std::rc::Rc;

use super::OfdPages;
use super::painter::Painter;
use super::resources::Resources;
use super::skeleton::{Document, MOST_LISTS, PageEntry, open, physical_box};
use super::stamps::Stamp;
use super::style::Style;
use super::typeface::Typefaces;
use super::values::{alpha, flag, rect};
use crate::document::display_list::Matrix;
use crate::document::ofd::element::{Element, resolve};
use crate::document::ofd::package::Package;
use crate::document::preview::canvas::{Canvas, Rect};
use crate::document::preview::{LeftOut, PreviewError, ReadSeal};

/// A page whose file was read.
pub(super) struct Page<'a> {
    entry: &'a PageEntry,
    document: &'a Document,
    root: Element,
}

/// What the drawing of a page goes on in.
pub(super) struct Drawing<'c> {
    pub(super) canvas: &'c mut Canvas,
    /// 0 for the document itself; each package inside a seal has its own.
    pub(super) scope: u32,
    /// Seals' pictures that are packages, by the file of their signature: a scope, and the package if it can be read.
    inner: HashMap<String, (u32, Option<Rc<OfdPages>>)>,
    /// How often one of them was drawn; its page is read anew each time.
    inner_drawn: usize,
}

/// Packages inside seals on one page, and how often they show: more than any honest page has.
const MOST_INNER: usize = 8;
const MOST_INNER_DRAWN: usize = 32;

impl<'c> Drawing<'c> {
    pub(super) fn new(canvas: &'c mut Canvas) -> Self {
        Self { canvas, scope: 0, inner: HashMap::new(), inner_drawn: 0 }
    }
}

impl<'a> Page<'a> {
    pub(super) fn open(
        package: &Package,
        document: &'a Document,
        entry: &'a PageEntry,
    ) -> Result<Self, PreviewError> {
        Ok(Self { entry, document, root: open(package, &entry.path, "Page")? })
    }

    pub(super) fn paper(&self) -> Rect {
        self.root.child("Area").and_then(physical_box).unwrap_or(self.document.page_box)
    }

    pub(super) fn draw(&self, package: &Package, drawing: &mut Drawing<'_>) -> Result<(), PreviewError> {
        if !self.document.whole {
            drawing.canvas.leave_out(LeftOut::Object);
        }
        let mut templates = Vec::new();
        for named in self.root.children("Template") {
            if templates.len() == MOST_LISTS {
                return Err(PreviewError::TooMuch { what: "templates of a page", limit: MOST_LISTS });
            }
            let found = named.attribute("TemplateID").and_then(|id| self.document.templates.get(id.trim()));
            let Some(template) = found else {
                drawing.canvas.leave_out(LeftOut::Object);
                continue;
            };
            let in_front = named.attribute("ZOrder").map_or(template.in_front, |order| order == "Foreground");
            templates.push((in_front, &template.path));
        }
        for (_, path) in templates.iter().filter(|(in_front, _)| !in_front) {
            self.template(package, path, drawing)?;
        }
        self.content(package, &self.root, &self.entry.path, drawing)?;
        for (_, path) in templates.iter().filter(|(in_front, _)| *in_front) {
            self.template(package, path, drawing)?;
        }
        for path in self.document.annotations.get(&self.entry.id).into_iter().flatten() {
            self.annotations(package, path, drawing)?;
        }
        let stamps = self.document.stamps.iter().filter(|stamp| stamp.page_id == self.entry.id);
        stamps.into_iter().try_for_each(|stamp| draw_stamp(stamp, drawing))
    }

    fn template(&self, package: &Package, path: &str, drawing: &mut Drawing<'_>) -> Result<(), PreviewError> {
        match open(package, path, "Page") {
            Ok(root) => self.content(package, &root, path, drawing),
            Err(_) => {
                drawing.canvas.leave_out(LeftOut::Object);
                Ok(())
            }
        }
    }

    /// The layers of a page or a template, with the resources of its own.
    fn content(
        &self,
        package: &Package,
        root: &Element,
        path: &str,
        drawing: &mut Drawing<'_>,
    ) -> Result<(), PreviewError> {
        let mut own = Resources::default();
        for (number, list) in root.children("PageRes").enumerate() {
            if number == MOST_LISTS {
                return Err(PreviewError::TooMuch { what: "lists of resources", limit: MOST_LISTS });
            }
            if !resolve(path, list.text()).is_some_and(|list| own.add(package, &list)) {
                drawing.canvas.leave_out(LeftOut::Object);
            }
        }
        let mut painter = self.painter(package, &own, drawing);
        let mut layers: Vec<_> =
            root.children("Content").flat_map(|content| content.children("Layer")).collect();
        layers.sort_by_key(|layer| match layer.attribute("Type") {
            Some("Background") => 0,
            Some("Foreground") => 2,
            _ => 1,
        });
        for layer in layers {
            let style = Style::default().overridden(layer, &painter.resources);
            painter.objects(layer, &style)?;
        }
        Ok(())
    }

    fn painter<'p>(
        &'p self,
        package: &'p Package,
        own: &'p Resources,
        drawing: &'p mut Drawing<'_>,
    ) -> Painter<'p, 'p> {
        Painter {
            canvas: drawing.canvas,
            package,
            resources: [own, &self.document.resources],
            typefaces: Typefaces::default(),
            scope: drawing.scope,
            depth: 0,
        }
    }

    /// Annotations that show (GB/T 33190 15.2), each within its own box.
    fn annotations(
        &self,
        package: &Package,
        path: &str,
        drawing: &mut Drawing<'_>,
    ) -> Result<(), PreviewError> {
        let Ok(root) = open(package, path, "PageAnnot") else {
            drawing.canvas.leave_out(LeftOut::Object);
            return Ok(());
        };
        let own = Resources::default();
        let mut painter = self.painter(package, &own, drawing);
        for annotation in root.children("Annot").filter(|annotation| flag(annotation, "Visible", true)) {
            let Some(appearance) = annotation.child("Appearance") else { continue };
            let at = appearance.attribute("Boundary").and_then(rect);
            let at = at.map_or(Matrix::IDENTITY, |at| Matrix::IDENTITY.moved(at.x, at.y));
            painter.canvas.group(at, alpha(appearance));
            painter.objects(appearance, &Style::default())?;
            painter.canvas.end();
        }
        Ok(())
    }
}

/// Draws the picture of a seal into its place.
fn draw_stamp(stamp: &Stamp, drawing: &mut Drawing<'_>) -> Result<(), PreviewError> {
    drawing.canvas.step()?;
    let Rect { x, y, width, height } = stamp.boundary;
    let Some(picture) = &stamp.picture else {
        drawing.canvas.leave_out(LeftOut::Seal);
        return Ok(());
    };
    drawing.canvas.group(Matrix::IDENTITY.moved(x, y), 255);
    if let Some(clip) = stamp.clip {
        drawing.canvas.clip_to(clip);
    }
    if picture.starts_with(b"PK") {
        inner_document(stamp, picture, drawing)?;
    } else {
        let bytes = picture.as_slice();
        let placed = Matrix::IDENTITY.scaled(width, height);
        drawing.canvas.picture(format!("seal {}", stamp.signature), placed, || Some(bytes));
    }
    for _ in 0..=usize::from(stamp.clip.is_some()) {
        drawing.canvas.end();
    }
    Ok(())
}

/// The picture of a seal may be an OFD document itself: its first page, without seals of its own.
fn inner_document(stamp: &Stamp, bytes: &[u8], drawing: &mut Drawing<'_>) -> Result<(), PreviewError> {
    let limits = drawing.canvas.limits().of_a_seal();
    let known = drawing.inner.contains_key(&stamp.signature);
    if drawing.inner_drawn == MOST_INNER_DRAWN || !known && drawing.inner.len() == MOST_INNER {
        drawing.canvas.leave_out(LeftOut::Seal);
        return Ok(());
    }
    drawing.inner_drawn += 1;
    let next = u32::try_from(drawing.inner.len()).unwrap_or(u32::MAX).saturating_add(1);
    let (scope, opened) = drawing.inner.entry(stamp.signature.clone()).or_insert_with(|| {
        let no_seals: ReadSeal = |_| None;
        (next, OfdPages::open(bytes, no_seals, &limits).ok().map(Rc::new))
    });
    let (scope, opened) = (*scope, opened.clone());
    let page = opened.as_ref().and_then(|pages| pages.page(0).ok());
    let (Some(pages), Some(page)) = (&opened, page) else {
        drawing.canvas.leave_out(LeftOut::Seal);
        return Ok(());
    };
    let paper = page.paper();
    let Rect { width, height, .. } = stamp.boundary;
    let fitted =
        Matrix::IDENTITY.scaled(width / paper.width, height / paper.height).moved(-paper.x, -paper.y);
    drawing.canvas.group(fitted, 255);
    let outer = std::mem::replace(&mut drawing.scope, scope);
    let drawn = pages.draw(&page, drawing);
    drawing.scope = outer;
    drawing.canvas.end();
    drawn
}
