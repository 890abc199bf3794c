//! What needs somebody, the worst first, each with the page on which to do something about it.

use super::standing::Standing;
use super::{Depth, Known};
use crate::console::frame::Frame;
use crate::store::alarms::Severity;

pub(super) struct Todo {
    /// The class of its look: bad or a warning.
    pub look: &'static str,
    pub text: String,
    pub address: String,
}

pub(super) fn list(frame: &Frame, known: &Known, depth: Depth, platforms: &[Standing]) -> Vec<Todo> {
    let mut todo = Vec::new();
    let mut add = |look, count: u64, key, address: &str| {
        if count > 0 {
            let text = frame.say(key, &[("count", &count.to_string())]);
            todo.push(Todo { look, text, address: address.to_owned() });
        }
    };
    let (bad, warn) = ("notice-bad", "notice-warn");
    let refused: u64 = known.today.waiting.iter().map(|it| it.waiting.refused).sum();
    add(bad, known.today.totals.overdue, "overview.todo_overdue", "/openings");
    add(bad, refused, "overview.todo_wrong_keys", "/openings");
    add(bad, known.today.missing(), "overview.todo_missing", "/openings");
    add(bad, depth.dead, "overview.todo_dead", "/queue?view=dead");
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let pages = known.alarms.iter().any(|alarm| alarm.severity == Severity::Page);
    let look = if pages { bad } else { warn };
    add(look, number(known.alarms.len()), "overview.todo_alarms", "/alarms");
    add(warn, known.proposals, "overview.todo_proposals", "/proposals");
    add(warn, known.differences, "overview.todo_differences", "/reconciliations?open=yes");
    for platform in platforms {
        let (title, address) =
            ([("platform", platform.title.as_str())], format!("/platforms/{}", platform.id));
        let mut say = |look, key| {
            todo.push(Todo { look, text: frame.say(key, &title), address: address.clone() });
        };
        if platform.unreachable_since.is_some() {
            say(bad, "overview.todo_unreachable");
        }
        if platform.held_back && platform.unreachable_since.is_none() {
            say(warn, "overview.todo_held_back");
        }
        if platform.paused_since.is_some() {
            say(warn, "overview.todo_paused");
        }
    }
    todo.sort_by_key(|todo| todo.look != bad);
    todo
}
