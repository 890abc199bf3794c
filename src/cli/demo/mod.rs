//! `baohan demo`: a whole tender section from application to opening, on this machine alone.

mod progress;
pub mod props;
mod report;

use std::io::{IsTerminal, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args as ClapArgs;

use crate::clock::{self, Clock};
use crate::gateway::Gateway;
use crate::sandbox::hainan::{Sandbox, SandboxOptions};
use crate::settings;
use progress::Progress;
use report::Report;

/// Longer than this a demonstration does not take unless something is stuck.
const PATIENCE: Duration = Duration::from_secs(120);

/// Show the main job on this machine: a gateway on SQLite in a fresh folder, a simulated Hainan platform on loopback,
/// demonstration keys and seal; applications come in as ciphertext, ciphertext guarantees go out sealed; then the
/// section is opened, keys arrive, and plaintext guarantees go out. Every letter is verified. Ends with an error if
/// anything is not as it should be.
#[derive(ClapArgs)]
pub struct Args {
    /// How many applications the platform pushes
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=5000))]
    count: u32,
    /// Stay up after the demonstration, until Ctrl-C
    #[arg(long)]
    keep: bool,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
    /// The folder to work in; it must not exist yet. Without it, a fresh one among the temporary files
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// `true` if every guarantee was delivered exactly once and every letter verified.
///
/// # Errors
/// When the demonstration can't be set up or gets stuck.
pub async fn run(args: Args, clock: Clock, out: &mut dyn Write) -> anyhow::Result<bool> {
    let started = Instant::now();
    let folder = fresh_folder(args.folder, &clock)?;
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port on loopback")?;
    let pushed_to = format!("http://{}/platforms/{}", listener.local_addr()?, props::PLATFORM);
    let credentials = props::Credentials::generate();
    let options = SandboxOptions::new(pushed_to, &credentials.appkey, credentials.appsecret.expose());
    let (sandbox, files) = tokio::join!(
        Sandbox::start(options),
        tokio::task::spawn_blocking({
            let (folder, now) = (folder.clone(), clock.now());
            move || props::keys_and_seal(&folder, now)
        })
    );
    let sandbox = sandbox.context("the simulated platform")?;
    files.context("making demonstration keys panicked")??;
    let settings_file = props::write_settings(&folder, &sandbox.url(), &credentials)?;
    let gateway = Gateway::start_on(listener, settings::load(&[settings_file])?, clock.clone()).await?;
    let ready = started.elapsed();

    let mut progress = Progress::new(args.count, !args.json && std::io::stdout().is_terminal());
    let opened = play(args.count, &sandbox, &mut progress, out).await?;
    let report =
        Report::of(&gateway, &sandbox, &folder, &clock).await?.timed(ready, opened, started.elapsed());
    match args.json {
        true => writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?,
        false => write!(out, "{report}")?,
    }
    if args.keep {
        stay(&gateway, &sandbox, &folder, out).await?;
    }
    let sound = report.is_sound();
    gateway.stop().await;
    sandbox.stop().await;
    Ok(sound)
}

/// The section's life: applications, sealed letters, opening, restored letters. Yields how long the opening took.
async fn play(
    count: u32,
    sandbox: &Sandbox,
    progress: &mut Progress,
    out: &mut dyn Write,
) -> anyhow::Result<Duration> {
    for (applyno, answer) in sandbox.apply_many(count).await {
        let answer = answer.with_context(|| format!("application {applyno}"))?;
        ensure!(answer.is_accepted(), "application {applyno} was not accepted: {answer}");
    }
    progress.follow(sandbox, "密文保函", |delivery| delivery.ciphertext.is_some(), PATIENCE, out).await?;
    let opening = Instant::now();
    for (applyno, answer) in sandbox.open_section().await {
        let answer = answer.with_context(|| format!("opening of {applyno}"))?;
        ensure!(answer.is_accepted(), "the key of {applyno} was not accepted: {answer}");
    }
    progress.follow(sandbox, "明文保函", |delivery| delivery.plaintext.is_some(), PATIENCE, out).await?;
    Ok(opening.elapsed())
}

async fn stay(
    gateway: &Gateway,
    sandbox: &Sandbox,
    folder: &std::path::Path,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    writeln!(
        out,
        "gateway   http://{}  (metrics http://{}/metrics)",
        gateway.address, gateway.metrics_address
    )?;
    writeln!(out, "platform  {}  (curl it to see what it can be told to do)", sandbox.control_url())?;
    writeln!(out, "settings  {}", folder.join(props::SETTINGS).display())?;
    writeln!(out, "Ctrl-C ends both.")?;
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
