//! Failed sign-ins by address, for all replicas together, in one row per address that goes when it is of no use any more.
//!
//! This is GCRA: each failure moves the address's due time on by the interval, and whoever is ahead of the present by more
//! than the burst has to wait.

use std::time::Duration;

use diesel::prelude::*;
use jiff::Timestamp;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::sign_in_failures::{self, dsl};
use super::time::{length_in_micros, to_micros};

/// How many failures an address is allowed at once, and how often one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    pub burst: u32,
    pub interval: Duration,
}

/// How long an address has to wait before its next attempt; zero where it need not.
///
/// # Errors
/// When the database fails.
pub fn wait(
    connection: &mut Connection,
    address: &str,
    allowance: Allowance,
    at: Timestamp,
) -> Result<Duration, StoreError> {
    let query = sign_in_failures::table.find(address).select(dsl::due_at);
    let due: Option<i64> = on!(connection, |link| query.first(link).optional())?;
    let ahead = due.map_or(0, |due| due.saturating_sub(to_micros(at)));
    let allowed = length_in_micros(allowance.interval * allowance.burst.saturating_sub(1));
    Ok(Duration::from_micros(u64::try_from(ahead.saturating_sub(allowed)).unwrap_or(0)))
}

/// One more failure from an address.
///
/// # Errors
/// When the database fails.
pub fn note(
    connection: &mut Connection,
    address: &str,
    allowance: Allowance,
    at: Timestamp,
) -> Result<(), StoreError> {
    let (now, interval) = (to_micros(at), length_in_micros(allowance.interval));
    let over = sign_in_failures::table.filter(dsl::due_at.lt(now));
    on!(connection, |link| diesel::delete(over).execute(link))?;
    let known = sign_in_failures::table.find(address);
    let later = dsl::due_at.eq(dsl::due_at + interval);
    if on!(connection, |link| diesel::update(known).set(later).execute(link))? == 0 {
        let row = (dsl::address.eq(address), dsl::due_at.eq(now.saturating_add(interval)));
        on!(connection, |link| diesel::insert_into(sign_in_failures::table).values(row).execute(link))?;
    }
    Ok(())
}
