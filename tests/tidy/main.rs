//! The rules of the house as tests. A failure names file and line, and the rule's text says what to do.
//!
//! The rules read the source as text: comments may cite a platform's specification, code may not; what stands under
//! `#[cfg(test)]` is free to name platforms and to reach into other rooms.

mod claims;
mod documents;
mod files;
mod migrations;
mod monitoring;
mod rooms;
mod rust_text;
mod secrets;
mod supply;
mod tree;
mod weak;
mod words;

use std::fmt::Write;

/// A place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    path: String,
    /// Counted from 1; 0 where the file as a whole is meant.
    line: usize,
    what: String,
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

/// Fails with every finding on a line of its own, as an editor can follow it.
#[track_caller]
fn expect_none(rule: &str, findings: &[Finding]) {
    let mut list = String::new();
    for Finding { path, line, what } in findings {
        let place = if *line == 0 { path.clone() } else { format!("{path}:{line}") };
        assert!(writeln!(list, "  {place}: {what}").is_ok());
    }
    assert!(findings.is_empty(), "{rule}\n{list}");
}
