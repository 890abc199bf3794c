//! Alerts, dashboards and the runbook: each alert has a severity and its paragraph, each dashboard can be loaded.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::tree::{File, files_under};
use crate::{Finding, expect_none};

const RULES: &str = "deploy/prometheus/rules.yml";
const RULE_TESTS: &str = "deploy/prometheus/rules.test.yml";
const RUNBOOK: &str = "deploy/runbook.md";

/// One alert of the rules: its name, its line, and what stands below it.
struct Alert<'a> {
    name: &'a str,
    line: usize,
    text: &'a str,
}

fn alerts(rules: &str) -> Vec<Alert<'_>> {
    let mut alerts = Vec::new();
    for (at, _) in rules.match_indices("- alert: ") {
        let line = rules.get(..at).unwrap_or_default().lines().count();
        let rest = rules.get(at + "- alert: ".len()..).unwrap_or_default();
        let text = rest.split("- alert: ").next().unwrap_or_default();
        alerts.push(Alert { name: text.lines().next().unwrap_or_default(), line, text });
    }
    alerts
}

/// The value of a key below an alert.
fn value<'a>(alert: &Alert<'a>, key: &str) -> Option<&'a str> {
    alert.text.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": "))
}

fn unfinished_alerts(rules: &str, tests: &str, runbook: &str) -> Vec<Finding> {
    let paragraphs: BTreeSet<&str> = runbook.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let mut findings = Vec::new();
    for alert in alerts(rules) {
        let mut wrong = |what: String| findings.push(Finding::new(RULES, alert.line, what));
        let severity = value(&alert, "severity");
        if !matches!(severity, Some("page" | "warning")) {
            wrong(format!("`{}` has the severity {severity:?}", alert.name));
        }
        for key in ["summary", "description"] {
            let told = value(&alert, key).unwrap_or_default();
            let has_chinese = told.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            if !has_chinese || !told.contains(" / ") {
                wrong(format!("`{}` has no {key} in both languages", alert.name));
            }
        }
        let paragraph = value(&alert, "runbook_url").and_then(|url| url.strip_prefix("deploy/runbook.md#"));
        match paragraph {
            Some(paragraph) if paragraphs.contains(paragraph) => {}
            other => {
                wrong(format!("`{}` links to {other:?}, which is no paragraph of the runbook", alert.name))
            }
        }
        for kind in ["fires", "stays quiet"] {
            let named = tests.contains(&format!("- name: {} {kind}\n", alert.name));
            let within = kind == "stays quiet"
                && tests.contains(&format!("alertname: {}\n        exp_alerts: []", alert.name));
            if !named && !within {
                wrong(format!("no test shows that `{}` {kind}", alert.name));
            }
        }
    }
    findings
}

fn text(path: &str) -> String {
    files_under(path).pop().map(|file| file.text).unwrap_or_default()
}

#[test]
fn every_alert_has_a_severity_words_a_paragraph_and_tests() {
    let (rules, tests, runbook) = (text(RULES), text(RULE_TESTS), text(RUNBOOK));
    assert!(alerts(&rules).len() >= 15, "{RULES} has {} alerts", alerts(&rules).len());
    expect_none(
        "Whoever is woken has to know why and what to do.",
        &unfinished_alerts(&rules, &tests, &runbook),
    );
    let rules = "      - alert: A\n        labels:\n          severity: loud\n";
    assert_eq!(unfinished_alerts(rules, "", "").len(), 6);
}

#[test]
fn every_paragraph_of_the_runbook_says_symptom_query_and_action() {
    let runbook = text(RUNBOOK);
    let mut findings = Vec::new();
    for paragraph in runbook.split("\n## ").skip(1) {
        for word in ["**现象**", "**Symptom**", "**查询 Query**", "**处置**", "**Action**"] {
            if !paragraph.contains(word) {
                let name = paragraph.lines().next().unwrap_or_default();
                findings.push(Finding::new(RUNBOOK, 0, format!("`{name}` has no {word}")));
            }
        }
    }
    expect_none("A paragraph is symptom, query, action, in both languages.", &findings);
}

/// What keeps a dashboard from being loaded or from showing anything.
fn broken_dashboards(dashboards: &[File], rules: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut uids = BTreeSet::new();
    for file in dashboards {
        let mut wrong = |what: &str| findings.push(Finding::new(&file.path, 0, what));
        let Ok(dashboard) = serde_json::from_str::<Value>(&file.text) else {
            wrong("is no JSON");
            continue;
        };
        let uid = dashboard.get("uid").and_then(Value::as_str).unwrap_or_default();
        if !uid.starts_with("baohan-") || !uids.insert(uid.to_owned()) {
            wrong("has no uid of its own");
        }
        let panels = dashboard.get("panels").and_then(Value::as_array).cloned().unwrap_or_default();
        if panels.is_empty() {
            wrong("has no panels");
        }
        for target in
            panels.iter().filter_map(|panel| panel.get("targets")).filter_map(Value::as_array).flatten()
        {
            let expr = target.get("expr").and_then(Value::as_str).unwrap_or_default();
            if !expr.contains("gw_") && !expr.contains("gw:") {
                wrong("has a panel without an expression");
            }
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
            for (at, _) in expr.match_indices("gw:") {
                let name =
                    expr.get(at..).and_then(|rest| rest.split(|c| !is_part(c)).next()).unwrap_or_default();
                if !rules.contains(&format!("- record: {name}\n")) {
                    wrong(&format!("asks for `{name}`, which no rule records"));
                }
            }
        }
    }
    findings
}

#[test]
fn every_dashboard_can_be_loaded_and_shows_what_is_recorded() {
    let dashboards = files_under("deploy/grafana");
    assert!(dashboards.len() >= 3);
    let rules = text(RULES);
    expect_none("Grafana would show an empty panel.", &broken_dashboards(&dashboards, &rules));
    let bad = File::new(
        "deploy/grafana/bad.json",
        r#"{"uid": "x", "panels": [{"targets": [{"expr": "gw:no_such:rate5m"}]}]}"#,
    );
    assert_eq!(broken_dashboards(&[bad], &rules).len(), 2);
}
