//! Invoices for the premium, asked for after the restoration.

use super::{Draft, Question, Work};
use crate::domain::event::Event;
use crate::domain::guarantee::{InvoiceCase, Stage};
use crate::domain::invoice::{InvoiceOutcome, InvoiceRequest};
use crate::domain::notice::{InvoiceResult, Notice};
use crate::domain::refusal::Refusal;
use crate::domain::section::Secrecy;

impl Draft {
    pub(super) fn request_invoice(&mut self, request: InvoiceRequest) -> Result<(), Refusal> {
        let open = self.guarantee.application.secrecy == Secrecy::None;
        match self.guarantee.stage {
            Stage::Restored | Stage::Cancelled | Stage::Expired => {}
            Stage::Issued if open => {}
            _ => return Err(Refusal::InvoiceBeforeRestoration),
        }
        if self
            .guarantee
            .invoice
            .as_ref()
            .is_some_and(|it| !matches!(it.outcome, InvoiceOutcome::Refused { .. }))
        {
            return Err(Refusal::InvoicePending);
        }
        self.events.push(Event::InvoiceAsked { amount: request.amount });
        self.guarantee.invoice = Some(InvoiceCase { request, outcome: InvoiceOutcome::Asked });
        self.work.push(Work::Consult(Question::Invoice));
        Ok(())
    }

    pub(super) fn settle_invoice(&mut self, to: InvoiceOutcome) -> Result<(), Refusal> {
        let asked = self.guarantee.invoice.as_mut().filter(|it| it.outcome == InvoiceOutcome::Asked);
        let asked = asked.ok_or(Refusal::NoInvoiceAsked)?;
        asked.outcome = to.clone();
        let invoice = match to {
            InvoiceOutcome::Refused { reason } => {
                self.events.push(Event::InvoiceRefused { reason });
                None
            }
            InvoiceOutcome::Issued(invoice) => {
                self.events.push(Event::InvoiceIssued);
                Some(invoice)
            }
            InvoiceOutcome::Asked => None,
        };
        let (application, guarantee) = self.numbers()?;
        self.work.push(Work::Notify(Notice::InvoiceResult(InvoiceResult {
            application,
            guarantee,
            invoice,
        })));
        Ok(())
    }
}
