//! One signature: what it covers, what became of the file since, and whose it is.

use jiff::Timestamp;
use lopdf::{Dictionary, Document, Object};

use super::byte_range::{self, Covered};
use super::revision;
use crate::crypto::certificate::Certificate;
use crate::crypto::signature_algorithm::SignatureAlgorithm;
use crate::crypto::sm3;
use crate::seal::pdf::form::{SignatureField, read_text};
use crate::seal::pdf::signed_data::{CMS_SIGNED_DATA, GM_SIGNED_DATA, SignatureFault, SignedData};
use crate::seal::ses::{SesSignature, time};
use crate::seal::verify::certificates::{self, Role};
use crate::seal::verify::report::{Checks, ContainerKind, SecondOpinion};
use crate::seal::verify::{CheckName, SignatureReport, Trust, seal_value};

/// A file that was read.
pub struct File<'a> {
    pub pdf: &'a [u8],
    /// Its newest revision.
    pub document: &'a Document,
    /// Whether some signature covers it to its end.
    pub covered_to_end: bool,
}

pub fn verify(file: &File<'_>, field: &SignatureField<'_>, trust: &Trust, now: Timestamp) -> SignatureReport {
    let mut report = SignatureReport { path: field.name.clone(), ..SignatureReport::default() };
    let mut checks = Checks::default();
    report.declared_time = declared_time(field.signature);
    match byte_range::read(file.pdf, field.signature) {
        Err(fault) => checks.failed(CheckName::ByteRange, fault),
        Ok(covered) => {
            checks.passed(CheckName::ByteRange, format!("{} bytes", covered.end));
            coverage(file, &covered, &mut checks);
            container(&covered, trust, now, &mut report, &mut checks);
        }
    }
    report.checks = checks.into_list();
    report
}

/// `M`, which is not under the signature's own protection but that of the bytes around it.
fn declared_time(signature: &Dictionary) -> Option<String> {
    signature.get(b"M").and_then(Object::as_str).map(read_text).ok()
}

/// `D:20261122120506+08'00'` (7.9.4).
fn read_time(text: &str) -> Option<Timestamp> {
    let text = text.strip_prefix("D:").unwrap_or(text).replace('\'', "");
    time::read(text.strip_suffix("0000").filter(|text| text.ends_with('Z')).unwrap_or(&text).as_bytes())
}

/// Up to the end of the file, or to where only signatures were added, the last of which reaches the end: readers differ
/// in what they make of bytes that nobody vouches for.
fn coverage(file: &File<'_>, covered: &Covered<'_>, checks: &mut Checks) {
    let name = CheckName::Coverage;
    if covered.end == file.pdf.len() {
        return checks.passed(name, "the whole file");
    }
    let signed = file.pdf.get(..covered.end).unwrap_or_default();
    match revision::changes(signed, file.document) {
        Err(fault) => checks.failed(name, format!("the signed revision cannot be read: {fault}")),
        Ok(changes) if !changes.is_empty() => {
            checks.failed(name, format!("changed after signing: {}", changes.join(", ")));
        }
        Ok(_) if file.covered_to_end => checks.passed(name, "all but the signatures that were added later"),
        Ok(_) => checks.failed(name, "no signature covers the end of the file"),
    }
}

fn container(
    covered: &Covered<'_>,
    trust: &Trust,
    now: Timestamp,
    report: &mut SignatureReport,
    checks: &mut Checks,
) {
    // A seal's signature begins with a structure, signed data with an identifier.
    if let Ok(value) = SesSignature::from_der(&covered.container) {
        report.container = Some(ContainerKind::Ses);
        let mut hasher = sm3::Hasher::new();
        covered.parts.iter().for_each(|part| hasher.update(part));
        return seal_value::verify_in_pdf(&value, &hasher.finish(), trust, now, report, checks);
    }
    let data = match SignedData::from_der(&covered.container) {
        Ok(data) => data,
        Err(fault) => {
            let detail = format!("neither signed data nor a seal's signature: {fault}");
            return checks.failed(CheckName::SignedValue, detail);
        }
    };
    report.container = match data.kind {
        CMS_SIGNED_DATA => Some(ContainerKind::Cms),
        GM_SIGNED_DATA => Some(ContainerKind::GmSignedData),
        other => {
            return checks.failed(CheckName::SignedValue, format!("signed data of the unknown type {other}"));
        }
    };
    signed_data(&data, covered, trust, now, report, checks);
}

fn signed_data(
    data: &SignedData<'_>,
    covered: &Covered<'_>,
    trust: &Trust,
    now: Timestamp,
    report: &mut SignatureReport,
    checks: &mut Checks,
) {
    report.algorithm = data.algorithm().map(|algorithm| algorithm.to_string());
    checks.passed(CheckName::SignedValue, format!("{} certificate(s)", data.certificates().len()));
    match data.check_digest(&covered.parts) {
        Ok(()) => checks.passed(CheckName::DataHash, "matches"),
        Err(fault) => checks.failed(CheckName::DataHash, fault),
    }
    report.sealed_at = data.signing_time().or_else(|| report.declared_time.as_deref().and_then(read_time));
    let at = seal_value::signing_time(report.sealed_at, now, checks);
    match data.signer_certificate() {
        None => checks.failed(CheckName::SignerSignature, "the signer's certificate did not come along"),
        Some(certificate) => signer(data, certificate, covered, report, checks, trust, at),
    }
    seal_value::time_stamp(data.has_time_stamp(), checks);
}

fn signer(
    data: &SignedData<'_>,
    certificate: &Certificate,
    covered: &Covered<'_>,
    report: &mut SignatureReport,
    checks: &mut Checks,
    trust: &Trust,
    at: Option<Timestamp>,
) {
    report.describe_signer(certificate);
    let verdict = data.check_signature(certificate, &covered.parts);
    report.second_opinion = match &verdict {
        Ok(()) if data.algorithm() != Some(SignatureAlgorithm::Sm2WithSm3) => None,
        Ok(()) => SecondOpinion::of(None),
        Err(SignatureFault::Sm2(refusal)) => SecondOpinion::of(Some(refusal)),
        Err(SignatureFault::Other(_)) => None,
    };
    match verdict {
        Ok(()) => checks.passed(CheckName::SignerSignature, "by the certificate's key"),
        Err(fault) => checks.failed(CheckName::SignerSignature, fault),
    }
    certificates::check(Role::Signer, certificate, data.certificates(), trust, at, checks);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_a_pdf_time_mean_the_same_instant() {
        let instant = "2026-11-22T04:05:06Z".parse().ok();
        let forms = [
            "D:20261122120506+08'00'",
            "D:20261122120506+08'00",
            "D:20261122040506Z",
            "D:20261122040506Z00'00'",
        ];
        for form in forms {
            assert_eq!(read_time(form), instant, "{form}");
        }
        assert_eq!(read_time("yesterday"), None);
    }
}
