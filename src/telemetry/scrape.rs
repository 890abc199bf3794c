//! The listener that Prometheus reads. It is apart from the platforms' listener, so that no route of that one can
//! show a metric.

use std::collections::HashMap;
use std::net::SocketAddr;

use actix_web::dev::Server;
use actix_web::http::header::ACCEPT;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

use super::Metrics;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What those understand that don't say that they understand the other, such as Zabbix and `promtool check metrics`.
const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Serves `/metrics` and nothing else. Returns the server, which runs once it is awaited, and the address it
/// listens on (which port, where 0 was asked for). Signals are left to the main server: stop this one through
/// its handle.
///
/// # Errors
/// When the address cannot be listened on.
pub fn serve_metrics(address: SocketAddr, metrics: Metrics) -> std::io::Result<(Server, SocketAddr)> {
    let server = HttpServer::new(move || {
        let metrics = metrics.clone();
        let page = move |request: HttpRequest| {
            let accepted = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
            let open = accepted.is_some_and(|kinds| kinds.contains("application/openmetrics-text"));
            let text = metrics.encode();
            let (kind, text) = if open { (OPEN_METRICS, text) } else { (PLAIN, plain(&text)) };
            async move { HttpResponse::Ok().content_type(kind).body(text) }
        };
        App::new().route("/metrics", web::get().to(page))
    })
    .workers(1)
    .disable_signals()
    .bind(address)?;
    let listening = server.addrs().first().copied().unwrap_or(address);
    Ok((server.run(), listening))
}

/// The same in the older format: there a counter and an info are named as their lines are, and there is no end.
fn plain(open_metrics: &str) -> String {
    let described = |line: &str| {
        let (word, rest) = line.strip_prefix("# ")?.split_once(' ')?;
        let (name, text) = rest.split_once(' ')?;
        Some((word.to_owned(), name.to_owned(), text.to_owned()))
    };
    let lines: Vec<&str> = open_metrics.lines().collect();
    let types: HashMap<String, String> = lines
        .iter()
        .filter_map(|line| described(line))
        .filter(|(word, ..)| word == "TYPE")
        .map(|(_, name, kind)| (name, kind))
        .collect();
    let mut text = String::with_capacity(open_metrics.len());
    for line in lines {
        let shown = match described(line) {
            None if line.starts_with('#') => continue,
            None => line.to_owned(),
            Some((word, name, rest)) => {
                let (suffix, kind) = match types.get(&name).map(String::as_str) {
                    Some("counter") => ("_total", "counter"),
                    Some("info") => ("_info", "gauge"),
                    Some(kind) => ("", kind),
                    None => continue,
                };
                let rest = if word == "TYPE" { kind } else { rest.as_str() };
                format!("# {word} {name}{suffix} {rest}")
            }
        };
        text.push_str(&shown);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpStream};

    use super::*;

    async fn get(address: SocketAddr, path: &'static str) -> String {
        get_as(address, path, "application/openmetrics-text;version=1.0.0,text/plain;q=0.3").await
    }

    async fn get_as(address: SocketAddr, path: &'static str, accept: &'static str) -> String {
        let ask = move || {
            let mut stream = TcpStream::connect(address).unwrap();
            let head =
                format!("GET {path} HTTP/1.1\r\nHost: gateway\r\nAccept: {accept}\r\nConnection: close");
            write!(stream, "{head}\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        };
        web::block(ask).await.unwrap()
    }

    #[actix_web::test]
    async fn metrics_are_read_on_their_own_listener_and_nothing_else_is() {
        let metrics = Metrics::new();
        let (server, address) =
            serve_metrics(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), metrics.clone()).unwrap();
        let handle = server.handle();
        let running = crate::supervise::spawn("metrics", server);
        metrics.lease_expired();

        let page = get(address, "/metrics").await;
        assert!(page.starts_with("HTTP/1.1 200 OK"), "{page}");
        assert!(page.contains(OPEN_METRICS), "{page}");
        assert!(page.contains("gw_job_lease_expired_total 1\n"), "{page}");
        assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 404"));
        let page = get_as(address, "/metrics", "text/plain").await;
        assert!(page.contains(PLAIN) && page.ends_with('\n'), "{page}");
        for line in [
            "# TYPE gw_job_lease_expired_total counter",
            "gw_job_lease_expired_total 1",
            "# TYPE gw_build_info gauge",
            "# TYPE gw_seal_duration_seconds histogram",
        ] {
            assert!(page.lines().any(|found| found == line), "no `{line}` in {page}");
        }
        assert!(!page.contains("# EOF"), "{page}");

        handle.stop(true).await;
        running.await.unwrap().unwrap().unwrap();
    }

    #[actix_web::test]
    async fn an_address_in_use_is_an_error_at_the_start() {
        let taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        assert!(serve_metrics(taken.local_addr().unwrap(), Metrics::new()).is_err());
    }
}
