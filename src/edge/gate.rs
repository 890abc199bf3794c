//! The way in for one platform: from where, with which certificate, how often, how much.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use jiff::SignedDuration;

use super::{Caller, EdgeOptions, Networks};

/// One platform's.
pub struct Gate {
    allow: Networks,
    certificates: Vec<String>,
    pushes: DefaultDirectRateLimiter,
    enveloped: DefaultDirectRateLimiter,
    body_bytes: BTreeMap<String, usize>,
    /// A message that was refused, or a question, may come again to the letter for so long after it came first.
    pub again_within: SignedDuration,
    /// For how long messages are known again.
    pub remembered: SignedDuration,
}

/// Why somebody is not let in. The caller is not told which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stranger {
    #[error("来访地址不在该平台的名单中")]
    Address,
    #[error("未出示该平台登记的客户端证书")]
    Certificate,
}

impl Gate {
    pub(super) fn new(options: &EdgeOptions) -> Self {
        let pushes = Quota::per_second(options.requests_per_second).allow_burst(options.burst);
        let again_within = SignedDuration::try_from(options.again_within).unwrap_or(SignedDuration::MAX);
        Self {
            allow: options.allow.clone(),
            certificates: options.client_certificates.iter().map(|pin| normal(pin)).collect(),
            pushes: RateLimiter::direct(pushes),
            enveloped: RateLimiter::direct(Quota::per_minute(options.enveloped_per_minute)),
            body_bytes: options.body_bytes.clone(),
            again_within,
            remembered: SignedDuration::from_hours(24 * i64::from(options.remember_days)),
        }
    }

    /// Whether the platform's addresses are known, so that nobody else's pushes are looked at.
    pub fn is_listed(&self) -> bool {
        !self.allow.is_empty()
    }

    /// Whether the platform may push from this address.
    pub fn allows(&self, address: Option<IpAddr>) -> bool {
        self.allow.is_empty() || address.is_some_and(|address| self.allow.contains(address))
    }

    /// # Errors
    /// What the caller lacks.
    pub fn admit(&self, address: Option<IpAddr>, caller: Option<&Caller>) -> Result<(), Stranger> {
        if !self.allows(address) {
            return Err(Stranger::Address);
        }
        let known = |caller: &Caller| {
            self.certificates.iter().any(|pin| *pin == caller.fingerprint || *pin == caller.subject)
        };
        if self.certificates.is_empty() || caller.is_some_and(known) {
            return Ok(());
        }
        Err(Stranger::Certificate)
    }

    /// One more push of the platform.
    ///
    /// # Errors
    /// How long to wait, where there were too many.
    pub fn push(&self) -> Result<(), Duration> {
        self.pushes.check().map_err(|until| until.wait_time_from(DefaultClock::default().now()))
    }

    /// Whether one more question that nothing authenticates is answered. Where it is not known from where the platform asks,
    /// none is.
    pub fn question_in_envelope(&self) -> bool {
        self.is_listed() && self.enveloped.check().is_ok()
    }

    /// The longest body of an interface, where it has one of its own.
    pub fn body_bytes(&self, interface: &str) -> Option<usize> {
        self.body_bytes.get(interface).copied()
    }
}

/// A fingerprint as we write it, whether it came with colons, spaces or capitals; anything else as it is.
fn normal(pin: &str) -> String {
    let digits: String = pin.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    let is_fingerprint = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_fingerprint { digits.to_ascii_lowercase() } else { pin.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(options: &str) -> Gate {
        Gate::new(&toml::from_str(options).unwrap())
    }

    #[test]
    fn a_caller_needs_an_address_of_the_list_and_a_certificate_of_the_list() {
        let fingerprint = "ab".repeat(32);
        let written = format!("{}:{}", "AB".repeat(16), "AB".repeat(16));
        let gate = gate(&format!(
            "allow = [\"203.0.113.0/24\"]\nclient_certificates = [\"{written}\", \"CN=p,C=CN\"]"
        ));
        let caller = |fingerprint: &str, subject: &str| Caller {
            fingerprint: fingerprint.to_owned(),
            subject: subject.to_owned(),
        };
        let (inside, outside) = (Some("203.0.113.1".parse().unwrap()), Some("192.0.2.1".parse().unwrap()));
        assert_eq!(gate.admit(inside, Some(&caller(&fingerprint, "CN=x"))), Ok(()));
        assert_eq!(gate.admit(inside, Some(&caller("00", "CN=p,C=CN"))), Ok(()));
        assert_eq!(gate.admit(inside, Some(&caller("00", "CN=p,C=CN,O=x"))), Err(Stranger::Certificate));
        assert_eq!(gate.admit(inside, None), Err(Stranger::Certificate));
        assert_eq!(gate.admit(outside, Some(&caller(&fingerprint, ""))), Err(Stranger::Address));
        assert_eq!(gate.admit(None, Some(&caller(&fingerprint, ""))), Err(Stranger::Address));
    }

    #[test]
    fn nothing_in_an_envelope_is_answered_without_a_list_or_beyond_its_own_limit() {
        assert!(!gate("").question_in_envelope());
        let gate = gate("allow = [\"127.0.0.1\"]\nenveloped_per_minute = 2");
        let answered: Vec<bool> = (0..3).map(|_| gate.question_in_envelope()).collect();
        assert_eq!(answered, [true, true, false]);
        assert_eq!(gate.push(), Ok(()));
    }

    #[test]
    fn a_platform_that_pushes_too_much_is_told_how_long_to_wait() {
        let gate = gate("requests_per_second = 1\nburst = 2");
        assert_eq!([gate.push(), gate.push()], [Ok(()), Ok(())]);
        assert!(gate.push().unwrap_err() <= Duration::from_secs(1));
    }
}
