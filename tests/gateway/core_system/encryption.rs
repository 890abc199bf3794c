//! TLS of the core system's listener with real handshakes: certificates by openssl, calls by another library's client.

use baohan_gateway::api::Scope;
use reqwest::{Client, Method};

use super::API;
use crate::authorities::Authorities;
use crate::house::{Database, House};

const NOBODY: &str = "/guarantees/01990000-0000-7000-8000-000000000000";

fn settings(authorities: &Authorities, more: &str) -> String {
    format!("{API}{}", authorities.section("api", more))
}

/// The status that a caller gets, or that it got no answer.
async fn call(house: &House, key: &str, client: Client) -> Result<u16, String> {
    let mut core = house.core_with(key, client);
    core.base = core.base.replace("http://", "https://");
    let answer = core.request(Method::GET, NOBODY).send().await;
    answer.map(|response| response.status().as_u16()).map_err(|error| format!("{error:?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewed_certificate_is_shown_from_the_next_handshake_on() {
    let authorities = Authorities::new();
    authorities.issue("server", "house");
    let house = House::open_with(Database::Sqlite, &settings(&authorities, "")).await;
    let key = house.core_allowed("core", &[Scope::Read]).await.key;
    assert_eq!(call(&house, &key, authorities.client("house", None)).await, Ok(404));
    assert!(call(&house, &key, authorities.client("other", None)).await.is_err());
    let plain = house.core_with(&key, crate::pushes::client());
    assert!(plain.request(Method::GET, NOBODY).send().await.is_err());

    authorities.issue("server", "other");
    assert_eq!(call(&house, &key, authorities.client("other", None)).await, Ok(404));
    assert!(call(&house, &key, authorities.client("house", None)).await.is_err());

    // Half of a renewal: a key that does not belong to its certificate. The former pair stays in use.
    authorities.issue("next", "house");
    std::fs::copy(authorities.path("next.key"), authorities.path("server.key")).unwrap();
    assert_eq!(call(&house, &key, authorities.client("other", None)).await, Ok(404));
    std::fs::copy(authorities.path("next.pem"), authorities.path("server.pem")).unwrap();
    assert_eq!(call(&house, &key, authorities.client("house", None)).await, Ok(404));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_without_a_certificate_of_ours_gets_no_further_than_the_handshake() {
    let authorities = Authorities::new();
    authorities.issue("server", "house");
    authorities.issue("caller", "other");
    authorities.issue("stranger", "house");
    let client_ca = format!("client_ca = {:?}\n", authorities.path("other.pem"));
    let house = House::open_with(Database::Sqlite, &settings(&authorities, &client_ca)).await;
    let key = house.core_allowed("core", &[Scope::Read]).await.key;
    assert_eq!(call(&house, &key, authorities.client("house", Some("caller"))).await, Ok(404));
    for stranger in [None, Some("stranger")] {
        let refused = call(&house, &key, authorities.client("house", stranger)).await;
        assert!(refused.is_err(), "{stranger:?}: {refused:?}");
    }
    // A certificate is no key.
    let keyless = call(&house, "bhk_none", authorities.client("house", Some("caller"))).await;
    assert_eq!(keyless, Ok(401));

    // The authorities are renewed like the rest.
    std::fs::copy(authorities.path("house.pem"), authorities.path("other.pem")).unwrap();
    assert_eq!(call(&house, &key, authorities.client("house", Some("stranger"))).await, Ok(404));
    assert!(call(&house, &key, authorities.client("house", Some("caller"))).await.is_err());
}
