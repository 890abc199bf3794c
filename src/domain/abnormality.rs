//! What may go wrong with a tender section (标段异常), as a platform tells it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A section that does not go on as planned: its guarantees may be surrendered even after the opening, and nobody
/// waits for their plaintext letters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abnormality {
    pub kind: AbnormalityKind,
    pub remark: String,
    pub decided_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AbnormalityKind {
    /// 流标
    Failed,
    /// 终止
    Terminated,
    /// 暂停
    Suspended,
    /// 作废
    Voided,
}

impl AbnormalityKind {
    pub const ALL: [Self; 4] = [Self::Failed, Self::Terminated, Self::Suspended, Self::Voided];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Terminated => "terminated",
            Self::Suspended => "suspended",
            Self::Voided => "voided",
        }
    }

    /// How people call it, in Chinese.
    pub fn title(self) -> &'static str {
        match self {
            Self::Failed => "流标",
            Self::Terminated => "终止",
            Self::Suspended => "暂停",
            Self::Voided => "作废",
        }
    }
}
