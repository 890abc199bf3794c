//! The exchanges of a simulated platform, a line for each.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::Context;

use crate::sandbox::Journal;

/// Where the exchanges are written, and how far that has come.
pub struct Lines {
    journal: Option<File>,
    written: u64,
}

impl Lines {
    /// On standard output alone, or appended to a file as well.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn new(path: Option<&Path>) -> anyhow::Result<Self> {
        let journal = path.map(|path| {
            let file = File::options().append(true).create(true).open(path);
            file.with_context(|| format!("journal `{}`", path.display()))
        });
        Ok(Self { journal: journal.transpose()?, written: 0 })
    }

    /// Writes each exchange as it is entered; ends only with an error.
    ///
    /// # Errors
    /// When a line cannot be written.
    pub async fn follow(&mut self, journal: &Journal, out: &mut dyn Write) -> anyhow::Result<()> {
        let mut changes = journal.watch();
        loop {
            changes.mark_unchanged();
            self.rest(journal, out)?;
            changes.changed().await.context("the journal has ended")?;
        }
    }

    /// Writes what has not been written yet.
    ///
    /// # Errors
    /// When a line cannot be written.
    pub fn rest(&mut self, journal: &Journal, out: &mut dyn Write) -> anyhow::Result<()> {
        for exchange in journal.since(self.written) {
            writeln!(out, "{exchange}")?;
            if let Some(file) = &mut self.journal {
                writeln!(file, "{}", serde_json::to_string(exchange.as_ref())?)?;
            }
            self.written = exchange.number;
        }
        out.flush()?;
        Ok(())
    }
}
