//! Commands on a database that a demonstration has left: `migrate`, `decide`, `replay`.

use crate::demonstration::{House, report};

#[test]
fn a_missing_database_is_reported_made_and_then_up_to_date() {
    let house = House::new();
    for name in ["baohan.db", "baohan.db-wal", "baohan.db-shm"] {
        // The last two are there only while somebody is connected.
        drop(std::fs::remove_file(house.path(name)));
    }
    let lacking = house.run(&["migrate", "--check"]);
    assert_eq!(lacking.code, 2);
    assert!(
        lacking.complaint.contains("lacks") && lacking.complaint.contains("baohan migrate"),
        "{lacking:?}"
    );
    let said = house.run(&["migrate"]).succeeded();
    assert!(said.contains("migrated: "), "{said}");
    assert_eq!(house.run(&["migrate"]).succeeded(), "the database was up to date\n");
    assert_eq!(house.run(&["migrate", "--check"]).succeeded(), "the database is up to date\n");
}

#[test]
fn a_guarantee_is_shown_and_a_decision_that_comes_too_late_is_refused() {
    let house = House::new();
    let report = report();
    let guarantee = &report["guarantees"][0];
    let application = guarantee["application"].as_str().unwrap();
    let decide =
        |decision: &[&str]| house.run(&[&["decide", "--platform", "hainan", application], decision].concat());
    let shown = decide(&["show"]).succeeded();
    assert!(
        shown.contains(application) && shown.contains(guarantee["guarantee"].as_str().unwrap()),
        "{shown}"
    );
    assert!(shown.contains("明文保函已出具") && shown.contains("保费"), "{shown}");

    let late = decide(&["approve"]);
    assert!(late.code == 1 && late.out.starts_with("未执行：该申请已审批"), "{late:?}");
    let incomplete = decide(&["decline"]);
    assert!(incomplete.code == 2 && incomplete.complaint.contains("--reason"), "{incomplete:?}");
}

#[test]
fn what_a_decision_names_and_is_not_there_is_said() {
    let house = House::new();
    let unknown = house.run(&["decide", "--platform", "hainan", "TB0", "show"]);
    assert!(unknown.code == 2 && unknown.complaint.contains("no application `TB0`"), "{unknown:?}");
    let elsewhere = house.run(&["decide", "--platform", "hinan", "TB0", "show"]);
    assert!(elsewhere.code == 2, "{elsewhere:?}");
    assert!(
        elsewhere.complaint.contains("--platform: expected one of hainan, found `hinan`"),
        "{elsewhere:?}"
    );
}

#[test]
fn after_a_sound_demonstration_nothing_is_dead() {
    let house = House::new();
    let said = house.run(&["replay", "--dead", "--dry-run"]).succeeded();
    assert_eq!(said, "0 of 0 jobs would be tried again\n");
    let unknown = house.run(&["replay", "--job", "J0"]);
    assert!(unknown.code == 2 && unknown.complaint.contains("found `J0`"), "{unknown:?}");
    let unsaid = house.run(&["replay"]);
    assert!(unsaid.code == 2 && unsaid.complaint.contains("--dead"), "{unsaid:?}");
}
