//! TLS where platforms push to, and platforms that show a certificate.

use reqwest::Client;

use crate::authorities::Authorities;
use crate::house::{Database, House};
use crate::operator::MANUAL;
use crate::pushes::{APPLICATION, JSON, SUCCESS};

/// Status and body, or that there was no answer.
async fn push(house: &House, client: Client) -> Result<(u16, String), String> {
    let address = house.address("baohanapply").replace("http://", "https://");
    let sent = client.post(address).header("content-type", JSON).body(APPLICATION).send().await;
    let response = sent.map_err(|error| format!("{error:?}"))?;
    Ok((response.status().as_u16(), response.text().await.unwrap()))
}

fn fingerprint(authorities: &Authorities, name: &str) -> String {
    let mut openssl = std::process::Command::new("openssl");
    openssl
        .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
        .arg(authorities.path(&format!("{name}.pem")));
    let printed = String::from_utf8(openssl.output().unwrap().stdout).unwrap();
    printed.trim().split_once('=').unwrap().1.to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_without_the_platforms_certificate_is_refused_and_a_renewed_one_is_seen_at_once() {
    let authorities = Authorities::new();
    authorities.issue("server", "house");
    for name in ["platform", "second", "stranger"] {
        authorities.issue(name, "other");
    }
    authorities.issue("forged", "house");
    let client_ca = format!("client_ca = {:?}\n", authorities.path("other.pem"));
    let pins =
        format!("client_certificates = [\"CN=platform\", \"{}\"]", fingerprint(&authorities, "second"));
    let settings =
        format!("{MANUAL}{}[platforms.hainan.edge]\n{pins}\n", authorities.section("server", &client_ca));
    let house = House::open_with(Database::Sqlite, &settings).await;
    for stranger in [None, Some("stranger")] {
        let refused = push(&house, authorities.client("house", stranger)).await;
        assert_eq!(refused, Ok((403, String::new())), "{stranger:?}");
    }
    assert!(
        push(&house, authorities.client("house", Some("forged"))).await.is_err(),
        "another's certificate"
    );
    assert!(push(&house, authorities.client("other", Some("platform"))).await.is_err(), "not our server");
    assert!(house.ledger().state().is_empty());
    for name in ["platform", "second"] {
        let accepted = push(&house, authorities.client("house", Some(name))).await;
        assert_eq!(accepted, Ok((200, SUCCESS.to_owned())), "{name}");
    }
    let plain = crate::pushes::client().post(house.address("baohanapply")).body(APPLICATION).send().await;
    assert!(plain.is_err(), "there is nothing but TLS");

    authorities.issue("server", "other");
    let renewed = push(&house, authorities.client("other", Some("platform"))).await;
    assert_eq!(renewed, Ok((200, SUCCESS.to_owned())));
}
