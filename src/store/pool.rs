//! Lends connections: SQLite's readers, and everything on PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use super::connection::{Connection, Opener, Purpose};
use super::error::StoreError;

/// How often work is repeated after another transaction got in between.
#[cfg(feature = "postgres")]
const RACES: u32 = 6;

#[derive(Clone)]
pub(super) struct Pool {
    connections: r2d2::Pool<Lender>,
    /// As many permits as connections: waiting happens here, where it takes no thread.
    gate: Arc<Semaphore>,
    /// Half as many, for those who take one of these first.
    half: Arc<Semaphore>,
    is_halved: bool,
    size: u32,
    wait: Duration,
}

/// The right to one connection, for as long as this is kept.
struct Admission {
    _half: Option<OwnedSemaphorePermit>,
    _gate: OwnedSemaphorePermit,
}

/// Opens and judges the pool's connections.
struct Lender {
    opener: Opener,
    purpose: Purpose,
}

impl r2d2::ManageConnection for Lender {
    type Connection = Connection;
    type Error = StoreError;

    fn connect(&self) -> Result<Connection, StoreError> {
        self.opener.open(self.purpose)
    }

    fn is_valid(&self, connection: &mut Connection) -> Result<(), StoreError> {
        connection.ping()
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        connection.is_broken()
    }
}

impl Pool {
    pub fn new(opener: Opener, purpose: Purpose, size: u32, wait: Duration) -> Self {
        let size = size.max(1);
        // No test at each loan, which would cost a round trip: a connection that turns out to be dead is replaced.
        let connections = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .test_on_check_out(false)
            .connection_timeout(wait.max(Duration::from_millis(1)))
            .error_handler(Box::new(r2d2::NopErrorHandler))
            .build_unchecked(Lender { opener, purpose });
        let permits = usize::try_from(size).unwrap_or(Semaphore::MAX_PERMITS);
        let gate = |permits| Arc::new(Semaphore::new(permits));
        let (gate, half) = (gate(permits), gate(permits.div_ceil(2)));
        Self { connections, gate, half, is_halved: false, size, wait }
    }

    /// The same pool for work that may wait: all of it together never has more than half of the connections.
    pub fn halved(&self) -> Self {
        Self { is_halved: true, ..self.clone() }
    }

    async fn admit(&self) -> Result<Admission, StoreError> {
        let admission = async {
            let half = match self.is_halved {
                true => Some(Arc::clone(&self.half).acquire_owned().await?),
                false => None,
            };
            Ok::<_, AcquireError>(Admission {
                _half: half,
                _gate: Arc::clone(&self.gate).acquire_owned().await?,
            })
        };
        let admission = tokio::time::timeout(self.wait, admission).await;
        admission
            .map_err(|_| StoreError::Busy(format!("no connection was free for {:?}", self.wait)))?
            .map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    /// Reads one state of the database, on a thread that may block.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Connection) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let permit = self.admit().await?;
        let pool = self.clone();
        finished(
            spawn_blocking(move || {
                let _permit = permit;
                let mut connection = pool.begin(Connection::begin_reading)?;
                connection.conclude(&work)
            })
            .await,
        )
    }

    /// Does the work in a transaction of its own and tells whether it made jobs ready. The work is done again where
    /// another transaction got in between.
    #[cfg(feature = "postgres")]
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Connection) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<(T, bool), StoreError> {
        let permit = self.admit().await?;
        let pool = self.clone();
        finished(
            spawn_blocking(move || {
                let _permit = permit;
                let mut race = 0;
                loop {
                    let mut connection = pool.begin(Connection::begin_writing)?;
                    connection.work_is_ready = false;
                    match connection.conclude(&work) {
                        Err(error) if error.lost_a_race() && race < RACES => {
                            drop(connection);
                            std::thread::sleep(Duration::from_millis(1 << race));
                            race += 1;
                        }
                        outcome => return outcome.map(|value| (value, connection.work_is_ready)),
                    }
                }
            })
            .await,
        )
    }

    /// A connection with a transaction begun. Connections that died while they were idle (the server was restarted)
    /// show it here, where nothing has been done yet: each is dropped and the next one taken.
    fn begin(
        &self,
        begin: fn(&mut Connection) -> Result<(), StoreError>,
    ) -> Result<r2d2::PooledConnection<Lender>, StoreError> {
        let mut dead = 0;
        loop {
            let lent = self.connections.get();
            let mut connection = lent.map_err(|error| StoreError::Unavailable(error.to_string()))?;
            match begin(&mut connection) {
                Ok(()) => return Ok(connection),
                Err(StoreError::Unavailable(_)) if dead < self.size => dead += 1,
                Err(error) => return Err(error),
            }
        }
    }
}

fn finished<T>(outcome: Result<Result<T, StoreError>, tokio::task::JoinError>) -> Result<T, StoreError> {
    outcome.unwrap_or_else(|error| Err(StoreError::Unavailable(error.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::keyring::Keyring;
    use crate::store::connection::Target;

    /// Admission alone: no connection is ever opened.
    fn pool(size: u32) -> Pool {
        let target = Target::Sqlite { path: "/nowhere".to_owned() };
        let opener = Opener { target, keyring: Arc::new(Keyring::from_master(&[7; 32])) };
        Pool::new(opener, Purpose::Read, size, Duration::from_millis(20))
    }

    #[tokio::test]
    async fn work_that_may_wait_leaves_half_of_the_connections_to_others() {
        let pool = pool(4);
        let (jobs, more_jobs) = (pool.halved(), pool.halved());
        let running = (jobs.admit().await.ok().unwrap(), more_jobs.admit().await.ok().unwrap());
        assert!(matches!(jobs.admit().await, Err(StoreError::Busy(_))));
        let pushes = (pool.admit().await.ok().unwrap(), pool.admit().await.ok().unwrap());
        assert!(matches!(pool.admit().await, Err(StoreError::Busy(_))), "four in all");
        drop(pushes);
        assert!(matches!(jobs.admit().await, Err(StoreError::Busy(_))), "still no more than half");
        drop(running);
        assert!(jobs.admit().await.is_ok());
    }

    #[tokio::test]
    async fn one_connection_serves_all() {
        let pool = pool(1);
        drop(pool.halved().admit().await.ok().unwrap());
        assert!(pool.admit().await.is_ok());
    }
}
