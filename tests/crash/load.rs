//! SIGKILL at random moments while ten applications and their openings are under way.

use std::collections::BTreeSet;
use std::sync::Mutex;

use baohan_gateway::sandbox::hainan::{Answer, Platform};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::ground::on_both_databases;
use crate::premises::{PATIENCE, Premises};

const APPLICATIONS: u32 = 10;
const KILLS: u32 = 8;

/// The pushes that were answered with success: by applyno and interface.
type Answered = Mutex<BTreeSet<(String, &'static str)>>;

/// The seed of this run, or of the one to be repeated.
#[expect(clippy::disallowed_methods, reason = "a seed is given from outside to repeat a run")]
fn seed() -> u64 {
    std::env::var("BAOHAN_TEST_SEED").ok().map_or_else(rand::random, |text| text.parse().unwrap())
}

/// The platform does its part for as long as this is polled: it pushes each application, and the key of each guarantee
/// that has arrived. A push that got no answer is pushed again, one that was answered with success never is.
async fn push_what_is_due(premises: &Premises, applications: &[String], answered: &Answered) {
    let mut changes = premises.sandbox.journal().watch();
    loop {
        changes.mark_unchanged();
        for applyno in applications {
            if let Some((interface, answer)) = push_next(premises, applyno, answered).await {
                let accepted = answer.is_ok_and(|answer| answer.is_accepted());
                if accepted {
                    answered.lock().unwrap().insert((applyno.clone(), interface));
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
    let is_answered = |interface| answered.lock().unwrap().contains(&(applyno.to_owned(), interface));
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

fn all_restored(platform: &Platform) -> bool {
    platform.deliveries().iter().all(|delivery| delivery.plaintext.is_some())
}

on_both_databases! {
    async fn kills_at_random_moments_lose_nothing_and_double_nothing(database: Database) {
        let seed = seed();
        let told = format!("repeat this with BAOHAN_TEST_SEED={seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let premises = Premises::found(database).await;
        // Nobody listens yet: the platform knows its applications, and has to push them again.
        let pushed = premises.sandbox.apply_many(APPLICATIONS).await;
        assert!(pushed.iter().all(|(_, answer)| answer.is_err()), "{told}");
        let applications = premises.sandbox.applications();
        let answered = Answered::default();

        for _ in 0..KILLS {
            let process = premises.start().await;
            let moment = premises.sandbox.journal().all().len() + random.random_range(1..=30);
            let reached = premises.sandbox.wait_until(
                |platform| platform.journal().all().len() >= moment || all_restored(platform),
                PATIENCE,
            );
            tokio::select! {
                reached = reached => assert!(reached, "nothing happens any more; {told}"),
                () = push_what_is_due(&premises, &applications, &answered) => {}
            }
            process.kill();
        }

        let _process = premises.start().await;
        let finished = premises.sandbox.wait_until(all_restored, PATIENCE);
        tokio::select! {
            finished = finished => assert!(finished, "{told}"),
            () = push_what_is_due(&premises, &applications, &answered) => {}
        }
        premises.until_idle().await;
        assert_eq!(applications.len(), usize::try_from(APPLICATIONS).unwrap());
        premises.assert_exactly_once(&applications);
    }
}
