//! Orders that the platform asks to cancel.

use super::steps::step;
use super::*;

/// The ways to each stage before issue.
fn before_issue() -> [Vec<Command>; 3] {
    [1, 2, 3].map(|length| issued_in_the_clear()[..length].to_vec())
}

fn outcome(guarantee: &Guarantee) -> OrderCancellationOutcome {
    guarantee.order_cancellation.clone().unwrap().outcome
}

fn asked(history: Vec<Command>) -> Vec<Command> {
    with(history, [cancel_order()])
}

#[test]
fn before_issue_the_institution_is_asked_and_the_order_stays_as_it_is() {
    for history in before_issue() {
        let stage = after(history.clone()).guarantee.stage;
        let decision = after(asked(history));
        assert_eq!(decision.work, [Work::Consult(Question::Cancellation)]);
        assert_eq!(decision.events, [Event::CancellationAsked { reason: "不再采购".into() }]);
        assert_eq!(decision.guarantee.stage, stage);
        assert_eq!(outcome(&decision.guarantee), OrderCancellationOutcome::Asked);
        assert_eq!(
            decide(Some(decision.guarantee), newcomer(), cancel_order(), now()),
            Err(Refusal::CancellationPending)
        );
    }
}

#[test]
fn a_cancellation_that_is_granted_ends_the_application_and_is_told() {
    for history in before_issue() {
        let granted = with(asked(history), [Command::GrantCancellation]);
        assert_eq!(step(granted.clone()), ProgressStep::OrderCancelled);
        let decision = after(granted);
        assert_eq!((decision.guarantee.stage, &decision.events[..]), (Stage::Waived, &[Event::Waived][..]));
        assert_eq!(outcome(&decision.guarantee), OrderCancellationOutcome::Granted);
    }
}

#[test]
fn what_a_refused_cancellation_held_up_goes_on() {
    let letter = LetterKind::Plaintext;
    let goes_on = [
        Some(Work::Consult(Question::Underwriting)),
        None,
        Some(Work::MakeLetter { letter, deadline: None }),
    ];
    for (history, goes_on) in before_issue().into_iter().zip(goes_on) {
        let stage = after(history.clone()).guarantee.stage;
        let refused = with(asked(history), [refuse_cancellation()]);
        assert_eq!(step(refused.clone()), ProgressStep::OrderKept { reason: "保费已支付".into() });
        let decision = after(refused);
        assert_eq!(decision.events, [Event::CancellationRefused { reason: "保费已支付".into() }]);
        assert_eq!(decision.guarantee.stage, stage);
        assert_eq!(decision.work[1..], goes_on.into_iter().collect::<Vec<_>>());
    }
    let issued = with(asked(before_issue()[2].clone()), [refuse_cancellation(), seal(letter)]);
    assert_eq!(after(issued).guarantee.stage, Stage::Issued);
}

#[test]
fn while_the_institution_considers_a_cancellation_nothing_is_decided_paid_sealed_or_replaced() {
    let [applied, approved, issuing] = before_issue().map(asked);
    let application = Application { secrecy: Secrecy::None, ..Application::for_testing("500000") };
    let replace = || Command::Apply { application: application.clone(), replace: Replacement::UntilIssued };
    let decline = Command::Decline { reason: "额度不足".into(), issuer: "示例".into() };
    for (history, command) in [
        (&applied, approve()),
        (&applied, decline),
        (&applied, replace()),
        (&applied, Command::AskWaiver),
        (&approved, pay(BasicAccount::Confirmed)),
        (&approved, replace()),
        (&approved, Command::AskWaiver),
        (&issuing, seal(LetterKind::Plaintext)),
        (&issuing, Command::AbandonIssue { reason: "字库缺字".into() }),
    ] {
        assert_eq!(refused(history.clone(), command), Refusal::CancellationPending);
    }
}

#[test]
fn from_issue_on_the_order_is_kept_and_told_so() {
    for kept in [issued_in_the_clear(), restored()] {
        let stage = after(kept.clone()).guarantee.stage;
        let history = asked(kept);
        let reason = Refusal::OrderIssued.to_string();
        assert_eq!(step(history.clone()), ProgressStep::OrderKept { reason: reason.clone() });
        let decision = after(history);
        assert_eq!(decision.guarantee.stage, stage);
        assert_eq!(decision.events, [Event::OrderKept { reason: "不再采购".into() }]);
        assert_eq!(outcome(&decision.guarantee), OrderCancellationOutcome::Refused { reason });
    }
    let gone = vec![apply(), Command::Waive];
    assert_eq!(refused(gone, cancel_order()), Refusal::NotWaivable(Stage::Waived));
}

#[test]
fn an_order_that_was_kept_may_be_asked_for_again_and_one_that_is_considered_may_not() {
    let [applied, ..] = before_issue();
    let again =
        |history: Vec<Command>| after(history).guarantee.may_ask_again(&cancel_order(), Content::Same);
    assert!(!again(applied.clone()));
    assert!(!again(asked(applied.clone())));
    assert!(!again(with(asked(applied.clone()), [Command::GrantCancellation])));
    let refused = with(asked(applied), [refuse_cancellation()]);
    assert!(again(refused.clone()));
    assert_eq!(outcome(&after(asked(refused)).guarantee), OrderCancellationOutcome::Asked);
    assert!(again(asked(issued_in_the_clear())));
}

#[test]
fn nothing_is_granted_or_refused_that_nobody_asked_for() {
    for history in before_issue().into_iter().chain([issued(), asked(issued_in_the_clear())]) {
        assert_eq!(refused(history.clone(), Command::GrantCancellation), Refusal::NoCancellationAsked);
        assert_eq!(refused(history, refuse_cancellation()), Refusal::NoCancellationAsked);
    }
}

#[test]
fn an_order_is_cancelled_at_once_where_the_institution_has_asked_for_a_waiver_already() {
    let history = vec![apply(), Command::AskWaiver, cancel_order()];
    assert_eq!(step(history.clone()), ProgressStep::OrderCancelled);
    let cancelled = after(history);
    assert_eq!(cancelled.guarantee.stage, Stage::Waived);
    assert!(!cancelled.guarantee.waiver_asked);
    assert_eq!(outcome(&cancelled.guarantee), OrderCancellationOutcome::Granted);
}

#[test]
fn a_waiver_answers_the_cancellation_that_is_considered() {
    let history = with(asked(before_issue()[1].clone()), [Command::Waive]);
    assert_eq!(step(history.clone()), ProgressStep::OrderCancelled);
    assert_eq!(outcome(&after(history).guarantee), OrderCancellationOutcome::Granted);
}
