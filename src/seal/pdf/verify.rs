//! Verifying signed PDF files from anybody: integrity, what was changed since, and who signed.
//!
//! What a signature is in is told by its bytes, not by the names beside it. Nothing in a file can make this panic.

pub(super) mod byte_range;
mod revision;
mod signature;

use jiff::Timestamp;

use super::form::{self, SignatureField};
use super::reading;
use crate::seal::verify::report::Checks;
use crate::seal::verify::{CheckName, Report, SignatureReport, Trust};

/// More signatures than any honest document has; each may cost reading the file once more.
const MOST_SIGNATURES: usize = 16;

/// SubFilter of a time stamp over the document (ETSI EN 319 142-1, 5.4.3).
const DOCUMENT_TIME_STAMP: &[u8] = b"ETSI.RFC3161";

/// Verifies a PDF file. `now` tells signing times that lie in the future.
pub fn verify(pdf: &[u8], trust: &Trust, now: Timestamp) -> Report {
    let mut checks = Checks::default();
    let document = match reading::read(pdf) {
        Ok(document) => document,
        Err(fault) => {
            checks.failed(CheckName::Structure, fault);
            return Report::conclude(checks, Vec::new());
        }
    };
    checks.passed(CheckName::Structure, format!("{} pages", document.page_iter().count()));

    let (time_stamps, fields): (Vec<_>, Vec<_>) =
        form::signature_fields(&document).into_iter().partition(is_time_stamp);
    if fields.len() > MOST_SIGNATURES {
        checks.failed(CheckName::Signatures, format!("more than {MOST_SIGNATURES} signatures"));
        return Report::conclude(checks, Vec::new());
    }
    if fields.is_empty() {
        checks.failed(CheckName::Signatures, "the document has no signature");
        return Report::conclude(checks, Vec::new());
    }
    checks.passed(CheckName::Signatures, format!("{} signature(s)", fields.len()));
    if !time_stamps.is_empty() {
        checks.warned(CheckName::TimeStamp, "there is a time stamp; this program does not verify it");
    }

    let reaches_end = |field: &SignatureField<'_>| {
        byte_range::read(pdf, field.signature).is_ok_and(|covered| covered.end == pdf.len())
    };
    let file = signature::File { pdf, document: &document, covered_to_end: fields.iter().any(reaches_end) };
    let signatures: Vec<SignatureReport> =
        fields.iter().map(|field| signature::verify(&file, field, trust, now)).collect();
    Report::conclude(checks, signatures)
}

fn is_time_stamp(field: &SignatureField<'_>) -> bool {
    field
        .signature
        .get(b"SubFilter")
        .and_then(lopdf::Object::as_name)
        .is_ok_and(|name| name == DOCUMENT_TIME_STAMP)
}
