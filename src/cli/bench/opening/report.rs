//! What an opening has shown, for people and as JSON.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::Args;
use super::order::Order;
use crate::cli::bench::disk::DiskSpeed;
use crate::cli::bench::process_usage::ProcessUsage;
use crate::cli::bench::spread::{Spread, micros, milliseconds};

/// What was asked for, and the machine.
#[derive(Debug, Serialize)]
pub(super) struct Setting {
    pub(super) platform: &'static str,
    pub(super) store: &'static str,
    pub(super) count: u32,
    pub(super) over_ms: u64,
    pub(super) connections: u16,
    pub(super) replicas: u16,
    pub(super) neighbours: Vec<Neighbourhood>,
    pub(super) processors: usize,
    /// Of the disk that the folder is on; with PostgreSQL that of the documents.
    pub(super) disk: DiskSpeed,
}

/// A platform that never answered.
#[derive(Debug, Serialize)]
pub(super) struct Neighbourhood {
    pub(super) platform: &'static str,
    pub(super) applications: u32,
    pub(super) calls_unanswered: u64,
}

/// Applications pushed, and ciphertext letters taken.
#[derive(Debug, Serialize)]
pub(super) struct Issued {
    pub(super) letters: usize,
    pub(super) took_us: u64,
}

/// Keys, from being sent to being answered.
#[derive(Debug, Serialize)]
pub(super) struct Accepted {
    pub(super) latency: Spread,
    /// From the first key to the last answer.
    pub(super) last_after_us: u64,
}

/// Plaintext letters.
#[derive(Debug, Serialize)]
pub(super) struct Delivered {
    pub(super) after_first_key: Spread,
    pub(super) after_own_key: Spread,
    /// Requests that the platform had taken before: delivery is at least once.
    pub(super) repeated_on_the_wire: usize,
    /// Letters whose effects were there once and no more.
    pub(super) exactly_once: usize,
}

/// One gateway's process from the first key to the last letter.
#[derive(Debug, Serialize)]
pub(super) struct GatewayFigures {
    pub(super) processor_ms: u64,
    pub(super) resident_peak_kib: u64,
}

impl GatewayFigures {
    /// None for those of which nothing is known.
    pub(super) fn between(
        before: &[Option<ProcessUsage>],
        after: &[Option<ProcessUsage>],
    ) -> Vec<Option<Self>> {
        let figures = |(before, after): (&Option<ProcessUsage>, &Option<ProcessUsage>)| {
            let (before, after) = ((*before)?, (*after)?);
            let processor_ms = micros(after.processor.saturating_sub(before.processor)) / 1000;
            Some(Self { processor_ms, resident_peak_kib: after.resident_peak_kib })
        };
        before.iter().zip(after).map(figures).collect()
    }
}

/// What was measured at the opening.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    pub(super) accepted: Accepted,
    pub(super) delivered: Delivered,
    pub(super) order: Order,
    pub(super) gateways: Vec<Option<GatewayFigures>>,
    /// What the simulated platform took of the same processors.
    pub(super) platform_processor_ms: Option<u64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Report {
    setting: Setting,
    /// Of the minute before, which tells whether the machine had other things to do.
    load_before: Option<String>,
    issued: Issued,
    #[serde(flatten)]
    outcome: Outcome,
    faults: Vec<String>,
}

impl Report {
    pub(super) fn new(
        args: &Args,
        setting: Setting,
        load_before: Option<String>,
        issued: Issued,
        outcome: Outcome,
        mut faults: Vec<String>,
    ) -> Self {
        let count = usize::try_from(args.count).unwrap_or(usize::MAX);
        if outcome.delivered.exactly_once != count && faults.is_empty() {
            faults.push(format!(
                "{} of {count} letters were delivered exactly once",
                outcome.delivered.exactly_once
            ));
        }
        Self { setting, load_before, issued, outcome, faults }
    }

    pub(super) fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { platform, store, count, connections, replicas, processors, disk, .. } = self;
        let how = match self.over_ms {
            0 => "at once".to_owned(),
            time => format!("over {:?}", Duration::from_millis(time)),
        };
        let gateways = if *replicas == 1 { "1 gateway".to_owned() } else { format!("{replicas} gateways") };
        writeln!(f, "{gateways} on {store}, {platform} opens {count} {how} over {connections} connections")?;
        let DiskSpeed { syncs_per_second, sync } = disk;
        write!(f, "{processors} processors; disk: {syncs_per_second} fdatasync/s ({sync})")
    }
}

impl fmt::Display for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "issued     {} ciphertext letters in {} ms", self.letters, milliseconds(self.took_us))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcome { accepted, delivered, order, gateways, platform_processor_ms } = &self.outcome;
        let Accepted { latency, last_after_us } = accepted;
        writeln!(f, "accepted   {} keys, each after {latency}", latency.count)?;
        writeln!(f, "           the last {} ms after the first was sent", milliseconds(*last_after_us))?;
        let Delivered { after_first_key, after_own_key, repeated_on_the_wire, exactly_once } = delivered;
        writeln!(f, "delivered  {} plaintext letters", after_first_key.count)?;
        writeln!(f, "           after the first key: {after_first_key}")?;
        writeln!(f, "           after their own key: {after_own_key}")?;
        writeln!(f, "           exactly once: {exactly_once}; repeated on the wire: {repeated_on_the_wire}")?;
        let Order { at_once, pairs_out_of_order, most_overtaken_by, beyond_at_once } = order;
        writeln!(
            f,
            "order      {beyond_at_once} letters overtaken by more than the {at_once} that may be under way; \
             {pairs_out_of_order} pairs in another order than their keys, {most_overtaken_by} with one letter"
        )?;
        for Neighbourhood { platform, calls_unanswered, .. } in &self.setting.neighbours {
            writeln!(f, "beside     {platform} left {calls_unanswered} calls without an answer")?;
        }
        for figures in gateways.iter().flatten() {
            let GatewayFigures { processor_ms, resident_peak_kib } = figures;
            writeln!(
                f,
                "gateway    {processor_ms} ms of processor time; at most {} MiB",
                resident_peak_kib / 1024
            )?;
        }
        if let Some(time) = platform_processor_ms {
            writeln!(f, "platform   {time} ms of processor time, simulated beside it")?;
        }
        if let Some(load) = &self.load_before {
            writeln!(f, "machine    load {load} in the minute before")?;
        }
        for fault in &self.faults {
            writeln!(f, "fault      {fault}")?;
        }
        Ok(())
    }
}
