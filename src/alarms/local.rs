//! What only this process sees: its breakers, its disks, its way to the database and the archive, and what is on its machine.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::options::LimitOptions;
use super::plan::Finding;
use super::rule::Rule;
use crate::store::Archive;
use crate::telemetry::Metrics;

/// So soon after the database was too busy it counts as busy still.
const STILL_BUSY: Duration = Duration::from_secs(60);

const DAY: i64 = 86_400;

/// What the machine shows at one moment.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// Certificates and their last moments.
    pub certificates: Vec<(&'static str, Timestamp)>,
    /// Folders, with the room that is left and that there is, in bytes.
    pub disks: Vec<(&'static str, u64, u64)>,
}

/// What was seen before, where a condition has to hold for a while.
#[derive(Default)]
pub(super) struct Local {
    since: BTreeMap<(Rule, String), Timestamp>,
    busy_so_far: u64,
    busy_at: Option<Timestamp>,
}

/// What is looked at.
pub(super) struct View<'a> {
    pub(super) metrics: &'a Metrics,
    pub(super) archive: &'a Archive,
    pub(super) machine: &'a Machine,
    pub(super) limits: &'a LimitOptions,
    pub(super) replica: &'a str,
    pub(super) now: Timestamp,
}

impl Local {
    pub(super) fn look(&mut self, view: &View<'_>) -> Vec<Finding> {
        let (limits, now) = (view.limits, view.now);
        let mut findings = Vec::new();
        let mut local = |rule, subject: &str, figure| {
            let (subject, replica) = (subject.to_owned(), view.replica.to_owned());
            findings.push(Finding { rule, subject, replica, figure });
        };
        for (platform, state) in view.metrics.breakers() {
            let held = self.held(Rule::BreakerOpen, &platform, state != 0, now);
            if let Some(held) = held.filter(|held| *held >= limits.breaker) {
                local(Rule::BreakerOpen, &platform, seconds(held));
            }
        }
        for (platform, offset) in view.metrics.clock_offsets() {
            if offset.unsigned_abs() > limits.clock_offset.as_secs() {
                local(Rule::ClockOffset, &platform, offset);
            }
        }
        for (folder, free, size) in &view.machine.disks {
            let percent = free.saturating_mul(100).checked_div(*size).unwrap_or(100);
            if percent < limits.disk_percent {
                local(Rule::DiskLow, folder, i64::try_from(percent).unwrap_or_default());
            }
        }
        let busy = self.is_busy(view.metrics.database_busy_so_far(), now);
        if self.held(Rule::DatabaseBusy, "", busy, now).is_some_and(|held| held >= limits.database_busy) {
            local(Rule::DatabaseBusy, "", 0);
        }
        if let Some((since, _)) = view.archive.outage().filter(|(since, _)| *since > limits.archive) {
            local(Rule::ArchiveUnavailable, "", seconds(since));
        }
        findings.extend(of_all(view));
        findings
    }

    /// For how long a condition has held; None where it does not.
    fn held(&mut self, rule: Rule, subject: &str, holds: bool, now: Timestamp) -> Option<Duration> {
        let key = (rule, subject.to_owned());
        if !holds {
            self.since.remove(&key);
            return None;
        }
        let since = *self.since.entry(key).or_insert(now);
        Some(Duration::try_from(now.duration_since(since)).unwrap_or_default())
    }

    fn is_busy(&mut self, so_far: u64, now: Timestamp) -> bool {
        if so_far > self.busy_so_far {
            self.busy_so_far = so_far;
            self.busy_at = Some(now);
        }
        self.busy_at.is_some_and(|at| now.duration_since(at).unsigned_abs() < STILL_BUSY)
    }
}

/// What every process sees alike, although none asks the database for it.
fn of_all(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut all = |rule, subject: &str, figure| {
        findings.push(Finding { rule, subject: subject.to_owned(), replica: String::new(), figure });
    };
    for (name, end) in &view.machine.certificates {
        let left = end.as_second().saturating_sub(view.now.as_second());
        for (rule, days) in [(Rule::CertificateMonth, 30), (Rule::CertificateWeek, 7)] {
            if left < days * DAY {
                all(rule, name, left);
            }
        }
    }
    if view.metrics.audit_chain_valid() == Some(false) {
        all(Rule::AuditChainInvalid, "", 0);
    }
    findings
}

pub(super) fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::crypto::keyring::Keyring;
    use crate::store::ArchiveOptions;

    struct Scene {
        local: Local,
        metrics: Metrics,
        archive: Archive,
        machine: Machine,
        _folder: tempfile::TempDir,
    }

    impl Scene {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let options = ArchiveOptions { folder: folder.path().to_owned(), ..ArchiveOptions::default() };
            let keyring = Arc::new(Keyring::from_master(&[7; 32]));
            let archive = Archive::open(&options, keyring).unwrap();
            let (local, metrics, machine) = (Local::default(), Metrics::new(), Machine::default());
            Self { local, metrics, archive, machine, _folder: folder }
        }

        /// Rules, subjects, replicas and figures, so many seconds after the beginning.
        fn look(&mut self, after: i64) -> Vec<String> {
            let view = View {
                metrics: &self.metrics,
                archive: &self.archive,
                machine: &self.machine,
                limits: &LimitOptions::default(),
                replica: "r1",
                now: at(after),
            };
            let show =
                |it: Finding| format!("{} {}@{} {}", it.rule.name(), it.subject, it.replica, it.figure);
            self.local.look(&view).into_iter().map(show).collect()
        }
    }

    fn at(after: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + after).unwrap()
    }

    #[test]
    fn a_breaker_has_to_stay_away_from_closed_for_ten_minutes() {
        let mut scene = Scene::new();
        scene.metrics.set_breaker("p", 2);
        assert!(scene.look(0).is_empty());
        scene.metrics.set_breaker("p", 1);
        assert!(scene.look(599).is_empty());
        assert_eq!(scene.look(600), ["breaker-open p@r1 600"]);
        scene.metrics.set_breaker("p", 0);
        assert!(scene.look(610).is_empty());
        scene.metrics.set_breaker("p", 2);
        assert!(scene.look(620).is_empty(), "the time begins anew");
    }

    #[test]
    fn a_clock_may_be_off_by_a_minute_in_either_direction() {
        let mut scene = Scene::new();
        scene.metrics.set_clock_offset("p", 60);
        assert!(scene.look(0).is_empty());
        scene.metrics.set_clock_offset("p", -61);
        assert_eq!(scene.look(0), ["clock-offset p@r1 -61"]);
    }

    #[test]
    fn certificates_disks_and_the_audit_trail_are_looked_at() {
        let mut scene = Scene::new();
        let certificates =
            vec![("seal", at(6 * DAY)), ("api-tls", at(29 * DAY)), ("pdf-signer", at(31 * DAY))];
        scene.machine = Machine { certificates, disks: vec![("documents", 14, 100), ("database", 15, 100)] };
        scene.metrics.audit_chain(false);
        assert_eq!(
            scene.look(0),
            [
                "disk-low documents@r1 14",
                "certificate-30d seal@ 518400",
                "certificate-7d seal@ 518400",
                "certificate-30d api-tls@ 2505600",
                "audit-chain-invalid @ 0",
            ]
        );
    }

    #[test]
    fn a_database_is_too_busy_once_it_has_been_for_five_minutes_on_end() {
        let mut scene = Scene::new();
        for minute in 0..5 {
            scene.metrics.database_busy();
            assert!(scene.look(minute * 50).is_empty());
        }
        scene.metrics.database_busy();
        assert_eq!(scene.look(300), ["database-busy @r1 0"]);
        assert!(scene.look(361).is_empty());
    }
}
