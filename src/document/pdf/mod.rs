//! PDF: for platforms and readers that do not take OFD.
#![expect(clippy::disallowed_types, reason = "positions on a page are measured")]

mod pdf_a;
#[cfg(feature = "printpdf")]
mod printpdf;

use serde::Deserialize;

use super::SealPlace;
use super::ofd::Metadata;
pub(super) use pdf_a::write as archival;
#[cfg(feature = "printpdf")]
pub(super) use printpdf::write as by_printpdf;

/// A PDF file without a signature.
pub struct PdfDocument {
    pub bytes: Vec<u8>,
    pub page_size_mm: (f64, f64),
    /// As in [`OfdDocument`](super::press::OfdDocument): from the top left corner, while PDF itself measures from the
    /// bottom left one. Never empty.
    pub seal_places: Vec<SealPlace>,
}

/// Who writes PDF files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PdfWriter {
    /// PDF/A-2b by typst-pdf.
    #[default]
    Typst,
    /// PDF 1.7 by printpdf, if the program was built with the cargo feature `printpdf`.
    Printpdf,
}

impl PdfWriter {
    pub(super) fn check(self) -> anyhow::Result<()> {
        if self == Self::Printpdf && !cfg!(feature = "printpdf") {
            anyhow::bail!("pdf_writer: expected `typst`, found `printpdf`: {ABSENT}");
        }
        Ok(())
    }
}

const ABSENT: &str = "this program was built without the cargo feature `printpdf`";

#[cfg(not(feature = "printpdf"))]
pub(super) fn by_printpdf(
    _list: &super::display_list::DisplayList,
    _metadata: &Metadata,
) -> Result<Vec<u8>, super::DocumentError> {
    Err(super::DocumentError::Pdf(ABSENT.to_owned()))
}

/// The program that a file names as its maker.
fn creator() -> String {
    format!("baohan-gateway {}", env!("CARGO_PKG_VERSION"))
}

/// PDF has no names and values of a document's own that readers show, but keywords. The metadata's custom entries are
/// public: OFD shows them too.
fn keywords(metadata: &Metadata) -> impl Iterator<Item = String> {
    metadata.custom.iter().map(|(name, value)| format!("{name}：{value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writer_that_is_not_in_the_program_stops_the_start() {
        PdfWriter::Typst.check().unwrap();
        let outcome = PdfWriter::Printpdf.check();
        if cfg!(feature = "printpdf") {
            outcome.unwrap();
        } else {
            let refusal = outcome.unwrap_err().to_string();
            assert!(refusal.contains("`printpdf`") && refusal.contains("cargo feature"), "{refusal}");
        }
    }
}
