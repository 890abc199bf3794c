//! Sending callbacks: signed anew for each attempt, with the same id and the same bytes every time.

mod answer;
mod options;

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context;

pub use options::CallbackOptions;

use super::desk::Desk;
use super::schedule::Schedule;
use super::verdict::Verdict;
use crate::casework::Task;
use crate::crypto::webhook::WebhookSecret;
use crate::delivery::webhook::{WebhookAddress, WebhookClient, WebhookHeaders};
use crate::store::callbacks::{self, CallbackState};
use crate::store::jobs::{self, Cause};

/// After so many failures in a row, of whichever callbacks, the core system counts as away.
const SILENCE: u32 = 3;

/// The core system as callbacks reach it.
pub struct CoreSystem {
    client: WebhookClient,
    /// Those of today, and before a change is over also those of yesterday.
    secrets: Vec<WebhookSecret>,
    pub schedule: Schedule,
    /// Attempts without an answer since the last one that was taken.
    unanswered: AtomicU32,
}

impl CoreSystem {
    /// None where the settings name no address.
    ///
    /// # Errors
    /// When the address, a secret or the authorities can't be used.
    pub fn new(options: &CallbackOptions) -> anyhow::Result<Option<Self>> {
        let Some(url) = options.url.clone() else { return Ok(None) };
        let secret = options.secret.as_ref().context(
            "callbacks.secret: expected a secret, since callbacks.url names an address; found none",
        )?;
        let named = [("secret", Some(secret)), ("previous_secret", options.previous_secret.as_ref())];
        let mut secrets = Vec::new();
        for (key, text) in named {
            let parsed = text.map(|text| WebhookSecret::parse(text.expose()));
            secrets.extend(parsed.transpose().with_context(|| format!("callbacks.{key}"))?);
        }
        let address = WebhookAddress { url, timeout: options.timeout, ca_file: options.ca_file.clone() };
        let (client, schedule) = (WebhookClient::new(&address)?, options.schedule.clone());
        Ok(Some(Self { client, secrets, schedule, unanswered: AtomicU32::new(0) }))
    }

    /// What other processes have left behind, or this one before it was started anew: callbacks that wait because nobody
    /// was there.
    pub fn learn(&self, waiting: u64) {
        if waiting > 0 {
            self.unanswered.fetch_max(SILENCE, Ordering::Relaxed);
        }
    }

    fn signature(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let signatures: Vec<String> =
            self.secrets.iter().map(|secret| secret.sign(id, seconds, body)).collect();
        signatures.join(" ")
    }
}

pub(super) async fn run(desk: &Desk, id: String) -> anyhow::Result<Verdict> {
    let Some(core) = &desk.core_system else {
        let detail = "the settings name no address for callbacks any more";
        return Ok(Verdict::dead(Cause::NotRetryable, detail));
    };
    let wanted = id.clone();
    let found = desk.store.read(move |c| Ok((callbacks::find(c, &wanted)?, callbacks::body(c, &wanted)?)));
    let (Some(record), Some(body)) = found.await? else {
        return Ok(Verdict::dead(Cause::NotRetryable, "the callback is not stored any more"));
    };
    if record.state == CallbackState::Delivered {
        return Ok(Verdict::done());
    }
    let now = desk.clock.now();
    let seconds = now.as_second();
    let headers =
        WebhookHeaders { signature: core.signature(&id, seconds, &body), timestamp: seconds, id: id.clone() };
    let answered = core.client.post(headers, body.to_vec()).await;
    match answer::judge(answered, now) {
        Ok(()) => {
            // Those that wait for hours because nobody was there need not wait any longer.
            let was_away = core.unanswered.swap(0, Ordering::Relaxed) >= SILENCE;
            let at = desk.clock.now();
            Ok(Verdict::writing(move |connection| {
                callbacks::delivered(connection, &id, at)?;
                if was_away {
                    jobs::hasten_unanswered(connection, Task::CALLBACK)?;
                }
                Ok(())
            }))
        }
        Err(verdict) => {
            if let Verdict::Retry { cause: Cause::Unreachable | Cause::Unanswered, .. } = verdict {
                core.unanswered.fetch_add(1, Ordering::Relaxed);
            }
            Ok(verdict)
        }
    }
}
