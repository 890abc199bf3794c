//! What every process finds alike, because it asks the database.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::local::seconds;
use super::options::LimitOptions;
use super::plan::Finding;
use super::rule::Rule;
use crate::casework::{Platforms, Task, restoration, task};
use crate::clock::{china_date, china_midnight};
use crate::domain::identity::PlatformId;
use crate::institution::calendar::Calendar;
use crate::institution::hours::Hours;
use crate::store::jobs::{self, JobState};
use crate::store::{Store, StoreError, guarantees, messages, reach, reconciliations};

/// Only the most urgent are looked at.
const MOST_UNDELIVERED: u32 = 1000;

/// Wrong digests are counted over this time.
const DIGESTS: SignedDuration = SignedDuration::from_mins(10);

/// A key that did not fit is remembered for this time, where no other one came.
const KEYS: SignedDuration = SignedDuration::from_hours(24);

/// A platform without a push for so long is not in use.
const IN_USE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What conditions depend on beside the database.
pub(super) struct Terms<'a> {
    pub(super) platforms: &'a Platforms,
    pub(super) limits: &'a LimitOptions,
    pub(super) calendar: &'a Calendar,
    pub(super) now: Timestamp,
}

/// What the database knows of one platform's pushes.
struct Pushes {
    wrong_keys: u64,
    bad_digests: u64,
    last: Option<Timestamp>,
}

pub(super) async fn look(store: &Store, terms: &Terms<'_>) -> Result<Vec<Finding>, StoreError> {
    let Terms { platforms, limits, now, .. } = terms;
    let known: Vec<PlatformId> = platforms.iter().map(|platform| platform.profile.id().clone()).collect();
    let (asked, now) = (known.clone(), *now);
    let before = |time: SignedDuration| now.saturating_sub(time).unwrap_or(Timestamp::MIN);
    let (keys_since, digests_since, imported) = (before(KEYS), before(DIGESTS), due_since(limits, now));
    let (counts, undelivered, lost, differences, pushes) = store
        .read(move |connection| {
            let mut pushes = Vec::with_capacity(asked.len());
            for platform in &asked {
                pushes.push(Pushes {
                    wrong_keys: messages::wrong_keys(connection, platform, keys_since)?,
                    bad_digests: messages::bad_digests(connection, platform, digests_since)?,
                    last: messages::last_push(connection, platform)?,
                });
            }
            Ok((
                jobs::counts(connection)?,
                guarantees::undelivered_restorations(connection, MOST_UNDELIVERED)?,
                reach::unreachable(connection)?,
                reconciliations::open_differences_before(connection, imported)?,
                pushes,
            ))
        })
        .await?;
    let mut found = Found { now, findings: Vec::new() };
    found.jobs(&counts, limits);
    // The most urgent comes first, so that the first of a platform is its oldest.
    let mut oldest = BTreeMap::new();
    for summary in &undelivered {
        let platform = platforms.find(&summary.platform);
        let minutes = platform.map_or(0, |platform| platform.profile.restoration_minutes());
        oldest.entry(&summary.platform).or_insert(restoration::awaited_since(summary, minutes));
    }
    for (platform, since) in oldest {
        found.older(Rule::RestoreLag, platform.as_str(), since, limits.restore_lag);
    }
    for (platform, since) in &lost {
        found.older(Rule::PlatformUnreachable, platform.as_str(), *since, limits.unreachable);
    }
    let mut unexplained: BTreeMap<&PlatformId, u64> = BTreeMap::new();
    for (platform, _, count) in &differences {
        *unexplained.entry(platform).or_default() += count;
    }
    for (platform, count) in unexplained {
        found.more(Rule::ReconcileDifferences, platform, count, 0);
    }
    for (platform, pushes) in known.iter().zip(&pushes) {
        found.more(Rule::DecryptFailure, platform, pushes.wrong_keys, 0);
        found.more(Rule::BadSignatures, platform, pushes.bad_digests, limits.bad_signatures);
        found.silence(platform, pushes.last, terms);
    }
    Ok(found.findings)
}

/// What was imported before this has to be explained by now: the last time that the hour struck.
fn due_since(limits: &LimitOptions, now: Timestamp) -> Timestamp {
    let hour = SignedDuration::from_hours(i64::from(limits.reconcile_hour));
    let struck = |day| china_midnight(day).saturating_add(hour).unwrap_or(Timestamp::MAX);
    let today = china_date(now);
    let strikes = struck(today);
    if strikes <= now { strikes } else { struck(today.yesterday().unwrap_or(today)) }
}

struct Found {
    now: Timestamp,
    findings: Vec<Finding>,
}

impl Found {
    fn add(&mut self, rule: Rule, subject: &str, figure: i64) {
        let (subject, replica) = (subject.to_owned(), String::new());
        self.findings.push(Finding { rule, subject, replica, figure });
    }

    /// Where something has lasted for longer than it may.
    fn older(&mut self, rule: Rule, subject: &str, since: Timestamp, limit: Duration) {
        let age = Duration::try_from(self.now.duration_since(since)).unwrap_or_default();
        if age > limit {
            self.add(rule, subject, seconds(age));
        }
    }

    fn more(&mut self, rule: Rule, platform: &PlatformId, count: u64, limit: u64) {
        if count > limit {
            self.add(rule, platform.as_str(), i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    fn jobs(&mut self, counts: &[jobs::Count], limits: &LimitOptions) {
        let (mut dead, mut oldest) = (BTreeMap::<&PlatformId, u64>::new(), BTreeMap::new());
        let mut oldest_callback = None;
        for count in counts {
            match count.state {
                JobState::Dead => *dead.entry(&count.platform).or_default() += count.count,
                JobState::Ready if count.kind == Task::CALLBACK => {
                    oldest_callback = oldest_callback.into_iter().chain([count.oldest]).min();
                }
                JobState::Ready if count.kind != Task::ALARM => {
                    let since = oldest.entry(&count.platform).or_insert(Timestamp::MAX);
                    *since = task::ready_since(count).min(*since);
                }
                _ => {}
            }
        }
        for (platform, count) in dead {
            self.more(Rule::DeadJob, platform, count, 0);
        }
        for (platform, since) in oldest {
            self.older(Rule::OldestReadyJob, platform.as_str(), since, limits.ready_job);
        }
        if let Some(since) = oldest_callback {
            self.older(Rule::CallbacksWaiting, "", since, limits.callbacks);
        }
    }

    /// Only working time counts, so that an alarm does not recover because people go home.
    fn silence(&mut self, platform: &PlatformId, last: Option<Timestamp>, terms: &Terms<'_>) {
        let in_use = |at: &Timestamp| self.now.duration_since(*at) < IN_USE;
        let Some(last) = last.filter(in_use) else { return };
        let windows = &terms.limits.working_hours;
        let hours = Hours { windows, working_days_only: true, calendar: terms.calendar };
        let silent = Duration::try_from(hours.between(last, self.now)).unwrap_or_default();
        if silent > terms.limits.silence {
            self.add(Rule::NoInbound, platform.as_str(), seconds(silent));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Timestamp {
        format!("{text}+08").parse().unwrap()
    }

    #[test]
    fn differences_have_to_be_explained_by_nine_in_the_morning() {
        let due = |now| due_since(&LimitOptions::default(), instant(now));
        assert_eq!(due("2026-11-22T08:59"), instant("2026-11-21T09:00"));
        assert_eq!(due("2026-11-22T09:00"), instant("2026-11-22T09:00"));
        assert_eq!(due("2026-11-22T23:00"), instant("2026-11-22T09:00"));
    }

    #[test]
    fn jobs_of_callbacks_and_of_alarms_say_nothing_of_the_work_for_platforms() {
        let now = instant("2026-11-22T12:00");
        let count = |platform: &str, kind: &str, state, oldest| jobs::Count {
            platform: PlatformId::new(platform),
            kind: kind.to_owned(),
            state,
            count: 2,
            oldest: instant(oldest),
            first_due: instant(oldest),
        };
        let mut found = Found { now, findings: Vec::new() };
        let counts = [
            count("p", Task::NOTIFY, JobState::Ready, "2026-11-22T11:49"),
            count("p", Task::UPLOAD, JobState::Dead, "2026-11-22T11:59"),
            count("q", Task::NOTIFY, JobState::Ready, "2026-11-22T11:51"),
            count("core-system", Task::CALLBACK, JobState::Ready, "2026-11-22T11:29"),
            count("alarms", Task::ALARM, JobState::Ready, "2026-11-22T01:00"),
        ];
        found.jobs(&counts, &LimitOptions::default());
        let shown = found.findings.iter().map(|it| (it.rule, it.subject.as_str(), it.figure));
        assert_eq!(
            shown.collect::<Vec<_>>(),
            [(Rule::DeadJob, "p", 2), (Rule::OldestReadyJob, "p", 660), (Rule::CallbacksWaiting, "", 1860)]
        );
    }
}
