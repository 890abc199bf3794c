//! Anchors: number and code of the last entry, noted where somebody who has the database has nothing to say.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::chain::Head;

/// The target of the log lines that are anchors; it never changes, so that log collection can be told to keep them.
pub const ANCHOR_TARGET: &str = "baohan::audit";

/// What such a line says, before its fields `number` and `mac`.
pub const ANCHOR_MESSAGE: &str = "audit anchor";

/// The length of a code in hex digits.
const MAC_DIGITS: usize = 64;

/// What stood at the end of the trail at some moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    pub number: i64,
    #[serde(with = "in_hex")]
    pub mac: [u8; 32],
    pub at: Timestamp,
}

impl Anchor {
    pub fn new(head: &Head, at: Timestamp) -> Self {
        Self { number: head.number, mac: head.mac, at }
    }

    /// The line of an anchor file, with its end.
    ///
    /// # Errors
    /// Never; serde can't know.
    pub fn to_line(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string(self)? + "\n")
    }
}

/// Anchors by their entries. Where two disagree about an entry, at most one of them is what the gateway wrote, so both are
/// kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anchors {
    by_number: BTreeMap<i64, Vec<[u8; 32]>>,
    /// Lines that ought to be anchors and are none. A crash while one is written leaves such a line.
    pub unreadable: u64,
}

impl Anchors {
    pub fn add(&mut self, number: i64, mac: [u8; 32]) {
        let known = self.by_number.entry(number).or_default();
        if !known.contains(&mac) {
            known.push(mac);
        }
    }

    /// Adds those of an anchor file: a JSON object on each line.
    pub fn add_file(&mut self, text: &str) {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match serde_json::from_str::<Anchor>(line) {
                Ok(anchor) => self.add(anchor.number, anchor.mac),
                Err(_) => self.unreadable += 1,
            }
        }
    }

    /// Adds those of a log, in JSON or for people, also where a collector has wrapped its lines in JSON of its own.
    pub fn add_log(&mut self, text: &str) {
        for line in text.lines().filter(|line| line.contains(ANCHOR_TARGET) && line.contains(ANCHOR_MESSAGE))
        {
            match in_log_line(line) {
                Some((number, mac)) => self.add(number, mac),
                None => self.unreadable += 1,
            }
        }
    }

    /// How many entries have one.
    pub fn len(&self) -> usize {
        self.by_number.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_number.is_empty()
    }

    /// The codes that were noted for an entry.
    pub(super) fn of(&self, number: i64) -> &[[u8; 32]] {
        self.by_number.get(&number).map_or(&[], Vec::as_slice)
    }

    /// The greatest number that was noted.
    pub(super) fn last(&self) -> Option<i64> {
        self.by_number.keys().next_back().copied()
    }
}

fn in_log_line(line: &str) -> Option<(i64, [u8; 32])> {
    let digits = value(line, "number", |letter| letter.is_ascii_digit())?;
    let mac = value(line, "mac", |letter| letter.is_ascii_hexdigit()).filter(|it| it.len() == MAC_DIGITS)?;
    Some((digits.parse().ok()?, hex::decode(mac).ok()?.try_into().ok()?))
}

/// What follows a field's name and whatever separates the two: `mac=…`, `"mac":"…"`, `\"mac\":\"…\"`.
fn value(line: &str, name: &str, is_part: fn(char) -> bool) -> Option<String> {
    line.match_indices(name).find_map(|(at, _)| {
        let rest = line.get(at + name.len()..)?.trim_start_matches(['"', '\\', ':', '=', ' ']);
        let value: String = rest.chars().take_while(|letter| is_part(*letter)).collect();
        (!value.is_empty()).then_some(value)
    })
}

/// A code as hex digits.
pub(super) mod in_hex {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(mac: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(mac))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(deserializer)?;
        let mac = hex::decode(&text).ok().and_then(|bytes| bytes.try_into().ok());
        mac.ok_or_else(|| D::Error::custom(format!("expected 64 hex digits, found `{text}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_read_from_every_kind_of_line_that_it_is_written_to() {
        let mac = "ab".repeat(32);
        let lines = [
            format!(
                r#"{{"timestamp":"2026-11-22T00:00:00Z","level":"INFO","message":"audit anchor","number":12,"mac":"{mac}","target":"baohan::audit"}}"#
            ),
            format!("2026-11-22T00:00:00Z  INFO baohan::audit: audit anchor number=12 mac={mac}"),
            format!(
                r#"{{"log":"{{\"message\":\"audit anchor\",\"number\":12,\"mac\":\"{mac}\",\"target\":\"baohan::audit\"}}\n","stream":"stderr"}}"#
            ),
        ];
        for line in lines {
            let mut anchors = Anchors::default();
            anchors.add_log(&format!("something else\n{line}\nnumber=13 mac=00"));
            assert_eq!(
                (anchors.of(12), anchors.len(), anchors.unreadable),
                (&[[0xab; 32]][..], 1, 0),
                "{line}"
            );
        }
    }

    #[test]
    fn a_line_that_a_crash_cut_off_is_counted_and_the_others_are_read() {
        let anchor = Anchor { number: 3, mac: [1; 32], at: Timestamp::UNIX_EPOCH };
        let line = anchor.to_line().unwrap();
        let mut anchors = Anchors::default();
        anchors.add_file(&format!("{line}{}\n{line}", &line[..20]));
        assert_eq!((anchors.of(3), anchors.last(), anchors.unreadable), (&[[1; 32]][..], Some(3), 1));
        anchors.add_log("baohan::audit: audit anchor number=4 mac=12");
        assert_eq!((anchors.len(), anchors.unreadable), (1, 2));
    }
}
