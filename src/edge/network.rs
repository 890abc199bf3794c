//! Lists of addresses in settings: single ones and ranges.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// Addresses and ranges of addresses (CIDR), as `203.0.113.7`, `203.0.113.0/24` or `2001:db8::/32`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Networks(Vec<Network>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network(IpNet);

impl Networks {
    /// Whether an address is in one of them. An IPv4 address that came in by IPv6 is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.0.contains(&address))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = |expected: &str| D::Error::custom(format!("expected {expected}, found `{text}`"));
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self(address.to_canonical().into()));
        }
        let network: IpNet =
            text.parse().map_err(|_| wrong("an address or a range such as `203.0.113.0/24`"))?;
        // Somebody who wrote `203.0.113.7/24` meant either the address or the range; a guess would open too much.
        if network.trunc() != network {
            return Err(wrong(&format!("`{}` for the range, or an address without `/`", network.trunc())));
        }
        Ok(Self(network))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Holder {
        list: Networks,
    }

    fn read(list: &str) -> Result<Networks, String> {
        toml::from_str::<Holder>(&format!("list = [{list}]"))
            .map(|it| it.list)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn addresses_and_ranges_hold_what_they_say() {
        let networks = read("\"203.0.113.0/24\", \"198.51.100.7\", \"2001:db8::/32\"").unwrap();
        for inside in ["203.0.113.0", "203.0.113.255", "198.51.100.7", "2001:db8::1", "::ffff:203.0.113.9"] {
            assert!(networks.contains(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["203.0.114.0", "198.51.100.8", "2001:db9::1", "127.0.0.1", "::"] {
            assert!(!networks.contains(outside.parse().unwrap()), "{outside}");
        }
        assert!(!read("").unwrap().contains("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_range_is_refused_and_told() {
        let complaint = read("\"203.0.113.7/24\"").unwrap_err();
        assert!(complaint.contains("expected `203.0.113.0/24` for the range"), "{complaint}");
        for wrong in ["platform.example.com", "203.0.113", "203.0.113.0/33", "", "*"] {
            let complaint = read(&format!("{wrong:?}")).unwrap_err();
            assert!(complaint.contains(&format!("found `{wrong}`")), "{complaint}");
        }
    }
}
