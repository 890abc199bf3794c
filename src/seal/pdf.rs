//! Signed PDF (ISO 32000-1, 12.8): a seal's picture in a signature field, and behind it a signature in the form that
//! the platform's readers know.
//!
//! A signature is an incremental update, so that what was there stays byte for byte and signatures can be stacked. It
//! covers the whole file but the hexadecimal digits that hold the signature itself.

mod appearance;
mod container;
mod form;
mod placement;
mod profile;
mod reading;
mod sign;
mod signed_data;
mod signer;
mod update;
mod verify;

pub use appearance::SealPicture;
pub use profile::{Container, PdfSignatureProfile, Sm2Identifier};
pub use sign::sign;
pub use signer::{InternationalSigner, PdfSigner};
pub use verify::verify;

/// How a PDF file begins.
pub const MAGIC: &[u8] = b"%PDF-";

#[cfg(test)]
mod tests;
