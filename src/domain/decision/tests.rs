//! What may happen to a guarantee, and what may not.

mod acts;
mod claims;
mod open_questions;
mod open_sections;
mod orders;
mod record;
mod steps;
mod table;
mod walk;
mod ways_out;

use super::*;
use crate::domain::abnormality::{Abnormality, AbnormalityKind};
use crate::domain::claim::{ClaimRequest, ClaimResult, ClaimSide, ClaimStatus, ClaimSubject};
use crate::domain::guarantee::{Cancellation, Claim, Content, OrderCancellationOutcome, SurrenderOutcome};
use crate::domain::invoice::{Invoice, InvoiceKind, InvoiceRequest};
use crate::domain::party::{Account, Contact, Party};
use crate::domain::premium::Rate;
use crate::domain::terms::{PaymentMethod, Terms, Validity};

fn now() -> Timestamp {
    "2024-06-03T01:15:27Z".parse().unwrap()
}

/// The first moment of the day after the last one, in China.
fn after_the_last_day() -> Timestamp {
    "2024-12-01T16:00:00Z".parse().unwrap()
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

fn apply_with(secrecy: Secrecy) -> Command {
    let application = Application { secrecy, ..Application::for_testing("800000") };
    Command::Apply { application, replace: Replacement::Refused }
}

fn approve() -> Command {
    Command::Approve {
        terms: Terms {
            guarantee_number: number(),
            premium: "3200".parse().unwrap(),
            rate: Rate("0.004".parse().unwrap()),
            issuer: "示例财产保险".into(),
            validity: Validity {
                from: None,
                days_after_bid_validity: 30,
                latest: "2024-12-01".parse().unwrap(),
            },
        },
    }
}

fn pay(basic_account: BasicAccount) -> Command {
    let payer =
        Account { holder: "海峡示例建设有限公司".into(), number: "3500".into(), bank: None };
    Command::RecordPremium {
        payment: Payment {
            payer,
            basic_account,
            method: PaymentMethod::Other,
            paid_at: None,
            amount: None,
            voucher: None,
        },
        payer: PayerRule::BasicAccountOnly,
    }
}

fn seal(letter: LetterKind) -> Command {
    Command::RecordLetter { letter, document: DocumentDigest::new("d1") }
}

fn restore(key: KeyCheck) -> Command {
    Command::Restore { guarantee: number(), opened_at: now(), key, deadline: now() }
}

fn surrender() -> Command {
    Command::RequestSurrender { guarantee: Some(number()), reason: "项目延期".into() }
}

fn claim(amount: &str) -> Command {
    let request = ClaimRequest {
        amount: Some(amount.parse().unwrap()),
        payee_account: None,
        payee_bank: None,
        claimant: Contact::default(),
        claimant_id: None,
        reason: Some("撤销投标".into()),
        about: ClaimSubject::default(),
        evidence: Vec::new(),
    };
    Command::Claim { guarantee: number(), request }
}

fn claim_answer(status: ClaimStatus, remark: Option<&str>) -> Command {
    claim_answer_over("1", status, remark)
}

fn claim_answer_over(amount: &str, status: ClaimStatus, remark: Option<&str>) -> Command {
    let account = Account { holder: "甲".into(), number: "1".into(), bank: None };
    let side = ClaimSide { code: "91".into(), contact: Contact::default(), account };
    let amount = amount.parse().unwrap();
    let remark = remark.map(str::to_owned);
    Command::AnswerClaim {
        result: ClaimResult { status, remark, payer: side.clone(), beneficiary: side, amount, paid_at: None },
    }
}

fn abnormal() -> Command {
    let decided_at = now();
    let abnormality =
        Abnormality { kind: AbnormalityKind::Failed, remark: "有效投标不足三家".into(), decided_at };
    Command::RecordAbnormality { abnormality }
}

fn cancel() -> Command {
    Command::Cancel { guarantee: number(), cancellation: Cancellation::default() }
}

fn invoice_given() -> Command {
    Command::IssueInvoice { invoice: Invoice { url: None, code: None, number: None } }
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

fn cancel_order() -> Command {
    Command::CancelOrder { reason: "不再采购".into() }
}

fn refuse_cancellation() -> Command {
    Command::RefuseCancellation { reason: "保费已支付".into() }
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

fn restored() -> Vec<Command> {
    with(issued(), [restore(KeyCheck::Fits), seal(LetterKind::Merged)])
}

/// Issued where nothing is secret.
fn issued_in_the_clear() -> Vec<Command> {
    vec![apply_with(Secrecy::None), approve(), pay(BasicAccount::Confirmed), seal(LetterKind::Plaintext)]
}

/// What the last of these commands has to tell the platform.
fn told(commands: Vec<Command>) -> Vec<Notice> {
    let notice = |work| match work {
        Work::Notify(notice) => Some(notice),
        _ => None,
    };
    after(commands).work.into_iter().filter_map(notice).collect()
}

/// Each command as it fits this guarantee: with its number, its letters, a key that opens it; claims over some amount.
fn every_command(known: &Guarantee, amount: &str) -> Vec<Command> {
    let reason = || "示例理由".to_owned();
    let letter = match known.stage {
        Stage::Opened => LetterKind::Merged,
        _ => known.letter_at_issue(),
    };
    let delivered = match known.merged_letter {
        Some(_) => LetterKind::Merged,
        None => known.letter_at_issue(),
    };
    let application =
        Application { secrecy: known.application.secrecy, ..Application::for_testing("800000") };
    let mut commands = vec![
        Command::Apply { application, replace: Replacement::UntilIssued },
        approve(),
        Command::Decline { reason: reason(), issuer: "示例".into() },
        pay(BasicAccount::Confirmed),
        seal(letter),
        Command::RecordDelivery { letter: delivered },
        Command::RecordDossier { dossier: Dossier::default() },
        Command::AbandonIssue { reason: reason() },
        Command::AskWaiver,
        Command::SettleWaiver { accepted: true },
        Command::SettleWaiver { accepted: false },
        Command::Waive,
        Command::CancelOrder { reason: reason() },
        Command::GrantCancellation,
        Command::RefuseCancellation { reason: reason() },
        restore(KeyCheck::Fits),
        abnormal(),
        surrender(),
        Command::GrantSurrender,
        Command::RefuseSurrender { reason: reason() },
        Command::Surrender { reason: reason() },
        cancel(),
        claim(amount),
        invoice(),
        invoice_given(),
        Command::RefuseInvoice { reason: reason() },
        Command::Expire,
    ];
    let answers = [
        ClaimStatus::InHandling,
        ClaimStatus::ToBePaid,
        ClaimStatus::Paid,
        ClaimStatus::Rejected,
        ClaimStatus::Other,
    ];
    commands.extend(answers.map(|status| claim_answer_over(amount, status, Some("示例理由"))));
    if let Some(number) = known.number() {
        for command in &mut commands {
            match command {
                Command::Restore { guarantee, .. }
                | Command::RequestInvoice { guarantee, .. }
                | Command::RequestSurrender { guarantee: Some(guarantee), .. }
                | Command::Cancel { guarantee, .. }
                | Command::Claim { guarantee, .. } => *guarantee = number.clone(),
                _ => {}
            }
        }
    }
    commands
}

/// The command's name in the code.
fn name(command: &Command) -> String {
    format!("{command:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
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
    let other = Command::Cancel {
        guarantee: GuaranteeNumber::new("BH-other"),
        cancellation: Cancellation::default(),
    };
    assert_eq!(refused(issued(), other), Refusal::GuaranteeNumberMismatch);
    assert_eq!(refused(vec![apply()], restore(KeyCheck::Fits)), Refusal::NotIssued);
}

#[test]
fn a_guarantee_that_was_stored_before_there_were_other_first_letters_still_has_its_own() {
    let known = after(issued()).guarantee;
    let stored = serde_json::to_string(&known).unwrap().replace("issued_letter", "ciphertext_letter");
    assert_eq!(serde_json::from_str::<Guarantee>(&stored).unwrap(), known);
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
fn the_result_tells_terms_only_after_the_letter_is_sealed() {
    assert!(application_result(&after([apply(), approve()]).guarantee).is_none());
    let notice = application_result(&after(issued()).guarantee).unwrap();
    assert!(
        matches!(notice, Notice::ApplicationResult(it) if it.terms.as_ref().unwrap().guarantee == number())
    );
}
