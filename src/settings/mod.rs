//! Settings: a built-in commented default, then files, then the environment, then files that hold secrets. A key that
//! nobody knows stops the start.

mod key_source;
mod load;
mod master_key;
mod role;
mod sealed_secrets;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

pub use key_source::KeySource;
pub use load::{SettingsError, load, load_archive, load_master};
pub use master_key::{KeyringOptions, MasterSource};
pub use role::Role;

use crate::access::AccessOptions;
use crate::alarms::AlarmOptions;
use crate::api::ApiOptions;
use crate::console::ConsoleOptions;
use crate::delivery::client::ClientOptions;
use crate::delivery::evidence::EvidenceOptions;
use crate::delivery::guard::OutboundOptions;
use crate::dialect::PlatformOptions;
use crate::document::{DocumentOptions, Form};
use crate::domain::product::LetterFormat;
use crate::downloads::DownloadOptions;
use crate::edge::{EdgeOptions, LimitOptions, Networks, TlsOptions};
use crate::institution::calendar::CalendarOptions;
use crate::institution::letterhead::InstitutionOptions;
use crate::institution::redirects::RedirectOptions;
use crate::institution::rules::{EntryOptions, UnderwritingOptions};
use crate::jobs::{CallbackOptions, JobOptions, RoundOptions};
use crate::proposals::ProposalOptions;
use crate::reconciliation::{ReconciliationOptions, StatementOptions};
use crate::seal::pdf::PdfSignatureProfile;
use crate::secret::Secret;
use crate::signing::{DeviceOptions, ServiceOptions};
use crate::store::StoreOptions;
use crate::store::archive::ArchiveOptions;
use crate::store::audit::AuditOptions;
use crate::telemetry::TelemetryOptions;

/// The commented defaults; also the manual of every key.
pub const DEFAULT: &str = include_str!("default.toml");

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub server: ServerOptions,
    #[serde(default)]
    pub api: ApiOptions,
    #[serde(default)]
    pub console: ConsoleOptions,
    #[serde(default)]
    pub access: AccessOptions,
    pub store: StoreOptions,
    #[serde(default)]
    pub archive: ArchiveOptions,
    #[serde(default)]
    pub audit: AuditOptions,
    pub keyring: KeyringOptions,
    pub institution: InstitutionOptions,
    pub seal: SealOptions,
    #[serde(default)]
    pub documents: DocumentOptions,
    #[serde(default)]
    pub downloads: DownloadOptions,
    #[serde(default)]
    pub redirects: RedirectOptions,
    #[serde(default)]
    pub dialects: DialectOptions,
    #[serde(default)]
    pub jobs: JobOptions,
    #[serde(default)]
    pub rounds: RoundOptions,
    #[serde(default)]
    pub callbacks: CallbackOptions,
    #[serde(default)]
    pub proposals: ProposalOptions,
    #[serde(default)]
    pub reconciliation: ReconciliationOptions,
    #[serde(default)]
    pub delivery: ClientOptions,
    /// What may be called beside what the other sections name.
    #[serde(default)]
    pub outbound: OutboundOptions,
    #[serde(default)]
    pub evidence: EvidenceOptions,
    #[serde(default)]
    pub telemetry: TelemetryOptions,
    #[serde(default)]
    pub alarms: AlarmOptions,
    #[serde(default)]
    pub platforms: BTreeMap<String, PlatformSection>,
    /// What overrides keys of `[platforms.ID.underwriting]`, in the order in which they apply.
    #[serde(default)]
    pub rules: Vec<EntryOptions>,
    /// Which days are worked on, for rules that ask.
    #[serde(default)]
    pub calendar: CalendarOptions,
}

/// One platform: how it speaks, and what the institution's rules for it are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformSection {
    pub wire: PlatformOptions,
    pub underwriting: UnderwritingOptions,
    /// Who may push, and how much.
    #[serde(default)]
    pub edge: EdgeOptions,
    #[serde(default)]
    pub letters: LetterOptions,
    /// How the platform's own statement is read.
    #[serde(default)]
    pub statement: StatementOptions,
}

/// How letters for one platform look, where it is not as its dialect and the kind of institution have it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LetterOptions {
    pub form: Option<Form>,
    pub format: Option<LetterFormat>,
    /// How PDF letters are signed.
    pub signature: PdfSignatureProfile,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerOptions {
    /// What this process does.
    pub role: Role,
    /// Where platforms push to; a worker has nothing but its health pages there.
    pub listen: SocketAddr,
    /// A longer body is answered with a failure and not kept.
    pub body_bytes: usize,
    /// A body that takes longer is answered with a failure.
    pub body_seconds: u64,
    /// How long a stop waits for pushes that are being answered.
    pub drain_seconds: u64,
    /// How long a stop goes on to answer before that, while its readiness says that it drains.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub drain_announce: Duration,
    /// Addresses of proxies whose `X-Forwarded-For` is believed.
    #[serde(default)]
    pub proxies: Networks,
    #[serde(default)]
    pub limits: LimitOptions,
    pub tls: Option<TlsOptions>,
}

/// The seal and the key that uses it, which is in one of four places: see [`SealOptions::key_source`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealOptions {
    /// The institution's SM2 signing key (PEM).
    pub signer_key: Option<PathBuf>,
    /// The certificate of the signing key (PEM).
    pub signer_certificate: Option<PathBuf>,
    /// Key and certificate in one file (PKCS#12).
    pub signer_pkcs12: Option<PathBuf>,
    /// The password of that file.
    pub pkcs12_password: Option<Secret>,
    /// A service that signs.
    pub service: Option<ServiceOptions>,
    /// A device that signs.
    pub device: Option<DeviceOptions>,
    /// The electronic seal that the seal maker made for it (DER, GB/T 38540).
    pub electronic_seal: PathBuf,
    /// An RSA or ECDSA key (PEM) for PDF letters whose signature is `cms`.
    pub pdf_key: Option<PathBuf>,
    /// Its certificate, and behind it those of its issuers (PEM).
    pub pdf_certificates: Option<PathBuf>,
    /// Certificates of authorities (PEM) that are trusted when a platform asks whether a letter is genuine.
    pub anchors: Option<PathBuf>,
}

/// Dialects beside the built-in ones.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DialectOptions {
    /// A folder of dialect tables (`*.toml`).
    pub folder: Option<PathBuf>,
}

#[cfg(test)]
mod tests;
