//! What came of a campaign: figures, what is not as it should be, and one line that sums it up.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::ledger::{Breach, Finding};
use super::moments::Moments;
use super::views::Wire;

#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub seed: u64,
    pub folder: PathBuf,
    /// The programs that ran, in turn.
    pub programs: Vec<PathBuf>,
    pub replicas: u32,
    pub cycles: u32,
    /// How many kills fell on each phase of the work.
    pub kills: BTreeMap<&'static str, u32>,
    /// How many fell on each interface, as `phase: platform/interface`.
    pub boundaries: BTreeMap<String, u32>,
    pub generations: u32,
    pub applications: u64,
    /// How often platforms pushed, answered or not.
    pub pushes: u64,
    /// What the gateway sent to platforms.
    pub requests: u64,
    /// Sent again though the platform had it: delivery is at least once.
    pub wire_duplicates: u64,
    pub letters_verified: u64,
    pub lost: usize,
    pub duplicated_effects: usize,
    pub findings: Vec<Finding>,
    /// From a kill to the first push that was accepted after it.
    pub recovery: Recovery,
    pub seconds: String,
}

#[derive(Debug, Default, Serialize)]
pub struct Recovery {
    pub measured: usize,
    pub p50: String,
    pub p99: String,
    pub max: String,
}

impl Recovery {
    /// Sorts what was measured.
    pub fn of(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        let at = |percent: usize| {
            let index = all.len().saturating_mul(percent).div_ceil(100).saturating_sub(1);
            all.get(index).copied().map(seconds).unwrap_or_else(|| "-".to_owned())
        };
        Self { measured: all.len(), p50: at(50), p99: at(99), max: at(100) }
    }
}

/// `1.234s`
pub fn seconds(duration: Duration) -> String {
    format!("{}.{:03}s", duration.as_secs(), duration.subsec_millis())
}

impl Report {
    /// Adds what a generation came to.
    pub fn add(&mut self, applications: usize, pushes: u64, wire: Wire, findings: Vec<Finding>) {
        let count = |breach| findings.iter().filter(|finding| finding.breach == breach).count();
        self.generations += 1;
        self.applications += u64::try_from(applications).unwrap_or(u64::MAX);
        self.pushes += pushes;
        self.requests += wire.requests;
        self.wire_duplicates += wire.duplicates;
        self.letters_verified += wire.letters;
        self.lost += count(Breach::Lost);
        self.duplicated_effects += count(Breach::Duplicated);
        self.findings.extend(findings);
    }

    /// Notes where kills have fallen.
    pub fn fell(&mut self, moments: &Moments) {
        self.kills = moments.kills().iter().map(|(phase, times)| (phase.name(), *times)).collect();
        let named = moments
            .boundaries()
            .iter()
            .map(|(at, times)| (format!("{}: {}/{}", at.phase.name(), at.role.id(), at.interface), *times));
        self.boundaries = named.collect();
    }

    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (phase, times) in &self.kills {
            writeln!(f, "kills, {phase}: {times}")?;
        }
        let struck = self.boundaries.values().filter(|times| **times > 0).count();
        writeln!(f, "boundaries struck: {struck} of {} seen", self.boundaries.len())?;
        let Self { generations, applications, pushes, requests, letters_verified, .. } = self;
        writeln!(
            f,
            "{applications} applications in {generations} generations, {pushes} pushes, {requests} requests to platforms, \
             {letters_verified} letters verified, {}",
            self.seconds
        )?;
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        if !self.is_sound() {
            writeln!(f, "seed {}; everything is kept in {}", self.seed, self.folder.display())?;
        }
        let Recovery { p50, max, .. } = &self.recovery;
        writeln!(
            f,
            "cycles={} lost={} duplicated_effects={} wire_duplicates={} recovery_p50={p50} recovery_max={max}",
            self.cycles, self.lost, self.duplicated_effects, self.wire_duplicates
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_what_was_measured() {
        let all = (1..=200).rev().map(Duration::from_millis).collect();
        let recovery = Recovery::of(all);
        assert_eq!(
            (recovery.p50.as_str(), recovery.p99.as_str(), recovery.max.as_str()),
            ("0.100s", "0.198s", "0.200s")
        );
        assert_eq!(Recovery::of(Vec::new()).max, "-");
    }

    #[test]
    fn the_last_line_sums_it_up() {
        let mut report = Report { cycles: 3, ..Report::default() };
        let lost = Finding { breach: Breach::Lost, what: "p/A1: an opening".to_owned() };
        report.add(2, 9, Wire { duplicates: 1, requests: 7, letters: 4 }, vec![lost]);
        report.recovery = Recovery::of(vec![Duration::from_millis(1_500)]);
        assert!(!report.is_sound());
        let text = report.to_string();
        assert!(text.contains("lost: p/A1: an opening\n"), "{text}");
        let last =
            "cycles=3 lost=1 duplicated_effects=0 wire_duplicates=1 recovery_p50=1.500s recovery_max=1.500s";
        assert_eq!(text.lines().last(), Some(last));
    }
}
