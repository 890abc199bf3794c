//! How much one caller may ask for: requests of a client, failed attempts to show a key, time for a body.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use futures_util::{StreamExt, stream};
use governor::Quota;
use governor::clock::DefaultClock;

use super::options::ApiOptions;
use crate::edge::{Addresses, Budget, one_in, positive};

/// So many attempts to show a key may fail from one address, and again one more in each interval.
const FAILURES: NonZeroU32 = positive(20);
const FAILURE_INTERVAL: Duration = Duration::from_secs(3);

/// The budgets of all callers. Cloning shares them.
#[derive(Clone)]
pub struct Limits(Arc<Budgets>);

struct Budgets {
    clients: Budget<String>,
    peers: Addresses,
    /// Hashes of keys that were valid when they were shown last. They pass whatever a neighbour behind the same address
    /// does; at most as many as there are keys.
    known_keys: Mutex<HashSet<String>>,
}

impl Limits {
    pub fn new(options: &ApiOptions) -> Self {
        let requests = Quota::per_second(options.requests_per_second).allow_burst(options.burst);
        Self(Arc::new(Budgets {
            clients: Budget::new(requests, DefaultClock::default()),
            peers: Addresses::new(one_in(FAILURE_INTERVAL).allow_burst(FAILURES), DefaultClock::default()),
            known_keys: Mutex::default(),
        }))
    }

    /// One more request of a client.
    ///
    /// # Errors
    /// How long to wait, where it has sent too many.
    pub(super) fn request(&self, client: &str) -> Result<(), Duration> {
        self.0.clients.take(&client.to_owned())
    }

    /// Whether a key that is not known to be valid may be looked up.
    ///
    /// # Errors
    /// How long to wait, where keys that were none came from this address.
    pub(super) fn may_try(&self, peer: Option<IpAddr>) -> Result<(), Duration> {
        self.0.peers.may_try(peer)
    }

    /// One more failed attempt to show a key.
    ///
    /// # Errors
    /// How long to wait, where there were too many.
    pub(super) fn failed(&self, peer: Option<IpAddr>) -> Result<(), Duration> {
        self.0.peers.take(peer)
    }

    pub(super) fn is_known(&self, key_hash: &str) -> bool {
        self.known_keys().contains(key_hash)
    }

    pub(super) fn know(&self, key_hash: String) {
        self.known_keys().insert(key_hash);
    }

    pub(super) fn forget(&self, key_hash: &str) {
        self.known_keys().remove(key_hash);
    }

    fn known_keys(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.known_keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body that breaks off with [`ErrorKind::TimedOut`] if it does not end in time.
pub(super) fn within(time: Duration, payload: Payload) -> Payload {
    let end = tokio::time::Instant::now() + time;
    let chunks = stream::unfold(Some(payload), move |payload| async move {
        let mut payload = payload?;
        match tokio::time::timeout_at(end, payload.next()).await {
            Ok(chunk) => chunk.map(|chunk| (chunk, Some(payload))),
            Err(_) => Some((Err(PayloadError::Io(ErrorKind::TimedOut.into())), None)),
        }
    });
    Payload::Stream { payload: chunks.boxed_local() }
}
