//! Several jobs at once: first shown what would happen to each, then done, and kept with what became of each.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path};
use askama::Template;
use serde_json::json;

use super::filter::{BATCH, Filter};
use super::list::Row;
use super::words::item_words;
use crate::casework::task::is_urgent;
use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::page::{go_to, page};
use crate::console::{Console, Failure};
use crate::domain::plain_line::PlainLine;
use crate::store::jobs::{self, Batch, BatchAction, BatchItem, Discard, JobId, JobState, Record, Revival};
use crate::store::{Connection, StoreError, audit};

/// So many batches are listed.
const LISTED: u32 = 100;

/// What the form of the list, and then that of the trial, say.
struct Wanted {
    action: BatchAction,
    reason: String,
    jobs: Vec<JobId>,
    /// The list's own filter, where all that it finds is meant.
    all: Option<Filter>,
}

impl Wanted {
    fn read(fields: Vec<(String, String)>) -> Result<Self, Failure> {
        let mut wanted =
            Self { action: BatchAction::Retry, reason: String::new(), jobs: Vec::new(), all: None };
        for (name, value) in fields {
            match name.as_str() {
                "action" => {
                    let known = BatchAction::ALL.into_iter().find(|known| known.name() == value);
                    wanted.action = known.ok_or(Failure::NotUnderstood)?;
                }
                "reason" => wanted.reason = value.trim().to_owned(),
                "job" => wanted.jobs.push(JobId::new(value)),
                "all" => {
                    let query = value.split_once('?').map_or("", |(_, query)| query);
                    let filter = actix_web::web::Query::<Filter>::from_query(query);
                    wanted.all = Some(filter.map_err(|_| Failure::NotUnderstood)?.into_inner());
                }
                _ => {}
            }
        }
        wanted.jobs.sort();
        wanted.jobs.dedup();
        let most = usize::try_from(BATCH).unwrap_or(usize::MAX);
        if wanted.jobs.len() > most { Err(Failure::TooLarge) } else { Ok(wanted) }
    }

    /// The jobs that are meant, with what would become of each.
    fn find(&self, connection: &mut Connection) -> Result<Vec<(Record, &'static str)>, StoreError> {
        let found = match &self.all {
            Some(filter) => {
                let first = Filter { behind: String::new(), ..filter.clone() };
                jobs::page(connection, &first.wish(BATCH))?
            }
            None => {
                let mut found = Vec::with_capacity(self.jobs.len());
                for job in &self.jobs {
                    found.extend(jobs::find(connection, job)?);
                }
                found
            }
        };
        Ok(found.into_iter().map(|record| (self.would_be(&record), record)).map(|(a, b)| (b, a)).collect())
    }

    fn would_be(&self, record: &Record) -> &'static str {
        match (record.state, self.action) {
            (JobState::Running | JobState::Done, _) => record.state.name(),
            (JobState::Ready, BatchAction::Retry) => "hastened",
            (JobState::Dead, BatchAction::Retry) => "revived",
            (JobState::Ready | JobState::Dead, BatchAction::Discard) => "discarded",
        }
    }
}

#[derive(Template)]
#[template(path = "console/queue/trial.html")]
struct TrialPage {
    frame: Frame,
    action: BatchAction,
    items: Vec<(Row, &'static str)>,
    /// Those that would be changed.
    changed: usize,
    /// Those that belong to an opening, which nobody discards alone.
    urgent: usize,
    /// More of them than this need two people.
    above: usize,
    is_cut: bool,
}

impl TrialPage {
    fn words(&self, outcome: &str) -> (&'static str, &'static str) {
        item_words(outcome)
    }

    fn needs_two(&self) -> bool {
        self.changed > self.above || (self.action == BatchAction::Discard && self.urgent > 0)
    }

    fn discards(&self) -> bool {
        self.action == BatchAction::Discard
    }
}

/// Shows what would happen, and changes nothing.
pub(super) async fn trial(
    frame: Frame,
    console: Data<Console>,
    form: Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Failure> {
    let wanted = Wanted::read(form.into_inner())?;
    let action = wanted.action;
    let found = console.store.read(move |connection| wanted.find(connection)).await?;
    let is_cut = found.len() >= usize::try_from(BATCH).unwrap_or(usize::MAX);
    let changed = found.iter().filter(|(record, _)| is_waiting(record.state)).count();
    let urgent = found.iter().filter(|(record, _)| is_urgent(record.created_at, record.deadline)).count();
    let items = found.into_iter().map(|(record, outcome)| (Row::of(record), outcome)).collect();
    page(&TrialPage { frame, action, items, changed, urgent, above: console.options.batch_above, is_cut })
}

fn is_waiting(state: JobState) -> bool {
    matches!(state, JobState::Ready | JobState::Dead)
}

/// What became of a retry, as a batch keeps it.
pub(super) fn outcome_of_retry(revival: &Revival) -> &'static str {
    match revival {
        Revival::Revived => "revived",
        Revival::Hastened => "hastened",
        Revival::NotNeeded(state) => state.name(),
        Revival::Unknown => "unknown",
    }
}

fn outcome_of_discard(discard: Discard) -> &'static str {
    match discard {
        Discard::Done => "discarded",
        Discard::NotNeeded(state) => state.name(),
        Discard::Unknown => "unknown",
    }
}

/// Does it: all or, where the database fails, nothing.
pub(super) async fn carry_out(
    frame: Frame,
    console: Data<Console>,
    acting: Acting,
    form: Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Failure> {
    let wanted = Wanted::read(form.into_inner())?;
    if wanted.jobs.is_empty() {
        return Err(Failure::Refused(frame.t("queue.none_chosen").to_owned()));
    }
    let needs_none = wanted.reason.is_empty() && wanted.action == BatchAction::Retry;
    if !needs_none && PlainLine::new(&wanted.reason).is_none() {
        return Err(Failure::Refused(frame.t("queue.reason_needed").to_owned()));
    }
    let id = uuid::Uuid::now_v7().to_string();
    let (batch, at, above) = (id.clone(), console.clock.now(), console.options.batch_above);
    let done = console.store.write(move |connection| {
        let waiting: Vec<Record> = wanted
            .find(connection)?
            .into_iter()
            .map(|(record, _)| record)
            .filter(|it| is_waiting(it.state))
            .collect();
        let discards_opening = wanted.action == BatchAction::Discard
            && waiting.iter().any(|record| is_urgent(record.created_at, record.deadline));
        if waiting.len() > above || discards_opening {
            return Ok(false);
        }
        let mut items = Vec::with_capacity(wanted.jobs.len());
        for job in &wanted.jobs {
            let outcome = match wanted.action {
                BatchAction::Retry => outcome_of_retry(&jobs::revive(connection, job)?),
                BatchAction::Discard => outcome_of_discard(jobs::discard(connection, job, &wanted.reason)?),
            };
            items.push(BatchItem { job: job.clone(), outcome: outcome.to_owned() });
        }
        let made = Batch {
            id: batch.clone(),
            action: wanted.action,
            reason: wanted.reason.clone(),
            by: acting.operator.name.clone(),
            at,
        };
        jobs::insert_batch(connection, &made, &items)?;
        let jobs: Vec<&str> = wanted.jobs.iter().map(JobId::as_str).collect();
        let action = match wanted.action {
            BatchAction::Retry => "batch.retry",
            BatchAction::Discard => "batch.discard",
        };
        let detail = json!({ "jobs": jobs, "reason": wanted.reason });
        audit::append(connection, &acting.entry(action, ("batch", batch.clone()), detail), at)?;
        Ok(true)
    });
    if !done.await? {
        return Err(Failure::Refused(frame.t("queue.needs_two").to_owned()));
    }
    Ok(go_to(&format!("/queue/batches/{id}")))
}

#[derive(Template)]
#[template(path = "console/queue/batches.html")]
struct BatchesPage {
    frame: Frame,
    batches: Vec<Batch>,
}

pub(super) async fn list(frame: Frame, console: Data<Console>) -> Result<HttpResponse, Failure> {
    let batches = console.store.read(|connection| jobs::batches(connection, LISTED)).await?;
    page(&BatchesPage { frame, batches })
}

#[derive(Template)]
#[template(path = "console/queue/batch.html")]
struct BatchPage {
    frame: Frame,
    batch: Batch,
    items: Vec<BatchItem>,
}

impl BatchPage {
    fn words(&self, outcome: &str) -> (&'static str, &'static str) {
        item_words(outcome)
    }

    fn left_alone(&self) -> usize {
        let changed = ["revived", "hastened", "discarded"];
        self.items.iter().filter(|item| !changed.contains(&item.outcome.as_str())).count()
    }
}

pub(super) async fn read(
    frame: Frame,
    console: Data<Console>,
    id: Path<String>,
) -> Result<HttpResponse, Failure> {
    let id = id.into_inner();
    let found = console.store.read(move |connection| jobs::find_batch(connection, &id)).await?;
    let (batch, items) = found.ok_or(Failure::NotFound)?;
    page(&BatchPage { frame, batch, items })
}
