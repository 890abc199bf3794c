//! Work that comes back by the clock: for a platform as a whole, not for one guarantee.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::task::{self, Task};
use crate::domain::identity::PlatformId;
use crate::store::StoreError;
use crate::store::guarantees::Ended;
use crate::store::jobs::{Lane, NewJob};

/// One turn of such work. Its job enqueues that of the next turn when it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Round {
    /// Ends guarantees whose last moment is over.
    Expiry {
        /// Where the turn before this one stopped for a moment, so that others could write.
        passed: Option<Ended>,
    },
    /// Asks which tender sections have become abnormal since then.
    AbnormalSections { since: Timestamp },
}

impl Round {
    /// The name of the round that asks the platform something.
    pub const ABNORMAL_SECTIONS: &str = "abnormal-sections";

    /// The stable name, as part of its lane.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Expiry { .. } => "expiry",
            Self::AbnormalSections { .. } => Self::ABNORMAL_SECTIONS,
        }
    }

    /// The job of this turn, due after a while; it has a lane of its own for each platform and kind of round.
    ///
    /// # Errors
    /// When a task can't be written as JSON, which none of them can't.
    pub fn job(self, platform: &PlatformId, wait: Duration, at: Timestamp) -> Result<NewJob, StoreError> {
        let lane = Lane::of_round(platform, self.name());
        task::job(platform, lane, &Task::Round { round: self }, None, wait, at)
    }
}
