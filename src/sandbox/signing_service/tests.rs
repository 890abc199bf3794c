//! The simulated service by itself: it is strict, and it says the same twice.

use serde_json::Value;

use super::*;
use crate::crypto::second_opinion;
use crate::crypto::sm2::{PublicKey, Signature};

async fn ask(service: &SigningService, body: &Value) -> (u16, Value) {
    let url = format!("{}/v1/keys/seal/signatures", service.url());
    let request = reqwest::Client::builder().no_proxy().build().unwrap().post(url).bearer_auth("t0ken");
    let answer = request.body(body.to_string()).send().await.unwrap();
    (answer.status().as_u16(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
}

#[tokio::test]
async fn it_signs_digests_and_nothing_else_and_says_the_same_twice() {
    let key = KeyPair::generate().unwrap();
    let public = PublicKey::from_sec1(&key.public_sec1()).unwrap();
    let options = SigningServiceOptions {
        listen: "127.0.0.1:0".parse().unwrap(),
        name: "seal".to_owned(),
        token: "t0ken".to_owned(),
        key,
        certificate: String::new(),
        raw: false,
    };
    let service = SigningService::start(options, &Clock::system()).unwrap();
    let digest = second_opinion::sm3(b"letter");
    let request = json!({
        "request_id": "1", "algorithm": "SM2", "digest": BASE64.encode(digest), "digest_of": "SM3(ZA||M)",
    });
    let (status, first) = ask(&service, &request).await;
    assert_eq!((status, first["form"].as_str()), (200, Some("der")), "{first}");
    let der = BASE64.decode(first["signature"].as_str().unwrap()).unwrap();
    assert_eq!(public.verify_digest(&digest, &Signature::from_der(&der).unwrap()), Ok(()));
    assert_eq!(ask(&service, &request).await, (200, first));

    for (member, value, expected) in [
        ("digest", BASE64.encode([1; 32]), 409),
        ("digest", BASE64.encode([1; 33]), 422),
        ("algorithm", "RSA".to_owned(), 422),
        ("digest_of", "SM3(M)".to_owned(), 422),
        ("document", "a letter".to_owned(), 422),
    ] {
        let mut wrong = request.clone();
        wrong[member] = value.into();
        assert_eq!(ask(&service, &wrong).await.0, expected, "{member}");
    }
    assert_eq!(service.journal().len(), 7);
    service.stop().await;
}
