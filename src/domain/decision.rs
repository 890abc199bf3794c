//! The one place that changes a guarantee.

mod acts;
mod claims;
mod invoices;
mod open_questions;
mod orders;
mod ways_out;

pub use acts::{Act, legal_acts};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::abnormality::Abnormality;
use super::application::Application;
use super::command::{Command, KeyCheck, PayerRule, Replacement};
use super::dossier::Dossier;
use super::event::Event;
use super::guarantee::{Guarantee, Letter, LetterKind, Opening, Stage};
use super::identity::{ApplicationNumber, DocumentDigest, GuaranteeId, GuaranteeNumber, PlatformId};
use super::invoice::InvoiceOutcome;
use super::money::Fen;
use super::notice::{ApplicationResult, IssuedTerms, Notice, Progress, ProgressStep};
use super::refusal::Refusal;
use super::section::Secrecy;
use super::terms::{BasicAccount, Payment, Terms};

/// A guarantee's new state and everything that follows from it; stored together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub guarantee: Guarantee,
    pub events: Vec<Event>,
    pub work: Vec<Work>,
}

/// Work that a decision causes. Each becomes at least one durable job.
#[expect(clippy::large_enum_variant, reason = "a decision holds two of these at most, for a moment")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Put a question to the institution: its rules, or its people.
    Consult(Question),
    /// Render and seal a letter.
    MakeLetter {
        letter: LetterKind,
        deadline: Option<Timestamp>,
    },
    /// Hand a sealed letter to the platform, in the steps that the dialect's flow names.
    HandOver {
        letter: LetterKind,
        deadline: Option<Timestamp>,
    },
    Notify(Notice),
}

/// What the institution is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    Underwriting,
    Surrender,
    Invoice,
    Claim,
    /// Whether the platform may cancel the order.
    Cancellation,
}

/// Where an application that no guarantee exists for yet would go.
#[derive(Clone, Debug)]
pub struct Newcomer {
    pub id: GuaranteeId,
    pub platform: PlatformId,
}

/// Decides what a command does.
///
/// `known` is the guarantee that the command's application number names, if there is one; `newcomer` is used only
/// where an application starts one.
///
/// # Errors
/// A [`Refusal`] where the command is not possible; then nothing changes.
pub fn decide(
    known: Option<Guarantee>,
    newcomer: Newcomer,
    command: Command,
    at: Timestamp,
) -> Result<Decision, Refusal> {
    let draft = match (known, command) {
        (None, Command::Apply { application, .. }) => {
            return Ok(first_application(newcomer, application, at));
        }
        (None, _) => return Err(Refusal::UnknownApplication),
        (Some(guarantee), command) => {
            Draft { guarantee, events: Vec::new(), work: Vec::new(), at }.run(command)?
        }
    };
    Ok(Decision { guarantee: draft.guarantee, events: draft.events, work: draft.work })
}

fn first_application(newcomer: Newcomer, application: Application, at: Timestamp) -> Decision {
    let event = Event::ApplicationReceived { amount: application.amount };
    Decision {
        guarantee: Guarantee::apply(newcomer.id, newcomer.platform, application, at),
        events: vec![event],
        work: vec![Work::Consult(Question::Underwriting)],
    }
}

/// A guarantee while a command works on it.
struct Draft {
    guarantee: Guarantee,
    events: Vec<Event>,
    work: Vec<Work>,
    at: Timestamp,
}

impl Draft {
    fn run(mut self, command: Command) -> Result<Self, Refusal> {
        match command {
            Command::Apply { application, replace } => self.replace_application(application, replace)?,
            Command::Restore { guarantee, opened_at, key, deadline } => {
                self.expect_number(&guarantee)?;
                self.open(key, Opening { opened_at, key_received_at: self.at, deadline })?;
            }
            Command::RequestInvoice { guarantee, request } => {
                self.expect_number(&guarantee)?;
                self.request_invoice(request)?;
            }
            Command::RequestSurrender { guarantee, reason } => {
                if let Some(guarantee) = guarantee {
                    self.expect_number(&guarantee)?;
                }
                self.request_surrender(reason)?;
            }
            Command::Cancel { guarantee, cancellation } => {
                self.expect_number(&guarantee)?;
                self.cancel(cancellation)?;
            }
            Command::Claim { guarantee, request } => {
                self.expect_number(&guarantee)?;
                self.claim(request)?;
            }
            Command::Waive => self.waive()?,
            Command::CancelOrder { reason } => self.cancel_order(reason)?,
            Command::RecordAbnormality { abnormality } => self.record_abnormality(abnormality)?,
            Command::Approve { terms } => self.approve(terms)?,
            Command::Decline { reason, issuer } => self.decline(reason, issuer)?,
            Command::RecordPremium { payment, payer } => self.record_premium(payment, payer)?,
            Command::RecordDossier { dossier } => self.record_dossier(dossier)?,
            Command::AbandonIssue { reason } => self.abandon_issue(reason)?,
            Command::Expire => self.expire()?,
            Command::AskWaiver => self.ask_waiver()?,
            Command::GrantCancellation => self.grant_cancellation()?,
            Command::RefuseCancellation { reason } => self.refuse_cancellation(reason)?,
            Command::SettleWaiver { accepted } => self.settle_waiver(accepted)?,
            Command::GrantSurrender => self.grant_surrender()?,
            Command::Surrender { reason } => self.surrender(reason)?,
            Command::RefuseSurrender { reason } => self.refuse_surrender(reason)?,
            Command::AnswerClaim { result } => self.answer_claim(result)?,
            Command::IssueInvoice { invoice } => self.settle_invoice(InvoiceOutcome::Issued(invoice))?,
            Command::RefuseInvoice { reason } => self.settle_invoice(InvoiceOutcome::Refused { reason })?,
            Command::RecordLetter { letter, document } => self.record_letter(letter, document)?,
            Command::RecordDelivery { letter } => self.record_delivery(letter)?,
        }
        Ok(self)
    }

    fn expect_number(&self, number: &GuaranteeNumber) -> Result<(), Refusal> {
        match self.guarantee.number() {
            None => Err(Refusal::NotIssued),
            Some(known) if known == number => Ok(()),
            Some(_) => Err(Refusal::GuaranteeNumberMismatch),
        }
    }

    fn expect_undecided(&self) -> Result<(), Refusal> {
        match self.guarantee.stage {
            Stage::Applied => self.expect_nobody_gives_up(),
            _ => Err(Refusal::AlreadyDecided),
        }
    }

    /// Underwriting starts over, since what was underwritten has changed.
    fn replace_application(&mut self, application: Application, replace: Replacement) -> Result<(), Refusal> {
        if replace == Replacement::Refused
            || !matches!(self.guarantee.stage, Stage::Applied | Stage::Approved)
        {
            return Err(Refusal::AlreadyApplied);
        }
        self.expect_nobody_gives_up()?;
        self.events.push(Event::ApplicationReplaced { amount: application.amount });
        self.guarantee.application = application;
        // It may be for another section.
        self.guarantee.abnormality = None;
        self.guarantee.terms = None;
        self.guarantee.stage = Stage::Applied;
        self.work.push(Work::Consult(Question::Underwriting));
        Ok(())
    }

    fn approve(&mut self, terms: Terms) -> Result<(), Refusal> {
        self.expect_undecided()?;
        terms.check()?;
        self.events.push(Event::Approved {
            guarantee_number: terms.guarantee_number.clone(),
            premium: terms.premium,
        });
        self.guarantee.terms = Some(terms);
        self.guarantee.stage = Stage::Approved;
        self.tell(ProgressStep::Approved);
        Ok(())
    }

    fn decline(&mut self, reason: String, issuer: String) -> Result<(), Refusal> {
        self.expect_undecided()?;
        self.guarantee.stage = Stage::Declined;
        self.events.push(Event::Declined { reason: reason.clone() });
        self.work.push(Work::Notify(Notice::ApplicationResult(ApplicationResult {
            application: self.guarantee.application.number.clone(),
            terms: None,
            reason: Some(reason),
            issuer,
            at: self.at,
        })));
        Ok(())
    }

    fn record_premium(&mut self, payment: Payment, payer: PayerRule) -> Result<(), Refusal> {
        self.expect_nobody_gives_up()?;
        if self.guarantee.stage != Stage::Approved {
            return Err(Refusal::PremiumNotExpected(self.guarantee.stage));
        }
        if payer == PayerRule::BasicAccountOnly && payment.basic_account != BasicAccount::Confirmed {
            return Err(Refusal::NotFromBasicAccount);
        }
        let premium = self.guarantee.terms.as_ref().map_or(Fen::ZERO, |terms| terms.premium);
        if let Some(paid) = payment.amount.filter(|paid| *paid < premium) {
            return Err(Refusal::PremiumUnderpaid { paid, premium });
        }
        let (at, method) = (payment.paid_at.unwrap_or(self.at), payment.method);
        self.guarantee.payment = Some(payment);
        self.guarantee.stage = Stage::Issuing;
        self.events.push(Event::PremiumPaid);
        self.tell(ProgressStep::Paid { at, premium, method });
        let letter = self.guarantee.letter_at_issue();
        self.work.push(Work::MakeLetter { letter, deadline: None });
        Ok(())
    }

    fn record_letter(&mut self, kind: LetterKind, document: DocumentDigest) -> Result<(), Refusal> {
        self.expect_nobody_gives_up()?;
        let letter = Some(Letter { document: document.clone(), sealed_at: self.at, delivered_at: None });
        let mut deadline = None;
        match (kind, self.guarantee.stage) {
            (first, Stage::Issuing) if first == self.guarantee.letter_at_issue() => {
                self.guarantee.issued_letter = letter;
                self.guarantee.stage = Stage::Issued;
            }
            (LetterKind::Merged, Stage::Opened) => {
                self.guarantee.merged_letter = letter;
                self.guarantee.stage = Stage::Restored;
                deadline = self.guarantee.opening.as_ref().map(|opening| opening.deadline);
            }
            _ => return Err(Refusal::LetterNotExpected),
        }
        self.events.push(Event::LetterSealed { letter: kind, document });
        self.work.push(Work::HandOver { letter: kind, deadline });
        match kind {
            LetterKind::Ciphertext | LetterKind::Plaintext => Ok(()),
            LetterKind::Merged => self.refuse_overtaken_surrender(),
        }
    }

    /// A letter that arrived twice has arrived: the first time counts.
    fn record_delivery(&mut self, kind: LetterKind) -> Result<(), Refusal> {
        let letter = match kind {
            LetterKind::Ciphertext | LetterKind::Plaintext => &mut self.guarantee.issued_letter,
            LetterKind::Merged => &mut self.guarantee.merged_letter,
        };
        let letter = letter.as_mut().ok_or(Refusal::LetterNotExpected)?;
        if letter.delivered_at.is_none() {
            letter.delivered_at = Some(self.at);
            self.events.push(Event::LetterDelivered { letter: kind });
        }
        Ok(())
    }

    fn open(&mut self, key: KeyCheck, opening: Opening) -> Result<(), Refusal> {
        if self.guarantee.application.secrecy == Secrecy::None {
            return Err(Refusal::NothingSealed);
        }
        match self.guarantee.stage {
            Stage::Issued => {}
            Stage::Applied | Stage::Approved | Stage::Issuing => return Err(Refusal::NotIssued),
            Stage::Opened | Stage::Restored => return Err(Refusal::AlreadyOpened),
            stage => return Err(Refusal::NotRestorable(stage)),
        }
        if key == KeyCheck::DoesNotFit {
            return Err(Refusal::WrongKey);
        }
        let deadline = Some(opening.deadline);
        self.guarantee.opening = Some(opening);
        self.guarantee.stage = Stage::Opened;
        self.events.push(Event::KeyReceived);
        self.work.push(Work::MakeLetter { letter: LetterKind::Merged, deadline });
        Ok(())
    }

    fn record_dossier(&mut self, dossier: Dossier) -> Result<(), Refusal> {
        self.expect_not_ended()?;
        self.guarantee.dossier = Some(dossier);
        self.events.push(Event::DossierRecorded);
        Ok(())
    }

    fn expect_not_ended(&self) -> Result<(), Refusal> {
        let stage = self.guarantee.stage;
        if stage.is_ended() { Err(Refusal::NotInForce(stage)) } else { Ok(()) }
    }

    fn abandon_issue(&mut self, reason: String) -> Result<(), Refusal> {
        match self.guarantee.stage {
            Stage::Issuing => {
                self.expect_nobody_gives_up()?;
                self.guarantee.stage = Stage::Abandoned;
                self.events.push(Event::IssueAbandoned { reason: reason.clone() });
                self.tell(ProgressStep::IssueFailed { reason });
                Ok(())
            }
            stage => Err(Refusal::NotBeingIssued(stage)),
        }
    }

    fn record_abnormality(&mut self, abnormality: Abnormality) -> Result<(), Refusal> {
        self.expect_not_ended()?;
        if self.guarantee.abnormality.as_ref() != Some(&abnormality) {
            self.events.push(Event::SectionAbnormal { abnormality: abnormality.kind });
            self.guarantee.abnormality = Some(abnormality);
        }
        Ok(())
    }

    /// Tells platforms that want to hear of each step.
    fn tell(&mut self, step: ProgressStep) {
        let application = self.guarantee.application.number.clone();
        self.work.push(Work::Notify(Notice::Progress(Progress { application, step })));
    }

    /// Whether the guarantee has ended, be it marked as expired or not yet.
    fn last_day_is_over(&self) -> bool {
        self.guarantee.terms.as_ref().is_some_and(|terms| terms.validity.is_over(self.at))
    }

    fn numbers(&self) -> Result<(ApplicationNumber, GuaranteeNumber), Refusal> {
        let guarantee = self.guarantee.number().ok_or(Refusal::NotIssued)?.clone();
        Ok((self.guarantee.application.number.clone(), guarantee))
    }
}

/// The notice that tells a platform that its application was approved and on which terms, once the letter is sealed.
pub fn application_result(guarantee: &Guarantee) -> Option<Notice> {
    let terms = guarantee.terms.as_ref()?;
    let letter = guarantee.issued_letter.as_ref()?;
    let payer = guarantee.payment.as_ref()?.payer.clone();
    Some(Notice::ApplicationResult(ApplicationResult {
        application: guarantee.application.number.clone(),
        terms: Some(IssuedTerms {
            guarantee: terms.guarantee_number.clone(),
            payer,
            rate: terms.rate,
            premium: terms.premium,
            amount: guarantee.application.amount,
            applicant: guarantee.application.applicant.name.clone(),
            valid: terms.validity.bounds(letter.sealed_at),
        }),
        reason: None,
        issuer: terms.issuer.clone(),
        at: letter.sealed_at,
    }))
}

#[cfg(test)]
mod tests;
