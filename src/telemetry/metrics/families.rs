//! Every metric with its name and help text.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::labels::{
    AlarmKind, AlarmLabels, ApiLabels, AttemptLabels, BuildLabels, ChunkLabels, DifferenceLabels,
    DownloadLabels, GuaranteeLabels, JobKind, JobLabels, LimitLabel, NameLabel, NoLabels, PlatformLabel,
    PushLabels, SignatureLabels,
};
use super::readings::Readings;
use super::snapshot::Snapshot;

/// The commit that a build was made of, where whoever builds it says so.
const COMMIT: &str = match option_env!("BAOHAN_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

/// Every family, under its name.
pub(super) struct Families {
    pub(super) registry: Registry,
    pub(super) pushes: Family<PushLabels, Counter>,
    pub(super) push_duration: Histogram,
    pub(super) attempts: Family<AttemptLabels, Counter>,
    pub(super) attempt_duration: Histogram,
    pub(super) jobs: Snapshot<JobLabels>,
    pub(super) jobs_dead: Snapshot<JobKind>,
    pub(super) oldest_ready_job: Gauge,
    pub(super) oldest_callback: Gauge,
    pub(super) unreachable: Snapshot<PlatformLabel>,
    pub(super) paused: Snapshot<PlatformLabel>,
    pub(super) breakers: Family<PlatformLabel, Gauge>,
    pub(super) leases_expired: Counter,
    pub(super) fences_rejected: Counter,
    pub(super) guarantees: Snapshot<GuaranteeLabels>,
    pub(super) oldest_undelivered_restoration: Snapshot<PlatformLabel>,
    pub(super) decrypt_failures: Family<PlatformLabel, Counter>,
    pub(super) seal_duration: Histogram,
    pub(super) outside_signatures: Family<SignatureLabels, Counter>,
    pub(super) outside_signature_duration: Histogram,
    pub(super) chunks: Family<ChunkLabels, Counter>,
    pub(super) downloads: Family<DownloadLabels, Counter>,
    pub(super) archive_unavailable: Gauge,
    pub(super) api_requests: Family<ApiLabels, Counter>,
    pub(super) api_duration: Histogram,
    pub(super) api_limited: Family<LimitLabel, Counter>,
    pub(super) differences: Snapshot<DifferenceLabels>,
    pub(super) changes_in_force: Gauge,
    pub(super) changes_behind: Gauge,
    pub(super) alarms: Family<AlarmKind, Counter>,
    pub(super) alarms_open: Snapshot<AlarmLabels>,
    pub(super) clock_offsets: Family<PlatformLabel, Gauge>,
    pub(super) last_pushes: Snapshot<PlatformLabel>,
    pub(super) certificates: Family<NameLabel, Gauge>,
    pub(super) disk_free: Family<NameLabel, Gauge>,
    pub(super) disk_size: Family<NameLabel, Gauge>,
    pub(super) database_busy: Counter,
    /// Without labels; a family, because there is nothing to show before the first look.
    pub(super) audit_chain_valid: Family<NoLabels, Gauge>,
    /// What of all this is asked for again inside the process.
    pub(super) readings: Readings,
}

impl Families {
    /// All of them at zero, and known to the registry.
    pub(super) fn registered() -> Self {
        let families = Self {
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
            paused: Snapshot::default(),
            breakers: Family::default(),
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
            archive_unavailable: Gauge::default(),
            api_requests: Family::default(),
            api_duration: answer_times(),
            api_limited: Family::default(),
            differences: Snapshot::default(),
            changes_in_force: Gauge::default(),
            changes_behind: Gauge::default(),
            alarms: Family::default(),
            alarms_open: Snapshot::default(),
            clock_offsets: Family::default(),
            last_pushes: Snapshot::default(),
            certificates: Family::default(),
            disk_free: Family::default(),
            disk_size: Family::default(),
            database_busy: Counter::default(),
            audit_chain_valid: Family::default(),
            readings: Readings::default(),
        };
        families.named().and_states().and_house()
    }

    /// Gives every family its name and help text. The client adds `_total` to counters and `_info` to infos.
    fn named(mut self) -> Self {
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
        self
    }

    /// Those that mirror the database.
    fn and_states(mut self) -> Self {
        let registry = &mut self.registry;
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
            "platform_paused",
            "Whether a person has said that nothing is sent to a platform",
            self.paused.family.clone(),
        );
        registry.register(
            "breaker_state",
            "Whether this process calls a platform: 0 it does, 1 one call at a time, 2 it does not",
            self.breakers.clone(),
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
            "last_push_timestamp_seconds",
            "When a platform pushed last, in seconds since 1970; 0 where it never did",
            self.last_pushes.family.clone(),
        );
        registry.register(
            "alarms_open",
            "Alarms that were raised and have not recovered",
            self.alarms_open.family.clone(),
        );
        self
    }

    /// Those of this house: letters, signatures, documents, the core system, the machine.
    fn and_house(mut self) -> Self {
        let registry = &mut self.registry;
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
            "archive_unavailable_seconds",
            "For how long the archive of documents can't be used",
            self.archive_unavailable.clone(),
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
        registry.register(
            "changes_in_force",
            "Adopted changes of secrets, rules and templates by which this process works",
            self.changes_in_force.clone(),
        );
        registry.register(
            "changes_behind",
            "Whether this process can't put in force what was adopted",
            self.changes_behind.clone(),
        );
        registry.register("alarms", "Events that a person must see", self.alarms.clone());
        registry.register(
            "clock_offset_seconds",
            "How far a platform's clock is ahead of ours, by the header Date of its last answer",
            self.clock_offsets.clone(),
        );
        registry.register(
            "certificate_expiry_timestamp_seconds",
            "When a certificate or the seal ends, in seconds since 1970",
            self.certificates.clone(),
        );
        registry.register("disk_free_bytes", "Room that is left where data is kept", self.disk_free.clone());
        registry.register("disk_size_bytes", "Room that there is where data is kept", self.disk_size.clone());
        registry.register(
            "db_busy",
            "Reads and writes that were given up because the database was busy",
            self.database_busy.clone(),
        );
        registry.register(
            "audit_chain_valid",
            "Whether the audit trail was whole when it was verified last: 1 it was, 0 it was not",
            self.audit_chain_valid.clone(),
        );
        registry.register(
            "build",
            "The running version",
            Info::new(BuildLabels { version: env!("CARGO_PKG_VERSION"), commit: COMMIT }),
        );
        self
    }
}

/// Bounds from 1 ms (a push of a few kilobytes) to 30 s (a slice to a slow platform).
fn answer_times() -> Histogram {
    Histogram::new([0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0])
}
