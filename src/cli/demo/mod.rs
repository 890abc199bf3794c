//! `baohan demo`: a whole tender section from application to opening, on this machine alone.

pub mod cast;
pub mod clerk;
mod progress;
pub mod props;
mod report;
pub mod staff;
mod visitors;

use std::io::{IsTerminal, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args as ClapArgs;

use crate::clock::{self, Clock};
use crate::gateway::Gateway;
use crate::settings;
use cast::{Actor, Credentials, Role};
use progress::Progress;
use report::Report;
use staff::{Newcomer, Staff};

/// Longer than this a demonstration does not take unless something is stuck.
const PATIENCE: Duration = Duration::from_secs(120);

/// Show the main job on this machine: a gateway, simulated platforms, and guarantees from application to end
///
/// The gateway runs on SQLite in a fresh folder, with demonstration keys and seal; the platforms are on loopback.
/// Applications come in, sealed guarantees go out; sections are opened, keys arrive, and plaintext guarantees go out.
/// Then each platform has a few guarantees live through all that its specification has: a repeated application, a
/// surrender, a wrong key, an invoice, a claim, a cancellation. Every letter is verified. Ends with an error if anything
/// is not as it should be.
#[derive(ClapArgs)]
pub struct Args {
    /// Which platforms play; all, unless given
    #[arg(long, value_enum)]
    platform: Vec<Role>,
    /// How many applications each platform pushes before that life: 2, or 5 where it plays alone
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=5000))]
    count: Option<u32>,
    /// Have a simulated core system decide, which knows of everything by callbacks and acts through the interface alone
    #[arg(long)]
    core: bool,
    /// Stay up after the demonstration with a console to look at, until Ctrl-C
    #[arg(long)]
    keep: bool,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
    /// The folder to work in; it must not exist yet. Without it, a fresh one among the temporary files
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// A platform on stage.
struct OnStage {
    role: Role,
    actor: Actor,
}

/// `true` if every guarantee was delivered exactly once and every letter verified.
///
/// # Errors
/// When the demonstration can't be set up or gets stuck.
pub async fn run(args: Args, clock: Clock, out: &mut dyn Write) -> anyhow::Result<bool> {
    let started = Instant::now();
    let mut roles = if args.platform.is_empty() { Role::ALL.to_vec() } else { args.platform.clone() };
    roles.sort_unstable();
    roles.dedup();
    let count = args.count.unwrap_or(if roles.len() == 1 { 5 } else { 2 });
    let folder = fresh_folder(args.folder, &clock)?;
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port on loopback")?;
    let address = listener.local_addr()?;
    let files = tokio::task::spawn_blocking({
        let (folder, now) = (folder.clone(), clock.now());
        move || props::keys_and_seal(&folder, now)
    });
    let mut stage = Vec::with_capacity(roles.len());
    let mut agreed = Vec::with_capacity(roles.len());
    for role in roles {
        let credentials = Credentials::generate(role);
        let actor = Actor::start(role, &format!("http://{address}"), &credentials, &clock).await;
        let actor = actor.with_context(|| format!("the simulated platform {}", role.id()))?;
        agreed.push((role, actor.url(), credentials));
        stage.push(OnStage { role, actor });
    }
    files.await.context("making demonstration keys panicked")??;
    let platforms: Vec<_> = agreed.iter().map(|(role, url, it)| (*role, url.clone(), it)).collect();
    let newcomer = args.core.then(|| Newcomer::start(clock.clone())).transpose()?;
    let mut files = vec![props::write_settings(&folder, address, &platforms)?];
    if let Some(newcomer) = &newcomer {
        let roles: Vec<Role> = agreed.iter().map(|(role, ..)| *role).collect();
        files.push(newcomer.settings(&folder, &roles)?);
    }
    if args.keep {
        files.push(visitors::settings(&folder)?);
    }
    let settings = settings::load(&files)?;
    let gateway = Gateway::start_on(listener, settings.clone(), clock.clone()).await?;
    let ready = started.elapsed();

    let staff = Staff::at(&gateway, newcomer).await?;
    let mut progress = Progress::new(count, !args.json && std::io::stdout().is_terminal());
    let mut report = Report::new(folder.clone());
    let mut opening = Duration::ZERO;
    for OnStage { role, actor } in &stage {
        apply(count, (*role, actor), &mut progress, out).await?;
        staff.catch_up(&gateway).await?;
        opening += open((*role, actor), &mut progress, out).await?;
        let moments = actor.live(PATIENCE).await.with_context(|| format!("the life of {}", role.id()))?;
        report.lived(*role, moments);
    }
    report.decided(staff.go_home(&gateway, PATIENCE).await?);
    for OnStage { role, actor } in &stage {
        report.add(&gateway, *role, actor, &clock).await?;
    }
    let report = report.timed(ready, opening, started.elapsed());
    match args.json {
        true => writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?,
        false => write!(out, "{report}")?,
    }
    if args.keep {
        visitors::invite(&gateway, &settings, out).await?;
        stay(&gateway, &stage, &folder, out).await?;
    }
    let sound = report.is_sound();
    gateway.stop().await;
    for OnStage { actor, .. } in &stage {
        actor.stop().await;
    }
    Ok(sound)
}

/// Applications, and sealed letters.
async fn apply(
    count: u32,
    (role, actor): (Role, &Actor),
    progress: &mut Progress,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    for (applyno, answer) in actor.apply_many(count).await {
        let answer = answer.with_context(|| format!("application {applyno}"))?;
        ensure!(answer.is_accepted(), "application {applyno} was not accepted: {answer}");
    }
    progress.follow((role, actor), "出函", |received| received.issued, PATIENCE, out).await
}

/// Opening, and plaintext letters. Yields how long it took.
async fn open(
    (role, actor): (Role, &Actor),
    progress: &mut Progress,
    out: &mut dyn Write,
) -> anyhow::Result<Duration> {
    let opening = Instant::now();
    for (applyno, answer) in actor.open_all().await {
        let answer = answer.with_context(|| format!("opening of {applyno}"))?;
        ensure!(answer.is_accepted(), "the opening of {applyno} was not accepted: {answer}");
    }
    progress.follow((role, actor), "明文保函", |received| received.complete, PATIENCE, out).await?;
    Ok(opening.elapsed())
}

async fn stay(
    gateway: &Gateway,
    stage: &[OnStage],
    folder: &std::path::Path,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    writeln!(
        out,
        "gateway   http://{}  (metrics http://{}/metrics)",
        gateway.address, gateway.metrics_address
    )?;
    for OnStage { role, actor } in stage {
        let url = actor.control_url();
        writeln!(out, "{:<9} {url}  (curl it to see what it can be told to do)", role.id())?;
    }
    writeln!(out, "settings  {}", folder.join(props::SETTINGS).display())?;
    writeln!(out, "Ctrl-C ends all.")?;
    out.flush()?;
    tokio::signal::ctrl_c().await?;
    Ok(())
}

fn fresh_folder(named: Option<PathBuf>, clock: &Clock) -> anyhow::Result<PathBuf> {
    match named {
        Some(folder) => {
            std::fs::create_dir(&folder)
                .with_context(|| format!("--folder: can't make `{}`", folder.display()))?;
            Ok(folder.canonicalize()?)
        }
        None => {
            let day = clock::china_date(clock.now());
            Ok(tempfile::Builder::new().prefix(&format!("baohan-demo-{day}-")).tempdir()?.keep())
        }
    }
}
