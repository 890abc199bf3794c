//! Logging, with traces beside it where the settings and the build have them.

use crate::telemetry::{self, TelemetryOptions};

/// What has to be stopped when the program ends, so that the last traces are sent.
pub(super) struct Running {
    #[cfg(feature = "otel")]
    traces: Option<telemetry::Traces>,
}

/// # Errors
/// When the filter of the log can't be read, or the collector's address or file of headers can't be used.
#[cfg(feature = "otel")]
pub(super) fn start(options: &TelemetryOptions) -> anyhow::Result<Running> {
    let traces = match &options.otlp.endpoint {
        None => None,
        Some(endpoint) => {
            let headers = options.otlp.headers_file.as_deref();
            let client = crate::delivery::traces::TraceClient::new(endpoint, headers)?;
            Some(telemetry::Traces::new(&options.otlp, endpoint, client)?)
        }
    };
    telemetry::start(options, traces.as_ref())?;
    Ok(Running { traces })
}

/// # Errors
/// When the filter of the log can't be read, or the settings ask for traces.
#[cfg(not(feature = "otel"))]
pub(super) fn start(options: &TelemetryOptions) -> anyhow::Result<Running> {
    telemetry::start(options)?;
    Ok(Running {})
}

impl Running {
    #[cfg(feature = "otel")]
    pub(super) async fn stop(self) {
        let Some(traces) = self.traces else { return };
        // It waits for batches that this runtime sends.
        drop(tokio::task::spawn_blocking(move || traces.stop()).await);
    }

    #[cfg(not(feature = "otel"))]
    pub(super) async fn stop(self) {}
}
