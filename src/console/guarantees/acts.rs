//! What people did to a guarantee, in words.

use super::masking::covered;
use crate::console::frame::Frame;
use crate::store::audit::{Actor, Record};

pub(super) fn title(frame: &Frame, act: &Record) -> String {
    let by = match &act.actor {
        Actor::Operator { name, .. } => name.clone(),
        Actor::CoreSystem { client, .. } => format!("{} {client}", frame.t("guarantees.core_system")),
        Actor::CommandLine { account } => format!("{} {account}", frame.t("guarantees.command_line")),
        Actor::House => frame.t("audit.kind_house").to_owned(),
        Actor::Stranger => frame.t("guarantees.stranger").to_owned(),
    };
    format!("{by} · {}", action(frame, &act.action))
}

fn action(frame: &Frame, action: &str) -> String {
    let key = match action {
        "job.retry" => "guarantees.act_job_retry",
        "job.discard" => "guarantees.act_job_discard",
        "unmask.look" => "guarantees.act_unmask_look",
        "document.look" => "guarantees.act_document_look",
        "document.download" => "guarantees.act_document_download",
        "evidence.ask" => "guarantees.act_evidence_ask",
        "evidence.fetch" => "guarantees.act_evidence_fetch",
        "evidence.download" => "guarantees.act_evidence_download",
        _ => return action.to_owned(),
    };
    frame.t(key).to_owned()
}

/// What the trail keeps beside: reasons and the like.
pub(super) fn note(act: &Record) -> Option<String> {
    let members = act.detail.as_object()?;
    let told = members.iter().filter_map(|(name, value)| match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(format!("{name}: {text}")),
        other => Some(format!("{name}: {other}")),
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| covered(&told.join("; ")))
}
