//! What happened in a run, line by line: written only where somebody will read it.

use super::agenda::{DAY, HOUR, MILLISECOND, MINUTE, Micros, SECOND};

/// The lines of one run. A run that is not traced formats none, which makes it several times as fast; one that fails is
/// run again with a trace.
pub(super) struct Trace {
    lines: Option<Vec<String>>,
}

impl Trace {
    pub fn new(on: bool) -> Self {
        Self { lines: on.then(Vec::new) }
    }

    pub fn add(&mut self, now: Micros, what: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{}  {}", clock(now), what()));
        }
    }

    pub fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}

/// Days, hours, minutes, seconds and milliseconds since the world began.
fn clock(now: Micros) -> String {
    let (days, rest) = (now / DAY, now % DAY);
    let (hours, rest) = (rest / HOUR, rest % HOUR);
    let (minutes, rest) = (rest / MINUTE, rest % MINUTE);
    format!("{days:3}d {hours:02}:{minutes:02}:{:02}.{:03}", rest / SECOND, rest % SECOND / MILLISECOND)
}
