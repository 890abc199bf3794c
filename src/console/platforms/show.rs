//! How the platforms stand.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use jiff::{SignedDuration, Timestamp};

use crate::casework::{Platform, Task};
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::{Console, Failure};
use crate::domain::identity::PlatformId;
use crate::store::guarantees;
use crate::store::jobs::{self, Count, JobState, Pulse};
use crate::store::pauses::{self, Pause};
use crate::store::{Connection, StoreError, reach};

/// So long back success and speed are looked at.
const LATELY: SignedDuration = SignedDuration::from_hours(1);

/// Openings that are looked at, the most urgent ones.
const MOST_OPENINGS: u32 = 10_000;

/// A platform, as it stands.
struct Standing {
    id: String,
    title: String,
    dialect: String,
    unreachable_since: Option<Timestamp>,
    pause: Option<Pause>,
    /// Of this process: 0 closed, 1 half open, 2 open.
    breaker: i64,
    pulse: Pulse,
    /// Calls that wait, and since when the oldest does.
    waiting: u64,
    oldest: Option<Timestamp>,
    dead: u64,
    /// Openings whose letter is not with the platform yet.
    undelivered: usize,
}

impl Standing {
    /// The key of the word for how it stands, and the look of its badge.
    fn state(&self) -> (&'static str, &'static str) {
        match self {
            Self { pause: Some(_), .. } => ("platforms.paused", "badge-warn"),
            Self { unreachable_since: Some(_), .. } => ("platforms.unreachable", "badge-bad"),
            Self { breaker: 2, .. } => ("platforms.held_back", "badge-bad"),
            _ => ("platforms.answers", "badge-good"),
        }
    }

    fn breaker_words(&self) -> &'static str {
        match self.breaker {
            2 => "platforms.breaker_open",
            1 => "platforms.breaker_half_open",
            _ => "platforms.breaker_closed",
        }
    }

    fn success(&self) -> String {
        match self.pulse.success_permille() {
            Some(permille) => format!("{}.{} %", permille / 10, permille % 10),
            None => "—".to_owned(),
        }
    }

    fn p95(&self) -> String {
        self.pulse.p95.map_or_else(|| "—".to_owned(), |p95| format!("{} ms", p95.as_millis()))
    }
}

/// What the database knows of all platforms.
struct Known {
    unreachable: Vec<(PlatformId, Timestamp)>,
    pauses: Vec<Pause>,
    counts: Vec<Count>,
    pulses: std::collections::BTreeMap<PlatformId, Pulse>,
    undelivered: Vec<PlatformId>,
}

fn look(connection: &mut Connection, since: Timestamp) -> Result<Known, StoreError> {
    let due = guarantees::undelivered_restorations(connection, MOST_OPENINGS)?;
    Ok(Known {
        unreachable: reach::unreachable(connection)?,
        pauses: pauses::open(connection)?,
        counts: jobs::counts(connection)?,
        pulses: jobs::pulses(connection, &[Task::UPLOAD, Task::NOTIFY], since)?,
        undelivered: due.into_iter().map(|summary| summary.platform).collect(),
    })
}

impl Known {
    fn of(&self, platform: &Platform, console: &Console) -> Standing {
        let id = platform.profile.id();
        let calls = self.counts.iter().filter(|count| count.platform == *id);
        let calls = calls.filter(|count| Task::CALLS.kinds.contains(&count.kind.as_str()));
        let (dead, waiting): (Vec<_>, Vec<_>) = calls.partition(|count| count.state == JobState::Dead);
        Standing {
            title: platform.profile.title().to_owned(),
            dialect: platform.profile.dialect().to_owned(),
            unreachable_since: self.unreachable.iter().find(|(lost, _)| lost == id).map(|(_, since)| *since),
            pause: self.pauses.iter().find(|pause| pause.platform == *id).cloned(),
            breaker: console.metrics.breaker(id.as_str()),
            pulse: self.pulses.get(id).cloned().unwrap_or_default(),
            oldest: waiting.iter().map(|count| count.oldest).min(),
            waiting: waiting.iter().map(|count| count.count).sum(),
            dead: dead.iter().map(|count| count.count).sum(),
            undelivered: self.undelivered.iter().filter(|owed| *owed == id).count(),
            id: id.to_string(),
        }
    }
}

async fn known(console: &Console) -> Result<Known, Failure> {
    let since = console.clock.now() - LATELY;
    Ok(console.store.read(move |connection| look(connection, since)).await?)
}

#[derive(Template)]
#[template(path = "console/platforms/list.html")]
struct ListPage {
    frame: Frame,
    platforms: Vec<Standing>,
}

pub(super) async fn list(frame: Frame, console: Data<Console>) -> Result<HttpResponse, Failure> {
    let known = known(&console).await?;
    let platforms = console.platforms.iter().map(|platform| known.of(&platform, &console)).collect();
    page(&ListPage { frame, platforms })
}

#[derive(Template)]
#[template(path = "console/platforms/one.html")]
struct OnePage {
    frame: Frame,
    platform: Standing,
    /// The interfaces that it calls, and those that we call with their addresses.
    inbound: Vec<String>,
    outbound: Vec<(String, String)>,
}

pub(super) async fn one(
    frame: Frame,
    console: Data<Console>,
    id: Path<String>,
) -> Result<HttpResponse, Failure> {
    let known = known(&console).await?;
    let platform = console.platforms.find(&PlatformId::new(id.into_inner())).ok_or(Failure::NotFound)?;
    let outbound =
        platform.profile.outbound().map(|(interface, url)| (interface.name.clone(), url.to_owned()));
    page(&OnePage {
        inbound: platform.profile.inbound().map(|interface| interface.name.clone()).collect(),
        outbound: outbound.collect(),
        platform: known.of(&platform, &console),
        frame,
    })
}
