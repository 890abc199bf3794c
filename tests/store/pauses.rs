//! Pauses: kept for the record, and obeyed by every replica.

use std::time::Duration;

use baohan_gateway::casework::Task;
use baohan_gateway::domain::identity::PlatformId;
use baohan_gateway::store::StoreOptions;
use baohan_gateway::store::jobs::suspicion::Suspects;
use baohan_gateway::store::jobs::{self, Cause, Claim, Compartment, JobState};
use baohan_gateway::store::pauses::{self, Pause};
use futures_util::future::join_all;
use jiff::Timestamp;

use crate::database::{Database, instant, job, on_both_databases};

const NOON: &str = "2026-11-22T04:00:00Z";

fn pause(platform: &str, since: &str, by: &str) -> Pause {
    let (platform, by) = (PlatformId::new(platform), by.to_owned());
    Pause { platform, since: instant(since), by, reason: "平台维护".to_owned(), resumed: None }
}

async fn begin(db: &Database, pause: &Pause) -> Option<Pause> {
    let pause = pause.clone();
    db.write(move |c| pauses::begin(c, &pause)).await
}

async fn end(db: &Database, platform: &str, at: Timestamp) -> Option<Pause> {
    let platform = PlatformId::new(platform);
    db.write(move |c| pauses::end(c, &platform, "李工", at)).await
}

on_both_databases! {
    async fn a_pause_is_begun_once_and_ended_once_and_stays_on_record(db: Database) {
        let one = pause("hainan", NOON, "王工");
        assert_eq!(begin(&db, &one).await, None);
        assert_eq!(begin(&db, &pause("hainan", "2026-11-22T05:00:00Z", "赵工")).await, Some(one.clone()));
        assert_eq!(db.read(pauses::open).await, std::slice::from_ref(&one));
        let at = instant("2026-11-22T06:00:00Z");
        assert_eq!(end(&db, "hainan", at).await, Some(one.clone()));
        assert_eq!(end(&db, "hainan", at).await, None);
        assert_eq!(db.read(pauses::open).await, []);
        let over = Pause { resumed: Some((at, "李工".to_owned())), ..one.clone() };
        let id = one.platform.clone();
        assert_eq!(db.read(move |c| pauses::latest(c, &id)).await, Some(over));
        // Also where the clock was set back meanwhile.
        assert_eq!(begin(&db, &pause("hainan", NOON, "王工")).await, None);
        let (id, again) = (one.platform.clone(), one.platform.clone());
        let latest = db.read(move |c| pauses::latest(c, &id)).await.unwrap();
        assert_eq!(db.read(move |c| pauses::find(c, &again)).await, Some(latest));
    }

    async fn of_many_who_pause_at_the_same_time_one_does(db: Database) {
        let begun = join_all((0..6).map(|number| {
            let pause = pause("hainan", NOON, &format!("w{number}"));
            let db = &db;
            async move { begin(db, &pause).await }
        })).await;
        assert_eq!(begun.iter().filter(|already| already.is_none()).count(), 1);
        assert_eq!(db.read(pauses::open).await.len(), 1);
    }

    async fn no_replica_calls_a_paused_platform_and_all_else_goes_on(db: Database) {
        let other = db.reopen(&StoreOptions::default());
        for (platform, lane, kind) in [("p", "g1", "notify"), ("p", "g2", "upload"), ("p", "g3", "make-letter"), ("q", "g4", "notify")] {
            db.enqueue(job(platform, lane, kind)).await;
        }
        begin(&db, &pause("p", NOON, "王工")).await;
        let claim = Claim {
            owner: "w2".to_owned(), lease: Duration::from_secs(60), excluded: Vec::new(), only: None,
            calls: Task::CALLS, compartments: vec![Compartment::any(10)], suspects: Suspects::default(),
        };
        let again = claim.clone();
        let claimed = other.write(move |c| jobs::claim(c, &claim)).await.unwrap();
        let mut lanes: Vec<_> = claimed.iter().map(|it| it.lane.as_str()).collect();
        lanes.sort_unstable();
        assert_eq!(lanes, ["g3", "g4"]);
        assert!(db.claim("w1", 10).await.is_empty());
        end(&db, "p", instant(NOON)).await;
        assert_eq!(other.write(move |c| jobs::claim(c, &again)).await.unwrap().len(), 2);
    }

    async fn calls_that_waited_for_another_attempt_are_due_again_and_nothing_else_is(db: Database) {
        let mut ids = Vec::new();
        let failed = [("p", "notify", Cause::Unreachable), ("p", "upload", Cause::Rejected), ("p", "make-letter", Cause::Failed), ("q", "notify", Cause::Unreachable)];
        for (platform, kind, cause) in failed {
            ids.push(db.enqueue(job(platform, &format!("{platform}{kind}"), kind)).await);
            let fence = db.claim("w", 1).await.remove(0).fence;
            db.write(move |c| jobs::retry(c, &fence, Duration::from_secs(3600), cause, "")).await;
        }
        let hasten = async |causes: &'static [Cause]| {
            let platform = PlatformId::new("p");
            db.write(move |c| jobs::hasten_calls(c, Task::CALLS, &platform, causes)).await
        };
        assert_eq!(hasten(&[Cause::Unanswered, Cause::Unreachable]).await, 1);
        assert_eq!(db.claim("w", 10).await[0].id, ids[0]);
        assert_eq!(hasten(&Cause::ALL).await, 1);
        assert_eq!(db.claim("w", 10).await[0].id, ids[1]);
        for id in &ids[2..] {
            assert_eq!(db.job(id).await.state, JobState::Ready);
        }
        assert!(db.claim("w", 10).await.is_empty());
    }
}
