//! Who may call: keys and their rotation, limits, slow callers, and what is counted and logged of all that.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use baohan_gateway::api::Scope;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{API, Core, json_body, reply_to};
use crate::house::{Database, House, on_both_databases};
use crate::operator::MANUAL;
use crate::pushes;
use crate::serving::{Serving, program, said};

impl<Platform> House<Platform> {
    /// What `baohan api-keys` says beside the running gateway.
    fn api_keys(&self, arguments: &[&str]) -> String {
        let files = [self.settings.clone(), self.overrides.clone()];
        let said = said(program(&files, &[]).arg("api-keys").args(arguments));
        String::from_utf8(said).unwrap()
    }

    /// Makes a key as an operator does; its id, and a core system that has it.
    async fn create(&self, client: &str, scopes: &str, more: &[&str]) -> (String, Core) {
        let shown = self.api_keys(&[&["create", "--client", client, "--scopes", scopes], more].concat());
        let line = |name: &str| {
            let line = shown.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("{shown}")).trim().to_owned()
        };
        let core = self.core_with(&line("key:"), pushes::client());
        (line("id:"), core)
    }

    /// A core system that shows this key and calls this way.
    pub fn core_with(&self, key: &str, client: reqwest::Client) -> Core {
        let address = self.gateway.core_system_address().unwrap();
        Core { base: format!("http://{address}/api/v1"), key: key.to_owned(), client }
    }
}

async fn status_of(core: &Core, path: &str) -> StatusCode {
    core.get(path).await.status
}

on_both_databases! {
    async fn a_key_is_replaced_without_an_interruption(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        let path = format!("/guarantees/{}", house.id_of(&applyno).await);
        let (old_id, old) = house.create("core", "read,underwrite", &[]).await;
        let first = old.post_as("once", &format!("{path}/decline"), json!({"reason": "资料不全"})).await;
        assert_eq!(first.status, StatusCode::OK, "{first:?}");

        let (new_id, new) = house.create("core", "underwrite,read", &["--days", "30"]).await;
        assert_ne!((&old_id, &old.key), (&new_id, &new.key));
        assert_eq!((status_of(&old, &path).await, status_of(&new, &path).await), (StatusCode::OK, StatusCode::OK));
        let again = new.post_as("once", &format!("{path}/decline"), json!({"reason": "资料不全"})).await;
        assert_eq!((again.status, again.again, again.body), (StatusCode::OK, true, first.body));

        house.until_listed(&new_id, |line| !line.contains("never")).await;
        let listed = house.api_keys(&["list"]);
        assert!(!listed.contains(&old.key) && !listed.contains(&new.key), "{listed}");
        let line = |id: &str| listed.lines().find(|line| line.starts_with(id)).unwrap().to_owned();
        assert!(line(&old_id).contains("core  ") && line(&old_id).contains("read,underwrite"), "{listed}");
        assert!(line(&old_id).ends_with("valid") && line(&new_id).ends_with("valid"), "{listed}");

        assert_eq!(house.api_keys(&["revoke", &old_id]), format!("key {old_id} is revoked\n"));
        let refused = old.get(&path).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::UNAUTHORIZED, "unauthenticated"));
        assert_eq!(status_of(&new, &path).await, StatusCode::OK);
        let listed = house.api_keys(&["list"]);
        assert!(listed.lines().any(|line| line.starts_with(&old_id) && line.ends_with("revoked")), "{listed}");

        house.gateway.assembly.clock.advance(Duration::from_secs(31 * 86_400));
        assert_eq!(status_of(&new, &path).await, StatusCode::UNAUTHORIZED);
    }

    async fn a_key_opens_what_its_scopes_name_and_nothing_else(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        let path = format!("/guarantees/{}", house.id_of(&applyno).await);
        let reader = house.core_allowed("reader", &[Scope::Read]).await;
        assert_eq!(status_of(&reader, &path).await, StatusCode::OK);
        let refused = reader.post(&format!("{path}/decline"), json!({"reason": "资料不全"})).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::FORBIDDEN, "forbidden"));
        assert!(refused.body["detail"].as_str().unwrap().contains("`underwrite`"), "{refused:?}");
        let clerk = house.core_allowed("clerk", &[Scope::Underwrite]).await;
        assert_eq!(status_of(&clerk, &path).await, StatusCode::FORBIDDEN);
        assert_eq!(house.timeline(&applyno).await, ["收到投保申请"]);
    }
}

impl<Platform> House<Platform> {
    /// Waits until the list of keys shows something of one of them: the use of a key is noted behind the request.
    async fn until_listed(&self, id: &str, condition: impl Fn(&str) -> bool) {
        let begun = self.gateway.assembly.clock.now();
        loop {
            let listed = self.api_keys(&["list"]);
            if listed.lines().any(|line| line.starts_with(id) && condition(line)) {
                return;
            }
            let waited = self.gateway.assembly.clock.now().duration_since(begun);
            assert!(waited.unsigned_abs() < crate::house::PATIENCE, "{listed}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_asks_too_often_is_told_when_to_come_again_and_others_are_served() {
    let limits = format!("{API}requests_per_second = 1\nburst = 3\n");
    let house = House::open_with(Database::Sqlite, &limits).await;
    let (busy, calm) =
        (house.core_allowed("busy", &[Scope::Read]).await, house.core_allowed("calm", &[Scope::Read]).await);
    // Another key of the same client has the same budget.
    let second = house.core_allowed("busy", &[Scope::Read]).await;
    let path = "/guarantees/01990000-0000-7000-8000-000000000000";
    let mut seen = Vec::new();
    for core in [&busy, &second, &busy, &second, &busy, &second] {
        let response = core.request(Method::GET, path).send().await.unwrap();
        let wait = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        seen.push((response.status().as_u16(), wait));
    }
    assert!(seen[..3].iter().all(|(status, _)| *status == 404), "{seen:?}");
    assert!(seen.contains(&(429, Some("1".to_owned()))), "{seen:?}");
    let limited = seen.iter().filter(|(status, _)| *status == 429).count();
    assert_eq!(calm.get(path).await.code(), "not-found");
    assert_eq!(house.counted("gw_api_limited_total{limit=\"client\"}"), u64::try_from(limited).unwrap());
    let counted = "gw_api_requests_total{resource=\"/api/v1/guarantees/{id}\",method=\"GET\",status=\"429\"}";
    assert_eq!(house.counted(counted), u64::try_from(limited).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_guesses_keys_is_stopped_and_does_not_stop_a_neighbour() {
    let house = House::open_with(Database::Sqlite, API).await;
    let neighbour = house.core_allowed("neighbour", &[Scope::Read]).await;
    let path = "/guarantees/01990000-0000-7000-8000-000000000000";
    assert_eq!(neighbour.get(path).await.code(), "not-found");
    let mut statuses = Vec::new();
    for guess in 0..40 {
        let guesser = house.core_with(&format!("bhk_{guess}"), pushes::client());
        let refused = guesser.get(path).await;
        assert!(["unauthenticated", "rate-limited"].contains(&refused.code()), "{refused:?}");
        statuses.push(refused.status.as_u16());
    }
    assert!(statuses[..20].iter().all(|status| *status == 401), "{statuses:?}");
    assert!(statuses[20..].contains(&429), "{statuses:?}");
    assert!(house.counted("gw_api_limited_total{limit=\"peer\"}") > 0);
    assert_eq!(neighbour.get(path).await.code(), "not-found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let house = House::open_with(Database::Sqlite, &format!("{API}body_seconds = 1\n")).await;
    let core = house.core().await;
    let address = house.gateway.core_system_address().unwrap();
    let key = core.key.clone();
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let head = format!(
            "POST /api/v1/guarantees/1/decline HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {key}\r\n\
             Idempotency-Key: slow\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{\"reason\""
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = [0; 4096];
        let length = stream.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    });
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("\"request-timeout\""), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_wrongly_is_answered_as_a_problem_whatever_it_is() {
    let house = House::open_with(Database::Sqlite, API).await;
    let core = house.core().await;
    for (method, path, status, code) in [
        (Method::GET, "/nothing-here", 404, "not-found"),
        (Method::GET, "/guarantees/%FF", 404, "not-found"),
        (Method::DELETE, "/guarantees/1", 405, "method-not-allowed"),
        (Method::GET, "/guarantees/1/decline", 405, "method-not-allowed"),
        (Method::POST, "/errors", 405, "method-not-allowed"),
        (Method::GET, "/errors/no-such-code", 404, "not-found"),
        (Method::GET, "/docs/", 404, "not-found"),
    ] {
        let response = core.request(method.clone(), path).send().await.unwrap();
        let header =
            |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert!(header("x-request-id").is_some() && header("cache-control").is_some(), "{response:?}");
        let allow = header("allow");
        match (status, path) {
            (405, "/guarantees/1/decline") => assert_eq!(allow.as_deref(), Some("POST")),
            (405, _) => assert_eq!(allow.as_deref(), Some("GET")),
            _ => assert_eq!(allow, None),
        }
        let reply = reply_to(core.request(method, path)).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (status, code), "{path}: {reply:?}");
    }
    let outside = reply_to(pushes::client().get(core.base.replace("/api/v1", "/livez"))).await;
    assert_eq!((outside.status.as_u16(), outside.code()), (404, "not-found"));
    let large = core.request(Method::POST, "/guarantees/1/decline").header("Idempotency-Key", "large");
    let large = reply_to(json_body(large, &json!({"reason": "x".repeat(300_000)}))).await;
    assert_eq!((large.status.as_u16(), large.code()), (413, "body-too-large"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_act_leaves_one_line_with_who_and_what_and_nothing_of_what_was_said() {
    let house = House::open_with(Database::Sqlite, &format!("{API}{MANUAL}")).await;
    let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
    let id = house.id_of(&applyno).await;
    let (key_id, mut core) = house.create("core-bank", "read,underwrite", &[]).await;
    let files: [PathBuf; 2] = [house.settings.clone(), house.overrides.clone()];
    house.gateway.stop().await;
    let variables = [
        ("BAOHAN__SERVER__LISTEN", "127.0.0.1:0"),
        ("BAOHAN__TELEMETRY__LOG_FILTER", "info"),
        ("BAOHAN__TELEMETRY__LOG_FORMAT", "json"),
    ];
    let serving = Serving::start(&files, &variables);
    let log = String::from_utf8(serving.log()).unwrap();
    let up = lines(&log).into_iter().find(|line| line["message"] == "the core system's interface is up");
    core.base = format!("http://{}/api/v1", up.unwrap()["address"].as_str().unwrap());
    let path = format!("/guarantees/{id}/decline");
    for key in ["a", "a", "b"] {
        core.post_as(key, &path, json!({"reason": "内部黑名单"})).await;
    }
    core.post_as("c", "/guarantees/someone%0Aelse/decline", json!({"reason": "内部黑名单"})).await;
    core.get(&format!("/guarantees/{id}")).await;
    let log = String::from_utf8(serving.stop()).unwrap();
    assert!(
        !log.contains("内部黑名单") && !log.contains(&core.key) && !log.contains("someone\nelse"),
        "{log}"
    );
    let acts: Vec<Value> = lines(&log)
        .into_iter()
        .filter(|line| line["message"] == "the core system asked for an act")
        .collect();
    let told = |line: &Value| {
        assert_eq!((&line["client"], &line["key.id"]), (&json!("core-bank"), &json!(key_id)), "{line}");
        assert_eq!(line["resource"], "/api/v1/guarantees/{id}/decline");
        (line["guarantee.id"].clone(), line["outcome"].as_str().unwrap().to_owned(), line["refusal"].clone())
    };
    let (of, nothing) = (json!(id), Value::Null);
    assert_eq!(
        acts.iter().map(told).collect::<Vec<_>>(),
        [
            (of.clone(), "done".to_owned(), nothing.clone()),
            (of.clone(), "answered again".to_owned(), nothing.clone()),
            (of, "illegal-state".to_owned(), json!("already-decided")),
            (nothing.clone(), "not-found".to_owned(), nothing),
        ]
    );
}

fn lines(log: &str) -> Vec<Value> {
    log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
