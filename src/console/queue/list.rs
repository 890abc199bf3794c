//! The list of jobs, and above it how much work there is.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;

use super::filter::{Filter, PAGE, View};
use super::words::{cause_words, kind_words};
use crate::casework::Task;
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::{Console, Failure};
use crate::store::jobs::{self, Count, JobState, Record};

/// A row of the list.
pub(super) struct Row {
    pub record: Record,
    pub kind: &'static str,
    pub cause: Option<&'static str>,
    pub guarantee: Option<String>,
}

impl Row {
    pub(super) fn of(record: Record) -> Self {
        Self {
            kind: kind_words(&record.kind),
            cause: record.cause.as_deref().map(cause_words),
            guarantee: record.lane.guarantee().map(|guarantee| guarantee.to_string()),
            record,
        }
    }
}

/// How much work there is; what waits for a certain hour is no work left over.
#[derive(Clone, Copy, Debug, Default)]
struct Depth {
    ready: u64,
    running: u64,
    dead: u64,
    oldest: Option<jiff::Timestamp>,
}

impl Depth {
    fn of(counts: &[Count]) -> Self {
        let mut depth = Self::default();
        for count in counts.iter().filter(|count| !Task::waits_for_its_time(&count.kind)) {
            match count.state {
                JobState::Ready => {
                    depth.ready += count.count;
                    depth.oldest = depth.oldest.into_iter().chain([count.oldest]).min();
                }
                JobState::Running => depth.running += count.count,
                JobState::Dead => depth.dead += count.count,
                JobState::Done => {}
            }
        }
        depth
    }
}

#[derive(Template)]
#[template(path = "console/queue/page.html")]
struct QueuePage {
    frame: Frame,
    filter: Filter,
    views: [View; 4],
    platforms: Vec<String>,
    rows: Vec<Row>,
    next: Option<String>,
    depth: Depth,
}

#[derive(Template)]
#[template(path = "console/queue/depth.html")]
struct DepthPart {
    frame: Frame,
    depth: Depth,
}

/// The kinds and causes by which the list can be narrowed.
const KINDS: [&str; 8] =
    ["consult", "make-letter", "upload", "notify", "round", "callback", "remind", "evidence"];

impl QueuePage {
    fn kinds(&self) -> Vec<(&'static str, &'static str)> {
        KINDS.into_iter().map(|kind| (kind, self.frame.t(kind_words(kind)))).collect()
    }

    fn causes(&self) -> Vec<(&'static str, &'static str)> {
        let causes = jobs::Cause::ALL.into_iter();
        causes.map(|cause| (cause.name(), self.frame.t(cause_words(cause.name())))).collect()
    }
}

pub(super) async fn get(
    frame: Frame,
    console: Data<Console>,
    filter: Query<Filter>,
) -> Result<HttpResponse, Failure> {
    let filter = filter.into_inner();
    let wish = filter.wish(PAGE.saturating_add(1));
    let found =
        console.store.read(move |connection| Ok((jobs::page(connection, &wish)?, jobs::counts(connection)?)));
    let (mut records, counts) = found.await?;
    let more = records.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
    if more {
        records.pop();
    }
    let next = records.last().filter(|_| more).map(|last| filter.behind(&last.id).address());
    page(&QueuePage {
        platforms: console.platforms.iter().map(|platform| platform.profile.id().to_string()).collect(),
        rows: records.into_iter().map(Row::of).collect(),
        views: View::ALL,
        depth: Depth::of(&counts),
        next,
        filter,
        frame,
    })
}

/// The figures alone, for the page that refreshes them.
pub(super) async fn live(frame: Frame, console: Data<Console>) -> Result<HttpResponse, Failure> {
    let counts = console.store.read(jobs::counts).await?;
    page(&DepthPart { frame, depth: Depth::of(&counts) })
}
