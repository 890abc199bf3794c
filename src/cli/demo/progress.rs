//! A line that counts while letters arrive, where somebody watches.

use std::io::Write;
use std::time::Duration;

use anyhow::bail;

use super::cast::{Actor, Received, Role};

/// How often the line is drawn anew.
const REDRAW: Duration = Duration::from_millis(100);

pub(super) struct Progress {
    wanted: usize,
    shown: bool,
}

impl Progress {
    pub(super) fn new(wanted: u32, shown: bool) -> Self {
        Self { wanted: usize::try_from(wanted).unwrap_or(usize::MAX), shown }
    }

    /// Waits until all letters of a kind have arrived at the platform.
    ///
    /// # Errors
    /// When they do not within `patience`, with what the platform last refused.
    pub(super) async fn follow(
        &mut self,
        (role, actor): (Role, &Actor),
        what: &str,
        arrived: impl Fn(&Received) -> bool,
        patience: Duration,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let counted = |all: &[Received]| all.iter().filter(|received| arrived(received)).count();
        let count = || counted(&actor.received());
        let mut waited = Duration::ZERO;
        loop {
            let complete = actor.wait_until(|all| counted(all) >= self.wanted, REDRAW).await;
            if self.shown {
                write!(out, "\r{} {what} {}/{}", role.id(), count(), self.wanted)?;
                out.flush()?;
            }
            if complete {
                break;
            }
            waited += REDRAW;
            if waited >= patience {
                let last = actor.journal().all().last().map(ToString::to_string).unwrap_or_default();
                bail!(
                    "{} {what}: {}/{} after {} s; last exchange: {last}",
                    role.id(),
                    count(),
                    self.wanted,
                    patience.as_secs()
                );
            }
        }
        if self.shown {
            writeln!(out)?;
        }
        Ok(())
    }
}
