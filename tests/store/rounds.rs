//! Work that comes back by the clock: sown once, gone on with once, whoever works and whoever dies.

use std::time::Duration;

use baohan_gateway::casework::{Platform, Platforms};
use baohan_gateway::dialect::{Profile, Registry};
use baohan_gateway::domain::Stage;
use baohan_gateway::domain::guarantee::Letter;
use baohan_gateway::domain::identity::{DocumentDigest, PlatformId};
use baohan_gateway::institution::rules::Rules;
use baohan_gateway::jobs::RoundOptions;
use baohan_gateway::jobs::rounds::{Sowing, sow};
use baohan_gateway::store::guarantees::{self, Ended};
use baohan_gateway::store::jobs::{self, Cause, ClaimedJob, Lane, NewJob, Revival};
use baohan_gateway::store::{Store, StoreError, StoreOptions};
use futures_util::future::join_all;

use crate::database::{Database, guarantee, in_a_year, job, long_ago, on_both_databases, terms};

/// One platform of a dialect, under an id of its own.
pub fn platform(id: &str, dialect: &str) -> Platform {
    let wire = format!(
        "dialect = {dialect:?}\ntitle = '某省'\nappkey = 'k'\nappsecret = 's'\n\
         base_url = 'https://platform.example/rest/'"
    );
    let underwriting = "rate = '0.004'\nminimum_premium = '200.00'\nsmallest_amount = '1000.00'\n\
                        largest_amount = '800000.00'";
    let registry = Registry::built_in().unwrap();
    let table = registry.table(dialect).unwrap();
    let profile = Profile::new(PlatformId::new(id), table, &toml::from_str(&wire).unwrap()).unwrap();
    Platform::under_rules(profile, Rules::new(toml::from_str(underwriting).unwrap(), "示例").unwrap())
}

fn platforms() -> Platforms {
    Platforms::new([platform("one", "hainan-2024"), platform("two", "ggzy")])
}

async fn sown(store: &Store, sowing: Sowing) -> usize {
    let (platforms, options, at) = (platforms(), RoundOptions::default(), long_ago());
    store.write(move |c| sow(c, &platforms, &options, sowing, at)).await.unwrap()
}

fn unfinished(db: &Database) -> Vec<String> {
    db.lines("SELECT lane AS line FROM jobs WHERE state IN ('ready', 'running') ORDER BY lane")
}

const ROUNDS: [&str; 3] = ["round/one/expiry", "round/two/abnormal-sections", "round/two/expiry"];

/// Ends a turn as a worker does, and enqueues the next one; yields whether it did.
async fn turn(db: &Database, done: &ClaimedJob) -> Result<bool, StoreError> {
    let (fence, next) = (done.fence.clone(), next(done));
    db.store
        .write(move |c| {
            jobs::finish(c, &fence)?;
            Ok(jobs::enqueue_alone(c, &next)?.is_some())
        })
        .await
}

fn next(of: &ClaimedJob) -> NewJob {
    NewJob { lane: of.lane.clone(), ..job(of.platform.as_str(), "", "round") }
}

on_both_databases! {
    async fn gateways_that_start_together_sow_each_round_once(db: Database) {
        let stores: Vec<Store> = (0..8).map(|_| db.reopen(&StoreOptions::default())).collect();
        let counts = join_all(stores.iter().map(|store| sown(store, Sowing::AtOnce))).await;
        assert_eq!(counts.iter().sum::<usize>(), 3, "{counts:?}");
        assert_eq!(unfinished(&db), ROUNDS);
        // Neither does a gateway that starts later, or while they run.
        assert_eq!(sown(&db.store, Sowing::AtOnce).await, 0);
        assert_eq!(db.claim("w", 10).await.len(), 3);
        assert_eq!(sown(&db.store, Sowing::AtOnce).await, 0);
        assert_eq!(unfinished(&db), ROUNDS);
    }

    async fn two_workers_never_have_the_same_round(db: Database) {
        sown(&db.store, Sowing::AtOnce).await;
        for _ in 0..5 {
            let (one, other) = tokio::join!(db.claim("w1", 10), db.claim("w2", 10));
            let mut lanes: Vec<String> = one.iter().chain(&other).map(|job| job.lane.to_string()).collect();
            lanes.sort();
            assert_eq!(lanes, ROUNDS);
            for job in one.iter().chain(&other) {
                assert!(turn(&db, job).await.unwrap());
            }
        }
        assert_eq!(unfinished(&db), ROUNDS);
    }

    async fn a_worker_that_dies_between_work_and_commit_leaves_one_round(db: Database) {
        sown(&db.store, Sowing::AtOnce).await;
        let lost = db.claim("w1", 10).await;
        db.expire_leases();
        let taken_over = db.claim("w2", 10).await;
        assert!(taken_over.iter().all(|job| job.taken_over));
        for job in &lost {
            assert_eq!(turn(&db, job).await, Err(StoreError::LeaseLost(job.id.to_string())));
        }
        for job in &taken_over {
            assert!(turn(&db, job).await.unwrap());
        }
        assert_eq!(unfinished(&db), ROUNDS);
    }

    async fn a_round_that_was_given_up_is_sown_anew_and_if_revived_does_not_go_on_twice(db: Database) {
        sown(&db.store, Sowing::AtOnce).await;
        let dead = db.claim("w", 10).await.into_iter().find(|job| job.lane.as_str() == ROUNDS[0]).unwrap();
        let fence = dead.fence.clone();
        db.write(move |c| jobs::bury(c, &fence, Cause::Exhausted, "gone")).await;
        assert_eq!(sown(&db.store, Sowing::InTime).await, 1);
        // Not before its usual time, or whatever killed it would kill it again at once.
        assert!(db.claim("w", 10).await.is_empty());
        let waiting = "SELECT id AS line FROM jobs WHERE state = 'ready'";
        let sown = jobs::JobId::new(db.lines(waiting).remove(0));
        let id = dead.id.clone();
        assert_eq!(db.write(move |c| jobs::revive(c, &id)).await, Revival::Revived);
        assert_eq!(db.write(move |c| jobs::revive(c, &sown)).await, Revival::Hastened);
        let first = db.claim("w", 10).await.remove(0);
        assert!(!turn(&db, &first).await.unwrap(), "the other one goes on");
        let second = db.claim("w", 10).await.remove(0);
        assert!(turn(&db, &second).await.unwrap());
        assert_eq!(unfinished(&db), ROUNDS);
    }

    async fn a_platform_s_ended_guarantees_come_page_by_page_in_order(db: Database) {
        let mut ended: Vec<Ended> = Vec::new();
        // Two end in the same second, one lasts, and one is another platform's.
        for (platform, number, latest) in [
            ("one", "1", "2001-03-01"), ("one", "2", "2001-02-01"), ("one", "3", "2001-02-01"),
            ("one", "4", "2001-04-01"), ("two", "5", "2001-02-01"),
        ] {
            let mut guarantee = guarantee(platform, number);
            let mut terms = terms(number);
            terms.validity.latest = latest.parse().unwrap();
            guarantee.stage = Stage::Issued;
            guarantee.terms = Some(terms);
            guarantee.issued_letter = Some(Letter {
                document: DocumentDigest::new("d"),
                sealed_at: long_ago(),
                delivered_at: None,
            });
            let at = guarantee.terms.as_ref().unwrap().validity.bounds(long_ago()).1;
            if platform == "one" && number != "4" {
                ended.push(Ended { at, id: guarantee.id.clone() });
            }
            db.write(move |c| guarantees::insert(c, &guarantee, long_ago())).await;
        }
        ended.sort();
        let (one, at) = (PlatformId::new("one"), "2001-03-15T00:00:00Z".parse().unwrap());
        let mut found: Vec<Ended> = Vec::new();
        loop {
            let (one, passed) = (one.clone(), found.last().cloned());
            let page = db.read(move |c| guarantees::ended_before(c, &one, at, passed.as_ref(), 2)).await;
            if page.is_empty() {
                break;
            }
            found.extend(page);
        }
        assert_eq!(found, ended);
    }

    async fn a_job_is_due_after_its_wait_by_the_database_s_clock(db: Database) {
        let waiting = NewJob { wait: Duration::from_secs(3600), ..job("one", "g", "round") };
        let id = db.enqueue(waiting).await;
        let record = db.job(&id).await;
        let wait = record.due_at.duration_since(record.created_at).as_secs();
        assert!((3599..=3600).contains(&wait), "{wait}");
        assert!(record.due_at < in_a_year() && db.claim("w", 1).await.is_empty());
        assert_eq!(record.lane, Lane::of_guarantee(&record.lane.guarantee().unwrap()));
    }
}
