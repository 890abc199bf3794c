//! Tokens by which an identity provider says who somebody is (OpenID Connect Core 1.0, 2 and 3.1.3.7): JWT that it signed
//! with a key of its published set. Only signatures with public keys count.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::Value;
use sha2::Digest;

/// What providers sign with. No secret that they share with others is among them.
const ALGORITHMS: [Algorithm; 8] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
];

/// How far the provider's clock may be off, in seconds.
const SKEW: i64 = 60;

/// No token is older than this when it comes, in seconds.
const OLDEST: i64 = 600;

/// The keys that a provider publishes.
#[derive(Clone, Debug, Default)]
pub struct KeySet(Vec<Jwk>);

/// What a token has to say.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub audience: &'a str,
    pub nonce: &'a str,
}

/// What a token says.
#[derive(Clone, Debug)]
pub struct Claims {
    pub subject: String,
    pub all: BTreeMap<String, Value>,
}

/// Why a token proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The provider may have changed its keys.
    #[error("no key of the provider's set is the one that the token names")]
    UnknownKey,
    #[error("the token is not signed as expected: {0}")]
    Signature(String),
    #[error("the token's `{claim}`: {problem}")]
    Claim { claim: &'static str, problem: &'static str },
}

impl KeySet {
    /// Reads a set as the provider publishes it (RFC 7517); keys of kinds that we do not know are passed over.
    ///
    /// # Errors
    /// When it is no such set.
    pub fn read(json: &[u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let set: Set = serde_json::from_slice(json)?;
        let keys = set.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        Ok(Self(JwkSet { keys: keys.collect() }.keys))
    }

    /// The key that a token names, or the only one that signs where it names none.
    fn find(&self, id: Option<&str>) -> Option<&Jwk> {
        let signs = |key: &&Jwk| key.common.public_key_use.as_ref() != Some(&PublicKeyUse::Encryption);
        match id {
            Some(id) => self.0.iter().filter(signs).find(|key| key.common.key_id.as_deref() == Some(id)),
            None => match self.0.iter().filter(signs).collect::<Vec<_>>().as_slice() {
                [only] => Some(*only),
                _ => None,
            },
        }
    }
}

/// Who the token is about, if the provider made it for us, for this request, and a moment ago.
///
/// # Errors
/// When it did not.
pub fn verify(
    token: &str,
    keys: &KeySet,
    expected: Expected<'_>,
    now: Timestamp,
) -> Result<Claims, TokenError> {
    let unsigned = |error: jsonwebtoken::errors::Error| TokenError::Signature(error.to_string());
    let header = jsonwebtoken::decode_header(token).map_err(unsigned)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(TokenError::Signature(format!("`{:?}` is not accepted", header.alg)));
    }
    let key = keys.find(header.kid.as_deref()).ok_or(TokenError::UnknownKey)?;
    if key.common.key_algorithm.is_some_and(|of_key| of_key.to_string() != format!("{:?}", header.alg)) {
        return Err(TokenError::Signature("the key is for another algorithm".to_owned()));
    }
    let key = DecodingKey::from_jwk(key).map_err(unsigned)?;
    let mut validation = Validation::new(header.alg);
    // The library asks a clock of its own, which a test can't move, and takes claims apart more leniently than we do.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.set_required_spec_claims::<&str>(&[]);
    let read = jsonwebtoken::decode::<BTreeMap<String, Value>>(token, &key, &validation).map_err(unsigned)?;
    examine(&read.claims, expected, now)?;
    let subject = text(&read.claims, "sub").filter(|subject| !subject.is_empty() && subject.len() <= 255);
    let subject = subject.ok_or(TokenError::Claim { claim: "sub", problem: "expected a text" })?.to_owned();
    Ok(Claims { subject, all: read.claims })
}

fn examine(
    claims: &BTreeMap<String, Value>,
    expected: Expected<'_>,
    now: Timestamp,
) -> Result<(), TokenError> {
    let wrong = |claim, problem| Err(TokenError::Claim { claim, problem });
    if text(claims, "iss") != Some(expected.issuer) {
        return wrong("iss", "another issuer");
    }
    let (for_us, for_others) = match claims.get("aud") {
        Some(Value::String(one)) => (one == expected.audience, false),
        Some(Value::Array(all)) => (all.iter().any(|one| one == expected.audience), all.len() > 1),
        _ => (false, false),
    };
    if !for_us {
        return wrong("aud", "it is not for us");
    }
    match text(claims, "azp") {
        Some(party) if party != expected.audience => return wrong("azp", "another party asked for it"),
        None if for_others => return wrong("azp", "expected one, as it is for others too"),
        _ => {}
    }
    if text(claims, "nonce") != Some(expected.nonce) {
        return wrong("nonce", "it belongs to another request");
    }
    let now = now.as_second();
    match seconds(claims, "exp") {
        None => return wrong("exp", "expected a time"),
        Some(end) if end <= now.saturating_sub(SKEW) => return wrong("exp", "it is over"),
        Some(_) => {}
    }
    match seconds(claims, "iat") {
        None => return wrong("iat", "expected a time"),
        Some(made) if made > now.saturating_add(SKEW) => return wrong("iat", "it is still to come"),
        Some(made) if made < now.saturating_sub(OLDEST) => return wrong("iat", "it was long ago"),
        Some(_) => {}
    }
    if seconds(claims, "nbf").is_some_and(|begin| begin > now.saturating_add(SKEW)) {
        return wrong("nbf", "it does not hold yet");
    }
    Ok(())
}

fn text<'a>(claims: &'a BTreeMap<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

/// Some providers write times with a fraction.
fn seconds(claims: &BTreeMap<String, Value>, name: &str) -> Option<i64> {
    let number = claims.get(name)?.as_number()?.to_string();
    number.split('.').next()?.parse().ok()
}

/// What a provider is shown first of a verifier that it gets later (RFC 7636, S256).
pub fn code_challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(verifier.as_bytes()))
}

#[cfg(test)]
mod tests;
