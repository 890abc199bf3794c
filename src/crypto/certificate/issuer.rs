//! A small certification authority for demonstrations and tests. Real certificates come from a licensed authority.

use std::time::Duration;

use ::sm2::dsa::signature::Keypair;
use anyhow::Context;
use der::asn1::{Any, BitString, OctetString, PrintableStringRef, SetOfVec, Utf8StringRef};
use der::oid::db::rfc4519;
use der::{Decode, Document, Encode};
use jiff::Timestamp;
use spki::{
    AlgorithmIdentifierOwned, DynSignatureAlgorithmIdentifier, EncodePublicKey, ObjectIdentifier,
    SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef,
};
use x509_cert::TbsCertificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder, CertificateBuilder};
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, KeyUsage, KeyUsages, SubjectKeyIdentifier,
};
use x509_cert::ext::{Extension, ToExtension};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;

use super::Certificate;
use crate::crypto::signature_algorithm::SignatureAlgorithm;
use crate::crypto::sm2::{PrivateKey, PublicKey};
use crate::crypto::{international, sm3};

/// Whom a certificate is about; the country is always CN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    pub common_name: String,
    pub organization: String,
}

impl Subject {
    fn to_name(&self) -> der::Result<Name> {
        let attribute = |oid: ObjectIdentifier, value: Any| {
            let mut set = SetOfVec::new();
            set.insert(AttributeTypeAndValue { oid, value })?;
            der::Result::Ok(set)
        };
        let relative = vec![
            attribute(rfc4519::COUNTRY_NAME, Any::encode_from(&PrintableStringRef::new("CN")?)?)?,
            attribute(
                rfc4519::ORGANIZATION_NAME,
                Any::encode_from(&Utf8StringRef::new(&self.organization)?)?,
            )?,
            attribute(rfc4519::COMMON_NAME, Any::encode_from(&Utf8StringRef::new(&self.common_name)?)?)?,
        ];
        Name::from_der(&relative.to_der()?)
    }
}

/// From when to when a certificate is valid; fractions of seconds are cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

impl Validity {
    fn to_x509(self) -> anyhow::Result<x509_cert::time::Validity> {
        let time = |instant: Timestamp| {
            let seconds =
                u64::try_from(instant.as_second()).context("validity: expected a time after 1970")?;
            let time = der::DateTime::from_unix_duration(Duration::from_secs(seconds))?;
            anyhow::Ok(x509_cert::time::Time::from(time))
        };
        Ok(x509_cert::time::Validity::new(time(self.not_before)?, time(self.not_after)?))
    }
}

/// A certification authority: its certificate and the key that signs for it.
pub struct Issuer {
    pub(super) certificate: Certificate,
    pub(super) key: PrivateKey,
}

impl Issuer {
    /// Makes a root: a certificate that its own key signs and that may issue end certificates, but no further authority.
    ///
    /// # Errors
    /// When the subject or the validity cannot be encoded.
    pub fn self_signed(subject: &Subject, key: PrivateKey, validity: Validity) -> anyhow::Result<Self> {
        let subject = subject.to_name()?;
        let purpose = Purpose::Authority;
        let certificate = issue(&key, &subject, &subject, &key.public_key(), validity, purpose)?;
        Ok(Self { certificate, key })
    }

    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Issues a certificate for a key that signs documents (GB/T 20518: digitalSignature and nonRepudiation).
    ///
    /// # Errors
    /// When the subject or the validity cannot be encoded.
    pub fn issue(
        &self,
        subject: &Subject,
        key: &PublicKey,
        validity: Validity,
    ) -> anyhow::Result<Certificate> {
        let issuer = self.certificate.parsed.tbs_certificate().subject();
        issue(&self.key, issuer, &subject.to_name()?, key, validity, Purpose::Signature)
    }
}

#[derive(Clone, Copy)]
enum Purpose {
    Authority,
    Signature,
}

/// A certificate for documents that its own RSA or ECDSA key signs: for demonstrations and tests, where nobody else
/// vouches for the key.
///
/// # Errors
/// When the subject or the validity cannot be encoded.
pub fn self_issued(
    subject: &Subject,
    key: &international::PrivateKey,
    validity: Validity,
) -> anyhow::Result<Certificate> {
    let spki = key.public_spki_der()?;
    let name = subject.to_name()?;
    let identifier: Vec<u8> = sm3::digest(&spki).into_iter().take(20).collect();
    let profile = Profile {
        issuer: name.clone(),
        subject: name,
        subject_key: identifier.clone(),
        issuer_key: identifier,
        purpose: Purpose::Signature,
    };
    let signer =
        Described { algorithm: algorithm_identifier(key.algorithm()), public_key: EncodedKey(spki.clone()) };
    build(profile, &spki, validity, &signer, |body| key.sign(body))
}

fn issue(
    signer: &PrivateKey,
    issuer: &Name,
    subject: &Name,
    key: &PublicKey,
    validity: Validity,
    purpose: Purpose,
) -> anyhow::Result<Certificate> {
    let profile = Profile {
        issuer: issuer.clone(),
        subject: subject.clone(),
        subject_key: key_identifier(key),
        issuer_key: key_identifier(&signer.public_key()),
        purpose,
    };
    // The library's own way would write the signature as `r‖s`; certificates carry it in DER.
    build(profile, &key.to_spki_der(), validity, &signer.signing_key()?, |body| {
        Ok(signer.sign(body).to_der())
    })
}

fn build<S>(
    profile: Profile,
    subject_key: &[u8],
    validity: Validity,
    described: &S,
    sign: impl FnOnce(&[u8]) -> anyhow::Result<Vec<u8>>,
) -> anyhow::Result<Certificate>
where
    S: Keypair<VerifyingKey: EncodePublicKey> + DynSignatureAlgorithmIdentifier,
{
    let serial = SerialNumber::generate(&mut rand::rng());
    let info = SubjectPublicKeyInfoOwned::from_der(subject_key)?;
    let mut builder = CertificateBuilder::new(profile, serial, validity.to_x509()?, info)?;
    let body = builder.finalize(described)?;
    let certificate = builder.assemble(BitString::from_bytes(&sign(&body)?)?, described)?;
    Ok(Certificate::from_der(&certificate.to_der()?)?)
}

/// RFC 5280, 4.2.1.2 suggests SHA-1 and leaves the choice free; this is SM3, cut to the same length.
fn key_identifier(key: &PublicKey) -> Vec<u8> {
    key.fingerprint().into_iter().take(20).collect()
}

/// RFC 4055 5 wants NULL as the parameters of RSA, RFC 5758 3.2 wants none for ECDSA.
fn algorithm_identifier(algorithm: SignatureAlgorithm) -> AlgorithmIdentifierOwned {
    let rsa = matches!(algorithm, SignatureAlgorithm::RsaPkcs1(_));
    AlgorithmIdentifierOwned { oid: algorithm.oid(), parameters: rsa.then(Any::null) }
}

/// A signer as the builder wants it described: by its algorithm and its public key.
struct Described {
    algorithm: AlgorithmIdentifierOwned,
    public_key: EncodedKey,
}

/// `SubjectPublicKeyInfo` in DER.
#[derive(Clone)]
struct EncodedKey(Vec<u8>);

impl Keypair for Described {
    type VerifyingKey = EncodedKey;

    fn verifying_key(&self) -> EncodedKey {
        self.public_key.clone()
    }
}

impl DynSignatureAlgorithmIdentifier for Described {
    fn signature_algorithm_identifier(&self) -> spki::Result<AlgorithmIdentifierOwned> {
        Ok(self.algorithm.clone())
    }
}

impl EncodePublicKey for EncodedKey {
    fn to_public_key_der(&self) -> spki::Result<Document> {
        Ok(Document::try_from(self.0.as_slice())?)
    }
}

/// What the builder asks for.
struct Profile {
    issuer: Name,
    subject: Name,
    subject_key: Vec<u8>,
    issuer_key: Vec<u8>,
    purpose: Purpose,
}

impl BuilderProfile for Profile {
    fn get_issuer(&self, _: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        _: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        body: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        let (constraints, usage) = match self.purpose {
            Purpose::Authority => (
                BasicConstraints { ca: true, path_len_constraint: Some(0) },
                KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign),
            ),
            Purpose::Signature => (
                BasicConstraints { ca: false, path_len_constraint: None },
                KeyUsage(KeyUsages::DigitalSignature | KeyUsages::NonRepudiation),
            ),
        };
        let subject_key = SubjectKeyIdentifier(OctetString::new(self.subject_key.as_slice())?);
        let issuer_key = AuthorityKeyIdentifier {
            key_identifier: Some(OctetString::new(self.issuer_key.as_slice())?),
            ..AuthorityKeyIdentifier::default()
        };
        let subject = body.subject();
        Ok(vec![
            constraints.to_extension(subject, &[])?,
            usage.to_extension(subject, &[])?,
            subject_key.to_extension(subject, &[])?,
            issuer_key.to_extension(subject, &[])?,
        ])
    }
}
