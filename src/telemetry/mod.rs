//! What the gateway says about itself: logs, metrics, health. It knows no other room, and every room may speak
//! through it.
//!
//! Rules for log lines:
//! - The message is readable alone, lower case, without a full stop; what varies is a field, not part of the text.
//! - One entity, one name: `platform`, `interface`, `guarantee.id`, `push.id`, `job.id`, `job.kind`, `attempt`.
//! - Units stand in names: `waited_ms`, `size_bytes`.
//! - An error is logged once, at the boundary that gives up on it.
//! - Never logged: keys, secrets, the plaintext of a sealed section, raw bodies. Personal data only as [`Masked`], secrets as
//!   [`Secret`](crate::secret::Secret).

mod health;
mod logging;
mod masking;
mod metrics;
mod request;
mod scrape;
mod traces;

use std::net::{Ipv4Addr, SocketAddr};

use serde::Deserialize;

pub use health::{Check, Health};
#[cfg(all(test, feature = "otel"))]
pub(crate) use logging::subscriber_of;
pub use logging::{LogFormat, StartError, readable, start};
pub use masking::Masked;
pub use metrics::{
    AttemptResult, DownloadResult, InboundOutcome, JobCount, Metrics, SignatureResult, SignatureSource,
};
pub use request::{RequestId, SECRET_PATH, trace};
pub use scrape::serve_metrics;
pub use traces::TraceOptions;
#[cfg(feature = "otel")]
pub use traces::Traces;

/// The section `telemetry` of the settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryOptions {
    pub log_format: LogFormat,
    /// Directives as `tracing` reads them: `info`, `info,baohan_gateway::delivery=debug`.
    pub log_filter: String,
    /// Where `/metrics` listens, apart from the platforms' listener and by default for this machine only
    /// (ASVS 13.4.5).
    pub metrics_listen: SocketAddr,
    pub otlp: TraceOptions,
}

impl Default for TelemetryOptions {
    fn default() -> Self {
        Self {
            log_format: LogFormat::Auto,
            log_filter: "info".to_owned(),
            metrics_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9464)),
            otlp: TraceOptions::default(),
        }
    }
}
