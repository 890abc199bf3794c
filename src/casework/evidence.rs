//! Having the evidence of a claim fetched, on a person's word: the row that says so, and the job that does it, in one
//! transaction. A claim's links lead to a server that somebody else has named, so none is followed by itself.

use std::time::Duration;

use jiff::Timestamp;

use super::task::{self, Task};
use crate::domain::identity::PlatformId;
use crate::domain::{Event, Guarantee};
use crate::store::evidence::{self, Evidence, Item};
use crate::store::jobs::{self, Lane};
use crate::store::{Connection, StoreError, events};

/// What stands in a job's column for the platform, where the job fetches evidence: the server behind a link is none. No
/// platform has this id.
pub const EVIDENCE: &str = "evidence";

/// A link of a claim, and what came of it.
pub struct Exhibit {
    pub claim: i64,
    pub item: i64,
    /// Whether it is of the last claim, so that it may be asked for.
    pub is_current: bool,
    /// The host in the link, as far as it can be read; the rest may hold a token.
    pub host: String,
    pub evidence: Option<Evidence>,
}

/// What became of somebody's wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It will be fetched under this id.
    Enqueued(String),
    /// It is being fetched, or is there.
    Known,
    /// The last claim names no such link, or there is no claim.
    NoSuchItem,
}

/// The links of the last claim on a guarantee, and those of earlier claims that somebody had followed.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn exhibits(connection: &mut Connection, guarantee: &Guarantee) -> Result<Vec<Exhibit>, StoreError> {
    let mut known = evidence::of_guarantee(connection, &guarantee.id)?;
    let claim = last_claim(connection, guarantee)?;
    let links = guarantee.claim.iter().flat_map(|claim| &claim.request.evidence);
    let mut current = Vec::new();
    for (item, url) in (1_i64..).zip(links) {
        let found = known.iter().position(|it| it.of.claim == claim && it.of.item == item);
        let evidence = found.map(|index| known.remove(index));
        current.push(Exhibit { claim, item, is_current: true, host: host(url), evidence });
    }
    let earlier = known.into_iter().map(|evidence| Exhibit {
        claim: evidence.of.claim,
        item: evidence.of.item,
        is_current: false,
        host: host(evidence.url.expose()),
        evidence: Some(evidence),
    });
    Ok(earlier.chain(current).collect())
}

/// Has a link of the last claim followed; `item` counts from 1. In a lane beside the guarantee's own, so that a server that
/// is slow holds up nothing else.
///
/// # Errors
/// When the database fails.
pub fn ask(
    connection: &mut Connection,
    guarantee: &Guarantee,
    item: i64,
    by: &str,
    at: Timestamp,
) -> Result<Asked, StoreError> {
    let links = guarantee.claim.as_ref().map(|claim| claim.request.evidence.as_slice()).unwrap_or_default();
    let index = item.checked_sub(1).and_then(|index| usize::try_from(index).ok());
    let Some(url) = index.and_then(|index| links.get(index)) else { return Ok(Asked::NoSuchItem) };
    let claim = last_claim(connection, guarantee)?;
    let of = Item { guarantee: guarantee.id.clone(), claim, item };
    let Some(id) = evidence::ask(connection, &of, url, by, at)? else { return Ok(Asked::Known) };
    let (platform, lane) = (PlatformId::new(EVIDENCE), Lane::beside(&guarantee.id, EVIDENCE));
    let task = Task::Evidence { id: id.clone() };
    jobs::enqueue(connection, &task::job(&platform, lane, &task, None, Duration::ZERO, at)?)?;
    Ok(Asked::Enqueued(id))
}

/// The number of the claim that a guarantee holds, counted from 1 by the claims that were received.
fn last_claim(connection: &mut Connection, guarantee: &Guarantee) -> Result<i64, StoreError> {
    let timeline = events::timeline(connection, &guarantee.id)?;
    let received = timeline.iter().filter(|entry| matches!(entry.event, Event::ClaimReceived { .. }));
    Ok(i64::try_from(received.count()).unwrap_or(i64::MAX))
}

/// What stands between the scheme and the path, without a user; for people to recognise, not to judge by.
fn host(url: &str) -> String {
    const SHOWN: usize = 80;
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.chars().filter(|letter| letter.is_alphanumeric() || ".-:[]_".contains(*letter)).take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_link_people_are_shown_the_host_and_no_token() {
        for (url, shown) in [
            ("https://files.example.cn/a/b.pdf?token=75319", "files.example.cn"),
            ("http://user:word@10.0.0.7:8080/a", "10.0.0.7:8080"),
            ("https://a.cn?token=1", "a.cn"),
            ("https://a.cn\"><script>/x", "a.cnscript"),
            ("no link", ""),
        ] {
            assert_eq!(host(url), shown, "{url}");
        }
    }
}
