//! Jobs in words.

use crate::store::jobs::JobState;

/// The key of the word for a kind of job.
pub(in crate::console) fn kind_words(kind: &str) -> &'static str {
    match kind {
        "consult" | "consult-later" => "queue.kind_consult",
        "remind" => "queue.kind_remind",
        "make-letter" => "queue.kind_make_letter",
        "upload" => "queue.kind_upload",
        "notify" => "queue.kind_notify",
        "round" => "queue.kind_round",
        "callback" => "queue.kind_callback",
        "evidence" => "queue.kind_evidence",
        _ => "queue.kind_other",
    }
}

/// The key of the word for why an attempt failed.
pub(in crate::console) fn cause_words(cause: &str) -> &'static str {
    match cause {
        "exhausted" => "queue.cause_exhausted",
        "rejected" => "queue.cause_rejected",
        "not-retryable" => "queue.cause_not_retryable",
        "panicked" => "queue.cause_panicked",
        "poisoned" => "queue.cause_poisoned",
        "obsolete" => "queue.cause_obsolete",
        "unreachable" => "queue.cause_unreachable",
        "unanswered" => "queue.cause_unanswered",
        "failed" => "queue.cause_failed",
        "unreadable" => "queue.cause_unreadable",
        "discarded" => "queue.cause_discarded",
        _ => "queue.cause_other",
    }
}

/// The key of the word for how an attempt ended.
pub(in crate::console) fn outcome_words(outcome: &str) -> &'static str {
    match outcome {
        "running" => "queue.outcome_running",
        "done" => "queue.outcome_done",
        "retry" => "queue.outcome_retry",
        "stepped-aside" => "queue.outcome_stepped_aside",
        "dead" => "queue.outcome_dead",
        "released" => "queue.outcome_released",
        "lease-expired" => "queue.outcome_lease_expired",
        _ => "queue.outcome_other",
    }
}

/// The key of the word for a state, and the look of its badge.
pub(in crate::console) fn state_words(state: JobState) -> (&'static str, &'static str) {
    match state {
        JobState::Ready => ("queue.state_ready", "badge-warn"),
        JobState::Running => ("queue.state_running", "badge-idle"),
        JobState::Done => ("queue.state_done", "badge-good"),
        JobState::Dead => ("queue.state_dead", "badge-bad"),
    }
}

/// The key of the word for what became of a job in a batch, or would.
pub(super) fn item_words(outcome: &str) -> (&'static str, &'static str) {
    match outcome {
        "revived" => ("queue.item_revived", "badge-good"),
        "hastened" => ("queue.item_hastened", "badge-good"),
        "discarded" => ("queue.item_discarded", "badge-warn"),
        "unknown" => ("queue.item_unknown", "badge-bad"),
        _ => ("queue.item_left_alone", "badge-idle"),
    }
}
