//! Whether a letter that somebody holds is genuine (内蒙古 10.4).

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use tokio::time::timeout;

use super::Prepared;
use crate::dialect::Response;
use crate::dialect::response::{SealFound, Verification};
use crate::domain::Guarantee;
use crate::intake::Intake;
use crate::seal::verify::Verdict;
use crate::seal::{Report, verify_file};
use crate::store::archive::digest_of;

/// Verifying takes some tens of milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// A letter is genuine if its seal holds and it is, byte for byte, one that was issued under this number. Whoever seals
/// it besides does not make it ours.
pub(super) async fn prepare(
    intake: &Intake,
    guarantee: Guarantee,
    file: Vec<u8>,
    at: Timestamp,
) -> anyhow::Result<Prepared> {
    let letters = [&guarantee.issued_letter, &guarantee.merged_letter];
    let letters: Vec<_> = letters.into_iter().flatten().map(|letter| letter.document.clone()).collect();
    let (file, issued) = tokio::task::spawn_blocking(move || {
        let issued = letters.contains(&digest_of(&file));
        (file, issued)
    })
    .await
    .context("the digest of a letter")?;
    let report = if issued {
        // What we made ourselves keeps no parser busy, and must not wait for what strangers made.
        let trust = Arc::clone(&intake.inquiries.trust);
        let verified = tokio::task::spawn_blocking(move || verify_file(&file, &trust, at));
        Some(verified.await.context("verifying a letter panicked")?)
    } else {
        timeout(PATIENCE, verify_strange(intake, file, at)).await.unwrap_or_else(|_| {
            tracing::error!("verifying a letter that is not ours takes too long; it is taken for unreadable");
            Ok(None)
        })?
    };
    let intact =
        report.as_ref().is_some_and(|report| matches!(report.verdict, Verdict::Valid | Verdict::Untrusted));
    let verification = Verification {
        guarantee: guarantee.number().context("only a numbered guarantee is found by its number")?.clone(),
        valid: issued && intact,
        seal: report.as_ref().and_then(seal_of),
    };
    Ok(Box::new(move |_| Ok(Response::Verification(verification.clone()))))
}

/// Verifies a file that is none of ours, when it is its turn. One that was made to keep a parser busy for ever keeps its
/// turn, so that not all processors work on such files, and whoever waits behind it is answered without a report.
async fn verify_strange(intake: &Intake, file: Vec<u8>, at: Timestamp) -> anyhow::Result<Option<Report>> {
    let permit = Arc::clone(&intake.inquiries.verifications).acquire_owned().await?;
    let trust = Arc::clone(&intake.inquiries.trust);
    let verified = tokio::task::spawn_blocking(move || {
        let report = verify_file(&file, &trust, at);
        drop(permit);
        report
    });
    Ok(Some(verified.await.context("verifying a letter panicked")?))
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
