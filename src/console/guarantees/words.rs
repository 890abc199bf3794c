//! Guarantees and messages in words: keys of texts, and the look of what they say.

use crate::domain::abnormality::AbnormalityKind;
use crate::domain::awaited::Awaited;
use crate::domain::claim::ClaimStatus;
use crate::domain::guarantee::LetterKind;
use crate::domain::{Event, Stage};
use crate::store::messages::Direction;

/// How something stands, beside the word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::console) enum Look {
    Idle,
    Good,
    Warn,
    Bad,
}

impl Look {
    pub fn badge(self) -> &'static str {
        match self {
            Self::Idle => "badge-idle",
            Self::Good => "badge-good",
            Self::Warn => "badge-warn",
            Self::Bad => "badge-bad",
        }
    }

    /// Of an entry of a timeline.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Idle => "is-idle",
            Self::Good => "is-good",
            Self::Warn => "is-warn",
            Self::Bad => "is-bad",
        }
    }

    pub fn is_failure(self) -> bool {
        matches!(self, Self::Warn | Self::Bad)
    }
}

pub(in crate::console) fn stage(stage: Stage) -> (&'static str, Look) {
    match stage {
        Stage::Applied => ("guarantees.stage_applied", Look::Idle),
        Stage::Approved => ("guarantees.stage_approved", Look::Idle),
        Stage::Issuing => ("guarantees.stage_issuing", Look::Idle),
        Stage::Issued => ("guarantees.stage_issued", Look::Good),
        Stage::Opened => ("guarantees.stage_opened", Look::Warn),
        Stage::Restored => ("guarantees.stage_restored", Look::Good),
        Stage::Declined => ("guarantees.stage_declined", Look::Idle),
        Stage::Waived => ("guarantees.stage_waived", Look::Idle),
        Stage::Abandoned => ("guarantees.stage_abandoned", Look::Bad),
        Stage::Surrendered => ("guarantees.stage_surrendered", Look::Idle),
        Stage::Cancelled => ("guarantees.stage_cancelled", Look::Idle),
        Stage::Expired => ("guarantees.stage_expired", Look::Idle),
    }
}

pub(in crate::console) fn awaited(awaited: Awaited) -> &'static str {
    match awaited {
        Awaited::Underwriting => "guarantees.awaits_underwriting",
        Awaited::Premium => "guarantees.awaits_premium",
        Awaited::Surrender => "guarantees.awaits_surrender",
        Awaited::Cancellation => "guarantees.awaits_cancellation",
        Awaited::Invoice => "guarantees.awaits_invoice",
        Awaited::Claim => "guarantees.awaits_claim",
        Awaited::Waiver => "guarantees.awaits_waiver",
    }
}

pub(in crate::console) fn letter(letter: LetterKind) -> &'static str {
    match letter {
        LetterKind::Ciphertext => "guarantees.letter_ciphertext",
        LetterKind::Merged => "guarantees.letter_merged",
        LetterKind::Plaintext => "guarantees.letter_plaintext",
    }
}

pub(super) fn abnormality(kind: AbnormalityKind) -> &'static str {
    match kind {
        AbnormalityKind::Failed => "guarantees.section_failed",
        AbnormalityKind::Terminated => "guarantees.section_terminated",
        AbnormalityKind::Suspended => "guarantees.section_suspended",
        AbnormalityKind::Voided => "guarantees.section_voided",
    }
}

pub(super) fn claim(status: ClaimStatus) -> &'static str {
    match status {
        ClaimStatus::InHandling => "guarantees.claim_in_handling",
        ClaimStatus::ToBePaid => "guarantees.claim_to_be_paid",
        ClaimStatus::Paid => "guarantees.claim_paid",
        ClaimStatus::Rejected => "guarantees.claim_rejected",
        ClaimStatus::Other => "guarantees.claim_other",
    }
}

pub(super) fn event(event: &Event) -> (&'static str, Look) {
    match event {
        Event::ApplicationReceived { .. } => ("guarantees.event_application_received", Look::Idle),
        Event::ApplicationReplaced { .. } => ("guarantees.event_application_replaced", Look::Idle),
        Event::Approved { .. } => ("guarantees.event_approved", Look::Good),
        Event::Declined { .. } => ("guarantees.event_declined", Look::Idle),
        Event::PremiumPaid => ("guarantees.event_premium_paid", Look::Good),
        Event::DossierRecorded => ("guarantees.event_dossier_recorded", Look::Idle),
        Event::IssueAbandoned { .. } => ("guarantees.event_issue_abandoned", Look::Bad),
        Event::LetterSealed { letter, .. } => match letter {
            LetterKind::Ciphertext => ("guarantees.event_ciphertext_sealed", Look::Good),
            LetterKind::Merged => ("guarantees.event_merged_sealed", Look::Good),
            LetterKind::Plaintext => ("guarantees.event_plaintext_sealed", Look::Good),
        },
        Event::LetterDelivered { letter } => match letter {
            LetterKind::Ciphertext => ("guarantees.event_ciphertext_delivered", Look::Good),
            LetterKind::Merged => ("guarantees.event_merged_delivered", Look::Good),
            LetterKind::Plaintext => ("guarantees.event_plaintext_delivered", Look::Good),
        },
        Event::KeyReceived => ("guarantees.event_key_received", Look::Good),
        Event::WaiverAsked => ("guarantees.event_waiver_asked", Look::Idle),
        Event::WaiverRefused => ("guarantees.event_waiver_refused", Look::Idle),
        Event::Waived => ("guarantees.event_waived", Look::Idle),
        Event::CancellationAsked { .. } => ("guarantees.event_cancellation_asked", Look::Idle),
        Event::CancellationRefused { .. } => ("guarantees.event_cancellation_refused", Look::Idle),
        Event::OrderKept { .. } => ("guarantees.event_order_kept", Look::Idle),
        Event::SurrenderAsked => ("guarantees.event_surrender_asked", Look::Idle),
        Event::SurrenderAgreed { .. } => ("guarantees.event_surrender_agreed", Look::Idle),
        Event::Surrendered => ("guarantees.event_surrendered", Look::Idle),
        Event::SurrenderRefused { .. } => ("guarantees.event_surrender_refused", Look::Idle),
        Event::Cancelled => ("guarantees.event_cancelled", Look::Idle),
        Event::Expired => ("guarantees.event_expired", Look::Idle),
        Event::SectionAbnormal { .. } => ("guarantees.event_section_abnormal", Look::Warn),
        Event::ClaimReceived { .. } => ("guarantees.event_claim_received", Look::Warn),
        Event::ClaimAnswered { .. } => ("guarantees.event_claim_answered", Look::Idle),
        Event::InvoiceAsked { .. } => ("guarantees.event_invoice_asked", Look::Idle),
        Event::InvoiceIssued => ("guarantees.event_invoice_issued", Look::Good),
        Event::InvoiceRefused { .. } => ("guarantees.event_invoice_refused", Look::Idle),
    }
}

pub(super) fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::In => "guarantees.direction_in",
        Direction::Out => "guarantees.direction_out",
    }
}

/// How a message ended; None for a word that nobody knows here.
pub(super) fn outcome(outcome: &str) -> (Option<&'static str>, Look) {
    let (key, look) = match outcome {
        "accepted" => ("guarantees.outcome_accepted", Look::Good),
        "ok" => ("guarantees.outcome_ok", Look::Good),
        "duplicate" => ("guarantees.outcome_duplicate", Look::Idle),
        "conflict" => ("guarantees.outcome_conflict", Look::Bad),
        "refused" => ("guarantees.outcome_refused", Look::Warn),
        "not-json" => ("guarantees.outcome_not_json", Look::Bad),
        "duplicate-field" => ("guarantees.outcome_duplicate_field", Look::Bad),
        "unknown-app-key" => ("guarantees.outcome_unknown_app_key", Look::Bad),
        "unknown-interface" => ("guarantees.outcome_unknown_interface", Look::Bad),
        "bad-digest" => ("guarantees.outcome_bad_digest", Look::Bad),
        "undecryptable" => ("guarantees.outcome_undecryptable", Look::Bad),
        "stale" => ("guarantees.outcome_stale", Look::Bad),
        "unknown-field" => ("guarantees.outcome_unknown_field", Look::Bad),
        "malformed" => ("guarantees.outcome_malformed", Look::Bad),
        "replayed" => ("guarantees.outcome_replayed", Look::Bad),
        "forbidden" => ("guarantees.outcome_forbidden", Look::Bad),
        "limited" => ("guarantees.outcome_limited", Look::Bad),
        "unknown-platform" => ("guarantees.outcome_unknown_platform", Look::Bad),
        "not-posted" => ("guarantees.outcome_not_posted", Look::Bad),
        "too-large" => ("guarantees.outcome_too_large", Look::Bad),
        "unfinished" => ("guarantees.outcome_unfinished", Look::Bad),
        "unavailable" => ("guarantees.outcome_unavailable", Look::Bad),
        "rejected" => ("guarantees.outcome_rejected", Look::Bad),
        "http-status" => ("guarantees.outcome_http_status", Look::Bad),
        "unreadable" => ("guarantees.outcome_unreadable", Look::Bad),
        "timeout" => ("guarantees.outcome_timeout", Look::Bad),
        "unreachable" => ("guarantees.outcome_unreachable", Look::Bad),
        "broken" => ("guarantees.outcome_broken", Look::Bad),
        _ => return (None, Look::Warn),
    };
    (Some(key), look)
}
