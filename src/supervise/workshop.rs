//! Threads for work that keeps a processor busy for milliseconds. They give way to whatever somebody waits for.

use std::io;
use std::sync::Arc;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

/// A set of threads that grows with the work and shrinks without it. Clones share it.
#[derive(Clone)]
pub struct Workshop {
    entrance: Handle,
    /// Ends with the last clone.
    _threads: Arc<Threads>,
}

/// A runtime of its own, since a thread can step back but not forward again: threads that are lent to others must not.
struct Threads(Option<Runtime>);

impl Workshop {
    /// `niceness` says how far its threads step back behind the others of the process, from 0 to 19, where the system
    /// knows of priorities of threads. Threads that the work itself starts inherit it.
    ///
    /// # Errors
    /// When the system gives no runtime.
    pub fn open(name: &'static str, niceness: u8) -> io::Result<Self> {
        let threads = Builder::new_current_thread()
            .thread_name(name)
            .on_thread_start(move || step_back(name, niceness))
            .build()?;
        Ok(Self { entrance: threads.handle().clone(), _threads: Arc::new(Threads(Some(threads))) })
    }

    /// Runs the work on one of its threads. As with a blocking task, a panic is the handle's error, and work that has
    /// begun goes on when the handle is dropped.
    pub fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        self.entrance.spawn_blocking(work)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Waiting for threads is not allowed where futures run, and a gateway is dropped there.
        if let Some(threads) = self.0.take() {
            threads.shutdown_background();
        }
    }
}

/// Linux takes the priority of a process for that of the thread that asks. Elsewhere it would be the whole process's.
#[cfg(target_os = "linux")]
fn step_back(name: &str, niceness: u8) {
    if let Err(error) = rustix::process::nice(i32::from(niceness)) {
        tracing::warn!(threads = name, %error, "threads can't step back behind others");
    }
}

#[cfg(not(target_os = "linux"))]
fn step_back(_: &str, _: u8) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn its_threads_and_theirs_step_back_and_no_others() {
        let niceness = || rustix::process::getpriority_process(None).unwrap();
        let before = niceness();
        let workshop = Workshop::open("test", 5).unwrap();
        let inside = move || [niceness(), std::thread::spawn(niceness).join().unwrap()];
        let expected = (before + 5).min(19);
        assert_eq!(workshop.run(inside).await.unwrap(), [expected; 2]);
        assert_eq!(niceness(), before);
        assert_eq!(tokio::task::spawn_blocking(niceness).await.unwrap(), before);
    }

    #[tokio::test]
    async fn a_panic_in_it_is_told_to_who_waits_and_it_goes_on() {
        let workshop = Workshop::open("test", 0).unwrap();
        assert!(workshop.run(|| panic!("in the workshop")).await.is_err());
        assert_eq!(workshop.run(|| 3).await.unwrap(), 3);
    }
}
