//! What is known of a connection before its first request: whose certificate, and how many others its address has open.

use std::any::Any;
use std::collections::HashMap;
use std::net::{IpAddr, Shutdown};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use socket2::SockRef;

use super::Networks;
use super::budget::household;
use crate::crypto::tls;
use crate::telemetry::{InboundOutcome, Metrics};

/// The certificate that a caller has shown, which an authority of the settings has issued. Requests find it among the data of
/// their connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// SHA-256, in lower-case hexadecimal.
    pub fingerprint: String,
    /// As RFC 4514 writes it.
    pub subject: String,
}

/// Counts connections by address. Cloning shares the count.
#[derive(Clone)]
pub struct Connections(Arc<Counts>);

struct Counts {
    most: u32,
    proxies: Networks,
    metrics: Metrics,
    open: Mutex<HashMap<IpAddr, u32>>,
}

/// One connection of an address, for as long as it is open.
struct Seat(Arc<Counts>, IpAddr);

impl Connections {
    /// At most so many of one address; proxies bring those of many.
    pub fn new(most: u32, proxies: Networks, metrics: Metrics) -> Self {
        Self(Arc::new(Counts { most, proxies, metrics, open: Mutex::default() }))
    }

    /// For [`HttpServer::on_connect`](actix_web::HttpServer::on_connect). One connection too many ends here.
    pub fn opened(&self, stream: &dyn Any, data: &mut Extensions) {
        let tls = stream.downcast_ref::<TlsStream<TcpStream>>().map(|stream| stream.get_ref());
        let Some(tcp) = tls.map(|(tcp, _)| tcp).or_else(|| stream.downcast_ref::<TcpStream>()) else {
            return;
        };
        if let Some(certificate) = tls.and_then(|(_, session)| session.peer_certificates()?.first()) {
            let tls::Shown { fingerprint, subject } = tls::shown(certificate);
            data.insert(Caller { fingerprint, subject });
        }
        let Ok(peer) = tcp.peer_addr() else { return };
        let address = peer.ip().to_canonical();
        if self.0.proxies.contains(address) {
            return;
        }
        match self.0.seat(household(Some(address))) {
            Some(seat) => drop(data.insert(seat)),
            None => {
                self.0.metrics.inbound(None, None, InboundOutcome::Limited, std::time::Duration::ZERO);
                // Nobody reads what is said on it: there is no request yet to answer.
                drop(SockRef::from(tcp).shutdown(Shutdown::Both));
            }
        }
    }
}

impl Counts {
    fn seat(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let mut open = self.open();
        let count = open.entry(address).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Seat(Arc::clone(self), address))
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Self(counts, address) = self;
        let mut open = counts.open();
        let left = open.get(address).map_or(0, |count| count.saturating_sub(1));
        if left == 0 {
            open.remove(address);
        } else {
            open.insert(*address, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_its_seats_back_and_takes_none_from_others() {
        let connections = Connections::new(2, Networks::default(), Metrics::new());
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let first = connections.0.seat(one).unwrap();
        let second = connections.0.seat(one).unwrap();
        assert!(connections.0.seat(one).is_none());
        assert!(connections.0.seat(other).is_some());
        drop(first);
        assert!(connections.0.seat(one).is_some());
        drop(second);
        assert!(connections.0.open().is_empty(), "nothing is kept of who has gone");
    }
}
