//! Files and folders for their owner only, on the disk before anybody is told of them.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::Context as _;

use crate::crypto::sm3;

/// Read at once while a digest is computed.
const PIECE: usize = 1 << 20;

/// Makes a folder that only its owner can enter, and those above it that are missing.
pub fn make_folder(path: &Path) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.with_context(|| format!("cannot create the folder `{}`", path.display()))
}

/// Makes an empty file of mode 0600 for a program that will fill it.
pub fn make_empty(path: &Path) -> anyhow::Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map(drop).with_context(|| format!("cannot create `{}`", path.display()))
}

/// Waits until a file's content, or a folder's list of names, is on the disk.
pub fn sync(path: &Path) -> anyhow::Result<()> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.with_context(|| format!("cannot sync `{}`", path.display()))
}

/// Gives a file or folder its final name, durably. Nothing may have the name yet, but for an empty folder.
pub fn rename(from: &Path, to: &Path) -> anyhow::Result<()> {
    let renamed = std::fs::rename(from, to);
    renamed.with_context(|| format!("cannot rename `{}` to `{}`", from.display(), to.display()))?;
    match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => sync(folder),
        _ => sync(Path::new(".")),
    }
}

/// Size and SM3, in lower-case hexadecimal.
pub fn digest(path: &Path) -> anyhow::Result<(u64, String)> {
    let cannot = || format!("cannot read `{}`", path.display());
    let mut file = File::open(path).with_context(cannot)?;
    let (mut hasher, mut size) = (sm3::Hasher::new(), 0);
    let mut piece = vec![0; PIECE];
    loop {
        let length = file.read(&mut piece).with_context(cannot)?;
        let Some(read) = piece.get(..length).filter(|read| !read.is_empty()) else { break };
        hasher.update(read);
        size += u64::try_from(length)?;
    }
    Ok((size, hex::encode(hasher.finish())))
}
