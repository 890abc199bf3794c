//! Operators and alarms: what is open stands on the page, one takes it on, and what is over is found by the filter.

use baohan_gateway::access::Role;
use baohan_gateway::store::alarms::{self, About, Severity};
use reqwest::StatusCode;

use super::CONSOLE;
use crate::house::{House, on_both_databases};

/// Nothing is looked at but what the test writes down.
const QUIET: &str = "[alarms]\nevery = \"1h\"\ncalm = \"2h\"\n";

/// Raises an alarm; yields its id.
async fn raise(house: &House, rule: &str, severity: Severity) -> String {
    let about = About { rule: rule.to_owned(), subject: "hainan".to_owned(), replica: String::new() };
    let now = house.gateway.assembly.clock.now();
    let raised = house.gateway.assembly.store.write(move |c| alarms::raise(c, &about, severity, 372, now));
    raised.await.unwrap().unwrap()
}

on_both_databases! {
    async fn an_alarm_is_taken_on_by_who_may_operate_and_found_when_it_is_over(database: Database) {
        let house = House::open_with(database, &format!("{QUIET}{CONSOLE}")).await;
        let late = raise(&house, "restore-lag", Severity::Page).await;
        let dead = raise(&house, "dead-job", Severity::Warning).await;
        let operator = house.visitor("李工", &[Role::Operations]).await;
        let auditor = house.visitor("审计员", &[Role::Auditor]).await;

        let page = operator.get("/alarms").await;
        assert!(page.text.contains("开标还原超时未送达") && page.text.contains("6 分 12 秒"), "{}", page.text);
        assert!(page.text.contains(&format!("/alarms/{late}/acknowledge")), "{}", page.text);
        let place = format!("/alarms/{late}/acknowledge");
        assert_eq!(auditor.post(&place, &[]).await.status, StatusCode::FORBIDDEN);
        assert_eq!(operator.post(&place, &[]).await.location(), "/alarms");
        assert_eq!(operator.post(&place, &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(operator.post("/alarms/none/acknowledge", &[]).await.status, StatusCode::NOT_FOUND);
        let page = operator.get("/alarms").await;
        assert!(page.text.contains("李工") && !page.text.contains(&place), "{}", page.text);
        let trail = house.ledger().lines("SELECT action || ' ' || subject_id AS line FROM audit_entries WHERE action = 'alarm.acknowledge'");
        assert_eq!(trail, [format!("alarm.acknowledge {late}")]);

        let now = house.gateway.assembly.clock.now();
        let over = house.gateway.assembly.store.write(move |c| {
            Ok((alarms::recover(c, &late, now, now)?, alarms::recover(c, &dead, now, now)?))
        });
        assert_eq!(over.await.unwrap(), (true, true));
        let page = operator.get("/alarms?rule=dead-job&subject=hainan").await;
        let (_, past) = page.text.split_once("<h2>已恢复").unwrap();
        assert!(past.contains(">dead-job</small>") && !past.contains(">restore-lag</small>"), "{past}");
        assert!(page.text.contains("没有未恢复的告警"), "{}", page.text);
    }
}
