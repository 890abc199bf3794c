//! What a proposal means for a guarantee as it stands: judged when it is made, when somebody looks at it, and once more when
//! it is approved.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Bench, PastedKey};
use crate::casework::decisions::Decision;
use crate::casework::decisions::content::{self, Misfit};
use crate::casework::tellable::NotTellable;
use crate::casework::{self, Platform, PlatformMissing, restoration, tellable};
use crate::dialect::SectionKey;
use crate::domain::identity::GuaranteeId;
use crate::domain::{Command, Refusal, decision};
use crate::store::guarantees::Stored;
use crate::store::jobs::{JobId, JobState};
use crate::store::{Connection, StoreError, guarantees};

/// Why something can't be done now.
#[derive(Debug, thiserror::Error)]
pub enum Impossible {
    #[error("没有此保函 `{0}`")]
    NoGuarantee(GuaranteeId),
    #[error(transparent)]
    PlatformMissing(#[from] PlatformMissing),
    #[error("{0}")]
    Refused(Refusal),
    #[error(transparent)]
    Misfit(#[from] Misfit),
    #[error("保函编号已用于另一份保函")]
    NumberTaken,
    #[error(transparent)]
    NotTellable(#[from] NotTellable),
    #[error("密钥格式无法识别")]
    KeyUnreadable,
    #[error("没有已送达、可重发的保函文件")]
    NoLetter,
    #[error("该平台不由我方发送保函文件，由其按链接获取")]
    NothingToSend,
    #[error("没有此任务 `{0}`")]
    NoJob(JobId),
    #[error("任务 `{0}` 的状态是 {state}，无需处理", state = .1.name())]
    JobNotWaiting(JobId, JobState),
    /// A change, for the reason that its room gives.
    #[error("{0}")]
    Change(String),
}

impl From<Refusal> for Impossible {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What ends a judgement: a reason, which undoes nothing, or the database.
pub(super) enum Stop {
    Impossible(Impossible),
    Store(StoreError),
}

impl<T: Into<Impossible>> From<T> for Stop {
    fn from(reason: T) -> Self {
        Self::Impossible(reason.into())
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Tells a reason apart from a failure of the database.
pub(super) fn apart<T>(outcome: Result<T, Stop>) -> Result<Result<T, Impossible>, StoreError> {
    match outcome {
        Ok(value) => Ok(Ok(value)),
        Err(Stop::Impossible(reason)) => Ok(Err(reason)),
        Err(Stop::Store(error)) => Err(error),
    }
}

/// A guarantee, and the command that a proposal means for it.
pub(super) struct Case {
    pub platform: Arc<Platform>,
    pub known: Stored,
    pub command: Command,
    /// To be kept once the command is carried out.
    pub key: Option<SectionKey>,
}

impl Case {
    /// What the command would do.
    pub fn rehearsed(&self, at: Timestamp) -> Result<Vec<decision::Decision>, Refusal> {
        casework::rehearse(&self.known.guarantee, std::slice::from_ref(&self.command), at)
    }

    /// What the domain refuses or the platform can't be told is said before anything is written.
    fn judged(self, at: Timestamp) -> Result<Self, Stop> {
        self.rehearsed(at)?;
        tellable::expect(&self.platform, &self.known.guarantee, std::slice::from_ref(&self.command), at)?;
        Ok(self)
    }
}

/// A guarantee and its platform, as they are now.
pub(super) fn find(
    connection: &mut Connection,
    bench: &Bench,
    id: &GuaranteeId,
) -> Result<(Arc<Platform>, Stored), Stop> {
    let known = guarantees::find(connection, id)?.ok_or_else(|| Impossible::NoGuarantee(id.clone()))?;
    let platform = bench.platforms.of(&known.guarantee.platform)?;
    Ok((platform, known))
}

pub(super) fn of_decision(
    connection: &mut Connection,
    bench: &Bench,
    id: &GuaranteeId,
    decision: &Decision,
    at: Timestamp,
) -> Result<Case, Stop> {
    let (platform, known) = find(connection, bench, id)?;
    match decision {
        Decision::RecordPremium { payment } => content::expect_past("paid_at", payment.paid_at, at)?,
        Decision::AnswerClaim { result } => content::expect_past("paid_at", result.paid_at, at)?,
        Decision::IssueInvoice { invoice } => content::expect_found(invoice)?,
        _ => {}
    }
    let command = decision.clone().command(&platform, &known.guarantee, at)?;
    if let Command::Approve { terms } = &command {
        content::expect_cover(&terms.validity, at)?;
        if !content::is_free(connection, &known.guarantee, &terms.guarantee_number)? {
            return Err(Impossible::NumberTaken.into());
        }
    }
    Case { platform, known, command, key: None }.judged(at)
}

pub(super) fn of_key(
    connection: &mut Connection,
    bench: &Bench,
    pasted: &PastedKey,
    opened_at: Timestamp,
    at: Timestamp,
) -> Result<Case, Stop> {
    let (platform, known) = find(connection, bench, &pasted.guarantee)?;
    let key = pasted.key.section_key().ok_or(Impossible::KeyUnreadable)?;
    content::expect_past("opened_at", Some(opened_at), at)?;
    let number = known.guarantee.number().ok_or(Refusal::NotIssued)?.clone();
    let command =
        restoration::command(&platform.profile, Some(&known.guarantee), number, opened_at, &key, at);
    Case { platform, known, command, key: Some(key) }.judged(at)
}
