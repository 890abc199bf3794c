//! The command line: one file per subcommand.

pub mod alarms;
pub mod api_keys;
pub mod audit;
pub mod backup;
pub mod bench;
pub mod changes;
pub mod check;
mod confinement;
pub mod crash;
pub mod decide;
pub mod demo;
pub mod dialects;
pub mod documents;
pub mod evidence;
pub mod keys;
pub mod migrate;
pub mod openapi;
pub mod platforms;
pub mod preview;
pub mod proposals;
pub mod reconcile;
pub mod render;
pub mod replay;
pub mod rules;
pub mod sandbox;
pub mod serve;
pub mod simulate;
pub mod users;
pub mod verify;

mod account;
mod process;
mod table;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::changes::Overlay;
use crate::clock::Clock;
use crate::gateway;
use crate::settings;

/// How long work on threads that block may go on after everything else has ended: what it does is not waited for by anybody.
const LAST_MOMENTS: Duration = Duration::from_secs(2);

/// The file that is read where none is named.
const USUAL_SETTINGS: &str = "baohan.toml";

/// What `--version` says: a release is built with the commit it was made of (deploy/SUPPLY-CHAIN.md).
const VERSION: &str = match option_env!("BAOHAN_RELEASE") {
    Some(release) => release,
    None => env!("CARGO_PKG_VERSION"),
};

/// The institution's gateway to China's provincial electronic-guarantee (电子保函) platforms.
#[derive(Parser)]
#[command(name = "baohan", version = VERSION, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 all is well, 1 what was asked for is not so, 2 it could not be done")]
struct Program {
    /// A settings file (TOML); later ones override earlier ones. Without it, `baohan.toml` is read if it is there
    #[arg(long, short, global = true, value_name = "FILE")]
    settings: Vec<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::Args),
    Demo(demo::Args),
    Bench(Box<bench::Args>),
    Sandbox(Box<sandbox::Args>),
    Check(check::Args),
    Crash(crash::Args),
    Decide(decide::Args),
    Rules(rules::Args),
    Changes(changes::Args),
    Reconcile(reconcile::Args),
    Render(render::Args),
    Preview(preview::Args),
    Verify(verify::Args),
    Keys(keys::Args),
    Alarms(alarms::Args),
    ApiKeys(api_keys::Args),
    Audit(audit::Args),
    Openapi(openapi::Args),
    Dialects(dialects::Args),
    Documents(documents::Args),
    Evidence(evidence::Args),
    Migrate(migrate::MigrateArgs),
    Backup(backup::Args),
    Replay(replay::ReplayArgs),
    Platforms(platforms::Args),
    Proposals(proposals::Args),
    Simulate(simulate::Args),
    Users(users::Args),
}

/// Runs the program. The exit code is 0 if all is well, 1 if what was asked for is not so, 2 if it could not be done.
pub fn main() -> ExitCode {
    let program = Program::parse();
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended = process::close_off().and_then(|()| Ok(runtime()?)).and_then(|runtime| {
        let ended = runtime.block_on(run(program));
        // What failed is told at once.
        runtime.shutdown_timeout(if ended.is_ok() { LAST_MOMENTS } else { Duration::ZERO });
        ended
    });
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            // Nothing is left to do where even standard error can't be written to.
            drop(writeln!(std::io::stderr(), "baohan: {error:#}"));
            ExitCode::from(2)
        }
    }
}

async fn run(program: Program) -> anyhow::Result<bool> {
    let clock = Clock::system();
    let now = clock.now();
    let out = &mut std::io::stdout();
    let files = settings_files(&program.settings);
    match program.command {
        Command::Serve(args) => {
            Box::pin(serve::run(args, settings::load(&files)?, clock)).await.map(|()| true)
        }
        Command::Demo(args) => Box::pin(demo::run(args, clock, out)).await,
        Command::Bench(args) => bench::run(*args, &program.settings, clock, out).await,
        Command::Sandbox(args) => sandbox::run(*args, out).await.map(|()| true),
        Command::Crash(args) => crash::run(args, clock, out).await,
        Command::Check(args) => check::run(args, settings::load(&files)?, out).await,
        Command::Decide(args) => {
            let settings = settings::load(&files)?;
            let store = gateway::open_store(&settings).await?;
            decide::run(args, &settings, &store, now, out).await
        }
        Command::Changes(args) => changes::run(args, &settings::load(&files)?, out).await.map(|()| true),
        Command::Rules(args) => rules::run(args, &settings::load(&files)?, now, out).await.map(|()| true),
        Command::Reconcile(args) => {
            let settings = settings::load(&files)?;
            let store = gateway::open_store(&settings).await?;
            reconcile::run(args, &gateway::reconciler(&settings, &store), now, out).await
        }
        Command::Render(args) => render::run(&args, out).map(|()| true),
        Command::Preview(args) => confinement::confine().and_then(|()| preview::run(&args, out)),
        Command::Verify(args) => confinement::confine().and_then(|()| verify::run(&args, out, now)),
        Command::Dialects(args) => dialects::run(&args, out).map(|()| true),
        Command::Keys(args) => keys::run(args, &files, &clock, out).await,
        Command::ApiKeys(args) => {
            let store = gateway::open_store(&settings::load(&files)?).await?;
            api_keys::run(args, &store, now, out).await
        }
        Command::Audit(args) => {
            let settings = settings::load(&files)?;
            let store = gateway::connect_store(&settings)?;
            audit::run(args, &settings.audit, &store, now, out).await
        }
        Command::Alarms(args) => {
            let settings = settings::load(&files)?;
            let store = gateway::open_store(&settings).await?;
            let platforms = gateway::platforms(&settings, &store.read(Overlay::read).await?)?;
            let herald = gateway::herald(&settings, &platforms, &clock)?;
            alarms::run(args, &store, &herald, now, out).await
        }
        Command::Simulate(args) => tokio::task::block_in_place(|| simulate::run(&args, &clock, out)),
        Command::Openapi(args) => openapi::run(args, out).map(|()| true),
        Command::Migrate(args) => {
            let store = gateway::connect_store(&settings::load(&files)?)?;
            migrate::run(args, &store, out).await.map(|()| true)
        }
        Command::Documents(args) => {
            let settings = settings::load(&files)?;
            let store = gateway::connect_store(&settings)?;
            documents::run(args, &settings, &store, now, out).await
        }
        Command::Evidence(args) => {
            let settings = settings::load(&files)?;
            let store = gateway::open_store(&settings).await?;
            evidence::run(args, &store, &settings.archive, now, out).await
        }
        Command::Backup(args) => backup::run(args, &files, now, out).await,
        Command::Replay(args) => {
            let store = gateway::open_store(&settings::load(&files)?).await?;
            replay::run(args, &store, now, out).await.map(|()| true)
        }
        Command::Users(args) => {
            let settings = settings::load(&files)?;
            let store = gateway::open_store(&settings).await?;
            users::run(args, &settings, &store, &clock, out).await
        }
        Command::Proposals(args) => {
            let store = gateway::open_store(&settings::load(&files)?).await?;
            proposals::run(args, &store, now, out).await
        }
        Command::Platforms(args) => {
            let settings = settings::load(&files)?;
            let store = gateway::open_store(&settings).await?;
            platforms::run(args, &settings, &store, now, out).await
        }
    }
}

fn settings_files(named: &[PathBuf]) -> Vec<PathBuf> {
    match named {
        [] if Path::new(USUAL_SETTINGS).is_file() => vec![PathBuf::from(USUAL_SETTINGS)],
        named => named.to_vec(),
    }
}
