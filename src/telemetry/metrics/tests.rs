//! The names under which monitoring finds the metrics.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{
    AttemptResult, DownloadResult, InboundOutcome, JobCount, Metrics, SignatureResult, SignatureSource,
};

const TOOK: Duration = Duration::from_millis(3);

fn job(kind: &str, state: &str, count: i64) -> JobCount {
    JobCount { kind: kind.to_owned(), state: state.to_owned(), count }
}

/// Asserts that the text has this very line.
#[track_caller]
fn assert_line(metrics: &Metrics, line: &str) {
    let text = metrics.encode();
    assert!(text.lines().any(|found| found == line), "no line `{line}` in\n{text}");
}

/// Every metric with a value.
fn everything() -> Metrics {
    let metrics = Metrics::new();
    metrics.inbound("p1", "apply", InboundOutcome::BadSign, TOOK);
    metrics.outbound("p1", "issued", AttemptResult::Ok, TOOK);
    metrics.set_jobs(&[job("notice", "ready", 2), job("notice", "dead", 1)]);
    metrics.set_oldest_ready_job(Duration::from_secs(90));
    metrics.set_oldest_callback(Duration::from_secs(7));
    metrics.set_unreachable([("p2", Duration::from_secs(61))]);
    metrics.set_paused([("p1", false), ("p3", true)]);
    metrics.set_breaker("p2", 2);
    metrics.lease_expired();
    metrics.fence_rejected();
    metrics.set_guarantees([("p1", "issued", 7)]);
    metrics.set_oldest_undelivered_restorations([("p1", Duration::from_secs(5))]);
    metrics.decrypt_failed("p1");
    metrics.sealed(TOOK);
    metrics.signed_outside(SignatureSource::Device, SignatureResult::Wrong, TOOK);
    metrics.chunk_uploaded("p1", AttemptResult::Timeout);
    metrics.downloaded(Some("p1"), DownloadResult::Whole);
    metrics.downloaded(None, DownloadResult::Unknown);
    metrics.api_answered(Some("/api/v1/platforms"), "GET", 200, TOOK);
    metrics.api_limited("client");
    metrics.set_reconcile_differences([("p1", "only-ours", 3)]);
    metrics.alarm("restoration_failed");
    metrics.set_open_alarms([("job-dead", "page", 1)]);
    metrics.set_clock_offset("p1", -7);
    metrics.set_last_pushes([("p1", 1_700_000_000)]);
    metrics.set_certificate_expiry("seal", 1_800_000_000);
    metrics.set_disk("documents", 5, 9);
    metrics.database_busy();
    metrics.audit_chain(true);
    metrics
}

#[test]
fn every_metric_of_the_operations_page_is_there_under_its_name() {
    let metrics = everything();
    for line in [
        r#"gw_inbound_requests_total{platform="p1",interface="apply",outcome="bad_sign"} 1"#,
        "gw_inbound_request_duration_seconds_count 1",
        r#"gw_outbound_attempts_total{platform="p1",interface="issued",result="ok"} 1"#,
        "gw_outbound_attempt_duration_seconds_count 1",
        r#"gw_jobs{kind="notice",state="ready"} 2"#,
        r#"gw_job_dead{kind="notice"} 1"#,
        "gw_job_oldest_ready_seconds 90",
        "gw_callback_oldest_undelivered_seconds 7",
        r#"gw_platform_unreachable_seconds{platform="p2"} 61"#,
        r#"gw_platform_paused{platform="p1"} 0"#,
        r#"gw_platform_paused{platform="p3"} 1"#,
        r#"gw_breaker_state{platform="p2"} 2"#,
        "gw_job_lease_expired_total 1",
        "gw_fence_rejected_total 1",
        r#"gw_guarantees{platform="p1",state="issued"} 7"#,
        r#"gw_restore_oldest_undelivered_seconds{platform="p1"} 5"#,
        r#"gw_decrypt_failures_total{platform="p1"} 1"#,
        "gw_seal_duration_seconds_count 1",
        r#"gw_outside_signatures_total{source="device",result="wrong"} 1"#,
        "gw_outside_signature_duration_seconds_count 1",
        r#"gw_upload_chunks_total{platform="p1",result="timeout"} 1"#,
        r#"gw_downloads_total{platform="p1",result="whole"} 1"#,
        r#"gw_downloads_total{platform="unknown",result="unknown"} 1"#,
        r#"gw_api_requests_total{resource="/api/v1/platforms",method="GET",status="200"} 1"#,
        "gw_api_request_duration_seconds_count 1",
        r#"gw_api_limited_total{limit="client"} 1"#,
        r#"gw_reconcile_differences{platform="p1",kind="only-ours"} 3"#,
        r#"gw_alarms_total{kind="restoration_failed"} 1"#,
        r#"gw_alarms_open{rule="job-dead",severity="page"} 1"#,
        r#"gw_clock_offset_seconds{platform="p1"} -7"#,
        r#"gw_last_push_timestamp_seconds{platform="p1"} 1700000000"#,
        r#"gw_certificate_expiry_timestamp_seconds{name="seal"} 1800000000"#,
        r#"gw_disk_free_bytes{name="documents"} 5"#,
        r#"gw_disk_size_bytes{name="documents"} 9"#,
        "gw_db_busy_total 1",
        "gw_audit_chain_valid{} 1",
        concat!("gw_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\",commit=\"unknown\"} 1"),
        "# EOF",
    ] {
        assert_line(&metrics, line);
    }
}

#[test]
fn a_push_to_a_platform_we_do_not_have_makes_no_label_of_what_was_sent() {
    let metrics = Metrics::new();
    metrics.inbound(None, None, InboundOutcome::Unknown, TOOK);
    assert_line(
        &metrics,
        r#"gw_inbound_requests_total{platform="unknown",interface="unknown",outcome="unknown"} 1"#,
    );
}

#[test]
fn a_state_that_no_job_is_in_any_more_goes_to_zero() {
    let metrics = Metrics::new();
    metrics.set_jobs(&[job("notice", "dead", 4)]);
    metrics.set_jobs(&[job("notice", "done", 4)]);
    assert_line(&metrics, r#"gw_jobs{kind="notice",state="dead"} 0"#);
    assert_line(&metrics, r#"gw_jobs{kind="notice",state="done"} 4"#);
    assert_line(&metrics, r#"gw_job_dead{kind="notice"} 0"#);
}

#[test]
fn jobs_of_a_kind_are_counted_together_whichever_platform_they_are_for() {
    let metrics = Metrics::new();
    for _ in 0..2 {
        metrics.set_jobs(&[job("notice", "dead", 4), job("notice", "dead", 1)]);
        assert_line(&metrics, r#"gw_jobs{kind="notice",state="dead"} 5"#);
        assert_line(&metrics, r#"gw_job_dead{kind="notice"} 5"#);
    }
}

#[test]
fn clones_count_together() {
    let metrics = Metrics::new();
    metrics.clone().lease_expired();
    metrics.lease_expired();
    assert_line(&metrics, "gw_job_lease_expired_total 2");
}

#[test]
fn what_an_alert_watches_for_a_platform_is_there_before_it_happens_and_the_rest_is_not() {
    let metrics = Metrics::new();
    metrics.expect_platform("p1", ["apply"]);
    assert_line(&metrics, r#"gw_decrypt_failures_total{platform="p1"} 0"#);
    assert_line(
        &metrics,
        r#"gw_inbound_requests_total{platform="p1",interface="apply",outcome="bad_sign"} 0"#,
    );
    let text = metrics.encode();
    assert!(
        !text.contains("gw_audit_chain_valid"),
        "a trail that nobody has looked at is not invalid\n{text}"
    );
}

#[test]
fn what_was_seen_last_is_there_to_be_read_again() {
    let metrics = Metrics::new();
    assert_eq!(metrics.audit_chain_valid(), None);
    metrics.audit_chain(true);
    metrics.audit_chain(false);
    metrics.set_breaker("p1", 2);
    metrics.set_clock_offset("p1", 61);
    assert_eq!(metrics.audit_chain_valid(), Some(false));
    assert_eq!(metrics.breakers(), [("p1".to_owned(), 2)].into());
    assert_eq!(metrics.clock_offsets(), [("p1".to_owned(), 61)].into());
}

/// What begins like a metric's name.
fn names_in(text: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let starts = text.match_indices("gw_").map(|(at, _)| at);
    let starts = starts.filter(|at| !text[..*at].ends_with(is_part));
    starts.map(|at| text[at..].split(|c| !is_part(c)).next().unwrap_or_default()).collect()
}

#[test]
fn alerts_dashboards_and_the_runbook_ask_for_metrics_that_are_published() {
    let published = everything().encode();
    let published: BTreeSet<&str> =
        published.lines().filter(|line| !line.starts_with('#')).flat_map(names_in).collect();
    for (page, text) in [
        ("rules.yml", include_str!("../../../deploy/prometheus/rules.yml")),
        ("rules.test.yml", include_str!("../../../deploy/prometheus/rules.test.yml")),
        ("opening-day.json", include_str!("../../../deploy/grafana/opening-day.json")),
        ("platforms.json", include_str!("../../../deploy/grafana/platforms.json")),
        ("jobs-database.json", include_str!("../../../deploy/grafana/jobs-database.json")),
        ("runbook.md", include_str!("../../../deploy/runbook.md")),
    ] {
        let asked = names_in(text);
        assert!(asked.len() > 5, "{page} asks for {asked:?}");
        // The runbook names a histogram without one of its lines.
        let is_published =
            |name: &str| published.iter().any(|it| *it == name || it.strip_suffix("_bucket") == Some(name));
        let unknown: Vec<&&str> = asked.iter().filter(|name| !is_published(name)).collect();
        assert!(unknown.is_empty(), "{page} asks for {unknown:?}, which nobody publishes");
    }
}
