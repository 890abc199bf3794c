//! What the worker tells telemetry.

use std::time::Duration;

use super::breaker::State;
use super::verdict::Outcome;
use crate::domain::identity::PlatformId;
use crate::store::StoreError;
use crate::store::jobs::ClaimedJob;

/// Sees what the worker does; the place to count and to log.
pub trait Observer: Send + Sync + 'static {
    /// An attempt begins. [`ClaimedJob::taken_over`] tells that an earlier one was lost with its worker.
    fn claimed(&self, _job: &ClaimedJob) {}

    /// An attempt ended.
    fn finished(&self, _job: &ClaimedJob, _outcome: &Outcome, _took: Duration) {}

    /// A worker whose lease had been lost tried to write and was refused.
    fn fence_rejected(&self, _job: &ClaimedJob) {}

    /// A platform's breaker has opened, lets one call through, or is closed again.
    fn breaker_moved(&self, _platform: &PlatformId, _state: State) {}

    /// Jobs can't be claimed at present.
    fn claim_failed(&self, _error: &StoreError) {}

    /// The database's clock was found to show less than it should by what has passed.
    fn clock_set_back(&self, _by: Duration) {}
}

/// Sees and says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}
