//! What platforms hear that follow each step, terms and payments that can't be used, and dossiers.

use super::*;
use crate::domain::dossier::Paper;
use crate::domain::terms::PaymentMethod;

/// The one step that the last command tells.
pub(super) fn step(history: Vec<Command>) -> ProgressStep {
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

/// The approval with other terms.
fn approve_on(change: impl FnOnce(&mut Terms)) -> Command {
    let Command::Approve { mut terms } = approve() else { panic!() };
    change(&mut terms);
    Command::Approve { terms }
}

#[test]
fn an_approval_needs_a_premium_and_a_number_that_platforms_take() {
    let numbered = |number: &str| approve_on(|terms| terms.guarantee_number = GuaranteeNumber::new(number));
    let free = approve_on(|terms| terms.premium = Fen::ZERO);
    assert_eq!(refused(vec![apply()], free), Refusal::PremiumMissing);
    for number in ["", "BH 1", "BH\u{7}", "BH1\n", &"函".repeat(51)] {
        assert_eq!(refused(vec![apply()], numbered(number)), Refusal::NumberUnusable, "{number:?}");
    }
    assert_eq!(after([apply(), numbered(&"函".repeat(50))]).guarantee.stage, Stage::Approved);
}

/// The payment of some amount.
fn pay_amount(amount: &str) -> Command {
    let Command::RecordPremium { payment, payer } = pay(BasicAccount::Confirmed) else { panic!() };
    let payment = Payment { amount: Some(amount.parse().unwrap()), ..payment };
    Command::RecordPremium { payment, payer }
}

#[test]
fn whoever_paid_less_than_the_premium_has_not_paid_it() {
    let approved = || vec![apply(), approve()];
    let premium = "3200".parse().unwrap();
    let underpaid = Refusal::PremiumUnderpaid { paid: "3199.99".parse().unwrap(), premium };
    assert_eq!(refused(approved(), pay_amount("3199.99")), underpaid);
    for enough in ["3200", "3200.01"] {
        let paid = after(with(approved(), [pay_amount(enough)])).guarantee;
        assert_eq!(
            (paid.stage, paid.payment.unwrap().amount),
            (Stage::Issuing, Some(enough.parse().unwrap()))
        );
    }
}

#[test]
fn a_payment_of_an_earlier_version_has_neither_amount_nor_voucher() {
    let paid = after([apply(), approve(), pay(BasicAccount::Confirmed)]).guarantee;
    let mut stored = serde_json::to_value(&paid).unwrap();
    let payment = stored["payment"].as_object_mut().unwrap();
    assert!(payment.remove("amount").is_some() && payment.remove("voucher").is_some());
    assert!(stored.as_object_mut().unwrap().remove("order_cancellation").is_some());
    assert_eq!(serde_json::from_value::<Guarantee>(stored).unwrap(), paid);
}

#[test]
fn the_dossiers_proof_of_payment_comes_before_the_payments_own() {
    let paper =
        |name: &str| Paper { document: DocumentDigest::new(name), name: name.into(), md5: String::new() };
    let Command::RecordPremium { payment, payer } = pay(BasicAccount::Confirmed) else { panic!() };
    let payment = Payment { voucher: Some(paper("voucher.pdf")), ..payment };
    let mut history = vec![apply(), approve(), Command::RecordPremium { payment, payer }];
    let proof = |history: &[Command]| after(history.to_vec()).guarantee.payment_proof().unwrap().name.clone();
    assert_eq!(proof(&history), "voucher.pdf");
    for (proven, expected) in [(None, "voucher.pdf"), (Some(paper("proof.pdf")), "proof.pdf")] {
        let dossier = Dossier { payment_proof: proven, ..Dossier::default() };
        history.push(Command::RecordDossier { dossier });
        assert_eq!(proof(&history), expected);
    }
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
