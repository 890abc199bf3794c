//! What a job has to do, and which jobs a decision's work becomes.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::alarm::AlarmNews;
use super::round::Round;
use crate::dialect::Profile;
use crate::dialect::options::Step;
use crate::domain::decision::{Question, Work, application_result};
use crate::domain::guarantee::{Guarantee, LetterKind};
use crate::domain::identity::PlatformId;
use crate::domain::notice::Notice;
use crate::store::StoreError;
use crate::store::jobs::{self, Calls, Lane, NewJob};

/// The deadline of work that has none of its own, counted from when it is planned. It is so far away that a backlog of
/// such work, however old, stands behind every restoration; among itself it keeps its order.
const ORDINARY_TIME: SignedDuration = SignedDuration::from_hours(365 * 24);

/// Whether a job has a deadline of its own, or has taken one over from a restoration that waits behind it.
pub fn is_urgent(created_at: Timestamp, deadline: Timestamp) -> bool {
    deadline.duration_since(created_at) < ORDINARY_TIME / 2
}

/// The content of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "kebab-case")]
pub enum Task {
    Consult {
        question: Question,
    },
    /// Puts a question again that had to wait for its hour.
    ConsultLater {
        question: Question,
    },
    /// Tells people that the core system has not answered in time.
    Remind {
        question: Question,
    },
    MakeLetter {
        letter: LetterKind,
    },
    Upload {
        letter: LetterKind,
    },
    Notify {
        notice: Box<Notice>,
        /// The letter that goes with it, where the platform gets it within the notice.
        #[serde(default)]
        encloses: Option<LetterKind>,
    },
    Round {
        round: Round,
    },
    /// Tells the core system something.
    Callback {
        id: String,
    },
    /// Tells people, over one channel, what is new of an alarm.
    Alarm {
        channel: String,
        alarm: String,
        news: AlarmNews,
    },
    /// Fetches a file that a claim names, on somebody's word.
    Evidence {
        id: String,
    },
}

impl Task {
    /// The kind of jobs that come back by the clock: one of each round is always waiting for its time.
    pub const ROUND: &str = "round";

    /// The kinds of jobs that bring a platform something.
    pub const UPLOAD: &str = "upload";
    pub const NOTIFY: &str = "notify";

    /// The kind of jobs that tell the core system something.
    pub const CALLBACK: &str = "callback";

    /// The kind of jobs that tell people of an alarm.
    pub const ALARM: &str = "alarm";

    /// The kind of jobs that fetch evidence of claims.
    pub const EVIDENCE: &str = "evidence";

    /// Calls that go to others than the platform: they say nothing of it.
    pub const TO_OTHERS: [&str; 3] = [Self::CALLBACK, Self::ALARM, Self::EVIDENCE];

    /// The jobs that wait for an answer from outside: a platform's, the core system's, a channel's of alarms, or a server's
    /// that has evidence.
    pub const CALLS: Calls = Calls {
        kinds: &[Self::UPLOAD, Self::NOTIFY, Self::CALLBACK, Self::ALARM, Self::EVIDENCE],
        rounds: &[Round::ABNORMAL_SECTIONS],
    };

    const LATER: &str = "consult-later";
    const REMINDER: &str = "remind";

    /// The kinds of jobs that wait for a certain hour.
    pub const BY_THE_CLOCK: [&str; 2] = [Self::LATER, Self::REMINDER];

    /// Whether jobs of this kind are enqueued long before their time, so that one that is not done is no work left over.
    pub fn waits_for_its_time(kind: &str) -> bool {
        kind == Self::ROUND || Self::BY_THE_CLOCK.contains(&kind)
    }

    /// Whether it is part of what an opening is for: the plaintext letter made, and with the platform.
    pub fn is_of_opening(&self) -> bool {
        match self {
            Self::MakeLetter { letter } | Self::Upload { letter } => *letter == LetterKind::Merged,
            Self::Notify { notice, encloses } => {
                matches!(**notice, Notice::RestorationResult { .. }) || *encloses == Some(LetterKind::Merged)
            }
            _ => false,
        }
    }

    /// The stable name of this kind of job, as stored and as a metric's label.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Consult { .. } => "consult",
            Self::ConsultLater { .. } => Self::LATER,
            Self::Remind { .. } => Self::REMINDER,
            Self::MakeLetter { .. } => "make-letter",
            Self::Upload { .. } => Self::UPLOAD,
            Self::Notify { .. } => Self::NOTIFY,
            Self::Round { .. } => Self::ROUND,
            Self::Callback { .. } => Self::CALLBACK,
            Self::Alarm { .. } => Self::ALARM,
            Self::Evidence { .. } => Self::EVIDENCE,
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
    let lane = Lane::of_guarantee(&guarantee.id);
    let tasks = work.into_iter().flat_map(|work| tasks(profile, guarantee, work));
    tasks
        .map(|(task, deadline)| job(&guarantee.platform, lane.clone(), &task, deadline, Duration::ZERO, at))
        .collect()
}

/// When the most urgent of some work has to be done, where any of it has a deadline of its own. What stands before such
/// work in its lane has to be done by then, too.
pub fn pressing(work: &[Work]) -> Option<Timestamp> {
    let deadline = |work: &Work| match work {
        Work::MakeLetter { deadline, .. } | Work::HandOver { deadline, .. } => *deadline,
        Work::Consult(_) | Work::Notify(_) => None,
    };
    work.iter().filter_map(deadline).min()
}

/// Since when jobs of a kind could have been done.
pub fn ready_since(jobs: &jobs::Count) -> Timestamp {
    let waits = Task::waits_for_its_time(&jobs.kind);
    if waits { jobs.first_due } else { jobs.oldest }
}

/// A job for a guarantee that waits in a lane beside the guarantee's own, where it holds up nothing else.
///
/// # Errors
/// As [`plan`].
pub fn beside(
    guarantee: &Guarantee,
    lane: &str,
    task: &Task,
    wait: Duration,
    at: Timestamp,
) -> Result<NewJob, StoreError> {
    job(&guarantee.platform, Lane::beside(&guarantee.id, lane), task, None, wait, at)
}

/// One job, with the deadline of ordinary work where it has none of its own.
pub(super) fn job(
    platform: &PlatformId,
    lane: Lane,
    task: &Task,
    deadline: Option<Timestamp>,
    wait: Duration,
    at: Timestamp,
) -> Result<NewJob, StoreError> {
    let ordinary = || at.saturating_add(ORDINARY_TIME).unwrap_or(Timestamp::MAX);
    Ok(NewJob {
        platform: platform.clone(),
        lane,
        kind: task.kind().to_owned(),
        payload: serde_json::to_value(task).map_err(|error| StoreError::Statement(error.to_string()))?,
        deadline: deadline.unwrap_or_else(ordinary),
        wait,
    })
}

fn tasks(profile: &Profile, guarantee: &Guarantee, work: Work) -> Vec<(Task, Option<Timestamp>)> {
    match work {
        Work::Consult(question) => vec![(Task::Consult { question }, None)],
        Work::MakeLetter { letter, deadline } => vec![(Task::MakeLetter { letter }, deadline)],
        Work::Notify(notice) => profile.speaks(&notice).then(|| (notify(notice), None)).into_iter().collect(),
        Work::HandOver { letter, deadline } => profile
            .flow(letter)
            .iter()
            .filter_map(|step| match step {
                Step::Upload => Some(Task::Upload { letter }),
                Step::Notice => handed_over(profile, letter, application_result(guarantee)?),
                Step::RestorationNotice => handed_over(profile, letter, restoration_result(guarantee)?),
            })
            .map(|task| (task, deadline))
            .collect(),
    }
}

fn notify(notice: Notice) -> Task {
    Task::Notify { notice: Box::new(notice), encloses: None }
}

/// What a platform has no words for is not said.
fn handed_over(profile: &Profile, letter: LetterKind, notice: Notice) -> Option<Task> {
    let encloses = profile.encloses(&notice).then_some(letter);
    profile.speaks(&notice).then(|| Task::Notify { notice: Box::new(notice), encloses })
}

fn restoration_result(guarantee: &Guarantee) -> Option<Notice> {
    let application = guarantee.application.number.clone();
    Some(Notice::RestorationResult { application, guarantee: guarantee.number()?.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identity::{ApplicationNumber, GuaranteeNumber};
    use crate::store::jobs::JobState;

    #[test]
    fn work_is_urgent_by_its_deadline_and_not_by_when_it_was_stored() {
        let at: Timestamp = "2026-11-22T01:00:00Z".parse().unwrap();
        let later = |minutes| at.saturating_add(SignedDuration::from_mins(minutes)).unwrap();
        let ordinary = at.saturating_add(ORDINARY_TIME).unwrap();
        // The database stamps a job some time after the decision, by a clock of its own.
        for created_at in [at, later(1), later(-1)] {
            assert!(!is_urgent(created_at, ordinary), "{created_at}");
            assert!(is_urgent(created_at, later(5)), "{created_at}");
        }
        // An old job that a restoration waits behind.
        assert!(is_urgent(later(-60 * 24 * 60), later(5)));
    }

    #[test]
    fn what_an_opening_is_for_is_the_plaintext_letter_and_nothing_before_it() {
        let notice = |notice, encloses| Task::Notify { notice: Box::new(notice), encloses };
        let (application, guarantee) = (ApplicationNumber::new("A1"), GuaranteeNumber::new("B1"));
        let restored = Notice::RestorationResult { application: application.clone(), guarantee };
        let other = Notice::WaiverRequest { application };
        for task in [
            Task::MakeLetter { letter: LetterKind::Merged },
            Task::Upload { letter: LetterKind::Merged },
            notice(restored, None),
            notice(other.clone(), Some(LetterKind::Merged)),
        ] {
            assert!(task.is_of_opening(), "{task:?}");
        }
        for task in [
            Task::MakeLetter { letter: LetterKind::Ciphertext },
            Task::Upload { letter: LetterKind::Ciphertext },
            notice(other, Some(LetterKind::Ciphertext)),
            Task::Consult { question: Question::Underwriting },
        ] {
            assert!(!task.is_of_opening(), "{task:?}");
        }
    }

    #[test]
    fn what_waits_for_its_hour_is_not_taken_for_what_is_not_getting_done() {
        let instant = |text: &str| text.parse::<Timestamp>().unwrap();
        let (oldest, first_due) = (instant("2026-11-21T12:00:00Z"), instant("2026-11-22T00:30:00Z"));
        let count = |kind: &str| jobs::Count {
            platform: PlatformId::new("hainan"),
            kind: kind.to_owned(),
            state: JobState::Ready,
            count: 1,
            oldest,
            first_due,
        };
        let question = Question::Underwriting;
        for (task, since) in [
            (Task::Consult { question }, oldest),
            (Task::ConsultLater { question }, first_due),
            (Task::Remind { question }, first_due),
        ] {
            assert_eq!(ready_since(&count(task.kind())), since, "{}", task.kind());
        }
        assert_eq!(ready_since(&count(Task::ROUND)), first_due);
    }
}
