//! Claims and their answers.

use super::{Draft, Question, Work};
use crate::domain::claim::{ClaimRequest, ClaimResult, ClaimStatus, ClaimSubject};
use crate::domain::event::Event;
use crate::domain::guarantee::{Claim, Stage};
use crate::domain::money::Fen;
use crate::domain::notice::Notice;
use crate::domain::particulars::Particular;
use crate::domain::refusal::Refusal;

impl Draft {
    pub(super) fn claim(&mut self, request: ClaimRequest) -> Result<(), Refusal> {
        match self.guarantee.stage {
            // What it says must not depend on how soon after the last day the guarantee is marked.
            Stage::Issued | Stage::Opened | Stage::Restored if self.last_day_is_over() => {
                return Err(Refusal::NotClaimable(Stage::Expired));
            }
            Stage::Issued | Stage::Opened | Stage::Restored => {}
            Stage::Applied | Stage::Approved | Stage::Issuing => return Err(Refusal::NotIssued),
            stage => return Err(Refusal::NotClaimable(stage)),
        }
        self.expect_same_subject(&request.about)?;
        self.expect_no_open_claim()?;
        self.expect_within_guarantee(request.amount.unwrap_or(Fen::ZERO))?;
        self.events.push(Event::ClaimReceived { amount: request.amount });
        self.guarantee.claim = Some(Claim { request, result: None });
        self.work.push(Work::Consult(Question::Claim));
        Ok(())
    }

    fn expect_same_subject(&self, about: &ClaimSubject) -> Result<(), Refusal> {
        let application = &self.guarantee.application;
        let other = |said: &Option<String>, known: Option<&str>| {
            said.as_deref().is_some_and(|said| known.is_some_and(|known| known != said))
        };
        if other(&about.applicant_code, Some(&application.applicant.code)) {
            return Err(Refusal::ApplicantMismatch);
        }
        if other(&about.project_number, application.particulars.get(Particular::ProjectNumber)) {
            return Err(Refusal::ProjectMismatch);
        }
        Ok(())
    }

    /// All claims together are paid up to the guarantee's amount (建市〔2021〕11号, annex 1, clause 1).
    fn expect_within_guarantee(&self, demanded: Fen) -> Result<(), Refusal> {
        let (amount, paid) = (self.guarantee.application.amount, self.guarantee.paid_on_claims);
        if paid >= amount || demanded.fen() > amount.fen() - paid.fen() {
            return Err(Refusal::ClaimExceedsGuarantee { demanded, amount, paid });
        }
        Ok(())
    }

    pub(super) fn expect_no_open_claim(&self) -> Result<(), Refusal> {
        if self.guarantee.open_claim().is_some() { Err(Refusal::ClaimPending) } else { Ok(()) }
    }

    /// What is paid is something, at most what was demanded, and within the guarantee. Interest for paying late is not
    /// paid on the guarantee.
    fn expect_payable(&self, result: &ClaimResult, demanded: Option<Fen>) -> Result<(), Refusal> {
        if result.status == ClaimStatus::Paid && result.amount == Fen::ZERO {
            return Err(Refusal::ClaimPaymentMissing);
        }
        self.expect_within_guarantee(result.amount)?;
        match demanded {
            Some(demanded) if result.amount > demanded => {
                Err(Refusal::ClaimExceedsDemand { paid: result.amount, demanded })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn answer_claim(&mut self, result: ClaimResult) -> Result<(), Refusal> {
        let needs_remark = matches!(result.status, ClaimStatus::Rejected | ClaimStatus::Other);
        if needs_remark && result.remark.as_ref().is_none_or(String::is_empty) {
            return Err(Refusal::ClaimRemarkMissing);
        }
        let open = self.guarantee.open_claim().ok_or(Refusal::NoClaim)?;
        let demanded = open.request.amount;
        if matches!(result.status, ClaimStatus::ToBePaid | ClaimStatus::Paid) {
            self.expect_payable(&result, demanded)?;
        }
        if let Some(claim) = self.guarantee.claim.as_mut() {
            claim.result = Some(result.clone());
        }
        if result.status == ClaimStatus::Paid {
            self.guarantee.paid_on_claims = self.guarantee.paid_on_claims.saturating_add(result.amount);
        }
        let paid = (result.status == ClaimStatus::Paid).then_some(result.amount);
        self.events.push(Event::ClaimAnswered { status: result.status, paid });
        let (application, guarantee) = self.numbers()?;
        self.work.push(Work::Notify(Notice::ClaimResult { application, guarantee, result }));
        match self.guarantee.stage {
            // Nothing that can wait stands before the letter; what was overtaken is refused behind it.
            Stage::Opened => Ok(()),
            _ => self.refuse_overtaken_surrender(),
        }
    }
}
