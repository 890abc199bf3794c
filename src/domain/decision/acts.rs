//! What the institution may do with a guarantee now, found by trying it.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{Newcomer, decide};
use crate::domain::claim::{ClaimResult, ClaimSide, ClaimStatus};
use crate::domain::command::{Command, PayerRule};
use crate::domain::dossier::Dossier;
use crate::domain::guarantee::Guarantee;
use crate::domain::identity::GuaranteeNumber;
use crate::domain::invoice::Invoice;
use crate::domain::money::Fen;
use crate::domain::party::{Account, Contact};
use crate::domain::premium::Rate;
use crate::domain::refusal::RefusalKind;
use crate::domain::terms::{BasicAccount, Payment, PaymentMethod, Terms, Validity};

/// Something that the institution does of its own accord.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    Approve,
    Decline,
    RecordPremium,
    /// Whatever is still lacking of approval and premium, at once.
    Issue,
    AbandonIssue,
    RecordDossier,
    /// Asking the platform to let the application go. Where it need not be asked, an application may be given up while
    /// its letter is being made too.
    Waive,
    GrantSurrender,
    RefuseSurrender,
    /// As agreed with the applicant.
    Surrender,
    GrantCancellation,
    RefuseCancellation,
    IssueInvoice,
    RefuseInvoice,
    AnswerClaim,
}

impl Act {
    pub const ALL: [Self; 15] = [
        Self::Approve,
        Self::Decline,
        Self::RecordPremium,
        Self::Issue,
        Self::AbandonIssue,
        Self::RecordDossier,
        Self::Waive,
        Self::GrantSurrender,
        Self::RefuseSurrender,
        Self::Surrender,
        Self::GrantCancellation,
        Self::RefuseCancellation,
        Self::IssueInvoice,
        Self::RefuseInvoice,
        Self::AnswerClaim,
    ];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Decline => "decline",
            Self::RecordPremium => "record-premium",
            Self::Issue => "issue",
            Self::AbandonIssue => "abandon-issue",
            Self::RecordDossier => "record-dossier",
            Self::Waive => "waive",
            Self::GrantSurrender => "grant-surrender",
            Self::RefuseSurrender => "refuse-surrender",
            Self::Surrender => "surrender",
            Self::GrantCancellation => "grant-cancellation",
            Self::RefuseCancellation => "refuse-cancellation",
            Self::IssueInvoice => "issue-invoice",
            Self::RefuseInvoice => "refuse-invoice",
            Self::AnswerClaim => "answer-claim",
        }
    }

    /// Commands any one of which would be this act, with a plausible content.
    fn plausible(self, guarantee: &Guarantee) -> Vec<Command> {
        let reason = String::new();
        match self {
            Self::Approve => vec![Command::Approve { terms: terms(guarantee) }],
            Self::Decline => vec![Command::Decline { reason, issuer: String::new() }],
            Self::RecordPremium => vec![premium(guarantee)],
            Self::Issue => vec![Command::Approve { terms: terms(guarantee) }, premium(guarantee)],
            Self::AbandonIssue => vec![Command::AbandonIssue { reason }],
            Self::RecordDossier => vec![Command::RecordDossier { dossier: Dossier::default() }],
            Self::Waive => vec![Command::AskWaiver],
            Self::GrantSurrender => vec![Command::GrantSurrender],
            Self::RefuseSurrender => vec![Command::RefuseSurrender { reason }],
            Self::Surrender => vec![Command::Surrender { reason }],
            Self::GrantCancellation => vec![Command::GrantCancellation],
            Self::RefuseCancellation => vec![Command::RefuseCancellation { reason }],
            Self::IssueInvoice => {
                vec![Command::IssueInvoice { invoice: Invoice { url: None, code: None, number: None } }]
            }
            Self::RefuseInvoice => vec![Command::RefuseInvoice { reason }],
            Self::AnswerClaim => vec![Command::AnswerClaim { result: claim_result() }],
        }
    }
}

/// What the institution may do now, in the order of [`Act::ALL`]. What would be refused for its content alone may be
/// done with another one, so it counts.
pub fn legal_acts(guarantee: &Guarantee, at: Timestamp) -> Vec<Act> {
    let possible = |command: Command| {
        let newcomer = Newcomer { id: guarantee.id.clone(), platform: guarantee.platform.clone() };
        match decide(Some(guarantee.clone()), newcomer, command, at) {
            Ok(_) => true,
            Err(refusal) => refusal.kind() == RefusalKind::Content,
        }
    };
    let legal = |act: &Act| act.plausible(guarantee).into_iter().any(possible);
    Act::ALL.into_iter().filter(legal).collect()
}

fn terms(guarantee: &Guarantee) -> Terms {
    Terms {
        guarantee_number: GuaranteeNumber::new(guarantee.id.as_str()),
        premium: guarantee.application.amount,
        rate: Rate(Decimal::ONE),
        issuer: String::new(),
        validity: Validity { from: None, days_after_bid_validity: 0, latest: Date::MAX },
    }
}

fn premium(guarantee: &Guarantee) -> Command {
    let payment = Payment {
        payer: account(&guarantee.application.applicant.name),
        basic_account: BasicAccount::Confirmed,
        method: PaymentMethod::Other,
        paid_at: None,
        amount: None,
        voucher: None,
    };
    Command::RecordPremium { payment, payer: PayerRule::AnyAccount }
}

fn claim_result() -> ClaimResult {
    let side = ClaimSide { code: String::new(), contact: Contact::default(), account: account("") };
    ClaimResult {
        status: ClaimStatus::InHandling,
        remark: None,
        payer: side.clone(),
        beneficiary: side,
        amount: Fen::ZERO,
        paid_at: None,
    }
}

fn account(holder: &str) -> Account {
    Account { holder: holder.to_owned(), number: String::new(), bank: None }
}
