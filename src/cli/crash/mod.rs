//! `baohan crash`: the real gateway, killed again and again under load, and a ledger that shows whether anything was lost
//! or done twice.

mod campaign;
mod fleet;
mod ground;
mod ledger;
mod lives;
mod moments;
mod pulse;
mod relay;
mod report;
mod views;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args as ClapArgs;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::demo::cast::Role;
use crate::clock::Clock;
use campaign::Campaign;
use fleet::Fleet;
use ground::Ground;
use moments::Moments;
use pulse::Pulse;
use relay::Relay;
use report::{Recovery, Report};

/// About how long a start takes; each start that ends well says it better.
const FIRST_START: Duration = Duration::from_secs(2);

/// Kill the real gateway again and again under load, and show that nothing is lost and nothing done twice
///
/// Runs `serve` of this very program as a process of its own, on loopback, with demonstration keys, and simulated platforms
/// that push through it. The process is killed with SIGKILL: while it starts, when a push arrives, between a commit and its
/// answer, while letters are made, after a notice or a slice has reached the platform, at any other moment. It is started
/// again at once. What got no answer is pushed again; what was answered with success is not.
///
/// Now and then everything is let to finish, and three views are compared for each application: what its pushes were
/// answered, what stands in its platform's journal, what the database says. `lost` are pushes that were answered with
/// success and have no effect, or letters that never came; `duplicated_effects` are numbers given twice, effects or events
/// that were had twice, two letters for one step. What merely came to a platform a second time and was known again counts
/// as `wire_duplicates`. Exit code 1 if anything else than those was found, and everything is kept in the folder; or if it
/// was told to stop, and then the figures are those of the kills that were compared.
#[derive(ClapArgs)]
#[command(after_help = "A night's work:
  baohan crash --cycles 5000
  createdb crash && baohan crash --cycles 5000 --replicas 3 --store postgres://user@host/crash
  baohan crash --cycles 500 --beside ./baohan-of-the-last-release")]
pub struct Args {
    /// How often to kill
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    cycles: u32,
    /// A PostgreSQL database of its own, empty, as `postgres://user@host/database`; without it, SQLite in a fresh folder
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// How many processes share the database, which takes PostgreSQL; one is killed at a time, and sometimes all
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=16))]
    replicas: u16,
    /// Which platforms push; unless given, two that differ as much as possible
    #[arg(long, value_enum)]
    platform: Vec<Role>,
    /// What moments and lives are drawn by; a random one unless given. The work between them keeps its own time
    #[arg(long)]
    seed: Option<u64>,
    /// Another build of this program: processes alternate between the two, for instance with the last release
    #[arg(long, value_name = "PROGRAM")]
    beside: Option<PathBuf>,
    /// After how many kills everything is let to finish, compared and forgotten
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..))]
    compare_every: u32,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
    /// The folder to work in; it must not exist yet. Without it, a fresh one among the temporary files
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// `true` if nothing was lost, doubled, left over or otherwise wrong.
///
/// # Errors
/// When the campaign can't be set up or can't go on.
pub async fn run(args: Args, clock: Clock, out: &mut dyn Write) -> anyhow::Result<bool> {
    ensure!(
        args.replicas == 1 || args.store.is_some(),
        "--replicas: several processes take a --store on PostgreSQL"
    );
    let mut roles = if args.platform.is_empty() { Role::DIFFERENT.to_vec() } else { args.platform };
    roles.sort_unstable();
    roles.dedup();
    for role in &roles {
        ensure!(!role.waits_for_people(), "--platform: {} waits for people's papers", role.id());
    }
    let seed = args.seed.unwrap_or_else(rand::random);
    let folder = ground::fresh_folder(args.folder.as_deref(), &clock)?;
    if !args.json {
        writeln!(out, "seed {seed}, folder {}", folder.display())?;
        out.flush()?;
    }
    let programs = campaign::programs(args.beside)?;
    let report = Report {
        seed,
        folder: folder.clone(),
        programs: programs.clone(),
        replicas: u32::from(args.replicas),
        ..Report::default()
    };
    let mut random = StdRng::seed_from_u64(seed);
    let relay = Relay::start().await?;
    let ground = Ground::found(folder, relay.address, &roles, args.store, &clock).await?;
    // Not drawn by the seed: two campaigns with the same one may run beside each other.
    let addresses = ground::free_addresses(usize::from(args.replicas), rand::random())?;
    let fleet = Fleet::new(programs, addresses, relay, clock.clone());
    let moments = Moments::new(StdRng::seed_from_u64(random.random()));
    let pulse = Arc::new(Pulse::default());
    let mut campaign = Campaign { ground, fleet, moments, pulse, clock, start_up: FIRST_START, report };
    let (began, mut told_to_stop) = (Instant::now(), signal(SignalKind::terminate())?);
    while campaign.report.cycles < args.cycles && campaign.report.is_sound() {
        let compared = campaign.report.cycles;
        let cycles = args.compare_every.min(args.cycles - compared);
        let ended = tokio::select! {
            ended = campaign.generation(cycles) => Some(ended),
            _ = told_to_stop.recv() => None,
            _ = tokio::signal::ctrl_c() => None,
        };
        let cycle = campaign.report.cycles;
        let Some(ended) = ended else {
            // Kills after the last comparison have shown nothing.
            campaign.report.cycles = compared;
            conclude(campaign, began.elapsed(), args.json, out)?;
            return Ok(false);
        };
        let kept = campaign.ground.folder.display().to_string();
        ended.with_context(|| format!("seed {seed}, after {cycle} cycles; everything is kept in {kept}"))?;
        if !args.json {
            let Report { generations, applications, findings, .. } = &campaign.report;
            let findings = findings.len();
            writeln!(
                out,
                "generation {generations}: {cycle} cycles, {applications} applications, {findings} findings"
            )?;
            out.flush()?;
        }
    }
    conclude(campaign, began.elapsed(), args.json, out)
}

fn conclude(campaign: Campaign, took: Duration, json: bool, out: &mut dyn Write) -> anyhow::Result<bool> {
    let Campaign { ground, fleet, moments, pulse, mut report, .. } = campaign;
    drop(fleet);
    report.fell(&moments);
    report.recovery = Recovery::of(pulse.recoveries());
    report.seconds = report::seconds(took);
    match json {
        true => writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?,
        false => write!(out, "{report}")?,
    }
    if report.is_sound() {
        let folder = &ground.folder;
        std::fs::remove_dir_all(folder).with_context(|| format!("can't clear `{}`", folder.display()))?;
    }
    Ok(report.is_sound())
}
