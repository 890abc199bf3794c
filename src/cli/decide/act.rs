//! From what was written on the command line to a command of the domain.

use anyhow::Context;
use jiff::Timestamp;

use super::decision::{BasicAccountAnswer, Decision, Method};
use super::dossier;
use crate::casework::decisions::{Decision as Decided, content};
use crate::casework::{Platform, restoration};
use crate::crypto::private_file;
use crate::dialect::SectionKey;
use crate::domain::claim::ClaimResult;
use crate::domain::identity::GuaranteeNumber;
use crate::domain::invoice::Invoice;
use crate::domain::party::Account;
use crate::domain::terms::{BasicAccount, Payment, PaymentMethod};
use crate::domain::{Command, Guarantee};
use crate::institution::rules::Agreed;
use crate::store::Archive;

/// What a decision does: a command, and the key to keep if it is carried out.
pub(super) struct Act {
    pub(super) command: Command,
    pub(super) key: Option<SectionKey>,
}

/// Papers that come with a decision are in the archive when this returns. `None` where there is nothing to do but to show.
pub(super) async fn act(
    decision: Decision,
    platform: &Platform,
    guarantee: &Guarantee,
    archive: impl FnOnce() -> anyhow::Result<Archive>,
    now: Timestamp,
) -> anyhow::Result<Option<Act>> {
    let decision = match decision {
        Decision::Show => return Ok(None),
        Decision::Open { key_file, opened_at } => {
            let text = private_file::read(&key_file)?;
            let text = std::str::from_utf8(&text).unwrap_or_default().trim();
            let expected = || {
                format!(
                    "expected a section's key in `{}`, in the form that the platform uses",
                    key_file.display()
                )
            };
            let key = platform.profile.read_section_key(text, "").with_context(expected)?;
            let number = guarantee.number().context("the guarantee has no number yet")?.clone();
            let command =
                restoration::command(&platform.profile, Some(guarantee), number, opened_at, &key, now);
            return Ok(Some(Act { command, key: Some(key) }));
        }
        Decision::Approve { number, premium } => {
            let premium = premium
                .map(|premium| premium.parse().with_context(|| format!("--premium `{premium}`")))
                .transpose()?;
            let number = number.map(GuaranteeNumber::new);
            Decided::Approve { agreed: Agreed { number, premium, ..Agreed::default() } }
        }
        Decision::Decline { reason } => Decided::Decline { reason },
        Decision::Premium { payer, account, bank, basic_account, method, paid_at, amount } => {
            let holder = payer.unwrap_or_else(|| guarantee.application.applicant.name.clone());
            let basic_account = match basic_account {
                BasicAccountAnswer::Confirmed => BasicAccount::Confirmed,
                BasicAccountAnswer::NotBasic => BasicAccount::NotBasic,
                BasicAccountAnswer::Unchecked => BasicAccount::Unchecked,
            };
            let payment = Payment {
                payer: Account { holder, number: account, bank },
                basic_account,
                method: match method {
                    Method::OnlineBanking => PaymentMethod::OnlineBanking,
                    Method::Wechat => PaymentMethod::Wechat,
                    Method::Alipay => PaymentMethod::Alipay,
                    Method::Other => PaymentMethod::Other,
                },
                paid_at,
                amount: amount
                    .map(|amount| amount.parse().with_context(|| format!("--amount `{amount}`")))
                    .transpose()?,
                voucher: None,
            };
            Decided::RecordPremium { payment }
        }
        Decision::Abandon { reason } => Decided::AbandonIssue { reason },
        Decision::Dossier { dossier } => {
            Decided::RecordDossier { dossier: dossier::read(&dossier, archive()?).await? }
        }
        Decision::Waive => Decided::Waive,
        Decision::GrantCancellation => Decided::GrantCancellation,
        Decision::RefuseCancellation { reason } => Decided::RefuseCancellation { reason },
        Decision::GrantSurrender => Decided::GrantSurrender,
        Decision::Surrender { reason } => Decided::Surrender { reason },
        Decision::RefuseSurrender { reason } => Decided::RefuseSurrender { reason },
        Decision::Invoice { url, code, number } => {
            let invoice = Invoice { url, code, number };
            content::expect_found(&invoice)?;
            Decided::IssueInvoice { invoice }
        }
        Decision::RefuseInvoice { reason } => Decided::RefuseInvoice { reason },
        Decision::Claim { result } => {
            let text =
                std::fs::read(&result).with_context(|| format!("can't read `{}`", result.display()))?;
            let expected = || format!("expected a claim result in `{}`", result.display());
            let result: ClaimResult = serde_json::from_slice(&text).with_context(expected)?;
            Decided::AnswerClaim { result }
        }
    };
    let command = decision.command(platform, guarantee, now).map_err(anyhow::Error::new)?;
    Ok(Some(Act { command, key: None }))
}
