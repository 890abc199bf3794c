//! Tokens of an identity provider: whose, for whom, how fresh, and under which key.

use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;

use super::*;
use crate::crypto::openssl;

const NOW: i64 = 1_795_350_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

/// A key pair that the openssl program makes: what signs, and what the provider publishes of it.
fn pair(algorithm: Algorithm, id: &str) -> (EncodingKey, Value) {
    let arguments: &[&str] = match algorithm {
        Algorithm::RS256 => &["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        _ => &["genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    };
    let pem = openssl::run(arguments, b"");
    let key = match algorithm {
        Algorithm::RS256 => {
            let der = openssl::run(&["rsa", "-traditional", "-outform", "DER"], &pem);
            EncodingKey::from_rsa_der(&der)
        }
        _ => {
            EncodingKey::from_ec_der(&openssl::run(&["pkcs8", "-topk8", "-nocrypt", "-outform", "DER"], &pem))
        }
    };
    let mut published = serde_json::to_value(Jwk::from_encoding_key(&key, algorithm).unwrap()).unwrap();
    published["kid"] = id.into();
    published["use"] = "sig".into();
    (key, published)
}

fn claims() -> Value {
    json!({
        "iss": "https://id.example.com", "sub": "4711", "aud": "baohan", "nonce": "n-1",
        "exp": NOW + 300, "iat": NOW - 2, "roles": ["a"],
    })
}

fn signed(claims: &Value, algorithm: Algorithm, id: Option<&str>, key: &EncodingKey) -> String {
    let header = Header { kid: id.map(str::to_owned), ..Header::new(algorithm) };
    jsonwebtoken::encode(&header, claims, key).unwrap()
}

fn set(keys: &[&Value]) -> KeySet {
    KeySet::read(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

fn read(token: &str, keys: &KeySet) -> Result<Claims, TokenError> {
    let expected = Expected { issuer: "https://id.example.com", audience: "baohan", nonce: "n-1" };
    verify(token, keys, expected, now())
}

#[test]
fn a_token_counts_that_a_published_key_signed() {
    for algorithm in [Algorithm::RS256, Algorithm::ES256] {
        let (key, published) = pair(algorithm, "k-1");
        let (stranger, _) = pair(algorithm, "k-1");
        let strange = json!({ "kty": "OKP2", "kid": "k-0" });
        let keys = set(&[&strange, &published]);
        let token = signed(&claims(), algorithm, Some("k-1"), &key);
        let read_claims = read(&token, &keys).unwrap();
        assert_eq!((read_claims.subject.as_str(), &read_claims.all["roles"]), ("4711", &json!(["a"])));
        let forged = signed(&claims(), algorithm, Some("k-1"), &stranger);
        assert!(matches!(read(&forged, &keys), Err(TokenError::Signature(_))));
        let unknown = signed(&claims(), algorithm, Some("k-2"), &key);
        assert_eq!(read(&unknown, &keys).unwrap_err(), TokenError::UnknownKey);
        let unnamed = signed(&claims(), algorithm, None, &key);
        assert!(read(&unnamed, &set(&[&published])).is_ok());
    }
}

#[test]
fn what_anybody_could_sign_is_no_token() {
    let (_, published) = pair(Algorithm::ES256, "k-1");
    let keys = set(&[&published]);
    // The published key taken for a shared secret, as in the confusion of algorithms of 2015.
    let secret = EncodingKey::from_secret(published["x"].as_str().unwrap().as_bytes());
    let confused = signed(&claims(), Algorithm::HS256, Some("k-1"), &secret);
    let none = format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"none","kid":"k-1"}"#),
        URL_SAFE_NO_PAD.encode(claims().to_string())
    );
    for token in [confused.as_str(), none.as_str(), "", "a.b.c", "a"] {
        assert!(matches!(read(token, &keys), Err(TokenError::Signature(_))), "{token}");
    }
    let shared = json!({ "kty": "oct", "kid": "k-1", "k": published["x"] });
    assert!(read(&confused, &set(&[&shared])).is_err());
}

#[test]
fn every_claim_has_to_fit() {
    let (key, published) = pair(Algorithm::ES256, "k-1");
    let keys = set(&[&published]);
    let outcome = |change: &dyn Fn(&mut Value)| {
        let mut claims = claims();
        change(&mut claims);
        match read(&signed(&claims, Algorithm::ES256, Some("k-1"), &key), &keys) {
            Ok(_) => "fits",
            Err(TokenError::Claim { claim, .. }) => claim,
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(outcome(&|_| ()), "fits");
    let remove =
        |name: &'static str| move |claims: &mut Value| drop(claims.as_object_mut().unwrap().remove(name));
    for name in ["iss", "sub", "aud", "nonce", "exp", "iat"] {
        assert_eq!(outcome(&remove(name)), name);
    }
    assert_eq!(outcome(&|it| it["iss"] = "https://id.example.com/".into()), "iss");
    assert_eq!(outcome(&|it| it["aud"] = json!(["other"])), "aud");
    assert_eq!(outcome(&|it| it["aud"] = json!(["baohan"])), "fits");
    assert_eq!(outcome(&|it| it["aud"] = json!(["other", "baohan"])), "azp");
    let both = |party: &'static str| {
        move |it: &mut Value| {
            it["aud"] = json!(["other", "baohan"]);
            it["azp"] = party.into();
        }
    };
    assert_eq!([outcome(&both("baohan")), outcome(&both("other"))], ["fits", "azp"]);
    assert_eq!(outcome(&|it| it["nonce"] = "n-2".into()), "nonce");
    assert_eq!(outcome(&|it| it["exp"] = (NOW - SKEW).into()), "exp");
    assert_eq!(outcome(&|it| it["exp"] = (NOW - SKEW + 1).into()), "fits");
    assert_eq!(outcome(&|it| it["iat"] = (NOW + SKEW + 1).into()), "iat");
    assert_eq!(outcome(&|it| it["iat"] = (NOW - OLDEST - 1).into()), "iat");
    assert_eq!(outcome(&|it| it["nbf"] = (NOW + SKEW + 1).into()), "nbf");
    assert_eq!(outcome(&|it| it["sub"] = "".into()), "sub");
}

#[test]
fn the_challenge_of_rfc_7636_comes_out() {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    assert_eq!(code_challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}
