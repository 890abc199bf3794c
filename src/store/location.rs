//! Where the database is, for those who copy it as a whole.

use std::path::PathBuf;

use super::connection::Target;
use super::error::StoreError;
use super::options::StoreOptions;
use crate::secret::Secret;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A file of SQLite, which need not be there.
    File(PathBuf),
    /// The address of a PostgreSQL server, which may hold a password.
    Server(Secret),
}

impl StoreOptions {
    /// # Errors
    /// When the address names no database that this program can use.
    pub fn location(&self) -> Result<Location, StoreError> {
        match Target::parse(self)? {
            Target::Sqlite { path } => Ok(Location::File(PathBuf::from(path))),
            #[cfg(feature = "postgres")]
            Target::Postgres { .. } => Ok(Location::Server(self.url.clone())),
        }
    }
}
