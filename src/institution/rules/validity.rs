//! How long a guarantee holds by the rules.

use jiff::civil::Date;
use jiff::{Span, Timestamp};

use super::options::Figures;
use crate::clock::china_date;
use crate::domain::Guarantee;
use crate::domain::particulars::Particular;
use crate::domain::terms::Validity;

/// A validity, and what gave its last day.
pub(super) struct Ruled {
    pub(super) validity: Validity,
    pub(super) basis: Basis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Basis {
    /// The application asks for this last day.
    AskedDay,
    /// It asks for so many months.
    AskedMonths,
    /// It asks for nothing: `longest_validity_days`.
    Rule,
}

/// As long as the application asks for, from the day it asks for; where it asks for nothing, as the rules say.
pub(super) fn of(guarantee: &Guarantee, figures: &Figures, at: Timestamp) -> Ruled {
    from(None, guarantee, figures, at)
}

/// The same from another day, where there is one.
pub(super) fn from(first: Option<Date>, guarantee: &Guarantee, figures: &Figures, at: Timestamp) -> Ruled {
    let particulars = &guarantee.application.particulars;
    let date = |particular| particulars.get(particular).and_then(|text| text.parse::<Date>().ok());
    let from = first.or_else(|| date(Particular::GuaranteeFrom));
    let first = from.unwrap_or_else(|| china_date(at));
    let months = particulars.get(Particular::GuaranteeMonths).and_then(|text| text.parse::<i64>().ok());
    let after_months = || {
        let end = first.checked_add(Span::new().try_months(months?).ok()?).ok()?;
        end.yesterday().ok()
    };
    let by_rule = || {
        let days = Span::new().try_days(figures.longest_validity_days.value);
        days.and_then(|days| first.checked_add(days)).unwrap_or(Date::MAX)
    };
    let (latest, basis) = match (date(Particular::GuaranteeUntil), after_months()) {
        (Some(until), _) => (until, Basis::AskedDay),
        (None, Some(end)) => (end, Basis::AskedMonths),
        (None, None) => (by_rule(), Basis::Rule),
    };
    let days_after_bid_validity = figures.days_after_bid_validity.value;
    Ruled { validity: Validity { from, days_after_bid_validity, latest }, basis }
}

impl Ruled {
    /// Why such a guarantee would cover nothing, if it would.
    pub(super) fn emptiness(&self, at: Timestamp) -> Option<String> {
        let latest = self.validity.latest;
        match self.validity.from {
            Some(from) if from > latest => {
                Some(format!("申请的担保止期 {latest} 早于担保起期 {from}，不能承保"))
            }
            _ if self.validity.is_over(at) => Some(format!("申请的担保止期 {latest} 已过，不能承保")),
            _ => None,
        }
    }
}
