//! All that happened to a guarantee as one sequence: events, messages in both directions, jobs with their attempts, callbacks
//! and what people did.

use jiff::Timestamp;

use super::acts;
use super::history::History;
use super::masking::covered;
use super::words::{self, Look};
use crate::console::frame::Frame;
use crate::console::queue::words::{cause_words, kind_words, outcome_words, state_words};
use crate::dialect::Profile;
use crate::domain::Event;
use crate::store::jobs::{Attempt, JobState, Record};
use crate::store::messages::{Direction, Header};

/// So many messages of one interface in a row that went well are shown as one entry.
const RUN: usize = 3;

/// How the id of a message's entry begins.
const MESSAGE: &str = "message-";

/// What an entry tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    /// At the same moment a push comes before what it did.
    Received,
    Event,
    Act,
    Sent,
    Job,
    Callback,
}

/// One entry, in words.
pub(super) struct Entry {
    pub at: Timestamp,
    pub sort: Sort,
    /// What the page calls it, so that links lead to it.
    pub id: String,
    pub look: Look,
    pub title: String,
    /// Where its own page is.
    pub link: Option<String>,
    /// The word for how it stands.
    pub badge: Option<(String, &'static str)>,
    pub note: Option<String>,
    /// When something happens next, where something does.
    pub next: Option<Timestamp>,
    /// Of a job.
    pub attempts: Vec<Try>,
    /// Of a run of messages: times and ids.
    pub messages: Vec<(Timestamp, String)>,
    /// Whether its details are shown without being asked for.
    pub is_open: bool,
    /// The job that can be tried again from here.
    pub retry: Option<String>,
}

/// An attempt at a job, in words.
pub(super) struct Try {
    pub number: i64,
    pub at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub outcome: &'static str,
    pub detail: Option<String>,
    pub message: Option<String>,
}

impl Entry {
    fn new(at: Timestamp, sort: Sort, id: String, look: Look, title: String) -> Self {
        Self {
            at,
            sort,
            id,
            look,
            title,
            link: None,
            badge: None,
            note: None,
            next: None,
            attempts: Vec::new(),
            messages: Vec::new(),
            is_open: false,
            retry: None,
        }
    }

    /// The key of the word for its sort.
    pub fn sort_words(&self) -> &'static str {
        match self.sort {
            Sort::Received => "guarantees.sort_received",
            Sort::Event => "guarantees.sort_event",
            Sort::Act => "guarantees.sort_act",
            Sort::Sent => "guarantees.sort_sent",
            Sort::Job => "guarantees.sort_job",
            Sort::Callback => "guarantees.sort_callback",
        }
    }
}

/// In order of time, the newest last.
pub(super) fn timeline(frame: &Frame, history: &History, profile: Option<&Profile>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = history
        .events
        .iter()
        .map(|entry| {
            let (key, look) = words::event(&entry.event);
            let id = format!("event-{}", entry.number);
            let mut shown = Entry::new(entry.at, Sort::Event, id, look, frame.t(key).to_owned());
            shown.note = note_of(frame, &entry.event);
            shown
        })
        .collect();
    entries.extend(history.messages.iter().map(|message| of_message(frame, message, profile)));
    let is_callback = |job: &Record| history.callbacks.iter().any(|callback| callback.job == job.id);
    entries.extend(history.jobs.iter().filter(|job| !is_callback(job)).map(|job| {
        let title = frame.t(kind_words(&job.kind)).to_owned();
        of_job(frame, job, history.attempts(job), Sort::Job, title)
    }));
    for callback in &history.callbacks {
        let title = frame.say("guarantees.callback", &[("kind", &callback.kind)]);
        let Some(job) = history.jobs.iter().find(|job| job.id == callback.job) else { continue };
        let mut shown = of_job(frame, job, history.attempts(job), Sort::Callback, title);
        (shown.at, shown.id) = (callback.created_at, format!("callback-{}", callback.id));
        entries.push(shown);
    }
    entries.extend(history.acts.iter().map(|act| {
        let id = format!("act-{}", act.number);
        let mut shown = Entry::new(act.at, Sort::Act, id, Look::Idle, acts::title(frame, act));
        shown.note = acts::note(act);
        shown
    }));
    // What has one cause has nearly one time: jobs have it from the database's clock, to the millisecond. Events stay in the
    // order of their numbers, because sorting is stable.
    entries.sort_by_key(|entry| (entry.at.as_millisecond(), entry.sort));
    together(entries)
}

fn of_message(frame: &Frame, message: &Header, profile: Option<&Profile>) -> Entry {
    let sort = match message.direction {
        Direction::In => Sort::Received,
        Direction::Out => Sort::Sent,
    };
    let (word, look) = words::outcome(&message.outcome);
    let title = interface(frame, profile, &message.interface);
    let mut shown = Entry::new(message.at, sort, format!("{MESSAGE}{}", message.id), look, title);
    let word = word.map_or_else(|| message.outcome.clone(), |word| frame.t(word).to_owned());
    shown.badge = Some((word, look.badge()));
    shown.link = Some(format!("/messages/{}", message.id));
    shown.note = message.detail.as_deref().map(covered);
    shown
}

/// An interface as people call it, with its name on the wire.
pub(super) fn interface(frame: &Frame, profile: Option<&Profile>, name: &str) -> String {
    let known = profile.and_then(|profile| {
        let mut all = profile.inbound().chain(profile.outbound().map(|(interface, _)| interface));
        all.find(|interface| interface.name == name)
    });
    match known {
        Some(known) if frame.is_chinese() => format!("{} {name}", known.title),
        _ => name.to_owned(),
    }
}

fn of_job(frame: &Frame, job: &Record, attempts: &[Attempt], sort: Sort, title: String) -> Entry {
    let (word, badge) = state_words(job.state);
    let failed = job.cause.is_some();
    let look = match job.state {
        JobState::Dead => Look::Bad,
        JobState::Ready | JobState::Running if failed => Look::Warn,
        JobState::Ready | JobState::Running => Look::Idle,
        JobState::Done => Look::Good,
    };
    let mut shown = Entry::new(job.created_at, sort, format!("job-{}", job.id), look, title);
    shown.badge = Some((frame.t(word).to_owned(), badge));
    shown.link = Some(format!("/queue/jobs/{}", job.id));
    let unfinished = matches!(job.state, JobState::Ready | JobState::Running);
    if let Some(cause) = job.cause.as_deref().filter(|_| job.state != JobState::Done) {
        let detail = job.detail.as_deref().map(covered).unwrap_or_default();
        let joint = if detail.is_empty() { "" } else { "：" };
        shown.note = Some(format!("{}{joint}{detail}", frame.t(cause_words(cause))));
    }
    shown.next = (job.state == JobState::Ready).then_some(job.due_at);
    shown.is_open = unfinished || job.state == JobState::Dead;
    shown.retry = matches!(job.state, JobState::Ready | JobState::Dead)
        .then(|| job.id.to_string())
        .filter(|_| failed || job.state == JobState::Dead);
    shown.attempts = attempts
        .iter()
        .map(|attempt| Try {
            number: attempt.number,
            at: attempt.started_at,
            ended_at: attempt.ended_at,
            outcome: frame.t(outcome_words(&attempt.outcome)),
            detail: attempt.detail.as_deref().map(covered),
            message: attempt.message.clone(),
        })
        .collect();
    shown
}

/// What an event tells beside that it happened.
fn note_of(frame: &Frame, event: &Event) -> Option<String> {
    let yuan = |amount| frame.say("guarantees.yuan", &[("amount", &frame.yuan(amount))]);
    Some(match event {
        Event::ApplicationReceived { amount }
        | Event::ApplicationReplaced { amount }
        | Event::InvoiceAsked { amount }
        | Event::ClaimReceived { amount: Some(amount) } => yuan(amount),
        Event::Approved { guarantee_number, premium } => {
            let premium = yuan(premium);
            let values = [("number", guarantee_number.as_str()), ("premium", premium.as_str())];
            frame.say("guarantees.approved_as", &values)
        }
        Event::Declined { reason }
        | Event::IssueAbandoned { reason }
        | Event::CancellationAsked { reason }
        | Event::CancellationRefused { reason }
        | Event::OrderKept { reason }
        | Event::SurrenderAgreed { reason }
        | Event::SurrenderRefused { reason }
        | Event::InvoiceRefused { reason } => covered(reason),
        Event::ClaimAnswered { status, paid } => {
            let status = frame.t(words::claim(*status)).to_owned();
            paid.as_ref().map_or(status.clone(), |paid| format!("{status}，{}", yuan(paid)))
        }
        Event::SectionAbnormal { abnormality } => frame.t(words::abnormality(*abnormality)).to_owned(),
        _ => return None,
    })
}

/// Messages of one interface in a row that went well become one entry: a letter goes in hundreds of slices.
fn together(entries: Vec<Entry>) -> Vec<Entry> {
    let mut shown: Vec<Entry> = Vec::with_capacity(entries.len());
    let mut run: Vec<Entry> = Vec::new();
    for entry in entries {
        let continues = |last: &Entry| last.title == entry.title && last.sort == entry.sort;
        let is_plain = entry.sort == Sort::Sent && !entry.look.is_failure();
        if !(is_plain && run.last().is_none_or(continues)) {
            close(&mut shown, &mut run);
        }
        if is_plain { run.push(entry) } else { shown.push(entry) }
    }
    close(&mut shown, &mut run);
    shown
}

fn close(shown: &mut Vec<Entry>, run: &mut Vec<Entry>) {
    if run.len() < RUN {
        shown.append(run);
        return;
    }
    let id_of = |entry: &Entry| entry.id.strip_prefix(MESSAGE).map(str::to_owned);
    let messages = run.iter().filter_map(|entry| Some((entry.at, id_of(entry)?))).collect();
    if let Some(last) = run.pop() {
        shown.push(Entry { messages, link: None, id: format!("run-{}", last.id), ..last });
    }
    run.clear();
}
