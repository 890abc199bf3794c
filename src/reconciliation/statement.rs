//! Our own statement of a platform: one line per movement of some days in China, and their sums.
//!
//! It is made from the timelines, which are only ever added to, and from what of a guarantee never changes once its
//! premium was paid. So the statement of days that are over says the same whenever it is asked for. A movement belongs to
//! the day on which the gateway recorded it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use rust_decimal::Decimal;

use super::account::Account;
use super::movement::{KINDS, Movement};
use crate::clock;
use crate::domain::Stage;
use crate::domain::identity::{ApplicationNumber, GuaranteeId, GuaranteeNumber, PlatformId};
use crate::domain::money::Fen;
use crate::domain::party::Party;
use crate::store::statements::{self, Happened, Place, Span};
use crate::store::{Connection, Store, StoreError};

/// Lines that are in memory at a time.
const PAGE: u32 = 500;

/// The longest time that one statement is about.
const LONGEST_DAYS: i32 = 366;

/// Some days in China, the last one included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    first: Date,
    last: Date,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    #[error("expected a last day that is not before the first one, found {first} to {last}")]
    Reversed { first: Date, last: Date },
    #[error("expected at most {LONGEST_DAYS} days, found {days}")]
    TooLong { days: i32 },
    #[error("expected a day that has begun, found {0}")]
    NotBegun(Date),
}

impl Period {
    pub fn day(day: Date) -> Self {
        Self { first: day, last: day }
    }

    /// # Errors
    /// When the days are in the wrong order, too many, or in the future.
    pub fn new(first: Date, last: Date, now: Timestamp) -> Result<Self, PeriodError> {
        if last < first {
            return Err(PeriodError::Reversed { first, last });
        }
        if clock::china_date(now) < last {
            return Err(PeriodError::NotBegun(last));
        }
        let days = last.since(first).map_or(i32::MAX, |span| span.get_days()).saturating_add(1);
        if days > LONGEST_DAYS {
            return Err(PeriodError::TooLong { days });
        }
        Ok(Self { first, last })
    }

    pub fn first(&self) -> Date {
        self.first
    }

    pub fn last(&self) -> Date {
        self.last
    }

    /// The first moment.
    pub fn begin(&self) -> Timestamp {
        clock::china_midnight(self.first)
    }

    /// The first moment that is not in it any more.
    pub fn end(&self) -> Timestamp {
        end_of(self.last)
    }

    /// Whether nothing can be added to it: before that, a statement is a preliminary one.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.end() <= now
    }
}

/// The first moment of the day after.
pub(super) fn end_of(day: Date) -> Timestamp {
    day.checked_add(1.day()).map_or(Timestamp::MAX, clock::china_midnight)
}

/// One movement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub guarantee: GuaranteeId,
    pub movement: Movement,
    pub at: Timestamp,
    /// The day in China on which it happened.
    pub date: Date,
    pub application: ApplicationNumber,
    pub number: Option<GuaranteeNumber>,
    pub applicant: Party,
    /// What the guarantee is over.
    pub amount: Fen,
    pub premium: Option<Fen>,
    /// What was paid on a claim with this movement.
    pub paid: Option<Fen>,
    /// Where the guarantee stood at the end of that day.
    pub stage: Option<Stage>,
}

/// How many movements of one kind there were, and what they come to in yuan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    pub count: u64,
    pub amount: Decimal,
    pub premium: Decimal,
    pub paid: Decimal,
}

impl Default for Total {
    fn default() -> Self {
        let nothing = Fen::ZERO.to_decimal();
        Self { count: 0, amount: nothing, premium: nothing, paid: nothing }
    }
}

/// The sums of a statement, a row for each kind of movement, those that did not happen included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals(BTreeMap<Movement, Total>);

impl Default for Totals {
    fn default() -> Self {
        Self(Movement::ALL.into_iter().map(|movement| (movement, Total::default())).collect())
    }
}

impl Totals {
    pub fn add(&mut self, line: &Line) {
        let total = self.0.entry(line.movement).or_default();
        let yuan = |amount: Option<Fen>| amount.unwrap_or(Fen::ZERO).to_decimal();
        total.count = total.count.saturating_add(1);
        total.amount = total.amount.saturating_add(line.amount.to_decimal());
        total.premium = total.premium.saturating_add(yuan(line.premium));
        total.paid = total.paid.saturating_add(yuan(line.paid));
    }

    pub fn iter(&self) -> impl Iterator<Item = (Movement, &Total)> {
        self.0.iter().map(|(movement, total)| (*movement, total))
    }

    pub fn of(&self, movement: Movement) -> Total {
        self.0.get(&movement).copied().unwrap_or_default()
    }
}

/// A statement that is in memory as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub platform: PlatformId,
    pub period: Period,
    pub lines: Vec<Line>,
    pub totals: Totals,
}

impl Statement {
    /// # Errors
    /// When the database fails or a row can't be read.
    pub async fn read(store: &Store, platform: &PlatformId, period: Period) -> Result<Self, StoreError> {
        let (mut lines, mut totals) = (Vec::new(), Totals::default());
        let mut pages = Pages::new(store, platform, period);
        while let Some(page) = pages.next().await? {
            page.iter().for_each(|line| totals.add(line));
            lines.extend(page);
        }
        Ok(Self { platform: platform.clone(), period, lines, totals })
    }
}

/// Reads a statement page by page, in order of time.
pub struct Pages<'a> {
    store: &'a Store,
    span: Span,
    behind: Option<Place>,
    ended: bool,
}

impl<'a> Pages<'a> {
    pub fn new(store: &'a Store, platform: &PlatformId, period: Period) -> Self {
        let (from, until) = (period.begin(), period.end());
        let span = Span { platform: platform.clone(), kinds: KINDS, from, until };
        Self { store, span, behind: None, ended: false }
    }

    /// The next page; `None` behind the last one. A page may be empty.
    ///
    /// # Errors
    /// When the database fails or a row can't be read.
    pub async fn next(&mut self) -> Result<Option<Vec<Line>>, StoreError> {
        if self.ended {
            return Ok(None);
        }
        let (span, behind) = (self.span.clone(), self.behind.clone());
        let read = move |connection: &mut Connection| page(connection, &span, behind.as_ref());
        let (lines, last) = self.store.read(read).await?;
        self.ended = last.is_none();
        self.behind = last;
        Ok(Some(lines))
    }
}

/// A page, and the place of its last event where there may be another page.
fn page(
    connection: &mut Connection,
    span: &Span,
    behind: Option<&Place>,
) -> Result<(Vec<Line>, Option<Place>), StoreError> {
    let happened = statements::happened(connection, span, behind, PAGE)?;
    let full = u32::try_from(happened.len()).is_ok_and(|count| count >= PAGE);
    let last = happened.last().filter(|_| full).map(|last| last.place.clone());
    let moved: Vec<(Movement, Happened)> =
        happened.into_iter().filter_map(|it| Some((Movement::of(&it.event)?, it))).collect();
    let ids: Vec<GuaranteeId> = moved.iter().map(|(_, it)| it.guarantee.id.clone()).collect();
    let accounts = Account::read(connection, &ids, span.until)?;
    let nothing = Account::default();
    let line = |(movement, it): (Movement, Happened)| {
        let account = accounts.get(&it.guarantee.id).unwrap_or(&nothing);
        let date = clock::china_date(it.place.at);
        Line {
            movement,
            at: it.place.at,
            date,
            premium: account.premium(end_of(date)),
            paid: account.paid(&it.event),
            stage: account.stage(end_of(date)),
            guarantee: it.guarantee.id,
            application: it.guarantee.application,
            number: it.guarantee.number,
            applicant: it.guarantee.applicant,
            amount: it.guarantee.amount,
        }
    };
    Ok((moved.into_iter().map(line).collect(), last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_days_in_china_that_have_begun() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let now = "2026-11-22T16:00:00Z".parse().unwrap();
        let period = Period::new(day("2026-11-01"), day("2026-11-22"), now).unwrap();
        assert_eq!(period.begin().to_string(), "2026-10-31T16:00:00Z");
        assert_eq!(period.end(), now);
        assert!(period.is_over(now));
        let today = Period::new(day("2026-11-23"), day("2026-11-23"), now).unwrap();
        assert!(!today.is_over(now) && today == Period::day(day("2026-11-23")));
        let refused = |first: &str, last: &str| Period::new(day(first), day(last), now).unwrap_err();
        assert_eq!(refused("2026-11-24", "2026-11-24"), PeriodError::NotBegun(day("2026-11-24")));
        assert!(matches!(refused("2026-11-02", "2026-11-01"), PeriodError::Reversed { .. }));
        assert_eq!(refused("2025-11-21", "2026-11-22"), PeriodError::TooLong { days: 367 });
    }
}
