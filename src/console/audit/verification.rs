//! The button that has every code computed anew.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::words::fault_words;
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::{Console, Failure};
use crate::store::audit::{self, Anchors, Checkpoint, Finding, Verdict, anchor_file};

/// Looking through a long trail takes its time; impatience does not make it faster.
static ONE_AT_A_TIME: Semaphore = Semaphore::const_new(1);

#[derive(Template)]
#[template(path = "console/audit/verification.html")]
struct VerificationPage {
    frame: Frame,
    verdict: Verdict,
    /// Entries that an anchor was at hand for.
    anchored: usize,
}

impl VerificationPage {
    fn code(&self) -> String {
        hex::encode(self.verdict.last.mac)
    }

    fn fault(&self, finding: &Finding) -> &'static str {
        self.frame.t(fault_words(finding.fault))
    }
}

pub(super) async fn post(frame: Frame, console: Data<Console>) -> Result<HttpResponse, Failure> {
    let Ok(_turn) = ONE_AT_A_TIME.try_acquire() else { return Err(Failure::Busy) };
    let anchors = match console.audit.anchor_file.clone() {
        Some(file) => spawn_blocking(move || anchor_file::latest(&file)).await.ok().and_then(Result::ok),
        None => None,
    };
    let anchors: Anchors = anchors.unwrap_or_default();
    let anchored = anchors.len();
    let verdict = audit::verify(&console.store, Checkpoint::BEGINNING, anchors).await?;
    page(&VerificationPage { frame, verdict, anchored })
}
