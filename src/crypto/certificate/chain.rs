//! Whether a certificate can be trusted.

use der::oid::AssociatedOid;
use jiff::Timestamp;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};

use super::{Certificate, CertificateError};

/// More authorities between a signer and a root no authority has.
const LONGEST_PATH: usize = 5;

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
    verify_path(leaf, &[], anchors, at)
}

/// As [`verify_chain`], where the issuers between the leaf and the trusted certificate came with the signature, in any
/// order and together with others.
///
/// # Errors
/// Says which certificate fails, and why.
pub fn verify_path(
    leaf: &Certificate,
    between: &[Certificate],
    anchors: &[Certificate],
    at: Timestamp,
) -> Result<(), CertificateError> {
    let mut certificate = leaf;
    for below in 0..=LONGEST_PATH {
        verify_validity(certificate, at)?;
        verify_extensions(certificate)?;
        if anchors.contains(certificate) {
            return Ok(());
        }
        // Several may bear the issuer's name, when an authority has renewed its certificate.
        let refused = match find_issuer(certificate, anchors, below, at) {
            Ok(_) => return Ok(()),
            Err(refused) => refused,
        };
        match find_issuer(certificate, between, below, at) {
            Ok(issuer) => certificate = issuer,
            Err(CertificateError::UnknownIssuer { .. }) => return Err(refused),
            Err(error) => return Err(error),
        }
    }
    Err(CertificateError::TooLong { subject: certificate.subject() })
}

/// The one among the candidates that issued the certificate; `below` counts the authorities below it.
fn find_issuer<'a>(
    certificate: &Certificate,
    candidates: &'a [Certificate],
    below: usize,
    at: Timestamp,
) -> Result<&'a Certificate, CertificateError> {
    let name = certificate.parsed.tbs_certificate().issuer();
    let (subject, issuer) = (certificate.subject(), certificate.issuer());
    let mut refused = CertificateError::UnknownIssuer { subject, issuer };
    let named =
        |other: &&Certificate| other.parsed.tbs_certificate().subject() == name && *other != certificate;
    for candidate in candidates.iter().filter(named) {
        match verify_issued(certificate, candidate, below, at) {
            Ok(()) => return Ok(candidate),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

fn verify_issued(
    certificate: &Certificate,
    issuer: &Certificate,
    below: usize,
    at: Timestamp,
) -> Result<(), CertificateError> {
    if !issuer.is_ca() {
        return Err(CertificateError::NotAnIssuer { subject: issuer.subject() });
    }
    let constraints = issuer.parsed.tbs_certificate().get_extension::<BasicConstraints>().ok().flatten();
    let most = constraints.and_then(|(_, constraints)| constraints.path_len_constraint);
    if most.is_some_and(|most| below > usize::from(most)) {
        return Err(CertificateError::TooLong { subject: issuer.subject() });
    }
    verify_validity(issuer, at)?;
    certificate.verify_signature(&issuer.key)
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
