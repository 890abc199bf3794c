//! Jobs one by one: leases, fences, schedules, graves.

use std::time::Duration;

use baohan_gateway::domain::identity::PlatformId;
use baohan_gateway::store::jobs::{self, Cause, Fence, JobId, JobState, Listing, NewJob, Revival};
use baohan_gateway::store::{StoreError, events};

use crate::database::{Database, guarantee, in_a_year, instant, job, lane_of, long_ago, on_both_databases};

async fn finish(db: &Database, fence: &Fence) -> Result<(), StoreError> {
    let fence = fence.clone();
    db.store.write(move |c| jobs::finish(c, &fence)).await
}

async fn retry(db: &Database, fence: &Fence, after: Duration) -> Result<(), StoreError> {
    let fence = fence.clone();
    db.store.write(move |c| jobs::retry(c, &fence, after, Cause::Unreachable, "no route")).await
}

async fn bury(db: &Database, fence: &Fence) -> Result<(), StoreError> {
    let fence = fence.clone();
    db.store.write(move |c| jobs::bury(c, &fence, Cause::Rejected, "code 0")).await
}

async fn revive(db: &Database, id: &JobId) -> Revival {
    let id = id.clone();
    db.write(move |c| jobs::revive(c, &id)).await
}

const HOUR: Duration = Duration::from_secs(3600);

on_both_databases! {
    async fn a_job_is_claimed_with_all_that_it_needs_and_only_once(db: Database) {
        let id = db.enqueue(job("hainan", "g1", "notify")).await;
        let claimed = db.claim("w1", 10).await;
        assert_eq!(claimed.len(), 1);
        let one = &claimed[0];
        assert_eq!((one.id.clone(), one.kind.as_str(), one.attempt, one.tries), (id.clone(), "notify", 1, 1));
        assert_eq!(one.payload::<serde_json::Value>().unwrap(), job("", "", "").payload);
        assert_eq!((one.lane.as_str(), one.deadline), ("g1", job("", "", "").deadline));
        assert!(!one.taken_over);
        assert!(db.claim("w2", 10).await.is_empty());
        finish(&db, &one.fence).await.unwrap();
        let record = db.job(&id).await;
        assert_eq!((record.state, record.attempts), (JobState::Done, 1));
        assert!(record.finished_at.is_some());
        assert_eq!(db.attempts(&id).await, ["done"]);
    }

    async fn the_earliest_deadline_goes_first(db: Database) {
        for (lane, deadline) in [("g1", "2030-03-01"), ("g2", "2030-01-01"), ("g3", "2030-02-01")] {
            let deadline = instant(&format!("{deadline}T00:00:00Z"));
            db.enqueue(NewJob { deadline, ..job("hainan", lane, "restore") }).await;
        }
        let first = db.claim("w", 2).await;
        let lanes: Vec<_> = first.iter().map(|it| it.lane.as_str()).collect();
        assert_eq!(lanes, ["g2", "g3"]);
        assert_eq!(db.claim("w", 2).await[0].lane.as_str(), "g1");
    }

    async fn a_job_waits_for_its_time(db: Database) {
        let id = db.enqueue(NewJob { wait: Duration::from_secs(365 * 86_400), ..job("hainan", "g1", "notify") }).await;
        db.enqueue(job("hainan", "g2", "notify")).await;
        let claimed = db.claim("w", 10).await;
        assert_eq!(claimed.len(), 1);
        assert_eq!(claimed[0].lane.as_str(), "g2");
        let hastened = db.write(|c| jobs::hasten(c, &lane_of("g1"), in_a_year())).await;
        assert_eq!(hastened, 1);
        assert_eq!(db.claim("w", 10).await[0].id, id);
    }

    async fn what_stands_before_a_restoration_takes_its_deadline_over(db: Database) {
        let far = instant("2029-01-01T00:00:00Z");
        let ordinary = NewJob { deadline: far, ..job("hainan", "g1", "upload") };
        let running = db.enqueue(ordinary.clone()).await;
        let held = db.claim("w", 1).await.remove(0);
        let waiting = db.enqueue(ordinary.clone()).await;
        let other = db.enqueue(NewJob { lane: lane_of("g2"), ..ordinary.clone() }).await;
        let opening = instant("2027-01-01T00:05:00Z");
        db.write(move |c| jobs::hasten(c, &lane_of("g1"), opening)).await;
        assert_eq!(db.job(&running).await.deadline, opening);
        assert_eq!(db.job(&waiting).await.deadline, opening);
        assert_eq!(db.job(&other).await.deadline, ordinary.deadline);
        // The lease of the one that runs is as it was.
        let fence = held.fence.clone();
        assert_eq!(db.write(move |c| jobs::deadline(c, &fence)).await, opening);
        assert!(db.claim("w2", 10).await.iter().all(|it| it.id == other));
        // A deadline that is nearer already stays.
        db.write(move |c| jobs::hasten(c, &lane_of("g1"), in_a_year())).await;
        assert_eq!(db.job(&waiting).await.deadline, opening);
    }

    async fn platforms_that_are_excluded_are_passed_over(db: Database) {
        for (platform, lane) in [("hainan", "g1"), ("henan", "g2"), ("hunan", "g3"), ("hai", "g4")] {
            db.enqueue(job(platform, lane, "notify")).await;
        }
        let mut left: Vec<_> = db.claim_excluding("w", 10, &["hainan", "hunan"]).await
            .into_iter().map(|it| it.platform.to_string()).collect();
        left.sort();
        assert_eq!(left, ["hai", "henan"]);
    }

    async fn a_lease_that_ran_out_is_taken_over_and_the_first_worker_is_fenced_off(db: Database) {
        let timeline = guarantee("hainan", "A1");
        let id = db.enqueue(job("hainan", "g1", "notify")).await;
        let first = db.claim("w1", 1).await.remove(0);
        db.expire_leases();
        let second = db.claim("w2", 1).await.remove(0);
        assert!(second.taken_over);
        assert_eq!((second.attempt, second.tries), (2, 2));
        let late = first.fence.clone();
        let of = timeline.clone();
        let effect = db.store.write(move |c| {
            events::append(c, &of, &[baohan_gateway::domain::Event::PremiumPaid], long_ago())?;
            jobs::finish(c, &late)
        }).await;
        let lost = Err(StoreError::LeaseLost(id.to_string()));
        assert_eq!(effect, lost);
        assert!(db.read(move |c| events::timeline(c, &timeline.id)).await.is_empty());
        assert_eq!(retry(&db, &first.fence, HOUR).await, lost);
        assert_eq!(bury(&db, &first.fence).await, lost);
        let fence = first.fence.clone();
        assert!(!db.write(move |c| jobs::renew(c, &fence, HOUR)).await);
        finish(&db, &second.fence).await.unwrap();
        assert_eq!(db.attempts(&id).await, ["lease-expired", "done"]);
    }

    async fn a_worker_is_not_mistaken_for_itself_at_an_earlier_attempt(db: Database) {
        db.enqueue(job("hainan", "g1", "notify")).await;
        let first = db.claim("w", 1).await.remove(0);
        db.expire_leases();
        let second = db.claim("w", 1).await.remove(0);
        assert!(finish(&db, &first.fence).await.is_err());
        finish(&db, &second.fence).await.unwrap();
    }

    async fn a_renewed_lease_lasts_longer(db: Database) {
        let id = db.enqueue(job("hainan", "g1", "notify")).await;
        let fence = db.claim("w", 1).await.remove(0).fence;
        let before = db.job(&id).await.due_at;
        assert!(db.write({ let fence = fence.clone(); move |c| jobs::renew(c, &fence, HOUR) }).await);
        let gained = db.job(&id).await.due_at.duration_since(before);
        assert!((3500..=3600).contains(&gained.as_secs()), "{gained:?}");
        finish(&db, &fence).await.unwrap();
        assert!(!db.write(move |c| jobs::renew(c, &fence, HOUR)).await);
    }

    async fn a_retry_waits_and_says_why(db: Database) {
        let id = db.enqueue(job("hainan", "g1", "notify")).await;
        let fence = db.claim("w", 1).await.remove(0).fence;
        retry(&db, &fence, HOUR).await.unwrap();
        assert!(db.claim("w", 1).await.is_empty());
        let record = db.job(&id).await;
        assert_eq!((record.state, record.cause.as_deref()), (JobState::Ready, Some("unreachable")));
        db.execute("UPDATE jobs SET due_at = 1");
        let again = db.claim("w", 1).await.remove(0);
        assert_eq!((again.attempt, again.taken_over), (2, false));
        finish(&db, &again.fence).await.unwrap();
        assert_eq!(db.attempts(&id).await, ["retry", "done"]);
        assert_eq!(db.job(&id).await.cause, None);
    }

    async fn a_job_that_steps_aside_is_tried_again_behind_what_waited_for_it(db: Database) {
        let first = db.enqueue(job("hainan", "g1", "notify")).await;
        let second = db.enqueue(job("hainan", "g1", "make-letter")).await;
        db.enqueue(NewJob { payload: serde_json::json!("other"), ..job("hainan", "g1", "upload") }).await;
        db.enqueue(job("hainan", "g2", "notify")).await;
        let held = db.claim("w1", 1).await.remove(0);
        let fence = held.fence.clone();
        let behind: Vec<serde_json::Value> = db.write(move |c| jobs::waiting_behind(c, &fence)).await;
        assert_eq!(behind, [job("", "", "").payload, serde_json::json!("other")]);
        let aside = async |fence: &Fence| {
            let fence = fence.clone();
            db.store.write(move |c| jobs::step_aside(c, &fence, Duration::ZERO, Cause::Rejected, "code 0")).await
        };
        aside(&held.fence).await.unwrap();
        // Whoever lost the lease moves nothing.
        assert_eq!(aside(&held.fence).await, Err(StoreError::LeaseLost(first.to_string())));
        let mut ran = Vec::new();
        while let Some(one) = db.claim("w1", 10).await.into_iter().find(|it| it.lane == lane_of("g1")) {
            finish(&db, &one.fence).await.unwrap();
            ran.push((one.id, one.tries));
        }
        assert_eq!((ran.len(), &ran[0], &ran[2]), (3, &(second, 1), &(first.clone(), 2)));
        assert_eq!(db.attempts(&first).await, ["stepped-aside", "done"]);
    }

    async fn a_dead_job_is_revived_with_a_fresh_schedule(db: Database) {
        let id = db.enqueue(job("hainan", "g1", "notify")).await;
        for _ in 0..3 {
            let fence = db.claim("w", 1).await.remove(0).fence;
            retry(&db, &fence, Duration::ZERO).await.unwrap();
        }
        bury(&db, &db.claim("w", 1).await.remove(0).fence).await.unwrap();
        let record = db.job(&id).await;
        assert_eq!((record.state, record.detail.as_deref()), (JobState::Dead, Some("code 0")));
        assert!(db.claim("w", 1).await.is_empty());
        assert_eq!(revive(&db, &id).await, Revival::Revived);
        let again = db.claim("w", 1).await.remove(0);
        assert_eq!((again.attempt, again.tries), (5, 1));
        assert_eq!(revive(&db, &id).await, Revival::NotNeeded(JobState::Running));
        finish(&db, &again.fence).await.unwrap();
        assert_eq!(revive(&db, &id).await, Revival::NotNeeded(JobState::Done));
        assert_eq!(revive(&db, &JobId::new("none")).await, Revival::Unknown);
        assert_eq!(db.attempts(&id).await, ["retry", "retry", "retry", "dead", "done"]);
    }

    async fn a_waiting_job_is_tried_at_once_when_revived(db: Database) {
        let id = db.enqueue(job("hainan", "g1", "notify")).await;
        retry(&db, &db.claim("w", 1).await.remove(0).fence, HOUR).await.unwrap();
        assert_eq!(revive(&db, &id).await, Revival::Hastened);
        let again = db.claim("w", 1).await.remove(0);
        assert_eq!((again.attempt, again.tries), (2, 1));
    }

    async fn a_stopping_worker_hands_its_jobs_back_uncounted(db: Database) {
        let mine = db.enqueue(job("hainan", "g1", "notify")).await;
        let theirs = db.enqueue(job("hainan", "g2", "notify")).await;
        let fence = db.claim("w1", 1).await.remove(0).fence;
        db.claim("w2", 1).await;
        assert_eq!(db.write(|c| jobs::release(c, "w1")).await, 1);
        assert!(finish(&db, &fence).await.is_err());
        assert_eq!(db.job(&theirs).await.state, JobState::Running);
        let again = db.claim("w3", 1).await.remove(0);
        assert_eq!((again.id.clone(), again.attempt, again.tries, again.taken_over), (mine.clone(), 2, 1, false));
        assert_eq!(db.attempts(&mine).await, ["released", "running"]);
    }

    async fn a_job_that_cannot_be_read_is_buried_and_holds_up_nobody(db: Database) {
        let broken = db.enqueue(job("hainan", "g1", "notify")).await;
        let other = db.enqueue(job("hainan", "g2", "notify")).await;
        let literal = if db.is_sqlite() { "x'00'" } else { "'\\x00'::bytea" };
        db.execute(&format!("UPDATE jobs SET payload = {literal} WHERE id = '{broken}'"));
        let claimed: Vec<_> = db.claim("w", 10).await.into_iter().map(|it| it.id).collect();
        assert_eq!(claimed, [other]);
        let record = db.job(&broken).await;
        assert_eq!((record.state, record.cause.as_deref()), (JobState::Dead, Some("unreadable")));
    }

    async fn jobs_are_counted_and_listed_by_state(db: Database) {
        for (platform, lane) in [("hainan", "g1"), ("hainan", "g2"), ("henan", "g3"), ("henan", "g4")] {
            db.enqueue(job(platform, lane, "notify")).await;
        }
        let claimed = db.claim("w", 2).await;
        bury(&db, &claimed[0].fence).await.unwrap();
        finish(&db, &claimed[1].fence).await.unwrap();
        let counts: Vec<_> = db.read(jobs::counts).await.into_iter()
            .map(|it| (it.platform.to_string(), it.state, it.count)).collect();
        assert_eq!(counts, [("henan".to_owned(), JobState::Ready, 2), ("hainan".to_owned(), JobState::Dead, 1)]);
        let listing = |platform: Option<&str>, state| Listing {
            state, platform: platform.map(PlatformId::new), lane: None, limit: 10,
        };
        for (listing, count) in [
            (listing(None, JobState::Ready), 2),
            (listing(Some("hainan"), JobState::Ready), 0),
            (listing(Some("hainan"), JobState::Dead), 1),
            (Listing { lane: Some(lane_of("g3")), ..listing(None, JobState::Ready) }, 1),
        ] {
            let wanted = listing.clone();
            assert_eq!(db.read(move |c| jobs::list(c, &wanted)).await.len(), count, "{listing:?}");
        }
    }

    async fn an_attempt_names_the_message_that_it_sent(db: Database) {
        let id = db.enqueue(job("hainan", "g1", "notify")).await;
        let fence = db.claim("w", 1).await.remove(0).fence;
        db.write(move |c| jobs::note_message(c, &fence, "m1")).await;
        let attempts = db.read(move |c| jobs::attempts(c, &id)).await;
        assert_eq!(attempts[0].message.as_deref(), Some("m1"));
    }
}
