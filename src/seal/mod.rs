//! Electronic seals: made (GB/T 38540-2020), pressed on OFD packages (GB/T 33190-2016 18), and verified.

mod agreement;
pub mod electronic_seal;
pub mod ofd;
pub mod sealer;
pub mod ses;
mod signature_file;
pub mod signer;
pub mod stamp;
pub mod verify;
mod xml;

pub use electronic_seal::{ElectronicSeal, SealDescription, SealMaker};
pub use ofd::{SealError, seal};
pub use sealer::Sealer;
pub use signer::{LocalSigner, Signer};
pub use stamp::{Area, Millimetres, Stamp};
pub use verify::{Report, Trust, verify};

#[cfg(test)]
pub(crate) mod testing;
