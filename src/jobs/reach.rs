//! Which platforms answer: noted in the database when it changes, and told to people and to the core system.
//!
//! This is for people; what is sent meanwhile is the [breaker](super::breaker)'s affair, whose probes are seen here like any
//! other call. While all is well this costs a look at a map. A platform counts as lost after several attempts in a row that got no
//! answer, over a while; the first answer afterwards brings it back.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::casework::callback::{self, CallbackType};
use crate::casework::{Platforms, Task};
use crate::clock::Clock;
use crate::domain::identity::PlatformId;
use crate::store::jobs::ClaimedJob;
use crate::store::{Store, reach};
use crate::telemetry::Metrics;

use super::verdict::Verdict;

/// Fewer attempts without an answer may be a hiccup.
const ATTEMPTS: u32 = 3;

/// Watches the platforms of one process.
pub struct Reach {
    pub store: Store,
    pub platforms: Platforms,
    pub clock: Clock,
    pub metrics: Metrics,
    sightings: Sightings,
}

/// What is known of each platform that did not answer lately.
struct Sightings {
    /// How long nothing may be heard of a platform.
    patience: Duration,
    silent: Mutex<BTreeMap<PlatformId, Silence>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Silence {
    attempts: u32,
    since: Option<Timestamp>,
    /// Whether the database has it as lost.
    noted: bool,
}

/// What an attempt says of its platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    Nothing,
    Lost { since: Timestamp },
    Back,
}

impl Reach {
    pub fn new(
        store: Store,
        platforms: Platforms,
        clock: Clock,
        metrics: Metrics,
        patience: Duration,
    ) -> Self {
        let sightings = Sightings { patience, silent: Mutex::default() };
        Self { store, platforms, clock, metrics, sightings }
    }

    /// What another process has noted, or this one before it was started anew.
    pub fn learn(&self, lost: &[(PlatformId, Timestamp)]) {
        self.sightings.learn(lost);
    }

    /// Looks at how an attempt went that may have called its platform.
    pub(super) async fn look_at(&self, job: &ClaimedJob, verdict: &Verdict) {
        if !calls_platform(job) {
            return;
        }
        let (platform, at) = (&job.platform, self.clock.now());
        let written = match self.sightings.see(platform, verdict.is_answered(), at) {
            News::Nothing => return,
            News::Lost { since } => self.note_lost(platform, since, at).await,
            News::Back => self.note_back(platform, at).await,
        };
        if let Err(error) = written {
            tracing::warn!(%platform, %error, "it could not be noted whether a platform can be reached");
        }
    }

    async fn note_lost(&self, platform: &PlatformId, since: Timestamp, at: Timestamp) -> anyhow::Result<()> {
        let (wanted, id) = (self.platforms.callbacks().clone(), platform.clone());
        let written = self.store.write(move |c| {
            let news = reach::note_lost(c, &id, since, at)?;
            if news {
                callback::tell_of_reach(c, &wanted, &id, CallbackType::PlatformUnreachable, since, at)?;
            }
            Ok(news)
        });
        let news = written.await?;
        self.sightings.noted(platform, true);
        if news {
            self.metrics.alarm("platform-unreachable");
            tracing::error!(%platform, %since, "platform can't be reached; what is due to it is tried on");
        }
        Ok(())
    }

    async fn note_back(&self, platform: &PlatformId, at: Timestamp) -> anyhow::Result<()> {
        let (wanted, id) = (self.platforms.callbacks().clone(), platform.clone());
        let written = self.store.write(move |c| {
            let since = reach::note_back(c, &id, at)?;
            if let Some(since) = since {
                callback::tell_of_reach(c, &wanted, &id, CallbackType::PlatformRecovered, since, at)?;
            }
            Ok(since)
        });
        let since = written.await?;
        self.sightings.noted(platform, false);
        if let Some(since) = since {
            tracing::info!(%platform, %since, "platform can be reached again");
        }
        Ok(())
    }
}

/// Other kinds of jobs say nothing of their platform.
fn calls_platform(job: &ClaimedJob) -> bool {
    matches!(job.kind.as_str(), Task::NOTIFY | Task::UPLOAD)
}

impl Sightings {
    fn silent(&self) -> std::sync::MutexGuard<'_, BTreeMap<PlatformId, Silence>> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, lost: &[(PlatformId, Timestamp)]) {
        let mut silent = self.silent();
        // Another process has had an answer from those that are not lost any more: the next outage is a new one.
        silent.retain(|platform, known| !known.noted || lost.iter().any(|(id, _)| id == platform));
        for (platform, since) in lost {
            let known = silent.entry(platform.clone()).or_default();
            known.noted = true;
            known.since.get_or_insert(*since);
        }
    }

    fn see(&self, platform: &PlatformId, answered: Option<bool>, at: Timestamp) -> News {
        let mut silent = self.silent();
        match answered {
            None => News::Nothing,
            Some(true) => match silent.get_mut(platform) {
                None => News::Nothing,
                Some(Silence { noted: true, attempts, .. }) => {
                    *attempts = 0;
                    News::Back
                }
                Some(_) => {
                    silent.remove(platform);
                    News::Nothing
                }
            },
            Some(false) => {
                let known = silent.entry(platform.clone()).or_default();
                let since = *known.since.get_or_insert(at);
                known.attempts = known.attempts.saturating_add(1);
                let waited = Duration::try_from(at.duration_since(since)).unwrap_or_default();
                match known.noted || known.attempts < ATTEMPTS || waited < self.patience {
                    true => News::Nothing,
                    false => News::Lost { since },
                }
            }
        }
    }

    fn noted(&self, platform: &PlatformId, lost: bool) {
        let mut silent = self.silent();
        if lost {
            silent.entry(platform.clone()).or_default().noted = true;
        } else {
            silent.remove(platform);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn sightings() -> Sightings {
        Sightings { patience: Duration::from_secs(60), silent: Mutex::default() }
    }

    #[test]
    fn a_platform_is_lost_after_several_attempts_over_a_while_and_back_with_the_first_answer() {
        let (sightings, platform) = (sightings(), PlatformId::new("p"));
        let see = |answered, seconds| sightings.see(&platform, answered, at(seconds));
        assert_eq!(see(Some(true), 0), News::Nothing);
        assert_eq!(see(Some(false), 0), News::Nothing);
        assert_eq!(see(Some(false), 70), News::Nothing, "two may be a hiccup");
        assert_eq!(see(None, 71), News::Nothing, "what failed in this house says nothing");
        assert_eq!(see(Some(false), 72), News::Lost { since: at(0) });
        // Until that is written, each further attempt says so again.
        assert_eq!(see(Some(false), 73), News::Lost { since: at(0) });
        sightings.noted(&platform, true);
        assert_eq!(see(Some(false), 80), News::Nothing);
        assert_eq!(see(Some(true), 90), News::Back);
        sightings.noted(&platform, false);
        assert_eq!(see(Some(true), 91), News::Nothing);
    }

    #[test]
    fn an_answer_in_between_starts_the_count_anew_and_a_storm_of_failures_is_not_a_while() {
        let (sightings, platform) = (sightings(), PlatformId::new("p"));
        let see = |answered, seconds| sightings.see(&platform, answered, at(seconds));
        for _ in 0..100 {
            assert_eq!(see(Some(false), 0), News::Nothing);
        }
        assert_eq!(see(Some(true), 59), News::Nothing);
        for seconds in [60, 61, 119] {
            assert_eq!(see(Some(false), seconds), News::Nothing);
        }
        assert_eq!(see(Some(false), 120), News::Lost { since: at(60) });
    }

    #[test]
    fn an_outage_whose_end_another_process_has_noted_does_not_hide_the_next_one() {
        let (sightings, platform) = (sightings(), PlatformId::new("p"));
        let see = |answered, seconds| sightings.see(&platform, answered, at(seconds));
        sightings.learn(&[(platform.clone(), at(0))]);
        assert_eq!(see(Some(false), 10), News::Nothing, "it is known");
        sightings.learn(&[]);
        for seconds in [100, 130] {
            assert_eq!(see(Some(false), seconds), News::Nothing);
        }
        assert_eq!(see(Some(false), 160), News::Lost { since: at(100) });
    }
}
