//! `baohan migrate` and `baohan replay`.

use baohan_gateway::cli::{migrate, replay};
use baohan_gateway::store::jobs::{self, Cause, JobId, JobState};
use clap::{Args, Command};

use crate::database::{Database, job, on_both_databases};
use crate::migrations::migrations;

fn parse<A: Args>(arguments: &[&str]) -> Result<A, clap::Error> {
    let matches = A::augment_args(Command::new("test")).try_get_matches_from(arguments)?;
    A::from_arg_matches(&matches)
}

async fn replay(db: &Database, arguments: &[&str]) -> anyhow::Result<String> {
    let mut out = Vec::new();
    replay::run(parse(arguments)?, &db.store, baohan_gateway::clock::Clock::system().now(), &mut out).await?;
    Ok(String::from_utf8(out)?)
}

async fn dead_job(db: &Database, platform: &str) -> JobId {
    let id = db.enqueue(job(platform, platform, "notify")).await;
    let fence = db.claim("w", 1).await.remove(0).fence;
    db.write(move |c| jobs::bury(c, &fence, Cause::Rejected, "code 0")).await;
    id
}

#[tokio::test]
async fn a_check_fails_until_the_database_is_migrated() {
    let db = Database::empty_sqlite();
    let mut out = Vec::new();
    let lacking = migrate::run(parse(&["x", "--check"]).unwrap(), &db.store, &mut out).await;
    assert!(lacking.unwrap_err().to_string().contains("2026-11-22-000000_initial"));
    migrate::run(parse(&["x"]).unwrap(), &db.store, &mut out).await.unwrap();
    migrate::run(parse(&["x", "--check"]).unwrap(), &db.store, &mut out).await.unwrap();
    let version = |name: &str| name.split('_').next().unwrap().replace('-', "");
    let migrated: String = migrations().iter().map(|name| format!("migrated: {}\n", version(name))).collect();
    assert_eq!(String::from_utf8(out).unwrap(), format!("{migrated}the database is up to date\n"));
}

#[test]
fn a_replay_has_to_be_told_which_jobs() {
    for arguments in [&["x"][..], &["x", "--job", "1", "--dead"], &["x", "--job", "1", "--platform", "p"]] {
        assert!(parse::<replay::ReplayArgs>(arguments).is_err(), "{arguments:?}");
    }
}

on_both_databases! {
    async fn dead_jobs_are_revived_by_platform(db: Database) {
        let hainan = dead_job(&db, "hainan").await;
        let henan = dead_job(&db, "henan").await;
        let shown = replay(&db, &["x", "--dead", "--dry-run"]).await.unwrap();
        assert!(shown.contains(hainan.as_str()) && shown.contains("rejected: code 0"), "{shown}");
        assert!(shown.ends_with("2 of 2 jobs would be tried again\n"), "{shown}");
        assert_eq!(db.job(&hainan).await.state, JobState::Dead);
        let shown = replay(&db, &["x", "--dead", "--platform", "hainan"]).await.unwrap();
        assert!(shown.ends_with("1 of 1 jobs will be tried again\n"), "{shown}");
        assert_eq!(db.job(&hainan).await.state, JobState::Ready);
        assert_eq!(db.job(&henan).await.state, JobState::Dead);
    }

    async fn a_named_job_is_revived_and_a_finished_one_left_alone(db: Database) {
        let dead = dead_job(&db, "hainan").await;
        let done = db.enqueue(job("hainan", "g", "notify")).await;
        let fence = db.claim("w", 1).await.remove(0).fence;
        db.write(move |c| jobs::finish(c, &fence)).await;
        let shown = replay(&db, &["x", "--job", dead.as_str(), "--job", done.as_str()]).await.unwrap();
        assert!(shown.contains("-> revived") && shown.contains("left alone"), "{shown}");
        assert!(shown.ends_with("1 of 2 jobs will be tried again\n"), "{shown}");
        assert_eq!(db.job(&done).await.state, JobState::Done);
        let unknown = replay(&db, &["x", "--job", "none"]).await;
        assert!(unknown.unwrap_err().to_string().contains("`none`"));
    }
}
