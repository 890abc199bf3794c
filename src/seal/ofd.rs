//! Sealing a finished OFD package.

use jiff::Timestamp;

use super::agreement::{self, Disagreement};
use super::fields::FieldError;
use super::sealer::Sealer;
use super::ses::{SesSignature, encode};
use super::signature_file::{self, SEAL, SIGNATURE, SIGNATURES, SIGNED_VALUE};
use super::signer::Signer;
use super::stamp::Stamp;
use crate::crypto::sm3;
use crate::document::ofd::element::{Element, XmlError, resolve};
use crate::document::ofd::package::{Package, PackageError};

/// Why a document is not sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("`{path}`: the package has no such file")]
    Missing { path: String },
    #[error("`{path}`: {fault}")]
    Xml { path: String, fault: XmlError },
    #[error("OFD.xml: expected one document whose `Signatures` is `/Doc_0/Signs/Signatures.xml`")]
    NotPrepared,
    #[error("the package has `{path}` already; it is sealed or half sealed")]
    AlreadySealed { path: String },
    #[error("a seal needs at least one place on a page")]
    NoStamp,
    #[error("the seal is to stand on page {page_id}, which the document does not have")]
    UnknownPage { page_id: u32 },
    #[error("the seal and its signer are valid from {from} until {until}, not at {at}")]
    OutsideValidity { from: Timestamp, until: Timestamp, at: Timestamp },
    #[error("the signer failed")]
    Signer(#[source] anyhow::Error),
    #[error("the finished signature does not pass its own check: {0}")]
    Disagreement(#[from] Disagreement),
    #[error("the finished signature cannot be read back: {0}")]
    Unreadable(#[from] FieldError),
    #[error("the finished signature does not contain what was signed")]
    Altered,
    #[error("the signature cannot be encoded: {0}")]
    Encoding(#[from] der::Error),
    #[error("the signature cannot be written: {0}")]
    Writing(#[from] std::fmt::Error),
    #[error(transparent)]
    Package(#[from] PackageError),
}

/// Seals a package and zips it.
///
/// The package is finished otherwise: whatever is altered later breaks the seal. Its OFD.xml names
/// `/Doc_0/Signs/Signatures.xml` already, because OFD.xml itself is covered by the seal. All files are, but for the list
/// of signatures, so that further signatures stay possible, and the two files that hold the signature.
///
/// # Errors
/// When the package is not ready for a seal, when the seal or its signer is not valid at that time, when the signer fails,
/// or when the second implementation of SM2 does not accept the result.
pub fn seal(
    mut package: Package,
    sealer: &Sealer,
    stamps: &[Stamp],
    at: Timestamp,
) -> Result<Vec<u8>, SealError> {
    check(&package, sealer, stamps, at)?;
    press(&mut package, sealer.seal_der(), sealer.signer(), stamps, at)?;
    Ok(package.to_zip()?)
}

/// Adds the files of the signature.
pub(super) fn press(
    package: &mut Package,
    seal: &[u8],
    signer: &dyn Signer,
    stamps: &[Stamp],
    at: Timestamp,
) -> Result<(), SealError> {
    package.put(SIGNATURES, signature_file::signatures(stamps.len()));
    package.put(SEAL, seal);
    let references = package
        .files()
        .filter(|(path, _)| *path != SIGNATURES)
        .map(|(path, bytes)| (path, sm3::digest(bytes)));
    let signature_file = signature_file::signature(references, stamps, at)?.into_bytes();

    let data_hash = sm3::digest(&signature_file);
    let to_sign = encode::to_sign(seal, at, &data_hash, &format!("/{SIGNATURE}"))?;
    let signature = signer.sign(&to_sign).map_err(SealError::Signer)?.to_der();
    let signed_value = encode::signature(&to_sign, signer.certificate().der(), &signature)?;
    approve(&signed_value, &data_hash, seal, signer)?;
    package.put(SIGNATURE, signature_file);
    package.put(SIGNED_VALUE, signed_value);
    Ok(())
}

fn check(package: &Package, sealer: &Sealer, stamps: &[Stamp], at: Timestamp) -> Result<(), SealError> {
    if let Some((path, _)) = package.files().find(|(path, _)| path.starts_with("Doc_0/Signs/")) {
        return Err(SealError::AlreadySealed { path: path.to_owned() });
    }
    let (from, until) = sealer.validity();
    if at < from || at > until {
        return Err(SealError::OutsideValidity { from, until, at });
    }
    if stamps.is_empty() {
        return Err(SealError::NoStamp);
    }
    let ofd = parse(package, "OFD.xml", "OFD")?;
    let prepared = |body: &&Element| {
        body.child_text("Signatures").and_then(|location| resolve("OFD.xml", location)).as_deref()
            == Some(SIGNATURES)
    };
    let mut bodies = ofd.children("DocBody").filter(prepared);
    let (Some(body), None) = (bodies.next(), bodies.next()) else { return Err(SealError::NotPrepared) };
    let root = body.child_text("DocRoot").and_then(|location| resolve("OFD.xml", location));
    let document = parse(package, &root.ok_or(SealError::NotPrepared)?, "Document")?;
    let pages: Vec<_> = document
        .children("Pages")
        .flat_map(|pages| pages.children("Page"))
        .filter_map(|page| page.attribute("ID"))
        .collect();
    match stamps.iter().find(|stamp| !pages.contains(&stamp.page_id.to_string().as_str())) {
        Some(stamp) => Err(SealError::UnknownPage { page_id: stamp.page_id }),
        None => Ok(()),
    }
}

fn parse(package: &Package, path: &str, root: &'static str) -> Result<Element, SealError> {
    let bytes = package.file(path).ok_or_else(|| SealError::Missing { path: path.to_owned() })?;
    Element::parse(bytes, root).map_err(|fault| SealError::Xml { path: path.to_owned(), fault })
}

/// Reads the finished bytes back and has both implementations of SM2 verify the signature. The seal inside must be, byte
/// for byte, the one whose own signature both accepted when the [`Sealer`] was made.
fn approve(signed_value: &[u8], data_hash: &[u8], seal: &[u8], signer: &dyn Signer) -> Result<(), SealError> {
    let read = SesSignature::from_der(signed_value)?;
    let certificate = signer.certificate();
    let unaltered =
        read.seal.der == seal && read.certificate == certificate.der() && read.data_hash == data_hash;
    if !unaltered {
        return Err(SealError::Altered);
    }
    Ok(agreement::verify(certificate, read.to_sign, read.signature)?)
}

#[cfg(test)]
mod tests;
