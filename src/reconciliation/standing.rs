//! How a guarantee stands, in the few words in which statements of platforms tell it.

use serde::{Deserialize, Serialize};

use super::movement::Movement;
use crate::domain::Stage;

/// What a platform's word for a state means. A word may mean several of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// There is no guarantee: not yet, or never.
    NotIssued,
    /// It is in force, opened or not.
    Issued,
    Surrendered,
    /// A claim was paid; whether it is still in force does not matter.
    ClaimPaid,
    Cancelled,
    Expired,
}

impl Standing {
    pub fn of(stage: Stage) -> Self {
        match stage {
            Stage::Applied
            | Stage::Approved
            | Stage::Issuing
            | Stage::Declined
            | Stage::Waived
            | Stage::Abandoned => Self::NotIssued,
            Stage::Issued | Stage::Opened | Stage::Restored => Self::Issued,
            Stage::Surrendered => Self::Surrendered,
            Stage::Cancelled => Self::Cancelled,
            Stage::Expired => Self::Expired,
        }
    }

    /// The movement that led to it.
    pub fn movement(self) -> Option<Movement> {
        match self {
            Self::NotIssued => None,
            Self::Issued => Some(Movement::Issued),
            Self::Surrendered => Some(Movement::Surrendered),
            Self::ClaimPaid => Some(Movement::ClaimPaid),
            Self::Cancelled => Some(Movement::Cancelled),
            Self::Expired => Some(Movement::Expired),
        }
    }
}
