//! The file that anchors are appended to, best on another host's disk.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::anchor::{Anchor, Anchors};

/// So much of a file's end is read where the latest anchors will do: the last one vouches for all entries before it.
const TAIL: i64 = 64 * 1024;

/// The anchors at the end of a file.
///
/// # Errors
/// When it can't be read.
pub fn latest(file: &Path) -> std::io::Result<Anchors> {
    let mut file = File::open(file)?;
    let length = i64::try_from(file.metadata()?.len()).unwrap_or(i64::MAX);
    let is_cut = length > TAIL;
    if is_cut {
        file.seek(SeekFrom::End(-TAIL))?;
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let whole = if is_cut { text.split_once('\n').map_or("", |(_, rest)| rest) } else { &text };
    let mut anchors = Anchors::default();
    anchors.add_file(whole);
    Ok(anchors)
}

/// Adds an anchor to a file, which is made where it is missing; it is on the disk when this returns. After a line that a
/// crash has cut off it begins another.
///
/// # Errors
/// When it can't be written.
pub fn append(file: &Path, anchor: &Anchor) -> anyhow::Result<()> {
    let mut file = OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(file)?;
    let mut last = [b'\n'];
    if file.metadata()?.len() > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let separator = if last == [b'\n'] { "" } else { "\n" };
    file.write_all(format!("{separator}{}", anchor.to_line()?).as_bytes())?;
    file.sync_data()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn an_anchor_after_a_line_that_was_cut_off_stands_on_a_line_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("anchors.jsonl");
        assert!(latest(&path).is_err());
        let anchor = |number| Anchor { number, mac: [7; 32], at: Timestamp::UNIX_EPOCH };
        append(&path, &anchor(1)).unwrap();
        let length = std::fs::metadata(&path).unwrap().len();
        append(&path, &anchor(2)).unwrap();
        OpenOptions::new().write(true).open(&path).unwrap().set_len(length + 9).unwrap();
        append(&path, &anchor(3)).unwrap();
        let found = latest(&path).unwrap();
        assert_eq!((found.len(), found.last(), found.unreadable), (2, Some(3), 1));
    }

    #[test]
    fn of_a_long_file_the_end_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("anchors.jsonl");
        let lines = (1..=2000).map(|number| Anchor { number, mac: [7; 32], at: Timestamp::UNIX_EPOCH });
        let text: String = lines.map(|anchor| anchor.to_line().unwrap()).collect();
        std::fs::write(&path, text).unwrap();
        let found = latest(&path).unwrap();
        assert!(found.last() == Some(2000) && found.unreadable == 0 && found.len() < 1000, "{}", found.len());
    }
}
