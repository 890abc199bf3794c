//! SignedData as PDF files hold it: RFC 5652, and GM/T 0010-2012, which is the same with other identifiers.
//!
//! ```text
//! ContentInfo ::= SEQUENCE { contentType OID, content [0] EXPLICIT SignedData }
//! SignedData  ::= SEQUENCE { version INTEGER, digestAlgorithms SET, encapContentInfo, certificates [0] IMPLICIT SET,
//!                            crls [1] IMPLICIT SET OPTIONAL, signerInfos SET OF SignerInfo }
//! SignerInfo  ::= SEQUENCE { version INTEGER, sid, digestAlgorithm, signedAttrs [0] IMPLICIT SET OPTIONAL,
//!                            signatureAlgorithm, signature OCTET STRING, unsignedAttrs [1] IMPLICIT SET OPTIONAL }
//! ```

pub mod encode;

use std::borrow::Cow;
use std::collections::HashSet;

use der::oid::ObjectIdentifier;
use der::{Tag, TagNumber};
use jiff::Timestamp;

use crate::crypto::certificate::{Certificate, SubjectKey};
use crate::crypto::der_soundness;
use crate::crypto::digest::DigestAlgorithm;
use crate::crypto::signature_algorithm::SignatureAlgorithm;
use crate::seal::agreement::{self, Disagreement};
use crate::seal::fields::{Field, FieldError, Fields};

pub const CMS_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
pub const CMS_SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
pub const GM_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.6.1.4.2.1");
pub const GM_SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.6.1.4.2.2");

pub const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
pub const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
pub const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
pub const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
const TIME_STAMP_TOKEN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.14");

/// The tag `[number]` of a constructed value.
pub const fn tagged(number: TagNumber) -> Tag {
    Tag::ContextSpecific { constructed: true, number }
}

pub const TAG_0: Tag = tagged(TagNumber(0));
const TAG_1: Tag = tagged(TagNumber(1));

/// SignedData with its one signer, as found. The slices are the received bytes.
pub struct SignedData<'a> {
    /// [`CMS_SIGNED_DATA`] or [`GM_SIGNED_DATA`].
    pub kind: ObjectIdentifier,
    /// The type of what is signed.
    content_type: ObjectIdentifier,
    /// What is signed, where it is inside: in GM/T 0010 the digest of the document.
    content: Option<&'a [u8]>,
    certificates: Vec<Certificate>,
    signer: SignerInfo<'a>,
}

struct SignerInfo<'a> {
    /// Names the signer's certificate.
    id: Field<'a>,
    digest: ObjectIdentifier,
    attributes: Option<Attributes<'a>>,
    algorithm: ObjectIdentifier,
    signature: &'a [u8],
    time_stamp: bool,
}

/// The signed attributes.
struct Attributes<'a> {
    /// As they were signed: with the tag of a SET.
    der: Vec<u8>,
    content_type: Option<ObjectIdentifier>,
    message_digest: Option<&'a [u8]>,
    signing_time: Option<Timestamp>,
}

impl<'a> SignedData<'a> {
    /// # Errors
    /// When the bytes are not exactly one SignedData of one signer.
    pub fn from_der(bytes: &'a [u8]) -> Result<Self, FieldError> {
        let mut outer = Fields::of_received("ContentInfo", bytes)?;
        let kind = outer.next("contentType")?.oid()?;
        let mut data = Fields::of("SignedData", outer.next("content")?.inner()?)?;
        outer.finish()?;
        data.next("version")?;
        data.next("digestAlgorithms")?;
        let mut encapsulated = Fields::of("encapContentInfo", data.next("encapContentInfo")?)?;
        let content_type = encapsulated.next("eContentType")?.oid()?;
        let content = encapsulated.optional()?.map(|field| field.inner()?.bytes()).transpose()?;
        encapsulated.finish()?;
        let mut certificates = Vec::new();
        let mut signers = None;
        for field in data.rest()? {
            match (field.tag(), &signers) {
                (TAG_0, None) if certificates.is_empty() => certificates = read_certificates(field)?,
                (TAG_1, None) => {}
                (_, None) => signers = Some(Fields::of_tagged("signerInfos", field, Tag::Set)?.rest()?),
                (_, Some(_)) => return Err(field.unexpected("the end of SignedData")),
            }
        }
        let signers = signers.unwrap_or_default();
        let [signer] = signers.as_slice() else {
            return Err(FieldError::FieldCount {
                structure: "signerInfos",
                expected: "1",
                found: signers.len(),
            });
        };
        Ok(Self { kind, content_type, content, certificates, signer: SignerInfo::read(*signer)? })
    }

    /// The signer's certificate, if it is here.
    pub fn signer_certificate(&self) -> Option<&Certificate> {
        let named = |certificate: &&Certificate| match self.signer.id.tag() {
            Tag::Sequence => certificate
                .issuer_and_serial_der()
                .is_ok_and(|(issuer, serial)| self.signer.id.content() == [issuer, serial].concat()),
            _ => certificate.subject_key_identifier().is_some_and(|id| self.signer.id.content() == id),
        };
        self.certificates.iter().find(named)
    }

    /// All certificates that came along.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The signed time, if there is one that can be read.
    pub fn signing_time(&self) -> Option<Timestamp> {
        self.signer.attributes.as_ref()?.signing_time
    }

    pub fn has_time_stamp(&self) -> bool {
        self.signer.time_stamp
    }

    pub fn algorithm(&self) -> Option<SignatureAlgorithm> {
        SignatureAlgorithm::from_oid(self.signer.algorithm, DigestAlgorithm::from_oid(self.signer.digest))
    }

    /// Whether what is signed is the digest of these parts of a file, one behind the other.
    ///
    /// # Errors
    /// Says what does not fit.
    pub fn check_digest(&self, parts: &[&[u8]]) -> Result<(), String> {
        let algorithm = DigestAlgorithm::from_oid(self.signer.digest)
            .ok_or_else(|| format!("the digest algorithm {} is not accepted", self.signer.digest))?;
        let digest = algorithm.digest(parts);
        if self.content.is_some_and(|content| content != digest) {
            return Err("the signed bytes were changed".to_owned());
        }
        let Some(attributes) = &self.signer.attributes else {
            // Without content and attributes the signature is over the bytes themselves, and tells whether they fit.
            return Ok(());
        };
        if attributes.content_type.is_some_and(|found| found != self.content_type) {
            return Err("the attribute contentType is not that of the content".to_owned());
        }
        let expected = match self.content {
            Some(content) => algorithm.digest(&[content]),
            None => digest,
        };
        match attributes.message_digest {
            Some(found) if found == expected => Ok(()),
            Some(_) => Err("the signed bytes were changed".to_owned()),
            None => Err("the attribute messageDigest is missing".to_owned()),
        }
    }

    /// Whether the signature is by this certificate's key; SM2 counts only if both implementations say so.
    ///
    /// # Errors
    /// Says what does not fit.
    pub fn check_signature(&self, certificate: &Certificate, parts: &[&[u8]]) -> Result<(), SignatureFault> {
        let unknown = || format!("the signature algorithm {} is not accepted", self.signer.algorithm);
        let algorithm = self.algorithm().ok_or_else(|| SignatureFault::Other(unknown()))?;
        let message: Cow<'_, [u8]> = match (&self.signer.attributes, self.content) {
            (Some(attributes), _) => attributes.der.as_slice().into(),
            (None, Some(content)) => content.into(),
            (None, None) => parts.concat().into(),
        };
        match (algorithm, certificate.key()) {
            (SignatureAlgorithm::Sm2WithSm3, SubjectKey::Sm2(_)) => {
                Ok(agreement::verify(certificate, &message, self.signer.signature)?)
            }
            (algorithm, key) => key
                .verify(algorithm, &message, self.signer.signature)
                .map_err(|fault| SignatureFault::Other(fault.to_string())),
        }
    }
}

/// Why a signature is not by a certificate's key.
#[derive(Debug, thiserror::Error)]
pub enum SignatureFault {
    /// What the two implementations of SM2 said.
    #[error(transparent)]
    Sm2(#[from] Disagreement),
    #[error("{0}")]
    Other(String),
}

/// Certificates of other algorithms and other kinds are left out; they cannot have signed.
fn read_certificates(field: Field<'_>) -> Result<Vec<Certificate>, FieldError> {
    let all = Fields::of_tagged("certificates", field, TAG_0)?.rest()?;
    Ok(all.iter().filter_map(|field| Certificate::from_der(field.der).ok()).collect())
}

/// The algorithm of an AlgorithmIdentifier. Nothing signs its parameters, and nothing here depends on them.
fn algorithm(field: Field<'_>) -> Result<ObjectIdentifier, FieldError> {
    let mut fields = Fields::of("AlgorithmIdentifier", field)?;
    let algorithm = fields.next("algorithm")?.oid()?;
    fields.optional()?;
    fields.finish()?;
    Ok(algorithm)
}

impl<'a> SignerInfo<'a> {
    fn read(field: Field<'a>) -> Result<Self, FieldError> {
        let mut fields = Fields::of("SignerInfo", field)?;
        fields.next("version")?;
        let id = fields.next("sid")?;
        let digest = algorithm(fields.next("digestAlgorithm")?)?;
        let mut next = fields.next("signatureAlgorithm")?;
        let mut attributes = None;
        if next.tag() == TAG_0 {
            attributes = Some(Attributes::read(next)?);
            next = fields.next("signatureAlgorithm")?;
        }
        let algorithm = algorithm(next)?;
        let signature = fields.next("signature")?.bytes()?;
        let mut time_stamp = false;
        if let Some(unsigned) = fields.optional()? {
            for attribute in Fields::of_tagged("unsignedAttrs", unsigned, TAG_1)?.rest()? {
                time_stamp |=
                    Fields::of("Attribute", attribute)?.next("attrType")?.oid()? == TIME_STAMP_TOKEN;
            }
        }
        fields.finish()?;
        Ok(Self { id, digest, attributes, algorithm, signature, time_stamp })
    }
}

impl<'a> Attributes<'a> {
    fn read(field: Field<'a>) -> Result<Self, FieldError> {
        // RFC 5652, 5.3: signed attributes are in DER, whatever is around them.
        if !der_soundness::is_ordered(field.content()) {
            return Err(field.unexpected("signed attributes in the order of a SET"));
        }
        let der = encode::value(Tag::Set, &[field.content()])?;
        let mut read = Self { der, content_type: None, message_digest: None, signing_time: None };
        let mut kinds = HashSet::new();
        for attribute in Fields::of_tagged("signedAttrs", field, TAG_0)?.rest()? {
            let mut attribute = Fields::of("Attribute", attribute)?;
            let kind = attribute.next("attrType")?.oid()?;
            let whole = attribute.next("attrValues")?;
            let mut values = Fields::of_tagged("attrValues", whole, Tag::Set)?;
            attribute.finish()?;
            // RFC 5652, 5.3 and 11: each attribute once, and these with one value.
            if !kinds.insert(kind) {
                return Err(whole.unexpected("each signed attribute once"));
            }
            match kind {
                CONTENT_TYPE => read.content_type = Some(values.next("contentType")?.oid()?),
                MESSAGE_DIGEST => read.message_digest = Some(values.next("messageDigest")?.bytes()?),
                SIGNING_TIME => read.signing_time = values.next("signingTime")?.time(),
                _ => continue,
            }
            values.finish()?;
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use der::Encode;

    use super::*;

    fn attribute(kind: ObjectIdentifier, values: &[&[u8]]) -> Vec<u8> {
        let values = encode::value(Tag::Set, values).unwrap();
        encode::value(Tag::Sequence, &[&kind.to_der().unwrap(), &values]).unwrap()
    }

    fn read(attributes: &[&[u8]]) -> Result<Option<Vec<u8>>, String> {
        let whole = encode::value(TAG_0, attributes).unwrap();
        let read = Field::received(&whole).and_then(Attributes::read);
        read.map(|read| read.message_digest.map(<[u8]>::to_vec)).map_err(|fault| fault.to_string())
    }

    #[test]
    fn signed_attributes_are_read_in_one_way_only() {
        let octets = |byte: u8| encode::value(Tag::OctetString, &[&[byte; 32]]).unwrap();
        let (one, other) = (octets(1), octets(2));
        let kind = attribute(CONTENT_TYPE, &[&CMS_DATA.to_der().unwrap()]);
        let digest = attribute(MESSAGE_DIGEST, &[&one]);
        assert_eq!(read(&[&kind, &digest]), Ok(Some(vec![1; 32])));
        assert!(read(&[&digest, &kind]).unwrap_err().contains("in the order of a SET"));
        // Two digests: which of them is the document's?
        let second = attribute(MESSAGE_DIGEST, &[&other]);
        assert!(read(&[&digest, &second]).unwrap_err().contains("each signed attribute once"));
        let both = attribute(MESSAGE_DIGEST, &[&one, &other]);
        assert!(read(&[&both]).unwrap_err().contains("no more"));
    }

    #[test]
    fn parameters_of_an_algorithm_are_one_value_at_most() {
        let identifier =
            |more: &[u8]| encode::value(Tag::Sequence, &[&CMS_DATA.to_der().unwrap(), more]).unwrap();
        let read = |der: &[u8]| Field::received(der).and_then(algorithm).ok();
        assert_eq!(read(&identifier(&[])), Some(CMS_DATA));
        assert_eq!(read(&identifier(&[5, 0])), Some(CMS_DATA));
        assert_eq!(read(&identifier(&[5, 0, 5, 0])), None);
    }
}
