//! What the gateway remembers, on SQLite or PostgreSQL, behind one door.
//!
//! [`Store::write`] runs a closure in a transaction and answers only after the commit; [`Store::read`] runs one over
//! a single state of the database. Inside, each table's module offers functions over [`Connection`]. A write may be
//! run again, where another transaction got in between, so it is an `Fn` and does nothing outside the database; above
//! all, it does not call anybody over a network.
//!
//! What may not be stored in the clear is sealed by the keyring before it reaches a column ([`Connection`]).

pub mod abnormal_sections;
pub mod alarms;
pub mod api_answers;
pub mod api_keys;
pub mod archive;
pub mod audit;
pub mod bindings;
pub mod callbacks;
pub mod changes;
pub mod deliveries;
pub mod documents;
pub mod events;
pub mod evidence;
pub mod guarantees;
pub mod identity_requests;
pub mod jobs;
pub mod key_hierarchy;
pub mod keys;
pub mod links;
pub mod messages;
pub mod named_documents;
pub mod openings;
pub mod pauses;
pub mod proposals;
pub mod reach;
pub mod reconciliations;
pub mod recovery_codes;
pub mod replays;
pub mod schema;
pub mod sealed;
pub mod sessions;
pub mod sign_in_failures;
pub mod statements;
pub mod survey;
pub mod uploads;
pub mod users;

mod awaited;
mod connection;
mod error;
mod location;
mod migrations;
mod mishap;
mod options;
mod pool;
#[cfg(test)]
mod tests;
mod time;
mod writer;

use std::any::type_name_of_val;
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;
use tokio::task::spawn_blocking;

pub use archive::{Archive, ArchiveOptions};
pub use connection::Connection;
pub use error::{Constraint, StoreError};
pub use location::Location;
pub use migrations::known_migrations;
pub use mishap::{Boundary, Disturbance, Mishap};
pub use options::StoreOptions;

use connection::{Opener, Purpose, Target};
use pool::Pool;
use writer::Writer;

use crate::crypto::keyring::{KeyId, Keyring};
use crate::telemetry::Metrics;

/// The database. Clones share it.
#[derive(Clone)]
pub struct Store {
    opener: Opener,
    engine: Engine,
    work_is_ready: Arc<Notify>,
    /// Empty but in tests.
    disturbance: Arc<OnceLock<Box<dyn Disturbance>>>,
    /// Who is told where the database is too busy.
    metrics: Arc<OnceLock<Metrics>>,
}

/// How writes and reads reach the database.
#[derive(Clone)]
enum Engine {
    Sqlite {
        writer: Writer,
        readers: Pool,
    },
    #[cfg(feature = "postgres")]
    Postgres(Pool),
}

impl Store {
    /// Opens the database that the options name; a folder that is missing for SQLite is made. Migrations are run by
    /// [`Self::migrate`].
    ///
    /// # Errors
    /// When the database can't be reached, this program is built without support for it, or its keys are wrapped under
    /// another master key.
    pub fn open(options: &StoreOptions, keyring: Arc<Keyring>) -> Result<Self, StoreError> {
        let opener = Opener { target: Target::parse(options)?, keyring };
        let work_is_ready = Arc::new(Notify::new());
        // Opened here so that a wrong address is told now, in full, and not at the first push.
        let mut first = opener.open(Purpose::Write)?;
        first.load_keys()?;
        let engine = match &opener.target {
            Target::Sqlite { .. } => Engine::Sqlite {
                writer: Writer::start(opener.clone(), first, options.queue, Arc::clone(&work_is_ready))?,
                readers: Pool::new(opener.clone(), Purpose::Read, options.readers, options.wait),
            },
            #[cfg(feature = "postgres")]
            Target::Postgres { .. } => {
                Engine::Postgres(Pool::new(opener.clone(), Purpose::Write, options.connections, options.wait))
            }
        };
        Ok(Self { opener, engine, work_is_ready, disturbance: Arc::default(), metrics: Arc::default() })
    }

    /// From now on, what the database is too busy for is counted, by this store and its clones.
    #[must_use]
    pub fn reporting_to(self, metrics: Metrics) -> Self {
        drop(self.metrics.set(metrics));
        self
    }

    /// The same database for work on which nobody waits: together it never has more than half of the connections, so that a
    /// push finds one whatever the house is busy with.
    #[must_use]
    pub fn for_jobs(&self) -> Self {
        let engine = match &self.engine {
            Engine::Sqlite { writer, readers } => {
                Engine::Sqlite { writer: writer.clone(), readers: readers.halved() }
            }
            #[cfg(feature = "postgres")]
            Engine::Postgres(pool) => Engine::Postgres(pool.halved()),
        };
        Self { engine, ..self.clone() }
    }

    /// Runs the work in a transaction; when this returns, it is committed, or nothing of it is there.
    ///
    /// # Errors
    /// The work's own error, after which nothing is written; [`StoreError::Busy`] where too much is waiting;
    /// [`StoreError::Unavailable`] where the database is gone.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Connection) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        match self.mishap(type_name_of_val(&work)) {
            // Boxed, since the work may carry a whole guarantee, and futures hold all that they await.
            None => Box::pin(self.write_undisturbed(work)).await,
            Some(mishap) => {
                mishap.meet(Boundary::Begin)?;
                let written = Box::pin(self.write_undisturbed(failing(&mishap, work))).await?;
                mishap.meet(Boundary::Answer)?;
                Ok(written)
            }
        }
    }

    async fn write_undisturbed<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Connection) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let written = match &self.engine {
            Engine::Sqlite { writer, .. } => writer.write(work).await,
            #[cfg(feature = "postgres")]
            Engine::Postgres(pool) => pool.write(work).await.map(|(value, work_is_ready)| {
                if work_is_ready {
                    self.work_is_ready.notify_waiters();
                }
                value
            }),
        };
        self.counted(written)
    }

    /// Runs the work over one state of the database; it can't write.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Connection) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        match self.mishap(type_name_of_val(&work)) {
            None => Box::pin(self.read_undisturbed(work)).await,
            Some(mishap) => {
                mishap.meet(Boundary::Begin)?;
                let read = Box::pin(self.read_undisturbed(failing(&mishap, work))).await?;
                mishap.meet(Boundary::Answer)?;
                Ok(read)
            }
        }
    }

    async fn read_undisturbed<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Connection) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        self.counted(match &self.engine {
            Engine::Sqlite { readers, .. } => readers.read(work).await,
            #[cfg(feature = "postgres")]
            Engine::Postgres(pool) => pool.read(work).await,
        })
    }

    fn counted<T>(&self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        if let (Err(StoreError::Busy(_) | StoreError::Contended(_)), Some(metrics)) =
            (&outcome, self.metrics.get())
        {
            metrics.database_busy();
        }
        outcome
    }

    /// From now on, every call of this store and its clones may meet a mishap; for tests. A second disturbance is not
    /// taken.
    pub fn disturb(&self, disturbance: impl Disturbance) {
        drop(self.disturbance.set(Box::new(disturbance)));
    }

    fn mishap(&self, work: &'static str) -> Option<Arc<Mishap>> {
        self.disturbance.get()?.strike(work).map(Arc::new)
    }

    /// Asks whether the database takes writes, and has room for them where it is a file; changes nothing.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.write(Connection::try_writing).await
    }

    /// Runs the migrations that are missing and names them, makes the first keys of a database that has none, and learns
    /// what guarantees of earlier versions await.
    /// Replicas may do so together.
    ///
    /// # Errors
    /// When a migration fails for another reason than that race.
    pub async fn migrate(&self) -> Result<Vec<String>, StoreError> {
        self.on_own_connection(Connection::migrate).await
    }

    /// The migrations that have not been run, oldest first.
    ///
    /// # Errors
    /// When the database can't be asked.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        self.on_own_connection(Connection::pending_migrations).await
    }

    /// What seals the columns, and the documents that go with the rows.
    pub fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.opener.keyring)
    }

    /// The id of the key that seals what is new.
    pub fn sealing_key(&self) -> KeyId {
        self.opener.keyring.key_id()
    }

    /// Told after each commit that made a job ready in this process.
    pub fn work_is_ready(&self) -> &Notify {
        &self.work_is_ready
    }

    async fn on_own_connection<T: Send + 'static>(
        &self,
        work: fn(&mut Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let opener = self.opener.clone();
        let done = spawn_blocking(move || work(&mut opener.open(Purpose::Write)?)).await;
        done.unwrap_or_else(|error| Err(StoreError::Unavailable(error.to_string())))
    }
}

/// The same work, which fails before its commit where that is its mishap.
fn failing<T>(
    mishap: &Arc<Mishap>,
    work: impl Fn(&mut Connection) -> Result<T, StoreError> + Send + Sync + 'static,
) -> impl Fn(&mut Connection) -> Result<T, StoreError> + Send + Sync + 'static {
    let mishap = Arc::clone(mishap);
    move |connection| {
        let value = work(connection)?;
        mishap.meet(Boundary::Commit)?;
        Ok(value)
    }
}
