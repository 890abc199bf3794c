//! What a change would do, as pages show it.

use crate::changes::{Effects, FormEffect, Outcome, Shift};
use crate::console::frame::Frame;
use crate::institution::rules::explanation::AnswerKind;
use crate::institution::rules::figure::Source;

/// So many applications are listed; the others are counted.
const LISTED: usize = 20;

/// The outcome of a trial.
pub(super) struct Tried {
    /// How many applications were looked at, and how many would be answered otherwise; None where no rule changes.
    pub(super) counted: Option<(usize, usize)>,
    pub(super) shifts: Vec<Row>,
    pub(super) letters: Vec<FormEffect>,
}

/// An application that would be answered otherwise.
pub(super) struct Row {
    pub(super) platform: String,
    pub(super) application: String,
    pub(super) received_at: jiff::Timestamp,
    pub(super) before: String,
    pub(super) after: String,
}

impl Tried {
    pub(super) fn new(frame: &Frame, effects: Effects) -> Self {
        let counted = effects.rules.as_ref().map(|it| (it.looked_at, it.shifts.len()));
        let shifts = effects.rules.map(|it| it.shifts).unwrap_or_default();
        let shifts = shifts.into_iter().take(LISTED).map(|shift| Row::new(frame, &shift)).collect();
        Self { counted, shifts, letters: effects.letters }
    }
}

impl Row {
    fn new(frame: &Frame, shift: &Shift) -> Self {
        Self {
            platform: shift.platform.to_string(),
            application: shift.application.to_string(),
            received_at: shift.received_at,
            before: outcome(frame, &shift.before),
            after: outcome(frame, &shift.after),
        }
    }
}

fn outcome(frame: &Frame, outcome: &Outcome) -> String {
    let answer = outcome.answer.map(|it| answer(frame, it)).unwrap_or_default();
    let premium = outcome.premium.as_ref().map(|it| format!("{} {it}", frame.t("rules.premium")));
    let premium = premium.unwrap_or_else(|| outcome.ground.clone());
    format!("{answer} · {premium} · {} {}", frame.t("rules.latest"), outcome.latest)
}

/// An answer in the language of the page.
pub(super) fn answer(frame: &Frame, answer: AnswerKind) -> &'static str {
    frame.t(match answer {
        AnswerKind::Yes => "rules.answer_yes",
        AnswerKind::No => "rules.answer_no",
        AnswerKind::People => "rules.answer_people",
        AnswerKind::CoreSystem => "rules.answer_core_system",
        AnswerKind::Later => "rules.answer_later",
    })
}

/// Where a figure comes from.
pub(super) fn source(frame: &Frame, source: &Source) -> String {
    match source {
        Source::Default => frame.t("rules.source_default").to_owned(),
        Source::Platform => frame.t("rules.source_platform").to_owned(),
        Source::Entry { name, .. } if name.contains('@') => {
            format!("{} {name}", frame.t("rules.source_changed"))
        }
        Source::Entry { name, .. } => format!("{} {name}", frame.t("rules.source_entry")),
    }
}
