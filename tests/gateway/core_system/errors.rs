//! The page of error codes, without a key: every `type` that a problem can have leads to it.

use baohan_gateway::api::errors;
use baohan_gateway::api::problem::{Code, Problem};
use reqwest::header;
use serde_json::Value;

use super::API;
use crate::house::{Database, House};
use crate::pushes::client;

async fn page(base: &str, address: &str, accept: Option<&str>) -> (u16, String, String) {
    let mut request = client().get(format!("{base}{address}"));
    if let Some(accept) = accept {
        request = request.header(header::ACCEPT, accept);
    }
    let response = request.send().await.unwrap();
    let media_type = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    (response.status().as_u16(), media_type, response.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_code_is_explained_where_a_problem_says_it_is() {
    let house = House::open_with(Database::Sqlite, API).await;
    let base = format!("http://{}", house.gateway.core_system_address().unwrap());
    let types =
        Code::ALL.map(|code| serde_json::to_value(Problem::new(code, "").body()).unwrap()["type"].clone());
    let types = types.iter().map(|address| address.as_str().unwrap().to_owned());
    let refusals = errors::all().into_iter().map(|explanation| explanation.address);
    for address in types.chain(refusals) {
        let (status, media_type, body) = page(&base, &address, None).await;
        assert_eq!((status, media_type.as_str()), (200, "application/json"), "{address}");
        let explained: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(explained["type"], *address);
        assert_eq!(explained["example"]["status"], explained["status"], "{explained}");
    }
    let (status, _, list) = page(&base, "/api/v1/errors", Some("application/json")).await;
    let list: Vec<Value> = serde_json::from_str(&list).unwrap();
    assert_eq!((status, list.len()), (200, errors::all().len()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_gets_a_page_and_a_program_json() {
    let house = House::open_with(Database::Sqlite, API).await;
    let base = format!("http://{}", house.gateway.core_system_address().unwrap());
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for address in ["/api/v1/errors", "/api/v1/errors/illegal-state"] {
        let (status, media_type, html) = page(&base, address, Some(browser)).await;
        assert_eq!((status, media_type.as_str()), (200, "text/html; charset=utf-8"));
        assert!(html.contains("当前状态不允许此操作") && html.contains("stands where this act"), "{html}");
    }
    for (accept, media_type) in [
        ("*/*", "application/json"),
        ("application/json, text/html;q=0.1", "application/json"),
        ("text/*", "text/html; charset=utf-8"),
    ] {
        assert_eq!(page(&base, "/api/v1/errors", Some(accept)).await.1, media_type, "{accept}");
    }
    let (status, _, body) = page(&base, "/api/v1/errors", Some("image/png")).await;
    assert!(status == 406 && body.contains("not-acceptable"), "{body}");
}
