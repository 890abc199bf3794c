//! How much room there is where documents and a SQLite database are kept.

use std::path::{Path, PathBuf};

use crate::settings::Settings;
use crate::store::Location;

/// The folders, by a word each that stands in metrics and alarms.
#[derive(Clone, Debug)]
pub struct Disks(Vec<(&'static str, PathBuf)>);

/// Room on a disk, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    pub free: u64,
    pub size: u64,
}

impl Disks {
    pub(super) fn of(settings: &Settings) -> Self {
        let mut folders = Vec::new();
        if settings.archive.s3.is_none() {
            folders.push(("documents", settings.archive.folder.clone()));
        }
        if let Ok(Location::File(file)) = settings.store.location() {
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
            folders.push(("database", folder.unwrap_or(Path::new(".")).to_owned()));
        }
        Self(folders)
    }

    /// The room on each. A folder that can't be looked at is left out.
    pub fn rooms(&self) -> Vec<(&'static str, Room)> {
        self.0.iter().filter_map(|(name, folder)| Some((*name, room_of(folder)?))).collect()
    }
}

fn room_of(folder: &Path) -> Option<Room> {
    let found = rustix::fs::statvfs(folder).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
    // What only the administrator may use is no room.
    let reserved = found.f_bfree.saturating_sub(found.f_bavail);
    Some(Room { free: bytes(found.f_bavail), size: bytes(found.f_blocks.saturating_sub(reserved)) })
}
