//! From where somebody calls.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// As much of a browser's name as is kept, in characters.
const LONGEST_AGENT: usize = 200;

/// Who stands at the door.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visitor {
    pub address: Option<IpAddr>,
    agent: Option<String>,
}

impl Visitor {
    /// `agent` is what the browser calls itself.
    pub fn new(address: Option<IpAddr>, agent: Option<&str>) -> Self {
        let plain = |agent: &str| agent.chars().filter(|it| !it.is_control()).take(LONGEST_AGENT).collect();
        Self { address: address.map(|address| address.to_canonical()), agent: agent.map(plain) }
    }

    pub(super) fn agent(&self) -> Option<String> {
        self.agent.clone()
    }

    /// Those who count as one when failures are counted: whoever has one address of IPv6 has the 2⁶⁴ of its network.
    pub(super) fn household(&self) -> String {
        match self.address {
            Some(IpAddr::V6(address)) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).to_string(),
            Some(address) => address.to_string(),
            None => Ipv4Addr::UNSPECIFIED.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_is_one_household_and_a_mapped_address_is_itself() {
        let household = |text: &str| Visitor::new(Some(text.parse().unwrap()), None).household();
        assert_eq!(household("2001:db8::1"), household("2001:db8::ffff:1"));
        assert_ne!(household("2001:db8::1"), household("2001:db8:0:1::1"));
        assert_eq!(household("::ffff:192.0.2.7"), "192.0.2.7");
    }

    #[test]
    fn what_a_browser_calls_itself_is_cut_and_has_no_control_characters() {
        let visitor = Visitor::new(None, Some(&format!("a\r\nb{}", "c".repeat(300))));
        assert_eq!(visitor.agent(), Some(format!("ab{}", "c".repeat(198))));
    }
}
