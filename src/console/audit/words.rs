//! What the trail's terms are called: keys of texts.

use crate::store::audit::{Actor, ActorKind, Fault, Mark};

pub(super) fn kind_words(kind: ActorKind) -> &'static str {
    match kind {
        ActorKind::Operator => "audit.kind_operator",
        ActorKind::CoreSystem => "audit.kind_core_system",
        ActorKind::CommandLine => "audit.kind_command_line",
        ActorKind::House => "audit.kind_house",
        ActorKind::Stranger => "audit.kind_stranger",
    }
}

/// Whoever acted, by the name that people know; and what else tells who it was.
pub(super) fn who(actor: &Actor) -> (&str, &str) {
    match actor {
        Actor::Operator { id, name } => (name, id),
        Actor::CoreSystem { client, key } => (client, key),
        Actor::CommandLine { account } => (account, ""),
        Actor::House | Actor::Stranger => ("—", ""),
    }
}

/// What an action is about, by the word before its first dot.
pub(super) fn area_words(action: &str) -> &'static str {
    match action.split('.').next().unwrap_or_default() {
        "session" | "password" | "second-factor" => "audit.area_session",
        "user" => "audit.area_user",
        "guarantee" | "file" | "letter" | "document" | "message" | "unmask" | "evidence" => {
            "audit.area_guarantee"
        }
        "job" | "batch" | "callback" => "audit.area_job",
        "platform" => "audit.area_platform",
        "alarm" => "audit.area_alarm",
        "proposal" => "audit.area_proposal",
        "change" | "rules" | "template" | "secret" => "audit.area_change",
        "reconciliation" => "audit.area_reconciliation",
        "api-key" => "audit.area_api_key",
        "backup" => "audit.area_backup",
        "key" => "audit.area_key",
        "list" => "audit.area_list",
        "audit" => "audit.area_audit",
        _ => "audit.area_other",
    }
}

pub(super) fn fault_words(fault: Fault) -> &'static str {
    match fault {
        Fault::Changed => "audit.fault_changed",
        Fault::DetailUnreadable => "audit.fault_detail_unreadable",
        Fault::Missing => "audit.fault_missing",
        Fault::UnknownKey => "audit.fault_unknown_key",
        Fault::Foreign => "audit.fault_foreign",
        Fault::CutOff => "audit.fault_cut_off",
        Fault::HeadChanged => "audit.fault_head_changed",
        Fault::CutOffBeforeAnchor => "audit.fault_cut_off_before_anchor",
        Fault::Replaced => "audit.fault_replaced",
    }
}

/// How the gateway's own last look ended: words and the badge's look.
pub(super) fn look_words(mark: &Mark) -> (&'static str, &'static str) {
    match mark.outcome.as_str() {
        "intact" => ("audit.intact", "badge-good"),
        _ => ("audit.not_intact", "badge-bad"),
    }
}

/// Where an anchor was noted.
pub(super) fn places_words(mark: &Mark) -> &'static str {
    match mark.outcome.as_str() {
        "log,file" => "audit.places_both",
        _ => "audit.places_log",
    }
}

/// The page of what an entry is about, where there is one.
pub(super) fn address((kind, id): &(String, String)) -> Option<String> {
    match kind.as_str() {
        "guarantee" => Some(format!("/guarantees/{id}")),
        "job" => Some(format!("/queue/jobs/{id}")),
        "batch" => Some(format!("/queue/batches/{id}")),
        _ => None,
    }
}
