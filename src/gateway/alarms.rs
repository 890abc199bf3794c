//! From the settings of alarms to somebody who looks and somebody who tells.

use std::sync::Arc;

use tokio::task::JoinHandle;

use super::Assembly;
use crate::alarms::{AlarmOptions, Herald, Machine, Watch};
use crate::casework::Platforms;
use crate::clock::Clock;
use crate::institution::calendar::Calendar;
use crate::settings::Settings;
use crate::supervise;

/// Who tells people, as the settings have it.
///
/// # Errors
/// Which key of `[alarms]` is wrong, and what was expected.
pub fn herald(settings: &Settings, platforms: &Platforms, clock: &Clock) -> anyhow::Result<Herald> {
    let replica = replica(&settings.alarms);
    Herald::new(&settings.alarms, platforms, &settings.institution.name, &replica, clock)
}

/// Looks until the task is aborted.
///
/// # Errors
/// When the calendar contradicts itself.
pub(super) fn keep_looking(
    assembly: &Assembly,
    settings: &Settings,
) -> anyhow::Result<JoinHandle<Option<()>>> {
    let (certificates, disks) = (assembly.certificates.clone(), assembly.disks.clone());
    let machine = move || Machine {
        certificates: certificates.ends(),
        disks: disks.rooms().into_iter().map(|(name, room)| (name, room.free, room.size)).collect(),
    };
    let watch = Watch {
        store: assembly.store.for_jobs(),
        archive: assembly.archive.clone(),
        platforms: assembly.platforms.clone(),
        metrics: assembly.metrics.clone(),
        clock: assembly.clock.clone(),
        calendar: Calendar::new(&settings.calendar)?,
        replica: replica(&settings.alarms),
        options: Arc::new(settings.alarms.clone()),
        machine: Box::new(machine),
    };
    Ok(supervise::spawn("alarms", watch.keep_looking()))
}

/// How this process is called: as the settings say, or as its machine is.
fn replica(options: &AlarmOptions) -> String {
    let machine = || rustix::system::uname().nodename().to_string_lossy().into_owned();
    options.replica.clone().unwrap_or_else(machine)
}
