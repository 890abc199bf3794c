//! Seeded differences: each is found, and none that was not seeded.

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::domain::Event;
use crate::domain::claim::ClaimStatus;
use crate::domain::guarantee::LetterKind;
use crate::domain::identity::{DocumentDigest, PlatformId};
use crate::domain::money::Fen;
use crate::domain::party::Party;
use crate::reconciliation::import::Stated;
use crate::store::events::Entry;

fn day() -> Date {
    "2026-11-22".parse().unwrap()
}

/// A time of that day in China, or of another one near it.
fn at(text: &str) -> Timestamp {
    clock::from_wire(&format!("2026-11-{text}")).unwrap()
}

fn yuan(text: &str) -> Fen {
    text.parse().unwrap()
}

/// A guarantee with a number of ours, issued at a time, and what came after.
fn ours(number: usize, issued: &str, later: Vec<(&str, Event)>) -> Ours {
    let guarantee_number = GuaranteeNumber::new(format!("BH{number:04}"));
    let sealed = Event::LetterSealed { letter: LetterKind::Plaintext, document: DocumentDigest::new("d") };
    let amount = yuan("800000");
    let begun = [
        Event::ApplicationReceived { amount },
        Event::Approved { guarantee_number: guarantee_number.clone(), premium: yuan("3200") },
        Event::PremiumPaid,
    ];
    let mut events: Vec<(Timestamp, Event)> = begun.into_iter().map(|it| (at("20 09:00:00"), it)).collect();
    events.push((at(issued), sealed));
    events.extend(later.into_iter().map(|(when, event)| (at(when), event)));
    let id = GuaranteeId::new(format!("g{number:04}"));
    let entry = |(number, (at, event))| Entry {
        guarantee: id.clone(),
        platform: PlatformId::new("somewhere"),
        number,
        at,
        event,
    };
    Ours {
        account: Account::new((1..).zip(events).map(entry).collect()),
        known: Known {
            id,
            application: ApplicationNumber::new(format!("A{number:04}")),
            number: Some(guarantee_number),
            applicant: Party { name: format!("投标人{number}"), code: "91460000MA0EXAMP7X".to_owned() },
            amount,
        },
    }
}

/// What a platform that agrees says of it.
fn agreeing(ours: &Ours) -> Theirs {
    Theirs {
        line: 0,
        number: ours.known.number.clone(),
        application: Some(ours.known.application.clone()),
        amount: Some(ours.known.amount),
        premium: Some(yuan("3200")),
        state: Some(stated("已出函", Standing::Issued)),
        date: None,
    }
}

fn stated(word: &str, standing: Standing) -> Stated {
    Stated { word: word.to_owned(), meant: vec![standing] }
}

/// A comparison at noon of the day after.
struct Bench {
    ours: BTreeMap<GuaranteeId, Ours>,
    theirs: Vec<Theirs>,
    lists: Vec<Movement>,
    before: Option<Neighbour>,
    after: Option<Neighbour>,
}

impl Bench {
    fn of(ours: Vec<Ours>, theirs: Vec<Theirs>) -> Self {
        let ours = ours.into_iter().map(|ours| (ours.known.id.clone(), ours)).collect();
        Self { ours, theirs, lists: vec![Movement::Issued], before: None, after: None }
    }

    fn findings(mut self) -> Vec<Finding> {
        (1..).zip(&mut self.theirs).for_each(|(line, row)| row.line = line);
        let moved = |ours: &&Ours| {
            let times = self.lists.iter().flat_map(|it| ours.account.times(*it));
            times.map(clock::china_date).any(|it| it == day())
        };
        let expected = self.ours.values().filter(moved).map(|ours| ours.known.id.clone()).collect();
        let comparison = Comparison {
            day: day(),
            lists: &self.lists,
            midnight: SignedDuration::from_mins(10),
            now: at("23 12:00:00"),
            ours: &self.ours,
            expected: &expected,
            theirs: &self.theirs,
            before: self.before.as_ref(),
            after: self.after.as_ref(),
        };
        comparison.findings()
    }

    fn kinds(self) -> Vec<(DifferenceKind, String)> {
        let name = |finding: &Finding| {
            let side = finding.theirs.as_ref().filter(|side| side.number.is_some()).or(finding.ours.as_ref());
            side.unwrap().number.clone().unwrap().to_string()
        };
        self.findings().iter().map(|finding| (finding.kind, name(finding))).collect()
    }
}

#[test]
fn seeded_differences_are_all_found_and_none_is_invented() {
    for seed in 0..200 {
        let mut dice = StdRng::seed_from_u64(seed);
        let (mut known, mut theirs, mut seeded) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..60 {
            let is_ours_elsewhere = dice.random_range(0..6) == 0;
            let issued = if is_ours_elsewhere { "21 12:00:00" } else { "22 12:00:00" };
            let mine = ours(number, issued, Vec::new());
            let mut row = agreeing(&mine);
            let name = mine.known.number.clone().unwrap().to_string();
            let mut seed = |kind| seeded.push((kind, name.clone()));
            if is_ours_elsewhere && dice.random_range(0..2) == 0 {
                // Of another day, and not named: nobody speaks of it.
                known.push(mine);
                continue;
            }
            if is_ours_elsewhere {
                seed(DifferenceKind::Date);
            }
            match dice.random_range(0..10) {
                0 => {
                    row.amount = Some(yuan("800000.01"));
                    seed(DifferenceKind::Amount);
                }
                1 => {
                    row.premium = Some(yuan("3199.99"));
                    row.state = Some(stated("已退保", Standing::Surrendered));
                    seed(DifferenceKind::Premium);
                    seed(DifferenceKind::State);
                }
                2 if !is_ours_elsewhere => {
                    seed(DifferenceKind::OnlyOurs);
                    known.push(mine);
                    continue;
                }
                3 if !is_ours_elsewhere => {
                    seed(DifferenceKind::OnlyTheirs);
                    theirs.push(row);
                    continue;
                }
                4 => {
                    theirs.push(row.clone());
                    seed(DifferenceKind::Duplicate);
                }
                // By the application alone, and with nothing else said: that is no difference.
                5 => row = Theirs { number: None, premium: None, state: None, ..row },
                6 => row.number = None,
                _ => {}
            }
            theirs.push(row);
            known.push(mine);
        }
        theirs.shuffle(&mut dice);
        let named: Vec<String> = seeded.iter().map(|(_, name)| name.clone()).collect();
        let mut found = Vec::new();
        for finding in Bench::of(known, theirs).findings() {
            let side = finding.ours.as_ref().or(finding.theirs.as_ref()).unwrap();
            found.push((finding.kind, side.number.clone().unwrap().to_string()));
        }
        assert!(found.iter().is_sorted_by_key(|(kind, name)| (name.clone(), *kind)), "in order");
        seeded.sort();
        found.sort();
        assert_eq!(found, seeded, "seed {seed}");
        assert!(named.len() > 5, "the seeds say little: {named:?}");
    }
}

#[test]
fn the_list_does_not_depend_on_the_order_of_the_file() {
    let all: Vec<Ours> = (0..20).map(|number| ours(number, "22 12:00:00", Vec::new())).collect();
    let mut rows: Vec<Theirs> = all.iter().map(agreeing).collect();
    rows.iter_mut().step_by(3).for_each(|row| row.amount = Some(yuan("1")));
    let bare = |mut findings: Vec<Finding>| {
        findings.iter_mut().flat_map(|it| &mut it.theirs).for_each(|side| side.line = None);
        findings
    };
    let first = bare(Bench::of(all.clone(), rows.clone()).findings());
    rows.reverse();
    assert_eq!(bare(Bench::of(all, rows).findings()), first);
    assert_eq!(first.len(), 7);
}

#[test]
fn one_application_under_two_numbers_is_one_difference() {
    let mine = ours(1, "22 12:00:00", Vec::new());
    let row = Theirs { number: Some(GuaranteeNumber::new("BH9")), ..agreeing(&mine) };
    let found = Bench::of(vec![mine], vec![row]).findings();
    let [one] = &found[..] else { panic!("{found:?}") };
    assert_eq!(one.kind, DifferenceKind::Number);
    let numbers = [&one.ours, &one.theirs].map(|side| side.as_ref().unwrap().number.clone().unwrap());
    assert_eq!(numbers.map(|it| it.to_string()), ["BH0001", "BH9"]);
}

#[test]
fn a_state_is_right_if_it_was_so_at_the_end_of_the_day_or_is_so_now() {
    let surrendered = || ours(1, "22 12:00:00", vec![("23 09:00:00", Event::Surrendered)]);
    let told = |standing| {
        let row = Theirs { state: Some(stated("x", standing)), ..agreeing(&surrendered()) };
        Bench::of(vec![surrendered()], vec![row]).findings()
    };
    assert!(told(Standing::Issued).is_empty() && told(Standing::Surrendered).is_empty());
    let found = told(Standing::Cancelled);
    assert_eq!(found[0].kind, DifferenceKind::State);
    let sides = [&found[0].ours, &found[0].theirs].map(|side| side.as_ref().unwrap().state.clone().unwrap());
    assert_eq!(sides, ["保函已出具（现为已退保）", "x"]);
}

#[test]
fn a_paid_claim_is_a_state_beside_the_stage() {
    let paid = Event::ClaimAnswered { status: ClaimStatus::Paid, paid: Some(yuan("1")) };
    let mine = || ours(1, "22 12:00:00", vec![("22 13:00:00", paid.clone())]);
    let told = |standing| {
        let row = Theirs { state: Some(stated("x", standing)), ..agreeing(&mine()) };
        Bench::of(vec![mine()], vec![row]).kinds()
    };
    assert!(told(Standing::ClaimPaid).is_empty() && told(Standing::Issued).is_empty());
    let unpaid = ours(1, "22 12:00:00", Vec::new());
    let row = Theirs { state: Some(stated("x", Standing::ClaimPaid)), ..agreeing(&unpaid) };
    assert_eq!(Bench::of(vec![unpaid], vec![row]).kinds()[0].0, DifferenceKind::State);
}

#[test]
fn a_row_without_a_state_says_that_there_is_a_guarantee() {
    let mut mine = ours(1, "23 13:00:00", Vec::new());
    // At noon it is not issued yet.
    let silent = Theirs { state: None, ..agreeing(&mine) };
    mine.account = Account::default();
    let found = Bench::of(vec![mine.clone()], vec![Theirs { premium: None, ..silent.clone() }]).kinds();
    assert_eq!(found, [(DifferenceKind::State, "BH0001".to_owned())]);
    let none = Theirs { state: Some(stated("未出函", Standing::NotIssued)), premium: None, ..silent };
    assert!(Bench::of(vec![mine], vec![none]).findings().is_empty());
}

#[test]
fn a_statement_that_lists_several_movements_names_a_guarantee_once_for_each() {
    let mine = || ours(1, "22 09:00:00", vec![("22 15:00:00", Event::Surrendered)]);
    let issued = Theirs { state: Some(stated("已出函", Standing::Issued)), ..agreeing(&mine()) };
    let left = Theirs { state: Some(stated("已退保", Standing::Surrendered)), ..agreeing(&mine()) };
    let both = vec![Movement::Issued, Movement::Surrendered];
    let found = |rows: Vec<Theirs>, lists: &[Movement]| {
        Bench { lists: lists.to_vec(), ..Bench::of(vec![mine()], rows) }.kinds()
    };
    // The first row's state is not so at the end of the day, nor now.
    let stale = (DifferenceKind::State, "BH0001".to_owned());
    let double = (DifferenceKind::Duplicate, "BH0001".to_owned());
    assert_eq!(found(vec![issued.clone(), left.clone()], &both), [stale]);
    assert_eq!(found(vec![left.clone(), left.clone()], &both), [double]);
    // Issued long before, surrendered that day: it belongs into the statement only where that lists surrenders.
    let old = || ours(1, "20 10:00:00", vec![("22 15:00:00", Event::Surrendered)]);
    let listed =
        |lists: &[Movement]| Bench { lists: lists.to_vec(), ..Bench::of(vec![old()], vec![left.clone()]) };
    assert!(listed(&both).findings().is_empty());
    assert_eq!(listed(&both[..1]).kinds()[0].0, DifferenceKind::Date);
}

#[test]
fn a_row_with_a_day_of_its_own_is_compared_with_that() {
    let mine = || ours(1, "21 12:00:00", Vec::new());
    let told = |date: &str| Theirs { date: Some(date.parse().unwrap()), ..agreeing(&mine()) };
    assert!(Bench::of(vec![mine()], vec![told("2026-11-21")]).findings().is_empty());
    assert_eq!(Bench::of(vec![mine()], vec![told("2026-11-22")]).kinds()[0].0, DifferenceKind::Date);
}

/// What is found of a guarantee of ours that no row names.
fn unnamed(
    issued: &str,
    before: Option<Neighbour>,
    after: Option<Neighbour>,
) -> (DifferenceKind, Option<String>) {
    let bench = Bench { before, after, ..Bench::of(vec![ours(1, issued, Vec::new())], Vec::new()) };
    let found = bench.findings();
    let [one] = &found[..] else { panic!("{found:?}") };
    (one.kind, one.theirs.as_ref().and_then(|side| side.date).map(|date| date.to_string()))
}

fn naming() -> Option<Neighbour> {
    Some(Neighbour { named: [GuaranteeId::new("g0001")].into(), ..Neighbour::default() })
}

fn silent() -> Option<Neighbour> {
    Some(Neighbour::default())
}

#[test]
fn one_that_was_issued_just_before_midnight_is_waited_for_until_the_next_statement_is_there() {
    use DifferenceKind::{Date, OnlyOurs};
    assert_eq!(unnamed("22 23:59:58", None, None), (Date, None));
    assert_eq!(unnamed("22 23:59:58", None, naming()), (Date, Some("2026-11-23".to_owned())));
    assert_eq!(unnamed("22 23:59:58", None, silent()), (OnlyOurs, None));
    assert_eq!(unnamed("22 23:49:00", None, None), (OnlyOurs, None), "eleven minutes are not close");
}

#[test]
fn one_that_was_issued_just_after_midnight_may_stand_in_the_statement_before() {
    use DifferenceKind::{Date, OnlyOurs};
    assert_eq!(unnamed("22 00:00:02", naming(), None), (Date, Some("2026-11-21".to_owned())));
    assert_eq!(unnamed("22 00:00:02", silent(), None), (OnlyOurs, None));
    assert_eq!(unnamed("22 00:00:02", None, None), (OnlyOurs, None));
    assert_eq!(unnamed("22 00:11:00", naming(), None), (OnlyOurs, None));
}

#[test]
fn one_that_the_statement_before_has_left_to_this_one_has_to_be_here() {
    let late = || ours(1, "21 23:59:58", Vec::new());
    let awaited = || Some(Neighbour { awaited: [GuaranteeId::new("g0001")].into(), ..Neighbour::default() });
    let missing = Bench { before: awaited(), ..Bench::of(vec![late()], Vec::new()) };
    assert_eq!(missing.kinds(), [(DifferenceKind::OnlyOurs, "BH0001".to_owned())]);
    let there = Bench { before: awaited(), ..Bench::of(vec![late()], vec![agreeing(&late())]) };
    assert_eq!(there.kinds(), [(DifferenceKind::Date, "BH0001".to_owned())]);
}
