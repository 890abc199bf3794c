//! Pages of OFD files as SVG: read leniently, because the file was sealed already and what is shown should be as much of
//! it as possible.
#![expect(clippy::disallowed_types, reason = "positions on a page are measured")]

mod colour;
mod page;
mod painter;
mod path;
mod resources;
mod skeleton;
mod stamps;
mod style;
mod text;
mod typeface;
mod values;

use self::page::{Drawing, Page};
use self::skeleton::{Document, PageEntry};
use super::canvas::Canvas;
use super::{Limits, PagePicture, PageSize, PreviewError, ReadSeal};
use crate::document::ofd::package::Package;

pub(super) struct OfdPages {
    package: Package,
    documents: Vec<Document>,
    pages: Vec<PageEntry>,
    limits: Limits,
}

impl OfdPages {
    pub(super) fn open(bytes: &[u8], read_seal: ReadSeal, limits: &Limits) -> Result<Self, PreviewError> {
        let package = Package::from_zip(bytes, &limits.package)?;
        let (documents, pages) = skeleton::read(&package, read_seal, limits.pages)?;
        Ok(Self { package, documents, pages, limits: *limits })
    }

    pub(super) fn count(&self) -> usize {
        self.pages.len()
    }

    pub(super) fn size(&self, index: usize) -> Result<PageSize, PreviewError> {
        let paper = self.page(index)?.paper();
        Ok(PageSize { width: tenths(paper.width), height: tenths(paper.height) })
    }

    pub(super) fn picture(&self, index: usize) -> Result<PagePicture, PreviewError> {
        let page = self.page(index)?;
        let mut canvas = Canvas::new(page.paper(), &self.limits);
        self.draw(&page, &mut Drawing::new(&mut canvas))?;
        canvas.finish()
    }

    fn page(&self, index: usize) -> Result<Page<'_>, PreviewError> {
        let absent = PreviewError::NoSuchPage { number: index.saturating_add(1), count: self.pages.len() };
        let found =
            self.pages.get(index).and_then(|entry| Some((entry, self.documents.get(entry.document)?)));
        let (entry, document) = found.ok_or(absent)?;
        Page::open(&self.package, document, entry)
    }

    fn draw(&self, page: &Page<'_>, drawing: &mut Drawing<'_>) -> Result<(), PreviewError> {
        page.draw(&self.package, drawing)
    }
}

/// Of a plausible length in millimetres, in tenths.
fn tenths(millimetres: f64) -> u32 {
    #[expect(clippy::as_conversions, reason = "the language has no other way; it saturates")]
    let tenths = (millimetres * 10.0).round() as u32;
    tenths
}
