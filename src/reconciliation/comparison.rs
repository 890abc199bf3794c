//! The platform's statement of a day against ours.
//!
//! **Who is who.** A row of theirs is looked for among all our guarantees of that platform, whenever they were issued: by
//! the guarantee's number, else by the application's. So what one side books a day later is never taken for something
//! that the other does not have.
//!
//! **What has to be there.** Of ours, those with a movement on that day, of the kinds that the platform's statement lists.
//! One that no row names is `only-ours`. One that moved close to midnight may stand in the statement of the neighbouring
//! day: it is a `date` difference as long as that statement is not there yet, or names it; and once that statement has
//! come and does not name it, it is `only-ours` there. A row that names none of ours is `only-theirs`.
//!
//! **What has to be the same.** Amount and premium, where the row has them. The state, where it has one: the row is right
//! if it says what was so at the end of the day, or what is so now, since nobody knows when after the day the platform
//! drew up its list. A row without a state says that there is a guarantee. The day, which is the row's own where it has
//! one, else the statement's: of issue, or of the movement that the row's state tells, where the statement lists those.
//!
//! Each inequality is a difference of its own, so that the numbers and sums of both sides are explained by the list as a
//! whole. Its order depends on nothing but what is in it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::account::Account;
use super::import::Theirs;
use super::movement::Movement;
use super::standing::Standing;
use super::statement::end_of;
use crate::clock;
use crate::domain::Stage;
use crate::domain::identity::{ApplicationNumber, GuaranteeId, GuaranteeNumber};
use crate::store::reconciliations::{DifferenceKind, Finding, Side};
use crate::store::statements::Known;

/// A guarantee of ours, with its timeline up to now.
#[derive(Clone, Debug)]
pub struct Ours {
    pub known: Known,
    pub account: Account,
}

/// What the statement of a neighbouring day says of guarantees at midnight; see
/// [`of_other_days`](crate::store::reconciliations::of_other_days).
#[derive(Clone, Debug, Default)]
pub struct Neighbour {
    /// Those that its file named, though with us they belong to another day.
    pub named: BTreeSet<GuaranteeId>,
    /// Those of that day itself that its file did not name.
    pub awaited: BTreeSet<GuaranteeId>,
}

/// Everything that a comparison looks at.
pub struct Comparison<'a> {
    pub day: Date,
    pub lists: &'a [Movement],
    /// How close to midnight is close.
    pub midnight: SignedDuration,
    pub now: Timestamp,
    /// All of ours that a row names or that moved that day.
    pub ours: &'a BTreeMap<GuaranteeId, Ours>,
    /// Those that moved that day.
    pub expected: &'a BTreeSet<GuaranteeId>,
    pub theirs: &'a [Theirs],
    /// The day before and the day after, where their statements are there.
    pub before: Option<&'a Neighbour>,
    pub after: Option<&'a Neighbour>,
}

/// The rows that were told apart by number, and what they led to.
struct Book<'a> {
    by_number: BTreeMap<&'a GuaranteeNumber, &'a Ours>,
    by_application: BTreeMap<&'a ApplicationNumber, &'a Ours>,
    /// What rows named, each with the movement that it told, and how often.
    listed: BTreeMap<(Name<'a>, Movement), usize>,
    named: BTreeSet<&'a GuaranteeId>,
    found: Vec<Finding>,
}

/// What tells a row from others: our guarantee, or, where we have none, what the row calls it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Name<'a> {
    Ours(&'a GuaranteeId),
    Number(&'a GuaranteeNumber),
    Application(&'a ApplicationNumber),
    Nothing,
}

impl Comparison<'_> {
    /// All differences, in an order that depends on nothing else.
    pub fn findings(&self) -> Vec<Finding> {
        let mut book = Book {
            by_number: BTreeMap::new(),
            by_application: BTreeMap::new(),
            listed: BTreeMap::new(),
            named: BTreeSet::new(),
            found: Vec::new(),
        };
        for ours in self.ours.values() {
            book.by_application.insert(&ours.known.application, ours);
            if let Some(number) = &ours.known.number {
                book.by_number.insert(number, ours);
            }
        }
        for row in self.theirs {
            self.compare_row(&mut book, row);
        }
        for id in self.expected {
            if let Some(ours) = self.ours.get(id).filter(|_| !book.named.contains(id)) {
                book.found.push(self.unnamed(ours));
            }
        }
        for id in self.before.iter().flat_map(|before| &before.awaited) {
            let named = book.named.contains(id) || self.expected.contains(id);
            if let Some(ours) = self.ours.get(id).filter(|_| !named) {
                book.found.push(self.only_ours(ours));
            }
        }
        let mut found = book.found;
        found.sort_by_cached_key(order);
        found
    }

    fn compare_row<'a>(&'a self, book: &mut Book<'a>, row: &'a Theirs) {
        let by_number = row.number.as_ref().and_then(|number| book.by_number.get(number).copied());
        let by_application = row.application.as_ref().and_then(|it| book.by_application.get(it).copied());
        let ours = by_number.or(by_application);
        let movement = self.movement_told(row);
        let name = match (ours, &row.number, &row.application) {
            (Some(ours), ..) => Name::Ours(&ours.known.id),
            (None, Some(number), _) => Name::Number(number),
            (None, None, Some(application)) => Name::Application(application),
            (None, None, None) => Name::Nothing,
        };
        let their_day = row.date.unwrap_or(self.day);
        let mut differ = |kind| {
            book.found.push(Finding {
                kind,
                guarantee: ours.map(|ours| ours.known.id.clone()),
                ours: ours.map(|ours| self.side(ours, movement)),
                theirs: Some(side_of(row, their_day)),
            });
        };
        let days = ours.iter().flat_map(|ours| ours.account.times(movement)).map(clock::china_date);
        let days: Vec<Date> = days.collect();
        let told = book.listed.entry((name, movement)).or_default();
        *told += 1;
        // Two claims may be paid on one day.
        if *told > days.iter().filter(|day| **day == their_day).count().max(1) {
            return differ(DifferenceKind::Duplicate);
        }
        let Some(ours) = ours else { return differ(DifferenceKind::OnlyTheirs) };
        book.named.insert(&ours.known.id);
        let another = |number: &GuaranteeNumber| ours.known.number.as_ref().is_some_and(|own| own != number);
        if row.number.as_ref().is_some_and(another) {
            differ(DifferenceKind::Number);
        }
        if row.amount.is_some_and(|amount| amount != ours.known.amount) {
            differ(DifferenceKind::Amount);
        }
        if row.premium.is_some_and(|premium| ours.account.premium(self.now) != Some(premium)) {
            differ(DifferenceKind::Premium);
        }
        if !self.stands_as_told(ours, row) {
            differ(DifferenceKind::State);
        }
        let says_none = row.state.as_ref().is_some_and(|state| state.meant == [Standing::NotIssued]);
        if !says_none && !days.is_empty() && !days.contains(&their_day) {
            differ(DifferenceKind::Date);
        }
    }

    /// The movement that a row tells: that of its state, where the statement lists such, else the first that it lists.
    fn movement_told(&self, row: &Theirs) -> Movement {
        let meant = row.state.iter().flat_map(|state| &state.meant);
        let told = meant.filter_map(|standing| standing.movement()).find(|it| self.lists.contains(it));
        told.or_else(|| self.lists.first().copied()).unwrap_or(Movement::Issued)
    }

    fn stands_as_told(&self, ours: &Ours, row: &Theirs) -> bool {
        let moments = [end_of(self.day).min(self.now), self.now];
        let stands = |standing: Standing, moment| {
            let stage = ours.account.stage(moment).unwrap_or(Stage::Applied);
            match standing {
                Standing::ClaimPaid => ours.account.has_paid(moment),
                standing => Standing::of(stage) == standing,
            }
        };
        match &row.state {
            Some(state) => moments.iter().any(|at| state.meant.iter().any(|it| stands(*it, *at))),
            None => moments.iter().any(|at| !stands(Standing::NotIssued, *at)),
        }
    }

    /// What to say of one of ours that moved that day and that no row names.
    fn unnamed(&self, ours: &Ours) -> Finding {
        let (begin, end) = (clock::china_midnight(self.day), end_of(self.day));
        let moves = self.lists.iter().flat_map(|movement| ours.account.times(*movement));
        let moved: Vec<Timestamp> = moves.filter(|at| (begin..end).contains(at)).collect();
        let all =
            |close: &dyn Fn(Timestamp) -> SignedDuration| moved.iter().all(|at| close(*at) <= self.midnight);
        let id = &ours.known.id;
        let elsewhere = |neighbour: Option<&Neighbour>, day: Option<Date>| {
            let side = Side { date: day, ..Side::default() };
            neighbour.is_some_and(|it| it.named.contains(id)).then_some(side)
        };
        if all(&|at| end.duration_since(at)) {
            match self.after {
                None => return self.on_another_day(ours, None),
                Some(_) => {
                    if let Some(theirs) = elsewhere(self.after, self.day.tomorrow().ok()) {
                        return self.on_another_day(ours, Some(theirs));
                    }
                }
            }
        }
        if all(&|at| at.duration_since(begin))
            && let Some(theirs) = elsewhere(self.before, self.day.yesterday().ok())
        {
            return self.on_another_day(ours, Some(theirs));
        }
        self.only_ours(ours)
    }

    fn on_another_day(&self, ours: &Ours, theirs: Option<Side>) -> Finding {
        Finding { kind: DifferenceKind::Date, theirs, ..self.only_ours(ours) }
    }

    fn only_ours(&self, ours: &Ours) -> Finding {
        let moved =
            |movement: &&Movement| ours.account.times(**movement).any(|at| clock::china_date(at) == self.day);
        let movement = self.lists.iter().find(moved).or(self.lists.first());
        Finding {
            kind: DifferenceKind::OnlyOurs,
            guarantee: Some(ours.known.id.clone()),
            ours: Some(self.side(ours, movement.copied().unwrap_or(Movement::Issued))),
            theirs: None,
        }
    }

    fn side(&self, ours: &Ours, movement: Movement) -> Side {
        // That of the day, or else the last one.
        let times: Vec<Timestamp> = ours.account.times(movement).collect();
        let of_the_day = times.iter().find(|at| clock::china_date(**at) == self.day);
        let at = of_the_day.or(times.last()).copied();
        Side {
            application: Some(ours.known.application.clone()),
            number: ours.known.number.clone(),
            applicant: Some(ours.known.applicant.name.clone()),
            amount: Some(ours.known.amount),
            premium: ours.account.premium(self.now),
            state: Some(self.state(ours)),
            date: at.map(clock::china_date),
            at,
            line: None,
        }
    }

    /// The state at the end of the day, and the present one where it is another.
    fn state(&self, ours: &Ours) -> String {
        let title = |moment| ours.account.stage(moment).map_or("", Stage::title);
        let (then, now) = (title(end_of(self.day).min(self.now)), title(self.now));
        if then == now { now.to_owned() } else { format!("{then}（现为{now}）") }
    }
}

fn side_of(row: &Theirs, day: Date) -> Side {
    Side {
        application: row.application.clone(),
        number: row.number.clone(),
        applicant: None,
        amount: row.amount,
        premium: row.premium,
        state: row.state.as_ref().map(|state| state.word.clone()),
        date: Some(day),
        at: None,
        line: Some(row.line),
    }
}

/// By number, then by application, then by kind, then by line.
fn order(finding: &Finding) -> (String, String, DifferenceKind, Option<u64>) {
    let sides = [&finding.ours, &finding.theirs].map(Option::as_ref);
    let sides = || sides.iter().flatten();
    let number = sides().find_map(|side| side.number.as_ref()).map(ToString::to_string);
    let application = sides().find_map(|side| side.application.as_ref()).map(ToString::to_string);
    let line = sides().find_map(|side| side.line);
    (number.unwrap_or_default(), application.unwrap_or_default(), finding.kind, line)
}

#[cfg(test)]
mod tests;
