//! What an identity provider publishes of itself: where it is asked, and the keys that it signs with.

use std::sync::Arc;

use anyhow::{Context, ensure};
use jiff::Timestamp;
use serde::Deserialize;

use super::{KEYS_AT_MOST_EVERY, Provider};
use crate::access::options::is_safe;
use crate::crypto::identity_token::KeySet;

/// How long what was fetched counts as known, in seconds.
const FRESH: i64 = 24 * 3600;

/// Where a provider is asked what (OpenID Connect Discovery 1.0).
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Endpoints {
    issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    jwks_uri: String,
}

/// What was fetched, and when.
#[derive(Default)]
pub(super) struct Known {
    endpoints: Option<(Timestamp, Arc<Endpoints>)>,
    keys: Option<(Timestamp, Arc<KeySet>)>,
}

impl Provider {
    pub(super) async fn endpoints(&self) -> anyhow::Result<Arc<Endpoints>> {
        let mut known = self.known.lock().await;
        self.endpoints_in(&mut known).await
    }

    async fn endpoints_in(&self, known: &mut Known) -> anyhow::Result<Arc<Endpoints>> {
        let now = self.clock.now();
        if let Some((at, endpoints)) = &known.endpoints
            && seconds_since(*at, now) < FRESH
        {
            return Ok(Arc::clone(endpoints));
        }
        let issuer = &self.options.issuer;
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let endpoints: Endpoints =
            serde_json::from_slice(&self.fetch(&url).await?).context("the provider's configuration")?;
        ensure!(
            endpoints.issuer == *issuer,
            "the provider's configuration: expected the issuer `{issuer}`, found `{}`",
            endpoints.issuer
        );
        for address in [&endpoints.authorization_endpoint, &endpoints.token_endpoint, &endpoints.jwks_uri] {
            ensure!(
                is_safe(address),
                "the provider's configuration: `{address}` does not begin with `https://`"
            );
        }
        let endpoints = Arc::new(endpoints);
        known.endpoints = Some((now, Arc::clone(&endpoints)));
        Ok(endpoints)
    }

    /// The provider's keys. `anew` fetches them, where a token names one that is not among them, but not more often than
    /// once a minute: anybody can name keys.
    pub(super) async fn keys(&self, anew: bool) -> anyhow::Result<Arc<KeySet>> {
        let mut known = self.known.lock().await;
        let now = self.clock.now();
        if let Some((at, keys)) = &known.keys {
            let age = seconds_since(*at, now);
            let least = i64::try_from(KEYS_AT_MOST_EVERY.as_secs()).unwrap_or(i64::MAX);
            if age < if anew { least } else { FRESH } {
                return Ok(Arc::clone(keys));
            }
        }
        let url = self.endpoints_in(&mut known).await?.jwks_uri.clone();
        let keys = KeySet::read(&self.fetch(&url).await?).context("the provider's keys")?;
        let keys = Arc::new(keys);
        known.keys = Some((now, Arc::clone(&keys)));
        Ok(keys)
    }

    async fn fetch(&self, url: &str) -> anyhow::Result<Vec<u8>> {
        let received = self.client.get(url).await.with_context(|| format!("`{url}`"))?;
        ensure!(received.status == 200, "`{url}`: expected 200, found {}", received.status);
        Ok(received.body)
    }
}

fn seconds_since(at: Timestamp, now: Timestamp) -> i64 {
    now.duration_since(at).as_secs().max(0)
}
