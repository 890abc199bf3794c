//! What looking at a file from outside may cost the machine, where the file decides how long a parser works: the limits
//! of the process hold whatever the parser does.

use std::io::Read;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// No letter is larger, and no larger file is read.
const LARGEST: u64 = 64 << 20;

/// Ten times what the largest file takes that is accepted. Only what can be written counts.
const MEMORY: u64 = 4 << 30;

/// Of all files that one command names; who has more of them names them in several.
const PROCESSOR_SECONDS: u64 = 900;

/// For one file, or one page of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Limits this process for good: its memory, its time, and that it leaves no image of its memory behind. For commands
/// that do nothing but look at files.
///
/// # Errors
/// When the system refuses.
pub fn confine() -> anyhow::Result<()> {
    let limits = [(Resource::Data, MEMORY), (Resource::Cpu, PROCESSOR_SECONDS), (Resource::Core, 0)];
    for (resource, most) in limits {
        // What the system allows already is never raised.
        let allowed = getrlimit(resource).maximum;
        let most = Some(allowed.map_or(most, |allowed| allowed.min(most)));
        setrlimit(resource, Rlimit { current: most, maximum: most })
            .with_context(|| format!("limiting the process ({resource:?})"))?;
    }
    Ok(())
}

/// Reads a file, if it is one of a size that is looked at.
///
/// # Errors
/// When it is none, too large, or cannot be read.
pub fn read_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let named = || format!("`{}`", path.display());
    let file = std::fs::File::open(path).with_context(named)?;
    // A pipe or a device has no end.
    ensure!(file.metadata().with_context(named)?.is_file(), "{}: expected a file", named());
    let mut bytes = Vec::new();
    let read = file.take(LARGEST.saturating_add(1)).read_to_end(&mut bytes).with_context(named)?;
    ensure!(u64::try_from(read)? <= LARGEST, "{}: expected at most {LARGEST} bytes, found more", named());
    Ok(bytes)
}

/// Work in a thread of its own, that hands over one thing after the other.
pub struct Patient<T> {
    handed_over: Receiver<T>,
    patience: Duration,
}

impl<T: Send + 'static> Patient<T> {
    /// Begins the work. What is given up goes on until the process ends.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn begin(work: impl FnOnce(&SyncSender<T>) + Send + 'static) -> anyhow::Result<Self> {
        let (hand_over, handed_over) = sync_channel(0);
        let thread = std::thread::Builder::new().name("parser".to_owned());
        thread.spawn(move || work(&hand_over)).context("starting a thread")?;
        Ok(Self { handed_over, patience: PATIENCE })
    }

    /// Waits a minute for the next.
    ///
    /// # Errors
    /// When there is none by then, or the work ended without one.
    pub fn next(&self) -> anyhow::Result<T> {
        match self.handed_over.recv_timeout(self.patience) {
            Ok(next) => Ok(next),
            Err(RecvTimeoutError::Timeout) => bail!("looking at it takes more than {:?}", self.patience),
            Err(RecvTimeoutError::Disconnected) => bail!("the parser gave up on the file"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn what_does_not_end_is_given_up_and_what_panics_is_told() {
        let both = Patient::begin(|out| (1..3).for_each(|number| out.send(number).unwrap())).unwrap();
        assert_eq!((both.next().unwrap(), both.next().unwrap()), (1, 2));
        let (release, held) = mpsc::channel::<()>();
        let mut endless = Patient::begin(move |_: &SyncSender<u8>| held.recv().unwrap_or_default()).unwrap();
        endless.patience = Duration::ZERO;
        let error = endless.next().unwrap_err().to_string();
        assert!(error.starts_with("looking at it takes more than"), "{error}");
        drop(release);
        let panicking = Patient::begin(|_: &SyncSender<u8>| panic!("a parser's own")).unwrap();
        assert_eq!(panicking.next().unwrap_err().to_string(), "the parser gave up on the file");
    }

    #[test]
    fn only_files_are_read_and_none_that_is_too_large() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("letter.ofd");
        std::fs::write(&path, "letter").unwrap();
        assert_eq!(read_file(&path).unwrap(), b"letter");
        let giant = std::fs::File::options().write(true).open(&path).unwrap();
        giant.set_len(LARGEST + 1).unwrap();
        assert!(read_file(&path).unwrap_err().to_string().contains("found more"));
        assert!(read_file(folder.path()).unwrap_err().to_string().contains("expected a file"));
        assert!(read_file(Path::new("/dev/zero")).unwrap_err().to_string().contains("expected a file"));
    }
}
