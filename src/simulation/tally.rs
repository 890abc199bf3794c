//! What was met and how often, over one run or many.

use std::collections::BTreeMap;
use std::fmt;

use super::agenda::{DAY, Micros};
use super::weather::{Boundary, Fault};

/// Counts. Those of several runs are added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub runs: u64,
    pub guarantees: u64,
    /// Days that the guarantees existed, together.
    pub guarantee_days: u64,
    pub pushes: u64,
    pub pushes_accepted: u64,
    pub pushes_repeated: u64,
    pub calls: u64,
    /// Calls that said what the platform knew already.
    pub calls_repeated: u64,
    pub jobs: u64,
    pub revived: u64,
    pub restorations: u64,
    pub takeovers: u64,
    pub fenced_off: u64,
    pub lost_races: u64,
    /// How often each boundary was passed, and how often a replica died there.
    pub boundaries: BTreeMap<Boundary, (u64, u64)>,
    pub faults: BTreeMap<Fault, u64>,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.runs, other.runs),
            (&mut self.guarantees, other.guarantees),
            (&mut self.guarantee_days, other.guarantee_days),
            (&mut self.pushes, other.pushes),
            (&mut self.pushes_accepted, other.pushes_accepted),
            (&mut self.pushes_repeated, other.pushes_repeated),
            (&mut self.calls, other.calls),
            (&mut self.calls_repeated, other.calls_repeated),
            (&mut self.jobs, other.jobs),
            (&mut self.revived, other.revived),
            (&mut self.restorations, other.restorations),
            (&mut self.takeovers, other.takeovers),
            (&mut self.fenced_off, other.fenced_off),
            (&mut self.lost_races, other.lost_races),
        ];
        for (sum, more) in pairs {
            *sum = sum.saturating_add(more);
        }
        for (boundary, (passed, crashed)) in &other.boundaries {
            let sum = self.boundaries.entry(*boundary).or_default();
            *sum = (sum.0.saturating_add(*passed), sum.1.saturating_add(*crashed));
        }
        for (fault, count) in &other.faults {
            let sum = self.faults.entry(*fault).or_default();
            *sum = sum.saturating_add(*count);
        }
    }

    pub(super) fn passed(&mut self, boundary: Boundary, crashed: bool) {
        let sum = self.boundaries.entry(boundary).or_default();
        *sum = (sum.0.saturating_add(1), sum.1.saturating_add(u64::from(crashed)));
    }

    pub(super) fn met(&mut self, fault: Fault) {
        let sum = self.faults.entry(fault).or_default();
        *sum = sum.saturating_add(1);
    }

    pub(super) fn lived(&mut self, length: Micros) {
        let days = u64::try_from(length / DAY).unwrap_or(0);
        self.guarantee_days = self.guarantee_days.saturating_add(days);
    }

    pub fn crashes(&self) -> u64 {
        self.boundaries.values().map(|(_, crashed)| crashed).sum()
    }

    /// Boundaries at which no replica ever died, and faults that never occurred.
    pub fn not_met(&self) -> Vec<&'static str> {
        let crashed = |boundary: &Boundary| self.boundaries.get(boundary).is_some_and(|it| it.1 > 0);
        let boundaries = Boundary::ALL.into_iter().filter(|it| !crashed(it)).map(Boundary::name);
        let faults = Fault::ALL.into_iter().filter(|it| !self.faults.contains_key(it)).map(Fault::name);
        boundaries.chain(faults).collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.guarantee_days.saturating_mul(10) / 365;
        let years = format!("{}.{}", tenths / 10, tenths % 10);
        writeln!(f, "runs            {}", self.runs)?;
        writeln!(f, "guarantees      {} over {years} guarantee-years", self.guarantees)?;
        writeln!(
            f,
            "pushes          {} arrived, {} accepted, {} answered as before",
            self.pushes, self.pushes_accepted, self.pushes_repeated
        )?;
        writeln!(f, "calls           {} arrived, {} of them repeated", self.calls, self.calls_repeated)?;
        writeln!(f, "jobs            {} enqueued, {} revived", self.jobs, self.revived)?;
        writeln!(f, "restorations    {}", self.restorations)?;
        writeln!(
            f,
            "leases          {} taken over, {} late writers turned away",
            self.takeovers, self.fenced_off
        )?;
        writeln!(f, "races           {} transactions begun anew", self.lost_races)?;
        writeln!(f, "crashes         {}", self.crashes())?;
        for (boundary, (passed, crashed)) in &self.boundaries {
            writeln!(f, "  {:52} {crashed} of {passed}", boundary.name())?;
        }
        writeln!(f, "other faults    {}", self.faults.values().sum::<u64>())?;
        for (fault, count) in &self.faults {
            writeln!(f, "  {:52} {count}", fault.name())?;
        }
        let missing = self.not_met();
        if missing.is_empty() {
            writeln!(f, "every boundary and every kind of fault was met")
        } else {
            writeln!(f, "never met: {}", missing.join("; "))
        }
    }
}
