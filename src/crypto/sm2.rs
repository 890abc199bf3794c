//! The elliptic-curve algorithm SM2: signatures (GB/T 32918.2) and encryption (GB/T 32918.4), over the curve of
//! GB/T 32918.5.

mod ciphertext;
mod private_key;
mod public_key;
mod signature;
mod signing_digest;

pub use ciphertext::{Form, Layout, Order};
pub use private_key::PrivateKey;
pub use public_key::PublicKey;
pub use signature::{BadSignature, Signature};

/// The user id that is part of every signature (GM/T 0009-2012, 10), unless two parties agreed on another.
pub const USER_ID: &str = "1234567812345678";

/// Why a text is not an SM2 key. Says what was found by its kind and length, and never the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error(
        "private key: expected an SM2 key as PEM, as Base64 of PKCS#8, or as Base64 or hex of 32 bytes; found {found}"
    )]
    PrivateForm { found: String },
    #[error("private key: expected it without a password; decrypt it with `openssl pkey -in FILE -out FILE`")]
    Encrypted,
    #[error("private key: expected a number in the range of the SM2 curve")]
    PrivateRange,
    #[error(
        "public key: expected an SM2 point in hex (66, 128 or 130 digits) or Base64, a SubjectPublicKeyInfo or an X.509 \
         certificate as PEM or Base64; found {found}"
    )]
    PublicForm { found: String },
    #[error("public key: expected a point of the SM2 curve")]
    OffCurve,
}

/// Says what a text is without saying it.
fn described(text: &str) -> String {
    let label = text.split_once("-----BEGIN ").and_then(|(_, after)| after.split_once("-----"));
    // Where a first line has lost its hyphens, the key stands where the label should end.
    let is_label = |label: &str| {
        label.len() <= 40 && label.bytes().all(|byte| byte == b' ' || byte.is_ascii_uppercase())
    };
    match label {
        Some((label, _)) if is_label(label) => format!("a PEM block `{label}`"),
        Some(_) => "a PEM block without a label".to_owned(),
        None => format!("{} characters of another form", text.chars().count()),
    }
}

#[cfg(test)]
mod tests;
