//! When a process is killed: moments drawn so that kills fall on every phase of the work, and on every boundary between the
//! process and its platforms that has been seen.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::StdRng;
use serde::Serialize;

use super::lives::{Book, Ending, OnStage};
use crate::cli::demo::cast::Role;
use crate::sandbox::Direction;

/// Where in its work the gateway is when it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// It is starting: settings, migrations, fonts, jobs that a dead process left.
    StartUp,
    /// A push has just arrived.
    Arrival,
    /// A push has been carried out and stored, and its answer is not seen.
    Answer,
    /// A push has just been answered: letters are made and sealed.
    Letters,
    /// The platform has acted upon a notice or a slice, and its answer is not seen.
    Notice,
    /// Any moment under load.
    AnyTime,
}

impl Phase {
    /// How often each is drawn.
    const WEIGHTS: [(Self, u32); 6] = [
        (Self::StartUp, 3),
        (Self::Arrival, 3),
        (Self::Answer, 3),
        (Self::Letters, 4),
        (Self::Notice, 5),
        (Self::AnyTime, 2),
    ];

    /// As reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::StartUp => "start-up",
            Self::Arrival => "a push arrives",
            Self::Answer => "between commit and answer",
            Self::Letters => "letters are made",
            Self::Notice => "a notice is unanswered",
            Self::AnyTime => "any moment",
        }
    }
}

/// An interface at which a process can be killed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Boundary {
    pub phase: Phase,
    pub role: Role,
    pub interface: String,
}

/// What was drawn for a cycle.
#[derive(Clone, Debug)]
pub enum Moment {
    /// So long after the start.
    StartUp(Duration),
    /// At a boundary, the `nth` time, then after so long. A life with this ending leads there.
    At {
        boundary: Boundary,
        ending: Ending,
        nth: u32,
        then: Duration,
    },
    AnyTime(Duration),
}

/// Draws moments, and counts where kills have fallen.
pub struct Moments {
    pub random: StdRng,
    /// How often each boundary was struck; those that have been seen in a journal stand here.
    struck: BTreeMap<Boundary, u32>,
    /// Which lives lead to an interface.
    leading: BTreeMap<(Role, String), Ending>,
    /// Interfaces that are called several times for one application.
    frequent: BTreeSet<(Role, String)>,
    kills: BTreeMap<Phase, u32>,
}

impl Moments {
    pub fn new(random: StdRng) -> Self {
        let (leading, frequent) = (BTreeMap::new(), BTreeSet::new());
        Self { random, struck: BTreeMap::new(), leading, frequent, kills: BTreeMap::new() }
    }

    /// Learns from the journals which interfaces there are, and which lives lead to them.
    pub fn learn(&mut self, stage: &[OnStage], book: &Book) {
        for OnStage { role, actor } in stage {
            let mut calls: BTreeMap<(String, String), u32> = BTreeMap::new();
            for exchange in actor.journal().all() {
                let Some(application) = &exchange.applyno else { continue };
                let Some(ending) = book.ending(*role, application) else { continue };
                let phases: &[Phase] = match exchange.direction {
                    Direction::Pushed => &[Phase::Arrival, Phase::Answer, Phase::Letters],
                    Direction::Received => &[Phase::Notice],
                };
                let interface = &exchange.interface;
                for phase in phases {
                    let boundary = Boundary { phase: *phase, role: *role, interface: interface.clone() };
                    self.struck.entry(boundary).or_default();
                }
                self.leading.entry((*role, interface.clone())).or_insert(ending);
                if exchange.direction == Direction::Received {
                    let calls = calls.entry((interface.clone(), application.clone())).or_default();
                    *calls += 1;
                    if *calls > SEVERAL {
                        self.frequent.insert((*role, interface.clone()));
                    }
                }
            }
        }
    }

    /// Draws the moment of a cycle. A start takes about `start_up`.
    pub fn draw(&mut self, start_up: Duration) -> Moment {
        let phase = self.phase();
        let boundary = self.least_struck(phase);
        match (phase, boundary) {
            (Phase::StartUp, _) => Moment::StartUp(self.within(start_up)),
            (_, Some(boundary)) => {
                let at = (boundary.role, boundary.interface.clone());
                let often = self.frequent.contains(&at);
                let leading = self.leading.get(&at).copied();
                let ending = leading.unwrap_or_else(|| Ending::draw(&mut self.random));
                let nth = if often { self.random.random_range(1..=SLICES) } else { 1 };
                let then = match phase {
                    Phase::Arrival => self.within(ACCEPTANCE),
                    Phase::Letters => self.within(LETTERS),
                    _ => Duration::ZERO,
                };
                Moment::At { boundary, ending, nth, then }
            }
            (_, None) => Moment::AnyTime(self.within(ANY_MOMENT)),
        }
    }

    /// Counts a kill where it fell.
    pub fn fell(&mut self, moment: &Moment, reached: bool) {
        let phase = match moment {
            Moment::StartUp(_) => Phase::StartUp,
            Moment::At { boundary, .. } if reached => {
                *self.struck.entry(boundary.clone()).or_default() += 1;
                boundary.phase
            }
            Moment::At { .. } | Moment::AnyTime(_) => Phase::AnyTime,
        };
        *self.kills.entry(phase).or_default() += 1;
    }

    /// How many kills fell on each phase.
    pub fn kills(&self) -> &BTreeMap<Phase, u32> {
        &self.kills
    }

    /// How many kills fell on each boundary that was seen.
    pub fn boundaries(&self) -> &BTreeMap<Boundary, u32> {
        &self.struck
    }

    pub fn within(&mut self, longest: Duration) -> Duration {
        let micros = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.random.random_range(0..=micros))
    }

    fn phase(&mut self) -> Phase {
        let all = Phase::WEIGHTS.iter().map(|(_, weight)| weight).sum();
        let mut drawn: u32 = self.random.random_range(0..all);
        for (phase, weight) in Phase::WEIGHTS {
            match drawn.checked_sub(weight) {
                Some(rest) => drawn = rest,
                None => return phase,
            }
        }
        Phase::AnyTime
    }

    fn least_struck(&mut self, phase: Phase) -> Option<Boundary> {
        let of_phase = || self.struck.iter().filter(|(boundary, _)| boundary.phase == phase);
        let least = of_phase().map(|(_, times)| *times).min()?;
        let candidates: Vec<Boundary> =
            of_phase().filter(|(_, times)| **times == least).map(|(boundary, _)| boundary.clone()).collect();
        let index = self.random.random_range(0..candidates.len());
        candidates.into_iter().nth(index)
    }
}

/// More calls of one interface than this for one application are parts of something.
const SEVERAL: u32 = 3;
/// How many slices a letter has, more or less.
const SLICES: u32 = 6;
/// Longer than this the acceptance of a push does not take.
const ACCEPTANCE: Duration = Duration::from_millis(5);
/// A letter is made and sealed within this time.
const LETTERS: Duration = Duration::from_millis(300);
const ANY_MOMENT: Duration = Duration::from_millis(1_500);

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    fn drawn(seed: u64, cycles: usize) -> (Vec<String>, Moments) {
        let mut moments = Moments::new(StdRng::seed_from_u64(seed));
        for (phase, interface) in [(Phase::Arrival, "a"), (Phase::Arrival, "b"), (Phase::Notice, "c")] {
            let boundary = Boundary { phase, role: Role::DIFFERENT[0], interface: interface.to_owned() };
            moments.struck.insert(boundary, 0);
        }
        let mut texts = Vec::new();
        for _ in 0..cycles {
            let moment = moments.draw(Duration::from_secs(1));
            texts.push(format!("{moment:?}"));
            moments.fell(&moment, true);
        }
        (texts, moments)
    }

    #[test]
    fn a_seed_draws_the_same_moments_again() {
        assert_eq!(drawn(7, 40).0, drawn(7, 40).0);
        assert_ne!(drawn(7, 40).0, drawn(8, 40).0);
    }

    #[test]
    fn every_boundary_that_was_seen_is_struck_as_often_as_the_others_of_its_phase() {
        let (_, moments) = drawn(1, 200);
        let struck: Vec<u32> = moments.boundaries().values().copied().collect();
        assert!(struck.iter().all(|times| *times > 10), "{struck:?}");
        let (a, b) = (struck[0], struck[1]);
        assert!(a.abs_diff(b) <= 1, "{struck:?}");
        // Phases of which no boundary was seen fall on any moment.
        assert!(moments.kills().contains_key(&Phase::AnyTime));
        assert_eq!(moments.kills().values().sum::<u32>(), 200);
    }

    #[test]
    fn a_moment_that_did_not_come_is_not_counted_as_struck() {
        let (_, mut moments) = drawn(1, 0);
        let boundary = moments.least_struck(Phase::Notice).unwrap();
        let (ending, then) = (Ending::Surrender, Duration::ZERO);
        let moment = Moment::At { boundary: boundary.clone(), ending, nth: 1, then };
        moments.fell(&moment, false);
        assert_eq!(moments.boundaries()[&boundary], 0);
        assert_eq!(moments.kills().get(&Phase::AnyTime), Some(&1));
    }
}
