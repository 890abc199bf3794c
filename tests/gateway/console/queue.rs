//! Operators and the queue: what was given up is seen, tried out, tried again or discarded; platforms are paused.

use baohan_gateway::access::Role;
use baohan_gateway::sandbox::hainan::{Act, Fault};
use baohan_gateway::store::jobs::{self, JobState, Record};
use reqwest::StatusCode;

use super::CONSOLE;
use super::visitor::{Page, Visitor};
use crate::faults::{QUICK, applied, jobs_in, until_stored};
use crate::house::{Database, House, on_both_databases};

/// A gateway whose schedule soon ends, before a platform that answers nothing well.
async fn house_in_an_outage(database: Database, console: &str) -> House {
    let brief =
        QUICK.replace("repeat_last = 100", "repeat_last = 1") + "[jobs.breaker]\ncalls = 0\n" + console;
    let house = House::open_with(database, &brief).await;
    house.sandbox.script(vec![Fault { interface: None, ..Fault::on("", Act::Status(503)).always() }]);
    house
}

/// The jobs that are given up in the end, the notice and the upload of one application.
async fn dead(house: &House, count: usize) -> Vec<Record> {
    let given_up = async || Some(jobs_in(house, JobState::Dead).await).filter(|dead| dead.len() == count);
    until_stored("jobs are given up", given_up).await
}

async fn follow(visitor: &Visitor, page: Page) -> Page {
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    visitor.get(page.location()).await
}

on_both_databases! {
    async fn what_was_given_up_is_shown_with_its_cause_and_tried_again(database: Database) {
        let house = house_in_an_outage(database, CONSOLE).await;
        let applyno = applied(&house.sandbox).await;
        let dead = dead(&house, 2).await;
        let operator = house.visitor("李工", &[Role::Operations]).await;

        let list = operator.get("/queue?view=dead&cause=exhausted").await;
        for job in &dead {
            assert!(list.text.contains(&format!("/queue/jobs/{}", job.id)), "{}", list.text);
        }
        assert!(list.text.contains("重试次数用尽") && list.text.contains("503"), "{}", list.text);
        let none = operator.get("/queue?view=dead&cause=rejected").await;
        assert!(!none.text.contains("/queue/jobs/"), "{}", none.text);

        house.sandbox.script(Vec::new());
        for job in &dead {
            let page = operator.post(&format!("/queue/jobs/{}/retry", job.id), &[]).await;
            assert!(follow(&operator, page).await.text.contains(job.id.as_str()));
        }
        house.until(|platform| platform.delivery(&applyno).is_some_and(|it| it.ciphertext.is_some())).await;
    }

    async fn a_batch_is_tried_out_before_it_is_done_and_tells_what_became_of_each(database: Database) {
        let house = house_in_an_outage(database, CONSOLE).await;
        applied(&house.sandbox).await;
        let dead = dead(&house, 2).await;
        let operator = house.visitor("李工", &[Role::Operations]).await;
        let all = ("all", "/queue?view=dead");

        let trial = operator.post("/queue/trial", &[("action", "retry"), all]).await;
        assert!(trial.text.matches("重新开始").count() == 2, "{}", trial.text);
        assert_eq!(jobs_in(&house, JobState::Dead).await, dead, "a trial changes nothing");

        house.sandbox.script(Vec::new());
        let one = ("job", dead[0].id.as_str());
        let other = ("job", dead[1].id.as_str());
        let done = operator.post("/queue/batches", &[("action", "retry"), ("reason", "平台已恢复"), one, other]).await;
        let batch = follow(&operator, done).await;
        assert!(batch.text.contains("平台已恢复") && batch.text.contains("李工"), "{}", batch.text);
        assert_eq!(batch.text.matches("重新开始").count(), 2, "{}", batch.text);
        house.at_rest().await;
        assert!(jobs_in(&house, JobState::Dead).await.is_empty());

        // What is done by now is left alone, and the record says so.
        let again = operator.post("/queue/batches", &[("action", "retry"), ("reason", "再次"), one]).await;
        assert!(follow(&operator, again).await.text.contains("保持不变"));
    }

    async fn a_job_is_discarded_with_a_reason_and_only_with_one(database: Database) {
        let house = house_in_an_outage(database, CONSOLE).await;
        applied(&house.sandbox).await;
        let dead = dead(&house, 2).await;
        let operator = house.visitor("李工", &[Role::Operations]).await;
        let job = ("job", dead[0].id.as_str());

        let refused = operator.post("/queue/batches", &[("action", "discard"), ("reason", " "), job]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let done = operator.post("/queue/batches", &[("action", "discard"), ("reason", "平台确认无需发送"), job]).await;
        follow(&operator, done).await;
        assert_eq!(jobs_in(&house, JobState::Dead).await, dead[1..]);
        let id = dead[0].id.clone();
        let after = house.gateway.assembly.store.read(move |c| jobs::find(c, &id)).await.unwrap().unwrap();
        assert_eq!((after.state, after.cause.as_deref()), (JobState::Done, Some(jobs::DISCARDED)));
        let page = operator.get(&format!("/queue/jobs/{}", dead[0].id)).await;
        assert!(page.text.contains("人工跳过") && page.text.contains("平台确认无需发送"), "{}", page.text);
    }

    async fn more_jobs_than_one_may_decide_on_need_two(database: Database) {
        let console = format!("{CONSOLE}batch_above = 1\n");
        let house = house_in_an_outage(database, &console).await;
        applied(&house.sandbox).await;
        let dead = dead(&house, 2).await;
        let operator = house.visitor("李工", &[Role::Operations]).await;
        let jobs: Vec<_> = dead.iter().map(|job| ("job", job.id.as_str())).collect();
        let fields = [&[("action", "retry"), ("reason", "恢复")], jobs.as_slice()].concat();

        let trial = operator.post("/queue/trial", &fields).await;
        assert!(trial.text.contains("/proposals/jobs"), "{}", trial.text);
        let refused = operator.post("/queue/batches", &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
        assert_eq!(jobs_in(&house, JobState::Dead).await, dead);
    }

    async fn a_list_of_jobs_is_taken_away_as_a_file(database: Database) {
        let house = house_in_an_outage(database, CONSOLE).await;
        applied(&house.sandbox).await;
        let dead = dead(&house, 2).await;
        let operator = house.visitor("李工", &[Role::Operations]).await;
        let file = operator.get("/queue/export?view=dead&format=csv").await;
        assert_eq!(file.status, StatusCode::OK, "{}", file.text);
        assert!(dead.iter().all(|job| file.text.contains(job.id.as_str())), "{}", file.text);
        assert_eq!(operator.get("/queue/export?view=dead&format=xlsx").await.status, StatusCode::OK);
    }

    async fn a_paused_platform_is_sent_nothing_until_it_is_resumed(database: Database) {
        let house = House::open_with(database, &format!("{QUICK}{CONSOLE}")).await;
        let operator = house.visitor("李工", &[Role::Operations]).await;
        assert!(operator.get("/platforms").await.text.contains("正常"));
        let unexplained = operator.post("/platforms/hainan/pause", &[("reason", "")]).await;
        assert_eq!(unexplained.status, StatusCode::UNPROCESSABLE_ENTITY);
        let paused = operator.post("/platforms/hainan/pause", &[("reason", "平台升级")]).await;
        let page = follow(&operator, paused).await;
        assert!(page.text.contains("已暂停发送") && page.text.contains("平台升级"), "{}", page.text);

        let applyno = applied(&house.sandbox).await;
        let waits = async || jobs_in(&house, JobState::Ready).await.into_iter().find(|job| job.kind == "notify");
        until_stored("the notice waits", waits).await;
        assert!(house.sandbox.delivery(&applyno).is_none_or(|it| it.notices.is_empty()));

        let resumed = operator.post("/platforms/hainan/resume", &[]).await;
        follow(&operator, resumed).await;
        house.until(|platform| platform.delivery(&applyno).is_some_and(|it| it.ciphertext.is_some())).await;
    }

    async fn a_connection_is_tested_without_telling_the_platform_anything(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        let operator = house.visitor("李工", &[Role::Operations]).await;
        let before = house.sandbox.journal().all().len();
        let page = operator.post("/platforms/hainan/trial", &[]).await;
        assert!(page.text.contains("已连通"), "{}", page.text);
        assert_eq!(house.sandbox.journal().all().iter().filter(|it| it.effect.is_some()).count(), 0);
        assert!(house.sandbox.journal().all().len() <= before + 1);
        assert_eq!(operator.post("/platforms/nowhere/trial", &[]).await.status, StatusCode::NOT_FOUND);
    }
}
