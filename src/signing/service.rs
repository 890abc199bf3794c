//! A signing service of a certificate authority (签名验签服务), asked over HTTP for one signature at a time.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rand::RngExt as _;
use tokio::runtime::Handle;
use uuid::Uuid;

use super::outside::{KeyHolder, SigningError};
use super::{ServiceOptions, protocol};
use crate::clock::Clock;
use crate::crypto::certificate::Certificate;
use crate::crypto::sm2::Signature;
use crate::delivery::client::Failure;
use crate::delivery::service::{Access, Answer, Service};
use crate::telemetry::SignatureSource;

/// The pause after the first attempt; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A letter does not wait longer; its job does.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(3600);

/// One key of a signing service.
pub struct SigningService {
    service: Service,
    key: String,
    name: String,
    timeout: Duration,
    attempts: u32,
    clock: Clock,
    runtime: Handle,
}

impl SigningService {
    /// Takes the settings; nothing is asked yet.
    ///
    /// # Errors
    /// When a setting or a file can't be used, or outside a runtime.
    pub fn new(options: &ServiceOptions, clock: &Clock) -> anyhow::Result<Self> {
        let within = "seal.service";
        ensure!(!options.key.is_empty(), "{within}.key: expected the service's name of the key, found none");
        ensure!(options.attempts > 0, "{within}.attempts: expected at least 1, found 0");
        let sensible = !options.timeout.is_zero() && options.timeout <= LONGEST_TIMEOUT;
        ensure!(sensible, "{within}.timeout: expected up to an hour, found {:?}", options.timeout);
        let access = Access {
            within,
            url: &options.url,
            token: &options.token,
            connect: Duration::from_secs(options.connect_seconds),
            ca_file: options.ca_file.as_deref(),
            identity: options.identity.as_deref(),
        };
        let service = Service::new(&access, clock)?;
        Ok(Self {
            name: format!("the signing service {} (key `{}`)", service.url(), options.key),
            service,
            key: options.key.clone(),
            timeout: options.timeout,
            attempts: options.attempts,
            clock: clock.clone(),
            runtime: Handle::try_current().context("a signing service needs a runtime")?,
        })
    }

    /// Asks for the certificate of the key.
    ///
    /// # Errors
    /// When it is not told.
    pub async fn certificate(&self) -> anyhow::Result<Certificate> {
        let path = ["v1", "keys", &self.key];
        let answer = self.until_answered(|within| self.service.get(&path, within)).await;
        answer.and_then(|body| protocol::certificate(&body)).with_context(|| self.name.clone())
    }

    async fn signed(&self, digest: &[u8; 32]) -> Result<Signature, SigningError> {
        let request = protocol::request(Uuid::now_v7(), digest)
            .map_err(|error| SigningError::Unusable(error.to_string()))?;
        let path = ["v1", "keys", &self.key, "signatures"];
        let body = self.until_answered(|within| self.service.post(&path, request.clone(), within)).await?;
        protocol::signature(&body)
    }

    /// Asks until an answer counts or the time is over: an attempt may take its share of what is left.
    async fn until_answered<F>(&self, ask: impl Fn(Duration) -> F) -> Result<Vec<u8>, SigningError>
    where
        F: Future<Output = Result<Answer, Failure>>,
    {
        let deadline = Instant::now() + self.timeout;
        let left = || deadline.saturating_duration_since(Instant::now());
        for attempt in 1..=self.attempts {
            let share = left() / (self.attempts - attempt + 1);
            let (problem, asked_pause) = match judged(ask(share).await) {
                Judged::Answered(body) => return Ok(body),
                Judged::Final(error) => return Err(error),
                Judged::Passing(problem, pause) => (problem, pause),
            };
            let pause = asked_pause.unwrap_or_default().saturating_add(pause_after(attempt));
            if attempt == self.attempts || pause >= left() {
                return Err(SigningError::Unavailable(format!(
                    "{problem} (attempt {attempt} of {})",
                    self.attempts
                )));
            }
            tracing::debug!(attempt, reason = problem, "a signature is asked for again");
            self.clock.wait(pause).await;
        }
        Err(SigningError::Unavailable("no attempt was made".to_owned()))
    }
}

impl KeyHolder for SigningService {
    fn source(&self) -> SignatureSource {
        SignatureSource::Service
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn sign(&self, digest: &[u8; 32]) -> Result<Signature, SigningError> {
        self.runtime.block_on(self.signed(digest))
    }
}

/// What an attempt means for the next one.
enum Judged {
    Answered(Vec<u8>),
    /// The same request would get the same answer.
    Final(SigningError),
    /// It may go better next time, though not before the pause that was asked for.
    Passing(String, Option<Duration>),
}

fn judged(answer: Result<Answer, Failure>) -> Judged {
    let answer = match answer {
        Ok(answer) => answer,
        Err(failure @ Failure::TooLarge) => {
            return Judged::Final(SigningError::Unusable(failure.to_string()));
        }
        Err(failure) => return Judged::Passing(failure.to_string(), None),
    };
    if answer.status == 200 {
        return Judged::Answered(answer.body);
    }
    let status = format!("answered with status {}", answer.status);
    let problem = match protocol::complaint(&answer.body) {
        Some(complaint) => format!("{status}: `{complaint}`"),
        None => status,
    };
    match answer.status {
        408 | 429 | 500.. => Judged::Passing(problem, answer.retry_after),
        _ => Judged::Final(SigningError::Refused(problem)),
    }
}

/// Half of the pause is left to chance, so that letters that failed together do not come back together.
fn pause_after(attempt: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(attempt - 1));
    doubled.min(LONGEST_PAUSE) * rand::rng().random_range(50..=100) / 100
}

#[cfg(test)]
mod tests;
