//! Built-in underwriting: figures per platform that entries override for a time, decided at once, by the hour, by people
//! or by the core system.

pub mod blacklist;
pub mod explanation;
pub mod figure;
pub mod judgement;
pub mod options;
pub mod rulebook;
pub mod values;

mod agreed;
mod validity;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use jiff::civil::Date;

pub use agreed::Agreed;
pub use explanation::Explanation;
pub use options::{EntryOptions, Figures, UnderwritingOptions};
pub use rulebook::{EntryError, RuleError, Rulebook, Scope};

use self::blacklist::Codes;
use self::judgement::Ground;
use self::rulebook::Entry;
use super::calendar::Calendar;
use super::{Answer, Institution, Unanswered};
use crate::clock::china_date;
use crate::domain::command::PayerRule;
use crate::domain::decision::Question;
use crate::domain::premium::PremiumRule;
use crate::domain::terms::Terms;
use crate::domain::{Guarantee, Refusal};

/// The rules of one platform, read and checked once.
#[derive(Clone, Debug)]
pub struct Rules {
    base: UnderwritingOptions,
    /// Those that may hold for this platform, in the order of the settings.
    entries: Vec<Entry>,
    calendar: Arc<Calendar>,
    /// What stands in each `blacklist_file`.
    listed: BTreeMap<PathBuf, Codes>,
    issuer: String,
}

impl Rules {
    /// Rules that nothing overrides, on an ordinary calendar.
    ///
    /// # Errors
    /// When the figures contradict each other, or the blacklist can't be read.
    pub fn new(options: UnderwritingOptions, issuer: &str) -> Result<Self, RuleError> {
        Self::sound(options, Vec::new(), Arc::default(), issuer)
    }

    fn sound(
        base: UnderwritingOptions,
        entries: Vec<Entry>,
        calendar: Arc<Calendar>,
        issuer: &str,
    ) -> Result<Self, RuleError> {
        let listed = rulebook::read_blacklists(&base, &entries)?;
        let rules = Self { base, entries, calendar, listed, issuer: issuer.to_owned() };
        for day in rulebook::turning_days(&rules.entries) {
            rulebook::expect_sound(&rules.figures(day), day)?;
        }
        Ok(rules)
    }

    /// What `[platforms.ID.underwriting]` says, before any entry.
    pub fn base(&self) -> &UnderwritingOptions {
        &self.base
    }

    /// The entries for this platform, with whether each holds for what is received on a day; in the order of the
    /// settings.
    pub fn entries(&self, on: Date) -> impl Iterator<Item = (&EntryOptions, bool)> {
        self.entries.iter().map(move |entry| (&*entry.options, entry.is_in_force(on)))
    }

    /// The organisation in whose name these rules decide.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What holds for applications that are received on a day.
    pub fn figures(&self, on: Date) -> Figures {
        let mut figures = Figures::of_platform(&self.base);
        for entry in self.entries.iter().filter(|entry| entry.is_in_force(on)) {
            figures.overlay(&entry.options, &entry.source);
        }
        figures
    }

    /// What holds for a guarantee: the day counts on which it was applied for.
    pub fn figures_for(&self, guarantee: &Guarantee) -> Figures {
        self.figures(china_date(guarantee.received_at))
    }

    /// From which account the premium of a guarantee has to come.
    pub fn payer(&self, guarantee: &Guarantee) -> PayerRule {
        self.figures_for(guarantee).payer.value.rule()
    }

    /// The terms that the rules give an application, whoever approves it.
    ///
    /// # Errors
    /// When the amount is outside the limits.
    pub fn terms(&self, guarantee: &Guarantee, at: Timestamp) -> Result<Terms, Refusal> {
        self.complete(Agreed::default(), guarantee, at)
    }

    /// Where an applicant is listed, if anywhere.
    fn blacklisting(&self, guarantee: &Guarantee, figures: &Figures) -> Option<&'static str> {
        let code = &guarantee.application.applicant.code;
        let in_file = || self.listed.get(&figures.blacklist_file.value).is_some_and(|codes| codes.has(code));
        match figures.blacklist.value.has(code) {
            true => Some("blacklist"),
            false => in_file().then_some("blacklist_file"),
        }
    }
}

impl Figures {
    /// What they say of premiums.
    pub fn tariff(&self) -> PremiumRule {
        PremiumRule {
            rate: self.rate.value.0,
            tiers: self.tiers.value.0.clone(),
            rounding: self.rounding.value,
            minimum_premium: self.minimum_premium.value.0,
            maximum_premium: self.maximum_premium.value.0,
            smallest_amount: self.smallest_amount.value.0,
            largest_amount: self.largest_amount.value.0,
        }
    }
}

impl Institution for Rules {
    fn consult<'a>(
        &'a self,
        question: Question,
        guarantee: &'a Guarantee,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<Answer, Unanswered>> {
        let judgement = self.judge(question, guarantee, at);
        // The platform is not told, so this is where people see it.
        if judgement.ground == Ground::Blacklisted {
            tracing::warn!(guarantee.id = %guarantee.id, answer = judgement.answer.name(), "the applicant is on the blacklist");
        }
        std::future::ready(Ok(judgement.answer)).boxed()
    }
}

#[cfg(test)]
mod tests;
