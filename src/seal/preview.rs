//! The pages of sealed documents as pictures, with the seals that they show.

use super::ses::{SesSeal, SesSignature};
use crate::document::preview::{Limits, Pages, PreviewError};

/// Opens a sealed OFD or a signed PDF file. Whether its seal is good is for [`verify_file`](super::verify_file) to say:
/// what a file shows is shown either way.
///
/// # Errors
/// When the file cannot be read, or is larger than the limits allow.
pub fn open(bytes: Vec<u8>, limits: &Limits) -> Result<Pages, PreviewError> {
    Pages::open(bytes, picture, limits)
}

/// The picture in a signature made with a seal, or in the seal alone.
fn picture(bytes: &[u8]) -> Option<Vec<u8>> {
    match SesSignature::from_der(bytes) {
        Ok(signature) => Some(signature.seal.picture.to_vec()),
        Err(_) => Some(SesSeal::from_der(bytes).ok()?.picture.to_vec()),
    }
}

#[cfg(test)]
mod tests;
