//! From where a request comes, also where a proxy of the institution's stands in front.

use std::net::IpAddr;

use actix_web::HttpRequest;

use super::Networks;

/// The peer's address; behind a proxy of the settings, the last one in `X-Forwarded-For` that is no such proxy. What stands
/// before that anybody can have written.
pub fn address(request: &HttpRequest, proxies: &Networks) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    Some(behind(peer, proxies, &forwarded.collect::<Vec<_>>().join(",")))
}

fn behind(peer: IpAddr, proxies: &Networks, forwarded: &str) -> IpAddr {
    if !proxies.contains(peer) {
        return peer;
    }
    for hop in forwarded.rsplit(',') {
        match hop.trim().parse::<IpAddr>().map(|hop| hop.to_canonical()) {
            Ok(hop) if proxies.contains(hop) => {}
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
        #[derive(serde::Deserialize)]
        struct Holder {
            proxies: Networks,
        }
        let Holder { proxies } = toml::from_str("proxies = [\"10.0.0.1\", \"10.0.1.0/24\"]").unwrap();
        let found =
            |peer: &str, forwarded: &str| behind(peer.parse().unwrap(), &proxies, forwarded).to_string();
        assert_eq!(found("192.0.2.9", "198.51.100.1"), "192.0.2.9");
        assert_eq!(found("10.0.0.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(found("10.0.0.1", "203.0.113.66, 198.51.100.1, 10.0.1.2"), "198.51.100.1");
        assert_eq!(found("10.0.0.1", "10.0.1.2"), "10.0.0.1");
        assert_eq!(found("10.0.0.1", ""), "10.0.0.1");
        assert_eq!(found("10.0.0.1", "198.51.100.1, unknown"), "10.0.0.1");
    }
}
