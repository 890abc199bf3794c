//! A guarantee's timeline read as an account: what had been agreed, paid and reached at a moment.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::movement::Movement;
use crate::domain::identity::GuaranteeId;
use crate::domain::money::Fen;
use crate::domain::{Event, Stage};
use crate::store::events::Entry;
use crate::store::{Connection, StoreError, guarantees, statements};

/// The entries of one guarantee's timeline, in order.
#[derive(Clone, Debug, Default)]
pub struct Account {
    entries: Vec<Entry>,
    /// What was paid with the one claim whose event was stored without its amount.
    unsaid: Option<Fen>,
}

impl Account {
    pub fn new(entries: Vec<Entry>) -> Self {
        Self { entries, unsaid: None }
    }

    /// The accounts of some guarantees up to a moment.
    ///
    /// # Errors
    /// When the database fails or a row can't be read.
    pub fn read(
        connection: &mut Connection,
        ids: &[GuaranteeId],
        until: Timestamp,
    ) -> Result<BTreeMap<GuaranteeId, Self>, StoreError> {
        let mut accounts = BTreeMap::<GuaranteeId, Self>::new();
        for entry in statements::histories(connection, ids, until)? {
            accounts.entry(entry.guarantee.clone()).or_default().entries.push(entry);
        }
        for (id, account) in &mut accounts {
            if account.lacks_a_payment() {
                let stored = guarantees::find(connection, id)?;
                account.unsaid = stored.and_then(|stored| account.remainder(stored.guarantee.paid_on_claims));
            }
        }
        Ok(accounts)
    }

    fn payments(&self) -> impl Iterator<Item = Option<Fen>> {
        self.entries.iter().filter(|entry| Movement::of(&entry.event) == Some(Movement::ClaimPaid)).map(
            |entry| match entry.event {
                Event::ClaimAnswered { paid, .. } => paid,
                _ => None,
            },
        )
    }

    fn lacks_a_payment(&self) -> bool {
        self.payments().any(|paid| paid.is_none())
    }

    /// What the one payment without an amount must have been, as all together are known.
    fn remainder(&self, all: Fen) -> Option<Fen> {
        let said: i64 = self.payments().flatten().map(Fen::fen).sum();
        let unsaid = self.payments().filter(Option::is_none).count();
        (unsaid == 1).then(|| Fen::new(all.fen().saturating_sub(said)).ok()).flatten()
    }

    fn before(&self, moment: Timestamp) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.at < moment)
    }

    /// The stage that was reached before a moment; `None` where there was no application yet.
    pub fn stage(&self, moment: Timestamp) -> Option<Stage> {
        self.before(moment).rev().find_map(|entry| entry.event.stage())
    }

    /// The premium that was agreed before a moment.
    pub fn premium(&self, moment: Timestamp) -> Option<Fen> {
        let agreed = |entry: &Entry| match entry.event {
            // What was agreed on an application that was replaced is void.
            Event::ApplicationReplaced { .. } => Some(None),
            Event::Approved { premium, .. } => Some(Some(premium)),
            _ => None,
        };
        self.before(moment).rev().find_map(agreed).flatten()
    }

    /// Each time that something happened; more than once only what claims were paid.
    pub fn times(&self, movement: Movement) -> impl Iterator<Item = Timestamp> {
        let such = move |entry: &&Entry| Movement::of(&entry.event) == Some(movement);
        self.entries.iter().filter(such).map(|entry| entry.at)
    }

    /// Whether a claim had been paid before a moment.
    pub fn has_paid(&self, moment: Timestamp) -> bool {
        self.before(moment).any(|entry| Movement::of(&entry.event) == Some(Movement::ClaimPaid))
    }

    /// What was paid with an answer to a claim, where that is known.
    pub fn paid(&self, event: &Event) -> Option<Fen> {
        match event {
            Event::ClaimAnswered { paid, .. } => paid.or(self.unsaid),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::claim::ClaimStatus;
    use crate::domain::identity::{GuaranteeNumber, PlatformId};

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    /// One event each minute.
    fn account(events: Vec<Event>) -> Account {
        let entry = |(number, event)| Entry {
            guarantee: GuaranteeId::new("g"),
            platform: PlatformId::new("p"),
            number,
            at: at(number),
            event,
        };
        Account::new((1..).zip(events).map(entry).collect())
    }

    fn yuan(text: &str) -> Fen {
        text.parse().unwrap()
    }

    fn approved(premium: &str) -> Event {
        Event::Approved { guarantee_number: GuaranteeNumber::new("BH1"), premium: yuan(premium) }
    }

    fn paid(amount: Option<&str>) -> Event {
        Event::ClaimAnswered { status: ClaimStatus::Paid, paid: amount.map(yuan) }
    }

    #[test]
    fn an_account_tells_stage_and_premium_as_they_were_at_each_moment() {
        let amount = yuan("800000");
        let account = account(vec![
            Event::ApplicationReceived { amount },
            approved("3200"),
            Event::ApplicationReplaced { amount },
            approved("4000"),
            Event::PremiumPaid,
        ]);
        let told = |minute| (account.stage(at(minute)), account.premium(at(minute)));
        assert_eq!(told(1), (None, None));
        assert_eq!(told(2), (Some(Stage::Applied), None));
        assert_eq!(told(3), (Some(Stage::Approved), Some(yuan("3200"))));
        assert_eq!(told(4), (Some(Stage::Applied), None));
        assert_eq!(told(6), (Some(Stage::Issuing), Some(yuan("4000"))));
        assert_eq!(account.times(Movement::Premium).collect::<Vec<_>>(), [at(5)]);
        assert_eq!(account.times(Movement::Issued).count(), 0);
    }

    #[test]
    fn a_payment_that_was_stored_without_its_amount_is_what_is_left_of_all() {
        let one = account(vec![paid(Some("100")), paid(None), paid(Some("20.50"))]);
        assert!(one.lacks_a_payment());
        assert_eq!(one.remainder(yuan("150.50")), Some(yuan("30")));
        // Of two nobody can tell which was which, and less than nothing was never paid.
        assert_eq!(account(vec![paid(None), paid(None)]).remainder(yuan("150")), None);
        assert_eq!(one.remainder(yuan("100")), None);
        assert!(!account(vec![paid(Some("1"))]).lacks_a_payment());
        assert!(one.has_paid(at(2)) && !one.has_paid(at(1)));
    }
}
