//! Guarantee letters: from a template and data to pages, and from pages to OFD and PDF.
//!
//! A [`Letter`] says what is printed and its [`Form`] by which template. [`Press`] loads fonts and templates once.
//! [`Press::letter`] and [`Press::merged`] lay letters out with
//! Typst; [`Laid::to_ofd`] writes the pages as the files of an OFD package and [`Laid::to_pdf`] as a PDF file,
//! which the sealing room signs.

pub mod data_xml;
mod display_list;
mod error;
mod font_file;
mod fonts;
mod form;
mod letter;
pub mod ofd;
mod pdf;
mod picture;
mod press;
pub mod preview;
mod proof;
mod sample;
mod template;
#[cfg(test)]
mod tests;

pub use error::DocumentError;
pub use form::Form;
pub use letter::{Award, Issuer, Letter, LetterKind, Party, Period, Project, Section};
pub use ofd::{Attachment, Metadata};
pub use pdf::{PdfDocument, PdfWriter};
pub use press::{DocumentOptions, Laid, OfdDocument, Press, SEAL_DIAMETER_MM, SealPlace, demonstration_seal};
pub use proof::{Proof, ProofError};
