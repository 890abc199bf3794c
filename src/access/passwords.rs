//! Which passwords people may have, and the threads on which they are tried.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::options::PasswordOptions;
use crate::crypto::password::{self, Cost};
use crate::secret::Secret;

/// Nobody types more; a longer one would be work for us and for nobody else.
const LONGEST: usize = 256;

/// How long an attempt waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// Passwords that everybody tries first, of twelve characters and more, and beginnings of such.
const COMMONEST: &str = include_str!("commonest_passwords.txt");

/// Why a password can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("expected at least {0} characters")]
    Short(usize),
    #[error("expected at most {LONGEST} characters")]
    Long,
    #[error("it holds the user's name")]
    Name,
    #[error("it is one of those that everybody tries first")]
    Common,
    #[error("it is the one that is to be replaced")]
    Same,
}

/// Tries and digests passwords, a few at once. Clones share the bound.
#[derive(Clone)]
pub(super) struct Passwords {
    cost: Cost,
    shortest: usize,
    gate: Arc<Semaphore>,
    /// The digest of a password that nobody has, for names that nobody has: trying it takes as long as any other.
    nobodys: Arc<str>,
}

/// Too many passwords are being tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being tried at once")]
pub(super) struct Crowded;

impl Passwords {
    pub fn new(options: &PasswordOptions) -> anyhow::Result<Self> {
        let cost = options.cost();
        let nobodys = password::digest(&Secret::new(uuid::Uuid::now_v7().to_string()), cost)?;
        let gate = Arc::new(Semaphore::new(options.at_once));
        Ok(Self { cost, shortest: options.shortest, gate, nobodys: nobodys.into() })
    }

    /// # Errors
    /// Why the person of this name may not have it.
    pub fn examine(&self, password: &Secret, name: &str) -> Result<(), Unfit> {
        let text = password.expose();
        let length = text.chars().count();
        if length < self.shortest {
            return Err(Unfit::Short(self.shortest));
        }
        if length > LONGEST {
            return Err(Unfit::Long);
        }
        let small = zeroize::Zeroizing::new(text.to_lowercase());
        if name.chars().count() >= 3 && small.contains(&name.to_lowercase()) {
            return Err(Unfit::Name);
        }
        if is_common(&small) { Err(Unfit::Common) } else { Ok(()) }
    }

    /// Whether a password fits; one that nobody has where there is no digest, so that it takes as long.
    pub async fn verify(&self, password: Secret, digest: Option<String>) -> Result<bool, Crowded> {
        let exists = digest.is_some();
        let digest = digest.unwrap_or_else(|| self.nobodys.to_string());
        let fits = self.in_turn(move || password::verify(&password, &digest)).await?;
        Ok(fits && exists)
    }

    pub async fn digest(&self, password: Secret) -> anyhow::Result<String> {
        let cost = self.cost;
        self.in_turn(move || password::digest(&password, cost)).await?
    }

    /// Whether a digest was made before the settings asked for more.
    pub fn is_outdated(&self, digest: &str) -> bool {
        password::is_cheaper(digest, self.cost)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Crowded> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.gate).acquire_owned()).await;
        let turn = turn.ok().and_then(Result::ok).ok_or(Crowded)?;
        let work = spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        work.await.context("trying a password").map_err(|error| {
            tracing::error!(%error, "a password could not be tried");
            Crowded
        })
    }
}

/// Whether a password in small letters is a common one, also with digits and signs behind it, or the same few characters
/// again and again.
fn is_common(password: &str) -> bool {
    let core = password.trim_end_matches(|last: char| !last.is_alphabetic());
    let listed = |text: &str| COMMONEST.lines().any(|common| common == text);
    let mut kinds: Vec<char> = password.chars().collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.len() < 4 || listed(password) || listed(core) || is_repeated(password)
}

/// `abcabcabcabc`.
fn is_repeated(password: &str) -> bool {
    let letters: Vec<char> = password.chars().collect();
    (1..=letters.len() / 3).any(|period| letters.iter().zip(letters.iter().skip(period)).all(|(a, b)| a == b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords() -> Passwords {
        let gate = Arc::new(Semaphore::new(1));
        let cost = Cost { memory_kib: 64, passes: 1 };
        let nobodys = password::digest(&Secret::new("nobody"), cost).unwrap().into();
        Passwords { cost, shortest: 12, gate, nobodys }
    }

    #[test]
    fn long_passwords_of_any_characters_will_do() {
        let examine = |text: &str| passwords().examine(&Secret::new(text), "zhang.san");
        for fit in [
            "correct horse battery",
            "床前明月光疑是地上霜举头",
            "kw3!kw9?Lm#2",
            &"长".repeat(12).replacen('长', "abcdef", 1),
        ] {
            assert_eq!(examine(fit), Ok(()), "{fit}");
        }
        assert_eq!(examine("kw3!kw9?Lm#"), Err(Unfit::Short(12)));
        assert_eq!(examine(&"abcdefg ".repeat(40)), Err(Unfit::Long));
    }

    #[test]
    fn what_everybody_would_try_is_refused() {
        let examine = |text: &str| passwords().examine(&Secret::new(text), "zhang.san");
        for common in [
            "Password1234",
            "P@ssw0rd1234",
            "123456789012",
            "qwertyuiop123",
            "Admin@123456",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "1qaz2wsx3edc",
            "Woaini1314520",
            "baohan2026!!",
        ] {
            assert_eq!(examine(common), Err(Unfit::Common), "{common}");
        }
        assert_eq!(examine("My-Zhang.San-2026"), Err(Unfit::Name));
    }

    #[tokio::test]
    async fn a_name_that_nobody_has_is_tried_like_any_other_and_never_fits() {
        let passwords = passwords();
        assert_eq!(passwords.verify(Secret::new("nobody"), None).await, Ok(false));
        let digest = passwords.digest(Secret::new("somebody's own")).await.unwrap();
        assert_eq!(passwords.verify(Secret::new("somebody's own"), Some(digest.clone())).await, Ok(true));
        assert_eq!(passwords.verify(Secret::new("somebody else's"), Some(digest)).await, Ok(false));
    }

    #[tokio::test]
    async fn no_more_are_tried_at_once_than_the_settings_say() {
        let passwords = passwords();
        let taken = Arc::clone(&passwords.gate).acquire_owned().await.unwrap();
        let waiting = passwords.verify(Secret::new("x"), None);
        tokio::pin!(waiting);
        assert!(futures_util::poll!(&mut waiting).is_pending());
        drop(taken);
        assert_eq!(waiting.await, Ok(false));
    }
}
