//! What has reached the platform for one application, so that "each state once and in order" can be asserted.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::letter::Letter;

/// The state of one application as the platform sees it.
#[derive(Clone, Debug, Serialize)]
pub struct Delivery {
    pub application_id: String,
    /// 保函唯一标识, once 03 has named it.
    pub guarantee_id: Option<String>,
    /// Issued, and neither surrendered nor cancelled.
    pub in_force: bool,
    /// Each content of PREP102, PREP106 and PREP108 that was accepted, in the order of arrival.
    pub noted: Vec<Noted>,
    /// How many contents were refused because they contradict an accepted one.
    pub conflicts: u32,
    /// The letter as PREP103 brought it; more than one if it has changed.
    pub letters: Vec<Letter>,
}

/// One accepted notice.
#[derive(Clone, Debug, Serialize)]
pub struct Noted {
    pub at: Timestamp,
    pub transcode: &'static str,
    /// `applicationStatus` or `status`; empty for PREP108.
    pub status: String,
    /// The decrypted message.
    pub fields: BTreeMap<String, String>,
    /// SM3 of the decrypted message, hexadecimal.
    pub sm3: String,
    /// Arrivals; more than one are repetitions, which delivery "at least once" allows.
    pub times: u32,
}

impl Delivery {
    /// The states of PREP102 in the order of arrival, without repetitions.
    pub fn states(&self) -> Vec<&str> {
        self.statuses("PREP102")
    }

    /// The states of the claim (PREP106) in the order of arrival, without repetitions.
    pub fn claim_states(&self) -> Vec<&str> {
        self.statuses("PREP106")
    }

    fn statuses(&self, transcode: &str) -> Vec<&str> {
        let of_transcode = self.noted.iter().filter(|noted| noted.transcode == transcode);
        of_transcode.map(|noted| noted.status.as_str()).collect()
    }

    /// Whether PREP108 was accepted.
    pub fn is_cancelled(&self) -> bool {
        self.noted.iter().any(|noted| noted.transcode == "PREP108")
    }

    /// The last accepted notice of a transaction and state.
    pub fn notice(&self, transcode: &str, status: &str) -> Option<&Noted> {
        self.noted.iter().rev().find(|noted| noted.transcode == transcode && noted.status == status)
    }

    /// Whether exactly one guarantee was delivered: approved, paid and issued once each, with one letter.
    pub fn exactly_once(&self) -> bool {
        let once = |state: &str| self.states().iter().filter(|known| **known == state).count() == 1;
        ["01", "03", "05"].into_iter().all(once) && self.conflicts == 0 && self.letters.len() == 1
    }
}
