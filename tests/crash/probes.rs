//! What a gateway's health pages say.

use std::net::SocketAddr;

use crate::premises::get;

/// The status of a page and its body; None where nobody answers.
pub fn page(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    let answer = get(address, path).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.get(9..12)?.parse().ok()?, body.to_owned()))
}

/// The status of `/readyz`.
pub fn readiness(address: SocketAddr) -> Option<u16> {
    page(address, "/readyz").map(|(status, _)| status)
}

/// The status of `/livez`.
pub fn liveness(address: SocketAddr) -> Option<u16> {
    page(address, "/livez").map(|(status, _)| status)
}
