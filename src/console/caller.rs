//! From where a request comes: the browser's own address, where a proxy of the institution's stands in front.

use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::http::header::USER_AGENT;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::{Ready, ready};

use super::{Console, Failure};
use crate::access::Visitor;

/// Who stands at the door; handlers take it as an argument.
pub(super) struct Caller(pub Visitor);

impl FromRequest for Caller {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok());
        ready(Ok(Self(Visitor::new(address(request), agent))))
    }
}

/// The peer's address; behind a proxy of the settings, the last one in `X-Forwarded-For` that is no such proxy. What stands
/// before that anybody can have written.
pub(super) fn address(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let proxies = request.app_data::<Data<Console>>().map(|console| console.options.proxies.as_slice());
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    Some(behind(peer, proxies.unwrap_or_default(), &forwarded.collect::<Vec<_>>().join(",")))
}

fn behind(peer: IpAddr, proxies: &[IpAddr], forwarded: &str) -> IpAddr {
    if !proxies.contains(&peer) {
        return peer;
    }
    for hop in forwarded.rsplit(',') {
        match hop.trim().parse::<IpAddr>().map(|hop| hop.to_canonical()) {
            Ok(hop) if proxies.contains(&hop) => {}
            Ok(hop) => return hop,
            Err(_) => return peer,
        }
    }
    peer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proxy_of_the_settings_is_believed_and_only_its_own_word() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let proxies = [address("10.0.0.1"), address("10.0.0.2")];
        let found = |peer: &str, forwarded: &str| behind(address(peer), &proxies, forwarded).to_string();
        assert_eq!(found("192.0.2.9", "198.51.100.1"), "192.0.2.9");
        assert_eq!(found("10.0.0.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(found("10.0.0.1", "203.0.113.66, 198.51.100.1, 10.0.0.2"), "198.51.100.1");
        assert_eq!(found("10.0.0.1", "10.0.0.2"), "10.0.0.1");
        assert_eq!(found("10.0.0.1", ""), "10.0.0.1");
        assert_eq!(found("10.0.0.1", "198.51.100.1, unknown"), "10.0.0.1");
    }
}
