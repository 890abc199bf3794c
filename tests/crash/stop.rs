//! SIGTERM: the process finishes what it can, hands back the rest, and ends well.

use std::process::ExitStatus;
use std::time::Instant;

use baohan_gateway::sandbox::hainan::{Act, Fault, Letter};
use baohan_gateway::store::jobs::JobState;

use crate::ground::on_both_databases;
use crate::premises::{Premises, Process};

async fn ended(premises: &Premises, mut process: Process) -> ExitStatus {
    premises.until("the process has ended", async || process.ended()).await
}

on_both_databases! {
    async fn a_job_that_ends_in_time_is_finished_before_the_process_ends(database: Database) {
        let premises = Premises::found(database).await;
        premises.sandbox.script(vec![Fault::on("uploadbaohanfile", Act::Late(500)).nth(3)]);
        let process = premises.start().await;
        let applyno = premises.applied().await;
        premises.until_unanswered(&applyno, "uploadbaohanfile").await;
        process.signal("TERM");
        assert!(ended(&premises, process).await.success());
        assert!(premises.sandbox.delivery(&applyno).unwrap().exactly_once());
        assert_eq!(premises.jobs_left(&premises.store()).await, []);
    }

    async fn a_job_that_does_not_end_in_time_is_handed_back_and_done_after_a_restart(database: Database) {
        let premises = Premises::found(database).await;
        premises.leave_unanswered("uploadbaohanfile", 3);
        // Only by being handed back can the job be had again before the test's patience ends.
        let short = "[jobs.worker]\ndrain = \"500ms\"\nlease = \"10m\"";
        let process = premises.start_with(short, premises.address()).await;
        let applyno = premises.applied().await;
        premises.until_unanswered(&applyno, "uploadbaohanfile").await;
        let told = Instant::now();
        process.signal("TERM");
        assert!(ended(&premises, process).await.success());
        assert!(told.elapsed().as_secs() < 10, "{:?}", told.elapsed());
        assert_eq!(premises.jobs_left(&premises.store()).await, [(JobState::Ready, "1 upload".to_owned())]);

        premises.sandbox.script(Vec::new());
        let _process = premises.start_with(short, premises.address()).await;
        premises.until_delivered(&applyno, Letter::Ciphertext).await;
        premises.until_idle().await;
        assert!(premises.sandbox.delivery(&applyno).unwrap().exactly_once());
        assert_eq!(premises.slices(&applyno, Letter::Ciphertext)[&2], 1);
    }
}
