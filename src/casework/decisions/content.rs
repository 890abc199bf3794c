//! What a decision has to say to make sense, whoever says it in which form.

use actix_web::http::Uri;
use jiff::{SignedDuration, Timestamp};

use crate::domain::Guarantee;
use crate::domain::claim::{ClaimResult, ClaimSide, ClaimStatus};
use crate::domain::identity::GuaranteeNumber;
use crate::domain::invoice::Invoice;
use crate::domain::money::Fen;
use crate::domain::terms::Validity;
use crate::store::{Connection, StoreError, guarantees};

/// How far another computer's clock may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// What a decision says that can't be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{member}: {detail}")]
pub struct Misfit {
    /// Where, in the words of the core system's interface.
    pub member: &'static str,
    pub detail: String,
}

fn misfit(member: &'static str, detail: impl Into<String>) -> Misfit {
    Misfit { member, detail: detail.into() }
}

/// # Errors
/// When something that was done is said to be done later than now.
pub fn expect_past(member: &'static str, moment: Option<Timestamp>, now: Timestamp) -> Result<(), Misfit> {
    let ahead = moment.map_or(SignedDuration::ZERO, |moment| moment.duration_since(now));
    match ahead > AHEAD {
        true => Err(misfit(member, "expected a time that has passed, found one that is still to come")),
        false => Ok(()),
    }
}

/// An answer to a claim, as people give it.
#[derive(Clone, Debug)]
pub struct ClaimAnswer {
    pub status: ClaimStatus,
    pub remark: Option<String>,
    pub amount: Option<Fen>,
    pub paid_at: Option<Timestamp>,
    pub payer: ClaimSide,
    pub beneficiary: ClaimSide,
}

impl ClaimAnswer {
    /// # Errors
    /// When something is missing that the status needs, or does not go with it.
    pub fn result(self, now: Timestamp) -> Result<ClaimResult, Misfit> {
        let Self { status, remark, amount, paid_at, payer, beneficiary } = self;
        let name = status.name();
        if matches!(status, ClaimStatus::Rejected | ClaimStatus::Other) && remark.is_none() {
            return Err(misfit("remark", format!("expected a reason with `{name}`, found none")));
        }
        let pays = matches!(status, ClaimStatus::ToBePaid | ClaimStatus::Paid);
        let amount = match amount {
            Some(amount) if pays || amount == Fen::ZERO => amount,
            None if !pays => Fen::ZERO,
            Some(_) => return Err(misfit("amount", format!("expected no amount with `{name}`, found one"))),
            None => return Err(misfit("amount", format!("expected an amount with `{name}`, found none"))),
        };
        if paid_at.is_some() && status != ClaimStatus::Paid {
            let detail = format!("expected no time of payment with `{name}`, found one");
            return Err(misfit("paid_at", detail));
        }
        expect_past("paid_at", paid_at, now)?;
        Ok(ClaimResult { status, remark, payer, beneficiary, amount, paid_at })
    }
}

/// # Errors
/// When nobody could find the invoice: it has neither number nor link, or a link that leads nowhere.
pub fn expect_found(invoice: &Invoice) -> Result<(), Misfit> {
    if invoice.url.is_none() && invoice.number.is_none() {
        return Err(misfit("number", "expected a link, a number or both, found neither"));
    }
    if invoice.url.as_ref().is_some_and(|url| !is_web_address(url)) {
        return Err(misfit("url", "expected an address that begins with http:// or https://"));
    }
    Ok(())
}

fn is_web_address(text: &str) -> bool {
    let web = |address: &Uri| matches!(address.scheme_str(), Some("http" | "https"));
    text.parse::<Uri>()
        .is_ok_and(|address| web(&address) && address.host().is_some_and(|host| !host.is_empty()))
}

/// # Errors
/// When the first day is behind the last, or the last is over.
pub fn expect_cover(validity: &Validity, at: Timestamp) -> Result<(), Misfit> {
    let (first, last) = validity.bounds(at);
    match first > last || validity.is_over(at) {
        true => Err(misfit(
            "validity",
            format!(
                "expected a last day that is still to come and not before the first, found {}",
                validity.latest
            ),
        )),
        false => Ok(()),
    }
}

/// Whether no other guarantee of the platform has the number.
///
/// # Errors
/// When the database fails.
pub fn is_free(
    connection: &mut Connection,
    guarantee: &Guarantee,
    number: &GuaranteeNumber,
) -> Result<bool, StoreError> {
    let holder = guarantees::find_by_number(connection, &guarantee.platform, number)?;
    Ok(holder.is_none_or(|other| other.guarantee.id == guarantee.id))
}
