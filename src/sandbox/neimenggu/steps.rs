//! The steps of an application's life under the numbers that this platform has for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::delivery::Delivery;
use super::{Invalidation, Platform};
use crate::sandbox::answer::Answer;
use crate::sandbox::steps::{Standing, Step};

/// Nothing is opened and no invoice is asked for here.
fn transcode_of(step: Step) -> Option<&'static str> {
    match step {
        Step::Application => Some("PREP101"),
        Step::Opening => Some("PREP103"),
        Step::Surrender => Some("PREP109"),
        Step::Claim => Some("PREP105"),
        Step::Cancellation => Some("PREP107"),
        Step::WrongKey | Step::Invoice => None,
    }
}

impl Platform {
    /// See [`Play::take`](crate::sandbox::Play::take).
    pub(super) async fn take_step(&self, step: Step, application_id: &str) -> Option<anyhow::Result<Answer>> {
        let transcode = transcode_of(step)?;
        let pushed = self.register().case(application_id).is_some_and(|it| it.pushes.contains_key(transcode));
        if pushed {
            return Some(self.duplicate(application_id, transcode).await);
        }
        Some(match step {
            Step::Opening => self.fetch_letter(application_id).await,
            Step::Surrender => self.surrender(application_id).await,
            Step::Claim => self.claim(application_id).await,
            Step::Cancellation => self.invalidate(application_id, Invalidation::Fulfilled).await,
            Step::Application | Step::WrongKey | Step::Invoice => {
                self.duplicate(application_id, transcode).await
            }
        })
    }

    /// See [`Play::standing`](crate::sandbox::Play::standing).
    pub(super) fn standing_of(&self, application_id: &str) -> Option<Standing> {
        let delivery = self.delivery(application_id)?;
        Some(Standing {
            issued: delivery.guarantee_id.is_some(),
            complete: !delivery.letters.is_empty(),
            surrendered: delivery.states().contains(&"08"),
            claim_answered: delivery.claim_states().iter().any(|status| matches!(*status, "01" | "02")),
            invoice_answered: false,
            contradictions: contradictions(&delivery),
            letters: delivery.letters.iter().map(|letter| Arc::clone(&letter.document)).collect(),
            guarantee: delivery.guarantee_id,
        })
    }
}

fn contradictions(delivery: &Delivery) -> Vec<String> {
    let mut found = Vec::new();
    if delivery.conflicts > 0 {
        found.push(format!("{} notices that contradict accepted ones", delivery.conflicts));
    }
    if delivery.letters.len() > 1 {
        found.push(format!("{} different letters", delivery.letters.len()));
    }
    let mut states: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for noted in &delivery.noted {
        *states.entry((noted.transcode, &noted.status)).or_default() += 1;
    }
    for ((transcode, status), contents) in states.into_iter().filter(|(_, contents)| *contents > 1) {
        found.push(format!("{transcode} {status}: {contents} contents accepted"));
    }
    found
}
