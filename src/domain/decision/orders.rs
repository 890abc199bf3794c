//! Orders that the platform asks to cancel. Before issue the institution decides, since it may have taken money.

use super::{Draft, Question, Work};
use crate::domain::event::Event;
use crate::domain::guarantee::{OrderCancellation, OrderCancellationOutcome, Stage};
use crate::domain::notice::ProgressStep;
use crate::domain::refusal::Refusal;

impl Draft {
    /// The platform has taken note of the wish already; what becomes of it follows as a notice.
    pub(super) fn cancel_order(&mut self, reason: String) -> Result<(), Refusal> {
        match self.guarantee.stage {
            _ if self.guarantee.order_cancellation_is_asked() => return Err(Refusal::CancellationPending),
            Stage::Applied | Stage::Approved | Stage::Issuing => {
                self.events.push(Event::CancellationAsked { reason: reason.clone() });
                let outcome = OrderCancellationOutcome::Asked;
                self.guarantee.order_cancellation = Some(OrderCancellation { reason, outcome });
                if self.guarantee.waiver_asked {
                    // Both sides want the same.
                    return self.grant_cancellation();
                }
                self.work.push(Work::Consult(Question::Cancellation));
            }
            Stage::Issued | Stage::Opened | Stage::Restored => {
                self.events.push(Event::OrderKept { reason: reason.clone() });
                let why = Refusal::OrderIssued.to_string();
                let outcome = OrderCancellationOutcome::Refused { reason: why.clone() };
                self.guarantee.order_cancellation = Some(OrderCancellation { reason, outcome });
                self.tell(ProgressStep::OrderKept { reason: why });
            }
            stage => return Err(Refusal::NotWaivable(stage)),
        }
        Ok(())
    }

    pub(super) fn grant_cancellation(&mut self) -> Result<(), Refusal> {
        self.expect_cancellation_asked()?;
        self.waive()
    }

    /// What was held up goes on from where it was: the application is underwritten, or the letter made.
    pub(super) fn refuse_cancellation(&mut self, reason: String) -> Result<(), Refusal> {
        self.expect_cancellation_asked()?;
        self.events.push(Event::CancellationRefused { reason: reason.clone() });
        self.settle_cancellation(OrderCancellationOutcome::Refused { reason: reason.clone() });
        self.tell(ProgressStep::OrderKept { reason });
        match self.guarantee.stage {
            Stage::Applied => self.work.push(Work::Consult(Question::Underwriting)),
            Stage::Issuing => {
                let letter = self.guarantee.letter_at_issue();
                self.work.push(Work::MakeLetter { letter, deadline: None });
            }
            _ => {}
        }
        Ok(())
    }

    /// Whoever waits for the end of an order has it, in whichever way the application ended.
    pub(super) fn settle_granted_cancellation(&mut self) {
        if self.guarantee.order_cancellation_is_asked() {
            self.settle_cancellation(OrderCancellationOutcome::Granted);
            self.tell(ProgressStep::OrderCancelled);
        }
    }

    fn settle_cancellation(&mut self, to: OrderCancellationOutcome) {
        if let Some(cancellation) = self.guarantee.order_cancellation.as_mut() {
            cancellation.outcome = to;
        }
    }

    fn expect_cancellation_asked(&self) -> Result<(), Refusal> {
        match self.guarantee.order_cancellation_is_asked() {
            true => Ok(()),
            false => Err(Refusal::NoCancellationAsked),
        }
    }

    /// While a wish to give the application up is open, on either side, nothing is done that the answer may undo.
    pub(super) fn expect_nobody_gives_up(&self) -> Result<(), Refusal> {
        if self.guarantee.waiver_asked {
            return Err(Refusal::WaiverPending);
        }
        if self.guarantee.order_cancellation_is_asked() {
            return Err(Refusal::CancellationPending);
        }
        Ok(())
    }
}
