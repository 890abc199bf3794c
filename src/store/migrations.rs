//! Brings a database to the shape that this program expects.

use std::time::Duration;

use diesel::migration::MigrationSource;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::{Connection, on};
use super::error::StoreError;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// How often a migration is tried again after another replica got in between.
const TRIES: u64 = 50;

/// The versions of all migrations that this program knows, as a database notes them; oldest first.
///
/// # Errors
/// When they can't be read, which their having been compiled in rules out.
pub fn known_migrations() -> Result<Vec<String>, StoreError> {
    let all = MigrationSource::<Sqlite>::migrations(&MIGRATIONS);
    let all = all.map_err(|error| StoreError::Statement(error.to_string()))?;
    let mut versions: Vec<String> = all.iter().map(|one| one.name().version().to_string()).collect();
    versions.sort();
    Ok(versions)
}

impl Connection {
    /// The migrations that have not been run, oldest first.
    pub(super) fn pending_migrations(&mut self) -> Result<Vec<String>, StoreError> {
        let pending = on!(self, |link| link
            .pending_migrations(MIGRATIONS)
            .map(|all| all.iter().map(|migration| migration.name().to_string()).collect()));
        pending.map_err(|error| StoreError::Statement(error.to_string()))
    }

    /// Runs what is pending and names what it ran. Replicas may start together: those that lose the race try again,
    /// which takes no lock that some databases of PostgreSQL's family lack.
    pub(super) fn migrate(&mut self) -> Result<Vec<String>, StoreError> {
        let mut tries = 0;
        loop {
            let run = on!(self, |link| link
                .run_pending_migrations(MIGRATIONS)
                .map(|all| all.iter().map(ToString::to_string).collect()));
            match run {
                Ok(names) => {
                    self.found_keys()?;
                    self.learn_awaited()?;
                    return Ok(names);
                }
                Err(error) if tries == TRIES => {
                    return Err(StoreError::Statement(format!("migration: {error}")));
                }
                Err(_) => {
                    std::thread::sleep(Duration::from_millis(50 + 20 * tries));
                    tries += 1;
                }
            }
        }
    }
}
