//! What no sequence of commands may bring about.

use jiff::SignedDuration;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;

const WALKS: u64 = 400;
const STEPS: usize = 250;

fn rank(stage: Stage) -> usize {
    Stage::ALL.iter().position(|it| *it == stage).unwrap()
}

fn is_open(claim: &Claim) -> bool {
    claim.result.as_ref().is_none_or(|result| !result.status.is_final())
}

fn has_ended(stage: Stage) -> bool {
    rank(stage) > rank(Stage::Restored)
}

/// What holds of every guarantee, however it came about.
fn expect_sound(it: &Guarantee) {
    assert!(it.paid_on_claims <= it.application.amount, "{it:?}");
    let underwritten = matches!(
        it.stage,
        Stage::Approved
            | Stage::Issuing
            | Stage::Issued
            | Stage::Opened
            | Stage::Restored
            | Stage::Surrendered
            | Stage::Cancelled
            | Stage::Expired
    );
    assert!(!underwritten || it.number().is_some(), "{it:?}");
    assert!(it.issued_letter.is_none() || it.payment.is_some(), "{it:?}");
    assert!(it.merged_letter.is_none() || it.opening.is_some(), "{it:?}");
    assert!(it.opening.is_none() || it.application.secrecy == Secrecy::UntilOpening, "{it:?}");
    if it.claim.as_ref().is_some_and(is_open) {
        assert!(!matches!(it.stage, Stage::Surrendered | Stage::Expired), "{it:?}");
    }
    if it.waiver_asked {
        assert!(matches!(it.stage, Stage::Applied | Stage::Approved), "{it:?}");
    }
    if it.order_cancellation_is_asked() {
        assert!(matches!(it.stage, Stage::Applied | Stage::Approved | Stage::Issuing), "{it:?}");
        assert!(!it.waiver_asked, "both sides give the application up: {it:?}");
    }
    if has_ended(it.stage) {
        let asked = it.surrender.as_ref().is_some_and(|it| it.outcome == SurrenderOutcome::Asked);
        assert!(!asked, "nobody answers a surrender behind the end: {it:?}");
    }
}

/// What holds between a guarantee and what became of it.
fn expect_progress(before: &Guarantee, decision: &Decision, at: Timestamp) {
    let after = &decision.guarantee;
    let replaced = matches!(decision.events[..], [Event::ApplicationReplaced { .. }]);
    assert!(replaced || rank(after.stage) >= rank(before.stage), "{before:?} to {after:?}");
    assert!(replaced || before.number().is_none() || before.number() == after.number());
    assert!(!has_ended(before.stage) || after.stage == before.stage, "{before:?} to {after:?}");
    assert!(after.paid_on_claims >= before.paid_on_claims);
    let told = decision.events.iter().rev().find_map(Event::stage);
    assert_eq!(told.unwrap_or(before.stage), after.stage, "events tell the stage: {:?}", decision.events);
    for (kind, letter) in
        [(LetterKind::Merged, &before.merged_letter), (before.letter_at_issue(), &before.issued_letter)]
    {
        if let Some(letter) = letter {
            assert_eq!(after.letter(kind).map(|it| &it.document), Some(&letter.document), "sealed is sealed");
        }
    }
    if decision.events.iter().any(|event| matches!(event, Event::ClaimReceived { .. })) {
        assert!(at < after_the_last_day(), "claimed too late");
        assert!(!before.claim.as_ref().is_some_and(is_open), "one claim at a time");
    }
}

/// Where each of these events first stands in a life, they stand in this order.
fn expect_in_order(life: &[Event]) {
    let first = |wanted: &dyn Fn(&Event) -> bool| life.iter().position(wanted);
    let last_replaced = life.iter().rposition(|event| matches!(event, Event::ApplicationReplaced { .. }));
    let order = [
        first(&|event| matches!(event, Event::ApplicationReceived { .. })),
        last_replaced,
        first(&|event| matches!(event, Event::PremiumPaid)),
        first(&|event| matches!(event, Event::LetterSealed { .. })),
        first(&|event| matches!(event, Event::LetterDelivered { .. })),
        first(&|event| matches!(event, Event::LetterDelivered { letter: LetterKind::Merged })),
    ];
    assert!(order.iter().flatten().is_sorted(), "{life:?}");
    let sealed = first(&|event| matches!(event, Event::LetterSealed { .. }));
    let key = first(&|event| matches!(event, Event::KeyReceived));
    let merged = first(&|event| matches!(event, Event::LetterSealed { letter: LetterKind::Merged, .. }));
    assert!([sealed, key, merged].iter().flatten().is_sorted(), "{life:?}");
    for ending in [Event::Waived, Event::Surrendered, Event::Cancelled, Event::Expired] {
        assert!(life.iter().filter(|event| **event == ending).count() <= 1, "{life:?}");
    }
}

#[test]
fn no_walk_pays_more_than_the_amount_or_turns_back() {
    let (mut reached, mut paid, mut restarted) = ([0usize; 12], 0usize, 0usize);
    for seed in 0..WALKS {
        let mut dice = StdRng::seed_from_u64(seed);
        let secrecy = [Secrecy::UntilOpening, Secrecy::None][dice.random_range(0..2)];
        let first = after([apply_with(secrecy)]);
        let (mut known, mut life, mut at) = (first.guarantee, first.events, now());
        for step in 0..STEPS {
            at = at.checked_add(SignedDuration::from_hours(dice.random_range(0..25))).unwrap();
            let amount = ["1", "300000", "800000", "800000.01"][dice.random_range(0..4)];
            let mut commands = every_command(&known, amount);
            let mut command = commands.swap_remove(dice.random_range(0..commands.len()));
            if let Command::Approve { terms } = &mut command {
                terms.guarantee_number = GuaranteeNumber::new(format!("BH{step}"));
            }
            // What ends a life at once is drawn seldom, so that there is a life to end.
            let ends = [
                "Decline",
                "Waive",
                "CancelOrder",
                "GrantCancellation",
                "AbandonIssue",
                "Surrender",
                "Cancel",
                "AskWaiver",
            ];
            if ends.contains(&name(&command).as_str()) && dice.random_range(0..12) > 0 {
                continue;
            }
            let Ok(decision) = decide(Some(known.clone()), newcomer(), command, at) else { continue };
            expect_sound(&decision.guarantee);
            expect_progress(&known, &decision, at);
            restarted += usize::from(matches!(decision.events[..], [Event::ApplicationReplaced { .. }]));
            life.extend(decision.events);
            known = decision.guarantee;
        }
        expect_in_order(&life);
        reached[rank(known.stage)] += 1;
        paid += usize::from(known.paid_on_claims > Fen::ZERO);
    }
    assert!(paid > 10 && restarted > 10, "the walks say little: {paid} paid, {restarted} restarted");
    assert!(reached.iter().filter(|count| **count > 0).count() >= 8, "the walks say little: {reached:?}");
}
