//! Certificates of signers and sealers: valid when they were used, and certified by somebody we trust.

use jiff::Timestamp;

use super::Trust;
use super::report::{CheckName, Checks};
use crate::crypto::certificate::{Certificate, verify_path};

#[derive(Clone, Copy)]
pub enum Role {
    /// At the time of sealing.
    Signer,
    /// At the time at which the seal was made.
    Sealer,
}

/// `at` is the time of use; `None` if it cannot be read. `between` came with the signature and may lead to an anchor.
pub fn check(
    role: Role,
    certificate: &Certificate,
    between: &[Certificate],
    trust: &Trust,
    at: Option<Timestamp>,
    checks: &mut Checks,
) {
    let (validity, chain) = match role {
        Role::Signer => (CheckName::SignerValidity, CheckName::SignerTrust),
        Role::Sealer => (CheckName::SealerValidity, CheckName::SealerTrust),
    };
    let (from, until) = (certificate.not_before(), certificate.not_after());
    let Some(at) = at else {
        checks.failed(validity, "the time of use cannot be read");
        return checks.failed(chain, "the time of use cannot be read");
    };
    if certificate.may_sign() {
        checks.require(validity, from <= at && at <= until, format!("{from} to {until}, used at {at}"));
    } else {
        checks.failed(validity, "keyUsage does not allow signing documents");
    }
    if trust.anchors.is_empty() {
        return checks.warned(chain, format!("no trust anchors given; issued by `{}`", certificate.issuer()));
    }
    match verify_path(certificate, between, &trust.anchors, at) {
        Ok(()) => checks.passed(chain, format!("certified by `{}`", certificate.issuer())),
        Err(fault) => checks.failed(chain, fault),
    }
}
