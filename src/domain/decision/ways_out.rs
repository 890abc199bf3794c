//! The ways out of an application or a guarantee before a claim: waiver, surrender, cancellation.

use jiff::Timestamp;

use super::{Draft, Question, Work};
use crate::domain::event::Event;
use crate::domain::guarantee::{Cancellation, Stage, Surrender, SurrenderOutcome};
use crate::domain::money::Fen;
use crate::domain::notice::{Notice, SurrenderResult};
use crate::domain::refusal::Refusal;
use crate::domain::section::Secrecy;

impl Draft {
    pub(super) fn waive(&mut self) -> Result<(), Refusal> {
        match self.guarantee.stage {
            Stage::Applied | Stage::Approved | Stage::Issuing => {
                self.guarantee.waiver_asked = false;
                self.guarantee.stage = Stage::Waived;
                self.events.push(Event::Waived);
                self.settle_granted_cancellation();
                Ok(())
            }
            Stage::Issued | Stage::Opened | Stage::Restored => Err(Refusal::AlreadyIssued),
            stage => Err(Refusal::NotWaivable(stage)),
        }
    }

    pub(super) fn ask_waiver(&mut self) -> Result<(), Refusal> {
        match self.guarantee.stage {
            _ if self.guarantee.waiver_asked => Err(Refusal::WaiverPending),
            _ if self.guarantee.order_cancellation_is_asked() => Err(Refusal::CancellationPending),
            Stage::Applied | Stage::Approved => {
                self.guarantee.waiver_asked = true;
                self.events.push(Event::WaiverAsked);
                let application = self.guarantee.application.number.clone();
                self.work.push(Work::Notify(Notice::WaiverRequest { application }));
                Ok(())
            }
            Stage::Issued | Stage::Opened | Stage::Restored => Err(Refusal::AlreadyIssued),
            stage => Err(Refusal::NotWaivable(stage)),
        }
    }

    /// The platform's own waiver may have come first; then there is nothing left to settle.
    pub(super) fn settle_waiver(&mut self, accepted: bool) -> Result<(), Refusal> {
        if !self.guarantee.waiver_asked {
            return Ok(());
        }
        self.guarantee.waiver_asked = false;
        if accepted {
            self.guarantee.stage = Stage::Waived;
            self.events.push(Event::Waived);
        } else {
            self.events.push(Event::WaiverRefused);
            // What was held up goes on.
            if self.guarantee.stage == Stage::Applied {
                self.work.push(Work::Consult(Question::Underwriting));
            }
        }
        Ok(())
    }

    pub(super) fn request_surrender(&mut self, reason: String) -> Result<(), Refusal> {
        self.expect_surrenderable()?;
        if self.guarantee.surrender_is_asked() {
            return Err(Refusal::SurrenderPending);
        }
        self.expect_no_open_claim()?;
        self.guarantee.surrender = Some(Surrender { reason, outcome: SurrenderOutcome::Asked });
        self.events.push(Event::SurrenderAsked);
        self.work.push(Work::Consult(Question::Surrender));
        Ok(())
    }

    pub(super) fn grant_surrender(&mut self) -> Result<(), Refusal> {
        if !self.guarantee.surrender_is_asked() {
            return Err(Refusal::NoSurrenderAsked);
        }
        self.expect_surrenderable()?;
        self.expect_no_open_claim()?;
        self.guarantee.stage = Stage::Surrendered;
        self.events.push(Event::Surrendered);
        self.settle_surrender(SurrenderOutcome::Granted, Some(self.at), None)
    }

    pub(super) fn surrender(&mut self, reason: String) -> Result<(), Refusal> {
        self.events.push(Event::SurrenderAgreed { reason: reason.clone() });
        if !self.guarantee.surrender_is_asked() {
            self.guarantee.surrender = Some(Surrender { reason, outcome: SurrenderOutcome::Asked });
        }
        self.grant_surrender()
    }

    /// Before the opening, and after it only where the section came to nothing. Whoever was paid for has nothing to
    /// get back, and neither has whoever was covered to the last day.
    fn expect_surrenderable(&self) -> Result<(), Refusal> {
        match self.guarantee.stage {
            Stage::Issued | Stage::Opened | Stage::Restored if self.last_day_is_over() => {
                Err(Refusal::NotSurrenderable(Stage::Expired))
            }
            Stage::Issued | Stage::Opened | Stage::Restored if self.guarantee.paid_on_claims > Fen::ZERO => {
                Err(Refusal::SurrenderAfterPayment)
            }
            Stage::Issued => Ok(()),
            Stage::Opened | Stage::Restored if self.guarantee.abnormality.is_some() => Ok(()),
            Stage::Applied | Stage::Approved | Stage::Issuing => Err(Refusal::NotIssued),
            Stage::Opened | Stage::Restored => Err(Refusal::SurrenderAfterOpening),
            stage => Err(Refusal::NotSurrenderable(stage)),
        }
    }

    pub(super) fn refuse_surrender(&mut self, reason: String) -> Result<(), Refusal> {
        if !self.guarantee.surrender_is_asked() {
            return Err(Refusal::NoSurrenderAsked);
        }
        self.events.push(Event::SurrenderRefused { reason: reason.clone() });
        self.settle_surrender(SurrenderOutcome::Refused { reason: reason.clone() }, None, Some(reason))
    }

    /// Whoever asked for a surrender and was overtaken is told so. Where it was the opening that overtook, then behind
    /// the letter: nothing may stand before a restoration. An abnormal section is left by surrender even then.
    pub(super) fn refuse_overtaken_surrender(&mut self) -> Result<(), Refusal> {
        match self.expect_surrenderable() {
            Err(overtaken) if self.guarantee.surrender_is_asked() => {
                self.refuse_surrender(overtaken.to_string())
            }
            _ => Ok(()),
        }
    }

    fn settle_surrender(
        &mut self,
        to: SurrenderOutcome,
        surrendered_at: Option<Timestamp>,
        reason: Option<String>,
    ) -> Result<(), Refusal> {
        if let Some(surrender) = self.guarantee.surrender.as_mut() {
            surrender.outcome = to;
        }
        let (application, guarantee) = self.numbers()?;
        let result = SurrenderResult { application, guarantee, surrendered_at, reason };
        self.work.push(Work::Notify(Notice::SurrenderResult(result)));
        Ok(())
    }

    /// A claim that is open stays open: whoever cancels has not waived what was claimed before.
    pub(super) fn cancel(&mut self, cancellation: Cancellation) -> Result<(), Refusal> {
        match self.guarantee.stage {
            Stage::Opened | Stage::Restored => {}
            Stage::Issued if self.guarantee.application.secrecy == Secrecy::None => {}
            Stage::Applied | Stage::Approved | Stage::Issuing | Stage::Issued => {
                return Err(Refusal::CancellationBeforeOpening);
            }
            stage => return Err(Refusal::NotCancellable(stage)),
        }
        let (application, guarantee) = self.numbers()?;
        let at = cancellation.effective_at.unwrap_or(self.at);
        let text = cancellation.remark.clone();
        self.guarantee.cancellation = Some(cancellation);
        self.guarantee.stage = Stage::Cancelled;
        self.events.push(Event::Cancelled);
        self.refuse_overtaken_surrender()?;
        self.work.push(Work::Notify(Notice::CancellationResult { application, guarantee, at, text }));
        Ok(())
    }

    /// Whoever has claimed in time is answered first.
    pub(super) fn expire(&mut self) -> Result<(), Refusal> {
        if !self.guarantee.stage.is_in_force() {
            return Err(Refusal::NotInForce(self.guarantee.stage));
        }
        if !self.last_day_is_over() {
            return Err(Refusal::NotExpired);
        }
        self.expect_no_open_claim()?;
        self.guarantee.stage = Stage::Expired;
        self.events.push(Event::Expired);
        self.refuse_overtaken_surrender()
    }
}
