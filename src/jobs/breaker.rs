//! The breaker of one platform: whether it is called at all, by how many of the latest calls got no answer.
//!
//! It opens by density, never by one message: a platform that can't digest one notice answers the others. While it is
//! open no call is begun, so that no attempt is used up and no schedule advances. After a rest one call at a time goes
//! through; the first answer closes it, and a call without one lengthens the rest. Time is passed in.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

/// The section `[jobs.breaker]` of the settings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BreakerOptions {
    /// How far back calls count.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub window: Duration,
    /// Fewer calls than this within the window say nothing. 0: the breaker never opens.
    pub calls: u32,
    /// It opens where so many hundredths of them got no answer.
    pub unanswered_percent: u8,
    /// How long it stays open at first, and at most; each call in vain doubles the time.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub open_for: Duration,
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub open_for_at_most: Duration,
}

impl Default for BreakerOptions {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(60),
            calls: 10,
            unanswered_percent: 70,
            open_for: Duration::from_secs(5),
            open_for_at_most: Duration::from_secs(30),
        }
    }
}

/// How a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Calls go through.
    Closed,
    /// One at a time goes through.
    HalfOpen,
    Open,
}

impl State {
    /// As a metric's value.
    pub fn gauge(self) -> i64 {
        match self {
            Self::Closed => 0,
            Self::HalfOpen => 1,
            Self::Open => 2,
        }
    }
}

/// Which calls may begin now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    All,
    One,
    None,
}

/// When a call began, as the breaker counts: what began before it opened says nothing of the time after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u64);

/// The breaker of one platform.
#[derive(Clone, Debug)]
pub struct Breaker {
    options: BreakerOptions,
    phase: Phase,
    /// How often it has opened.
    era: u64,
    /// The calls within the window, and whether each was answered; kept while it is closed.
    recent: VecDeque<(Timestamp, bool)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Closed,
    Open { since: Timestamp, rest: Duration },
    HalfOpen { rest: Duration, probing: bool },
}

impl Breaker {
    pub fn new(options: BreakerOptions) -> Self {
        Self { options, phase: Phase::Closed, era: 0, recent: VecDeque::new() }
    }

    pub fn state(&self) -> State {
        match self.phase {
            Phase::Closed => State::Closed,
            Phase::HalfOpen { .. } => State::HalfOpen,
            Phase::Open { .. } => State::Open,
        }
    }

    /// Which calls may begin. Each that does is told by [`Self::begin`].
    pub fn allowance(&mut self, now: Timestamp) -> Allowance {
        if let Phase::Open { since, rest } = self.phase
            && !is_within(rest, since, now)
        {
            self.phase = Phase::HalfOpen { rest, probing: false };
        }
        match self.phase {
            Phase::Closed => Allowance::All,
            Phase::HalfOpen { probing: false, .. } => Allowance::One,
            Phase::HalfOpen { probing: true, .. } | Phase::Open { .. } => Allowance::None,
        }
    }

    /// A call begins.
    pub fn begin(&mut self) -> Ticket {
        if let Phase::HalfOpen { probing, .. } = &mut self.phase {
            *probing = true;
        }
        Ticket(self.era)
    }

    /// A call has ended: answered, whatever the answer was; not answered; or, where it never came to be or was broken off
    /// in this house, None. Yields the new state where that changed it.
    pub fn end(&mut self, ticket: Ticket, answered: Option<bool>, now: Timestamp) -> Option<State> {
        if ticket.0 != self.era {
            return None;
        }
        match (&mut self.phase, answered) {
            (Phase::Closed, Some(answered)) => {
                self.note(answered, now);
                (!answered && self.is_dense()).then(|| self.open(self.options.open_for, now))
            }
            (Phase::HalfOpen { .. }, Some(true)) => {
                self.phase = Phase::Closed;
                Some(State::Closed)
            }
            (Phase::HalfOpen { rest, .. }, Some(false)) => {
                let longer = rest.saturating_mul(2).min(self.options.open_for_at_most);
                Some(self.open(longer, now))
            }
            (Phase::HalfOpen { probing, .. }, None) => {
                *probing = false;
                None
            }
            (Phase::Closed, None) | (Phase::Open { .. }, _) => None,
        }
    }

    fn note(&mut self, answered: bool, now: Timestamp) {
        self.recent.push_back((now, answered));
        let window = self.options.window;
        while self.recent.front().is_some_and(|(at, _)| !is_within(window, *at, now)) {
            self.recent.pop_front();
        }
    }

    fn is_dense(&self) -> bool {
        let unanswered = self.recent.iter().filter(|(_, answered)| !answered).count();
        let hundredths = unanswered.saturating_mul(100);
        let enough = usize::try_from(self.options.calls).unwrap_or(usize::MAX);
        let share = usize::from(self.options.unanswered_percent).saturating_mul(self.recent.len());
        enough > 0 && self.recent.len() >= enough && hundredths >= share
    }

    fn open(&mut self, rest: Duration, now: Timestamp) -> State {
        self.phase = Phase::Open { since: now, rest };
        self.era = self.era.wrapping_add(1);
        self.recent.clear();
        State::Open
    }
}

/// Whether `now` is within so much time after `since`. A clock that was set back is past every time: nothing may wait for
/// it to catch up.
fn is_within(length: Duration, since: Timestamp, now: Timestamp) -> bool {
    Duration::try_from(now.duration_since(since)).is_ok_and(|passed| passed < length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    /// Calls that begin and end in the same second.
    fn calls(breaker: &mut Breaker, seconds: i64, answers: &[bool]) -> Option<State> {
        let mut changed = None;
        for answered in answers {
            let ticket = breaker.begin();
            changed = breaker.end(ticket, Some(*answered), at(seconds)).or(changed);
        }
        changed
    }

    fn opened(seconds: i64) -> Breaker {
        let mut breaker = Breaker::new(BreakerOptions::default());
        assert_eq!(calls(&mut breaker, seconds, &[false; 10]), Some(State::Open));
        breaker
    }

    fn probe(breaker: &mut Breaker, seconds: i64, answered: bool) -> Option<State> {
        assert_eq!(breaker.allowance(at(seconds)), Allowance::One);
        calls(breaker, seconds, &[answered])
    }

    #[test]
    fn it_opens_by_density_and_not_by_a_few_failures() {
        let mut breaker = Breaker::new(BreakerOptions::default());
        assert_eq!(calls(&mut breaker, 0, &[false; 9]), None);
        assert_eq!(breaker.allowance(at(0)), Allowance::All);
        assert_eq!(calls(&mut breaker, 1, &[false]), Some(State::Open));
        assert_eq!(breaker.allowance(at(1)), Allowance::None);
        // Four of ten were answered: it limps, and is called.
        let mut breaker = Breaker::new(BreakerOptions::default());
        for second in 0..20 {
            assert_eq!(calls(&mut breaker, second, &[true, true, false, false, false]), None, "{second}");
        }
    }

    #[test]
    fn one_message_that_fails_for_ever_opens_nothing() {
        let mut breaker = Breaker::new(BreakerOptions::default());
        for minute in 0..600 {
            assert_eq!(calls(&mut breaker, minute * 60, &[false]), None, "{minute}");
        }
    }

    #[test]
    fn what_is_older_than_the_window_does_not_count() {
        let mut breaker = Breaker::new(BreakerOptions::default());
        assert_eq!(calls(&mut breaker, 0, &[false; 9]), None);
        assert_eq!(calls(&mut breaker, 60, &[false; 9]), None);
        let mut breaker = Breaker::new(BreakerOptions::default());
        calls(&mut breaker, 0, &[true; 100]);
        assert_eq!(
            calls(&mut breaker, 61, &[false; 10]),
            Some(State::Open),
            "an hour of health is no excuse"
        );
    }

    #[test]
    fn after_its_rest_one_call_goes_through_and_an_answer_closes_it() {
        let mut breaker = opened(0);
        assert_eq!(breaker.allowance(at(4)), Allowance::None);
        assert_eq!(breaker.allowance(at(5)), Allowance::One);
        assert_eq!(breaker.state(), State::HalfOpen);
        let probe = breaker.begin();
        assert_eq!(breaker.allowance(at(6)), Allowance::None, "one at a time");
        assert_eq!(breaker.end(probe, Some(true), at(7)), Some(State::Closed));
        assert_eq!(breaker.allowance(at(7)), Allowance::All);
        // What was before is forgotten.
        assert_eq!(calls(&mut breaker, 8, &[false; 9]), None);
    }

    #[test]
    fn each_call_in_vain_doubles_the_rest_up_to_its_limit_and_an_answer_forgets_it() {
        let mut breaker = opened(0);
        let mut now = 0;
        for rest in [5, 10, 20, 30, 30, 30] {
            assert_eq!(breaker.allowance(at(now + rest - 1)), Allowance::None, "{now}");
            now += rest;
            assert_eq!(probe(&mut breaker, now, false), Some(State::Open));
        }
        assert_eq!(probe(&mut breaker, now + 30, true), Some(State::Closed));
        assert_eq!(calls(&mut breaker, now + 31, &[false; 10]), Some(State::Open));
        assert_eq!(breaker.allowance(at(now + 36)), Allowance::One);
    }

    #[test]
    fn a_call_that_came_to_nothing_in_this_house_leaves_the_way_to_another() {
        let mut breaker = opened(0);
        assert_eq!(breaker.allowance(at(5)), Allowance::One);
        let lost = breaker.begin();
        assert_eq!(breaker.end(lost, None, at(6)), None);
        assert_eq!(breaker.allowance(at(6)), Allowance::One);
    }

    #[test]
    fn calls_that_hung_since_before_it_opened_say_nothing() {
        let mut breaker = Breaker::new(BreakerOptions::default());
        let hanging: Vec<Ticket> = (0..6).map(|_| breaker.begin()).collect();
        calls(&mut breaker, 0, &[false; 10]);
        assert_eq!(breaker.allowance(at(5)), Allowance::One);
        let probe = breaker.begin();
        for ticket in hanging {
            assert_eq!(breaker.end(ticket, Some(false), at(6)), None);
        }
        assert_eq!(breaker.allowance(at(6)), Allowance::None, "the probe is still out");
        assert_eq!(breaker.end(probe, Some(true), at(7)), Some(State::Closed));
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_nothing_shut() {
        let mut breaker = opened(1_000_000);
        assert_eq!(breaker.allowance(at(0)), Allowance::One);
    }

    #[test]
    fn it_can_be_switched_off() {
        let mut breaker = Breaker::new(BreakerOptions { calls: 0, ..BreakerOptions::default() });
        assert_eq!(calls(&mut breaker, 0, &[false; 1000]), None);
    }
}
