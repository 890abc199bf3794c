//! `baohan simulate`: the gateway's core in a simulated world, seed after seed.

use std::io::Write;
use std::time::Duration;

use anyhow::Context;
use jiff::{SignedDuration, Span};

use crate::clock::Clock;
use crate::simulation::{Campaign, Cast, Mutation, Run, run as run_seed};

/// How many lines of its trace a failure shows.
const SHOWN: usize = 40;

/// Let replicas, platforms and the network fail in a simulated world, and see that no promise is broken.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// How many seeds to run
    #[arg(long, default_value_t = 1000, value_name = "N")]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    from: u64,
    /// Run this one seed alone
    #[arg(long, value_name = "SEED", conflicts_with_all = ["seeds", "from", "time"])]
    seed: Option<u64>,
    /// With --seed: tell everything that happens
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Begin no further seed after this long, as `90s`, `10m` or `6h`
    #[arg(long, value_name = "LENGTH")]
    time: Option<Span>,
    /// Only platforms of this dialect; `baohan dialects` lists them
    #[arg(long, value_name = "DIALECT")]
    platform: Option<String>,
    /// Plant this mistake in the model of the store, to see that it is found; an unknown one lists them
    #[arg(long, value_name = "NAME")]
    mistake: Option<String>,
}

/// False where a promise was broken.
///
/// # Errors
/// When no dialect has the id, or nothing can be printed.
pub fn run(args: &Args, clock: &Clock, out: &mut dyn Write) -> anyhow::Result<bool> {
    let cast = Cast::new(args.platform.as_deref()).context("--platform")?;
    let mutation = args.mistake.as_deref().map_or(Ok(Mutation::None), mistake).context("--mistake")?;
    if let Some(seed) = args.seed {
        let run = run_seed(&cast, seed, mutation, true);
        return show(&run, if args.trace { usize::MAX } else { SHOWN }, args, out);
    }
    let time = args.time.map(SignedDuration::try_from).transpose().context("--time")?;
    let campaign = Campaign {
        from: args.from,
        seeds: args.seeds,
        time: time.map(Duration::try_from).transpose().context("--time")?,
        threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        mutation,
    };
    let report = campaign.run(&cast, clock);
    write!(out, "{}", report.tally)?;
    let seconds = report.took.as_secs();
    writeln!(out, "in {}m {:02}s", seconds / 60, seconds % 60)?;
    match &report.failure {
        Some(run) => show(run, SHOWN, args, out),
        None => Ok(writeln!(out, "no promise was broken").map(|()| true)?),
    }
}

fn mistake(name: &str) -> anyhow::Result<Mutation> {
    let known = || Mutation::ALL.map(Mutation::name).join(", ");
    Mutation::named(name).with_context(|| format!("expected one of {}, found `{name}`", known()))
}

fn show(run: &Run, lines: usize, args: &Args, out: &mut dyn Write) -> anyhow::Result<bool> {
    let hidden = if lines == SHOWN && run.violation.is_none() { run.trace.len() } else { 0 };
    let first = run.trace.len().saturating_sub(lines).max(hidden);
    for line in run.trace.iter().skip(first) {
        writeln!(out, "{line}")?;
    }
    let Some(violation) = &run.violation else {
        writeln!(out, "seed {}: no promise was broken", run.seed)?;
        return Ok(true);
    };
    writeln!(out, "\nseed {} breaks the promise {}: {}", run.seed, violation.promise, violation.what)?;
    let mut again = format!("baohan simulate --seed {}", run.seed);
    for (option, value) in [("--platform", &args.platform), ("--mistake", &args.mistake)] {
        again.extend(value.iter().map(|value| format!(" {option} {value}")));
    }
    writeln!(out, "again, with everything: {again} --trace")?;
    Ok(false)
}
