//! The steps of an application's life under the names that platforms for tenders have for them.

use std::sync::Arc;

use super::super::answer::Answer;
use super::super::steps::{Standing, Step};
use super::delivery::{Accepted, Delivery};
use super::{Platform, Specification};

fn interface_of(specification: &Specification, step: Step) -> &'static str {
    match step {
        Step::Application => "baohanapply",
        Step::WrongKey => "baohanrestore",
        Step::Opening if specification.restores() => "baohanrestore",
        Step::Opening => "getbaohaninfo",
        Step::Surrender => "quitapply",
        Step::Invoice => "invoiceapply",
        Step::Claim => "claimsnotice",
        Step::Cancellation => "canclenotice",
    }
}

impl Platform {
    /// See [`Play::take`](super::super::Play::take).
    pub(super) async fn take_step(&self, step: Step, applyno: &str) -> Option<anyhow::Result<Answer>> {
        let interface = interface_of(self.specification(), step);
        self.specification().pushed(interface)?;
        let pushed = self.about(applyno, |case| Ok(case.pushes.contains_key(interface)));
        if step != Step::WrongKey && pushed.is_ok_and(|pushed| pushed) {
            return Some(self.duplicate(applyno, interface).await);
        }
        Some(match step {
            Step::Application => self.duplicate(applyno, interface).await,
            Step::WrongKey => self.restore_with_wrong_key(applyno).await,
            Step::Opening => self.open(applyno).await,
            Step::Surrender => self.surrender(applyno).await,
            Step::Invoice => self.invoice(applyno, "0").await,
            Step::Claim => self.claim(applyno).await,
            Step::Cancellation => self.cancel(applyno).await,
        })
    }

    /// See [`Play::standing`](super::super::Play::standing).
    pub(super) fn standing_of(&self, applyno: &str) -> Option<Standing> {
        let register = self.register();
        let case = register.case(applyno)?;
        let delivery = case.delivery(self.specification());
        let claim_answered = matches!(case.claim_status.as_deref(), Some("2" | "3"));
        Some(Standing {
            issued: delivery.approved == Some(true) && (!delivery.restores || delivery.ciphertext.is_some()),
            complete: delivery.plaintext.is_some(),
            surrendered: delivery.surrendered,
            claim_answered,
            invoice_answered: delivery.notices.contains_key("invoicenotice"),
            contradictions: contradictions(&delivery),
            letters: letters(&delivery).map(|letter| Arc::clone(&letter.document)).collect(),
            guarantee: delivery.baohanno,
        })
    }
}

fn letters(delivery: &Delivery) -> impl Iterator<Item = &Accepted> {
    delivery.ciphertext.iter().chain(&delivery.plaintext)
}

/// In a life each notice has one content, so that a second one is another effect.
fn contradictions(delivery: &Delivery) -> Vec<String> {
    let mut found = Vec::new();
    for (interface, tally) in delivery.notices.iter().filter(|(_, tally)| !tally.is_single()) {
        let (contents, conflicts) = (tally.contents.len(), tally.conflicts);
        found.push(format!("{interface}: {contents} contents accepted, {conflicts} refused"));
    }
    for letter in letters(delivery).filter(|letter| !letter.is_single()) {
        found.push(format!("letter {}: {} other files", letter.sm3, letter.other_files.len()));
    }
    found
}
