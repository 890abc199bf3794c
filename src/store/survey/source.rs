//! The rows of a live database or of a copied file, as a survey reads them: one after the other, however many there are.

use std::path::Path;

use diesel::Connection as _;
use diesel::connection::DefaultLoadingMode;
#[cfg(feature = "postgres")]
use diesel::pg::PgRowByRowLoadingMode;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Text};
use diesel::sqlite::SqliteConnection;

use super::{Survey, Surveyor};
use crate::crypto::keyring::{StoredKek, StoredKey};
use crate::domain::identity::DocumentDigest;
use crate::store::connection::{Connection, Link, on};
use crate::store::error::StoreError;
use crate::store::key_hierarchy;
use crate::store::sealed::{DOCUMENTS, SEALED};

/// Where diesel notes which migrations it has run.
const MIGRATIONS_TABLE: &str = "__diesel_schema_migrations";

pub struct Source {
    link: Link,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// A sealed value with the key of its row; parts that there are not are empty.
#[derive(QueryableByName)]
struct SealedRow {
    #[diesel(sql_type = Text)]
    first: String,
    #[diesel(sql_type = Text)]
    second: String,
    #[diesel(sql_type = Text)]
    third: String,
    #[diesel(sql_type = Binary)]
    value: Vec<u8>,
}

impl Source {
    pub fn of(connection: Connection) -> Self {
        Self { link: connection.link }
    }

    /// A file that is not written to: SQLite takes no locks and makes no files beside it.
    pub fn of_file(file: &Path) -> Result<Self, StoreError> {
        let shown = file.display();
        let unusable = |detail: String| StoreError::Unusable(format!("`{shown}`: {detail}"));
        let path = file.to_str().ok_or_else(|| unusable("expected a path in UTF-8".to_owned()))?;
        // These three mean something in an address.
        let path = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
        let link = SqliteConnection::establish(&format!("file:{path}?mode=ro&immutable=1"));
        Ok(Self { link: Link::Sqlite(link.map_err(|error| unusable(error.to_string()))?) })
    }

    /// What is wrong with the structure of a SQLite file.
    pub fn integrity_faults(&mut self) -> Result<Vec<String>, StoreError> {
        let found = self.lines("SELECT integrity_check AS line FROM pragma_integrity_check")?;
        Ok(found
            .into_iter()
            .filter(|line| line != "ok")
            .map(|line| format!("the database: {line}"))
            .collect())
    }

    pub fn copy_to(&mut self, file: &Path) -> Result<(), StoreError> {
        let path = file.to_str();
        let path =
            path.ok_or_else(|| StoreError::Unusable(format!("`{}`: expected UTF-8", file.display())))?;
        let copy = diesel::sql_query("VACUUM INTO ?").bind::<Text, _>(path);
        match &mut self.link {
            Link::Sqlite(link) => copy.execute(link)?,
            #[cfg(feature = "postgres")]
            Link::Postgres(_) => return Err(StoreError::Unusable("not a file".to_owned())),
        };
        Ok(())
    }

    pub fn server_version(&mut self) -> Result<u32, StoreError> {
        let said = self.lines("SELECT current_setting('server_version_num') AS line")?;
        let version = said.first().and_then(|text| text.parse().ok());
        version.ok_or_else(|| StoreError::Unusable(format!("expected a version, found {said:?}")))
    }

    pub fn tables(&mut self) -> Result<Vec<String>, StoreError> {
        match &self.link {
            Link::Sqlite(_) => self.lines(
                "SELECT name AS line FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1",
            ),
            #[cfg(feature = "postgres")]
            Link::Postgres(_) => self.lines(
                "SELECT table_name::text AS line FROM information_schema.tables \
                 WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY 1",
            ),
        }
    }

    /// `table.column` of all columns.
    fn columns(&mut self) -> Result<Vec<String>, StoreError> {
        match &self.link {
            Link::Sqlite(_) => self.lines(
                "SELECT t.name || '.' || c.name AS line FROM sqlite_schema t, pragma_table_info(t.name) c \
                 WHERE t.type = 'table'",
            ),
            #[cfg(feature = "postgres")]
            Link::Postgres(_) => self.lines(
                "SELECT table_name || '.' || column_name AS line FROM information_schema.columns \
                 WHERE table_schema = current_schema()",
            ),
        }
    }

    /// The wrapped keys that it holds; none where it is of a version that had no tables for them.
    pub fn stored_keys(&mut self) -> Result<(Vec<StoredKek>, Vec<StoredKey>), StoreError> {
        if !self.tables()?.iter().any(|table| table == "key_hierarchy") {
            return Ok((Vec::new(), Vec::new()));
        }
        let keks = self.lines(
            "SELECT CAST(version AS TEXT) || ' ' || master_id || ' ' || wrapped || ' ' \
                    || COALESCE(CAST(destroyed_at AS TEXT), '') AS line FROM key_encryption_keys",
        )?;
        let keys = self.lines(
            "SELECT purpose || ' ' || id || ' ' || CAST(kek_version AS TEXT) || ' ' || wrapped || ' ' \
                    || CAST(activates_at AS TEXT) || ' ' || COALESCE(CAST(destroyed_at AS TEXT), '') AS line \
             FROM data_keys",
        )?;
        let keks = keks.iter().filter_map(|line| {
            let texts: Vec<&str> = line.split(' ').collect();
            key_hierarchy::kek_of_texts(texts.try_into().ok()?)
        });
        let keys = keys.iter().filter_map(|line| {
            let texts: Vec<&str> = line.split(' ').collect();
            key_hierarchy::key_of_texts(texts.try_into().ok()?)
        });
        Ok((keks.collect(), keys.collect()))
    }

    pub fn survey(mut self, mut surveyor: Surveyor) -> Result<Survey, StoreError> {
        for table in self.tables()? {
            if table == MIGRATIONS_TABLE {
                let versions = format!("SELECT version AS line FROM {table} ORDER BY version");
                self.lines(&versions)?.into_iter().for_each(|version| surveyor.migrated(version));
            } else {
                let count = format!("SELECT CAST(count(*) AS TEXT) AS line FROM \"{table}\"");
                let count = self.lines(&count)?.first().and_then(|count| count.parse().ok());
                surveyor.counted(&table, count.unwrap_or(0));
            }
        }
        let columns = self.columns()?;
        // A copy of an earlier version has fewer.
        let has = |table: &str, column: &str| columns.contains(&format!("{table}.{column}"));
        for (table, column, size) in DOCUMENTS.iter().filter(|(table, column, _)| has(table, column)) {
            let size = size.map_or_else(|| "''".to_owned(), |size| format!("CAST({size} AS TEXT)"));
            let query = format!(
                "SELECT DISTINCT {column} || ' ' || {size} AS line FROM {table} WHERE {column} IS NOT NULL"
            );
            self.each(&query, |Line { line }| {
                let (digest, size) = line.split_once(' ').unwrap_or((&line, ""));
                surveyor.named(DocumentDigest::new(digest), size.parse().ok());
            })?;
        }
        for sealed in SEALED.iter().filter(|sealed| has(sealed.table, sealed.column)) {
            let part = |index: usize| {
                sealed
                    .key
                    .get(index)
                    .map_or_else(|| "''".to_owned(), |column| format!("CAST({column} AS TEXT)"))
            };
            let query = format!(
                "SELECT {} AS first, {} AS second, {} AS third, {column} AS value FROM {} WHERE {column} IS NOT NULL",
                part(0),
                part(1),
                part(2),
                sealed.table,
                column = sealed.column,
            );
            self.each(&query, |row: SealedRow| {
                let key = [row.first.as_str(), row.second.as_str(), row.third.as_str()];
                surveyor.sealed(sealed, key.get(..sealed.key.len()).unwrap_or_default(), &row.value);
            })?;
        }
        Ok(surveyor.finish())
    }

    fn lines(&mut self, sql: &str) -> Result<Vec<String>, StoreError> {
        let rows: Vec<Line> = on!(self, |link| diesel::sql_query(sql).load(link))?;
        Ok(rows.into_iter().map(|row| row.line).collect())
    }

    /// Never more than one row is in memory.
    fn each<T>(&mut self, sql: &str, mut seen: impl FnMut(T)) -> Result<(), StoreError>
    where
        T: Readable,
    {
        let query = diesel::sql_query(sql);
        match &mut self.link {
            Link::Sqlite(link) => {
                for row in query.load_iter::<T, DefaultLoadingMode>(link)? {
                    seen(row?);
                }
            }
            #[cfg(feature = "postgres")]
            Link::Postgres(link) => {
                for row in query.load_iter::<T, PgRowByRowLoadingMode>(link)? {
                    seen(row?);
                }
            }
        }
        Ok(())
    }
}

/// A row that either database can be read as.
#[cfg(feature = "postgres")]
trait Readable: QueryableByName<diesel::sqlite::Sqlite> + QueryableByName<diesel::pg::Pg> + 'static {}
#[cfg(feature = "postgres")]
impl<T: QueryableByName<diesel::sqlite::Sqlite> + QueryableByName<diesel::pg::Pg> + 'static> Readable for T {}

/// A row that the database can be read as.
#[cfg(not(feature = "postgres"))]
trait Readable: QueryableByName<diesel::sqlite::Sqlite> + 'static {}
#[cfg(not(feature = "postgres"))]
impl<T: QueryableByName<diesel::sqlite::Sqlite> + 'static> Readable for T {}
