//! Whether a platform can be reached from here, tried now. Nothing is told to it.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use serde_json::json;

use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::{Console, Failure};
use crate::domain::identity::PlatformId;
use crate::store::audit;

/// What came of calling one address.
struct Tried {
    address: String,
    /// The interfaces that stand under it.
    interfaces: Vec<String>,
    /// The status of whatever answer came.
    status: Option<u16>,
    /// Why none came.
    failure: Option<String>,
    took: Duration,
}

#[derive(Template)]
#[template(path = "console/platforms/trial.html")]
struct TrialPage {
    frame: Frame,
    id: String,
    title: String,
    tried: Vec<Tried>,
}

pub(super) async fn connect(
    frame: Frame,
    console: Data<Console>,
    acting: Acting,
    id: Path<String>,
) -> Result<HttpResponse, Failure> {
    let id = PlatformId::new(id.into_inner());
    let platform = console.platforms.find(&id).ok_or(Failure::NotFound)?;
    let profile = &platform.profile;
    let mut by_host: Vec<(String, String, Vec<String>)> = Vec::new();
    for (interface, url) in profile.outbound() {
        let host = host_of(url).to_owned();
        match by_host.iter_mut().find(|(known, _, _)| *known == host) {
            Some((_, _, interfaces)) => interfaces.push(interface.name.clone()),
            None => by_host.push((host, url.to_owned(), vec![interface.name.clone()])),
        }
    }
    let client = &console.desk.uploader.courier.client;
    let mut tried = Vec::with_capacity(by_host.len());
    for (address, url, interfaces) in by_host {
        let begun = console.clock.now();
        let reached = client.reach(&url).await;
        let took = console.clock.now().duration_since(begun).unsigned_abs();
        let (status, failure) = match reached {
            Ok(status) => (Some(status), None),
            Err(failure) => (None, Some(failure.to_string())),
        };
        tried.push(Tried { address, interfaces, status, failure, took });
    }
    let outcome: Vec<_> =
        tried.iter().map(|it| json!({ "address": it.address, "status": it.status })).collect();
    let entry = acting.entry("platform.trial", ("platform", id.to_string()), json!(outcome));
    let at = console.clock.now();
    console.store.write(move |connection| audit::append(connection, &entry, at)).await?;
    page(&TrialPage { id: id.to_string(), title: profile.title().to_owned(), tried, frame })
}

/// Scheme, host and port of an address.
fn host_of(url: &str) -> &str {
    let behind = url.find("://").map_or(0, |scheme| scheme.saturating_add(3));
    let length = url.get(behind..).and_then(|rest| rest.find('/'));
    length.and_then(|length| url.get(..behind.saturating_add(length))).unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::host_of;

    #[test]
    fn interfaces_of_one_host_are_tried_once() {
        assert_eq!(host_of("https://a.example:8443/x/y"), "https://a.example:8443");
        assert_eq!(host_of("http://a.example"), "http://a.example");
    }
}
