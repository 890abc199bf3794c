//! The one place that changes a guarantee.

mod claims;
mod invoices;
mod ways_out;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::application::Application;
use super::command::{Command, KeyCheck, PayerRule, Replacement};
use super::event::Event;
use super::guarantee::{Guarantee, Letter, LetterKind, Opening, Stage};
use super::identity::{ApplicationNumber, DocumentDigest, GuaranteeId, GuaranteeNumber, PlatformId};
use super::invoice::InvoiceOutcome;
use super::notice::{ApplicationResult, IssuedTerms, Notice};
use super::refusal::Refusal;
use super::terms::{BasicAccount, Payment};

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
                self.expect_number(&guarantee)?;
                self.request_surrender(reason)?;
            }
            Command::Cancel { guarantee } => {
                self.expect_number(&guarantee)?;
                self.cancel()?;
            }
            Command::Claim { guarantee, request } => {
                self.expect_number(&guarantee)?;
                self.claim(request)?;
            }
            Command::Waive => self.waive()?,
            Command::Approve { terms } => {
                self.expect_undecided()?;
                self.events.push(Event::Approved {
                    guarantee_number: terms.guarantee_number.clone(),
                    premium: terms.premium,
                });
                self.guarantee.terms = Some(terms);
                self.guarantee.stage = Stage::Approved;
            }
            Command::Decline { reason, issuer } => self.decline(reason, issuer)?,
            Command::RecordPremium { payment, payer } => self.record_premium(payment, payer)?,
            Command::AskWaiver => self.ask_waiver()?,
            Command::SettleWaiver { accepted } => self.settle_waiver(accepted)?,
            Command::GrantSurrender => self.grant_surrender()?,
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
            Stage::Applied if self.guarantee.waiver_asked => Err(Refusal::WaiverPending),
            Stage::Applied => Ok(()),
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
        if self.guarantee.waiver_asked {
            return Err(Refusal::WaiverPending);
        }
        self.events.push(Event::ApplicationReplaced { amount: application.amount });
        self.guarantee.application = application;
        self.guarantee.terms = None;
        self.guarantee.stage = Stage::Applied;
        self.work.push(Work::Consult(Question::Underwriting));
        Ok(())
    }

    fn decline(&mut self, reason: String, issuer: String) -> Result<(), Refusal> {
        self.expect_undecided()?;
        self.guarantee.stage = Stage::Declined;
        self.events.push(Event::Declined { reason });
        self.work.push(Work::Notify(Notice::ApplicationResult(ApplicationResult {
            application: self.guarantee.application.number.clone(),
            terms: None,
            issuer,
            at: self.at,
        })));
        Ok(())
    }

    fn record_premium(&mut self, payment: Payment, payer: PayerRule) -> Result<(), Refusal> {
        if self.guarantee.waiver_asked {
            return Err(Refusal::WaiverPending);
        }
        if self.guarantee.stage != Stage::Approved {
            return Err(Refusal::PremiumNotExpected(self.guarantee.stage));
        }
        if payer == PayerRule::BasicAccountOnly && payment.basic_account != BasicAccount::Confirmed {
            return Err(Refusal::NotFromBasicAccount);
        }
        self.guarantee.payment = Some(payment);
        self.guarantee.stage = Stage::Issuing;
        self.events.push(Event::PremiumPaid);
        self.work.push(Work::MakeLetter { letter: LetterKind::Ciphertext, deadline: None });
        Ok(())
    }

    fn record_letter(&mut self, kind: LetterKind, document: DocumentDigest) -> Result<(), Refusal> {
        let letter = Some(Letter { document: document.clone(), sealed_at: self.at, delivered_at: None });
        let mut deadline = None;
        match (kind, self.guarantee.stage) {
            (LetterKind::Ciphertext, Stage::Issuing) => {
                self.guarantee.ciphertext_letter = letter;
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
            LetterKind::Ciphertext => Ok(()),
            LetterKind::Merged => self.refuse_overtaken_surrender(),
        }
    }

    /// A letter that arrived twice has arrived: the first time counts.
    fn record_delivery(&mut self, kind: LetterKind) -> Result<(), Refusal> {
        let letter = match kind {
            LetterKind::Ciphertext => &mut self.guarantee.ciphertext_letter,
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

    fn numbers(&self) -> Result<(ApplicationNumber, GuaranteeNumber), Refusal> {
        let guarantee = self.guarantee.number().ok_or(Refusal::NotIssued)?.clone();
        Ok((self.guarantee.application.number.clone(), guarantee))
    }
}

/// The notice that tells a platform that its application was approved and on which terms, once the letter is sealed.
pub fn application_result(guarantee: &Guarantee) -> Option<Notice> {
    let terms = guarantee.terms.as_ref()?;
    let letter = guarantee.ciphertext_letter.as_ref()?;
    let payer = guarantee.payment.as_ref()?.payer.clone();
    Some(Notice::ApplicationResult(ApplicationResult {
        application: guarantee.application.number.clone(),
        terms: Some(IssuedTerms {
            guarantee: terms.guarantee_number.clone(),
            payer,
            rate: terms.rate,
            premium: terms.premium,
        }),
        issuer: terms.issuer.clone(),
        at: letter.sealed_at,
    }))
}

#[cfg(test)]
mod tests;
