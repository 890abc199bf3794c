//! The numbers the gateway counts, under the prefix `gw_`.
//!
//! Labels are bounded: a platform and an interface come from settings and tables, everything else from enums or
//! literals. Nothing that names a guarantee or a person is ever a label.

mod labels;
mod snapshot;

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use labels::{
    AlarmKind, ApiLabels, AttemptLabels, BuildLabels, ChunkLabels, DifferenceLabels, DownloadLabels,
    GuaranteeLabels, JobKind, JobLabels, LimitLabel, PlatformLabel, PushLabels, SignatureLabels,
};
pub use labels::{AttemptResult, DownloadResult, InboundOutcome, JobCount, SignatureResult, SignatureSource};
use snapshot::Snapshot;

/// The label of a platform or an interface that the gateway does not have: whatever the sender wrote is no label.
const UNKNOWN: &str = "unknown";

/// All metrics of the process. Cloning shares them.
#[derive(Clone)]
pub struct Metrics(Arc<Families>);

struct Families {
    registry: Registry,
    pushes: Family<PushLabels, Counter>,
    push_duration: Histogram,
    attempts: Family<AttemptLabels, Counter>,
    attempt_duration: Histogram,
    jobs: Snapshot<JobLabels>,
    jobs_dead: Snapshot<JobKind>,
    oldest_ready_job: Gauge,
    oldest_callback: Gauge,
    unreachable: Snapshot<PlatformLabel>,
    leases_expired: Counter,
    fences_rejected: Counter,
    guarantees: Snapshot<GuaranteeLabels>,
    oldest_undelivered_restoration: Snapshot<PlatformLabel>,
    decrypt_failures: Family<PlatformLabel, Counter>,
    seal_duration: Histogram,
    outside_signatures: Family<SignatureLabels, Counter>,
    outside_signature_duration: Histogram,
    chunks: Family<ChunkLabels, Counter>,
    downloads: Family<DownloadLabels, Counter>,
    api_requests: Family<ApiLabels, Counter>,
    api_duration: Histogram,
    api_limited: Family<LimitLabel, Counter>,
    differences: Snapshot<DifferenceLabels>,
    alarms: Family<AlarmKind, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    pub fn new() -> Self {
        let families = Families {
            registry: Registry::with_prefix("gw"),
            pushes: Family::default(),
            push_duration: answer_times(),
            attempts: Family::default(),
            attempt_duration: answer_times(),
            jobs: Snapshot::default(),
            jobs_dead: Snapshot::default(),
            oldest_ready_job: Gauge::default(),
            oldest_callback: Gauge::default(),
            unreachable: Snapshot::default(),
            leases_expired: Counter::default(),
            fences_rejected: Counter::default(),
            guarantees: Snapshot::default(),
            oldest_undelivered_restoration: Snapshot::default(),
            decrypt_failures: Family::default(),
            seal_duration: answer_times(),
            outside_signatures: Family::default(),
            outside_signature_duration: answer_times(),
            chunks: Family::default(),
            downloads: Family::default(),
            api_requests: Family::default(),
            api_duration: answer_times(),
            api_limited: Family::default(),
            differences: Snapshot::default(),
            alarms: Family::default(),
        };
        Self(Arc::new(families.registered()))
    }

    /// A push was answered. `platform` and `interface` are `None` where the gateway has none of that name.
    pub fn inbound<'a>(
        &self,
        platform: impl Into<Option<&'a str>>,
        interface: impl Into<Option<&'a str>>,
        outcome: InboundOutcome,
        took: Duration,
    ) {
        let labels = PushLabels {
            platform: platform.into().unwrap_or(UNKNOWN).to_owned(),
            interface: interface.into().unwrap_or(UNKNOWN).to_owned(),
            outcome: outcome.label(),
        };
        self.0.pushes.get_or_create(&labels).inc();
        self.0.push_duration.observe(took.as_secs_f64());
    }

    /// A call to a platform ended, well or not.
    pub fn outbound(&self, platform: &str, interface: &str, result: AttemptResult, took: Duration) {
        let labels = AttemptLabels {
            platform: platform.to_owned(),
            interface: interface.to_owned(),
            result: result.label(),
        };
        self.0.attempts.get_or_create(&labels).inc();
        self.0.attempt_duration.observe(took.as_secs_f64());
    }

    /// Sets how many jobs there are; a kind and state not named any more goes to zero. The state `dead` is shown
    /// on its own too, because somebody must act on it.
    pub fn set_jobs(&self, counts: &[JobCount]) {
        let all = counts
            .iter()
            .map(|job| (JobLabels { kind: job.kind.clone(), state: job.state.clone() }, job.count));
        let dead = counts
            .iter()
            .filter(|job| job.state == "dead")
            .map(|job| (JobKind { kind: job.kind.clone() }, job.count));
        self.0.jobs_dead.replace(dead);
        self.0.jobs.replace(all);
    }

    /// How long the job that has waited longest could have run already.
    pub fn set_oldest_ready_job(&self, age: Duration) {
        self.0.oldest_ready_job.set(whole_seconds(age));
    }

    /// The age of the oldest callback that the core system has not taken yet.
    pub fn set_oldest_callback(&self, age: Duration) {
        self.0.oldest_callback.set(whole_seconds(age));
    }

    /// Sets which platforms can't be reached, and for how long.
    pub fn set_unreachable<'a>(&self, platforms: impl IntoIterator<Item = (&'a str, Duration)>) {
        self.0.unreachable.replace(
            platforms.into_iter().map(|(platform, time)| {
                (PlatformLabel { platform: platform.to_owned() }, whole_seconds(time))
            }),
        );
    }

    /// A worker did not extend its lease in time, and the job was given to another.
    pub fn lease_expired(&self) {
        self.0.leases_expired.inc();
    }

    /// A worker that had lost its lease tried to write, and was kept from it.
    pub fn fence_rejected(&self) {
        self.0.fences_rejected.inc();
    }

    /// Sets how many guarantees there are, as (platform, state, count).
    pub fn set_guarantees<'a>(&self, counts: impl IntoIterator<Item = (&'a str, &'a str, i64)>) {
        self.0.guarantees.replace(counts.into_iter().map(|(platform, state, count)| {
            (GuaranteeLabels { platform: platform.to_owned(), state: state.to_owned() }, count)
        }));
    }

    /// Sets the age of the oldest opening, by platform, whose plaintext guarantee is not delivered yet.
    pub fn set_oldest_undelivered_restorations<'a>(
        &self,
        ages: impl IntoIterator<Item = (&'a str, Duration)>,
    ) {
        self.0
            .oldest_undelivered_restoration
            .replace(ages.into_iter().map(|(platform, age)| {
                (PlatformLabel { platform: platform.to_owned() }, whole_seconds(age))
            }));
    }

    /// A key arrived that does not open what it should.
    pub fn decrypt_failed(&self, platform: &str) {
        self.0.decrypt_failures.get_or_create(&PlatformLabel { platform: platform.to_owned() }).inc();
    }

    /// A document was sealed and its seal verified.
    pub fn sealed(&self, took: Duration) {
        self.0.seal_duration.observe(took.as_secs_f64());
    }

    /// A service or a device was asked for a signature, and this came of it, all attempts together.
    pub fn signed_outside(&self, source: SignatureSource, result: SignatureResult, took: Duration) {
        let labels = SignatureLabels { source: source.label(), result: result.label() };
        self.0.outside_signatures.get_or_create(&labels).inc();
        self.0.outside_signature_duration.observe(took.as_secs_f64());
    }

    /// A slice of a document was sent.
    pub fn chunk_uploaded(&self, platform: &str, result: AttemptResult) {
        let labels = ChunkLabels { platform: platform.to_owned(), result: result.label() };
        self.0.chunks.get_or_create(&labels).inc();
    }

    /// A document was asked for under a link. `platform` is `None` where the link leads to none.
    pub fn downloaded(&self, platform: Option<&str>, result: DownloadResult) {
        let labels =
            DownloadLabels { platform: platform.unwrap_or(UNKNOWN).to_owned(), result: result.name() };
        self.0.downloads.get_or_create(&labels).inc();
    }

    /// A request of the core system was answered. `resource` is a route as the code has it, `None` where there is none.
    pub fn api_answered(&self, resource: Option<&str>, method: &'static str, status: u16, took: Duration) {
        let resource = resource.unwrap_or(UNKNOWN).to_owned();
        let labels = ApiLabels { resource, method, status: status.to_string() };
        self.0.api_requests.get_or_create(&labels).inc();
        self.0.api_duration.observe(took.as_secs_f64());
    }

    /// A caller of the core system's interface was told to wait. `limit` is a word of the code: `client`, `peer`.
    pub fn api_limited(&self, limit: &'static str) {
        self.0.api_limited.get_or_create(&LimitLabel { limit }).inc();
    }

    /// Sets how many differences between a platform's statements and ours are unexplained, as (platform, kind, count).
    pub fn set_reconcile_differences<'a>(
        &self,
        counts: impl IntoIterator<Item = (&'a str, &'static str, i64)>,
    ) {
        self.0.differences.replace(counts.into_iter().map(|(platform, kind, count)| {
            (DifferenceLabels { platform: platform.to_owned(), kind }, count)
        }));
    }

    /// Something happened that a person must see. `kind` is a word of the code, such as `restoration_failed`.
    pub fn alarm(&self, kind: &'static str) {
        self.0.alarms.get_or_create(&AlarmKind { kind }).inc();
    }

    /// All metrics as OpenMetrics text.
    pub fn encode(&self) -> String {
        let mut out = String::new();
        if let Err(error) = text::encode(&mut out, &self.0.registry) {
            tracing::error!(%error, "metrics could not be written as text");
        }
        out
    }
}

impl Families {
    /// Gives every family its name and help text. The client adds `_total` to counters and `_info` to infos.
    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register("inbound_requests", "Pushes by how they ended", self.pushes.clone());
        registry.register(
            "inbound_request_duration_seconds",
            "Time from the first byte of a push to its answer",
            self.push_duration.clone(),
        );
        registry.register("outbound_attempts", "Calls to platforms by how they ended", self.attempts.clone());
        registry.register(
            "outbound_attempt_duration_seconds",
            "Time of one call to a platform",
            self.attempt_duration.clone(),
        );
        registry.register("jobs", "Jobs by kind and state", self.jobs.family.clone());
        registry.register("job_dead", "Jobs given up, waiting for a person", self.jobs_dead.family.clone());
        registry.register(
            "job_oldest_ready_seconds",
            "Age of the oldest job that could run",
            self.oldest_ready_job.clone(),
        );
        registry.register(
            "callback_oldest_undelivered_seconds",
            "Age of the oldest callback that the core system has not taken",
            self.oldest_callback.clone(),
        );
        registry.register(
            "platform_unreachable_seconds",
            "For how long a platform can't be reached",
            self.unreachable.family.clone(),
        );
        registry.register(
            "job_lease_expired",
            "Jobs taken from a worker that fell silent",
            self.leases_expired.clone(),
        );
        registry.register(
            "fence_rejected",
            "Writes refused because the lease was lost",
            self.fences_rejected.clone(),
        );
        registry.register("guarantees", "Guarantees by platform and state", self.guarantees.family.clone());
        registry.register(
            "restore_oldest_undelivered_seconds",
            "Age of the oldest opening whose guarantee is not delivered",
            self.oldest_undelivered_restoration.family.clone(),
        );
        registry.register(
            "decrypt_failures",
            "Keys that did not open what they should",
            self.decrypt_failures.clone(),
        );
        registry.register(
            "seal_duration_seconds",
            "Time to seal a document and verify the seal",
            self.seal_duration.clone(),
        );
        registry.register(
            "outside_signatures",
            "Signatures asked of a signing service or a device by what came of it",
            self.outside_signatures.clone(),
        );
        registry.register(
            "outside_signature_duration_seconds",
            "Time of one signature by a signing service or a device, all attempts together",
            self.outside_signature_duration.clone(),
        );
        registry.register("upload_chunks", "Slices of documents by how sending ended", self.chunks.clone());
        registry.register(
            "downloads",
            "Requests for documents under links by how they were answered",
            self.downloads.clone(),
        );
        registry.register(
            "api_requests",
            "Requests of the core system by route and status",
            self.api_requests.clone(),
        );
        registry.register(
            "api_request_duration_seconds",
            "Time to answer a request of the core system",
            self.api_duration.clone(),
        );
        registry.register(
            "api_limited",
            "Requests of the core system refused by a limit of rate",
            self.api_limited.clone(),
        );
        registry.register(
            "reconcile_differences",
            "Unexplained differences between platforms' statements and ours, by kind",
            self.differences.family.clone(),
        );
        registry.register("alarms", "Events that a person must see", self.alarms.clone());
        registry.register(
            "build",
            "The running version",
            Info::new(BuildLabels { version: env!("CARGO_PKG_VERSION") }),
        );
        self
    }
}

/// Bounds from 1 ms (a push of a few kilobytes) to 30 s (a slice to a slow platform).
fn answer_times() -> Histogram {
    Histogram::new([0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0])
}

fn whole_seconds(age: Duration) -> i64 {
    i64::try_from(age.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn every_metric_of_the_operations_page_is_there_under_its_name() {
        let metrics = Metrics::new();
        metrics.inbound("p1", "apply", InboundOutcome::BadSign, TOOK);
        metrics.outbound("p1", "issued", AttemptResult::Ok, TOOK);
        metrics.set_jobs(&[job("notice", "ready", 2), job("notice", "dead", 1)]);
        metrics.set_oldest_ready_job(Duration::from_secs(90));
        metrics.set_oldest_callback(Duration::from_secs(7));
        metrics.set_unreachable([("p2", Duration::from_secs(61))]);
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
            concat!("gw_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
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
}
