//! Files that only their owner may read: private keys and the master key.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, bail};
use zeroize::Zeroizing;

/// A key file is a few hundred bytes; a path that names something else is noticed before it is read.
const LONGEST: u64 = 1024 * 1024;

/// Writes a file of mode 0600 that did not exist before, durably.
///
/// # Errors
/// When the file exists: a key is never overwritten.
pub fn write_new(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let shown = path.display();
    let mut file =
        options.open(path).with_context(|| format!("cannot create `{shown}`, which must not exist yet"))?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    written.and_then(|()| sync_folder_of(path)).with_context(|| format!("cannot write `{shown}`"))
}

/// Makes a new file's name durable: a key that is lost with the power takes with it what was encrypted under it.
#[cfg(unix)]
fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Other systems have no such thing.
#[cfg(not(unix))]
fn sync_folder_of(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Makes a folder that only its owner may look into, and those above it that are missing; one that is there stays as it is.
///
/// # Errors
/// When it can't be made.
pub fn make_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Reads a file, and refuses one that others can read too.
///
/// # Errors
/// Says the mode found and the command that mends it.
pub fn read(path: &Path) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let shown = path.display();
    let mut file = std::fs::File::open(path).with_context(|| format!("cannot open `{shown}`"))?;
    let about = file.metadata().with_context(|| format!("cannot examine `{shown}`"))?;
    if about.len() > LONGEST {
        bail!("`{shown}`: expected a key of a few hundred bytes, found {} bytes", about.len());
    }
    if let Some(mode) = lax_mode(&about) {
        bail!(
            "`{shown}`: expected a file that only its owner can read, found mode {mode:04o}; mend it with \
             `chmod 600 {shown}`, and replace the key if somebody may have read it"
        );
    }
    let mut content = Zeroizing::new(Vec::with_capacity(usize::try_from(about.len()).unwrap_or(0) + 1));
    file.read_to_end(&mut content).with_context(|| format!("cannot read `{shown}`"))?;
    Ok(content)
}

/// The permission bits of a file that its group or others can read or write.
#[cfg(unix)]
pub fn lax_mode(about: &std::fs::Metadata) -> Option<u32> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

/// Other systems keep their permissions elsewhere.
#[cfg(not(unix))]
pub fn lax_mode(_: &std::fs::Metadata) -> Option<u32> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_private_file_is_its_owners_and_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        write_new(&path, b"secret").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read(&path).unwrap().as_slice(), b"secret");
        assert!(write_new(&path, b"other").is_err());
        assert_eq!(read(&path).unwrap().as_slice(), b"secret");
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_way_to_mend_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        write_new(&path, b"secret").unwrap();
        for mode in [0o644, 0o640, 0o604, 0o620] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let complaint = read(&path).unwrap_err().to_string();
            assert!(complaint.contains(&format!("mode {mode:04o}")), "{complaint}");
            assert!(complaint.contains("chmod 600"), "{complaint}");
            assert!(!complaint.contains("secret"), "{complaint}");
        }
    }

    #[test]
    fn what_is_longer_than_a_mebibyte_is_no_key_and_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let (long, longer) = (folder.path().join("long"), folder.path().join("longer"));
        write_new(&long, &[7; 1_048_576]).unwrap();
        write_new(&longer, &[7; 1_048_577]).unwrap();
        assert_eq!(read(&long).unwrap().len(), 1_048_576);
        let complaint = read(&longer).unwrap_err().to_string();
        assert!(complaint.contains("found 1048577 bytes"), "{complaint}");
    }

    #[test]
    fn a_name_without_a_folder_is_one_in_the_folder_of_work() {
        sync_folder_of(Path::new("a.key")).unwrap();
        assert!(sync_folder_of(Path::new("nowhere/a.key")).is_err());
    }
}
