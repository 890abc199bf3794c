//! What a job has to do, and which jobs a decision's work becomes.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::dialect::Profile;
use crate::dialect::options::Step;
use crate::domain::decision::{Question, Work, application_result};
use crate::domain::guarantee::{Guarantee, LetterKind};
use crate::domain::notice::Notice;
use crate::store::StoreError;
use crate::store::jobs::NewJob;

/// When work without a deadline of its own should be done: behind restorations, before it annoys anyone.
pub const ORDINARY_TIME: SignedDuration = SignedDuration::from_mins(30);

/// The content of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "kebab-case")]
pub enum Task {
    Consult { question: Question },
    MakeLetter { letter: LetterKind },
    Upload { letter: LetterKind },
    Notify { notice: Box<Notice> },
}

impl Task {
    /// The stable name of this kind of job, as stored and as a metric's label.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Consult { .. } => "consult",
            Self::MakeLetter { .. } => "make-letter",
            Self::Upload { .. } => "upload",
            Self::Notify { .. } => "notify",
        }
    }
}

/// The jobs that work becomes, in the order in which they have to run. All are in the guarantee's own lane, so that
/// nothing overtakes within a guarantee and no guarantee holds up another.
///
/// # Errors
/// When a task can't be written as JSON, which none of them can't.
pub fn plan(
    profile: &Profile,
    guarantee: &Guarantee,
    work: Vec<Work>,
    at: Timestamp,
) -> Result<Vec<NewJob>, StoreError> {
    let ordinary = at.saturating_add(ORDINARY_TIME).unwrap_or(Timestamp::MAX);
    let tasks = work.into_iter().flat_map(|work| tasks(profile, guarantee, work));
    tasks
        .map(|(task, deadline)| {
            Ok(NewJob {
                platform: guarantee.platform.clone(),
                lane: guarantee.id.clone(),
                kind: task.kind().to_owned(),
                payload: serde_json::to_value(&task)
                    .map_err(|error| StoreError::Statement(error.to_string()))?,
                deadline: deadline.unwrap_or(ordinary),
                due_at: None,
            })
        })
        .collect()
}

fn tasks(profile: &Profile, guarantee: &Guarantee, work: Work) -> Vec<(Task, Option<Timestamp>)> {
    match work {
        Work::Consult(question) => vec![(Task::Consult { question }, None)],
        Work::MakeLetter { letter, deadline } => vec![(Task::MakeLetter { letter }, deadline)],
        Work::Notify(notice) => vec![(Task::Notify { notice: Box::new(notice) }, None)],
        Work::HandOver { letter, deadline } => profile
            .flow(letter)
            .iter()
            .filter_map(|step| match step {
                Step::Upload => Some(Task::Upload { letter }),
                Step::Notice => {
                    application_result(guarantee).map(|notice| Task::Notify { notice: Box::new(notice) })
                }
            })
            .map(|task| (task, deadline))
            .collect(),
    }
}
