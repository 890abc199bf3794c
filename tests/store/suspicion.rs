//! Jobs whose attempts end again and again without a word.

use std::time::Duration;

use baohan_gateway::casework::Task;
use baohan_gateway::store::jobs::suspicion::Suspects;
use baohan_gateway::store::jobs::{self, Claim, ClaimedJob, Compartment, JobId, JobState};

use crate::database::{Database, job, on_both_databases};

async fn claim(db: &Database, suspects: Suspects) -> Vec<ClaimedJob> {
    let (owner, lease, excluded) = ("w".to_owned(), Duration::from_secs(60), Vec::new());
    let (calls, compartments) = (Task::CALLS, vec![Compartment::any(10)]);
    let claim = Claim { owner, lease, excluded, only: None, calls, compartments, suspects };
    db.write(move |c| jobs::claim(c, &claim)).await
}

fn end_pauses(db: &Database) {
    db.execute("UPDATE jobs SET due_at = 1");
}

/// Has a worker fall silent over everything that is due, so many times.
async fn fall_silent(db: &Database, times: u32) {
    for _ in 0..times {
        assert!(!db.claim("silent", 10).await.is_empty());
        end_pauses(db);
    }
}

async fn seconds_to_wait(db: &Database, id: &JobId) -> i64 {
    let now = db.read(jobs::set_back::clock).await;
    db.job(id).await.due_at.duration_since(now).as_secs()
}

on_both_databases! {
    async fn a_suspected_job_waits_longer_each_time_and_then_runs(db: Database) {
        let id = db.enqueue(job("hainan", "g1", "notify")).await;
        fall_silent(&db, 3).await;
        for (pause, silent) in [(8, 3), (16, 4), (32, 5), (60, 6), (60, 7)] {
            assert!(claim(&db, Suspects::default()).await.is_empty());
            let record = db.job(&id).await;
            assert_eq!((record.state, record.cause.as_deref()), (JobState::Ready, Some("poisoned")));
            assert!((pause - 5..=pause).contains(&seconds_to_wait(&db, &id).await));
            end_pauses(&db);
            let job = claim(&db, Suspects::default()).await.remove(0);
            assert_eq!((job.silent_ends, job.attempt), (silent, i64::from(silent) + 1));
            end_pauses(&db);
        }
    }

    async fn one_suspected_job_is_handed_out_and_others_are_not_held_up(db: Database) {
        for lane in ["g1", "g2", "g3"] {
            db.enqueue(job("hainan", lane, "notify")).await;
        }
        fall_silent(&db, 3).await;
        assert!(claim(&db, Suspects::default()).await.is_empty());
        end_pauses(&db);
        let harmless = db.enqueue(job("hainan", "g4", "notify")).await;
        let claimed = claim(&db, Suspects::default()).await;
        let suspected: Vec<_> = claimed.iter().filter(|job| job.silent_ends > 0).collect();
        assert_eq!((claimed.len(), suspected.len()), (2, 1));
        assert!(claimed.iter().any(|job| job.id == harmless));
        end_pauses(&db);
        // The one that was handed out has fallen silent and pauses; of the others none is wanted here.
        let none = Suspects { admitted: false, ..Suspects::default() };
        let claimed: Vec<_> = claim(&db, none).await.into_iter().map(|job| job.id).collect();
        assert_eq!(claimed, [harmless]);
    }

    async fn waiting_for_its_turn_is_no_attempt(db: Database) {
        let id = db.enqueue(job("hainan", "g1", "notify")).await;
        fall_silent(&db, 3).await;
        let none = Suspects { admitted: false, ..Suspects::default() };
        for _ in 0..4 {
            assert!(claim(&db, none.clone()).await.is_empty());
            end_pauses(&db);
        }
        let job = claim(&db, Suspects::default()).await.remove(0);
        assert_eq!((job.id, job.silent_ends, job.attempt, job.tries), (id, 3, 4, 4));
    }

    async fn a_word_from_its_worker_clears_a_job(db: Database) {
        let id = db.enqueue(job("hainan", "g1", "notify")).await;
        fall_silent(&db, 3).await;
        claim(&db, Suspects::default()).await;
        end_pauses(&db);
        // Handed back by a worker that stopped: that says nothing either way.
        claim(&db, Suspects::default()).await;
        db.write(|c| jobs::release(c, "w")).await;
        let job = claim(&db, Suspects::default()).await.remove(0);
        assert_eq!(job.silent_ends, 3);
        let fence = job.fence.clone();
        db.write(move |c| jobs::retry(c, &fence, Duration::ZERO, jobs::Cause::Unreachable, "no route")).await;
        assert_eq!(claim(&db, Suspects::default()).await.remove(0).silent_ends, 0);
        assert_eq!(db.job(&id).await.state, JobState::Running);
    }

    async fn after_the_last_silent_end_it_is_handed_out_to_be_given_up(db: Database) {
        db.enqueue(job("hainan", "g1", "notify")).await;
        fall_silent(&db, 3).await;
        let few = Suspects { admitted: false, given_up_after: 3 };
        assert_eq!(claim(&db, few).await.remove(0).silent_ends, 3);
    }
}
