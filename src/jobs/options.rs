//! The `[jobs]` section of the settings.

use serde::Deserialize;

use super::schedule::Schedule;
use super::worker::WorkerOptions;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JobOptions {
    pub worker: WorkerOptions,
    /// When ordinary work is tried again.
    pub ordinary: Schedule,
    /// When the work of an opening is tried again.
    pub restorations: Schedule,
}

impl Default for JobOptions {
    fn default() -> Self {
        Self {
            worker: WorkerOptions::default(),
            ordinary: Schedule::for_notices(),
            restorations: Schedule::for_restorations(),
        }
    }
}
