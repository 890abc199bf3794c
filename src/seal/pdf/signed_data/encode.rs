//! Writing SignedData as DER.

use der::asn1::{AnyRef, UtcTime};
use der::oid::ObjectIdentifier;
use der::{Encode, Tag};
use jiff::Timestamp;

use super::{CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE_V2, SIGNING_TIME, TAG_0};
use crate::crypto::certificate::Certificate;
use crate::crypto::digest::DigestAlgorithm;

/// A value of that tag whose content are the parts, one behind the other.
pub fn value(tag: Tag, parts: &[&[u8]]) -> der::Result<Vec<u8>> {
    AnyRef::new(tag, &parts.concat())?.to_der()
}

/// AlgorithmIdentifier. `null` writes NULL as parameters, as RSA wants it (RFC 4055), instead of none.
pub fn algorithm_identifier(oid: ObjectIdentifier, null: bool) -> der::Result<Vec<u8>> {
    let parameters = if null { value(Tag::Null, &[])? } else { Vec::new() };
    value(Tag::Sequence, &[&oid.to_der()?, &parameters])
}

/// What goes into SignedData beside its two kinds.
pub struct Parts<'a> {
    /// The identifier of the whole, and of what is signed.
    pub kinds: (ObjectIdentifier, ObjectIdentifier),
    /// What is signed, where it stands inside.
    pub content: Option<&'a [u8]>,
    pub digest: DigestAlgorithm,
    /// The signer's first.
    pub certificates: &'a [&'a Certificate],
    /// The signed attributes, sorted and without their tag.
    pub attributes: Option<&'a [u8]>,
    /// AlgorithmIdentifier of the signature.
    pub algorithm: &'a [u8],
    pub signature: &'a [u8],
}

/// ContentInfo with SignedData.
pub fn signed_data(parts: &Parts<'_>) -> der::Result<Vec<u8>> {
    let version = 1_u8.to_der()?;
    let digest = algorithm_identifier(parts.digest.oid(), false)?;
    let (kind, content_type) = parts.kinds;

    let mut encapsulated = content_type.to_der()?;
    if let Some(content) = parts.content {
        encapsulated.extend(value(TAG_0, &[&value(Tag::OctetString, &[content])?])?);
    }
    let certificates: Vec<&[u8]> = parts.certificates.iter().map(|certificate| certificate.der()).collect();
    let (issuer, serial) = match parts.certificates.first() {
        Some(signer) => signer.issuer_and_serial_der()?,
        None => return Err(Tag::Sequence.value_error().into()),
    };
    let attributes = match parts.attributes {
        Some(attributes) => value(TAG_0, &[attributes])?,
        None => Vec::new(),
    };
    let signer = value(
        Tag::Sequence,
        &[
            &version,
            &value(Tag::Sequence, &[&issuer, &serial])?,
            &digest,
            &attributes,
            parts.algorithm,
            &value(Tag::OctetString, &[parts.signature])?,
        ],
    )?;
    let data = value(
        Tag::Sequence,
        &[
            &version,
            &value(Tag::Set, &[&digest])?,
            &value(Tag::Sequence, &[&encapsulated])?,
            &value(TAG_0, &certificates)?,
            &value(Tag::Set, &[&signer])?,
        ],
    )?;
    value(Tag::Sequence, &[&kind.to_der()?, &value(TAG_0, &[&data])?])
}

/// What the signed attributes say.
pub struct Attributes<'a> {
    pub content_type: ObjectIdentifier,
    pub message_digest: &'a [u8],
    /// Left out where another place has it.
    pub signing_time: Option<Timestamp>,
    /// Ties the signature to this certificate (RFC 5035), with its digest.
    pub signing_certificate: Option<(&'a Certificate, DigestAlgorithm)>,
}

impl Attributes<'_> {
    /// The content of the SET, sorted as DER wants it (X.690, 11.6).
    pub fn to_der(&self) -> der::Result<Vec<u8>> {
        let attribute = |kind: ObjectIdentifier, content: &[u8]| {
            value(Tag::Sequence, &[&kind.to_der()?, &value(Tag::Set, &[content])?])
        };
        let mut attributes = vec![
            attribute(CONTENT_TYPE, &self.content_type.to_der()?)?,
            attribute(MESSAGE_DIGEST, &value(Tag::OctetString, &[self.message_digest])?)?,
        ];
        if let Some(at) = self.signing_time {
            let seconds = u64::try_from(at.as_second()).map_err(|_| der::ErrorKind::DateTime)?;
            let time = UtcTime::from_unix_duration(std::time::Duration::from_secs(seconds))?;
            attributes.push(attribute(SIGNING_TIME, &time.to_der()?)?);
        }
        if let Some((certificate, algorithm)) = self.signing_certificate {
            let hash = value(Tag::OctetString, &[&algorithm.digest(&[certificate.der()])])?;
            // SHA-256 is the default, which DER leaves out.
            let named = match algorithm {
                DigestAlgorithm::Sha256 => Vec::new(),
                other => algorithm_identifier(other.oid(), false)?,
            };
            let id = value(Tag::Sequence, &[&named, &hash])?;
            let certificates = value(Tag::Sequence, &[&value(Tag::Sequence, &[&id])?])?;
            attributes.push(attribute(SIGNING_CERTIFICATE_V2, &certificates)?);
        }
        attributes.sort();
        Ok(attributes.concat())
    }
}
