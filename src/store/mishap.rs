//! A seam for tests: any call of the store can be made to fail, at any boundary of its transaction.

use std::sync::atomic::{AtomicBool, Ordering};

use super::error::StoreError;

/// Decides which calls meet a mishap. Nothing in the program does; a test [hands one in](super::Store::disturb).
pub trait Disturbance: Send + Sync + 'static {
    /// Asked once for each call, when it begins. `work` is the type name of the closure that is to run, which begins with
    /// the path of the function that it stands in.
    fn strike(&self, work: &'static str) -> Option<Mishap>;
}

/// Where in a call it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Boundary {
    /// Nothing has been done.
    Begin,
    /// The work is done and not committed.
    Commit,
    /// It is committed, and the caller never learns that.
    Answer,
}

/// A failure that one call meets, once: where the store repeats the work by itself, the repetition succeeds.
#[derive(Debug)]
pub struct Mishap {
    at: Boundary,
    error: StoreError,
    met: AtomicBool,
}

impl Mishap {
    pub fn new(at: Boundary, error: StoreError) -> Self {
        Self { at, error, met: AtomicBool::new(false) }
    }

    pub(super) fn meet(&self, boundary: Boundary) -> Result<(), StoreError> {
        let here = self.at == boundary && !self.met.swap(true, Ordering::Relaxed);
        if here { Err(self.error.clone()) } else { Ok(()) }
    }
}
