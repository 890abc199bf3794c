//! What may happen to a guarantee, and what may not.

use super::*;
use crate::domain::claim::{ClaimRequest, ClaimResult, ClaimSide, ClaimStatus};
use crate::domain::guarantee::Content;
use crate::domain::invoice::{Invoice, InvoiceKind, InvoiceRequest};
use crate::domain::party::{Account, Contact, Party};
use crate::domain::premium::Rate;
use crate::domain::terms::{Terms, Validity};

fn now() -> Timestamp {
    "2024-06-03T01:15:27Z".parse().unwrap()
}

fn number() -> GuaranteeNumber {
    GuaranteeNumber::new("BH20240603000000000001")
}

fn newcomer() -> Newcomer {
    Newcomer { id: GuaranteeId::new("id-1"), platform: PlatformId::new("somewhere") }
}

fn apply() -> Command {
    Command::Apply { application: Application::for_testing("800000"), replace: Replacement::Refused }
}

fn approve() -> Command {
    Command::Approve {
        terms: Terms {
            guarantee_number: number(),
            premium: "3200".parse().unwrap(),
            rate: Rate("0.004".parse().unwrap()),
            issuer: "示例财产保险".into(),
            validity: Validity { days_after_bid_validity: 30, latest: "2024-12-01".parse().unwrap() },
        },
    }
}

fn pay(basic_account: BasicAccount) -> Command {
    let payer =
        Account { holder: "海峡示例建设有限公司".into(), number: "3500".into(), bank: None };
    Command::RecordPremium { payment: Payment { payer, basic_account }, payer: PayerRule::BasicAccountOnly }
}

fn seal(letter: LetterKind) -> Command {
    Command::RecordLetter { letter, document: DocumentDigest::new("d1") }
}

fn restore(key: KeyCheck) -> Command {
    Command::Restore { guarantee: number(), opened_at: now(), key, deadline: now() }
}

fn surrender() -> Command {
    Command::RequestSurrender { guarantee: number(), reason: "项目延期".into() }
}

fn claim(amount: &str) -> Command {
    let request = ClaimRequest {
        amount: Some(amount.parse().unwrap()),
        payee_account: None,
        claimant: Contact::default(),
        reason: "撤销投标".into(),
        evidence: Vec::new(),
    };
    Command::Claim { guarantee: number(), request }
}

fn claim_answer(status: ClaimStatus, remark: Option<&str>) -> Command {
    let account = Account { holder: "甲".into(), number: "1".into(), bank: None };
    let side = ClaimSide { code: "91".into(), contact: Contact::default(), account };
    let amount = "1".parse().unwrap();
    let remark = remark.map(str::to_owned);
    Command::AnswerClaim {
        result: ClaimResult { status, remark, payer: side.clone(), beneficiary: side, amount },
    }
}

fn invoice() -> Command {
    let request = InvoiceRequest {
        kind: InvoiceKind::Ordinary,
        buyer: Party { name: "甲".into(), code: "91".into() },
        amount: "3200".parse().unwrap(),
        address: None,
        phone: None,
        bank: None,
        account: None,
        email: None,
        mobile: None,
        recipient: None,
        recipient_address: None,
    };
    Command::RequestInvoice { guarantee: number(), request }
}

/// Runs commands one after another; each must be possible.
fn after(commands: impl IntoIterator<Item = Command>) -> Decision {
    let mut last: Option<Decision> = None;
    for command in commands {
        let known = last.take().map(|decision| decision.guarantee);
        last = Some(decide(known, newcomer(), command, now()).unwrap());
    }
    last.unwrap()
}

fn issued() -> Vec<Command> {
    vec![apply(), approve(), pay(BasicAccount::Confirmed), seal(LetterKind::Ciphertext)]
}

fn with(mut commands: Vec<Command>, more: impl IntoIterator<Item = Command>) -> Vec<Command> {
    commands.extend(more);
    commands
}

fn refused(history: Vec<Command>, command: Command) -> Refusal {
    decide(Some(after(history).guarantee), newcomer(), command, now()).unwrap_err()
}

#[test]
fn an_application_walks_to_a_restored_guarantee() {
    let issued = after(issued());
    assert_eq!(issued.guarantee.stage, Stage::Issued);
    assert_eq!(issued.work, [Work::HandOver { letter: LetterKind::Ciphertext, deadline: None }]);
    let opened = decide(Some(issued.guarantee), newcomer(), restore(KeyCheck::Fits), now()).unwrap();
    assert_eq!(opened.work, [Work::MakeLetter { letter: LetterKind::Merged, deadline: Some(now()) }]);
    let restored = decide(Some(opened.guarantee), newcomer(), seal(LetterKind::Merged), now()).unwrap();
    assert_eq!(restored.guarantee.stage, Stage::Restored);
    assert_eq!(restored.work, [Work::HandOver { letter: LetterKind::Merged, deadline: Some(now()) }]);
}

#[test]
fn nothing_but_an_application_starts_a_guarantee() {
    assert_eq!(decide(None, newcomer(), Command::Waive, now()), Err(Refusal::UnknownApplication));
}

#[test]
fn a_premium_from_another_account_than_the_basic_one_issues_nothing() {
    for account in [BasicAccount::NotBasic, BasicAccount::Unchecked] {
        assert_eq!(refused(vec![apply(), approve()], pay(account)), Refusal::NotFromBasicAccount);
    }
}

#[test]
fn a_wrong_key_is_refused_and_the_right_one_still_opens() {
    let known = after(issued()).guarantee;
    let wrong = decide(Some(known.clone()), newcomer(), restore(KeyCheck::DoesNotFit), now());
    assert_eq!(wrong, Err(Refusal::WrongKey));
    assert!(decide(Some(known), newcomer(), restore(KeyCheck::Fits), now()).is_ok());
}

#[test]
fn a_guarantee_opens_only_once_and_only_under_its_own_number() {
    let opened = with(issued(), [restore(KeyCheck::Fits)]);
    assert_eq!(refused(opened, restore(KeyCheck::Fits)), Refusal::AlreadyOpened);
    let other = Command::Cancel { guarantee: GuaranteeNumber::new("BH-other") };
    assert_eq!(refused(issued(), other), Refusal::GuaranteeNumberMismatch);
    assert_eq!(refused(vec![apply()], restore(KeyCheck::Fits)), Refusal::NotIssued);
}

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
fn claims_need_an_issued_guarantee_and_stay_within_it() {
    assert_eq!(refused(vec![apply(), approve()], claim("1")), Refusal::NotIssued);
    assert!(matches!(refused(issued(), claim("800000.01")), Refusal::ClaimExceedsGuarantee { .. }));
    assert_eq!(refused(with(issued(), [claim("800000")]), claim("1")), Refusal::ClaimPending);
}

#[test]
fn a_rejected_claim_needs_a_remark_and_lets_another_follow() {
    let claimed = with(issued(), [claim("1")]);
    assert_eq!(
        refused(claimed.clone(), claim_answer(ClaimStatus::Rejected, None)),
        Refusal::ClaimRemarkMissing
    );
    let rejected = with(claimed, [claim_answer(ClaimStatus::Rejected, Some("不属于保证范围"))]);
    assert_eq!(after(with(rejected, [claim("2")])).events.len(), 1);
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
fn all_claims_together_stay_within_the_guarantee() {
    let paid = |amount: &str| match claim_answer(ClaimStatus::Paid, None) {
        Command::AnswerClaim { result } => {
            Command::AnswerClaim { result: ClaimResult { amount: amount.parse().unwrap(), ..result } }
        }
        other => other,
    };
    let half = with(issued(), [claim("400000"), paid("400000")]);
    assert!(matches!(refused(half.clone(), claim("400000.01")), Refusal::ClaimExceedsGuarantee { .. }));
    let claimed_again = with(half, [claim("400000")]);
    assert!(matches!(
        refused(claimed_again.clone(), paid("400000.01")),
        Refusal::ClaimExceedsGuarantee { .. }
    ));
    let used_up = with(claimed_again, [paid("400000")]);
    assert!(matches!(refused(used_up, claim("0.01")), Refusal::ClaimExceedsGuarantee { .. }));
}

#[test]
fn a_paid_claim_that_comes_again_is_no_other_claim() {
    let settled = |status| after(with(issued(), [claim("1"), claim_answer(status, Some("理由"))])).guarantee;
    let paid = settled(ClaimStatus::Paid);
    assert!(!paid.may_ask_again(&claim("1"), Content::Same));
    assert!(paid.may_ask_again(&claim("2"), Content::Other));
    assert!(settled(ClaimStatus::Rejected).may_ask_again(&claim("1"), Content::Same));
    assert!(!settled(ClaimStatus::ToBePaid).may_ask_again(&claim("2"), Content::Other));
}

#[test]
fn cancellation_and_invoices_come_after_the_opening() {
    let cancel = Command::Cancel { guarantee: number() };
    assert_eq!(refused(issued(), cancel.clone()), Refusal::CancellationBeforeOpening);
    assert_eq!(refused(issued(), invoice()), Refusal::InvoiceBeforeRestoration);
    let restored = with(issued(), [restore(KeyCheck::Fits), seal(LetterKind::Merged)]);
    let invoice_given = Command::IssueInvoice { invoice: Invoice { url: None, code: None, number: None } };
    let done = after(with(restored, [invoice(), invoice_given, cancel]));
    assert_eq!(done.guarantee.stage, Stage::Cancelled);
}

#[test]
fn an_application_is_replaced_only_where_allowed_and_before_it_is_issued() {
    let replace = |how| Command::Apply { application: Application::for_testing("500000"), replace: how };
    assert_eq!(refused(vec![apply()], replace(Replacement::Refused)), Refusal::AlreadyApplied);
    let replaced = after([apply(), approve(), replace(Replacement::UntilIssued)]);
    assert_eq!(replaced.guarantee.application.amount, "500000".parse().unwrap());
    assert_eq!(replaced.guarantee.stage, Stage::Applied);
    assert_eq!(refused(issued(), replace(Replacement::UntilIssued)), Refusal::AlreadyApplied);
    let waiver_asked = vec![apply(), Command::AskWaiver];
    assert_eq!(refused(waiver_asked, replace(Replacement::UntilIssued)), Refusal::WaiverPending);
    let known = after([apply()]).guarantee;
    assert!(!known.may_ask_again(&replace(Replacement::UntilIssued), Content::Same));
}

#[test]
fn no_command_takes_a_guarantee_back_to_an_earlier_stage() {
    let rank = |stage| Stage::ALL.iter().position(|it| *it == stage).unwrap();
    let every = || {
        vec![
            approve(),
            pay(BasicAccount::Confirmed),
            seal(LetterKind::Ciphertext),
            restore(KeyCheck::Fits),
            seal(LetterKind::Merged),
            surrender(),
            Command::GrantSurrender,
            Command::Cancel { guarantee: number() },
            claim("1"),
            invoice(),
            Command::Waive,
            Command::Decline { reason: "额度不足".into(), issuer: "示例".into() },
        ]
    };
    // Breadth first over every history of up to six commands.
    let mut reached = vec![after([apply()]).guarantee];
    for _ in 0..6 {
        let mut next = Vec::new();
        for known in &reached {
            for command in every() {
                if let Ok(decision) = decide(Some(known.clone()), newcomer(), command, now()) {
                    assert!(rank(decision.guarantee.stage) >= rank(known.stage));
                    next.push(decision.guarantee);
                }
            }
        }
        next.dedup();
        reached = next;
    }
}

#[test]
fn the_result_tells_terms_only_after_the_letter_is_sealed() {
    assert!(application_result(&after([apply(), approve()]).guarantee).is_none());
    let notice = application_result(&after(issued()).guarantee).unwrap();
    assert!(
        matches!(notice, Notice::ApplicationResult(it) if it.terms.as_ref().unwrap().guarantee == number())
    );
}
