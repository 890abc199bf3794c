//! The first page: its figures are the database's.

use baohan_gateway::access::Role;

use super::{CONSOLE, noon};
use crate::house::{House, on_both_databases};

/// The figure above a label.
fn figure(page: &str, label: &str) -> String {
    let found = page.split("<div class=\"figure").find(|part| part.contains(label));
    let (_, rest) = found.unwrap_or_else(|| panic!("no `{label}` in\n{page}")).split_once("<b>").unwrap();
    rest.split("</b>").next().unwrap().to_owned()
}

/// What needs somebody. Alarms are raised by a watch of their own, in its own time, and left out.
fn todo(page: &str) -> Vec<&str> {
    page.split("<li class=\"notice notice-")
        .skip(1)
        .filter(|it| !it.starts_with("good") && !it.contains("条告警"))
        .collect()
}

on_both_databases! {
    async fn the_figures_are_those_of_the_database_and_what_needs_somebody_is_on_top(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        noon(&house);
        let visitor = house.visitor("李工", &[Role::Operations]).await;
        let quiet = visitor.get("/").await.text;
        assert!(todo(&quiet).is_empty() && quiet.contains("今天还没有开标"), "{quiet}");
        let (restored, sealed) = (house.restored().await, house.issued().await);
        house.at_rest().await;
        let page = visitor.get("/overview/live").await.text;
        let shown = ["今日收到密钥", "今日已还原", "今日明文保函已送达", "未完成任务", "已放弃任务", "对账差异"];
        assert_eq!(shown.map(|label| figure(&page, label)), ["1", "1", "1", "0", "0", "0"]);
        let count = |sql: &str| house.ledger().lines(&format!("SELECT CAST(count(*) AS TEXT) AS line FROM {sql}")).remove(0);
        assert_eq!(count("guarantees WHERE handed_over_at IS NOT NULL"), "1");
        assert_eq!(count("events WHERE kind = 'key-received'"), "1");
        assert!(page.contains("1 份保函等待开标"), "{page}");

        let id = house.stored(&sealed).await.unwrap().id;
        house.ledger().execute(&format!("UPDATE jobs SET state = 'dead', cause = 'rejected' WHERE lane = '{id}' AND kind = 'upload'"));
        let overdue = house.stored(&restored).await.unwrap().id;
        house.ledger().execute(&format!("UPDATE guarantees SET deadline = key_at, handed_over_at = NULL WHERE id = '{overdue}'"));
        house.ledger().execute("INSERT INTO pauses (platform, since, paused_by, reason) VALUES ('hainan', 1, '李工', '平台维护')");
        let page = visitor.get("/").await.text;
        assert_eq!(["今日明文保函已送达", "已放弃任务"].map(|label| figure(&page, label)), ["0", "1"]);
        let todo = todo(&page);
        let expected = [
            ("bad", "1 份明文保函已超过时限", "/openings"),
            ("bad", "1 个任务已放弃", "/queue?view=dead"),
            ("warn", "已暂停向平台发送", "/platforms/hainan"),
        ];
        assert_eq!(todo.len(), expected.len(), "{todo:?}");
        for (item, (look, text, address)) in todo.iter().zip(expected) {
            let link = format!("<a href=\"{address}\">");
            assert!(item.starts_with(look) && item.contains(text) && item.contains(&link), "{item}");
        }
    }
}
