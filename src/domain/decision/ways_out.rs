//! The ways out of an application or a guarantee before a claim: waiver, surrender, cancellation.

use jiff::Timestamp;

use super::{Draft, Question, Work};
use crate::domain::event::Event;
use crate::domain::guarantee::{Stage, Surrender, SurrenderOutcome};
use crate::domain::notice::{Notice, SurrenderResult};
use crate::domain::refusal::Refusal;

impl Draft {
    pub(super) fn waive(&mut self) -> Result<(), Refusal> {
        match self.guarantee.stage {
            Stage::Applied | Stage::Approved | Stage::Issuing => {
                self.guarantee.waiver_asked = false;
                self.guarantee.stage = Stage::Waived;
                self.events.push(Event::Waived);
                Ok(())
            }
            Stage::Issued | Stage::Opened | Stage::Restored => Err(Refusal::AlreadyIssued),
            stage => Err(Refusal::NotWaivable(stage)),
        }
    }

    pub(super) fn ask_waiver(&mut self) -> Result<(), Refusal> {
        match self.guarantee.stage {
            _ if self.guarantee.waiver_asked => Err(Refusal::WaiverPending),
            Stage::Applied | Stage::Approved => {
                self.guarantee.waiver_asked = true;
                self.events.push(Event::WaiverAsked);
                let application = self.guarantee.application.number.clone();
                self.work.push(Work::Notify(Notice::WaiverRequest { application }));
                Ok(())
            }
            Stage::Issuing | Stage::Issued | Stage::Opened | Stage::Restored => Err(Refusal::AlreadyIssued),
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
        }
        Ok(())
    }

    pub(super) fn request_surrender(&mut self, reason: String) -> Result<(), Refusal> {
        match self.guarantee.stage {
            Stage::Issued => {}
            Stage::Applied | Stage::Approved | Stage::Issuing => return Err(Refusal::NotIssued),
            Stage::Opened | Stage::Restored => return Err(Refusal::SurrenderAfterOpening),
            stage => return Err(Refusal::NotSurrenderable(stage)),
        }
        if self.surrender_is_asked() {
            return Err(Refusal::SurrenderPending);
        }
        self.expect_no_open_claim()?;
        self.guarantee.surrender = Some(Surrender { reason, outcome: SurrenderOutcome::Asked });
        self.events.push(Event::SurrenderAsked);
        self.work.push(Work::Consult(Question::Surrender));
        Ok(())
    }

    fn surrender_is_asked(&self) -> bool {
        self.guarantee.surrender.as_ref().is_some_and(|it| it.outcome == SurrenderOutcome::Asked)
    }

    pub(super) fn grant_surrender(&mut self) -> Result<(), Refusal> {
        if !self.surrender_is_asked() {
            return Err(Refusal::NoSurrenderAsked);
        }
        if self.guarantee.stage != Stage::Issued {
            return Err(Refusal::SurrenderAfterOpening);
        }
        self.expect_no_open_claim()?;
        self.guarantee.stage = Stage::Surrendered;
        self.events.push(Event::Surrendered);
        self.settle_surrender(SurrenderOutcome::Granted, Some(self.at))
    }

    pub(super) fn refuse_surrender(&mut self, reason: String) -> Result<(), Refusal> {
        if !self.surrender_is_asked() {
            return Err(Refusal::NoSurrenderAsked);
        }
        self.events.push(Event::SurrenderRefused { reason: reason.clone() });
        self.settle_surrender(SurrenderOutcome::Refused { reason }, None)
    }

    /// Whoever asked for a surrender and was overtaken by the opening is told so, behind the letter: nothing may
    /// stand before a restoration.
    pub(super) fn refuse_overtaken_surrender(&mut self) -> Result<(), Refusal> {
        if self.surrender_is_asked() {
            self.refuse_surrender(Refusal::SurrenderAfterOpening.to_string())?;
        }
        Ok(())
    }

    fn settle_surrender(
        &mut self,
        to: SurrenderOutcome,
        surrendered_at: Option<Timestamp>,
    ) -> Result<(), Refusal> {
        if let Some(surrender) = self.guarantee.surrender.as_mut() {
            surrender.outcome = to;
        }
        let (application, guarantee) = self.numbers()?;
        let result = SurrenderResult { application, guarantee, surrendered_at };
        self.work.push(Work::Notify(Notice::SurrenderResult(result)));
        Ok(())
    }

    /// A claim that is open stays open: whoever cancels has not waived what was claimed before.
    pub(super) fn cancel(&mut self) -> Result<(), Refusal> {
        match self.guarantee.stage {
            Stage::Opened | Stage::Restored => {
                self.guarantee.stage = Stage::Cancelled;
                self.events.push(Event::Cancelled);
                self.refuse_overtaken_surrender()
            }
            Stage::Applied | Stage::Approved | Stage::Issuing | Stage::Issued => {
                Err(Refusal::CancellationBeforeOpening)
            }
            stage => Err(Refusal::NotCancellable(stage)),
        }
    }
}
