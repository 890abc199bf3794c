//! Whether a letter that somebody holds is genuine (内蒙古 10.4).

use std::sync::Arc;

use anyhow::Context;
use jiff::Timestamp;

use super::Prepared;
use crate::dialect::Response;
use crate::dialect::response::{SealFound, Verification};
use crate::domain::Guarantee;
use crate::intake::Intake;
use crate::seal::verify::Verdict;
use crate::seal::{Report, is_pdf, verify_file};
use crate::store::archive::digest_of;

/// A letter is genuine if its seal holds and it is, byte for byte, one that was issued under this number. Whoever seals
/// it besides does not make it ours, and a PDF that is not ours is not even opened.
pub(super) async fn prepare(
    intake: &Intake,
    guarantee: Guarantee,
    file: Vec<u8>,
    at: Timestamp,
) -> anyhow::Result<Prepared> {
    let permit = Arc::clone(&intake.inquiries.verifications).acquire_owned().await?;
    let trust = Arc::clone(&intake.inquiries.trust);
    let letters = [&guarantee.issued_letter, &guarantee.merged_letter];
    let letters: Vec<_> = letters.into_iter().flatten().map(|letter| letter.document.clone()).collect();
    let looked_at = tokio::task::spawn_blocking(move || {
        let issued = letters.contains(&digest_of(&file));
        // What the parser of PDF spends on a file that was made to keep it busy has no bound.
        let readable = issued || !is_pdf(&file);
        let report = readable.then(|| verify_file(&file, &trust, at));
        drop(permit);
        (issued, report)
    });
    let (issued, report) = looked_at.await.context("verifying a letter panicked")?;
    let intact =
        report.as_ref().is_some_and(|report| matches!(report.verdict, Verdict::Valid | Verdict::Untrusted));
    let verification = Verification {
        guarantee: guarantee.number().context("only a numbered guarantee is found by its number")?.clone(),
        valid: issued && intact,
        seal: report.as_ref().and_then(seal_of),
    };
    Ok(Box::new(move |_| Ok(Response::Verification(verification.clone()))))
}

/// Who sealed it first, whoever that was.
fn seal_of(report: &Report) -> Option<SealFound> {
    let signature = report.signatures.first()?;
    Some(SealFound {
        serial: signature.serial.clone()?,
        owner: signature.subject.clone()?,
        issuer: signature.issuer.clone()?,
        not_before: signature.not_before?,
        not_after: signature.not_after?,
        sealed_at: signature.sealed_at?,
    })
}
