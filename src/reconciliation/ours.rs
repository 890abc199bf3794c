//! What a comparison needs of our side, read from the store a few hundred guarantees at a time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::account::Account;
use super::comparison::{Neighbour, Ours};
use super::import::Theirs;
use super::movement::{KINDS, Movement};
use super::statement::Period;
use crate::domain::identity::{ApplicationNumber, GuaranteeId, GuaranteeNumber, PlatformId};
use crate::store::reconciliations;
use crate::store::statements::{self, Known, Span};
use crate::store::{Connection, Store, StoreError};

/// Guarantees that one question to the database is about.
const CHUNK: usize = 500;
const PAGE: u32 = 500;

/// Ours that moved on a day in one of some ways; one that moved twice stands there twice.
pub(super) async fn moved(
    store: &Store,
    platform: &PlatformId,
    day: Date,
    ways: &[Movement],
) -> Result<Vec<Known>, StoreError> {
    let period = Period::day(day);
    let (from, until) = (period.begin(), period.end());
    let span = Span { platform: platform.clone(), kinds: KINDS, from, until };
    let (mut moved, mut behind) = (Vec::new(), None);
    loop {
        let (span, place) = (span.clone(), behind.take());
        let read = move |c: &mut Connection| statements::happened(c, &span, place.as_ref(), PAGE);
        let page = store.read(read).await?;
        let full = u32::try_from(page.len()).is_ok_and(|count| count >= PAGE);
        behind = page.last().filter(|_| full).map(|last| last.place.clone());
        for happened in page {
            if Movement::of(&happened.event).is_some_and(|way| ways.contains(&way)) {
                moved.push(happened.guarantee);
            }
        }
        if behind.is_none() {
            return Ok(moved);
        }
    }
}

/// Those of ours that the platform's rows name, whenever they were issued.
pub(super) async fn named(
    store: &Store,
    platform: &PlatformId,
    rows: &[Theirs],
) -> Result<Vec<Known>, StoreError> {
    let mut named = Vec::new();
    for rows in rows.chunks(CHUNK) {
        let numbers: Vec<GuaranteeNumber> = rows.iter().filter_map(|row| row.number.clone()).collect();
        let applications: Vec<ApplicationNumber> =
            rows.iter().filter_map(|row| row.application.clone()).collect();
        let platform = platform.clone();
        let read = move |connection: &mut Connection| {
            let mut found = statements::with_numbers(connection, &platform, &numbers)?;
            found.extend(statements::with_applications(connection, &platform, &applications)?);
            Ok(found)
        };
        named.extend(store.read(read).await?);
    }
    Ok(named)
}

pub(super) async fn with_ids(store: &Store, ids: Vec<GuaranteeId>) -> Result<Vec<Known>, StoreError> {
    let mut known = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let ids = chunk.to_vec();
        known.extend(store.read(move |c| statements::with_ids(c, &ids)).await?);
    }
    Ok(known)
}

/// Puts to each guarantee its timeline up to now.
pub(super) async fn with_accounts(
    store: &Store,
    known: Vec<Known>,
    now: Timestamp,
) -> Result<BTreeMap<GuaranteeId, Ours>, StoreError> {
    let known: BTreeMap<GuaranteeId, Known> =
        known.into_iter().map(|known| (known.id.clone(), known)).collect();
    let ids: Vec<GuaranteeId> = known.keys().cloned().collect();
    let mut accounts = BTreeMap::new();
    for chunk in ids.chunks(CHUNK) {
        let ids = chunk.to_vec();
        accounts.extend(store.read(move |c| Account::read(c, &ids, now)).await?);
    }
    let with_account = |(id, known): (GuaranteeId, Known)| {
        let account = accounts.remove(&id).unwrap_or_default();
        (id, Ours { known, account })
    };
    Ok(known.into_iter().map(with_account).collect())
}

/// What the statement of another day said of guarantees at midnight, where it is there.
pub(super) async fn neighbour(
    store: &Store,
    platform: &PlatformId,
    day: Option<Date>,
) -> Result<Option<Neighbour>, StoreError> {
    let Some(day) = day else { return Ok(None) };
    let platform = platform.clone();
    let read = move |connection: &mut Connection| {
        let Some(current) = reconciliations::current(connection, &platform, day)? else { return Ok(None) };
        let (named, awaited) = reconciliations::of_other_days(connection, &current.id)?;
        Ok(Some(Neighbour { named, awaited }))
    };
    store.read(read).await
}
