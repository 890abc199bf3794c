//! What Prometheus scrapes of a gateway at work: names that are promised, labels that are few, a text that its own tool likes.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::house::{Database, House};
use crate::pushes::{APPLICATION, client, reply_to};

/// Names that are there once a guarantee was restored and a push turned away. Those of a core system and of a signer
/// elsewhere are not: this gateway has neither.
const PROMISED: [&str; 29] = [
    "gw_inbound_requests_total",
    "gw_inbound_request_duration_seconds",
    "gw_outbound_attempts_total",
    "gw_outbound_attempt_duration_seconds",
    "gw_jobs",
    "gw_job_dead",
    "gw_job_oldest_ready_seconds",
    "gw_job_lease_expired_total",
    "gw_fence_rejected_total",
    "gw_guarantees",
    "gw_restore_oldest_undelivered_seconds",
    "gw_decrypt_failures_total",
    "gw_seal_duration_seconds",
    "gw_upload_chunks_total",
    "gw_reconcile_differences",
    "gw_breaker_state",
    "gw_clock_offset_seconds",
    "gw_certificate_expiry_timestamp_seconds",
    "gw_db_busy_total",
    "gw_build_info",
    "gw_last_push_timestamp_seconds",
    "gw_platform_paused",
    "gw_platform_unreachable_seconds",
    "gw_callback_oldest_undelivered_seconds",
    "gw_archive_unavailable_seconds",
    "gw_disk_free_bytes",
    "gw_disk_size_bytes",
    "gw_alarms_open",
    "gw_audit_chain_valid",
];

/// Of these, those that show nothing while all is well, or nobody has looked.
const ON_OCCASION: [&str; 7] = [
    "gw_job_dead",
    "gw_jobs",
    "gw_restore_oldest_undelivered_seconds",
    "gw_reconcile_differences",
    "gw_platform_unreachable_seconds",
    "gw_alarms_open",
    "gw_audit_chain_valid",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_name_that_is_promised_is_scraped_and_no_label_tells_of_a_guarantee_or_a_person() {
    let house = House::open(Database::Sqlite).await;
    let applyno = house.restored().await;
    assert_eq!(house.post("baohanapply", APPLICATION.replace("800000.00", "1.00")).await.status, 200);
    house.at_rest().await;
    let number = house.number(&applyno).await;
    let url = format!("http://{}/metrics", house.gateway.metrics_address);
    // The state of the database is looked at every few seconds.
    let text = loop {
        let text = reply_to(client().get(&url)).await.body;
        if text.contains("gw_guarantees{platform=\"hainan\",state=\"restored\"} 1") {
            break text;
        }
    };
    let described: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let missing: Vec<&str> = PROMISED
        .into_iter()
        .filter(|name| !described.contains(name) && !ON_OCCASION.contains(name))
        .collect();
    assert!(missing.is_empty(), "{missing:?} are not in\n{text}");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        for value in line.split('"').skip(1).step_by(2) {
            let long_number = value
                .split(|c: char| !c.is_ascii_hexdigit())
                .any(|part| part.len() >= 8 && part.chars().any(|c| c.is_ascii_digit()));
            assert!(!value.contains(&applyno) && !value.contains(&number) && !long_number, "{line}");
        }
    }
    for (name, wanted) in [
        ("gw_clock_offset_seconds{platform=\"hainan\"}", "0"),
        ("gw_decrypt_failures_total{platform=\"hainan\"}", "0"),
        ("gw_breaker_state{platform=\"hainan\"}", "0"),
        ("gw_db_busy_total", "0"),
    ] {
        let line = format!("{name} {wanted}");
        assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
    }
    assert_that_promtool_likes(&text);
}

/// Does nothing where `tests/run` has not brought the tool.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where tests learn of the tool that tests/run brought"
)]
fn assert_that_promtool_likes(text: &str) {
    let Ok(promtool) = std::env::var("BAOHAN_TEST_PROMTOOL") else { return };
    let mut child = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success() && said.is_empty(), "{}\n{text}", String::from_utf8_lossy(&said));
}
