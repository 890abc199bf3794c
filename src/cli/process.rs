//! The process as others on the machine see it: what it writes is its owner's alone, and its memory goes to no file.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rustix::fs::Mode;
#[cfg(target_os = "linux")]
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use rustix::process::{Resource, Rlimit, setrlimit, umask};

use crate::crypto::private_file;
use crate::settings::Settings;
use crate::store::Location;

/// Whatever SQLite keeps beside its file has one of these endings.
const BESIDE_A_DATABASE: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// For the whole life of this process, and for programs that it starts: files of mode 0600, folders of 0700 and no core dumps.
/// On Linux nobody but the administrator reads its memory or environment either.
///
/// # Errors
/// When the system refuses it.
pub(super) fn close_off() -> anyhow::Result<()> {
    umask(Mode::RWXG | Mode::RWXO);
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).context("core dumps can't be turned off")?;
    #[cfg(target_os = "linux")]
    set_dumpable_behavior(DumpableBehavior::NotDumpable).context("the memory can't be kept from others")?;
    Ok(())
}

/// A file or folder of the gateway's data that other accounts can read or write.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Exposed {
    path: PathBuf,
    mode: u32,
}

impl Exposed {
    /// What others can reach of what the settings name, as far as it is there. Keys are not in it: a gateway does not start
    /// with one that others can read.
    pub(super) fn of(settings: &Settings) -> Vec<Self> {
        let mut places = Vec::new();
        if settings.archive.s3.is_none() {
            places.push(settings.archive.folder.clone());
        }
        if let Ok(Location::File(file)) = settings.store.location() {
            places.extend(BESIDE_A_DATABASE.map(|ending| {
                let mut name = file.clone().into_os_string();
                name.push(ending);
                PathBuf::from(name)
            }));
        }
        places.iter().filter_map(|place| Self::at(place)).collect()
    }

    fn at(path: &Path) -> Option<Self> {
        let path = path.canonicalize().ok()?;
        let mode = private_file::lax_mode(&std::fs::metadata(&path).ok()?)?;
        // Nobody gets through a folder that lets nobody through.
        let is_reachable = path.ancestors().skip(1).all(|folder| {
            std::fs::metadata(folder)
                .is_ok_and(|about| private_file::lax_mode(&about).is_some_and(|mode| mode & ENTER != 0))
        });
        is_reachable.then_some(Self { path, mode })
    }
}

/// The bits of a folder by which its group and others get through it.
const ENTER: u32 = 0o011;

impl fmt::Display for Exposed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        let mended = if self.path.is_dir() { "700" } else { "600" };
        write!(
            formatter,
            "other accounts can reach `{path}`: expected that only its owner can, found mode {:04o}; mend it with `chmod \
             {mended} {path}`",
            self.mode
        )
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, create_dir, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_closed_process_writes_for_its_owner_and_shows_its_memory_to_nobody() {
        close_off().unwrap();
        assert_eq!(rustix::process::dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        assert!(status.contains("Umask:\t0077"), "{status}");
        assert_eq!(rustix::process::getrlimit(Resource::Core).maximum, Some(0));
    }

    #[test]
    fn a_file_is_exposed_where_others_can_read_it_and_get_there() {
        // Temporary folders themselves let nobody through, but what they are in lets everybody.
        let folder = tempfile::tempdir().unwrap();
        let (inner, file) = (folder.path().join("data"), folder.path().join("data/baohan.db"));
        create_dir(&inner).unwrap();
        std::fs::write(&file, "").unwrap();
        for (outer, within, of_file, expected) in [
            (0o755, 0o755, 0o644, Some(0o644)),
            (0o711, 0o710, 0o640, Some(0o640)),
            (0o755, 0o755, 0o600, None),
            (0o755, 0o700, 0o644, None),
            (0o700, 0o755, 0o644, None),
        ] {
            set_permissions(folder.path(), Permissions::from_mode(outer)).unwrap();
            set_permissions(&inner, Permissions::from_mode(within)).unwrap();
            set_permissions(&file, Permissions::from_mode(of_file)).unwrap();
            let found = Exposed::at(&file);
            assert_eq!(found.map(|it| it.mode), expected, "{outer:o} {within:o} {of_file:o}");
        }
    }
}
