//! The first page: what needs somebody, today's openings, the work that waits, the platforms.

mod standing;
mod todo;

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use jiff::Timestamp;

use self::standing::Standing;
use self::todo::Todo;
use super::frame::Frame;
use super::openings::{self, Card, Today};
use super::page::page;
use super::{Console, Failure, Need, Route};
use crate::access::Permission;
use crate::casework::Task;
use crate::clock;
use crate::domain::identity::PlatformId;
use crate::store::alarms::{self, Alarm};
use crate::store::jobs::{self, Count, JobState};
use crate::store::pauses::{self, Pause};
use crate::store::{Connection, proposals, reach, reconciliations};

pub(super) fn routes() -> Vec<Route> {
    let see = Need::Permission(Permission::SeeBusiness);
    vec![Route::get("/", see, get), Route::get("/overview/live", see, live)]
}

/// Sections that are shown; the board has all.
const SECTIONS: usize = 8;

/// What the database knows.
struct Known {
    today: Today,
    jobs: Vec<Count>,
    lost: Vec<(PlatformId, Timestamp)>,
    pauses: Vec<Pause>,
    /// Differences of reconciliations that nobody has explained or signed for.
    differences: u64,
    /// Open alarms that nobody has taken on.
    alarms: Vec<Alarm>,
    /// Proposals that wait for the word of whoever looks.
    proposals: u64,
}

/// How much work there is; what waits for a certain hour is no work left over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Depth {
    unfinished: u64,
    dead: u64,
    /// When the job was made that is ready for longest.
    oldest: Option<Timestamp>,
}

impl Depth {
    fn of(counts: &[Count]) -> Self {
        let mut depth = Self::default();
        for count in counts {
            match count.state {
                JobState::Dead => depth.dead = depth.dead.saturating_add(count.count),
                _ if Task::waits_for_its_time(&count.kind) => {}
                JobState::Ready => {
                    depth.unfinished = depth.unfinished.saturating_add(count.count);
                    depth.oldest = depth.oldest.into_iter().chain([count.oldest]).min();
                }
                JobState::Running => depth.unfinished = depth.unfinished.saturating_add(count.count),
                JobState::Done => {}
            }
        }
        depth
    }
}

/// Everything that the page shows.
struct Overview {
    today: Today,
    depth: Depth,
    platforms: Vec<Standing>,
    todo: Vec<Todo>,
    differences: u64,
    version: &'static str,
}

impl Overview {
    /// The sections that matter most.
    fn sections(&self) -> impl Iterator<Item = &Card> {
        self.today.cards.iter().take(SECTIONS)
    }

    /// How many more there are.
    fn more(&self) -> usize {
        self.today.cards.len().saturating_sub(SECTIONS)
    }

    /// Calls that wait for platforms.
    fn calls(&self) -> u64 {
        self.platforms.iter().map(|platform| platform.waiting).sum()
    }
}

#[derive(Template)]
#[template(path = "console/overview/page.html")]
struct OverviewPage {
    frame: Frame,
    overview: Overview,
}

#[derive(Template)]
#[template(path = "console/overview/live.html")]
struct OverviewPart {
    frame: Frame,
    overview: Overview,
}

async fn read(console: &Console, frame: &Frame) -> Result<Overview, Failure> {
    let now = frame.now;
    let (names, platforms) = (Arc::clone(&console.section_names), console.platforms.clone());
    let session = frame.session.as_ref().map(|session| session.operator.clone());
    let checker = session.filter(|operator| operator.may(Permission::Approve));
    let read = move |connection: &mut Connection| {
        let mut alarms = alarms::open(connection)?;
        alarms.retain(|alarm| alarm.acknowledged.is_none());
        let proposals = match &checker {
            Some(checker) => proposals::count_open(connection, Some(&checker.id), now)?,
            None => 0,
        };
        let differences = reconciliations::open_differences(connection)?;
        Ok(Known {
            today: openings::look(connection, &names, &platforms, clock::china_date(now), now)?,
            jobs: jobs::counts(connection)?,
            lost: reach::unreachable(connection)?,
            pauses: pauses::open(connection)?,
            differences: differences.into_iter().map(|(_, _, count)| count).sum(),
            alarms,
            proposals,
        })
    };
    let known = console.store.read(read).await?;
    let platforms = standing::of(console, &known);
    let depth = Depth::of(&known.jobs);
    let todo = todo::list(frame, &known, depth, &platforms);
    let version = env!("CARGO_PKG_VERSION");
    Ok(Overview { today: known.today, depth, platforms, todo, differences: known.differences, version })
}

async fn get(frame: Frame, console: Data<Console>) -> Result<HttpResponse, Failure> {
    let overview = read(&console, &frame).await?;
    page(&OverviewPage { frame, overview })
}

/// What changes while it is looked at.
async fn live(frame: Frame, console: Data<Console>) -> Result<HttpResponse, Failure> {
    let overview = read(&console, &frame).await?;
    page(&OverviewPart { frame, overview })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_its_hour_is_no_work_left_over() {
        let count = |kind: &str, state, count| Count {
            platform: PlatformId::new("p"),
            kind: kind.to_owned(),
            state,
            count,
            oldest: Timestamp::UNIX_EPOCH,
            first_due: Timestamp::UNIX_EPOCH,
        };
        let counts = [
            count(Task::ROUND, JobState::Ready, 5),
            count(Task::UPLOAD, JobState::Ready, 3),
            count(Task::NOTIFY, JobState::Running, 2),
            count(Task::NOTIFY, JobState::Dead, 1),
        ];
        let oldest = Some(Timestamp::UNIX_EPOCH);
        assert_eq!(Depth::of(&counts), Depth { unfinished: 5, dead: 1, oldest });
        assert_eq!(Depth::of(&counts[..1]), Depth::default());
    }
}
