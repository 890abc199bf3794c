//! How much one caller may ask for: requests of a client, failed attempts to show a key, time for a body.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use futures_util::{StreamExt, stream};
use governor::clock::{Clock, DefaultClock, Reference};
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use super::options::{ApiOptions, positive};

/// So many attempts to show a key may fail from one address, and again one more in each interval.
const FAILURES: NonZeroU32 = positive(20);
const FAILURE_INTERVAL: Duration = Duration::from_secs(3);

/// More addresses are not remembered one by one: those that come then share one budget.
const MOST_PEERS: usize = 10_000;

/// The budgets of all callers. Cloning shares them.
#[derive(Clone)]
pub struct Limits(Arc<Budgets>);

struct Budgets {
    clients: Limiter<String>,
    peers: Peers,
    /// Hashes of keys that were valid when they were shown last. They pass whatever a neighbour behind the same address
    /// does; at most as many as there are keys.
    known_keys: Mutex<HashSet<String>>,
}

impl Limits {
    pub fn new(options: &ApiOptions) -> Self {
        let requests = Quota::per_second(options.requests_per_second).allow_burst(options.burst);
        Self(Arc::new(Budgets {
            clients: Limiter::new(requests, DefaultClock::default()),
            peers: Peers::new(DefaultClock::default()),
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
        self.0.peers.failed(peer)
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

/// A budget (GCRA) for each key. The clock is monotonic: setting the system's time gives and takes nothing.
struct Limiter<K: Hash + Eq + Clone, C: Clock = DefaultClock> {
    limiter: RateLimiter<K, DashMapStateStore<K>, C, governor::middleware::NoOpMiddleware<C::Instant>>,
    clock: C,
}

impl<K: Hash + Eq + Clone, C: Clock + Clone> Limiter<K, C> {
    fn new(quota: Quota, clock: C) -> Self {
        let limiter = RateLimiter::new(quota, DashMapStateStore::default(), clock.clone());
        Self { limiter, clock }
    }

    fn take(&self, key: &K) -> Result<(), Duration> {
        self.limiter.check_key(key).map_err(|until| until.wait_time_from(self.clock.now()))
    }
}

/// Failed attempts by address, in bounded memory.
struct Peers<C: Clock = DefaultClock> {
    failures: Limiter<IpAddr, C>,
    /// Who has to wait, and until when.
    waiting: Mutex<HashMap<IpAddr, C::Instant>>,
}

impl<C: Clock + Clone> Peers<C> {
    fn new(clock: C) -> Self {
        let quota = Quota::with_period(FAILURE_INTERVAL).unwrap_or(Quota::per_second(NonZeroU32::MIN));
        Self { failures: Limiter::new(quota.allow_burst(FAILURES), clock), waiting: Mutex::default() }
    }

    fn may_try(&self, peer: Option<IpAddr>) -> Result<(), Duration> {
        let (mut waiting, now) = (self.waiting(), self.failures.clock.now());
        let peer = household(peer);
        match waiting.get(&peer) {
            Some(until) if *until > now => Err(until.duration_since(now).into()),
            Some(_) => {
                waiting.remove(&peer);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn failed(&self, peer: Option<IpAddr>) -> Result<(), Duration> {
        let (limiter, now) = (&self.failures.limiter, self.failures.clock.now());
        let mut peer = household(peer);
        if limiter.len() >= MOST_PEERS {
            // Whoever's budget is full again need not be remembered.
            limiter.retain_recent();
            self.waiting().retain(|_, until| *until > now);
            if limiter.len() >= MOST_PEERS {
                peer = EVERYBODY;
            }
        }
        limiter.check_key(&peer).map_err(|until| {
            if peer != EVERYBODY {
                self.waiting().insert(peer, until.earliest_possible());
            }
            until.wait_time_from(now)
        })
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<IpAddr, C::Instant>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those that are too many to be told apart, and whoever has no address.
const EVERYBODY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Whoever has one address of IPv6 has the 2⁶⁴ of its network.
fn household(address: Option<IpAddr>) -> IpAddr {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V6(address)) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        Some(address) => address,
        None => EVERYBODY,
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

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    #[test]
    fn a_client_that_has_used_its_burst_waits_for_its_rate_and_its_neighbour_does_not() {
        let clock = FakeRelativeClock::default();
        let quota = Quota::per_second(positive(2)).allow_burst(positive(3));
        let limiter = Limiter::new(quota, clock.clone());
        let took = |client: &str| limiter.take(&client.to_owned());
        assert_eq!([took("a"), took("a"), took("a")], [Ok(()); 3]);
        assert_eq!(took("a"), Err(Duration::from_millis(500)));
        assert_eq!(took("b"), Ok(()));
        clock.advance(Duration::from_millis(500));
        assert_eq!(took("a"), Ok(()));
        assert!(took("a").is_err());
    }

    #[test]
    fn an_address_that_fails_too_often_waits_and_then_has_one_more_attempt() {
        let clock = FakeRelativeClock::default();
        let (peers, peer) = (Peers::new(clock.clone()), Some("192.0.2.1".parse().unwrap()));
        for _ in 0..FAILURES.get() {
            assert_eq!((peers.may_try(peer), peers.failed(peer)), (Ok(()), Ok(())));
        }
        assert_eq!((peers.may_try(peer), peers.failed(peer)), (Ok(()), Err(FAILURE_INTERVAL)));
        assert_eq!(peers.may_try(peer), Err(FAILURE_INTERVAL));
        assert_eq!(peers.may_try(Some("192.0.2.2".parse().unwrap())), Ok(()));
        clock.advance(FAILURE_INTERVAL);
        assert_eq!((peers.may_try(peer), peers.failed(peer)), (Ok(()), Ok(())));
        assert!(peers.failed(peer).is_err() && peers.may_try(peer).is_err());
    }

    #[test]
    fn a_flood_of_addresses_does_not_fill_the_memory_and_passes_with_time() {
        let clock = FakeRelativeClock::default();
        let peers = Peers::new(clock.clone());
        let address = |number: usize| Some(IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(number).unwrap())));
        let passed = (1..=MOST_PEERS + 1000).filter(|number| peers.failed(address(*number)).is_ok()).count();
        let shared = usize::try_from(FAILURES.get()).unwrap();
        assert_eq!(passed, MOST_PEERS + shared, "the shared budget is used up");
        assert!(peers.failures.limiter.len() <= MOST_PEERS + 1);
        assert_eq!(
            peers.may_try(address(MOST_PEERS + 1000)),
            Ok(()),
            "a stranger is not shut out for others"
        );
        clock.advance(FAILURE_INTERVAL * (FAILURES.get() + 1));
        assert!(peers.failed(address(MOST_PEERS + 5000)).is_ok());
        assert!(peers.failures.limiter.len() < 10);
    }

    #[test]
    fn a_network_of_ipv6_is_one_caller() {
        let peers = Peers::new(FakeRelativeClock::default());
        let address = |host: u32| Some(format!("2001:db8::{host:x}").parse().unwrap());
        let passed = (1..100).filter(|host| peers.failed(address(*host)).is_ok()).count();
        assert_eq!(passed, usize::try_from(FAILURES.get()).unwrap());
        assert!(peers.failed(Some("2001:db8:1::1".parse().unwrap())).is_ok());
        assert_eq!(
            household(Some("::ffff:192.0.2.1".parse().unwrap())),
            IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))
        );
    }
}
