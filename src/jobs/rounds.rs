//! Rounds: what comes back by the clock for each platform.
//!
//! A round is a job in a lane of its own. The transaction that ends it enqueues the next one, so that there is always
//! exactly one, however many replicas work. The first one is sown when a gateway starts, and so is another where one was
//! given up: [`sow`] is for both.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::desk::Desk;
use super::notify::retry;
use super::options::RoundOptions;
use super::verdict::Verdict;
use crate::casework::{self, Platform, Platforms, Round, sections};
use crate::dialect::{AbnormalSection, Message};
use crate::domain::Command;
use crate::domain::identity::PlatformId;
use crate::store::guarantees::{self, Ended};
use crate::store::jobs::{self, Cause};
use crate::store::{Connection, StoreError};

/// How many rows one turn changes at most; then others may write, and the rest follows at once.
const BATCH: u32 = 200;

/// How far back the first question for abnormal sections reaches: longer than a guarantee lasts.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(24 * 365);

/// How much of what was asked for before is asked for again: the platform's clock may be behind ours, and a decision may
/// be entered later than it counts from.
const OVERLAP: SignedDuration = SignedDuration::from_hours(24);

/// No round comes back sooner, whatever the settings say.
const SHORTEST: Duration = Duration::from_millis(100);

impl RoundOptions {
    fn interval(&self, round: &Round) -> Duration {
        let interval = match round {
            Round::Expiry { .. } => self.expiry,
            Round::AbnormalSections { .. } => self.abnormal_sections,
        };
        interval.max(SHORTEST)
    }
}

/// When sown rounds are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sowing {
    AtOnce,
    /// After the round's usual interval: whatever ended the one before is not met again at once.
    InTime,
}

/// Enqueues each round of each platform of which none is unfinished; tells how many. Any number of gateways may do so at
/// the same time.
///
/// # Errors
/// When the database fails.
pub fn sow(
    connection: &mut Connection,
    platforms: &Platforms,
    options: &RoundOptions,
    sowing: Sowing,
    at: Timestamp,
) -> Result<usize, StoreError> {
    let mut sown = 0;
    for platform in platforms.iter() {
        let since = at.checked_sub(LOOK_BACK).unwrap_or(Timestamp::UNIX_EPOCH);
        let asked = platform.profile.reports_sections().then_some(Round::AbnormalSections { since });
        for round in [Round::Expiry { passed: None }].into_iter().chain(asked) {
            let wait = match sowing {
                Sowing::AtOnce => Duration::ZERO,
                Sowing::InTime => options.interval(&round),
            };
            let job = round.job(platform.profile.id(), wait, at)?;
            sown += usize::from(jobs::enqueue_alone(connection, &job)?.is_some());
        }
    }
    Ok(sown)
}

pub(super) async fn run(desk: &Desk, platform: &PlatformId, round: Round) -> anyhow::Result<Verdict> {
    let Some(platform) = desk.platforms.find(platform) else {
        tracing::info!(%platform, round = round.name(), "a round ends, since its platform is not in the settings any more");
        return Ok(Verdict::done());
    };
    match round {
        Round::Expiry { passed } => Ok(expire(desk, &platform, passed)),
        Round::AbnormalSections { since } => ask_for_sections(desk, &platform, since).await,
    }
}

/// A guarantee with an open claim is refused its end, and looked at again in the next round.
fn expire(desk: &Desk, platform: &Platform, passed: Option<Ended>) -> Verdict {
    let (platform, at, next) = (platform.clone(), desk.clock.now(), Next::of(desk));
    Verdict::writing(move |connection| {
        let id = platform.profile.id();
        let ended = guarantees::ended_before(connection, id, at, passed.as_ref(), BATCH)?;
        for Ended { id, .. } in &ended {
            if let Err(refusal) = casework::carry_out_all(connection, &platform, id, &[Command::Expire], at)?
            {
                tracing::info!(guarantee.id = %id, reason = %refusal, "a guarantee is past its last day and does not expire yet");
            }
        }
        let full = u32::try_from(ended.len()).is_ok_and(|count| count >= BATCH);
        let passed = ended.into_iter().next_back().filter(|_| full);
        let more = passed.is_some();
        next.enqueue(connection, &platform, Round::Expiry { passed }, more)
    })
}

async fn ask_for_sections(desk: &Desk, platform: &Platform, since: Timestamp) -> anyhow::Result<Verdict> {
    if !platform.profile.reports_sections() {
        tracing::info!(platform = %platform.profile.id(), "a round ends, since its platform can't be asked for sections any more");
        return Ok(Verdict::done());
    }
    let (asked_at, message) = (desk.clock.now(), Message::AbnormalSections { since });
    let exchange = match desk.uploader.courier.send(&platform.profile, None, &message).await {
        Ok(exchange) => exchange,
        Err(error) => return Ok(Verdict::dead(Cause::NotRetryable, error.to_string())),
    };
    let record = exchange.record;
    let (reported, unreadable) = match exchange.result {
        Ok(answer) => (latest(answer.abnormal_sections), answer.unreadable_sections),
        Err(cause) => {
            desk.store.write(move |connection| record.store(connection)).await?;
            return Ok(retry(&cause));
        }
    };
    if unreadable > 0 {
        tracing::error!(platform = %platform.profile.id(), sections = unreadable, "abnormal tender sections can't be read; the others count, and these are asked for again");
    }
    let (platform, at, next) = (platform.clone(), desk.clock.now(), Next::of(desk));
    Ok(Verdict::writing(move |connection| {
        record.store(connection)?;
        let mut room = BATCH;
        for section in reported.values() {
            let changed = sections::record(connection, &platform, section, room, at)?;
            room = room.saturating_sub(changed);
        }
        if room < BATCH {
            let (platform, changed) = (platform.profile.id(), BATCH - room);
            tracing::info!(%platform, sections = reported.len(), changed, "abnormal tender sections recorded");
        }
        // The same question again tells the rest; what is recorded by then takes no room.
        let (since, more) = match room {
            0 => (since, true),
            // They may be readable once the dialect has a word for them.
            _ if unreadable > 0 => (since, false),
            _ => (asked_at.checked_sub(OVERLAP).unwrap_or(since).max(since), false),
        };
        next.enqueue(connection, &platform, Round::AbnormalSections { since }, more)
    }))
}

/// The latest report of each section, by its number.
fn latest(reported: Vec<AbnormalSection>) -> BTreeMap<String, AbnormalSection> {
    let mut latest: BTreeMap<String, AbnormalSection> = BTreeMap::new();
    for section in reported {
        let decided_at = section.abnormality.decided_at;
        if latest.get(&section.number).is_none_or(|known| known.abnormality.decided_at <= decided_at) {
            latest.insert(section.number.clone(), section);
        }
    }
    latest
}

/// How the next turn is enqueued.
struct Next {
    options: RoundOptions,
    at: Timestamp,
}

impl Next {
    fn of(desk: &Desk) -> Self {
        Self { options: desk.rounds.clone(), at: desk.clock.now() }
    }

    /// At once where there is more to do. Where an operator has revived an earlier round of this lane, that one goes on
    /// instead.
    fn enqueue(
        &self,
        connection: &mut Connection,
        platform: &Platform,
        round: Round,
        more: bool,
    ) -> Result<(), StoreError> {
        let wait = if more { Duration::ZERO } else { self.options.interval(&round) };
        let job = round.job(platform.profile.id(), wait, self.at)?;
        jobs::enqueue_alone(connection, &job).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::abnormality::{Abnormality, AbnormalityKind};

    #[test]
    fn of_several_reports_of_a_section_the_latest_decision_counts() {
        let report = |number: &str, kind, decided_at: &str| AbnormalSection {
            number: number.to_owned(),
            abnormality: Abnormality { kind, remark: String::new(), decided_at: decided_at.parse().unwrap() },
        };
        let (suspended, voided) = (AbnormalityKind::Suspended, AbnormalityKind::Voided);
        let (monday, tuesday) = ("2026-11-23T01:00:00Z", "2026-11-24T01:00:00Z");
        for reported in [
            vec![
                report("S1", suspended, monday),
                report("S1", voided, tuesday),
                report("S2", voided, monday),
            ],
            vec![
                report("S1", voided, tuesday),
                report("S2", voided, monday),
                report("S1", suspended, monday),
            ],
            // Where both are of one moment, whichever stands last.
            vec![
                report("S2", voided, monday),
                report("S1", suspended, tuesday),
                report("S1", voided, tuesday),
            ],
        ] {
            let latest = latest(reported);
            let kinds: Vec<_> =
                latest.iter().map(|(number, it)| (number.as_str(), it.abnormality.kind)).collect();
            assert_eq!(kinds, [("S1", voided), ("S2", voided)]);
        }
    }
}
