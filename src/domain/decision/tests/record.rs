//! What is on record of a guarantee: its stage, its letters, its papers, and what may be asked for anew.

use super::*;
use crate::domain::dossier::Paper;

#[test]
fn the_events_of_each_step_tell_the_stage_that_it_leads_to() {
    let opened = || with(issued(), [restore(KeyCheck::Fits)]);
    let reason = || "示例理由".to_owned();
    for (history, stage) in [
        (vec![apply()], Stage::Applied),
        (vec![apply(), approve()], Stage::Approved),
        (vec![apply(), Command::Decline { reason: reason(), issuer: reason() }], Stage::Declined),
        (vec![apply(), approve(), pay(BasicAccount::Confirmed)], Stage::Issuing),
        (
            vec![
                apply(),
                approve(),
                pay(BasicAccount::Confirmed),
                Command::AbandonIssue { reason: reason() },
            ],
            Stage::Abandoned,
        ),
        (issued(), Stage::Issued),
        (issued_in_the_clear(), Stage::Issued),
        (opened(), Stage::Opened),
        (restored(), Stage::Restored),
        (vec![apply(), Command::Waive], Stage::Waived),
        (with(issued(), [Command::Surrender { reason: reason() }]), Stage::Surrendered),
        (with(restored(), [cancel()]), Stage::Cancelled),
    ] {
        let decision = after(history);
        assert_eq!(decision.guarantee.stage, stage);
        assert_eq!(decision.events.iter().find_map(Event::stage), Some(stage), "{:?}", decision.events);
    }
    let known = after(issued()).guarantee;
    let expired = decide(Some(known), newcomer(), Command::Expire, after_the_last_day()).unwrap();
    assert_eq!(expired.events.iter().find_map(Event::stage), Some(Stage::Expired));
}

#[test]
fn a_letter_is_delivered_when_it_first_arrives() {
    let arrived = |letter| Command::RecordDelivery { letter };
    let at = |known: &Guarantee, letter, at: Timestamp| {
        decide(Some(known.clone()), newcomer(), arrived(letter), at).unwrap()
    };
    let first = at(&after(restored()).guarantee, LetterKind::Merged, now());
    assert_eq!(first.events, [Event::LetterDelivered { letter: LetterKind::Merged }]);
    let delivered = |known: &Guarantee, letter| known.letter(letter).unwrap().delivered_at;
    assert_eq!(delivered(&first.guarantee, LetterKind::Merged), Some(now()));
    assert_eq!(delivered(&first.guarantee, LetterKind::Ciphertext), None, "another letter");
    let again = at(&first.guarantee, LetterKind::Merged, after_the_last_day());
    assert_eq!((again.events.len(), delivered(&again.guarantee, LetterKind::Merged)), (0, Some(now())));
    assert_eq!(refused(issued(), arrived(LetterKind::Merged)), Refusal::LetterNotExpected);
}

#[test]
fn a_guarantee_has_the_letters_that_were_sealed_and_no_other() {
    let (secret, open) = (after(issued()).guarantee, after(issued_in_the_clear()).guarantee);
    let has = |known: &Guarantee| LetterKind::ALL.map(|kind| known.letter(kind).is_some());
    assert_eq!(LetterKind::ALL, [LetterKind::Ciphertext, LetterKind::Merged, LetterKind::Plaintext]);
    assert_eq!(has(&secret), [true, false, false]);
    assert_eq!(has(&open), [false, false, true]);
    assert_eq!(has(&after(restored()).guarantee), [true, true, false]);
}

#[test]
fn every_paper_is_found_and_the_dossier_s_proof_of_payment_comes_first() {
    let paper = |name: &str| Paper {
        document: DocumentDigest::new(name),
        name: format!("{name}.pdf"),
        md5: name.to_owned(),
    };
    let voucher = |voucher: Option<Paper>| {
        let Command::RecordPremium { payment, payer } = pay(BasicAccount::Confirmed) else { panic!() };
        Command::RecordPremium { payment: Payment { voucher, ..payment }, payer }
    };
    let names = |known: &Guarantee| -> Vec<String> {
        known.papers().map(|paper| paper.document.as_str().to_owned()).collect()
    };
    let paid = after([apply(), approve(), voucher(Some(paper("voucher")))]).guarantee;
    assert_eq!(names(&paid), ["voucher"]);
    assert_eq!(paid.payment_proof(), Some(&paper("voucher")));
    let dossier = Dossier {
        order: Some(paper("order")),
        licence: Some(paper("licence")),
        payment_proof: Some(paper("proof")),
        ..Dossier::default()
    };
    let recorded = Command::RecordDossier { dossier };
    let known = decide(Some(paid), newcomer(), recorded, now()).unwrap().guarantee;
    assert_eq!(names(&known), ["order", "licence", "proof", "voucher"]);
    assert_eq!(known.payment_proof(), Some(&paper("proof")));
    assert_eq!(after(issued()).guarantee.payment_proof(), None);
}

#[test]
fn what_was_refused_may_be_asked_for_anew_and_what_was_granted_may_not() {
    let replace = |replace| Command::Apply { application: Application::for_testing("1"), replace };
    let may = |history: Vec<Command>, command: &Command| {
        [Content::Same, Content::Other]
            .map(|content| after(history.clone()).guarantee.may_ask_again(command, content))
    };
    let changed = replace(Replacement::UntilIssued);
    assert_eq!(may(vec![apply()], &changed), [false, true]);
    assert_eq!(may(vec![apply(), approve()], &changed), [false, true]);
    assert_eq!(may(issued(), &changed), [false, false]);
    assert_eq!(may(vec![apply()], &replace(Replacement::Refused)), [false, false]);
    let refused = Command::RefuseInvoice { reason: "示例理由".into() };
    assert_eq!(may(with(restored(), [invoice(), refused]), &invoice()), [true, true]);
    assert_eq!(may(with(restored(), [invoice()]), &invoice()), [false, false]);
    assert_eq!(may(with(restored(), [invoice(), invoice_given()]), &invoice()), [false, false]);
    let refused = Command::RefuseSurrender { reason: "示例理由".into() };
    assert_eq!(may(with(issued(), [surrender(), refused]), &surrender()), [true, true]);
    assert_eq!(may(with(issued(), [surrender()]), &surrender()), [false, false]);
    assert_eq!(may(vec![apply(), cancel_order(), refuse_cancellation()], &cancel_order()), [true, true]);
    assert_eq!(may(vec![apply(), cancel_order()], &cancel_order()), [false, false]);
}

#[test]
fn nothing_is_asked_for_twice_while_the_first_time_waits() {
    assert_eq!(refused(vec![apply(), Command::AskWaiver], Command::AskWaiver), Refusal::WaiverPending);
    assert_eq!(refused(with(restored(), [invoice()]), invoice()), Refusal::InvoicePending);
    let refused_once = with(restored(), [invoice(), Command::RefuseInvoice { reason: "示例理由".into() }]);
    assert_eq!(after(with(refused_once, [invoice()])).work, [Work::Consult(Question::Invoice)]);
}

#[test]
fn a_waiver_that_the_platform_refuses_goes_on_where_it_was_held_up() {
    let kept = |mut history: Vec<Command>| {
        history.extend([Command::AskWaiver, Command::SettleWaiver { accepted: false }]);
        after(history).work
    };
    assert_eq!(kept(vec![apply()]), [Work::Consult(Question::Underwriting)]);
    assert_eq!(kept(vec![apply(), approve()]), []);
}
