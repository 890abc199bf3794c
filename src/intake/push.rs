//! A push as it came in over HTTP.

use jiff::Timestamp;

use crate::domain::identity::PlatformId;
use crate::store::messages::{Direction, NewMessage};

/// Longer names are cut before they are stored: no platform and no interface has one.
const LONGEST_NAME: usize = 64;

pub struct Push {
    /// The platform's id, from the path.
    pub platform: PlatformId,
    /// The interface's name, where the path has one.
    pub interface: Option<String>,
    pub content_type: Option<String>,
    /// The digest, from platforms that send it in a header.
    pub digest: Option<String>,
    pub body: Body,
    pub peer: Option<String>,
    /// Names this exchange in logs and in the store.
    pub request_id: String,
}

/// What could be read of a push's body.
pub enum Body {
    Whole(Vec<u8>),
    /// The body was longer than `limit` bytes; it was not kept.
    TooLarge {
        limit: usize,
    },
    /// The body stopped coming; what came is kept.
    Unfinished(Vec<u8>),
    /// The request was no POST, and its body was not read.
    NotPosted,
}

impl Push {
    /// The record of this push, before it is known what became of it.
    pub(super) fn record(&self, interface: &str, at: Timestamp) -> NewMessage {
        let body = match &self.body {
            Body::Whole(body) | Body::Unfinished(body) => body.clone(),
            Body::TooLarge { .. } | Body::NotPosted => Vec::new(),
        };
        NewMessage {
            platform: PlatformId::new(cut(self.platform.as_str())),
            direction: Direction::In,
            interface: cut(interface),
            guarantee: None,
            request_id: self.request_id.clone(),
            at,
            body,
            answer: None,
            outcome: String::new(),
            detail: None,
            tolerances: Vec::new(),
            peer: self.peer.clone(),
        }
    }
}

fn cut(name: &str) -> String {
    name.chars().take(LONGEST_NAME).collect()
}
