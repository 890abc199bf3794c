//! What stands between strangers and the listener that platforms reach: who may come in, how often, how much they may say,
//! and which requests are not looked at because two readers could read them differently. `deploy/EDGE.md` has every
//! setting, and what it is against.

mod address;
mod budget;
mod connections;
mod gate;
mod guard;
mod network;
mod options;
mod tls;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use governor::clock::DefaultClock;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

pub use address::address;
pub use budget::{Addresses, Budget, one_in};
pub use connections::{Caller, Connections};
pub use gate::{Gate, Stranger};
pub use guard::guard;
pub use network::Networks;
pub use options::{EdgeOptions, LimitOptions, OPEN, positive};
pub use tls::TlsOptions;

use crate::domain::identity::PlatformId;

/// What all strangers together may have recorded of what they send, in KiB: so many at once, and so many each second. It is
/// half a gigabyte a day.
const KEPT_AT_ONCE: u32 = 65_536;
const KEPT_PER_SECOND: u32 = 6;

/// The edge of a process. Cloning shares it.
#[derive(Clone)]
pub struct Edge(Arc<Inner>);

struct Inner {
    limits: LimitOptions,
    proxies: Networks,
    requests: Addresses,
    failures: Addresses,
    records: DefaultDirectRateLimiter,
    kept: DefaultDirectRateLimiter,
    gates: BTreeMap<PlatformId, Gate>,
}

impl Edge {
    pub fn new<'a>(
        limits: &LimitOptions,
        proxies: &Networks,
        platforms: impl IntoIterator<Item = (PlatformId, &'a EdgeOptions)>,
    ) -> Self {
        let clock = DefaultClock::default;
        let requests = Quota::per_second(limits.requests_per_second).allow_burst(limits.burst);
        let failures = one_in(limits.failure_interval).allow_burst(limits.failures);
        let records = Quota::per_minute(limits.records_per_minute).allow_burst(limits.records);
        let kept = Quota::per_second(positive(KEPT_PER_SECOND)).allow_burst(positive(KEPT_AT_ONCE));
        let gates = platforms.into_iter().map(|(id, options)| (id, Gate::new(options)));
        Self(Arc::new(Inner {
            limits: limits.clone(),
            proxies: proxies.clone(),
            requests: Addresses::new(requests, clock()),
            failures: Addresses::new(failures, clock()),
            records: RateLimiter::direct(records),
            kept: RateLimiter::direct(kept),
            gates: gates.collect(),
        }))
    }

    pub fn limits(&self) -> &LimitOptions {
        &self.0.limits
    }

    /// Where a request comes from: see [`address()`].
    pub fn address(&self, request: &HttpRequest) -> Option<IpAddr> {
        address(request, &self.0.proxies)
    }

    /// One more request of an address, before anything of it is read.
    ///
    /// # Errors
    /// How long to wait, where it sent too many, or too many that were nobody's.
    pub fn admit(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        self.0.failures.may_try(address)?;
        self.0.requests.take(address)
    }

    /// A request turned out to be nobody's: of no platform, without a right digest, or of a link that is none. Whoever sends
    /// several of these is not listened to for a while.
    pub fn failed(&self, address: Option<IpAddr>) {
        if let Err(wait) = self.0.failures.take(address) {
            tracing::warn!(?address, ?wait, "too many requests that are nobody's; the address has to wait");
        }
    }

    /// How a platform's pushes come in; None for a platform that the settings do not name.
    pub fn gate(&self, platform: &PlatformId) -> Option<&Gate> {
        self.0.gates.get(platform)
    }

    /// Whether somebody at this address may be a platform. Where each platform has a list and the address is on none, it
    /// learns nothing, not even which platforms there are.
    pub fn may_be_somebody(&self, address: Option<IpAddr>) -> bool {
        let mut gates = self.0.gates.values();
        self.0.gates.is_empty() || gates.any(|gate| gate.allows(address))
    }

    /// Whether one more message of a stranger may be put on record, and whether its bytes may: all of them together may not
    /// fill a disk, from however many addresses they come.
    pub fn may_record(&self) -> bool {
        self.0.records.check().is_ok()
    }

    /// Whether so many bytes of a stranger may be kept.
    pub fn may_keep(&self, bytes: usize) -> bool {
        let size = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        std::num::NonZeroU32::new(size).is_none_or(|size| matches!(self.0.kept.check_n(size), Ok(Ok(()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(limits: &str, platforms: &[(&str, &str)]) -> Edge {
        let limits: LimitOptions = toml::from_str(limits).unwrap();
        let options: Vec<(PlatformId, EdgeOptions)> = platforms
            .iter()
            .map(|(id, options)| (PlatformId::new(*id), toml::from_str(options).unwrap()))
            .collect();
        Edge::new(&limits, &Networks::default(), options.iter().map(|(id, it)| (id.clone(), it)))
    }

    fn peer(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn an_opening_passes_and_a_flood_does_not() {
        let edge = edge("", &[]);
        assert!((0..500).all(|_| edge.admit(peer("192.0.2.1")).is_ok()));
        let passed = (0..10_000).filter(|_| edge.admit(peer("192.0.2.1")).is_ok()).count();
        assert!(passed < 5_000, "{passed}");
        assert_eq!(edge.admit(peer("192.0.2.2")), Ok(()));
    }

    #[test]
    fn whoever_fails_too_often_is_not_listened_to_and_others_are() {
        let edge = edge("failures = 3\nfailure_interval = \"1h\"", &[]);
        for _ in 0..4 {
            assert_eq!(edge.admit(peer("192.0.2.1")), Ok(()));
            edge.failed(peer("192.0.2.1"));
        }
        assert!(edge.admit(peer("192.0.2.1")).unwrap_err() > Duration::from_mins(50));
        assert_eq!(edge.admit(peer("192.0.2.2")), Ok(()));
    }

    #[test]
    fn strangers_can_have_only_so_much_recorded() {
        let edge = edge("records = 2\nrecords_per_minute = 1", &[]);
        assert_eq!([edge.may_record(), edge.may_record(), edge.may_record()], [true, true, false]);
        let megabytes = (0..100).filter(|_| edge.may_keep(1 << 20)).count();
        assert_eq!(megabytes, 64);
        assert!(edge.may_keep(0));
    }

    #[test]
    fn an_address_on_no_list_is_nobody_unless_a_platform_has_none() {
        let (listed, open) = ("allow = [\"203.0.113.0/24\"]", "");
        let closed = edge("", &[("p", listed)]);
        assert!(closed.may_be_somebody(peer("203.0.113.9")) && !closed.may_be_somebody(peer("192.0.2.1")));
        assert!(!closed.may_be_somebody(None));
        assert!(edge("", &[("p", listed), ("q", open)]).may_be_somebody(peer("192.0.2.1")));
    }
}
