//! What keeps a gateway busy while something else goes wrong: ten applications and their openings.

use std::collections::BTreeSet;
use std::sync::Mutex;

use baohan_gateway::sandbox::hainan::{Answer, Platform};

use crate::premises::Premises;

pub const APPLICATIONS: u32 = 10;

/// The pushes that were answered with success: by applyno and interface.
#[derive(Default)]
pub struct Answered(Mutex<BTreeSet<(String, &'static str)>>);

impl Answered {
    pub fn has(&self, applyno: &str, interface: &'static str) -> bool {
        self.0.lock().unwrap().contains(&(applyno.to_owned(), interface))
    }
}

/// The seed of this run, or of the one to be repeated.
#[cfg(feature = "postgres")]
#[expect(clippy::disallowed_methods, reason = "a seed is given from outside to repeat a run")]
pub fn seed() -> u64 {
    std::env::var("BAOHAN_TEST_SEED").ok().map_or_else(rand::random, |text| text.parse().unwrap())
}

/// The platform does its part for as long as this is polled: it pushes each application, and the key of each guarantee
/// that has arrived. A push that got no answer is pushed again, one that was answered with success never is.
pub async fn push_what_is_due(premises: &Premises, applications: &[String], answered: &Answered) {
    let mut changes = premises.sandbox.journal().watch();
    loop {
        changes.mark_unchanged();
        for applyno in applications {
            if let Some((interface, answer)) = push_next(premises, applyno, answered).await {
                let accepted = answer.is_ok_and(|answer| answer.is_accepted());
                if accepted {
                    answered.0.lock().unwrap().insert((applyno.clone(), interface));
                }
            }
        }
        changes.changed().await.unwrap();
    }
}

async fn push_next(
    premises: &Premises,
    applyno: &str,
    answered: &Answered,
) -> Option<(&'static str, anyhow::Result<Answer>)> {
    let is_answered = |interface| answered.has(applyno, interface);
    let delivery = premises.sandbox.delivery(applyno)?;
    if !is_answered("baohanapply") {
        return Some(("baohanapply", premises.sandbox.duplicate(applyno, "baohanapply").await));
    }
    if delivery.ciphertext.is_none() || is_answered("baohanrestore") {
        return None;
    }
    let pushed = if delivery.opened {
        premises.sandbox.duplicate(applyno, "baohanrestore").await
    } else {
        premises.sandbox.restore(applyno).await
    };
    Some(("baohanrestore", pushed))
}

pub fn all_restored(platform: &Platform) -> bool {
    platform.deliveries().iter().all(|delivery| delivery.plaintext.is_some())
}
