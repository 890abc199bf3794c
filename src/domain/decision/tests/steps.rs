//! What platforms hear that follow each step, cancelled orders, and dossiers.

use super::*;
use crate::domain::terms::PaymentMethod;

/// The one step that the last command tells.
fn step(history: Vec<Command>) -> ProgressStep {
    match &told(history)[..] {
        [Notice::Progress(progress)] => {
            assert_eq!(progress.application, ApplicationNumber::new("TB0001"));
            progress.step.clone()
        }
        others => panic!("expected one step, found {others:?}"),
    }
}

#[test]
fn approval_and_payment_are_told_as_steps() {
    let approved = vec![apply(), approve()];
    assert_eq!(step(approved.clone()), ProgressStep::Approved);
    let premium = "3200".parse().unwrap();
    let paid = step(with(approved.clone(), [pay(BasicAccount::Confirmed)]));
    assert_eq!(paid, ProgressStep::Paid { at: now(), premium, method: PaymentMethod::Other });
    let Command::RecordPremium { payment, payer } = pay(BasicAccount::Confirmed) else { panic!() };
    let yesterday = "2024-06-02T02:00:00Z".parse().unwrap();
    let payment = Payment { paid_at: Some(yesterday), method: PaymentMethod::Wechat, ..payment };
    let paid = step(with(approved, [Command::RecordPremium { payment, payer }]));
    assert_eq!(paid, ProgressStep::Paid { at: yesterday, premium, method: PaymentMethod::Wechat });
}

#[test]
fn a_declined_application_gets_a_result_and_no_step() {
    let decline = Command::Decline { reason: "额度不足".into(), issuer: "示例财产保险".into() };
    let notices = told(vec![apply(), decline]);
    assert!(
        matches!(&notices[..], [Notice::ApplicationResult(it)] if it.terms.is_none() && it.reason.as_deref() == Some("额度不足")),
        "{notices:?}"
    );
}

#[test]
fn an_order_is_cancelled_until_its_letter_is_sealed() {
    let cancel_order = || Command::CancelOrder { reason: "不再采购".into() };
    for length in 1..=3 {
        let history = with(issued_in_the_clear()[..length].to_vec(), [cancel_order()]);
        assert_eq!(step(history.clone()), ProgressStep::OrderCancelled);
        assert_eq!(after(history).guarantee.stage, Stage::Waived);
    }
    for kept in [issued_in_the_clear(), restored()] {
        let stage = after(kept.clone()).guarantee.stage;
        let history = with(kept, [cancel_order()]);
        assert_eq!(
            step(history.clone()),
            ProgressStep::OrderKept { reason: Refusal::OrderIssued.to_string() }
        );
        let decision = after(history);
        assert_eq!(decision.guarantee.stage, stage);
        assert_eq!(decision.events, [Event::OrderKept { reason: "不再采购".into() }]);
    }
    let gone = vec![apply(), Command::Waive];
    assert_eq!(refused(gone, cancel_order()), Refusal::NotWaivable(Stage::Waived));
}

#[test]
fn an_order_may_be_cancelled_while_the_platform_considers_a_waiver() {
    let cancelled = after([apply(), Command::AskWaiver, Command::CancelOrder { reason: "不再采购".into() }]);
    assert_eq!(cancelled.guarantee.stage, Stage::Waived);
    assert!(!cancelled.guarantee.waiver_asked);
}

#[test]
fn a_dossier_is_recorded_as_long_as_the_guarantee_lives_and_the_latest_counts() {
    let record = |email: &str| Command::RecordDossier {
        dossier: Dossier { email: Some(email.to_owned()), ..Dossier::default() },
    };
    for history in [vec![apply()], issued_in_the_clear(), restored()] {
        let stage = after(history.clone()).guarantee.stage;
        let recorded = after(with(history, [record("a@example.com"), record("b@example.com")]));
        assert_eq!(recorded.guarantee.dossier.unwrap().email.as_deref(), Some("b@example.com"));
        assert_eq!((recorded.guarantee.stage, &recorded.events[..]), (stage, &[Event::DossierRecorded][..]));
    }
    let gone = vec![apply(), Command::Waive];
    assert_eq!(refused(gone, record("a@example.com")), Refusal::NotInForce(Stage::Waived));
}
