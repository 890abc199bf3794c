//! The audit trail of a running gateway: what is done to it behind the gateway's back shows, to the real command and in the
//! metrics.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use baohan_gateway::clock::Clock;
use baohan_gateway::store::audit::{self, Actor, Entry, Filter, Record};
use baohan_gateway::store::guarantees;
use jiff::Timestamp;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::core_system::API;
use crate::house::{House, PATIENCE, on_both_databases};
use crate::operator::MANUAL;

/// Anchors and looks come at once.
const WATCHFUL: &str =
    "[audit]\nanchor_every = \"20ms\"\nverify_every = \"20ms\"\nverify_all_every = \"20ms\"\n";

fn act(number: usize) -> Entry {
    Entry {
        actor: Actor::Operator { id: "u1".to_owned(), name: "王工".to_owned() },
        address: Some("10.1.2.3".parse().unwrap()),
        action: "job.retry",
        subject: ("job", format!("j{number}")),
        detail: json!({ "reason": format!("第 {number} 次") }),
        before: None,
        after: None,
    }
}

async fn append(house: &House, numbers: std::ops::RangeInclusive<usize>) {
    append_others(house, numbers, 0).await;
}

/// Acts that other numbers stand in than those of their entries.
async fn append_others(house: &House, numbers: std::ops::RangeInclusive<usize>, apart: usize) {
    for number in numbers {
        let act = act(number + apart);
        let written =
            house.gateway.assembly.store.write(move |c| audit::append(c, &act, Timestamp::UNIX_EPOCH));
        assert_eq!(written.await.unwrap(), i64::try_from(number).unwrap());
    }
}

async fn trail(house: &House) -> Vec<Record> {
    let filter = Filter { limit: 100, ..Filter::default() };
    let mut trail = house.gateway.assembly.store.read(move |c| audit::list(c, &filter)).await.unwrap();
    trail.reverse();
    trail
}

async fn until(mut is_so: impl FnMut() -> bool) {
    let waited = async {
        while !is_so() {
            Clock::system().wait(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waited).await.unwrap();
}

/// What the metrics say of the trail.
fn shown(house: &House) -> Option<bool> {
    house.gateway.assembly.metrics.audit_chain_valid()
}

fn text(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_default()
}

/// What the real command says, and whether it found everything in order.
async fn verified(house: &House, arguments: &[&str]) -> (bool, Value) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_baohan"));
    program.arg("-s").arg(&house.settings).arg("-s").arg(&house.overrides);
    program.args(["audit", "verify", "--json"]).args(arguments);
    let output = tokio::task::spawn_blocking(move || program.output().unwrap()).await.unwrap();
    let said: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let intact = said["intact"] == true;
    assert_eq!(output.status.code(), Some(if intact { 0 } else { 1 }), "{said}");
    (intact, said)
}

/// What may be done to the trail by somebody who has the database and not the master key, and the finding it leads to.
/// `before` is the trail's end after six of eight entries, as an old copy of the database has it.
const DEEDS: [(&str, &str, (i64, &str)); 13] = [
    ("edit a field", "UPDATE audit_entries SET actor_name = '李工' WHERE number = 3", (3, "changed")),
    ("edit the time", "UPDATE audit_entries SET at = at + 1 WHERE number = 8", (8, "changed")),
    ("forget the address", "UPDATE audit_entries SET address = NULL WHERE number = 3", (3, "changed")),
    ("edit a code", "UPDATE audit_entries SET mac = (SELECT mac FROM saved_entries WHERE number = 2) WHERE number = 5", (5, "changed")),
    (
        "edit a sealed detail",
        "UPDATE audit_entries SET detail = (SELECT detail FROM saved_entries WHERE number = 5) WHERE number = 6",
        (6, "detail-unreadable"),
    ),
    ("delete in the middle", "DELETE FROM audit_entries WHERE number = 4", (4, "missing")),
    (
        "close the gap",
        "DELETE FROM audit_entries WHERE number = 4; UPDATE audit_entries SET number = -number WHERE number > 4;
         UPDATE audit_entries SET number = -number - 1 WHERE number < 0",
        (4, "detail-unreadable"),
    ),
    (
        "swap two",
        "UPDATE audit_entries SET number = -3 WHERE number = 3; UPDATE audit_entries SET number = 3 WHERE number = 4;
         UPDATE audit_entries SET number = 4 WHERE number = -3",
        (3, "detail-unreadable"),
    ),
    (
        "write an old one again",
        "INSERT INTO audit_entries SELECT 9, at, actor_kind, actor_id, actor_name, address, action, subject_kind, subject_id,
         detail, digest_before, digest_after, key_id, mac FROM saved_entries WHERE number = 5",
        (9, "foreign"),
    ),
    ("delete the tail", "DELETE FROM audit_entries WHERE number > 6", (7, "cut-off")),
    (
        "delete the tail and say that it never was",
        "DELETE FROM audit_entries WHERE number > 6;
         UPDATE audit_head SET number = 6, mac = (SELECT mac FROM audit_entries WHERE number = 6)",
        (6, "head-changed"),
    ),
    (
        "set all back to an old copy",
        "DELETE FROM audit_entries WHERE number > 6; DELETE FROM audit_head;
         INSERT INTO audit_head SELECT * FROM head_of_six",
        (8, "cut-off-before-anchor"),
    ),
    ("delete all", "DELETE FROM audit_entries; DELETE FROM audit_head", (8, "cut-off-before-anchor")),
];

const RESTORE: &str = "DELETE FROM audit_entries; DELETE FROM audit_head;
    INSERT INTO audit_entries SELECT * FROM saved_entries; INSERT INTO audit_head SELECT * FROM saved_head";

on_both_databases! {
    async fn whatever_is_done_to_the_trail_is_found_by_the_command_and_by_the_gateway(database: Database) {
        let folder = tempfile::tempdir().unwrap();
        let anchors = folder.path().join("anchors.jsonl");
        let house = House::open_with(database, &format!("{WATCHFUL}anchor_file = {anchors:?}\n")).await;
        let ledger = house.ledger();
        append(&house, 1..=6).await;
        ledger.execute("CREATE TABLE head_of_six AS SELECT * FROM audit_head");
        append(&house, 7..=8).await;
        until(|| text(&anchors).contains("\"number\":8,")).await;
        ledger.execute("CREATE TABLE saved_entries AS SELECT * FROM audit_entries");
        ledger.execute("CREATE TABLE saved_head AS SELECT * FROM audit_head");
        let (intact, said) = verified(&house, &[]).await;
        assert!(intact && said["entries"] == 8, "{said}");
        until(|| shown(&house) == Some(true)).await;

        for (deed, sql, (number, fault)) in DEEDS {
            ledger.execute(sql);
            let (intact, said) = verified(&house, &[]).await;
            assert!(!intact, "{deed}: {said}");
            assert_eq!(said["findings"][0], json!({ "number": number, "fault": fault }), "{deed}: {said}");
            if deed == "edit a field" || deed == "delete all" {
                until(|| shown(&house) == Some(false)).await;
            }
            ledger.execute(RESTORE);
        }
        until(|| shown(&house) == Some(true)).await;
        let (intact, said) = verified(&house, &[]).await;
        assert!(intact, "put back as it was: {said}");

        // The end is cut off, and the gateway itself writes on from there: all codes are right, and the anchors are not.
        let kept = folder.path().join("kept.jsonl");
        std::fs::copy(&anchors, &kept).unwrap();
        ledger.execute(DEEDS[11].1);
        append_others(&house, 7..=9, 100).await;
        let (intact, said) = verified(&house, &["--anchor", kept.to_str().unwrap()]).await;
        assert!(!intact && said["findings"][0]["fault"] == "replaced", "{said}");
        until(|| shown(&house) == Some(false)).await;
        // A second place that holds no anchors is not taken for proof.
        let log = folder.path().join("gateway.log");
        let line = text(&kept).lines().last().map(|line| serde_json::from_str::<Value>(line).unwrap()).unwrap();
        let line = json!({ "level": "INFO", "message": "audit anchor", "target": "baohan::audit",
                           "number": line["number"], "mac": line["mac"] });
        std::fs::write(&log, format!("{line}\n")).unwrap();
        let (intact, said) = verified(&house, &["--log", log.to_str().unwrap()]).await;
        assert!(!intact && said["findings"][0] == json!({ "number": 8, "fault": "replaced" }), "{said}");
    }

    async fn an_act_of_the_core_system_is_on_record_once_with_what_it_changed(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        house.at_rest().await;
        let (core, id) = (house.core().await, house.id_of(&applyno).await);
        let before = guarantees::digest(&house.stored(&applyno).await.unwrap()).unwrap();
        let path = format!("/guarantees/{id}/decline");
        let body = || json!({ "reason": "资料不全" });
        for _ in 0..2 {
            assert_eq!(core.post_as("once", &path, body()).await.status, StatusCode::OK);
        }
        let refused = core.post_as("another", &path, body()).await;
        assert_ne!(refused.status, StatusCode::OK);
        let trail = trail(&house).await;
        let [entry] = trail.as_slice() else { panic!("expected one entry, found {trail:?}") };
        assert_eq!((entry.action.as_str(), &entry.subject.1), ("guarantee.decline", &id.to_string()));
        assert!(matches!(&entry.actor, Actor::CoreSystem { client, .. } if client == "core"), "{entry:?}");
        assert_eq!(entry.address.unwrap().to_string(), "127.0.0.1");
        assert_eq!(entry.detail["request"], format!("POST /api/v1{path}"));
        let after = guarantees::digest(&house.stored(&applyno).await.unwrap()).unwrap();
        assert_eq!((entry.before.clone(), entry.after.clone()), (Some(before), Some(after)));
    }

    async fn a_decision_at_the_command_line_is_on_record_and_a_refused_one_is_not(database: Database) {
        let house = House::open_with(database, MANUAL).await;
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        house.decided(&applyno, &["decline", "--reason", "资料不全"]).await;
        assert!(!house.decide(&applyno, &["approve"]).await.0);
        let trail = trail(&house).await;
        let [entry] = trail.as_slice() else { panic!("expected one entry, found {trail:?}") };
        assert_eq!(entry.action, "guarantee.decline");
        assert!(matches!(&entry.actor, Actor::CommandLine { account } if !account.is_empty()));
        assert_eq!(entry.detail["application"], applyno);
        assert_ne!(entry.before, entry.after);
    }
}
