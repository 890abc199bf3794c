//! Signed tokens: JWT with HS256 (RFC 7519), which the libraries of every language verify.
//!
//! HMAC-SHA256 and not SM3, because whoever verifies a token offline does so with what its language brings along; the
//! secrets are for these tokens only.

use anyhow::Context;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::sm3;
use crate::secret::Secret;

/// A shorter secret can be guessed from one token.
pub const SHORTEST_SECRET: usize = 32;

/// How many digits of a secret's SM3 name it in a token's header (`kid`).
const KEY_ID_DIGITS: usize = 16;

/// Why a token proves nothing. Two kinds, because whoever comes too late may begin anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token is not signed with a secret of ours, or not for this use")]
    Unknown,
    #[error("the token has expired")]
    Expired,
}

/// A token for one use (`aud`), valid until then.
///
/// # Errors
/// When what it is about is no JSON object.
pub fn sign(
    about: &impl Serialize,
    audience: &str,
    secret: &Secret,
    at: Timestamp,
    until: Timestamp,
) -> anyhow::Result<Secret> {
    let header = Header { kid: Some(key_id(secret)), ..Header::new(Algorithm::HS256) };
    let mut claims = serde_json::to_value(about)?;
    let object = claims.as_object_mut().context("expected what a token is about to be an object")?;
    object.insert("aud".to_owned(), audience.into());
    object.insert("iat".to_owned(), at.as_second().into());
    object.insert("exp".to_owned(), until.as_second().into());
    let key = EncodingKey::from_secret(secret.expose().as_bytes());
    Ok(Secret::new(jsonwebtoken::encode(&header, &claims, &key)?))
}

/// What a token is about and until when it holds, if one of the secrets signed it for this use.
///
/// # Errors
/// When none did, or its time is over.
pub fn verify<T: DeserializeOwned>(
    token: &str,
    audience: &str,
    secrets: &[Secret],
    at: Timestamp,
) -> Result<(T, Timestamp), TokenError> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "aud"]);
    // The library asks a clock of its own, which a test can't move.
    validation.validate_exp = false;
    let signed = secrets.iter().find_map(|secret| {
        let key = DecodingKey::from_secret(secret.expose().as_bytes());
        jsonwebtoken::decode::<Value>(token, &key, &validation).ok()
    });
    let claims = signed.ok_or(TokenError::Unknown)?.claims;
    let until = claims.get("exp").and_then(Value::as_i64).ok_or(TokenError::Unknown)?;
    let until = Timestamp::from_second(until).map_err(|_| TokenError::Unknown)?;
    if at >= until {
        return Err(TokenError::Expired);
    }
    Ok((serde_json::from_value(claims).map_err(|_| TokenError::Unknown)?, until))
}

/// A name for a secret, from which it can't be found.
fn key_id(secret: &Secret) -> String {
    let mut name = hex::encode(sm3::digest(secret.expose().as_bytes()));
    name.truncate(KEY_ID_DIGITS);
    name
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use serde::Deserialize;

    use super::*;
    use crate::crypto::openssl;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct About {
        sub: String,
    }

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn secrets() -> [Secret; 2] {
        ["a".repeat(32), "b".repeat(32)].map(Secret::new)
    }

    fn token(secret: &Secret) -> Secret {
        let about = About { sub: "g-1".to_owned() };
        sign(&about, "here", secret, time("2026-11-22T01:00:00Z"), time("2026-11-22T02:00:00Z")).unwrap()
    }

    #[test]
    fn a_token_holds_for_its_use_and_its_time_under_either_secret() {
        let [new, old] = secrets();
        let within = time("2026-11-22T01:59:59Z");
        for secret in [&new, &old] {
            let (about, until) = verify::<About>(token(secret).expose(), "here", &secrets(), within).unwrap();
            assert_eq!((about.sub.as_str(), until), ("g-1", time("2026-11-22T02:00:00Z")));
        }
        let check = |text: &str, audience, secrets: &[Secret], at| {
            verify::<About>(text, audience, secrets, at).unwrap_err()
        };
        let sound = token(&old);
        assert_eq!(check(sound.expose(), "there", &secrets(), within), TokenError::Unknown);
        assert_eq!(check(sound.expose(), "here", &[new], within), TokenError::Unknown);
        let after = time("2026-11-22T02:00:00Z");
        assert_eq!(check(sound.expose(), "here", &secrets(), after), TokenError::Expired);
    }

    #[test]
    fn a_token_that_was_changed_or_is_not_signed_proves_nothing() {
        let [secret, _] = secrets();
        let sound = token(&secret);
        let [header, claims, signature]: [&str; 3] =
            sound.expose().split('.').collect::<Vec<_>>().try_into().unwrap();
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        let other = URL_SAFE_NO_PAD.encode(text.replace("g-1", "g-2"));
        let unsigned = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"none"}"#);
        for wrong in [
            format!("{header}.{other}.{signature}"),
            format!("{unsigned}.{claims}."),
            format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode([0; 32])),
            "no token".to_owned(),
        ] {
            let found = verify::<About>(&wrong, "here", &secrets(), time("2026-11-22T01:30:00Z"));
            assert_eq!(found, Err(TokenError::Unknown), "{wrong}");
        }
    }

    #[test]
    fn the_openssl_program_computes_the_same_signature() {
        let [secret, _] = secrets();
        let sound = token(&secret);
        let (signed, signature) = sound.expose().rsplit_once('.').unwrap();
        let arguments = ["dgst", "-sha256", "-hmac", secret.expose(), "-binary"];
        let computed = openssl::run(&arguments, signed.as_bytes());
        assert_eq!(URL_SAFE_NO_PAD.decode(signature).unwrap(), computed);
    }
}
