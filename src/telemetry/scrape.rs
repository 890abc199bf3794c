//! The listener that Prometheus reads. It is apart from the platforms' listener, so that no route of that one can
//! show a metric.

use std::net::SocketAddr;

use actix_web::dev::Server;
use actix_web::{App, HttpResponse, HttpServer, web};

use super::Metrics;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves `/metrics` and nothing else. Returns the server, which runs once it is awaited, and the address it
/// listens on (which port, where 0 was asked for). Signals are left to the main server: stop this one through
/// its handle.
///
/// # Errors
/// When the address cannot be listened on.
pub fn serve_metrics(address: SocketAddr, metrics: Metrics) -> std::io::Result<(Server, SocketAddr)> {
    let server = HttpServer::new(move || {
        let metrics = metrics.clone();
        let page = move || {
            let text = metrics.encode();
            async move { HttpResponse::Ok().content_type(OPEN_METRICS).body(text) }
        };
        App::new().route("/metrics", web::get().to(page))
    })
    .workers(1)
    .disable_signals()
    .bind(address)?;
    let listening = server.addrs().first().copied().unwrap_or(address);
    Ok((server.run(), listening))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpStream};

    use super::*;

    async fn get(address: SocketAddr, path: &'static str) -> String {
        let ask = move || {
            let mut stream = TcpStream::connect(address).unwrap();
            write!(stream, "GET {path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n").unwrap();
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

        handle.stop(true).await;
        running.await.unwrap().unwrap().unwrap();
    }

    #[actix_web::test]
    async fn an_address_in_use_is_an_error_at_the_start() {
        let taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        assert!(serve_metrics(taken.local_addr().unwrap(), Metrics::new()).is_err());
    }
}
