//! Where log lines go and how they look: lines for people on a terminal, JSON for collectors elsewhere.

use std::io::IsTerminal;

use serde::Deserialize;
use tracing::Subscriber;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use super::TelemetryOptions;

/// How a log line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// `Pretty` on a terminal, `Json` otherwise.
    #[default]
    Auto,
    /// One line for a person, in colour on a terminal.
    Pretty,
    /// One JSON object a line, with the fields of the event and of its span.
    Json,
}

/// Why logging could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(
        "telemetry.log_filter: expected directives such as `info` or `info,baohan_gateway=debug`, found `{found}`"
    )]
    Filter { found: String, source: ParseError },
    #[cfg(not(feature = "otel"))]
    #[error(
        "telemetry.otlp.endpoint: expected none, since this program was built without the feature `otel`"
    )]
    NoTraces,
    #[error("logging was started twice in one process")]
    Twice(#[from] TryInitError),
}

/// What else is made of spans and events.
pub(super) type Further = Box<dyn Layer<Registry> + Send + Sync>;

/// Starts logging to standard error for the whole process. Times are UTC (RFC 3339).
///
/// # Errors
/// When the filter cannot be read, or when logging runs already.
#[cfg(not(feature = "otel"))]
pub fn start(options: &TelemetryOptions) -> Result<(), StartError> {
    readable(options)?;
    begin(options, None)
}

/// The same, with traces beside it.
///
/// # Errors
/// When the filter cannot be read, or when logging runs already.
#[cfg(feature = "otel")]
pub fn start(options: &TelemetryOptions, traces: Option<&super::Traces>) -> Result<(), StartError> {
    let further = traces.map(|traces| -> Further { Box::new(traces.layer()) });
    begin(options, further)
}

/// What a process logs and traces with, for a test that has its own.
#[cfg(all(test, feature = "otel"))]
pub(crate) fn subscriber_of(
    options: &TelemetryOptions,
    traces: &super::Traces,
) -> Result<impl Subscriber + Send + Sync, StartError> {
    subscriber(options, false, std::io::sink, Some(Box::new(traces.layer())))
}

fn begin(options: &TelemetryOptions, further: Option<Further>) -> Result<(), StartError> {
    let terminal = std::io::stderr().is_terminal();
    subscriber(options, terminal, std::io::stderr, further)?.try_init()?;
    Ok(())
}

pub(super) fn subscriber<W>(
    options: &TelemetryOptions,
    terminal: bool,
    writer: W,
    further: Option<Further>,
) -> Result<impl Subscriber + Send + Sync, StartError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = fmt::layer().with_writer(writer);
    // A line that can't be written (the disk is full) would be complained about on standard error, which is where it could
    // not be written; that panics in whatever had something to say.
    let lines = lines.log_internal_errors(false);
    let json = match options.log_format {
        LogFormat::Auto => !terminal,
        LogFormat::Pretty => false,
        LogFormat::Json => true,
    };
    let lines: Box<dyn Layer<_> + Send + Sync> = if json {
        Box::new(lines.json().flatten_event(true).with_span_list(false))
    } else {
        Box::new(lines.compact().with_ansi(terminal))
    };
    Ok(tracing_subscriber::registry().with(further).with(lines.with_filter(filter(options)?)))
}

/// Whether logging could be started with these options.
///
/// # Errors
/// When the filter cannot be read.
pub fn readable(options: &TelemetryOptions) -> Result<(), StartError> {
    #[cfg(not(feature = "otel"))]
    if options.otlp.endpoint.is_some() {
        return Err(StartError::NoTraces);
    }
    filter(options).map(drop)
}

fn filter(options: &TelemetryOptions) -> Result<EnvFilter, StartError> {
    EnvFilter::builder()
        .parse(&options.log_filter)
        .map_err(|source| StartError::Filter { found: options.log_filter.clone(), source })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::secret::Secret;
    use crate::telemetry::Masked;

    /// A writer whose bytes a test can read.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(options: &TelemetryOptions, terminal: bool, events: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = subscriber(options, terminal, move || writer.clone(), None).unwrap();
        tracing::subscriber::with_default(subscriber, events);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn away_from_a_terminal_a_line_is_json_with_the_fields_of_event_and_span() {
        let text = logged(&TelemetryOptions::default(), false, || {
            let _span = tracing::info_span!("request", request.id = "r1").entered();
            tracing::info!(platform = "p1", "push accepted");
        });
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["message"], "push accepted");
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["platform"], "p1");
        assert_eq!(line["span"]["request.id"], "r1");
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'), "{text}");
    }

    #[test]
    fn on_a_terminal_a_line_is_for_people() {
        let text = logged(&TelemetryOptions::default(), true, || tracing::info!("push accepted"));
        assert!(text.contains("push accepted"));
        assert!(!text.starts_with('{'), "{text}");
    }

    #[test]
    fn a_format_that_is_asked_for_wins_over_the_terminal() {
        let json = TelemetryOptions { log_format: LogFormat::Json, ..TelemetryOptions::default() };
        assert!(logged(&json, true, || tracing::info!("x")).starts_with('{'));
        let pretty = TelemetryOptions { log_format: LogFormat::Pretty, ..TelemetryOptions::default() };
        let text = logged(&pretty, false, || tracing::info!("x"));
        assert!(!text.starts_with('{') && !text.contains('\u{1b}'), "no JSON and no colour codes: {text}");
    }

    #[test]
    fn the_filter_decides_what_is_written() {
        let options = TelemetryOptions { log_filter: "warn".to_owned(), ..TelemetryOptions::default() };
        let text = logged(&options, false, || {
            tracing::info!("quiet");
            tracing::warn!("loud");
        });
        assert!(text.contains("loud") && !text.contains("quiet"), "{text}");
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_named_with_what_was_found() {
        let options = TelemetryOptions { log_filter: "info,=".to_owned(), ..TelemetryOptions::default() };
        let error = subscriber(&options, false, std::io::stderr, None).err().unwrap();
        assert!(error.to_string().contains("telemetry.log_filter") && error.to_string().contains("`info,=`"));
    }

    #[test]
    fn masked_values_and_secrets_do_not_reach_a_line() {
        let secret = Secret::new("b5ae36fc");
        let text = logged(&TelemetryOptions::default(), false, || {
            tracing::info!(phone = %Masked::phone("13812341234"), key = ?secret, "applicant known");
        });
        assert!(text.contains("138****1234"), "{text}");
        assert!(!text.contains("13812341234") && !text.contains("b5ae36fc"), "{text}");
    }

    #[test]
    fn settings_refuse_a_field_they_do_not_know() {
        let error = toml::from_str::<TelemetryOptions>("log_fromat = 'json'").unwrap_err();
        assert!(error.to_string().contains("log_fromat"));
        let options: TelemetryOptions = toml::from_str("log_format = 'json'").unwrap();
        assert_eq!(options.log_format, LogFormat::Json);
        assert_eq!(options.metrics_listen.to_string(), "127.0.0.1:9464");
    }
}
