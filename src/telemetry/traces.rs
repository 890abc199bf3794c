//! Traces for a collector (OpenTelemetry, OTLP over HTTP with protobuf), in programs built with the feature `otel`.
//!
//! Only spans leave the house, and of those only this program's own: log lines stay out, since they may name an
//! application. A span names a request's path, a job's kind, a platform and an interface.

use std::path::PathBuf;

use serde::Deserialize;

/// The section `telemetry.otlp` of the settings. Without an endpoint nothing is sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TraceOptions {
    /// Where the collector takes traces, as `https://collector.example.com:4318/v1/traces`.
    pub endpoint: Option<String>,
    /// A file of headers, one `name: value` on a line, such as an authorization.
    pub headers_file: Option<PathBuf>,
    /// Of so many thousandths of the traces that begin here. One that began elsewhere is sent if it is sent there.
    pub sample_permille: u16,
}

impl Default for TraceOptions {
    fn default() -> Self {
        Self { endpoint: None, headers_file: None, sample_permille: 100 }
    }
}

#[cfg(feature = "otel")]
pub use exporting::{Traces, begun_elsewhere};

#[cfg(feature = "otel")]
mod exporting {
    use std::time::Duration;

    use actix_web::http::header::HeaderMap;
    use opentelemetry::propagation::{Extractor, TextMapPropagator};
    use opentelemetry::trace::TracerProvider;
    use opentelemetry::{Context, KeyValue};
    use opentelemetry_http::HttpClient;
    use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
    use opentelemetry_sdk::Resource;
    use opentelemetry_sdk::propagation::TraceContextPropagator;
    use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
    use tracing::Subscriber;
    use tracing_subscriber::Layer;
    use tracing_subscriber::filter::filter_fn;
    use tracing_subscriber::registry::LookupSpan;

    use super::TraceOptions;

    /// How long a stop waits for what is not sent yet.
    const LAST_WORDS: Duration = Duration::from_secs(5);

    const NAME: &str = env!("CARGO_PKG_NAME");

    /// What makes traces of spans and sends them, until it is stopped.
    pub struct Traces(SdkTracerProvider);

    impl Traces {
        /// # Errors
        /// When the endpoint is no address.
        pub fn new(
            options: &TraceOptions,
            endpoint: &str,
            client: impl HttpClient + 'static,
        ) -> Result<Self, ExporterBuildError> {
            let exporter = SpanExporter::builder()
                .with_http()
                .with_http_client(client)
                .with_protocol(Protocol::HttpBinary)
                .with_endpoint(endpoint)
                .build()?;
            let about = [KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))];
            let resource = Resource::builder_empty().with_service_name(NAME).with_attributes(about).build();
            let ratio = Sampler::TraceIdRatioBased(ratio(options.sample_permille));
            let provider = SdkTracerProvider::builder()
                .with_batch_exporter(exporter)
                .with_sampler(Sampler::ParentBased(Box::new(ratio)))
                .with_resource(resource)
                .build();
            Ok(Self(provider))
        }

        /// Takes this program's own spans, and no log lines.
        pub(in crate::telemetry) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
        where
            S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
        {
            let tracer = self.0.tracer(NAME);
            let own =
                filter_fn(|metadata| metadata.is_span() && metadata.target().starts_with("baohan_gateway"));
            tracing_opentelemetry::layer()
                .with_tracer(tracer)
                .with_location(false)
                .with_threads(false)
                .with_filter(own)
        }

        /// Sends what is not sent yet, and nothing more afterwards. Blocks for some seconds at most.
        pub fn stop(self) {
            if let Err(error) = self.0.shutdown_with_timeout(LAST_WORDS) {
                tracing::warn!(%error, "the last traces could not be sent");
            }
        }
    }

    #[expect(clippy::disallowed_types, reason = "the sampler takes a ratio, which decides on no money")]
    fn ratio(permille: u16) -> f64 {
        f64::from(permille.min(1000)) / 1000.0
    }

    /// The trace that a request belongs to, by its header `traceparent` (W3C Trace Context).
    pub fn begun_elsewhere(headers: &HeaderMap) -> Context {
        TraceContextPropagator::new().extract(&Headers(headers))
    }

    struct Headers<'a>(&'a HeaderMap);

    impl Extractor for Headers<'_> {
        fn get(&self, key: &str) -> Option<&str> {
            self.0.get(key)?.to_str().ok()
        }

        fn keys(&self) -> Vec<&str> {
            self.0.keys().map(|name| name.as_str()).collect()
        }
    }
}
