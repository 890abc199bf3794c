//! The signed value of a seal (SES_Signature): the digest of Signature.xml, or of the signed bytes of a PDF file, the
//! signer, and the seal itself.

use jiff::{SignedDuration, Timestamp};

use super::Trust;
use super::certificates::{self, Role};
use super::files::Files;
use super::report::{CheckName, Checks, SealReport, SecondOpinion, SignatureReport};
use crate::crypto::certificate::Certificate;
use crate::crypto::signature_algorithm::SignatureAlgorithm;
use crate::crypto::sm3;
use crate::document::ofd::element::resolve;
use crate::seal::agreement;
use crate::seal::ses::{Edition, SM2_WITH_SM3, SesSeal, SesSignature};

/// How far ahead of ours a sealing machine's clock may be.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(10);

/// Which files of the package belong to the signature.
pub struct Subject<'a> {
    /// Signature.xml.
    pub path: &'a str,
    /// SignedValue.dat.
    pub signed_value: &'a str,
    /// What `Seal/BaseLoc` says: nothing, no path inside the package, or a path.
    pub seal_file: Option<Option<String>>,
}

pub fn verify(
    files: &mut Files<'_>,
    subject: &Subject<'_>,
    trust: &Trust,
    now: Timestamp,
    report: &mut SignatureReport,
    checks: &mut Checks,
) {
    let bytes = files.get(subject.signed_value).unwrap_or_default();
    let value = match SesSignature::from_der(bytes) {
        Ok(value) => value,
        Err(fault) => {
            return checks.failed(CheckName::SignedValue, format!("`{}`: {fault}", subject.signed_value));
        }
    };
    outline(&value, report, checks);
    let data_hash = files.digest(subject.path);
    let unchanged = data_hash.is_some_and(|digest| digest == value.data_hash);
    let detail = if unchanged { "matches" } else { "Signature.xml is not the one that was signed" };
    checks.require(CheckName::DataHash, unchanged, detail);
    let info = &value.property_info;
    let in_place = resolve("", info).is_some_and(|path| path == subject.path);
    checks.require(CheckName::PropertyInfo, in_place, format!("signed for `{info}`"));

    report.sealed_at = value.sealed_at;
    let at = signing_time(value.sealed_at, now, checks);
    signer(&value, trust, at, report, checks);
    seal_file(files, subject, &value.seal, checks);
    seal(&value.seal, trust, at, report, checks);
    time_stamp(value.time_stamp.is_some(), checks);
}

/// Verifies the signed value of a seal that stands in a PDF file; the digest is over the signed bytes of the file.
pub fn verify_in_pdf(
    value: &SesSignature<'_>,
    digest: &[u8; 32],
    trust: &Trust,
    now: Timestamp,
    report: &mut SignatureReport,
    checks: &mut Checks,
) {
    outline(value, report, checks);
    let unchanged = value.data_hash == digest;
    let detail = if unchanged { "matches" } else { "the signed bytes were changed" };
    checks.require(CheckName::DataHash, unchanged, detail);
    report.sealed_at = value.sealed_at;
    let at = signing_time(value.sealed_at, now, checks);
    signer(value, trust, at, report, checks);
    seal(&value.seal, trust, at, report, checks);
    time_stamp(value.time_stamp.is_some(), checks);
}

/// Which seal and which algorithms.
fn outline(value: &SesSignature<'_>, report: &mut SignatureReport, checks: &mut Checks) {
    checks.require(
        CheckName::SignedValue,
        value.algorithm == SM2_WITH_SM3 && value.seal.algorithm == SM2_WITH_SM3,
        format!("edition {:?}, algorithms {} and {}", value.edition, value.algorithm, value.seal.algorithm),
    );
    report.edition = Some(value.edition);
    report.algorithm = SignatureAlgorithm::from_oid(value.algorithm, None).map(|found| found.to_string());
    report.seal = Some(describe(&value.seal));
}

/// That a signature carries a time stamp which nobody here verifies.
pub fn time_stamp(present: bool, checks: &mut Checks) {
    if present {
        checks.warned(CheckName::TimeStamp, "there is a time stamp; this program does not verify it");
    }
}

fn describe(seal: &SesSeal<'_>) -> SealReport {
    SealReport {
        id: seal.id.clone(),
        name: seal.name.clone(),
        vendor: seal.vendor.clone(),
        edition: seal.edition,
        created: seal.created,
        valid_from: seal.valid_from,
        valid_until: seal.valid_until,
        picture_kind: seal.picture_kind.clone(),
        picture_bytes: seal.picture.len(),
        sealer_subject: None,
        sealer_issuer: None,
        sealer_serial: None,
    }
}

/// Checks a signing time, which is `None` if it cannot be read, and hands it on.
pub fn signing_time(at: Option<Timestamp>, now: Timestamp, checks: &mut Checks) -> Option<Timestamp> {
    let name = CheckName::SigningTime;
    match at {
        None => checks.failed(name, "cannot be read"),
        Some(at) if at > now.saturating_add(CLOCK_TOLERANCE).unwrap_or(Timestamp::MAX) => {
            checks.failed(name, format!("{at} lies in the future"));
        }
        Some(at) => checks.passed(name, at),
    }
    at
}

fn signer(
    value: &SesSignature<'_>,
    trust: &Trust,
    at: Option<Timestamp>,
    report: &mut SignatureReport,
    checks: &mut Checks,
) {
    let listed = value.seal.signers.contains(value.certificate, &sm3::digest(value.certificate));
    match Certificate::from_der(value.certificate) {
        Err(fault) => checks.failed(CheckName::SignerSignature, format!("signer's certificate: {fault}")),
        Ok(certificate) => {
            report.describe_signer(&certificate);
            let verdict = agreement::verify(&certificate, value.to_sign, value.signature);
            report.second_opinion = SecondOpinion::of(verdict.as_ref().err());
            match verdict {
                Ok(()) => checks.passed(CheckName::SignerSignature, "both SM2 implementations agree"),
                Err(fault) => checks.failed(CheckName::SignerSignature, fault),
            }
            certificates::check(Role::Signer, &certificate, &[], trust, at, checks);
        }
    }
    let detail = if listed { "yes" } else { "the seal does not name this certificate" };
    checks.require(CheckName::SignerInSeal, listed, detail);
}

/// The seal on its own, where there is one, must be the seal in the signature; vendors often leave it out.
fn seal_file(files: &Files<'_>, subject: &Subject<'_>, seal: &SesSeal<'_>, checks: &mut Checks) {
    let name = CheckName::SealFile;
    match &subject.seal_file {
        None => checks.passed(name, "none"),
        Some(path) => match path.as_ref().and_then(|path| files.get(path)) {
            None => checks.failed(name, "the seal's file is missing"),
            Some(bytes) if bytes == seal.der => checks.passed(name, "the same seal as in the signature"),
            Some(_) => checks.failed(name, "not the seal that is in the signature"),
        },
    }
}

fn seal(
    seal: &SesSeal<'_>,
    trust: &Trust,
    at: Option<Timestamp>,
    report: &mut SignatureReport,
    checks: &mut Checks,
) {
    match Certificate::from_der(seal.certificate) {
        Err(fault) => checks.failed(CheckName::SealSignature, format!("sealer's certificate: {fault}")),
        Ok(certificate) => {
            if let Some(described) = &mut report.seal {
                described.sealer_subject = Some(certificate.subject().to_string());
                described.sealer_issuer = Some(certificate.issuer().to_string());
                described.sealer_serial = Some(certificate.serial_hex());
            }
            seal_signature(seal, &certificate, checks);
            certificates::check(Role::Sealer, &certificate, &[], trust, seal.created, checks);
        }
    }
    match (at, seal.valid_from, seal.valid_until) {
        (Some(at), Some(from), Some(until)) => {
            checks.require(CheckName::SealValidity, from <= at && at <= until, format!("{from} to {until}"));
        }
        _ => checks.failed(CheckName::SealValidity, "the validity or the signing time cannot be read"),
    }
}

/// The sealer signs SES_SealInfo alone, but for V1, where certificate and algorithm are signed with it.
fn seal_signature(seal: &SesSeal<'_>, certificate: &Certificate, checks: &mut Checks) {
    let name = CheckName::SealSignature;
    let v1 = || agreement::verify(certificate, &seal.v1_scope, seal.signature);
    let result = match seal.edition {
        Edition::V1 => v1(),
        Edition::V4 | Edition::V5 => agreement::verify(certificate, seal.info, seal.signature),
    };
    match result {
        Ok(()) => checks.passed(name, "both SM2 implementations agree"),
        Err(_) if seal.edition != Edition::V1 && v1().is_ok() => checks.failed(
            name,
            "the seal is signed over the V1 scope (seal, certificate and algorithm) but claims a newer edition",
        ),
        Err(fault) => checks.failed(name, fault),
    }
}
