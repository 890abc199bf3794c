//! A process that stands still for longer than its lease, and wakes up to find another one at its job.

use baohan_gateway::sandbox::hainan::{Act, Fault, Letter, Platform};
use baohan_gateway::store::jobs::{self, JobState, Listing};

use crate::ground::Database;
use crate::premises::{Premises, free_address};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_lost_its_lease_while_it_stood_still_writes_nothing() {
    let premises = Premises::found(Database::Postgres).await;
    // The sleeper's answer comes while it sleeps; the other's comes after the sleeper has woken up.
    premises.sandbox.script(vec![
        Fault::on("baohannotice", Act::Late(100)),
        Fault::on("baohannotice", Act::Late(3_000)).nth(2),
    ]);
    let sleeper = premises.start().await;
    let applyno = premises.applied().await;
    let notices = |wanted| {
        let applyno = applyno.clone();
        move |platform: &Platform| {
            let exchanges = platform.journal().of(&applyno);
            exchanges.iter().filter(|exchange| exchange.interface == "baohannotice").count() == wanted
        }
    };
    premises.until_platform("the sleeper has sent the notice", notices(1)).await;
    sleeper.signal("STOP");
    let _other = premises.start_with("", free_address()).await;
    premises.until_platform("the other has sent the notice", notices(2)).await;
    sleeper.signal("CONT");
    premises
        .until("the sleeper sees what it has missed", async || {
            sleeper.log().contains("job lost its lease").then_some(())
        })
        .await;
    premises.until_delivered(&applyno, Letter::Ciphertext).await;
    premises.until_idle().await;
    assert!(premises.sandbox.delivery(&applyno).unwrap().exactly_once());

    let store = premises.store();
    let done = Listing { state: JobState::Done, platform: None, lane: None, limit: 100 };
    let done = store.read(move |connection| jobs::list(connection, &done)).await.unwrap();
    let notice = done.into_iter().find(|job| job.kind == "notify").unwrap();
    let attempts = store.read(move |connection| jobs::attempts(connection, &notice.id)).await.unwrap();
    let outcomes: Vec<&str> = attempts.iter().map(|attempt| attempt.outcome.as_str()).collect();
    assert_eq!(outcomes, ["lease-expired", "done"]);
}
