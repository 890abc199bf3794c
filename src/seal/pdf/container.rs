//! Making what holds the signature of a PDF.

use anyhow::{Context, bail, ensure};
use der::Tag;
use der::oid::ObjectIdentifier;
use jiff::Timestamp;

use super::profile::{Container, PdfSignatureProfile, Sm2Identifier};
use super::signed_data::encode::{self, Attributes, Parts};
use super::signed_data::{CMS_DATA, CMS_SIGNED_DATA, GM_DATA, GM_SIGNED_DATA, SignedData};
use super::signer::PdfSigner;
use crate::crypto::digest::DigestAlgorithm;
use crate::crypto::signature_algorithm::SignatureAlgorithm;
use crate::seal::ses;

/// RSA without a digest, which stands in a field of its own: how most programs write it.
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// See [`Sm2Identifier::Sm2Signature`].
const SM2_SIGNATURE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301.1");

/// The file around the signature, and where in the file the signature stands.
pub struct Signed<'a> {
    /// What stands before and behind the signature.
    pub parts: [&'a [u8]; 2],
    /// The four numbers of ByteRange.
    pub range: [usize; 4],
    pub at: Timestamp,
}

/// Signs, in the container of the profile.
///
/// # Errors
/// When the signer's key does not go with the container, the signer fails, or the result cannot be read back.
pub fn make(
    profile: &PdfSignatureProfile,
    signer: &PdfSigner,
    signed: &Signed<'_>,
) -> anyhow::Result<Vec<u8>> {
    match (profile.container, signer) {
        (Container::Cms, _) => cms(profile, signer, signed),
        (Container::GmSignedData, PdfSigner::Sm2(_)) => gm_signed_data(profile, signer, signed),
        (Container::Ses, PdfSigner::Sm2(sealer)) => {
            let digest = digest_of(DigestAlgorithm::Sm3, signed);
            let digest = digest.as_slice().try_into().context("SM3 has 32 bytes")?;
            let [start, first, second, last] = signed.range;
            let protected = format!("ByteRange=[{start} {first} {second} {last}]");
            let to_sign = ses::encode::to_sign(sealer.seal_der(), signed.at, digest, &protected)?;
            let signature = signer.sign(&to_sign)?;
            Ok(ses::encode::signature(&to_sign, signer.certificate().der(), &signature)?)
        }
        (container, PdfSigner::International(_)) => {
            bail!("container `{container}`: expected an SM2 key and its seal, found an RSA or ECDSA key")
        }
    }
}

fn digest_of(algorithm: DigestAlgorithm, signed: &Signed<'_>) -> Vec<u8> {
    algorithm.digest(&signed.parts)
}

/// RFC 5652: the signature is over attributes, one of which is the digest of the document.
fn cms(profile: &PdfSignatureProfile, signer: &PdfSigner, signed: &Signed<'_>) -> anyhow::Result<Vec<u8>> {
    let digest = signer.algorithm().digest();
    let pades = profile.is_pades();
    let attributes = Attributes {
        content_type: CMS_DATA,
        message_digest: &digest_of(digest, signed),
        // PAdES has it in `M` and nowhere else (EN 319 142-1, 6.3).
        signing_time: (!pades).then_some(signed.at),
        signing_certificate: pades.then_some((signer.certificate(), digest)),
    }
    .to_der()?;
    let parts = Parts {
        kinds: (CMS_SIGNED_DATA, CMS_DATA),
        content: None,
        digest,
        certificates: &signer.certificates(),
        attributes: Some(&attributes),
        algorithm: &algorithm_identifier(profile, signer)?,
        signature: &signer.sign(&encode::value(Tag::Set, &[&attributes])?)?,
    };
    read_back(encode::signed_data(&parts)?, signer, signed)
}

/// GM/T 0010-2012 as vendors write it into PDF: what is signed is the digest of the document, without attributes.
fn gm_signed_data(
    profile: &PdfSignatureProfile,
    signer: &PdfSigner,
    signed: &Signed<'_>,
) -> anyhow::Result<Vec<u8>> {
    let content = digest_of(DigestAlgorithm::Sm3, signed);
    let parts = Parts {
        kinds: (GM_SIGNED_DATA, GM_DATA),
        content: Some(&content),
        digest: DigestAlgorithm::Sm3,
        certificates: &signer.certificates(),
        attributes: None,
        algorithm: &algorithm_identifier(profile, signer)?,
        signature: &signer.sign(&content)?,
    };
    read_back(encode::signed_data(&parts)?, signer, signed)
}

fn algorithm_identifier(profile: &PdfSignatureProfile, signer: &PdfSigner) -> der::Result<Vec<u8>> {
    match (signer.algorithm(), profile.sm2_identifier) {
        (SignatureAlgorithm::Sm2WithSm3, Sm2Identifier::Sm2Signature) => {
            encode::algorithm_identifier(SM2_SIGNATURE, false)
        }
        (SignatureAlgorithm::RsaPkcs1(_), _) => encode::algorithm_identifier(RSA_ENCRYPTION, true),
        (algorithm, _) => encode::algorithm_identifier(algorithm.oid(), false),
    }
}

/// Reads the finished bytes as a verifier would.
fn read_back(container: Vec<u8>, signer: &PdfSigner, signed: &Signed<'_>) -> anyhow::Result<Vec<u8>> {
    let read = SignedData::from_der(&container).context("the finished signature cannot be read back")?;
    ensure!(
        read.signer_certificate() == Some(signer.certificate()) && read.check_digest(&signed.parts).is_ok(),
        "the finished signature does not contain what was signed"
    );
    Ok(container)
}
