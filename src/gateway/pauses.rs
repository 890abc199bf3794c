//! What people are told of pauses: when each begins and ends, and, as an alarm, when an opening falls into one.

use std::collections::BTreeMap;

use crate::domain::identity::PlatformId;
use crate::store::pauses::{self, Pause};
use crate::store::{Store, StoreError};
use crate::telemetry::Metrics;

/// What was seen of pauses last.
#[derive(Default)]
pub(super) struct PauseWatch {
    /// The open pauses, each with whether an opening has been told of.
    open: BTreeMap<PlatformId, (Pause, bool)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum News {
    Paused(Pause),
    Resumed(PlatformId),
    /// So many plaintext letters are due to a platform that is paused.
    Opening {
        pause: Pause,
        letters: usize,
    },
}

impl PauseWatch {
    /// Tells of what has changed. `openings` counts, by platform, the plaintext letters that are due.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn look(
        &mut self,
        open: &[Pause],
        openings: &BTreeMap<PlatformId, usize>,
        store: &Store,
        metrics: &Metrics,
    ) -> Result<(), StoreError> {
        for news in self.see(open, openings) {
            match news {
                News::Paused(Pause { platform, since, by, reason, .. }) => {
                    tracing::warn!(%platform, %since, by, reason, "platform is paused: nothing is sent to it");
                }
                News::Resumed(platform) => {
                    let id = platform.clone();
                    let latest = store.read(move |connection| pauses::latest(connection, &id)).await?;
                    let (at, by) = latest.and_then(|pause| pause.resumed).unzip();
                    let at = at.map(tracing::field::display);
                    tracing::warn!(%platform, at, by, "platform is resumed: all that waited for it is due");
                }
                News::Opening { pause: Pause { platform, since, by, reason, .. }, letters } => {
                    metrics.alarm("paused-at-opening");
                    tracing::error!(%platform, %since, by, reason, letters, "an opening is due and its platform is paused; `baohan platforms resume` delivers it");
                }
            }
        }
        Ok(())
    }

    fn see(&mut self, open: &[Pause], openings: &BTreeMap<PlatformId, usize>) -> Vec<News> {
        let mut news = Vec::new();
        let before = std::mem::take(&mut self.open);
        for platform in
            before.keys().filter(|platform| !open.iter().any(|pause| pause.platform == **platform))
        {
            news.push(News::Resumed(platform.clone()));
        }
        for pause in open {
            let known = before.get(&pause.platform).filter(|(known, _)| known.since == pause.since);
            if known.is_none() {
                news.push(News::Paused(pause.clone()));
            }
            let letters = openings.get(&pause.platform).copied().unwrap_or_default();
            if letters > 0 && !known.is_some_and(|(_, told)| *told) {
                news.push(News::Opening { pause: pause.clone(), letters });
            }
            self.open.insert(pause.platform.clone(), (pause.clone(), letters > 0));
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(platform: &str, since: &str) -> Pause {
        let (by, reason) = ("王工".to_owned(), "平台维护".to_owned());
        Pause {
            platform: PlatformId::new(platform),
            since: since.parse().unwrap(),
            by,
            reason,
            resumed: None,
        }
    }

    fn due(letters: usize) -> BTreeMap<PlatformId, usize> {
        BTreeMap::from([(PlatformId::new("p"), letters)])
    }

    #[test]
    fn each_pause_and_each_opening_within_one_is_told_once() {
        let mut watch = PauseWatch::default();
        let one = pause("p", "2026-11-22T01:00:00Z");
        let opening = |pause: &Pause, letters| News::Opening { pause: pause.clone(), letters };
        let mut see = |open: &[&Pause], letters| {
            let open: Vec<Pause> = open.iter().map(|pause| (*pause).clone()).collect();
            watch.see(&open, &due(letters))
        };
        assert_eq!(see(&[], 3), []);
        assert_eq!(see(&[&one], 0), [News::Paused(one.clone())]);
        assert_eq!(see(&[&one], 0), []);
        assert_eq!(see(&[&one], 2), [opening(&one, 2)]);
        assert_eq!(see(&[&one], 5), []);
        // All of it was delivered by hand or given up; the next opening is news.
        assert_eq!(see(&[&one], 0), []);
        assert_eq!(see(&[&one], 1), [opening(&one, 1)]);
        assert_eq!(see(&[], 1), [News::Resumed(PlatformId::new("p"))]);
        let other = pause("p", "2026-11-22T02:00:00Z");
        assert_eq!(see(&[&other], 1), [News::Paused(other.clone()), opening(&other, 1)]);
    }
}
