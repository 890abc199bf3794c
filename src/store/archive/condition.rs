//! What is known of the archive's health: since when it can't be used, and which documents it has lost. People are told of
//! each once.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::ArchiveError;
use crate::domain::identity::DocumentDigest;
use crate::telemetry::Metrics;

/// So many lost documents are remembered; where there are more, people are told again of some.
const REMEMBERED: usize = 10_000;

/// For so long a look that failed counts. Looks come more often.
const LOOK_COUNTS: Duration = Duration::from_secs(30);

#[derive(Default)]
pub(super) struct Condition {
    /// Where alarms are counted; a command that looks only for itself raises none.
    metrics: OnceLock<Metrics>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    outage: Option<Outage>,
    lost: HashSet<DocumentDigest>,
}

struct Outage {
    since: Instant,
    reason: String,
    /// When somebody looked last whether it is over.
    looked: Option<Instant>,
}

impl Condition {
    pub(super) fn report_to(&self, metrics: Metrics) {
        // Who reports already goes on with the same.
        drop(self.metrics.set(metrics));
    }

    /// Takes note of how an operation ended.
    pub(super) fn note<T>(&self, digest: &DocumentDigest, ended: &Result<T, ArchiveError>) {
        match ended {
            Ok(_) => {
                let mut state = self.state();
                self.recovered(&mut state);
                state.lost.remove(digest);
            }
            Err(ArchiveError::Unavailable(reason)) => self.unavailable(reason, None),
            Err(lost) => {
                let mut state = self.state();
                self.recovered(&mut state);
                if state.lost.len() >= REMEMBERED {
                    state.lost.clear();
                }
                if state.lost.insert(digest.clone()) {
                    drop(state);
                    self.alarm(match lost {
                        ArchiveError::Damaged { .. } => "document-damaged",
                        ArchiveError::Locked { .. } => "document-locked",
                        _ => "document-lost",
                    });
                    tracing::error!(error = %lost, "a document of the archive is lost until it is restored, or its key is; `baohan documents check` names its guarantee");
                }
            }
        }
    }

    /// Takes note of what somebody saw who looked for no other reason.
    pub(super) fn note_look(&self, seen: Result<(), ArchiveError>) {
        match seen {
            Err(ArchiveError::Unavailable(reason)) => self.unavailable(&reason, Some(Instant::now())),
            _ => self.recovered(&mut self.state()),
        }
    }

    /// Why it is of no use to ask the archive now: the last look has failed, a moment ago.
    pub(super) fn known_absence(&self) -> Option<String> {
        let state = self.state();
        let outage = state.outage.as_ref()?;
        outage.looked.filter(|looked| looked.elapsed() < LOOK_COUNTS).map(|_| outage.reason.clone())
    }

    /// For how long the archive can't be used, and why.
    pub(super) fn outage(&self) -> Option<(Duration, String)> {
        let state = self.state();
        state.outage.as_ref().map(|outage| (outage.since.elapsed(), outage.reason.clone()))
    }

    fn unavailable(&self, reason: &str, looked: Option<Instant>) {
        let mut state = self.state();
        if let Some(outage) = &mut state.outage {
            if looked.is_some() {
                reason.clone_into(&mut outage.reason);
                outage.looked = looked;
            }
            return;
        }
        state.outage = Some(Outage { since: Instant::now(), reason: reason.to_owned(), looked });
        drop(state);
        self.alarm("archive-unavailable");
        tracing::error!(reason, "the archive of documents can't be used; letters wait for it, pushes do not");
    }

    fn recovered(&self, state: &mut State) {
        if let Some(outage) = state.outage.take() {
            let seconds = outage.since.elapsed().as_secs();
            tracing::info!(seconds, "the archive of documents can be used again");
        }
    }

    fn alarm(&self, kind: &'static str) {
        if let Some(metrics) = self.metrics.get() {
            metrics.alarm(kind);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Damage;
    use super::*;

    #[test]
    fn people_are_told_of_each_outage_and_of_each_lost_document_once() {
        let (condition, metrics) = (Condition::default(), Metrics::new());
        condition.report_to(metrics.clone());
        let [one, other] = ["1", "2"].map(DocumentDigest::new);
        let missing = |digest: &DocumentDigest| Err::<(), _>(ArchiveError::Missing(digest.clone()));
        let away = || Err::<(), _>(ArchiveError::Unavailable("connection refused".to_owned()));
        for ended in [away(), away(), missing(&one), missing(&one), Ok(()), missing(&one), away()] {
            condition.note(&one, &ended);
        }
        let document = other.clone();
        condition.note(&other, &Err::<(), _>(ArchiveError::Damaged { document, how: Damage::Seal }));
        let third = DocumentDigest::new("3");
        let (document, key) = (third.clone(), "0a1b2c3d".to_owned());
        condition.note(&third, &Err::<(), _>(ArchiveError::Locked { document, key }));
        let counted = metrics.encode();
        for expected in [
            "archive-unavailable\"} 2",
            "document-lost\"} 2",
            "document-damaged\"} 1",
            "document-locked\"} 1",
        ] {
            assert!(counted.contains(expected), "{expected}: {counted}");
        }
        assert!(condition.outage().is_none());
        condition.note(&one, &away());
        assert_eq!(condition.outage().unwrap().1, "connection refused");
    }

    #[test]
    fn only_a_look_that_failed_keeps_others_from_asking() {
        let condition = Condition::default();
        let away = |why: &str| Err(ArchiveError::Unavailable(why.to_owned()));
        let one = DocumentDigest::new("1");
        condition.note::<()>(&one, &away("one attempt"));
        assert_eq!(condition.known_absence(), None);
        condition.note_look(away("a look"));
        condition.note::<()>(&one, &away("another attempt"));
        assert_eq!(condition.known_absence().as_deref(), Some("a look"));
        condition.note_look(Ok(()));
        assert!(condition.known_absence().is_none() && condition.outage().is_none());
    }
}
