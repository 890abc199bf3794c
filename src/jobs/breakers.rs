//! The breakers of the platforms that a worker calls. Each process has its own: it learns by its own calls, and a replica
//! that can't reach a platform stops no other one that can.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::breaker::{Allowance, Breaker, BreakerOptions, State, Ticket};
use crate::casework::Task;
use crate::clock::Clock;
use crate::domain::identity::PlatformId;
use crate::store::jobs::ClaimedJob;

/// Clones share them.
#[derive(Clone)]
pub(super) struct Breakers {
    options: BreakerOptions,
    clock: Clock,
    by_platform: Arc<Mutex<BTreeMap<PlatformId, Breaker>>>,
}

/// What the breakers have to say before a claim.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    /// For how many calls there is room, of platforms whose breaker is not closed.
    pub room: BTreeMap<PlatformId, u32>,
    /// Which breakers have changed since they were asked last.
    pub changed: Vec<(PlatformId, State)>,
}

impl Breakers {
    pub fn new(options: BreakerOptions, clock: Clock) -> Self {
        Self { options, clock, by_platform: Arc::default() }
    }

    /// For how many calls there is room.
    pub fn judge(&self) -> Verdicts {
        let now = self.clock.now();
        let mut verdicts = Verdicts::default();
        for (platform, breaker) in self.lock().iter_mut() {
            let before = breaker.state();
            match breaker.allowance(now) {
                Allowance::All => {}
                Allowance::One => drop(verdicts.room.insert(platform.clone(), 1)),
                Allowance::None => drop(verdicts.room.insert(platform.clone(), 0)),
            }
            if breaker.state() != before {
                verdicts.changed.push((platform.clone(), breaker.state()));
            }
        }
        verdicts
    }

    /// A job begins that may be a call of its platform. What goes to others is none.
    pub fn begin(&self, job: &ClaimedJob) -> Pass {
        let to_others = Task::TO_OTHERS.contains(&job.kind.as_str());
        let calls = !to_others && Task::CALLS.include(&job.kind, &job.lane);
        let call = calls.then(|| {
            let mut breakers = self.lock();
            let breaker = breakers.entry(job.platform.clone());
            let breaker = breaker.or_insert_with(|| Breaker::new(self.options.clone()));
            (job.platform.clone(), breaker.begin())
        });
        Pass { breakers: self.clone(), call }
    }

    fn end(&self, platform: &PlatformId, ticket: Ticket, answered: Option<bool>) -> Option<State> {
        self.lock().get_mut(platform)?.end(ticket, answered, self.clock.now())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PlatformId, Breaker>> {
        self.by_platform.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A job's way past its platform's breaker. One that is dropped has told nothing of the platform.
pub(super) struct Pass {
    breakers: Breakers,
    call: Option<(PlatformId, Ticket)>,
}

impl Pass {
    /// Whether the call was answered, None where nothing is known of that; yields the breaker's new state where it changed.
    pub fn end(mut self, answered: Option<bool>) -> Option<State> {
        let (platform, ticket) = self.call.take()?;
        self.breakers.end(&platform, ticket, answered)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some((platform, ticket)) = self.call.take() {
            // An end of which nothing is known changes no state.
            self.breakers.end(&platform, ticket, None);
        }
    }
}
