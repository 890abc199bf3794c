//! What the institution's people and its core system decide, as commands: each has a form of its own to say it, and what it
//! means is the same.

use super::Platform;
use crate::domain::notice::Notice;
use crate::domain::terms::Payment;
use crate::domain::{Command, Guarantee};

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
