//! SQLite's one writer: requests that wait together are committed together.
//!
//! Each request runs under a savepoint of its own inside one shared transaction, so that a request that fails or
//! panics undoes only its own writes. A disk is asked to be durable once per batch rather than once per request,
//! which is worth a factor of four on a fast disk and of fifteen on a slow one.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc, oneshot};

use super::connection::{Connection, Opener, Purpose};
use super::error::StoreError;

/// Requests per transaction at most: beyond this, throughput no longer grows and waiting does.
const BATCH: usize = 128;

/// Beyond this, a queue only hides that the disk is too slow.
const LONGEST_QUEUE: usize = 1 << 20;

type Work<T> = dyn Fn(&mut Connection) -> Result<T, StoreError> + Send + Sync;

#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Request>>,
}

/// A write that waits for its turn, and then for the commit.
trait Request: Send {
    /// Does the work; an error here means that the shared transaction is lost.
    fn run(&mut self, connection: &mut Connection) -> Result<(), StoreError>;
    /// Tells the caller how it went, given what became of the shared transaction.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Pending<T> {
    work: Box<Work<T>>,
    outcome: Option<Result<T, StoreError>>,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send> Request for Pending<T> {
    fn run(&mut self, connection: &mut Connection) -> Result<(), StoreError> {
        connection.begin_nested()?;
        let outcome = connection.conclude(&*self.work);
        let lost = match &outcome {
            Err(error @ StoreError::Unavailable(_)) => Err(error.clone()),
            _ => Ok(()),
        };
        self.outcome = Some(outcome);
        lost
    }

    /// A lost transaction comes before the request's own error: what it collided with may be lost too.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { outcome, caller, .. } = *self;
        let not_run = || Err(StoreError::Unavailable("the write was not reached".to_owned()));
        // A caller that has stopped waiting is not told.
        drop(caller.send(committed.and_then(|()| outcome.unwrap_or_else(not_run))));
    }
}

impl Writer {
    /// Starts the thread. It ends when the last `Writer` is dropped and the queue is empty.
    pub fn start(
        opener: Opener,
        connection: Connection,
        queue: u32,
        work_is_ready: Arc<Notify>,
    ) -> Result<Self, StoreError> {
        let capacity = usize::try_from(queue).unwrap_or(usize::MAX).clamp(1, LONGEST_QUEUE);
        let (queue, requests) = mpsc::channel(capacity);
        let mut bench = Bench { opener, connection: Some(connection), work_is_ready };
        std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || bench.serve(requests))
            .map_err(|error| StoreError::Unavailable(format!("the writer's thread: {error}")))?;
        Ok(Self { queue })
    }

    pub async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Connection) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let (caller, answer) = oneshot::channel();
        let request = Pending { work: Box::new(work), outcome: None, caller };
        self.queue.try_send(Box::new(request)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                StoreError::Busy(format!("{} writes are waiting", self.queue.max_capacity()))
            }
            mpsc::error::TrySendError::Closed(_) => gone(),
        })?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable("the writer has stopped".to_owned())
}

/// The writer's thread: its connection, and how to get another one.
struct Bench {
    opener: Opener,
    connection: Option<Connection>,
    work_is_ready: Arc<Notify>,
}

impl Bench {
    fn serve(&mut self, mut requests: mpsc::Receiver<Box<dyn Request>>) {
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(first) = requests.blocking_recv() {
            batch.push(first);
            let committed = self.commit_batch(&mut batch, &mut requests);
            if committed.as_ref().is_ok_and(|work_is_ready| *work_is_ready) {
                self.work_is_ready.notify_waiters();
            }
            let committed = committed.map(|_| ());
            for request in batch.drain(..) {
                request.answer(committed.clone());
            }
        }
    }

    /// Runs the first request and whatever has queued up behind it, and commits them together. Closing the
    /// connection after an error rolls back what is left of the transaction.
    fn commit_batch(
        &mut self,
        batch: &mut Vec<Box<dyn Request>>,
        requests: &mut mpsc::Receiver<Box<dyn Request>>,
    ) -> Result<bool, StoreError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.opener.open(Purpose::Write)?,
        };
        connection.work_is_ready = false;
        connection.begin_writing()?;
        while let Some(request) = batch.last_mut() {
            request.run(&mut connection)?;
            if batch.len() >= BATCH {
                break;
            }
            match requests.try_recv() {
                Ok(request) => batch.push(request),
                Err(_) => break,
            }
        }
        connection.commit()?;
        let work_is_ready = connection.work_is_ready;
        self.connection = Some(connection);
        Ok(work_is_ready)
    }
}

#[cfg(test)]
mod tests {
    use diesel::RunQueryDsl as _;

    use super::*;
    use crate::crypto::keyring::Keyring;
    use crate::store::connection::{Target, on};

    fn execute(connection: &mut Connection, sql: &str) -> Result<usize, StoreError> {
        Ok(on!(connection, |link| diesel::sql_query(sql).execute(link))?)
    }

    /// SQLite undoes the whole transaction when the disk is full, and tells only the request that met it.
    #[tokio::test]
    async fn a_full_disk_loses_the_batch_and_says_so_to_each_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db").display().to_string();
        let keyring = Arc::new(Keyring::from_master(&[7; 32]));
        let opener = Opener { target: Target::Sqlite { path }, keyring };
        let connection = opener.open(Purpose::Write).unwrap();
        let writer = Writer::start(opener, connection, 100, Arc::new(Notify::new())).unwrap();
        writer.write(|c| execute(c, "CREATE TABLE t (x)")).await.unwrap();
        writer.write(|c| execute(c, "PRAGMA max_page_count = 10")).await.unwrap();

        // Polled together, these wait together behind the first until it is released.
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let held = std::sync::Mutex::new(held);
        let first = writer.write(move |c| {
            held.lock().unwrap().recv().unwrap_or(());
            execute(c, "INSERT INTO t VALUES ('before')")
        });
        let second = writer.write(|c| execute(c, "INSERT INTO t VALUES (zeroblob(1000000))"));
        let third = writer.write(|c| execute(c, "INSERT INTO t VALUES ('after')"));
        let (first, second, third, ()) = tokio::join!(first, second, third, async { drop(hold) });
        let full = Err(StoreError::Unavailable("database or disk is full".to_owned()));
        assert_eq!((first, second), (full.clone(), full));
        // The third is not in the lost batch: it is alone in the next one, on a fresh connection.
        assert_eq!(third, Ok(1));
        assert_eq!(writer.write(|c| execute(c, "UPDATE t SET x = x")).await, Ok(1));
    }
}
