//! What has reached the platform for one application, counted so that "exactly once" can be asserted.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

/// The state of one application as the platform sees it.
#[derive(Clone, Debug, Serialize)]
pub struct Delivery {
    pub applyno: String,
    /// The guarantee number, once `baohannotice` (or the first upload) has named one.
    pub baohanno: Option<String>,
    /// What `baohannotice` said: approved or not.
    pub approved: Option<bool>,
    /// Whether there is an opening, and so a ciphertext letter before it.
    pub restores: bool,
    /// Whether the platform has sent the key; without an opening, whether it has collected the guarantee.
    pub opened: bool,
    /// The institution has granted the surrender.
    pub surrendered: bool,
    pub ciphertext: Option<Accepted>,
    pub plaintext: Option<Accepted>,
    /// Accepted notices by interface.
    pub notices: BTreeMap<&'static str, Tally>,
}

/// A letter that the platform has accepted.
#[derive(Clone, Debug, Serialize)]
pub struct Accepted {
    pub at: Timestamp,
    /// The OFD itself; empty if the options don't keep letters.
    #[serde(skip)]
    pub document: Arc<[u8]>,
    pub bytes: usize,
    pub md5: String,
    /// SM3 of the OFD, hexadecimal.
    pub sm3: String,
    pub pages: usize,
    pub signatures: usize,
    /// How often it was accepted: once, and once more for each repetition with the same file.
    pub completions: u32,
    /// SM3 of other files that were offered for the same letter afterwards, and refused.
    pub other_files: Vec<String>,
}

/// How often notices of one interface were accepted.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tally {
    /// Each distinct content (SM3 of all fields but `timestamp` and `sign`), in order of arrival.
    pub contents: Vec<Content>,
    /// How many with another content were refused because one had been accepted.
    pub conflicts: u32,
}

/// One content of a notice.
#[derive(Clone, Debug, Serialize)]
pub struct Content {
    pub sm3: String,
    /// Arrivals; more than one are repetitions, which delivery "at least once" allows.
    pub times: u32,
}

impl Accepted {
    /// One file and no other; repetitions of the same bytes are allowed.
    pub fn is_single(&self) -> bool {
        self.other_files.is_empty()
    }
}

impl Tally {
    pub fn find(&mut self, sm3: &str) -> Option<&mut Content> {
        self.contents.iter_mut().find(|content| content.sm3 == sm3)
    }

    /// One content and no other; repetitions are allowed.
    pub fn is_single(&self) -> bool {
        self.contents.len() == 1 && self.conflicts == 0
    }
}

impl Delivery {
    /// Whether exactly one guarantee was delivered: one notice of approval and, where there is an opening, one ciphertext
    /// letter by content, and after the opening one plaintext letter.
    pub fn exactly_once(&self) -> bool {
        let once = |letter: &Option<Accepted>| letter.as_ref().is_some_and(Accepted::is_single);
        self.approved == Some(true)
            && self.notices.get("baohannotice").is_some_and(Tally::is_single)
            && (once(&self.ciphertext) || !self.restores && self.ciphertext.is_none())
            && (once(&self.plaintext) || !self.opened && self.plaintext.is_none())
    }
}
