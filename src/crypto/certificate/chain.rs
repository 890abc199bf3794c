//! Whether a certificate can be trusted.

use der::oid::AssociatedOid;
use jiff::Timestamp;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};

use super::{Certificate, CertificateError};

/// Verifies that one of the trusted certificates issued `leaf`, and that both are valid at `at`.
///
/// A trusted certificate is either the issuer, which may be an intermediate one, or the leaf itself. Revocation is not
/// looked at: the lists are the certification authority's to publish and the operator's to fetch.
///
/// # Errors
/// Says which certificate fails, and why.
pub fn verify_chain(
    leaf: &Certificate,
    anchors: &[Certificate],
    at: Timestamp,
) -> Result<(), CertificateError> {
    verify_validity(leaf, at)?;
    verify_extensions(leaf)?;
    if anchors.contains(leaf) {
        return Ok(());
    }
    let issuer_name = leaf.parsed.tbs_certificate().issuer();
    let mut refused = CertificateError::UnknownIssuer { subject: leaf.subject(), issuer: leaf.issuer() };
    // Several may bear the issuer's name, when an authority has renewed its certificate.
    for anchor in anchors.iter().filter(|anchor| anchor.parsed.tbs_certificate().subject() == issuer_name) {
        match verify_issued(leaf, anchor, at) {
            Ok(()) => return Ok(()),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

fn verify_issued(leaf: &Certificate, anchor: &Certificate, at: Timestamp) -> Result<(), CertificateError> {
    if !anchor.is_ca() {
        return Err(CertificateError::NotAnIssuer { subject: anchor.subject() });
    }
    verify_validity(anchor, at)?;
    leaf.verify_signature(&anchor.public_key)
}

fn verify_validity(certificate: &Certificate, at: Timestamp) -> Result<(), CertificateError> {
    let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
    let subject = || certificate.subject();
    // The last second counts to its end.
    let end = not_after.saturating_add(jiff::SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX);
    if at < not_before {
        Err(CertificateError::NotYetValid { subject: subject(), not_before, at })
    } else if at >= end {
        Err(CertificateError::Expired { subject: subject(), not_after, at })
    } else {
        Ok(())
    }
}

/// A critical extension restricts what a certificate is for; one that is not understood might forbid this very use.
fn verify_extensions(certificate: &Certificate) -> Result<(), CertificateError> {
    let understood = [BasicConstraints::OID, KeyUsage::OID, ExtendedKeyUsage::OID];
    let extensions = certificate.parsed.tbs_certificate().extensions().into_iter().flatten();
    let mut unknown =
        extensions.filter(|extension| extension.critical && !understood.contains(&extension.extn_id));
    match unknown.next() {
        None => Ok(()),
        Some(extension) => Err(CertificateError::UnknownExtension {
            subject: certificate.subject(),
            extension: extension.extn_id.to_string(),
        }),
    }
}
