//! Electronic seals: made (GB/T 38540-2020), pressed on OFD packages (GB/T 33190-2016 18) and on PDF files
//! (ISO 32000-1 12.8), and verified.

mod agreement;
pub mod electronic_seal;
mod fields;
pub mod ofd;
pub mod pdf;
pub mod preview;
pub mod sealer;
pub mod ses;
mod signature_file;
pub mod signer;
pub mod stamp;
pub mod verify;

pub use electronic_seal::{ElectronicSeal, SealDescription, SealMaker};
pub use ofd::{SealError, seal};
pub use sealer::Sealer;
pub use signer::{LocalSigner, Signer};
pub use stamp::{Area, Millimetres, Stamp};
pub use verify::{Report, Trust, verify};

use jiff::Timestamp;

/// Verifies an OFD or a PDF file, whichever the bytes are.
pub fn verify_file(bytes: &[u8], trust: &Trust, now: Timestamp) -> Report {
    if bytes.starts_with(pdf::MAGIC) { pdf::verify(bytes, trust, now) } else { verify(bytes, trust, now) }
}

#[cfg(test)]
pub(crate) mod testing;
