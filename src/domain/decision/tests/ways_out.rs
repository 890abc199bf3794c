//! Waiver, surrender, cancellation, expiry, and an issue that is given up.

use super::*;

#[test]
fn surrender_is_possible_only_before_the_opening() {
    let surrendered = after(with(issued(), [surrender(), Command::GrantSurrender]));
    assert_eq!(surrendered.guarantee.stage, Stage::Surrendered);
    assert!(
        matches!(&surrendered.work[..], [Work::Notify(Notice::SurrenderResult(it))] if it.surrendered_at == Some(now()))
    );

    let opened = with(issued(), [restore(KeyCheck::Fits)]);
    assert_eq!(refused(opened, surrender()), Refusal::SurrenderAfterOpening);
    let asked_then_opened = with(issued(), [surrender(), restore(KeyCheck::Fits)]);
    assert_eq!(refused(asked_then_opened, Command::GrantSurrender), Refusal::SurrenderAfterOpening);
}

#[test]
fn a_refused_surrender_may_be_asked_for_again() {
    let refuse = Command::RefuseSurrender { reason: "未满足条件".into() };
    let pending = after(with(issued(), [surrender()])).guarantee;
    assert!(!pending.may_ask_again(&surrender(), Content::Same));
    let settled = after(with(issued(), [surrender(), refuse])).guarantee;
    assert!(settled.may_ask_again(&surrender(), Content::Same));
    assert!(decide(Some(settled), newcomer(), surrender(), now()).is_ok());
}

#[test]
fn a_waiver_is_refused_once_the_guarantee_is_issued() {
    assert_eq!(refused(issued(), Command::Waive), Refusal::AlreadyIssued);
    assert_eq!(after([apply(), Command::Waive]).guarantee.stage, Stage::Waived);
    assert_eq!(refused(vec![apply(), Command::Waive], Command::Waive), Refusal::NotWaivable(Stage::Waived));
}

#[test]
fn a_letter_made_for_a_waived_application_is_not_recorded() {
    let paid = vec![apply(), approve(), pay(BasicAccount::Confirmed), Command::Waive];
    assert_eq!(refused(paid, seal(LetterKind::Ciphertext)), Refusal::LetterNotExpected);
}

#[test]
fn while_the_platform_considers_a_waiver_nothing_is_issued() {
    assert_eq!(refused(vec![apply(), Command::AskWaiver], approve()), Refusal::WaiverPending);
    let settled = after([apply(), Command::AskWaiver, Command::SettleWaiver { accepted: false }, approve()]);
    assert_eq!(settled.guarantee.stage, Stage::Approved);
    let waived = after([apply(), Command::AskWaiver, Command::SettleWaiver { accepted: true }]);
    assert_eq!(waived.guarantee.stage, Stage::Waived);
}

#[test]
fn a_claim_that_is_not_settled_keeps_the_guarantee_from_being_surrendered() {
    assert_eq!(refused(with(issued(), [claim("1")]), surrender()), Refusal::ClaimPending);
    let asked_then_claimed = with(issued(), [surrender(), claim("1")]);
    assert_eq!(refused(asked_then_claimed, Command::GrantSurrender), Refusal::ClaimPending);
}

#[test]
fn a_surrender_that_the_opening_overtook_is_refused_behind_the_letter() {
    let opened = after(with(issued(), [surrender(), restore(KeyCheck::Fits)]));
    assert_eq!(opened.work.len(), 1, "nothing may stand before the restoration");
    let restored = decide(Some(opened.guarantee), newcomer(), seal(LetterKind::Merged), now()).unwrap();
    assert!(
        matches!(&restored.work[..], [Work::HandOver { .. }, Work::Notify(Notice::SurrenderResult(it))] if it.surrendered_at.is_none()),
        "{:?}",
        restored.work
    );
    assert!(restored.events.iter().any(|event| matches!(event, Event::SurrenderRefused { .. })));
}

#[test]
fn cancellation_and_invoices_come_after_the_opening() {
    assert_eq!(refused(issued(), cancel()), Refusal::CancellationBeforeOpening);
    assert_eq!(refused(issued(), invoice()), Refusal::InvoiceBeforeRestoration);
    let done = after(with(restored(), [invoice(), invoice_given(), cancel()]));
    assert_eq!(done.guarantee.stage, Stage::Cancelled);
}

/// Whether a surrender was refused, and why; `None` where the platform is told nothing or something else.
fn refused_because(notices: &[Notice]) -> Option<&str> {
    match notices {
        [Notice::SurrenderResult(result)] if result.surrendered_at.is_none() => result.reason.as_deref(),
        _ => None,
    }
}

#[test]
fn a_refused_surrender_is_told_with_its_reason() {
    let refuse = Command::RefuseSurrender { reason: "未满足条件".into() };
    let notices = told(with(issued(), [surrender(), refuse]));
    assert_eq!(refused_because(&notices), Some("未满足条件"), "{notices:?}");
}

#[test]
fn a_surrender_that_was_agreed_off_line_is_told_like_one_that_was_asked_for() {
    let agreed = || Command::Surrender { reason: "投标人不再参加投标".into() };
    let asked = told(with(issued(), [surrender(), Command::GrantSurrender]));
    assert_eq!(told(with(issued(), [agreed()])), asked);
    let surrendered = after(with(issued(), [agreed()]));
    assert_eq!(surrendered.guarantee.stage, Stage::Surrendered);
    let reason = Event::SurrenderAgreed { reason: "投标人不再参加投标".into() };
    assert_eq!(surrendered.events, [reason, Event::Surrendered]);
    // One that is asked for at the same time is answered by it.
    let known = after(with(issued(), [surrender(), agreed()])).guarantee;
    assert_eq!(known.surrender.unwrap().outcome, SurrenderOutcome::Granted);
}

#[test]
fn an_off_line_surrender_is_bound_like_any_other() {
    let agreed = || Command::Surrender { reason: "投标人不再参加投标".into() };
    assert_eq!(refused(vec![apply(), approve()], agreed()), Refusal::NotIssued);
    assert_eq!(refused(restored(), agreed()), Refusal::SurrenderAfterOpening);
    assert_eq!(refused(with(issued(), [claim("1")]), agreed()), Refusal::ClaimPending);
    let gone = with(issued(), [agreed()]);
    assert_eq!(refused(gone.clone(), agreed()), Refusal::NotSurrenderable(Stage::Surrendered));
    assert_eq!(refused(gone, surrender()), Refusal::NotSurrenderable(Stage::Surrendered));
}

#[test]
fn a_guarantee_that_was_paid_on_is_not_surrendered() {
    let paid = with(issued(), [claim("1"), claim_answer(ClaimStatus::Paid, None)]);
    assert_eq!(refused(paid, surrender()), Refusal::SurrenderAfterPayment);
    let asked_then_paid = with(issued(), [surrender(), claim("1"), claim_answer(ClaimStatus::Paid, None)]);
    let notices = told(asked_then_paid);
    let behind_the_claim = matches!(notices[0], Notice::ClaimResult { .. });
    assert!(
        behind_the_claim && refused_because(&notices[1..]) == Some("该保函已有赔付，不能退保"),
        "{notices:?}"
    );
}

#[test]
fn a_guarantee_that_covered_to_its_last_day_is_not_surrendered() {
    let known = after(issued()).guarantee;
    let late = decide(Some(known), newcomer(), surrender(), after_the_last_day());
    assert_eq!(late, Err(Refusal::NotSurrenderable(Stage::Expired)));
}

#[test]
fn an_abnormal_section_is_left_by_surrender_even_after_the_opening() {
    for opened in [with(issued(), [restore(KeyCheck::Fits)]), restored()] {
        assert_eq!(refused(opened.clone(), surrender()), Refusal::SurrenderAfterOpening);
        let left = with(opened, [abnormal(), surrender(), Command::GrantSurrender]);
        assert_eq!(after(left).guarantee.stage, Stage::Surrendered);
    }
    // Whoever asked before the opening is not turned down behind the letter then.
    let asked = with(issued(), [surrender(), restore(KeyCheck::Fits), abnormal(), seal(LetterKind::Merged)]);
    assert!(told(asked.clone()).is_empty());
    assert_eq!(after(with(asked, [Command::GrantSurrender])).guarantee.stage, Stage::Surrendered);
}

#[test]
fn an_abnormality_is_on_the_timeline_once_and_only_while_the_guarantee_lives() {
    assert_eq!(after(with(issued(), [abnormal()])).events.len(), 1);
    assert_eq!(after(with(issued(), [abnormal(), abnormal()])).events.len(), 0);
    let gone = vec![apply(), Command::Waive];
    assert_eq!(refused(gone, abnormal()), Refusal::NotInForce(Stage::Waived));
}

#[test]
fn a_replaced_application_may_be_for_a_section_that_is_not_abnormal() {
    let application = Application::for_testing("500000");
    let replace = Command::Apply { application, replace: Replacement::UntilIssued };
    assert!(after([apply(), abnormal(), replace]).guarantee.abnormality.is_none());
}

#[test]
fn a_guarantee_expires_only_after_its_last_day() {
    for history in [issued(), with(issued(), [restore(KeyCheck::Fits)]), restored()] {
        let known = after(history).guarantee;
        let expire = |at: Timestamp| decide(Some(known.clone()), newcomer(), Command::Expire, at);
        assert_eq!(expire("2024-12-01T15:59:59.999Z".parse().unwrap()), Err(Refusal::NotExpired));
        let expired = expire(after_the_last_day()).unwrap();
        assert_eq!((expired.guarantee.stage, &expired.events[..]), (Stage::Expired, &[Event::Expired][..]));
        let again = decide(Some(expired.guarantee), newcomer(), Command::Expire, after_the_last_day());
        assert_eq!(again, Err(Refusal::NotInForce(Stage::Expired)));
    }
    let unissued = after([apply(), approve()]).guarantee;
    let refused = decide(Some(unissued), newcomer(), Command::Expire, after_the_last_day());
    assert_eq!(refused, Err(Refusal::NotInForce(Stage::Approved)));
}

#[test]
fn whoever_claimed_in_time_is_answered_before_the_guarantee_expires() {
    let claimed = after(with(issued(), [claim("1")])).guarantee;
    let expire = |known| decide(Some(known), newcomer(), Command::Expire, after_the_last_day());
    assert_eq!(expire(claimed.clone()), Err(Refusal::ClaimPending));
    let answer = claim_answer(ClaimStatus::Rejected, Some("不属于保证范围"));
    let answered = decide(Some(claimed), newcomer(), answer, after_the_last_day()).unwrap().guarantee;
    assert_eq!(expire(answered).unwrap().guarantee.stage, Stage::Expired);
}

#[test]
fn a_surrender_that_the_end_overtook_is_refused_for_that_reason() {
    let asked = after(with(issued(), [surrender()])).guarantee;
    let expired = decide(Some(asked), newcomer(), Command::Expire, after_the_last_day()).unwrap();
    assert!(
        matches!(&expired.work[..], [Work::Notify(notice)] if refused_because(std::slice::from_ref(notice)) == Some("该保函已到期，不能退保")),
        "{:?}",
        expired.work
    );
    let cancelled = told(with(issued_in_the_clear(), [surrender(), cancel()]));
    assert_eq!(refused_because(&cancelled[..1]), Some("该保函已注销，不能退保"), "{cancelled:?}");
}

#[test]
fn a_cancellation_is_told_with_the_time_from_which_it_counts() {
    let end = "2024-08-01T00:00:00Z".parse().unwrap();
    let cancellation = Cancellation {
        effective_at: Some(end),
        remark: Some("合同履约完成".into()),
        ..Cancellation::default()
    };
    let dated = Command::Cancel { guarantee: number(), cancellation };
    for (command, counts_from, said) in [(dated, end, Some("合同履约完成")), (cancel(), now(), None)] {
        let notices = told(with(restored(), [command]));
        assert!(
            matches!(&notices[..], [Notice::CancellationResult { at, text, .. }] if *at == counts_from && text.as_deref() == said),
            "{notices:?}"
        );
    }
    assert_eq!(refused(with(restored(), [cancel()]), cancel()), Refusal::NotCancellable(Stage::Cancelled));
}

#[test]
fn an_issue_that_is_given_up_is_told_and_ends_there() {
    let issuing = vec![apply(), approve(), pay(BasicAccount::Confirmed)];
    let abandon = || Command::AbandonIssue { reason: "字库缺字".into() };
    let given_up = with(issuing, [abandon()]);
    let notices = told(given_up.clone());
    assert!(
        matches!(&notices[..], [Notice::Progress(it)] if it.step == ProgressStep::IssueFailed { reason: "字库缺字".into() }),
        "{notices:?}"
    );
    assert_eq!(refused(given_up.clone(), seal(LetterKind::Ciphertext)), Refusal::LetterNotExpected);
    assert_eq!(refused(given_up, Command::Waive), Refusal::NotWaivable(Stage::Abandoned));
    assert_eq!(refused(issued(), abandon()), Refusal::NotBeingIssued(Stage::Issued));
}

#[test]
fn a_waiver_is_not_asked_for_while_the_letter_is_being_made() {
    let issuing = vec![apply(), approve(), pay(BasicAccount::Confirmed)];
    assert_eq!(refused(issuing, Command::AskWaiver), Refusal::NotWaivable(Stage::Issuing));
    assert_eq!(refused(issued(), Command::AskWaiver), Refusal::AlreadyIssued);
}

#[test]
fn a_waiver_of_the_platform_settles_the_one_that_it_was_asked_for() {
    let waived = vec![apply(), Command::AskWaiver, Command::Waive];
    let settled = after(with(waived, [Command::SettleWaiver { accepted: false }]));
    assert_eq!((settled.guarantee.stage, settled.events.len()), (Stage::Waived, 0));
}
