//! How long answers are kept for requests that come again.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Api;
use crate::store::api_answers;

/// How often answers that are too old are looked for.
const EVERY: Duration = Duration::from_secs(3_600);

/// Forgets old answers, for as long as it is polled. It stands beside the requests, so that none of them waits for it.
pub(crate) async fn forget_old(api: Api) {
    loop {
        let kept = SignedDuration::from_hours(24 * i64::from(api.options.answers_days));
        let before = api.clock.now().saturating_sub(kept).unwrap_or(Timestamp::MIN);
        match api.store.write(move |connection| api_answers::forget(connection, before)).await {
            Ok(0) => {}
            Ok(answers) => tracing::info!(answers, "old answers to the core system forgotten"),
            Err(error) => tracing::warn!(%error, "old answers to the core system could not be forgotten"),
        }
        api.clock.wait(EVERY).await;
    }
}
