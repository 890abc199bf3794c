//! How often somebody may do something: budgets (GCRA) by key and by address, in bounded memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock, Reference};
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

/// More addresses are not remembered one by one: those that come then share one budget.
const MOST_PEERS: usize = 10_000;

/// One in each interval; one in a second, where the interval is nothing.
pub fn one_in(interval: Duration) -> Quota {
    Quota::with_period(interval).unwrap_or(Quota::per_second(NonZeroU32::MIN))
}

/// A budget for each key. The clock is monotonic: setting the system's time gives and takes nothing.
pub struct Budget<K: Hash + Eq + Clone, C: Clock = DefaultClock> {
    limiter: RateLimiter<K, DashMapStateStore<K>, C, governor::middleware::NoOpMiddleware<C::Instant>>,
    clock: C,
}

impl<K: Hash + Eq + Clone, C: Clock + Clone> Budget<K, C> {
    pub fn new(quota: Quota, clock: C) -> Self {
        let limiter = RateLimiter::new(quota, DashMapStateStore::default(), clock.clone());
        Self { limiter, clock }
    }

    /// Spends one.
    ///
    /// # Errors
    /// How long to wait, where there is none left.
    pub fn take(&self, key: &K) -> Result<(), Duration> {
        self.limiter.check_key(key).map_err(|until| until.wait_time_from(self.clock.now()))
    }
}

/// A budget for each address. Whoever has used it up can be told to wait before anything is looked at.
pub struct Addresses<C: Clock = DefaultClock> {
    budget: Budget<IpAddr, C>,
    /// Who has to wait, and until when.
    waiting: Mutex<HashMap<IpAddr, C::Instant>>,
}

impl<C: Clock + Clone> Addresses<C> {
    pub fn new(quota: Quota, clock: C) -> Self {
        Self { budget: Budget::new(quota, clock), waiting: Mutex::default() }
    }

    /// Spends nothing.
    ///
    /// # Errors
    /// How long to wait, where an address has used up its budget.
    pub fn may_try(&self, peer: Option<IpAddr>) -> Result<(), Duration> {
        let (mut waiting, now) = (self.waiting(), self.budget.clock.now());
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

    /// Spends one.
    ///
    /// # Errors
    /// How long to wait, where there is none left.
    pub fn take(&self, peer: Option<IpAddr>) -> Result<(), Duration> {
        let (limiter, now) = (&self.budget.limiter, self.budget.clock.now());
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
pub(super) fn household(address: Option<IpAddr>) -> IpAddr {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V6(address)) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        Some(address) => address,
        None => EVERYBODY,
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;
    use crate::edge::positive;

    const BURST: NonZeroU32 = positive(20);
    const INTERVAL: Duration = Duration::from_secs(3);

    fn addresses(clock: FakeRelativeClock) -> Addresses<FakeRelativeClock> {
        Addresses::new(one_in(INTERVAL).allow_burst(BURST), clock)
    }

    #[test]
    fn a_client_that_has_used_its_burst_waits_for_its_rate_and_its_neighbour_does_not() {
        let clock = FakeRelativeClock::default();
        let quota = Quota::per_second(positive(2)).allow_burst(positive(3));
        let budget = Budget::new(quota, clock.clone());
        let took = |client: &str| budget.take(&client.to_owned());
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
        let (peers, peer) = (addresses(clock.clone()), Some("192.0.2.1".parse().unwrap()));
        for _ in 0..BURST.get() {
            assert_eq!((peers.may_try(peer), peers.take(peer)), (Ok(()), Ok(())));
        }
        assert_eq!((peers.may_try(peer), peers.take(peer)), (Ok(()), Err(INTERVAL)));
        assert_eq!(peers.may_try(peer), Err(INTERVAL));
        assert_eq!(peers.may_try(Some("192.0.2.2".parse().unwrap())), Ok(()));
        clock.advance(INTERVAL);
        assert_eq!((peers.may_try(peer), peers.take(peer)), (Ok(()), Ok(())));
        assert!(peers.take(peer).is_err() && peers.may_try(peer).is_err());
    }

    #[test]
    fn a_flood_of_addresses_does_not_fill_the_memory_and_passes_with_time() {
        let clock = FakeRelativeClock::default();
        let peers = addresses(clock.clone());
        let address = |number: usize| Some(IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(number).unwrap())));
        let passed = (1..=MOST_PEERS + 1000).filter(|number| peers.take(address(*number)).is_ok()).count();
        let shared = usize::try_from(BURST.get()).unwrap();
        assert_eq!(passed, MOST_PEERS + shared, "the shared budget is used up");
        assert!(peers.budget.limiter.len() <= MOST_PEERS + 1);
        assert_eq!(
            peers.may_try(address(MOST_PEERS + 1000)),
            Ok(()),
            "a stranger is not shut out for others"
        );
        clock.advance(INTERVAL * (BURST.get() + 1));
        assert!(peers.take(address(MOST_PEERS + 5000)).is_ok());
        assert!(peers.budget.limiter.len() < 10);
    }

    #[test]
    fn a_network_of_ipv6_is_one_caller() {
        let peers = addresses(FakeRelativeClock::default());
        let address = |host: u32| Some(format!("2001:db8::{host:x}").parse().unwrap());
        let passed = (1..100).filter(|host| peers.take(address(*host)).is_ok()).count();
        assert_eq!(passed, usize::try_from(BURST.get()).unwrap());
        assert!(peers.take(Some("2001:db8:1::1".parse().unwrap())).is_ok());
        assert_eq!(
            household(Some("::ffff:192.0.2.1".parse().unwrap())),
            IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))
        );
    }
}
