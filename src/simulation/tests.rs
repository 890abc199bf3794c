//! The simulation itself: it runs, it repeats, and it finds what is wrong.

use std::time::Duration;

use super::*;
use crate::clock::Clock;

/// The first seed of so many under which a mistake is found.
fn found(cast: &Cast, mutation: Mutation, seeds: u64) -> Option<Run> {
    (0..seeds).map(|seed| run(cast, seed, mutation, false)).find(|run| run.violation.is_some())
}

#[test]
fn a_seed_is_the_same_run_each_time() {
    let cast = Cast::new(None).unwrap();
    for seed in [1, 2, 3] {
        let (first, second) =
            (run(&cast, seed, Mutation::None, true), run(&cast, seed, Mutation::None, true));
        assert_eq!(first.trace, second.trace);
        assert!(first.trace.len() > 20);
    }
}

#[test]
fn no_promise_is_broken() {
    let cast = Cast::new(None).unwrap();
    let campaign = Campaign { from: 0, seeds: 200, time: None, threads: 2, mutation: Mutation::None };
    let report = campaign.run(&cast, &Clock::system());
    if let Some(run) = report.failure {
        let last = run.trace.len().saturating_sub(40);
        panic!("seed {}: {:?}\n{}", run.seed, run.violation, run.trace[last..].join("\n"));
    }
    assert_eq!(report.tally.runs, 200);
    assert!(report.tally.restorations > 100 && report.tally.crashes() > 100, "{}", report.tally);
}

#[test]
fn no_seed_is_begun_when_the_time_is_over() {
    let cast = Cast::new(None).unwrap();
    let time = Some(Duration::ZERO);
    let campaign = Campaign { from: 0, seeds: 1_000_000, time, threads: 2, mutation: Mutation::None };
    assert_eq!(campaign.run(&cast, &Clock::system()).tally.runs, 0);
}

/// The mistakes that are met within some dozens of seeds; `baohan simulate --mistake` finds the others.
#[test]
fn planted_mistakes_are_found() {
    let cast = Cast::new(None).unwrap();
    for (mutation, promise) in [
        (Mutation::AnswersBeforeCommit, "G1"),
        (Mutation::ForgetsAnswers, "G2"),
        (Mutation::SaysItAnew, "G3"),
        (Mutation::FreshFileKey, "G3"),
        (Mutation::CountsSlicesEarly, "G3"),
        (Mutation::KeyNotKept, "G5"),
        (Mutation::EnqueuesLater, "G7"),
        (Mutation::RecordsBeforeArchiving, "G7"),
        (Mutation::LanesOverlap, "lanes"),
        (Mutation::NothingHastened, "deadlines"),
        (Mutation::OldestFirst, "deadlines"),
    ] {
        let run = found(&cast, mutation, 300);
        let broken = run.and_then(|run| run.violation).map(|violation| violation.promise);
        assert_eq!(broken, Some(promise), "{mutation:?}");
    }
}

#[test]
fn mistakes_have_names_of_their_own() {
    for mutation in Mutation::ALL {
        assert_eq!(Mutation::named(mutation.name()), Some(mutation));
    }
}
