//! What sort of address a connection would go to, by the registries of special addresses (IANA, RFC 6890 and later).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Where an address leads. All but [`Public`](Self::Public) lead into somebody's house, or nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Public,
    /// RFC 1918, and unique local addresses of IPv6.
    Private,
    Loopback,
    /// Shared by a carrier's customers (RFC 6598); some clouds have services of their own there.
    Shared,
    LinkLocal,
    /// Where a cloud tells its machines their credentials.
    Metadata,
    /// IPv6 that only wraps an address of IPv4: mapped, compatible, translated, 6to4, Teredo, ISATAP.
    Wrapped,
    Documentation,
    Multicast,
    Unspecified,
    /// Set aside for other purposes, or not handed out.
    Reserved,
}

impl Kind {
    pub fn of(address: IpAddr) -> Self {
        if METADATA.contains(&address)
            || wrapped(address).is_some_and(|inner| METADATA.contains(&inner.into()))
        {
            return Self::Metadata;
        }
        if wrapped(address).is_some() {
            return Self::Wrapped;
        }
        let listed = RANGES.iter().find(|(range, _)| range.contains(&address));
        match (listed, address) {
            (Some((_, kind)), _) => *kind,
            (None, IpAddr::V4(_)) => Self::Public,
            // Nothing else of IPv6 has been handed out.
            (None, IpAddr::V6(address)) if address.octets().first().is_some_and(|it| it >> 5 == 0b001) => {
                Self::Public
            }
            (None, IpAddr::V6(_)) => Self::Reserved,
        }
    }

    /// The word in logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Loopback => "loopback",
            Self::Shared => "shared",
            Self::LinkLocal => "link-local",
            Self::Metadata => "metadata",
            Self::Wrapped => "wrapped",
            Self::Documentation => "documentation",
            Self::Multicast => "multicast",
            Self::Unspecified => "unspecified",
            Self::Reserved => "reserved",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The address of IPv4 inside of one of IPv6.
pub(super) fn wrapped(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else { return None };
    let bits = address.to_bits();
    let last = u32::try_from(bits & u128::from(u32::MAX)).ok()?;
    let inner = if TUNNELS.contains(&address) {
        u32::try_from((bits >> 80) & u128::from(u32::MAX)).ok()?
    } else if TEREDO.contains(&address) {
        !last
    } else if WRAPPERS.iter().any(|range| range.contains(&address)) && !matches!(bits, 0 | 1)
        || is_isatap(&address)
    {
        last
    } else {
        return None;
    };
    Some(Ipv4Addr::from_bits(inner))
}

/// RFC 5214: the interface's identifier is `0000:5efe` or `0200:5efe` and an address of IPv4.
fn is_isatap(address: &Ipv6Addr) -> bool {
    matches!(address.segments(), [_, _, _, _, 0 | 0x0200, 0x5efe, _, _])
}

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length))
}

const fn net6(first: [u16; 3], length: u8) -> Ipv6Net {
    let [a, b, c] = first;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), length)
}

const fn v6(a: u16, b: u16, length: u8) -> IpNet {
    IpNet::V6(net6([a, b, 0], length))
}

/// 6to4 (RFC 3056).
const TUNNELS: Ipv6Net = net6([0x2002, 0, 0], 16);
/// RFC 4380; the address of IPv4 is inverted.
const TEREDO: Ipv6Net = net6([0x2001, 0, 0], 32);
/// Those that end in an address of IPv4: compatible, mapped, translated (RFC 2765), NAT64 (RFC 6052, 8215).
const WRAPPERS: [Ipv6Net; 5] = [
    net6([0, 0, 0], 96),
    Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96),
    Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96),
    net6([0x64, 0xff9b, 0], 96),
    net6([0x64, 0xff9b, 1], 48),
];

/// AWS and most others, its containers; Tencent Cloud; Alibaba Cloud; Azure; Oracle; and by IPv6 AWS and Google.
const METADATA: [IpAddr; 10] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 0, 23)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

/// The first range that holds an address says its kind.
const RANGES: [(IpNet, Kind); 27] = [
    (v4(0, 0, 0, 0, 8), Kind::Unspecified),
    (v4(10, 0, 0, 0, 8), Kind::Private),
    (v4(100, 64, 0, 0, 10), Kind::Shared),
    (v4(127, 0, 0, 0, 8), Kind::Loopback),
    (v4(169, 254, 0, 0, 16), Kind::LinkLocal),
    (v4(172, 16, 0, 0, 12), Kind::Private),
    (v4(192, 0, 0, 0, 24), Kind::Reserved),
    (v4(192, 0, 2, 0, 24), Kind::Documentation),
    (v4(192, 88, 99, 0, 24), Kind::Reserved),
    (v4(192, 168, 0, 0, 16), Kind::Private),
    (v4(198, 18, 0, 0, 15), Kind::Reserved),
    (v4(198, 51, 100, 0, 24), Kind::Documentation),
    (v4(203, 0, 113, 0, 24), Kind::Documentation),
    (v4(224, 0, 0, 0, 4), Kind::Multicast),
    (v4(240, 0, 0, 0, 4), Kind::Reserved),
    (IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 128)), Kind::Unspecified),
    (IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128)), Kind::Loopback),
    (v6(0x100, 0, 64), Kind::Reserved),
    (v6(0x2001, 0xdb8, 32), Kind::Documentation),
    // What protocols use among themselves (RFC 2928).
    (v6(0x2001, 0, 23), Kind::Reserved),
    (v6(0x3fff, 0, 20), Kind::Documentation),
    (v6(0x5f00, 0, 16), Kind::Reserved),
    (v6(0xfc00, 0, 7), Kind::Private),
    (v6(0xfe80, 0, 10), Kind::LinkLocal),
    // Site-local, given up by RFC 3879 and still routed in some houses.
    (v6(0xfec0, 0, 10), Kind::Private),
    (v6(0xff00, 0, 8), Kind::Multicast),
    (v6(0x64, 0xff9b, 32), Kind::Reserved),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(address: &str) -> Kind {
        Kind::of(address.parse().unwrap())
    }

    /// The first and the last address of each range, and the neighbours outside.
    #[test]
    fn every_special_range_is_known_from_its_first_address_to_its_last() {
        for (expected, inside, outside) in [
            (Kind::Unspecified, ["0.0.0.0", "0.255.255.255"], ["1.0.0.0", "1.1.1.1"]),
            (Kind::Private, ["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0"]),
            (Kind::Shared, ["100.64.0.0", "100.127.255.255"], ["100.63.255.255", "100.128.0.0"]),
            (Kind::Loopback, ["127.0.0.0", "127.255.255.255"], ["126.255.255.255", "128.0.0.0"]),
            (Kind::LinkLocal, ["169.254.0.0", "169.254.255.255"], ["169.253.255.255", "169.255.0.0"]),
            (Kind::Private, ["172.16.0.0", "172.31.255.255"], ["172.15.255.255", "172.32.0.0"]),
            (Kind::Reserved, ["192.0.0.0", "192.0.0.255"], ["191.255.255.255", "192.0.1.0"]),
            (Kind::Documentation, ["192.0.2.0", "192.0.2.255"], ["192.0.1.255", "192.0.3.0"]),
            (Kind::Reserved, ["192.88.99.0", "192.88.99.255"], ["192.88.98.255", "192.88.100.0"]),
            (Kind::Private, ["192.168.0.0", "192.168.255.255"], ["192.167.255.255", "192.169.0.0"]),
            (Kind::Reserved, ["198.18.0.0", "198.19.255.255"], ["198.17.255.255", "198.20.0.0"]),
            (Kind::Documentation, ["198.51.100.0", "198.51.100.255"], ["198.51.99.255", "198.51.101.0"]),
            (Kind::Documentation, ["203.0.113.0", "203.0.113.255"], ["203.0.112.255", "203.0.114.0"]),
            (Kind::Multicast, ["224.0.0.0", "239.255.255.255"], ["223.255.255.255", "223.0.0.1"]),
            (Kind::Reserved, ["240.0.0.0", "255.255.255.255"], ["223.255.255.255", "8.8.8.8"]),
            (Kind::Documentation, ["2001:db8::", "2001:db8:ffff::1"], ["2001:db7::1", "2001:db9::1"]),
            (Kind::Reserved, ["2001:2::", "2001:1ff:ffff::"], ["2001:200::", "2400:3200::1"]),
            (Kind::Documentation, ["3fff::", "3fff:fff:ffff::"], ["3fff:1000::", "3ff0::1"]),
        ] {
            for address in inside {
                assert_eq!(kind(address), expected, "{address}");
            }
            for address in outside {
                assert_eq!(kind(address), Kind::Public, "{address}");
            }
        }
        for (address, expected) in [
            ("::", Kind::Unspecified),
            ("::1", Kind::Loopback),
            ("fc00::1", Kind::Private),
            ("fdff:ffff::1", Kind::Private),
            ("fe80::1", Kind::LinkLocal),
            ("febf::1", Kind::LinkLocal),
            ("fec0::1", Kind::Private),
            ("ff02::1", Kind::Multicast),
            ("100::1", Kind::Reserved),
            ("5f00::1", Kind::Reserved),
            ("4000::1", Kind::Reserved),
            ("1fff::1", Kind::Reserved),
            ("e000::1", Kind::Reserved),
        ] {
            assert_eq!(kind(address), expected, "{address}");
        }
    }

    #[test]
    fn an_address_inside_of_another_one_is_found() {
        for address in [
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "::ffff:0:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::10.0.0.1",
            "2002:7f00:1::1",
            "2001:0:4136:e378:8000:63bf:80ff:fffe",
            "2400:3200::5efe:10.0.0.1",
            "2400:3200::200:5efe:10.0.0.1",
        ] {
            assert_eq!(kind(address), Kind::Wrapped, "{address}");
        }
        let inner = |address: &str| wrapped(address.parse().unwrap()).unwrap().to_string();
        assert_eq!(inner("::ffff:127.0.0.1"), "127.0.0.1");
        assert_eq!(inner("64:ff9b::a00:1"), "10.0.0.1");
        assert_eq!(inner("2002:7f00:1::1"), "127.0.0.1");
        assert_eq!(inner("2001:0:4136:e378:8000:63bf:80ff:fffe"), "127.0.0.1");
    }

    #[test]
    fn clouds_tell_credentials_to_nobody_through_us() {
        for address in [
            "169.254.169.254",
            "100.100.100.200",
            "169.254.0.23",
            "168.63.129.16",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
        ] {
            assert_eq!(kind(address), Kind::Metadata, "{address}");
        }
    }
}
