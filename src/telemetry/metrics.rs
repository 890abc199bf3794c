//! The numbers the gateway counts, under the prefix `gw_`.
//!
//! Labels are bounded: a platform and an interface come from settings and tables, everything else from enums or
//! literals. Nothing that names a guarantee or a person is ever a label.

mod families;
mod labels;
mod readings;
mod snapshot;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::text;

use families::Families;
use labels::{
    AlarmKind, AlarmLabels, ApiLabels, AttemptLabels, ChunkLabels, DifferenceLabels, DownloadLabels,
    GuaranteeLabels, JobKind, JobLabels, LimitLabel, NameLabel, NoLabels, PlatformLabel, PushLabels,
    SignatureLabels,
};
pub use labels::{AttemptResult, DownloadResult, InboundOutcome, JobCount, SignatureResult, SignatureSource};

/// The label of a platform or an interface that the gateway does not have: whatever the sender wrote is no label.
const UNKNOWN: &str = "unknown";

/// All metrics of the process. Cloning shares them.
#[derive(Clone)]
pub struct Metrics(Arc<Families>);

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    pub fn new() -> Self {
        Self(Arc::new(Families::registered()))
    }

    /// A platform that there is, and what it may ask for. Counters that an alert looks at are there from now on, at zero:
    /// an increase from nothing to one is none to whoever evaluates it.
    pub fn expect_platform<'a>(&self, platform: &str, interfaces: impl IntoIterator<Item = &'a str>) {
        let label = PlatformLabel { platform: platform.to_owned() };
        drop(self.0.decrypt_failures.get_or_create(&label));
        for interface in interfaces {
            let labels = PushLabels {
                platform: platform.to_owned(),
                interface: interface.to_owned(),
                outcome: InboundOutcome::BadSign.label(),
            };
            drop(self.0.pushes.get_or_create(&labels));
        }
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

    /// Sets which platforms a person has paused, of all that there are.
    pub fn set_paused<'a>(&self, platforms: impl IntoIterator<Item = (&'a str, bool)>) {
        self.0.paused.replace(
            platforms.into_iter().map(|(platform, paused)| {
                (PlatformLabel { platform: platform.to_owned() }, i64::from(paused))
            }),
        );
    }

    /// The breaker of a platform in this process: 0 closed, 1 half-open, 2 open.
    pub fn set_breaker(&self, platform: &str, state: i64) {
        self.0.breakers.get_or_create(&PlatformLabel { platform: platform.to_owned() }).set(state);
        self.0.readings.lock().breakers.insert(platform.to_owned(), state);
    }

    /// The breakers of this process, as they were set last.
    pub fn breakers(&self) -> BTreeMap<String, i64> {
        self.0.readings.lock().breakers.clone()
    }

    /// How many seconds a platform's clock is ahead of ours.
    pub fn set_clock_offset(&self, platform: &str, seconds: i64) {
        self.0.clock_offsets.get_or_create(&PlatformLabel { platform: platform.to_owned() }).set(seconds);
        self.0.readings.lock().clock_offsets.insert(platform.to_owned(), seconds);
    }

    /// The offsets of the platforms' clocks, as they were set last.
    pub fn clock_offsets(&self) -> BTreeMap<String, i64> {
        self.0.readings.lock().clock_offsets.clone()
    }

    /// Whether the audit trail was found whole.
    pub fn audit_chain(&self, valid: bool) {
        self.0.audit_chain_valid.get_or_create(&NoLabels {}).set(i64::from(valid));
        self.0.readings.lock().audit_chain_valid = Some(valid);
    }

    /// What was found last; None where this process has not looked.
    pub fn audit_chain_valid(&self) -> Option<bool> {
        self.0.readings.lock().audit_chain_valid
    }

    /// Sets when each platform pushed last, in seconds since 1970.
    pub fn set_last_pushes<'a>(&self, times: impl IntoIterator<Item = (&'a str, i64)>) {
        self.0.last_pushes.replace(
            times
                .into_iter()
                .map(|(platform, seconds)| (PlatformLabel { platform: platform.to_owned() }, seconds)),
        );
    }

    /// When a certificate ends, in seconds since 1970. `name` is a word of the code.
    pub fn set_certificate_expiry(&self, name: &'static str, seconds: i64) {
        self.0.certificates.get_or_create(&NameLabel { name }).set(seconds);
    }

    /// The room on a disk, in bytes. `name` is a word of the code: `documents`, `database`.
    pub fn set_disk(&self, name: &'static str, free: u64, size: u64) {
        let bytes = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
        self.0.disk_free.get_or_create(&NameLabel { name }).set(bytes(free));
        self.0.disk_size.get_or_create(&NameLabel { name }).set(bytes(size));
    }

    /// The database was too busy for a read or a write.
    pub fn database_busy(&self) {
        self.0.database_busy.inc();
    }

    /// How often it was since this process began.
    pub fn database_busy_so_far(&self) -> u64 {
        self.0.database_busy.get()
    }

    /// Sets how many alarms are open, as (rule, severity, count).
    pub fn set_open_alarms(&self, counts: impl IntoIterator<Item = (&'static str, &'static str, i64)>) {
        self.0.alarms_open.replace(
            counts.into_iter().map(|(rule, severity, count)| (AlarmLabels { rule, severity }, count)),
        );
    }

    /// How the breaker of a platform stands in this process, as [`Self::set_breaker`] was told.
    pub fn breaker(&self, platform: &str) -> i64 {
        self.0.breakers.get(&PlatformLabel { platform: platform.to_owned() }).map_or(0, |gauge| gauge.get())
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

    /// Sets for how long the archive can't be used; zero where it can.
    pub fn set_archive_unavailable(&self, since: Duration) {
        // The first second counts too: zero says that all is well.
        let seconds = if since.is_zero() { 0 } else { whole_seconds(since).max(1) };
        self.0.archive_unavailable.set(seconds);
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

    /// Sets how many changes were put in force in this process, and whether it lags behind what was adopted.
    pub fn set_changes(&self, in_force: i64, behind: bool) {
        self.0.changes_in_force.set(in_force);
        self.0.changes_behind.set(i64::from(behind));
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

fn whole_seconds(age: Duration) -> i64 {
    i64::try_from(age.as_secs()).unwrap_or(i64::MAX)
}
