//! Sending a letter again that the platform has been sent before, in the steps of its dialect.

use jiff::Timestamp;

use super::Bench;
use super::preparation::{self, Impossible, Stop};
use crate::casework::task;
use crate::domain::Work;
use crate::domain::guarantee::LetterKind;
use crate::domain::identity::GuaranteeId;
use crate::store::jobs::NewJob;
use crate::store::{Connection, deliveries, jobs};

/// The jobs that bring the letter there again.
pub(super) fn plan(
    connection: &mut Connection,
    bench: &Bench,
    guarantee: &GuaranteeId,
    letter: LetterKind,
    at: Timestamp,
) -> Result<Vec<NewJob>, Stop> {
    let (platform, known) = preparation::find(connection, bench, guarantee)?;
    // One that has not arrived yet is on its way, or its job is to be retried.
    if known.guarantee.letter(letter).is_none_or(|sealed| sealed.delivered_at.is_none()) {
        return Err(Impossible::NoLetter.into());
    }
    let again = vec![Work::HandOver { letter, deadline: None }];
    let jobs = task::plan(&platform.profile, &known.guarantee, again, at)?;
    if jobs.is_empty() { Err(Impossible::NothingToSend.into()) } else { Ok(jobs) }
}

pub(super) fn carry_out(
    connection: &mut Connection,
    bench: &Bench,
    guarantee: &GuaranteeId,
    letter: LetterKind,
    at: Timestamp,
) -> Result<(), Stop> {
    for job in plan(connection, bench, guarantee, letter, at)? {
        jobs::enqueue(connection, &job)?;
    }
    // An upload that is complete would send nothing any more.
    deliveries::forget(connection, guarantee, letter)?;
    Ok(())
}
