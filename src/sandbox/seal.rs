//! The value of an electronic seal (GB/T 38540-2020) as a platform reads it: libsm verifies what the signer and the maker
//! of the seal have signed. Nothing is encoded anew: signatures run over slices of the file.

use crate::crypto::second_opinion::{self, sm3};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const IA5_STRING: u8 = 0x16;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
/// `[0]`, which a certificate begins with if it states its version.
const VERSION: u8 = 0xa0;

/// What is wrong with a seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    #[error("结构不符合GB/T 38540")]
    Structure,
    #[error("签章原文摘要不一致")]
    Digest,
    #[error("签章者签名无效")]
    Signer,
    #[error("制章者签名无效")]
    Maker,
    #[error("签章者证书不在印章的证书列表中")]
    NotListed,
}

/// Verifies SES_Signature (6.2): that it covers this `Signature.xml`, that the signer has signed it, that the seal's maker
/// has signed the seal, and that the seal is the signer's.
///
/// # Errors
/// The first of these that is not so.
pub fn verify(value: &[u8], signature_xml: &[u8]) -> Result<(), Objection> {
    let mut outer = Reader(value);
    let mut signature = outer.enter(SEQUENCE)?;
    let to_sign = signature.take(SEQUENCE)?;
    let certificate = signature.take(OCTET_STRING)?.content;
    signature.take(OBJECT_IDENTIFIER)?;
    let signed = bits(signature.take(BIT_STRING)?.content)?;

    let mut body = Reader(to_sign.content);
    body.take(INTEGER)?;
    let mut seal = body.enter(SEQUENCE)?;
    body.take(GENERALIZED_TIME)?;
    if bits(body.take(BIT_STRING)?.content)? != sm3(signature_xml) {
        return Err(Objection::Digest);
    }
    body.take(IA5_STRING)?;
    verified(certificate, to_sign.whole, signed).ok_or(Objection::Signer)?;

    let info = seal.take(SEQUENCE)?;
    let maker = seal.take(OCTET_STRING)?.content;
    seal.take(OBJECT_IDENTIFIER)?;
    let made = bits(seal.take(BIT_STRING)?.content)?;
    verified(maker, info.whole, made).ok_or(Objection::Maker)?;
    match lists(info.content, certificate)? {
        true => Ok(()),
        false => Err(Objection::NotListed),
    }
}

/// Whether the seal's property names a certificate: by itself (`certListType` 1), or by its SM3 (2).
fn lists(info: &[u8], certificate: &[u8]) -> Result<bool, Objection> {
    let mut info = Reader(info);
    info.take(SEQUENCE)?;
    info.take(IA5_STRING)?;
    let mut property = info.enter(SEQUENCE)?;
    property.take(INTEGER)?;
    property.take(UTF8_STRING)?;
    let by_digest = property.take(INTEGER)?.content == [2];
    let mut list = property.enter(SEQUENCE)?;
    let digest = sm3(certificate);
    while !list.0.is_empty() {
        let listed = match by_digest {
            true => {
                let mut entry = list.enter(SEQUENCE)?;
                entry.any()?;
                entry.take(OCTET_STRING)?.content == digest
            }
            false => list.take(OCTET_STRING)?.content == certificate,
        };
        if listed {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `Some` if the signature (DER of two integers) belongs to the message and the certificate's key.
fn verified(certificate: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    second_opinion::verify(public_key(certificate).ok()?, message, signature).ok()
}

/// The point in a certificate's subjectPublicKeyInfo (RFC 5280, 4.1).
fn public_key(certificate: &[u8]) -> Result<&[u8], Objection> {
    let mut outer = Reader(certificate);
    let mut certificate = outer.enter(SEQUENCE)?;
    let mut body = certificate.enter(SEQUENCE)?;
    if body.0.first() == Some(&VERSION) {
        body.take(VERSION)?;
    }
    body.take(INTEGER)?;
    for _ in ["signature", "issuer", "validity", "subject"] {
        body.take(SEQUENCE)?;
    }
    let mut key = body.enter(SEQUENCE)?;
    key.take(SEQUENCE)?;
    bits(key.take(BIT_STRING)?.content)
}

/// The bytes of a bit string whose last byte is used whole.
fn bits(content: &[u8]) -> Result<&[u8], Objection> {
    content.strip_prefix(&[0]).ok_or(Objection::Structure)
}

/// One value in DER.
struct Value<'a> {
    content: &'a [u8],
    /// With tag and length.
    whole: &'a [u8],
}

/// What is left of a run of values.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn any(&mut self) -> Result<(u8, Value<'a>), Objection> {
        self.next().ok_or(Objection::Structure)
    }

    fn take(&mut self, tag: u8) -> Result<Value<'a>, Objection> {
        match self.any()? {
            (found, value) if found == tag => Ok(value),
            _ => Err(Objection::Structure),
        }
    }

    fn enter(&mut self, tag: u8) -> Result<Self, Objection> {
        Ok(Self(self.take(tag)?.content))
    }

    fn next(&mut self) -> Option<(u8, Value<'a>)> {
        let input = self.0;
        let (tag, rest) = input.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match usize::from(*first) {
            short @ 0..=0x7f => (short, rest),
            long @ 0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(long - 0x80)?;
                (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
            }
            _ => return None,
        };
        let (content, after) = rest.split_at_checked(length)?;
        let (whole, _) = input.split_at_checked(input.len() - after.len())?;
        self.0 = after;
        Some((*tag, Value { content, whole }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{MAKER, SIGNER, Seal};
    use super::*;

    const FILE: &[u8] = b"<ofd:Signature/>";

    #[test]
    fn a_sound_seal_verifies_for_its_own_file_only() {
        let value = Seal::sound().value(FILE);
        assert_eq!(verify(&value, FILE), Ok(()));
        assert_eq!(verify(&value, b"<ofd:Signature />"), Err(Objection::Digest));
    }

    #[test]
    fn a_seal_of_another_certificate_is_refused() {
        let value = Seal { listed: &MAKER, ..Seal::sound() }.value(FILE);
        assert_eq!(verify(&value, FILE), Err(Objection::NotListed));
        let value = Seal { signer: &MAKER, ..Seal::sound() }.value(FILE);
        assert_eq!(verify(&value, FILE), Err(Objection::NotListed));
    }

    #[test]
    fn a_signature_that_was_made_by_another_key_is_refused() {
        let swapped = |from: &[u8], to: &[u8]| {
            let value = Seal::sound().value(FILE);
            let at = value.windows(from.len()).rposition(|window| window == from).unwrap();
            [&value[..at], to, &value[at + from.len()..]].concat()
        };
        let (signer, maker) = (SIGNER.public_sec1(), MAKER.public_sec1());
        // The last certificate in the file is the signer's.
        assert_eq!(verify(&swapped(&signer, &maker), FILE), Err(Objection::Signer));
        assert_eq!(
            verify(&swapped(&maker, &signer), FILE),
            Err(Objection::Signer),
            "the seal is signed over"
        );
    }

    #[test]
    fn a_seal_that_its_maker_has_not_signed_is_refused() {
        let forged = Seal { maker: &SIGNER, ..Seal::sound() }.forged(&MAKER, FILE);
        assert_eq!(verify(&forged, FILE), Err(Objection::Maker));
    }

    #[test]
    fn every_truncation_is_an_objection() {
        let value = Seal::sound().value(FILE);
        for length in 0..value.len() {
            assert!(verify(&value[..length], FILE).is_err(), "{length}");
        }
    }
}
