//! What looking at a file may cost.

use crate::document::ofd::package;

/// The defaults are ten times what any letter needs.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of the file.
    pub file_bytes: usize,
    /// Of the unpacked package of an OFD file.
    pub package: package::Limits,
    pub pages: usize,
    /// Objects and characters that are drawn on one page of an OFD file, however often a template or a composite repeats
    /// them.
    pub steps: usize,
    /// Of the picture of one page.
    pub picture_bytes: usize,
    /// Pixels of one embedded picture, which a browser unpacks.
    pub picture_pixels: u64,
    /// The longer side of the picture of a PDF page.
    pub side_pixels: u16,
    /// Dots per inch of the picture of a PDF page, where its side allows.
    pub dpi: u16,
}

impl Limits {
    /// The same for a document inside a seal, which is a picture and no letter.
    pub(super) fn of_a_seal(&self) -> Self {
        let package = package::Limits {
            archive_bytes: 4 << 20,
            entries: 128,
            file_bytes: 8 << 20,
            total_bytes: 8 << 20,
            ..self.package
        };
        Self { package, pages: 16, ..*self }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 32 << 20,
            package: package::Limits {
                entries: 1_024,
                file_bytes: 32 << 20,
                total_bytes: 96 << 20,
                ..package::Limits::default()
            },
            pages: 500,
            steps: 200_000,
            picture_bytes: 24 << 20,
            picture_pixels: 40_000_000,
            side_pixels: 3_000,
            dpi: 132,
        }
    }
}
