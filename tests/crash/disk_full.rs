//! A disk without room, as a limit to the length of the files that the process may write; and then there is room again.

use baohan_gateway::sandbox::hainan::Letter;
#[cfg(feature = "postgres")]
use baohan_gateway::store::jobs::{self, Cause, JobState, Listing};

use crate::ground::Database;
use crate::load::{APPLICATIONS, Answered, all_restored, push_what_is_due};
use crate::premises::{PATIENCE, Part, Premises, Process};
use crate::probes::{liveness, page, readiness};

/// No file may become longer than so many KiB; the process is told by an error and not by a signal.
async fn start_within(premises: &Premises, kib: u64) -> Process {
    let limits = format!("trap '' XFSZ; ulimit -f {kib}");
    premises.start_as(&Part { limits: &limits, ..Part::default() }, premises.address()).await
}

/// Everything is delivered in the end, and nothing was given up.
async fn finish(premises: &Premises, applications: &[String], answered: &Answered) {
    let finished = premises.sandbox.wait_until(all_restored, PATIENCE);
    tokio::select! {
        finished = finished => assert!(finished, "nothing happens any more"),
        () = push_what_is_due(premises, applications, answered) => {}
    }
    premises.assert_exactly_once(applications);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pushes_fail_while_the_databases_disk_is_full_and_what_was_answered_before_is_delivered_afterwards() {
    let premises = Premises::found(Database::Sqlite).await;
    premises.sandbox.apply_many(APPLICATIONS).await;
    let (applications, answered) = (premises.sandbox.applications(), Answered::default());
    let address = premises.address();
    // The tables take less; the write-ahead log grows with every push and every job.
    let process = start_within(&premises, 1_250).await;
    let full = premises.until("the disk is full", async || {
        let refused = page(address, "/readyz").filter(|(status, _)| *status == 503);
        refused.map(|(_, body)| body)
    });
    tokio::select! {
        body = full => assert!(body.contains(r#""name":"database","ok":false"#), "{body}"),
        () = push_what_is_due(&premises, &applications, &answered) => {}
    }
    assert_eq!(liveness(address), Some(200));
    let delivered = |applyno: &String| premises.sandbox.delivery(applyno).unwrap().plaintext.is_some();
    assert!(!applications.iter().all(delivered), "there was room for everything");
    // Whatever is pushed now is answered, and not with success.
    let (late, answer) = premises.sandbox.apply_generated().await.unwrap();
    assert!(!answer.is_accepted(), "{answer}");
    assert_eq!(readiness(address), Some(503));
    process.kill();

    let _process = premises.start().await;
    finish(&premises, &[applications, vec![late]].concat(), &answered).await;
    premises.until_idle().await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_wait_while_the_archives_disk_is_full_and_the_gateway_takes_pushes_meanwhile() {
    let premises = Premises::found(Database::Postgres).await;
    let address = premises.address();
    // A letter is longer than this.
    let mut process = start_within(&premises, 24).await;
    let first = premises.applied().await;
    let store = premises.store();
    let letter = premises
        .until("a letter can't be kept", async || {
            let waiting = Listing { state: JobState::Ready, platform: None, lane: None, limit: 100 };
            let waiting = store.read(move |c| jobs::list(c, &waiting)).await.unwrap();
            waiting.into_iter().find(|job| job.kind == "make-letter" && job.cause.is_some())
        })
        .await;
    assert_eq!(letter.cause.as_deref(), Some(Cause::Failed.name()), "{letter:?}");
    let second = premises.applied().await;
    assert!(process.ended().is_none());
    assert_eq!((liveness(address), readiness(address)), (Some(200), Some(200)));
    for applyno in [&first, &second] {
        assert!(premises.sandbox.delivery(applyno).unwrap().ciphertext.is_none());
    }
    process.kill();

    let _process = premises.start().await;
    for applyno in [&first, &second] {
        premises.until_delivered(applyno, Letter::Ciphertext).await;
        assert!(premises.sandbox.restore(applyno).await.unwrap().is_accepted());
    }
    premises.until_idle().await;
    premises.assert_exactly_once(&[first, second]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_cannot_be_written_stops_nothing() {
    let premises = Premises::found(Database::Sqlite).await;
    let part = Part {
        limits: "exec 2>/dev/full",
        further: "[telemetry]\nlog_filter = \"trace\"\n",
        ..Part::default()
    };
    let _process = premises.start_as(&part, premises.address()).await;
    let applyno = premises.applied().await;
    premises.until_delivered(&applyno, Letter::Ciphertext).await;
    assert_eq!(readiness(premises.address()), Some(200));
}
