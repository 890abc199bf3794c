//! PostgreSQL, killed with everything that it has running and started again, under a gateway at work.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::ground::Database;
use crate::load::{APPLICATIONS, Answered, all_restored, push_what_is_due, seed};
use crate::premises::{PATIENCE, Premises};
use crate::probes::{liveness, readiness};
use crate::server::{Server, lines};

const KILLS: u32 = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_killed_again_and_again_loses_nothing_and_the_gateway_goes_on_by_itself() {
    let seed = seed();
    let told = format!("repeat this with BAOHAN_TEST_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut server = Server::found();
    server.start().await;
    let url = server.create_database("baohan");
    // The database of the premises is left empty.
    let premises = Premises::found(Database::Sqlite).await;
    // Nobody listens yet: the platform knows its applications, and has to push them again.
    premises.sandbox.apply_many(APPLICATIONS).await;
    let applications = premises.sandbox.applications();
    let answered = Answered::default();
    let further = format!("[store]\nurl = {url:?}\nwait = \"1s\"\n");
    let mut process = premises.start_with(&further, premises.address()).await;

    for _ in 0..KILLS {
        let moment = premises.sandbox.journal().all().len() + random.random_range(1..=30);
        let reached = premises.sandbox.wait_until(
            |platform| platform.journal().all().len() >= moment || all_restored(platform),
            PATIENCE,
        );
        tokio::select! {
            reached = reached => assert!(reached, "nothing happens any more; {told}"),
            () = push_what_is_due(&premises, &applications, &answered) => {}
        }
        server.kill().await;
        let address = premises.address();
        premises
            .until("the gateway is not ready", async || (readiness(address) == Some(503)).then_some(()))
            .await;
        assert_eq!(liveness(address), Some(200), "{told}");
        // What is pushed meanwhile is answered, and not with success.
        let open = applications.iter().find(|it| !answered.has(it, "baohanapply"));
        if let Some(applyno) = open {
            let answer = premises.sandbox.duplicate(applyno, "baohanapply").await.unwrap();
            assert!(!answer.is_accepted(), "{answer}; {told}");
        }
        server.start().await;
        premises
            .until("the gateway is ready again", async || (readiness(address) == Some(200)).then_some(()))
            .await;
    }

    let finished = premises.sandbox.wait_until(all_restored, PATIENCE);
    tokio::select! {
        finished = finished => assert!(finished, "{told}\n{}", process.log()),
        () = push_what_is_due(&premises, &applications, &answered) => {}
    }
    premises.until("no job is left", async || lines(&url, LEFT).is_empty().then_some(())).await;
    assert!(process.ended().is_none(), "{told}");
    premises.assert_exactly_once(&applications);
    assert_eq!(lines(&url, "SELECT stage AS line FROM guarantees"), ["restored"; 10], "{told}");
    // A guarantee has two letters, and everything else happens to it once.
    let doubled = "SELECT guarantee_id || ' ' || kind AS line FROM events GROUP BY guarantee_id, kind \
                   HAVING COUNT(*) > CASE WHEN kind LIKE 'letter-%' THEN 2 ELSE 1 END";
    assert_eq!(lines(&url, doubled), Vec::<String>::new(), "{told}");
}

/// Jobs that wait, run or were given up; without those that come back by the clock.
const LEFT: &str = "SELECT kind || ' ' || state AS line FROM jobs WHERE state IN ('ready', 'running', 'dead') AND kind <> 'round'";
