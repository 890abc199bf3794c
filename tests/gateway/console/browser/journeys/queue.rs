//! A job that was given up is found, and tried again.

use baohan_gateway::access::Role;
use baohan_gateway::sandbox::hainan::{Act, Fault};
use baohan_gateway::store::jobs::JobState;

use crate::console::CONSOLE;
use crate::console::browser::Browser;
use crate::faults::{QUICK, applied, jobs_in, until_stored};
use crate::ground::Database;
use crate::house::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_finds_a_dead_job_and_has_it_tried_again() {
    let brief =
        QUICK.replace("repeat_last = 100", "repeat_last = 1") + "[jobs.breaker]\ncalls = 0\n" + CONSOLE;
    let house = House::open_with(Database::Sqlite, &brief).await;
    house.sandbox.script(vec![Fault { interface: None, ..Fault::on("", Act::Status(503)).always() }]);
    let applyno = applied(&house.sandbox).await;
    let dead = async || Some(jobs_in(&house, JobState::Dead).await).filter(|dead| dead.len() == 2);
    until_stored("jobs are given up", dead).await;

    let browser = Browser::of(&house.visitor("李工", &[Role::Operations]).await).await;
    browser.go("/platforms").await;
    browser.examine("platforms").await;
    browser.click(".table a[href^='/queue?view=dead']").await;
    browser.reads("重试次数用尽").await;
    browser.examine("queue-dead").await;

    house.sandbox.script(Vec::new());
    browser.click("input[name=all]").await;
    browser.click("button[value=retry]").await;
    browser.reads("试算结果（尚未执行）").await;
    browser.examine("queue-trial").await;
    browser.write("#reason", "平台已恢复").await;
    browser.click("form[action='/queue/batches'] button").await;
    browser.reads("各任务结果").await;
    browser.examine("queue-batch").await;
    house.until(|platform| platform.delivery(&applyno).is_some_and(|it| it.ciphertext.is_some())).await;

    // The figures refresh themselves.
    browser.go("/queue").await;
    browser.reads("无积压").await;
    browser.close().await;
}
