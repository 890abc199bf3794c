//! What the disk itself can do: nobody answers "it is stored" faster than this.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde::Serialize;

use super::spread::{Spread, micros};

/// One page of a database.
const PAGE: [u8; 4096] = [0; 4096];
/// Enough for a percentile, and a second at most on a disk that takes milliseconds for each.
const APPENDS: usize = 300;

/// Appends of a page, each followed by fdatasync, one after the other.
#[derive(Debug, Serialize)]
pub(super) struct DiskSpeed {
    pub(super) syncs_per_second: u64,
    pub(super) sync: Spread,
}

/// Measures the disk that a folder is on. Blocks.
///
/// # Errors
/// When the folder can't be written to.
pub(super) fn measure(folder: &Path) -> anyhow::Result<DiskSpeed> {
    let path = folder.join("fdatasync.probe");
    let within = || format!("measuring the disk of `{}`", folder.display());
    let mut file = std::fs::File::create_new(&path).with_context(within)?;
    let mut times = Vec::with_capacity(APPENDS);
    for _ in 0..APPENDS {
        let begun = Instant::now();
        file.write_all(&PAGE).and_then(|()| file.sync_data()).with_context(within)?;
        times.push(begun.elapsed());
    }
    std::fs::remove_file(&path).with_context(within)?;
    let all = micros(times.iter().sum::<Duration>()).max(1);
    let syncs = u64::try_from(times.len()).unwrap_or(u64::MAX);
    Ok(DiskSpeed { syncs_per_second: syncs.saturating_mul(1_000_000) / all, sync: Spread::of(times) })
}
