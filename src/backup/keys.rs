//! Keys kept apart: whoever has a backup and its keys has everything, so the two are never in one tree of folders.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::durable;
use super::place::MARKER;
use crate::crypto::private_file;

/// How deep a tree is searched for a backup that stands in it.
const DEEPEST: u32 = 4;

/// A file that the settings name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile {
    /// Its key in the settings.
    pub setting: String,
    pub path: PathBuf,
}

/// Copies the files under the names of their settings, each for its owner only; yields where they are. A copy that is
/// there already and says the same stays.
///
/// # Errors
/// When the folder belongs to a data backup, a file can't be read, or a copy that is there says something else.
pub fn copy(files: &[KeyFile], to: &Path) -> anyhow::Result<Vec<PathBuf>> {
    expect_apart(to)?;
    durable::make_folder(to)?;
    let mut copies = Vec::new();
    for KeyFile { setting, path } in files {
        let content = std::fs::read(path).map(zeroize::Zeroizing::new);
        let content = content.with_context(|| format!("{setting}: cannot read `{}`", path.display()))?;
        let ending =
            path.extension().and_then(|it| it.to_str()).map_or_else(String::new, |it| format!(".{it}"));
        let copy = to.join(format!("{setting}{ending}"));
        if copy.exists() {
            let there = private_file::read(&copy)?;
            if *there != *content {
                bail!("`{}` is there and holds another key; choose another folder", copy.display());
            }
        } else {
            private_file::write_new(&copy, &content)?;
        }
        copies.push(copy);
    }
    Ok(copies)
}

/// Refuses a folder above, below or beside the files of a data backup.
fn expect_apart(to: &Path) -> anyhow::Result<()> {
    let to = std::path::absolute(to).with_context(|| format!("`{}`", to.display()))?;
    // What exists of the path is followed through links.
    let existing = to.ancestors().find(|folder| folder.exists()).unwrap_or(&to);
    let real = existing.canonicalize().with_context(|| format!("`{}`", existing.display()))?;
    let backup = to.ancestors().chain(real.ancestors()).find(|folder| folder.join(MARKER).exists());
    let backup = backup
        .map(Path::to_owned)
        .or_else(|| if existing == to { backup_below(&real, DEEPEST) } else { None });
    match backup {
        Some(found) => bail!(
            "`{}` is in one tree of folders with the data backup `{}`: keys belong where no backup is",
            to.display(),
            found.display()
        ),
        None => Ok(()),
    }
}

fn backup_below(folder: &Path, depth: u32) -> Option<PathBuf> {
    if folder.join(MARKER).exists() {
        return Some(folder.to_owned());
    }
    let deeper = depth.checked_sub(1)?;
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    let mut folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.find_map(|entry| backup_below(&entry.path(), deeper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_copied_for_their_owner_and_never_over_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        std::fs::write(&path, "one").unwrap();
        let files = [KeyFile { setting: "keyring.file".to_owned(), path: path.clone() }];
        let to = folder.path().join("safe");
        let copies = copy(&files, &to).unwrap();
        assert_eq!(copies, [to.join("keyring.file.key")]);
        assert_eq!(private_file::read(&copies[0]).unwrap().as_slice(), b"one");
        copy(&files, &to).unwrap();
        std::fs::write(&path, "two").unwrap();
        assert!(copy(&files, &to).unwrap_err().to_string().contains("another key"));
        assert_eq!(private_file::read(&copies[0]).unwrap().as_slice(), b"one");
    }

    #[test]
    fn keys_and_data_are_refused_in_one_tree() {
        let folder = tempfile::tempdir().unwrap();
        let backup = folder.path().join("disk/backup");
        durable::make_folder(&backup).unwrap();
        std::fs::write(backup.join(MARKER), "").unwrap();
        std::os::unix::fs::symlink(&backup, folder.path().join("link")).unwrap();
        for together in ["disk/backup", "disk/backup/keys/new", "disk", "link/keys"] {
            let complaint = copy(&[], &folder.path().join(together)).unwrap_err().to_string();
            assert!(complaint.contains("one tree of folders"), "{together}: {complaint}");
        }
        copy(&[], &folder.path().join("disk/keys")).unwrap();
    }
}
