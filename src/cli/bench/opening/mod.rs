//! `baohan bench opening`: bids are opened, and hundreds of keys arrive within a minute, or at once.

mod front;
mod order;
mod premises;
mod report;
mod silent_platform;
mod storm;

use std::convert::Infallible;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args as ClapArgs;
use jiff::SignedDuration;

use super::process_usage::{self, ProcessUsage};
use super::spread::{Spread, micros};
use crate::cli::demo::cast::Role;
use crate::clock::Clock;
use crate::secret::Secret;
use order::Order;
use premises::Premises;
use report::{Accepted, Delivered, GatewayFigures, Issued, Outcome, Report};
use storm::{Arrivals, Storm};

/// Measure an opening: how fast keys are accepted, and plaintext letters delivered
///
/// A gateway is started in a process of its own, on SQLite in a fresh folder or on the database that is named, and a
/// simulated platform in this one. Applications are pushed, ciphertext letters arrive, and then the keys are sent. All
/// times are the platform's. What it checks in the letters it checks when the clock has stopped. Settings files that are
/// given with --settings, and variables such as `BAOHAN__JOBS__WORKER__HOUSE_SLOTS`, hold for the gateway. Ends with exit
/// code 1 if any plaintext letter was not delivered exactly once, or has a fault.
#[derive(ClapArgs)]
pub struct Args {
    /// How many guarantees wait for the opening
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    count: u32,
    /// Over which time the keys are sent, evenly; with `0s` all at once
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    over: Duration,
    /// How many connections the platform has: more pushes than that are never under way
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1000))]
    connections: u16,
    /// The platform; one that opens bids
    #[arg(long, value_enum, default_value_t)]
    platform: Role,
    /// Where the gateway stores, instead of SQLite in a fresh folder: `postgres://…`, an empty database
    #[arg(long, value_name = "URL", value_parser = |url: &str| Ok::<_, Infallible>(Secret::new(url)))]
    store: Option<Secret>,
    /// How many gateways share the store (PostgreSQL); connections go to them in turn
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=16))]
    replicas: u16,
    /// So many further platforms take every call and never answer, while work for them waits
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=2))]
    beside_dead: u16,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

/// `60s`, `1m`, `500ms`.
fn duration(text: &str) -> Result<Duration, String> {
    let length: SignedDuration = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    Duration::try_from(length).map_err(|_| "expected a time that is not negative".to_owned())
}

/// `true` if every plaintext letter was delivered exactly once and without a fault.
///
/// # Errors
/// When the gateway can't be started, or does not get as far as the opening.
pub(super) async fn run(
    args: Args,
    settings: &[PathBuf],
    clock: Clock,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    ensure!(
        args.platform.opens_bids(),
        "--platform: expected one that opens bids, found `{}`",
        args.platform.id()
    );
    ensure!(
        args.replicas == 1 || args.store.is_some(),
        "--replicas: expected a database that gateways can share, named with --store"
    );
    let mut say = |line: std::fmt::Arguments<'_>| match args.json {
        true => Ok(()),
        false => writeln!(out, "{line}").and_then(|()| out.flush()),
    };
    let load_before = process_usage::load();
    let premises = Premises::open(&args, settings, &clock).await?;
    say(format_args!("{}", premises.summary()))?;

    let issued = issue(&args, &premises, &clock).await?;
    say(format_args!("{issued}"))?;

    let (before, platform_before) = (premises.usage(), ProcessUsage::of(std::process::id()));
    let mut arrivals = Arrivals::at(&premises.platform);
    let storm = Storm::over(&premises.platform, args.over, usize::from(args.connections), &clock).await;
    let all = arrivals.wait_for(storm.accepted(), &premises.platform, &clock).await;
    let (after, platform_after) = (premises.usage(), ProcessUsage::of(std::process::id()));
    say(format_args!("the clock has stopped; the letters are examined"))?;

    let mut faults = storm.faults();
    if !all {
        faults.push(format!("nothing arrived for {} s", storm::PATIENCE.as_secs()));
    }
    faults.extend(examine(&premises).await?);
    let deliveries = premises.platform.deliveries();
    let once = deliveries.iter().filter(|it| it.plaintext.is_some() && it.exactly_once()).count();
    for delivery in deliveries.iter().filter(|it| it.opened && !(it.plaintext.is_some() && it.exactly_once()))
    {
        faults.push(format!("{}: not delivered exactly once", delivery.applyno));
    }
    let courses = storm.courses(&arrivals);
    let outcome = Outcome {
        accepted: Accepted {
            latency: Spread::of(storm.pushes.iter().filter(|it| it.is_accepted()).map(|it| it.took)),
            last_after_us: micros(storm.last_answer()),
        },
        delivered: Delivered {
            after_first_key: Spread::of(courses.iter().filter_map(order::Course::since_first)),
            after_own_key: Spread::of(courses.iter().filter_map(order::Course::since_own)),
            repeated_on_the_wire: premises.platform.journal().count(|it| it.duplicate),
            exactly_once: once,
        },
        order: Order::of(&courses, premises.at_once),
        gateways: GatewayFigures::between(&before, &after),
        platform_processor_ms: platform_before
            .zip(platform_after)
            .map(|(before, after)| micros(after.processor.saturating_sub(before.processor)) / 1000),
    };
    let stopped = premises.stop(&clock).await?;
    faults.extend(stopped.faults);
    let report = Report::new(&args, stopped.setting, load_before, issued, outcome, faults);
    match args.json {
        true => writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?,
        false => write!(out, "{report}")?,
    }
    Ok(report.is_sound())
}

/// Applications, and the ciphertext letters that answer them. Those of the neighbours come first, so that work for
/// them is waiting already.
async fn issue(args: &Args, premises: &Premises, clock: &Clock) -> anyhow::Result<Issued> {
    for neighbour in &premises.neighbours {
        storm::apply(&neighbour.platform, neighbour.applications).await?;
    }
    let begun = Instant::now();
    storm::apply(&premises.platform, args.count).await?;
    let wanted = usize::try_from(args.count)?;
    let all = storm::wait_for_issue(wanted, &premises.platform, clock).await;
    let last = premises.platform.journal().all().last().map(ToString::to_string).unwrap_or_default();
    ensure!(all, "not all of {wanted} ciphertext letters arrived; last exchange: {last}");
    let took_us = micros(begun.elapsed());
    let objections = examine(premises).await?;
    ensure!(objections.is_empty(), "ciphertext letters have faults: {objections:?}");
    Ok(Issued { letters: wanted, took_us })
}

/// Has the platform examine what it has taken. What it finds wrong, in words.
async fn examine(premises: &Premises) -> anyhow::Result<Vec<String>> {
    let platform = premises.platform.clone();
    let examined = tokio::task::spawn_blocking(move || platform.examine_deposits()).await;
    let examined = examined.context("examining letters panicked")?;
    let objections = examined.into_iter().filter_map(|it| {
        let objection = it.objection?;
        Some(format!("{}, {} letter: {objection}", it.applyno, it.letter.name()))
    });
    Ok(objections.collect())
}
