//! One job with all its attempts.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use serde_json::json;

use super::list::Row;
use super::words::{outcome_words, state_words};
use crate::casework::task::is_urgent;
use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::page::{go_to, page};
use crate::console::{Console, Failure};
use crate::domain::identity::GuaranteeId;
use crate::store::audit;
use crate::store::jobs::{self, Attempt, JobId, JobState};

#[derive(Template)]
#[template(path = "console/queue/job.html")]
struct JobPage {
    frame: Frame,
    row: Row,
    attempts: Vec<Attempt>,
}

impl JobPage {
    fn state(&self) -> (&'static str, &'static str) {
        state_words(self.row.record.state)
    }

    fn outcome(&self, attempt: &Attempt) -> &'static str {
        self.frame.t(outcome_words(&attempt.outcome))
    }

    fn is_waiting(&self) -> bool {
        matches!(self.row.record.state, JobState::Ready | JobState::Dead)
    }

    fn is_urgent(&self) -> bool {
        is_urgent(self.row.record.created_at, self.row.record.deadline)
    }
}

pub(super) async fn get(
    frame: Frame,
    console: Data<Console>,
    id: Path<String>,
) -> Result<HttpResponse, Failure> {
    let id = JobId::new(id.into_inner());
    let found = console.store.read(move |connection| {
        let Some(record) = jobs::find(connection, &id)? else { return Ok(None) };
        Ok(Some((record, jobs::attempts(connection, &id)?)))
    });
    let (record, attempts) = found.await?.ok_or(Failure::NotFound)?;
    page(&JobPage { frame, row: Row::of(record), attempts })
}

/// Tries one job again, at once.
pub(super) async fn retry(
    console: Data<Console>,
    acting: Acting,
    id: Path<String>,
) -> Result<HttpResponse, Failure> {
    let id = JobId::new(id.into_inner());
    let place = format!("/queue/jobs/{id}");
    try_again(&console, acting, id, None).await?;
    Ok(go_to(&place))
}

/// Tries a job again, which has to be one of this guarantee's where one is named.
///
/// # Errors
/// When there is no such job, or the database fails.
pub(in crate::console) async fn try_again(
    console: &Console,
    acting: Acting,
    id: JobId,
    of: Option<GuaranteeId>,
) -> Result<(), Failure> {
    let at = console.clock.now();
    let tried = console.store.write(move |connection| {
        let Some(record) = jobs::find(connection, &id)? else { return Ok(None) };
        if of.is_some() && record.lane.guarantee() != of {
            return Ok(None);
        }
        let revival = jobs::revive(connection, &id)?;
        let detail = json!({ "kind": record.kind, "platform": record.platform.as_str(), "cause": record.cause,
                             "outcome": super::batch::outcome_of_retry(&revival) });
        let subject = match record.lane.guarantee() {
            Some(guarantee) => ("guarantee", guarantee.to_string()),
            None => ("job", id.to_string()),
        };
        audit::append(connection, &acting.entry("job.retry", subject, detail), at)?;
        Ok(Some(()))
    });
    tried.await?.ok_or(Failure::NotFound)
}
