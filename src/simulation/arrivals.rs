//! What has arrived at the platforms, and whether it may have.

use std::collections::{BTreeMap, BTreeSet};

use super::agenda::Micros;
use super::network::Sent;
use super::oracle::Oracle;
use crate::domain::guarantee::LetterKind;
use crate::domain::identity::{DocumentDigest, GuaranteeNumber};
use crate::domain::notice::Notice;
use crate::store::jobs::JobId;

/// The platforms' memory. A message that comes again changes nothing in it.
#[derive(Default)]
pub(super) struct Arrivals {
    /// The digest of each message that was taken, by what it is a repetition of.
    said: BTreeMap<String, [u8; 32]>,
    /// Which jobs have told a case what can be told once.
    once: BTreeMap<(usize, &'static str), BTreeSet<JobId>>,
    slices: BTreeMap<(usize, &'static str), BTreeMap<u64, [u8; 32]>>,
    pub letters: BTreeMap<(usize, &'static str), (DocumentDigest, Micros)>,
}

/// What the platform makes of a message.
pub(super) struct Taken {
    pub is_new: bool,
    /// None where it says no.
    pub accepted: bool,
    /// The guarantee's number, where the message tells it.
    pub number: Option<GuaranteeNumber>,
}

impl Taken {
    fn new(is_new: bool) -> Self {
        Self { is_new, accepted: true, number: None }
    }
}

impl Arrivals {
    /// A notice by its job, a slice by job, generation and index.
    pub fn has_heard_of(&self, what: &str) -> bool {
        self.said.contains_key(what)
    }

    /// A message arrives. `lets_go` is what the platform says to a waiver.
    pub fn take(
        &mut self,
        case: usize,
        lets_go: bool,
        sent: &Sent,
        now: Micros,
        oracle: &mut Oracle,
    ) -> Taken {
        match sent {
            Sent::Notice { job, notice, digest, encloses } => {
                let mut taken = Taken::new(self.says(job.as_str().to_owned(), *digest, oracle));
                if let Some(what) = told_once(notice) {
                    self.only_once(case, what, job, oracle);
                }
                if let Some((letter, document)) = encloses {
                    self.receive(case, *letter, document, now, oracle);
                }
                if let Notice::ApplicationResult(result) = &**notice {
                    taken.number = result.terms.as_ref().map(|terms| terms.guarantee.clone());
                }
                taken.accepted = lets_go || !matches!(**notice, Notice::WaiverRequest { .. });
                taken
            }
            Sent::PublicKey => Taken::new(true),
            Sent::Slice { job, letter, generation, index, digest, number } => {
                let is_new = self.says(format!("{job}/{generation}/{index}"), *digest, oracle);
                self.slices.entry((case, letter.name())).or_default().insert(*index, *digest);
                Taken { number: Some(number.clone()), ..Taken::new(is_new) }
            }
            Sent::Completion { letter, document, slices, .. } => {
                let got = self.slices.entry((case, letter.name())).or_default();
                let whole = (0_u64..).zip(slices).all(|(index, slice)| got.get(&index) == Some(slice));
                let is_new = whole && self.receive(case, *letter, document, now, oracle);
                Taken { accepted: whole, ..Taken::new(is_new) }
            }
        }
    }

    /// Whether it is new; said again, it has to be the same.
    fn says(&mut self, what: String, digest: [u8; 32], oracle: &mut Oracle) -> bool {
        match self.said.get(&what) {
            None => {
                self.said.insert(what, digest);
                true
            }
            Some(known) => {
                if *known != digest {
                    oracle.broken("G3", || format!("message {what} was sent again with other bytes"));
                }
                false
            }
        }
    }

    fn only_once(&mut self, case: usize, what: &'static str, job: &JobId, oracle: &mut Oracle) {
        let jobs = self.once.entry((case, what)).or_default();
        jobs.insert(job.clone());
        if jobs.len() > 1 {
            oracle.broken("G3", || format!("case {case} was told its {what} by several jobs: {jobs:?}"));
        }
    }

    fn receive(
        &mut self,
        case: usize,
        letter: LetterKind,
        document: &DocumentDigest,
        now: Micros,
        oracle: &mut Oracle,
    ) -> bool {
        match self.letters.get(&(case, letter.name())) {
            None => {
                self.letters.insert((case, letter.name()), (document.clone(), now));
                true
            }
            Some((known, _)) => {
                if known != document {
                    let letter = letter.name();
                    oracle.broken("G3", || format!("case {case} got two different {letter} letters"));
                }
                false
            }
        }
    }
}

/// What a platform may be told by one job alone, however often it says so.
fn told_once(notice: &Notice) -> Option<&'static str> {
    match notice {
        Notice::ApplicationResult(_) => Some("application's result"),
        Notice::RestorationResult { .. } => Some("restoration's result"),
        Notice::CancellationResult { .. } => Some("cancellation's result"),
        _ => None,
    }
}
