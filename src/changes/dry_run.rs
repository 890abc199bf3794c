//! What a change of rules would have meant for the last applications, had it held when they were received.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::casework::Platform;
use crate::domain::Guarantee;
use crate::domain::decision::Question;
use crate::domain::identity::{ApplicationNumber, PlatformId};
use crate::institution::rules::Rules;
use crate::institution::rules::explanation::{AnswerKind, Premium};
use crate::store::guarantees::{self, Filter};
use crate::store::{Connection, StoreError};

/// So many applications are looked at, the latest of all.
pub(super) const LOOKED_AT: u32 = 200;

/// How the last applications would have been answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRun {
    pub looked_at: usize,
    /// Those that would have been answered otherwise, the latest first.
    pub shifts: Vec<Shift>,
}

/// One application that would have been answered otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    pub platform: PlatformId,
    pub application: ApplicationNumber,
    pub received_at: Timestamp,
    /// By the rules that hold.
    pub before: Outcome,
    /// By those that are proposed.
    pub after: Outcome,
}

/// What the rules say of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub answer: Option<AnswerKind>,
    /// In Chinese.
    pub ground: String,
    /// In yuan; None where the amount is not underwritten.
    pub premium: Option<String>,
    /// The last day of validity.
    pub latest: Date,
}

/// Reads the applications that are looked at.
pub(super) fn last_applications(
    connection: &mut Connection,
    platforms: &[PlatformId],
) -> Result<Vec<Guarantee>, StoreError> {
    let filter = Filter { platforms: platforms.to_vec(), limit: LOOKED_AT, ..Filter::default() };
    let mut applications = Vec::new();
    for summary in guarantees::list(connection, &filter)? {
        applications.extend(guarantees::find(connection, &summary.id)?.map(|stored| stored.guarantee));
    }
    Ok(applications)
}

pub(super) fn run(applications: &[Guarantee], now: &[Platform], proposed: &[Platform]) -> DryRun {
    let rules = |platforms: &[Platform], id: &PlatformId| {
        platforms.iter().find(|it| it.profile.id() == id).map(|it| it.rules.clone())
    };
    let shifts = applications.iter().filter_map(|application| {
        let before = outcome(&*rules(now, &application.platform)?, application);
        let after = outcome(&*rules(proposed, &application.platform)?, application);
        (before != after).then(|| Shift {
            platform: application.platform.clone(),
            application: application.application.number.clone(),
            received_at: application.received_at,
            before,
            after,
        })
    });
    DryRun { looked_at: applications.len(), shifts: shifts.collect() }
}

fn outcome(rules: &Rules, application: &Guarantee) -> Outcome {
    let explained = rules.explain(application, application.received_at);
    let answered = explained.answers.into_iter().find(|it| it.question == Question::Underwriting.name());
    Outcome {
        answer: answered.as_ref().map(|it| it.answer),
        ground: answered.map(|it| it.ground).unwrap_or_default(),
        premium: match explained.premium {
            Premium::Reckoned { premium, .. } => Some(premium),
            Premium::Refused { .. } => None,
        },
        latest: explained.validity.latest,
    }
}
