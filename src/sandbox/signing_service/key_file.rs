//! A key as PEM, and the numbers of a signature: as much ASN.1 as a simulated signing service needs.

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::crypto::second_opinion::KeyPair;

/// Within PKCS#8 and SEC 1 alike, what stands before the 32 bytes of the number: the version 1, and an octet string.
const BEFORE_NUMBER: [u8; 5] = [0x02, 0x01, 0x01, 0x04, 0x20];

/// Reads a private key as `openssl` and `baohan keys` write it (PKCS#8 or SEC 1, without a password).
///
/// # Errors
/// When the text holds no such key.
pub fn read(pem: &str) -> anyhow::Result<KeyPair> {
    let body = pem.split_once("PRIVATE KEY-----").and_then(|(_, rest)| rest.split_once("-----END"));
    let number = body.and_then(|(body, _)| {
        let text: String = body.split_whitespace().collect();
        let der = BASE64.decode(text).ok()?;
        let at = der.windows(BEFORE_NUMBER.len()).position(|window| window == BEFORE_NUMBER)?;
        der.get(at + BEFORE_NUMBER.len()..)?.first_chunk::<32>().copied()
    });
    let number = number.context("expected an SM2 private key as PEM, without a password")?;
    Ok(KeyPair::from_private_bytes(&number)?)
}

/// `r‖s` of DER, SEQUENCE { r INTEGER, s INTEGER }.
pub(super) fn numbers(der: &[u8]) -> Option<[u8; 64]> {
    let (_, body) = der.split_at_checked(2)?;
    let (first, rest) = number(body)?;
    let (second, _) = number(rest)?;
    [first, second].concat().try_into().ok()
}

/// An INTEGER as 32 bytes, and what stands behind it.
fn number(der: &[u8]) -> Option<([u8; 32], &[u8])> {
    let [0x02, length, rest @ ..] = der else { return None };
    let (digits, rest) = rest.split_at_checked(usize::from(*length))?;
    let mut padded = [0; 32];
    let significant = digits.strip_prefix(&[0]).unwrap_or(digits);
    let start = padded.len().checked_sub(significant.len())?;
    padded.iter_mut().skip(start).zip(significant).for_each(|(to, from)| *to = *from);
    Some((padded, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::second_opinion;
    use crate::crypto::sm2::PrivateKey;

    #[test]
    fn a_key_is_read_from_pem_and_a_signature_taken_apart() {
        let key = PrivateKey::generate();
        let pair = read(&key.to_pem()).unwrap();
        assert_eq!(pair.public_sec1(), key.public_key().to_sec1());
        assert!(read("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----").is_err());
        // A number is shorter than the others now and then.
        for round in 0..64_u8 {
            let raw = numbers(&pair.sign(&[round]).unwrap()).unwrap();
            assert_eq!(second_opinion::verify_raw(&pair.public_sec1(), &[round], &raw), Ok(()));
        }
    }
}
