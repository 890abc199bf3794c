//! Every change that was ever put in force, the latest first.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use jiff::Timestamp;

use crate::access::Permission;
use crate::changes::{Held, Overlay, Version};
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::{Console, Failure, Need, Route};

/// So many of the latest are shown.
const LATEST: usize = 500;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/rules/history", Need::Permission(Permission::SeeBusiness), get)]
}

#[derive(Template)]
#[template(path = "console/rules/history.html")]
struct HistoryPage {
    frame: Frame,
    here: &'static str,
    versions: Vec<Shown>,
}

/// A version, as pages show it: of a secret no more than its digest.
pub(super) struct Shown {
    pub(super) kind: &'static str,
    /// In words.
    pub(super) kind_title: &'static str,
    pub(super) subject: String,
    pub(super) number: i64,
    /// What holds, in short.
    pub(super) what: String,
    /// The text of a rule's entry or a template; empty for others.
    pub(super) text: String,
    /// Above the settings, or as they say.
    pub(super) stands: bool,
    pub(super) from: String,
    pub(super) digest: String,
    pub(super) reason: String,
    pub(super) made_by: String,
    pub(super) approved_by: String,
    pub(super) proposal: String,
    pub(super) adopted_at: Timestamp,
}

impl Shown {
    pub(super) fn new(frame: &Frame, version: &Version) -> Self {
        let kind = version.subject.kind();
        let (what, text) = match &version.held {
            Held::Secret { accept_old_until: Some(until), .. } => {
                (frame.say("rules.secret_overlapping", &[("until", &frame.time(until))]), String::new())
            }
            Held::Secret { .. } => (frame.t("rules.secret_new").to_owned(), String::new()),
            Held::Rule { keys, .. } => (frame.t("rules.entry").to_owned(), keys.clone()),
            Held::Template { text } => {
                (frame.say("rules.template_of", &[("bytes", &text.len().to_string())]), text.clone())
            }
            Held::AsInSettings(_) => (frame.t("rules.as_in_settings").to_owned(), String::new()),
        };
        Self {
            kind,
            kind_title: frame.t(kind_title(kind)),
            subject: version.subject.id(),
            number: version.number,
            what,
            text,
            stands: !matches!(version.held, Held::AsInSettings(_)),
            from: version
                .held
                .from()
                .map_or_else(|| frame.t("rules.at_once").to_owned(), |it| it.to_string()),
            digest: version.digest.as_deref().unwrap_or("—").chars().take(16).collect(),
            reason: version.reason.clone(),
            made_by: version.made_by.clone(),
            approved_by: version.approved_by.clone(),
            proposal: version.proposal.clone(),
            adopted_at: version.adopted_at,
        }
    }
}

/// The key of a kind's title.
fn kind_title(kind: &str) -> &'static str {
    match kind {
        "platform-secret" => "rules.kind_secret",
        "rule" => "rules.kind_rule",
        _ => "rules.kind_template",
    }
}

async fn get(frame: Frame, console: Data<Console>) -> Result<HttpResponse, Failure> {
    let overlay = console.store.read(Overlay::read).await?;
    let versions = overlay.history().take(LATEST).map(|version| Shown::new(&frame, version)).collect();
    page(&HistoryPage { frame, here: "history", versions })
}
