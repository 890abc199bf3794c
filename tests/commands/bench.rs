//! `baohan bench`.

use serde_json::Value;

use crate::program::baohan;

/// Members at a path of names, each of which has to be there.
fn figure(report: &Value, path: &str) -> u64 {
    let found = path.split('.').try_fold(report, |value, name| value.get(name));
    let figure = found.and_then(Value::as_u64);
    assert!(figure.is_some(), "{path} is missing: {report}");
    figure.unwrap()
}

#[test]
fn a_small_opening_beside_a_platform_that_never_answers_is_delivered_and_measured() {
    let ran = baohan(&["bench", "opening", "--count=12", "--over=0s", "--beside-dead=1", "--json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.complaint);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["faults"], serde_json::json!([]), "{report}");
    for spread in ["accepted.latency", "delivered.after_first_key", "delivered.after_own_key"] {
        assert_eq!(figure(&report, &format!("{spread}.count")), 12, "{spread}: {report}");
        let [min, p50, p99, max] =
            ["min_us", "p50_us", "p99_us", "max_us"].map(|it| figure(&report, &format!("{spread}.{it}")));
        assert!(0 < min && min <= p50 && p50 <= p99 && p99 <= max, "{spread}: {report}");
    }
    assert_eq!(figure(&report, "delivered.exactly_once"), 12);
    assert_eq!(figure(&report, "order.beyond_at_once"), 0);
    let above_zero =
        ["order.at_once", "accepted.last_after_us", "issued.took_us", "setting.disk.syncs_per_second"];
    for path in above_zero {
        assert!(figure(&report, path) > 0, "{path}: {report}");
    }
    let gateways = report["gateways"].as_array().unwrap();
    assert_eq!(gateways.len(), 1);
    assert!(figure(&gateways[0], "resident_peak_kib") > 0 && figure(&gateways[0], "processor_ms") > 0);
    let neighbours = report["setting"]["neighbours"].as_array().unwrap();
    assert_eq!(neighbours.len(), 1);
    assert!(figure(&neighbours[0], "calls_unanswered") > 0, "{report}");
}

#[test]
fn an_opening_that_cannot_be_played_is_refused_with_the_option_that_is_wrong() {
    for (arguments, said) in [
        (&["--platform=zhangzhou"][..], "--platform: expected one that opens bids, found `zhangzhou`"),
        (&["--replicas=2"], "--replicas: expected a database that gateways can share, named with --store"),
        (&["--over=soon"], "--over <TIME>"),
        (&["--count=0"], "--count <COUNT>"),
    ] {
        let ran = baohan(&[&["bench", "opening"], arguments].concat());
        assert!(ran.code == 2 && ran.complaint.contains(said), "{arguments:?}: {ran:?}");
    }
}
