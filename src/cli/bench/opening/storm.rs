//! The pushes of a simulated platform and what arrives there, with the times of both.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;

use super::order::Course;
use crate::clock::Clock;
use crate::sandbox::{Direction, Effect, Letter, Outcome, Sandbox};

/// Without a new letter for so long, no further ones are waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Pushes applications, of which each has to be accepted.
///
/// # Errors
/// At the first that was not.
pub(super) async fn apply(platform: &Sandbox, count: u32) -> anyhow::Result<()> {
    for (application, answer) in platform.apply_many(count).await {
        let answer = answer.with_context(|| format!("application {application}"))?;
        ensure!(answer.is_accepted(), "application {application} was not accepted: {answer}");
    }
    Ok(())
}

/// A key on its way.
pub(super) struct Push {
    application: String,
    sent: Timestamp,
    answered: Timestamp,
    /// Until the answer: from when it was sent or, where no connection was free then, from when it should have been.
    pub(super) took: Duration,
    refusal: Option<String>,
}

impl Push {
    pub(super) fn is_accepted(&self) -> bool {
        self.refusal.is_none()
    }
}

/// All keys of an opening.
pub(super) struct Storm {
    first: Timestamp,
    pub(super) pushes: Vec<Push>,
}

impl Storm {
    /// Opens the bids: sends the key of every application, evenly over a time.
    pub(super) async fn over(platform: &Sandbox, time: Duration, connections: usize, clock: &Clock) -> Self {
        let applications = platform.applications();
        let count = u32::try_from(applications.len()).unwrap_or(u32::MAX).max(1);
        let (first, begun) = (clock.now(), Instant::now());
        let planned = (0..count).map(|n| begun + time * n / count);
        let pushes =
            stream::iter(applications.into_iter().zip(planned)).map(|(application, due)| async move {
                // Where all go at once, none is late for its connection, but each begins with it.
                let late = !time.is_zero() && Instant::now() > due;
                clock.wait(due.saturating_duration_since(Instant::now())).await;
                let (sent, sent_at) = (Instant::now(), clock.now());
                let answer = platform.restore(&application).await;
                let from = if late { due } else { sent };
                let refusal = match answer {
                    Ok(answer) if answer.is_accepted() => None,
                    Ok(answer) => Some(answer.to_string()),
                    Err(error) => Some(format!("{error:#}")),
                };
                Push { application, sent: sent_at, answered: clock.now(), took: from.elapsed(), refusal }
            });
        Self { first, pushes: pushes.buffer_unordered(connections).collect().await }
    }

    pub(super) fn accepted(&self) -> usize {
        self.pushes.iter().filter(|push| push.is_accepted()).count()
    }

    /// From the first key to the last answer.
    pub(super) fn last_answer(&self) -> Duration {
        let last = self.pushes.iter().map(|push| push.answered).max().unwrap_or(self.first);
        Duration::try_from(last.duration_since(self.first)).unwrap_or_default()
    }

    /// Keys that were not accepted.
    pub(super) fn faults(&self) -> Vec<String> {
        let refused =
            |push: &Push| Some(format!("{}: key not accepted: {}", push.application, push.refusal.as_ref()?));
        self.pushes.iter().filter_map(refused).collect()
    }

    pub(super) fn courses(&self, arrivals: &Arrivals) -> Vec<Course> {
        let course = |push: &Push| Course {
            first: self.first,
            sent: push.sent,
            answered: push.answered,
            delivered: arrivals.times.get(&push.application).copied(),
        };
        self.pushes.iter().map(course).collect()
    }
}

/// Plaintext letters that have arrived, with their times.
pub(super) struct Arrivals {
    /// How far the platform's journal has been read.
    read: u64,
    times: BTreeMap<String, Timestamp>,
}

impl Arrivals {
    /// From now on.
    pub(super) fn at(platform: &Sandbox) -> Self {
        let read = platform.journal().all().last().map_or(0, |exchange| exchange.number);
        Self { read, times: BTreeMap::new() }
    }

    /// Waits until so many have arrived; `false` if none did for a while.
    pub(super) async fn wait_for(&mut self, wanted: usize, platform: &Sandbox, clock: &Clock) -> bool {
        wait_for(wanted, clock, || {
            self.read_on(platform);
            self.times.len()
        })
        .await
    }

    fn read_on(&mut self, platform: &Sandbox) {
        const PLAINTEXT: Letter = Letter::Plaintext;
        for exchange in platform.journal().since(self.read) {
            self.read = exchange.number;
            let is_taken = exchange.direction == Direction::Received && exchange.outcome == Outcome::Accepted;
            let is_letter = matches!(exchange.effect, Some(Effect::LetterAccepted { letter: PLAINTEXT, .. }));
            if let (true, Some(application)) = (is_taken && is_letter, &exchange.applyno) {
                self.times.entry(application.clone()).or_insert(exchange.at);
            }
        }
    }
}

/// Waits until so many ciphertext letters have arrived; `false` if none did for a while.
pub(super) async fn wait_for_issue(wanted: usize, platform: &Sandbox, clock: &Clock) -> bool {
    wait_for(wanted, clock, || platform.deliveries().iter().filter(|it| it.ciphertext.is_some()).count())
        .await
}

async fn wait_for(wanted: usize, clock: &Clock, mut count: impl FnMut() -> usize) -> bool {
    let (mut known, mut news) = (0, Instant::now());
    loop {
        let counted = count();
        if counted >= wanted {
            return true;
        }
        if counted > known {
            (known, news) = (counted, Instant::now());
        }
        if news.elapsed() > PATIENCE {
            return false;
        }
        clock.wait(BETWEEN_LOOKS).await;
    }
}
