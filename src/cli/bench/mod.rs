//! `baohan bench`: what the gateway does in how much time, measured on this machine and from outside.

mod disk;
mod gateway_process;
mod opening;
mod process_usage;
mod spread;

use std::io::Write;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use crate::clock::Clock;

/// Measure a gateway of its own on this machine, beside simulated platforms
///
/// Figures say something about the machine that they were measured on, and about what else it was doing.
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    Opening(opening::Args),
}

/// `true` if what was measured was also right. `settings` are files that the gateway under measurement reads last.
///
/// # Errors
/// When the measurement can't be set up.
pub async fn run(
    args: Args,
    settings: &[PathBuf],
    clock: Clock,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    match args.bench {
        Bench::Opening(args) => opening::run(args, settings, clock, out).await,
    }
}
