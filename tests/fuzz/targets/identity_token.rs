//! What an identity provider publishes and hands out: a line with the token, then the set of keys. Nobody here has a
//! provider's private key, so that a token which counts is a forged one, whatever its header says.

use std::sync::LazyLock;

use baohan_gateway::crypto::identity_token::{Expected, KeySet, verify};

use crate::platforms::now;

/// The key of RFC 7515, A.3: its private part is public, but the tokens of the corpus are not for us.
static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let keys = r#"{"keys": [{"kty": "EC", "crv": "P-256", "kid": "k-1", "use": "sig",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;
    KeySet::read(keys.as_bytes()).unwrap()
});

pub fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (token, keys) = text.split_once('\n').unwrap_or((&text, ""));
    let expected = || Expected { issuer: "https://id.example.com", audience: "baohan", nonce: "n-1" };
    assert!(verify(token, &KEYS, expected(), now()).is_err(), "a token that nobody signed counts");
    if let Ok(keys) = KeySet::read(keys.as_bytes())
        && let Err(refusal) = verify(token, &keys, expected(), now())
    {
        assert!(!refusal.to_string().is_empty());
    }
}
