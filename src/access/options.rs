//! The `[access]` section of the settings: how people sign in to the console.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::Role;
use crate::crypto::password::Cost;
use crate::secret::Secret;

/// The shortest password that the settings may ask for.
const SHORTEST: usize = 8;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccessOptions {
    pub second_factor: SecondFactor,
    /// Whether one person may have a role that proposes and one that approves. Nobody approves their own proposals anyway.
    pub maker_may_check: bool,
    pub password: PasswordOptions,
    pub lockout: LockoutOptions,
    /// The institution's identity provider, where people may sign in by it.
    pub oidc: Option<OidcOptions>,
}

/// Whether people with a password of ours show one-time codes beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecondFactor {
    /// Whoever has no device for them yet is asked for one at the next sign-in.
    #[default]
    Required,
    /// Those who have set one up.
    Optional,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordOptions {
    /// In characters.
    pub shortest: usize,
    /// What one attempt costs.
    pub memory_kib: u32,
    pub passes: u32,
    /// How many may be computed at once; others wait.
    pub at_once: usize,
    /// How long a password holds that somebody else made.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub initial: Duration,
}

impl Default for PasswordOptions {
    fn default() -> Self {
        Self {
            shortest: 12,
            memory_kib: Cost::LEAST.memory_kib,
            passes: Cost::LEAST.passes,
            at_once: 2,
            initial: Duration::from_hours(72),
        }
    }
}

impl PasswordOptions {
    pub(super) fn cost(&self) -> Cost {
        Cost { memory_kib: self.memory_kib, passes: self.passes }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LockoutOptions {
    /// After so many failures an account is locked, and again after each further one.
    pub failures: u32,
    /// How long at first; each time it is twice as long.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub first: Duration,
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub longest: Duration,
    /// How many sign-ins may fail from one address, and how often one more.
    pub address_burst: u32,
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub address_interval: Duration,
}

impl Default for LockoutOptions {
    fn default() -> Self {
        Self {
            failures: 5,
            first: Duration::from_mins(15),
            longest: Duration::from_hours(24),
            address_burst: 20,
            address_interval: Duration::from_secs(30),
        }
    }
}

impl LockoutOptions {
    /// How long an account is locked after so many failures; None while it is not.
    pub(super) fn lock_for(&self, failures: i64) -> Option<Duration> {
        let beyond = failures.checked_sub(i64::from(self.failures)).filter(|beyond| *beyond >= 0)?;
        let beyond = u32::try_from(beyond).unwrap_or(u32::MAX);
        Some(self.first.saturating_mul(2_u32.saturating_pow(beyond)).min(self.longest))
    }
}

/// How people sign in by an identity provider (OpenID Connect).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcOptions {
    /// As the provider writes it, to the letter.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Secret,
    /// How the secret is shown.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// Beside `openid`.
    #[serde(default = "usual_scopes")]
    pub scopes: Vec<String>,
    /// Which claim is the person's name here.
    #[serde(default = "usual_name")]
    pub name_claim: String,
    /// Which claim holds what `roles` maps; dots lead into objects.
    #[serde(default = "usual_roles")]
    pub roles_claim: String,
    /// What each value of that claim means here.
    pub roles: BTreeMap<String, Role>,
    /// What the provider has to say of how the person signed in there (`acr`), if anything.
    #[serde(default)]
    pub acr: Option<String>,
    /// What the button says.
    #[serde(default = "usual_title")]
    pub title: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAuth {
    /// `client_secret_basic`.
    #[default]
    Basic,
    /// `client_secret_post`.
    Post,
}

fn usual_scopes() -> Vec<String> {
    vec!["profile".to_owned()]
}

fn usual_name() -> String {
    "preferred_username".to_owned()
}

fn usual_roles() -> String {
    "roles".to_owned()
}

fn usual_title() -> String {
    "统一身份认证 Single sign-on".to_owned()
}

impl AccessOptions {
    /// # Errors
    /// When passwords would be cheaper or shorter than anybody should have them, or a provider could not be believed.
    pub fn check(&self) -> anyhow::Result<()> {
        let (password, lockout) = (&self.password, &self.lockout);
        ensure!(
            (SHORTEST..=64).contains(&password.shortest),
            "access.password.shortest: expected {SHORTEST} to 64 characters, found {}",
            password.shortest
        );
        ensure!(
            password.memory_kib >= Cost::LEAST.memory_kib && password.passes >= Cost::LEAST.passes,
            "access.password: expected memory_kib of at least {} and at least {} passes, found {} and {}",
            Cost::LEAST.memory_kib,
            Cost::LEAST.passes,
            password.memory_kib,
            password.passes
        );
        ensure!(password.at_once > 0, "access.password.at_once: expected at least 1, found 0");
        ensure!(
            lockout.failures > 0 && lockout.address_burst > 0,
            "access.lockout: expected at least one failure"
        );
        self.oidc.as_ref().map_or(Ok(()), OidcOptions::check).context("access.oidc")
    }
}

impl OidcOptions {
    fn check(&self) -> anyhow::Result<()> {
        ensure!(
            is_safe(&self.issuer),
            "issuer: expected an address that begins with `https://`, found `{}`",
            self.issuer
        );
        ensure!(!self.roles.is_empty(), "roles: expected at least one value and its role, found none");
        Ok(())
    }
}

/// Whether what goes to an address can't be read on its way. The machine itself needs no TLS.
pub(super) fn is_safe(address: &str) -> bool {
    if address.starts_with("https://") {
        return true;
    }
    let host = address.strip_prefix("http://").unwrap_or_default();
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lock_is_twice_as_long_until_a_day() {
        let lockout = LockoutOptions::default();
        let minutes: Vec<Option<u64>> =
            (4..14).map(|failures| lockout.lock_for(failures).map(|lock| lock.as_secs() / 60)).collect();
        let expected = [15, 30, 60, 120, 240, 480, 960, 1440, 1440].map(Some);
        assert_eq!(minutes, [&[None], expected.as_slice()].concat());
        assert_eq!(lockout.lock_for(i64::MAX), Some(lockout.longest));
    }

    #[test]
    fn what_others_could_read_is_no_address_of_a_provider() {
        for safe in [
            "https://id.example.com/realms/a",
            "http://127.0.0.1:8090",
            "http://localhost/x",
            "http://[::1]:1",
        ] {
            assert!(is_safe(safe), "{safe}");
        }
        for unsafe_one in [
            "http://id.example.com",
            "http://localhost.example.com",
            "http://127.0.0.1@evil.com/",
            "",
            "ftp://localhost",
        ] {
            assert!(!is_safe(unsafe_one), "{unsafe_one}");
        }
    }

    #[test]
    fn cheap_passwords_stop_the_start() {
        assert!(AccessOptions::default().check().is_ok());
        let cheap = |change: fn(&mut PasswordOptions)| {
            let mut options = AccessOptions::default();
            change(&mut options.password);
            options.check().is_err()
        };
        assert!(cheap(|it| it.shortest = 7));
        assert!(cheap(|it| it.memory_kib -= 1));
        assert!(cheap(|it| it.passes = 1));
        assert!(cheap(|it| it.at_once = 0));
    }
}
