//! Verifying sealed OFD files from anybody: integrity, coverage, and who sealed.
//!
//! Digests and signatures run over the received bytes, never over a re-encoding. Nothing in a file can make this panic.

pub(super) mod certificates;
mod coverage;
mod display;
mod files;
pub(super) mod report;
pub(super) mod seal_value;
mod signature;
mod structure;

use jiff::Timestamp;

use self::files::Files;
use self::report::Checks;
pub use self::report::{
    Check, CheckName, ContainerKind, Outcome, Report, SealReport, SecondOpinion, SignatureReport, Verdict,
};
use crate::crypto::certificate::Certificate;
use crate::document::ofd::element::has_doctype;
use crate::document::ofd::package::{Limits, Package};

/// More signatures than any honest document has; each costs some elliptic-curve arithmetic.
const MOST_SIGNATURES: usize = 64;

/// Whom the verifier believes.
#[derive(Default)]
pub struct Trust {
    /// Certificates of certification authorities. Without any, integrity is verified but nobody's identity.
    pub anchors: Vec<Certificate>,
}

/// Verifies an OFD file. `now` tells signing times that lie in the future.
pub fn verify(bytes: &[u8], trust: &Trust, now: Timestamp) -> Report {
    let mut checks = Checks::default();
    let package = match Package::from_zip(bytes, &Limits::default()) {
        Ok(package) => package,
        Err(refusal) => {
            checks.failed(CheckName::Archive, refusal);
            return Report::conclude(checks, Vec::new());
        }
    };
    checks.passed(CheckName::Archive, format!("{} files", package.files().count()));
    let mut files = Files::new(&package);

    let with_doctype: Vec<_> = package
        .files()
        .filter(|(path, bytes)| path.to_ascii_lowercase().ends_with(".xml") && has_doctype(bytes))
        .map(|(path, _)| format!("`{path}`"))
        .collect();
    if with_doctype.is_empty() {
        checks.passed(CheckName::Doctype, "none");
    } else {
        checks.failed(CheckName::Doctype, with_doctype.join(", "));
    }

    let documents = structure::read(&files, &mut checks);
    let mut signatures = Vec::new();
    let mut covered = coverage::Coverage::default();
    for document in &documents {
        covered.lists.extend(document.signatures_file.clone());
        for entry in &document.signatures {
            if signatures.len() == MOST_SIGNATURES {
                checks.failed(CheckName::Signatures, format!("more than {MOST_SIGNATURES} signatures"));
                return Report::conclude(checks, signatures);
            }
            signatures.push(signature::verify(&mut files, document, entry, trust, now, &mut covered));
        }
    }
    if !signatures.is_empty() {
        covered.check(&package, &mut checks);
    }
    Report::conclude(checks, signatures)
}

#[cfg(test)]
mod tests;
