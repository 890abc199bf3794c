//! Digests of people's passwords: argon2id (RFC 9106), in the PHC form, which names its parameters.

use anyhow::Context;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};

use crate::secret::Secret;

/// What one attempt costs. OWASP asks for 19 MiB, two passes and one lane at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    pub memory_kib: u32,
    pub passes: u32,
}

impl Cost {
    pub const LEAST: Self = Self { memory_kib: 19 * 1024, passes: 2 };
}

fn hasher(cost: Cost) -> anyhow::Result<Argon2<'static>> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(anyhow::Error::msg);
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params.context("the cost of passwords")?))
}

/// The digest of a password under a new salt. Takes tens of milliseconds, and the memory that it costs.
///
/// # Errors
/// When the cost can't be paid, or the password is longer than 4 GiB.
pub fn digest(password: &Secret, cost: Cost) -> anyhow::Result<String> {
    let digest: argon2::PasswordHash =
        hasher(cost)?.hash_password(password.expose().as_bytes()).map_err(anyhow::Error::msg)?;
    Ok(digest.to_string())
}

/// Whether a password is the one of a digest. Takes as long as [`digest`], whatever the outcome.
pub fn verify(password: &Secret, digest: &str) -> bool {
    let Ok(digest) = PasswordHash::new(digest) else { return false };
    Argon2::default().verify_password(password.expose().as_bytes(), &digest).is_ok()
}

/// Whether a digest was made at a lower cost.
pub fn is_cheaper(digest: &str, cost: Cost) -> bool {
    let Some(params) = PasswordHash::new(digest).ok().and_then(|digest| Params::try_from(&digest).ok())
    else {
        return true;
    };
    params.m_cost() < cost.memory_kib || params.t_cost() < cost.passes
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost { memory_kib: 64, passes: 1 };

    #[test]
    fn only_the_password_itself_fits_its_digest_and_no_two_digests_are_the_same() {
        let password = Secret::new("正确的马电池订书钉");
        let digests = [digest(&password, CHEAP).unwrap(), digest(&password, CHEAP).unwrap()];
        assert_ne!(digests[0], digests[1]);
        for digest in &digests {
            assert!(digest.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{digest}");
            assert!(verify(&password, digest));
            assert!(!verify(&Secret::new("正确的马电池订书针"), digest));
            assert!(!verify(&Secret::new(""), digest));
        }
        assert!(!verify(&password, "no digest"));
    }

    #[test]
    fn a_digest_of_the_reference_implementation_fits() {
        // `echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32 -e`, the reference's own test.
        let digest = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(verify(&Secret::new("password"), digest));
        assert!(!verify(&Secret::new("passwore"), digest));
    }

    #[test]
    fn a_digest_knows_what_it_cost() {
        let digest = digest(&Secret::new("a password of mine"), CHEAP).unwrap();
        assert!(!is_cheaper(&digest, CHEAP));
        assert!(is_cheaper(&digest, Cost { passes: 2, ..CHEAP }));
        assert!(is_cheaper(&digest, Cost { memory_kib: 128, ..CHEAP }));
    }

    #[test]
    fn the_least_cost_is_what_owasp_asks_for_and_a_costlier_digest_stays() {
        assert_eq!(Cost::LEAST, Cost { memory_kib: 19_456, passes: 2 });
        let digest = digest(&Secret::new("a password of mine"), Cost { memory_kib: 128, passes: 2 }).unwrap();
        assert!(!is_cheaper(&digest, CHEAP));
        assert!(is_cheaper(&digest, Cost::LEAST));
        assert!(is_cheaper("no digest", CHEAP));
    }
}
