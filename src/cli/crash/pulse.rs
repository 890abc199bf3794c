//! Whether pushes are accepted, and how long none was after a kill.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// Shared by whoever pushes and whoever kills.
pub struct Pulse {
    state: Mutex<State>,
    beats: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    killed: Option<Instant>,
    recoveries: Vec<Duration>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { state: Mutex::default(), beats: watch::Sender::new(0) }
    }
}

impl Pulse {
    /// The gateway, or one process of it, is killed now.
    pub fn killed(&self) {
        self.lock().killed = Some(Instant::now());
    }

    /// A push that began then was accepted. Answers that were on their way when the kill came don't count.
    pub fn accepted(&self, began: Instant) {
        let mut state = self.lock();
        if state.killed.is_some_and(|killed| began < killed) {
            return;
        }
        if let Some(killed) = state.killed.take() {
            state.recoveries.push(killed.elapsed());
        }
        drop(state);
        self.beats.send_modify(|beats| *beats += 1);
    }

    /// Changes with each push that is accepted from now on.
    pub fn beats(&self) -> watch::Receiver<u64> {
        self.beats.subscribe()
    }

    /// From each kill to the first push that was accepted after it; a kill that was followed by another one before that
    /// has none.
    pub fn recoveries(&self) -> Vec<Duration> {
        self.lock().recoveries.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_push_that_began_after_the_kill_ends_the_recovery() {
        let pulse = Pulse::default();
        let before = Instant::now();
        pulse.accepted(before);
        pulse.killed();
        pulse.accepted(before);
        assert!(pulse.recoveries().is_empty());
        pulse.killed();
        pulse.accepted(Instant::now());
        pulse.accepted(Instant::now());
        assert_eq!(pulse.recoveries().len(), 1);
    }
}
