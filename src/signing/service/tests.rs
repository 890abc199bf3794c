//! Against the simulated service: what is asked, what is tried again, and what is not.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::sandbox::signing_service::{self, CERTIFICATE, SIGNATURE, SigningServiceOptions};
use crate::sandbox::{Act, Fault};
use crate::seal::testing::WORLD;
use crate::secret::Secret;

/// The institution's key in a service, and the way to it.
struct Place {
    service: signing_service::SigningService,
    way: Arc<SigningService>,
}

fn options(url: &str, token: &str) -> ServiceOptions {
    ServiceOptions {
        url: url.to_owned(),
        key: "seal-2026".to_owned(),
        token: Secret::new(token),
        timeout: Duration::from_secs(20),
        attempts: 3,
        connect_seconds: 2,
        ca_file: None,
        identity: None,
    }
}

fn way(options: &ServiceOptions) -> Arc<SigningService> {
    Arc::new(SigningService::new(options, &Clock::system()).unwrap())
}

fn place(raw: bool) -> Place {
    let insurer = &WORLD.insurer;
    let service = signing_service::SigningService::start(
        SigningServiceOptions {
            listen: "127.0.0.1:0".parse().unwrap(),
            name: "seal-2026".to_owned(),
            token: "t0ken".to_owned(),
            key: signing_service::read_key(&insurer.key.to_pem()).unwrap(),
            certificate: insurer.certificate.to_pem(),
            raw,
        },
        &Clock::system(),
    );
    let service = service.unwrap();
    let way = way(&options(&service.url(), "t0ken"));
    Place { service, way }
}

/// Signs as a letter's thread does.
async fn signed(way: &Arc<SigningService>, digest: [u8; 32]) -> Result<Signature, SigningError> {
    let way = Arc::clone(way);
    tokio::task::spawn_blocking(move || way.sign(&digest)).await.unwrap()
}

fn is_right(digest: &[u8; 32], signature: &Signature) -> bool {
    WORLD.insurer.key.public_key().verify_digest(digest, signature).is_ok()
}

#[tokio::test]
async fn a_signature_comes_in_either_form_and_costs_the_digest_alone() {
    for raw in [false, true] {
        let Place { service, way } = place(raw);
        assert_eq!(way.certificate().await.unwrap(), WORLD.insurer.certificate);
        let signature = signed(&way, [7; 32]).await.unwrap();
        assert!(is_right(&[7; 32], &signature));
        let [about, asked] = &service.journal()[..] else { panic!("two requests") };
        assert!(about.path == "/v1/keys/seal-2026" && about.body.is_empty());
        assert_eq!(asked.path, "/v1/keys/seal-2026/signatures");
        let mut body: Value = serde_json::from_slice(&asked.body).unwrap();
        let members = body.as_object_mut().unwrap();
        assert!(members.remove("request_id").is_some_and(|id| id.is_string()));
        assert_eq!(members.remove("digest").unwrap(), "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
        let rest: Vec<_> =
            members.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
        assert_eq!(rest, [("algorithm", "SM2"), ("digest_of", "SM3(ZA||M)")]);
    }
}

#[tokio::test]
async fn what_may_pass_is_asked_again_under_the_same_id() {
    let passing = [Act::Status(503), Act::Status(500), Act::Busy(0), Act::Reset, Act::AcceptButReset];
    for act in passing {
        let Place { service, way } = place(false);
        service.script(vec![Fault::on(SIGNATURE, act.clone())]);
        let signature = signed(&way, [7; 32]).await.unwrap_or_else(|error| panic!("{act:?}: {error}"));
        assert!(is_right(&[7; 32], &signature), "{act:?}");
        let bodies: Vec<Vec<u8>> = service.journal().into_iter().map(|asked| asked.body).collect();
        assert!(bodies.len() == 2 && bodies[0] == bodies[1], "{act:?}: {bodies:?}");
    }
}

#[tokio::test]
async fn what_will_not_pass_is_asked_once() {
    let refusals = [Act::Status(401), Act::Status(403), Act::Status(404), Act::Status(422), Act::Status(302)];
    for act in refusals {
        let Place { service, way } = place(false);
        service.script(vec![Fault::on(SIGNATURE, act.clone()).always()]);
        let error = signed(&way, [7; 32]).await.err().unwrap();
        assert!(matches!(error, SigningError::Refused(_)), "{act:?}: {error}");
        assert!(error.to_string().contains("as the script says"), "{error}");
        assert_eq!(service.journal().len(), 1, "{act:?}");
    }
    let Place { service, way } = place(false);
    service.script(vec![Fault::on(SIGNATURE, Act::Html200).always()]);
    let error = signed(&way, [7; 32]).await.err().unwrap();
    assert!(matches!(error, SigningError::Unusable(_)) && service.journal().len() == 1, "{error}");
}

#[tokio::test]
async fn after_the_last_attempt_or_where_a_pause_is_too_long_it_gives_up() {
    let Place { service, way } = place(false);
    service.script(vec![Fault::on(SIGNATURE, Act::Status(503)).always()]);
    let error = signed(&way, [7; 32]).await.err().unwrap();
    assert!(matches!(error, SigningError::Unavailable(_)), "{error}");
    assert!(error.to_string().ends_with("(attempt 3 of 3)"), "{error}");
    assert_eq!(service.journal().len(), 3);

    let Place { service, way } = place(false);
    service.script(vec![Fault::on(SIGNATURE, Act::Busy(u64::MAX)).always()]);
    let error = signed(&way, [7; 32]).await.err().unwrap();
    assert!(error.to_string().contains("429") && service.journal().len() == 1, "{error}");
}

#[tokio::test]
async fn a_service_that_hangs_is_left_when_the_time_is_over() {
    let Place { service, .. } = place(false);
    service.script(vec![Fault::on(SIGNATURE, Act::Late(600_000)).always()]);
    let hasty = ServiceOptions {
        timeout: Duration::from_millis(600),
        attempts: 2,
        ..options(&service.url(), "t0ken")
    };
    let begun = Instant::now();
    let error = signed(&way(&hasty), [7; 32]).await.err().unwrap();
    assert!(matches!(error, SigningError::Unavailable(_)), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(20));
    // Nobody listens there.
    let error = signed(&way(&options("http://127.0.0.1:9", "t0ken")), [7; 32]).await.err().unwrap();
    assert!(error.to_string().starts_with("could not connect"), "{error}");
}

#[tokio::test]
async fn a_wrong_token_or_key_is_told_without_the_token() {
    let Place { service, .. } = place(false);
    let error = way(&options(&service.url(), "gu3ss")).certificate().await.unwrap_err();
    let said = format!("{error:#}");
    assert!(said.contains("401") && said.contains("unknown token") && !said.contains("gu3ss"), "{said}");
    let other = ServiceOptions { key: "a/b".to_owned(), ..options(&service.url(), "t0ken") };
    let said = format!("{:#}", way(&other).certificate().await.unwrap_err());
    assert!(said.contains("404") && said.contains("`a/b`"), "{said}");
    service.script(vec![Fault::on(CERTIFICATE, Act::Status(503))]);
    assert_eq!(
        way(&options(&service.url(), "t0ken")).certificate().await.unwrap(),
        WORLD.insurer.certificate
    );
}

#[tokio::test]
async fn letters_are_signed_at_the_same_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let single = ServiceOptions {
        attempts: 1,
        ..options(&format!("http://{}", listener.local_addr().unwrap()), "t0ken")
    };
    let way = way(&single);
    let asking: Vec<_> = (0..3).map(|index| signed(&way, [index; 32])).collect();
    let answering = tokio::task::spawn_blocking(move || {
        // Nobody is answered before all have asked.
        let mut connections: Vec<_> = (0..3).map(|_| listener.accept().unwrap().0).collect();
        for connection in &mut connections {
            assert!(connection.read(&mut [0; 4096]).unwrap() > 0);
        }
        for mut connection in connections {
            write!(connection, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").unwrap();
        }
    });
    for ended in futures_util::future::join_all(asking).await {
        let error = ended.err().unwrap();
        assert!(matches!(error, SigningError::Refused(_)), "{error}");
    }
    answering.await.unwrap();
}

#[tokio::test]
async fn settings_that_cannot_work_are_named() {
    let sound = options("https://sign.example.com", "t0ken");
    for (wrong, key) in [
        (ServiceOptions { key: String::new(), ..sound.clone() }, "seal.service.key"),
        (ServiceOptions { attempts: 0, ..sound.clone() }, "seal.service.attempts"),
        (ServiceOptions { timeout: Duration::ZERO, ..sound.clone() }, "seal.service.timeout"),
        (ServiceOptions { timeout: Duration::MAX, ..sound.clone() }, "seal.service.timeout"),
        (ServiceOptions { ca_file: Some("nowhere.pem".into()), ..sound.clone() }, "seal.service.ca_file"),
        (ServiceOptions { identity: Some("nowhere.pem".into()), ..sound.clone() }, "seal.service.identity"),
    ] {
        let said = SigningService::new(&wrong, &Clock::system()).err().unwrap().to_string();
        assert!(said.contains(key), "{said}");
    }
}
