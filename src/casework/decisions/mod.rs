//! What the institution's people and its core system decide, as commands: each has a form of its own to say it, and what it
//! means is the same.

pub mod content;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Platform;
use crate::domain::claim::ClaimResult;
use crate::domain::decision::Act;
use crate::domain::dossier::Dossier;
use crate::domain::invoice::Invoice;
use crate::domain::notice::Notice;
use crate::domain::terms::Payment;
use crate::domain::{Command, Guarantee, Refusal};
use crate::institution::rules::Agreed;

/// One thing that a person decides in the institution's name, with all that it takes. What depends on the platform and the
/// state of the guarantee comes in when it becomes a [`Command`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "kebab-case")]
pub enum Decision {
    Approve { agreed: Agreed },
    Decline { reason: String },
    RecordPremium { payment: Payment },
    AbandonIssue { reason: String },
    RecordDossier { dossier: Dossier },
    Waive,
    GrantSurrender,
    RefuseSurrender { reason: String },
    Surrender { reason: String },
    GrantCancellation,
    RefuseCancellation { reason: String },
    IssueInvoice { invoice: Invoice },
    RefuseInvoice { reason: String },
    AnswerClaim { result: ClaimResult },
}

impl Decision {
    /// Under which name [`legal_acts`](crate::domain::decision::legal_acts) lists it.
    pub fn act(&self) -> Act {
        match self {
            Self::Approve { .. } => Act::Approve,
            Self::Decline { .. } => Act::Decline,
            Self::RecordPremium { .. } => Act::RecordPremium,
            Self::AbandonIssue { .. } => Act::AbandonIssue,
            Self::RecordDossier { .. } => Act::RecordDossier,
            Self::Waive => Act::Waive,
            Self::GrantSurrender => Act::GrantSurrender,
            Self::RefuseSurrender { .. } => Act::RefuseSurrender,
            Self::Surrender { .. } => Act::Surrender,
            Self::GrantCancellation => Act::GrantCancellation,
            Self::RefuseCancellation { .. } => Act::RefuseCancellation,
            Self::IssueInvoice { .. } => Act::IssueInvoice,
            Self::RefuseInvoice { .. } => Act::RefuseInvoice,
            Self::AnswerClaim { .. } => Act::AnswerClaim,
        }
    }

    /// # Errors
    /// When the rules have to give something and can't.
    pub fn command(
        self,
        platform: &Platform,
        guarantee: &Guarantee,
        at: Timestamp,
    ) -> Result<Command, Refusal> {
        Ok(match self {
            Self::Approve { agreed } => {
                Command::Approve { terms: platform.rules.complete(agreed, guarantee, at)? }
            }
            Self::Decline { reason } => decline(platform, reason),
            Self::RecordPremium { payment } => premium(platform, guarantee, payment),
            Self::AbandonIssue { reason } => Command::AbandonIssue { reason },
            Self::RecordDossier { dossier } => Command::RecordDossier { dossier },
            Self::Waive => waive(platform, guarantee),
            Self::GrantSurrender => Command::GrantSurrender,
            Self::RefuseSurrender { reason } => Command::RefuseSurrender { reason },
            Self::Surrender { reason } => Command::Surrender { reason },
            Self::GrantCancellation => Command::GrantCancellation,
            Self::RefuseCancellation { reason } => Command::RefuseCancellation { reason },
            Self::IssueInvoice { invoice } => Command::IssueInvoice { invoice },
            Self::RefuseInvoice { reason } => Command::RefuseInvoice { reason },
            Self::AnswerClaim { result } => Command::AnswerClaim { result },
        })
    }
}

pub fn decline(platform: &Platform, reason: String) -> Command {
    Command::Decline { reason, issuer: platform.rules.issuer().to_owned() }
}

/// By the rule for accounts that holds for the guarantee.
pub fn premium(platform: &Platform, guarantee: &Guarantee, payment: Payment) -> Command {
    Command::RecordPremium { payment, payer: platform.rules.payer(guarantee) }
}

/// A question that the platform has no words for would stay open for ever: there, nobody is asked.
pub fn waive(platform: &Platform, guarantee: &Guarantee) -> Command {
    let application = guarantee.application.number.clone();
    match platform.profile.speaks(&Notice::WaiverRequest { application }) {
        true => Command::AskWaiver,
        false => Command::Waive,
    }
}
