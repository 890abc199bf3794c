//! The pages of a finished document as pictures for a browser, drawn from its bytes and not from the data behind them.
//!
//! An OFD page becomes SVG, a PDF page PNG. Files may come from anybody: what they may cost is bounded by [`Limits`], and
//! the SVG holds neither scripts nor references to anything outside of itself. What is in a file and not in its picture is
//! told by [`LeftOut`], because who looks at a picture takes it for the letter.

mod canvas;
mod limits;
mod ofd;
mod pdf;
mod picture_file;
#[cfg(test)]
pub(crate) mod testing;

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

pub use self::limits::Limits;
use self::ofd::OfdPages;
use self::pdf::PdfPages;
use super::ofd::element::XmlError;
use super::ofd::package::PackageError;

/// Finds the picture in a seal (SESeal) or in a signature made with one (SES_Signature); `None` for other bytes.
pub type ReadSeal = fn(&[u8]) -> Option<Vec<u8>>;

/// A document whose pages can be drawn one by one.
pub struct Pages(Kind);

enum Kind {
    Ofd(OfdPages),
    Pdf(PdfPages),
}

/// In tenths of a millimetre.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PageSize {
    pub width: u32,
    pub height: u32,
}

/// One page. The same file gives the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagePicture {
    /// `image/svg+xml` or `image/png`.
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
    /// What the page has and the picture does not show as other readers would.
    pub left_out: BTreeSet<LeftOut>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOut {
    /// Characters that neither an embedded font nor the house's draw.
    Character,
    /// Text in a font that is not embedded, drawn with the house's.
    OwnFont,
    /// A shading or a pattern; its first colour is drawn instead.
    Shading,
    /// A picture that is missing, broken, masked, too large, or of a kind that browsers do not show.
    Picture,
    /// A seal without a readable picture.
    Seal,
    /// An object or a file of the page that cannot be read.
    Object,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Character => "a character that no font draws",
            Self::OwnFont => "a font that is not embedded",
            Self::Shading => "a shading or pattern",
            Self::Picture => "a picture",
            Self::Seal => "a seal without a readable picture",
            Self::Object => "an object or file that cannot be read",
        })
    }
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    #[error(transparent)]
    Package(#[from] PackageError),
    #[error("`{path}`: {fault}")]
    Xml { path: String, fault: XmlError },
    #[error("`{path}` is missing")]
    Missing { path: String },
    #[error("`{path}`: expected {expected}")]
    Structure { path: String, expected: &'static str },
    #[error("page {number}: the document has {count}")]
    NoSuchPage { number: usize, count: usize },
    #[error("more than {limit} {what}")]
    TooMuch { what: &'static str, limit: usize },
    #[error("PDF: {0}")]
    Pdf(&'static str),
    #[error("the built-in fonts cannot be used: {0}")]
    Fonts(anyhow::Error),
}

impl Pages {
    /// Opens an OFD or a PDF file, whichever the bytes are; no page is drawn yet.
    ///
    /// # Errors
    /// When the file cannot be read, or is larger than the limits allow.
    pub fn open(bytes: Vec<u8>, read_seal: ReadSeal, limits: &Limits) -> Result<Self, PreviewError> {
        if bytes.len() > limits.file_bytes {
            return Err(PreviewError::TooMuch { what: "bytes", limit: limits.file_bytes });
        }
        let kind = if bytes.starts_with(b"%PDF-") {
            Kind::Pdf(PdfPages::open(bytes, limits)?)
        } else {
            Kind::Ofd(OfdPages::open(&bytes, read_seal, limits)?)
        };
        Ok(Self(kind))
    }

    pub fn count(&self) -> usize {
        match &self.0 {
            Kind::Ofd(pages) => pages.count(),
            Kind::Pdf(pages) => pages.count(),
        }
    }

    /// The size of a page, counted from 0. Costs far less than its picture.
    ///
    /// # Errors
    /// When there is no such page, or its file cannot be read.
    pub fn size(&self, index: usize) -> Result<PageSize, PreviewError> {
        match &self.0 {
            Kind::Ofd(pages) => pages.size(index),
            Kind::Pdf(pages) => pages.size(index),
        }
    }

    /// Draws a page, counted from 0. Takes a processor for some milliseconds, and where it is a PDF's for some tens: call
    /// it from a blocking pool.
    ///
    /// # Errors
    /// When there is no such page, it cannot be read, or drawing it takes more than the limits allow.
    pub fn picture(&self, index: usize) -> Result<PagePicture, PreviewError> {
        match &self.0 {
            Kind::Ofd(pages) => pages.picture(index),
            Kind::Pdf(pages) => pages.picture(index),
        }
    }
}
