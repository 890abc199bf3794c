//! How each platform stands, in one line.

use jiff::Timestamp;

use super::Known;
use crate::casework::Task;
use crate::console::Console;
use crate::store::jobs::JobState;

/// A platform's breaker as its gauge has it, where it holds calls back.
const OPEN: i64 = 2;

pub(super) struct Standing {
    pub id: String,
    pub title: String,
    /// Calls that wait for it, and since when the oldest does.
    pub waiting: u64,
    pub oldest: Option<Timestamp>,
    pub unreachable_since: Option<Timestamp>,
    pub paused_since: Option<Timestamp>,
    /// Whether this process's breaker holds calls back.
    pub held_back: bool,
}

impl Standing {
    /// The look of its badge, and the key of the word on it.
    pub(super) fn badge(&self) -> (&'static str, &'static str) {
        match self {
            Self { paused_since: Some(_), .. } => ("badge-warn", "overview.paused"),
            Self { unreachable_since: Some(_), .. } => ("badge-bad", "overview.unreachable"),
            Self { held_back: true, .. } => ("badge-bad", "overview.held_back"),
            _ => ("badge-good", "overview.answers"),
        }
    }
}

pub(super) fn of(console: &Console, known: &Known) -> Vec<Standing> {
    let standing = |platform: std::sync::Arc<crate::casework::Platform>| {
        let id = platform.profile.id();
        let calls = known.jobs.iter().filter(|count| count.platform == *id && count.state == JobState::Ready);
        let calls = || calls.clone().filter(|count| Task::CALLS.kinds.contains(&count.kind.as_str()));
        Standing {
            title: platform.profile.title().to_owned(),
            waiting: calls().map(|count| count.count).sum(),
            oldest: calls().map(|count| count.oldest).min(),
            unreachable_since: known.lost.iter().find(|(lost, _)| lost == id).map(|(_, since)| *since),
            paused_since: known.pauses.iter().find(|pause| pause.platform == *id).map(|pause| pause.since),
            held_back: console.metrics.breaker(id.as_str()) == OPEN,
            id: id.to_string(),
        }
    };
    console.platforms.iter().map(standing).collect()
}
