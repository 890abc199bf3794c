//! X.509 certificates of SM2 keys (GB/T 20518-2018) and of RSA and ECDSA keys: read, verified, and issued for
//! demonstrations.

mod chain;
mod issuer;
mod subject_key;

pub use chain::{verify_chain, verify_path};
pub use issuer::{Issuer, Subject, Validity, self_issued};
pub use subject_key::SubjectKey;

use std::fmt;

use der::referenced::OwnedToRef;
use der::{Decode, Encode, Reader, SliceReader};
use jiff::Timestamp;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, SubjectKeyIdentifier};

use super::der_soundness;
use super::encoding::{decode_any, pem_blocks, to_pem};
use super::signature_algorithm::SignatureAlgorithm;
use super::sm2::PublicKey;
use super::sm3;

/// Why a certificate cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    #[error("certificate: expected X.509 in DER, PEM or Base64: {0}")]
    Malformed(String),
    #[error("certificate of `{subject}`: expected an SM2 public key, found another algorithm's")]
    NotSm2 { subject: String },
    #[error("certificate of `{subject}`: expected a public key of SM2, RSA or ECDSA (P-256, P-384, P-521)")]
    UnknownKey { subject: String },
    #[error("certificate of `{subject}`: the signature is not its issuer's")]
    Signature { subject: String },
    #[error("certificate of `{subject}`: valid from {not_before}, wanted for {at}")]
    NotYetValid { subject: String, not_before: Timestamp, at: Timestamp },
    #[error("certificate of `{subject}`: valid until {not_after}, wanted for {at}")]
    Expired { subject: String, not_after: Timestamp, at: Timestamp },
    #[error("certificate of `{subject}`: its issuer `{issuer}` is not among the trusted certificates")]
    UnknownIssuer { subject: String, issuer: String },
    #[error("certificate of `{subject}`: expected one that may issue certificates")]
    NotAnIssuer { subject: String },
    #[error("certificate of `{subject}`: expected fewer authorities below it")]
    TooLong { subject: String },
    #[error("certificate of `{subject}`: has the critical extension {extension}, which is not understood")]
    UnknownExtension { subject: String, extension: String },
}

/// A certificate. It keeps the bytes it was read from, and signatures are verified over these.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    /// The length of the outer header, and of the signed part behind it.
    signed: (usize, usize),
    parsed: x509_cert::Certificate,
    key: SubjectKey,
}

impl Certificate {
    /// Reads a certificate.
    ///
    /// # Errors
    /// When the bytes are not exactly one certificate, or its key is of an algorithm that is not known here.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        der_soundness::check(der).map_err(|error| CertificateError::Malformed(error.to_string()))?;
        let malformed = |error: der::Error| CertificateError::Malformed(error.to_string());
        let parsed = x509_cert::Certificate::from_der(der).map_err(malformed)?;
        let mut reader = SliceReader::new(der).map_err(malformed)?;
        let whole = der::Header::decode(&mut reader).map_err(malformed)?;
        let signed = reader.tlv_bytes().map_err(malformed)?.len();
        let header = der.len().saturating_sub(usize::try_from(whole.length()).map_err(malformed)?);

        let info = parsed.tbs_certificate().subject_public_key_info().owned_to_ref();
        let key = SubjectKey::from_spki(&info).ok_or_else(|| CertificateError::UnknownKey {
            subject: parsed.tbs_certificate().subject().to_string(),
        })?;
        Ok(Self { der: der.to_vec(), signed: (header, signed), parsed, key })
    }

    /// Reads the first certificate of a PEM text.
    ///
    /// # Errors
    /// As [`from_der`](Self::from_der), and when there is none.
    pub fn from_pem(pem: &str) -> Result<Self, CertificateError> {
        let blocks = pem_blocks(pem);
        let block = blocks.iter().find(|block| block.label == "CERTIFICATE");
        let missing = || CertificateError::Malformed("found no block `CERTIFICATE`".to_owned());
        Self::from_der(&block.ok_or_else(missing)?.der)
    }

    /// Reads every certificate of a PEM text, in its order.
    ///
    /// # Errors
    /// As [`from_der`](Self::from_der), for any of them.
    pub fn all_from_pem(pem: &str) -> Result<Vec<Self>, CertificateError> {
        let blocks = pem_blocks(pem);
        blocks
            .iter()
            .filter(|block| block.label == "CERTIFICATE")
            .map(|block| Self::from_der(&block.der))
            .collect()
    }

    /// Reads PEM, or Base64 or hex of DER.
    ///
    /// # Errors
    /// As [`from_der`](Self::from_der).
    pub fn from_text(text: &str) -> Result<Self, CertificateError> {
        if text.contains("-----BEGIN ") {
            return Self::from_pem(text);
        }
        let neither = || CertificateError::Malformed("found neither PEM nor Base64".to_owned());
        Self::from_der(&decode_any(text).ok_or_else(neither)?)
    }

    pub fn der(&self) -> &[u8] {
        &self.der
    }

    pub fn to_pem(&self) -> String {
        to_pem("CERTIFICATE", &self.der)
    }

    /// The subject as RFC 4514 writes it, such as `CN=某保险公司,O=某保险公司,C=CN`.
    pub fn subject(&self) -> String {
        self.parsed.tbs_certificate().subject().to_string()
    }

    /// The issuer as RFC 4514 writes it.
    pub fn issuer(&self) -> String {
        self.parsed.tbs_certificate().issuer().to_string()
    }

    /// The subject's common name, if it has one in a character set that is still used.
    pub fn subject_common_name(&self) -> Option<String> {
        let name = self.parsed.tbs_certificate().subject().common_name().ok().flatten()?;
        Some(name.value().into_owned())
    }

    /// The serial number in lower-case hex.
    pub fn serial_hex(&self) -> String {
        hex::encode(self.parsed.tbs_certificate().serial_number().as_bytes())
    }

    pub fn not_before(&self) -> Timestamp {
        timestamp(self.parsed.tbs_certificate().validity().not_before)
    }

    /// The last second of validity; a certificate without an end has the last that can be represented.
    pub fn not_after(&self) -> Timestamp {
        timestamp(self.parsed.tbs_certificate().validity().not_after)
    }

    /// The name of the issuer in DER, and the serial number in DER, by which signed data names its signer.
    ///
    /// # Errors
    /// Never for a certificate that was read.
    pub fn issuer_and_serial_der(&self) -> der::Result<(Vec<u8>, Vec<u8>)> {
        let body = self.parsed.tbs_certificate();
        Ok((body.issuer().to_der()?, body.serial_number().to_der()?))
    }

    /// The extension subjectKeyIdentifier, by which signed data may name its signer too.
    pub fn subject_key_identifier(&self) -> Option<Vec<u8>> {
        let extension =
            self.parsed.tbs_certificate().get_extension::<SubjectKeyIdentifier>().ok().flatten()?;
        Some(extension.1.0.as_bytes().to_vec())
    }

    pub fn key(&self) -> &SubjectKey {
        &self.key
    }

    /// The SM2 key.
    ///
    /// # Errors
    /// [`CertificateError::NotSm2`].
    pub fn public_key(&self) -> Result<PublicKey, CertificateError> {
        match &self.key {
            SubjectKey::Sm2(key) => Ok(key.clone()),
            SubjectKey::International(_) => Err(CertificateError::NotSm2 { subject: self.subject() }),
        }
    }

    /// Whether this certificate may issue others (basicConstraints, and keyUsage where it is present).
    pub fn is_ca(&self) -> bool {
        let body = self.parsed.tbs_certificate();
        let constraints = body.get_extension::<BasicConstraints>().ok().flatten();
        let usage = body.get_extension::<KeyUsage>();
        constraints.is_some_and(|(_, constraints)| constraints.ca)
            && usage.is_ok_and(|usage| usage.is_none_or(|(_, usage)| usage.key_cert_sign()))
    }

    /// Whether its key may sign documents: keyUsage has digitalSignature or nonRepudiation, or is absent.
    pub fn may_sign(&self) -> bool {
        let usage = self.parsed.tbs_certificate().get_extension::<KeyUsage>();
        usage.is_ok_and(|usage| {
            usage.is_none_or(|(_, usage)| usage.digital_signature() || usage.non_repudiation())
        })
    }

    /// SM3 of the certificate.
    pub fn fingerprint(&self) -> [u8; 32] {
        sm3::digest(&self.der)
    }

    /// Verifies that the holder of `issuer` signed this certificate.
    ///
    /// # Errors
    /// [`CertificateError::Signature`].
    pub fn verify_signature(&self, issuer: &SubjectKey) -> Result<(), CertificateError> {
        let stated = self.parsed.signature_algorithm().oid;
        let (header, signed) = self.signed;
        let verified = || {
            let algorithm = SignatureAlgorithm::from_oid(stated, None)?;
            let signed = self.der.get(header..header + signed)?;
            issuer.verify(algorithm, signed, self.parsed.signature().as_bytes()?).ok()
        };
        // The signed part names the algorithm too, with its parameters; the name outside is anybody's (RFC 5280, 4.1.1.2).
        let same = self.parsed.tbs_certificate().signature() == self.parsed.signature_algorithm();
        let right = same && verified().is_some();
        right.then_some(()).ok_or_else(|| CertificateError::Signature { subject: self.subject() })
    }
}

fn timestamp(time: x509_cert::time::Time) -> Timestamp {
    i64::try_from(time.to_unix_duration().as_secs())
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .unwrap_or(Timestamp::MAX)
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Certificate({}, serial {})", self.subject(), self.serial_hex())
    }
}

#[cfg(test)]
mod tests;
