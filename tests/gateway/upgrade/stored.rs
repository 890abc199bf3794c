//! A gateway's data in one file: the database (SQLite), the documents, the master key, and how many rows there were.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

#[cfg(feature = "postgres")]
use diesel::connection::{Connection as _, Instrumentation, SimpleConnection as _};
#[cfg(feature = "postgres")]
use diesel::pg::PgConnection;
#[cfg(feature = "postgres")]
use diesel_migrations::{FileBasedMigrations, MigrationHarness as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::house::Database;
use crate::ledger::Ledger;

pub const DATABASE: &str = "baohan.db";
pub const MASTER_KEY: &str = "master.key";
const ROWS: &str = "rows.json";

/// Names of files with their content.
pub struct Stored(BTreeMap<String, Vec<u8>>);

impl Stored {
    /// Takes up what a gateway that has ended left in a folder.
    pub fn take(folder: &Path) -> Self {
        let mut files = BTreeMap::new();
        // One file, whatever stands beside it.
        let whole = folder.join("whole.db");
        let live = Ledger::of(folder.join(DATABASE).to_str().unwrap());
        live.execute(&format!("VACUUM INTO '{}'", whole.display()));
        let ledger = Ledger::of(whole.to_str().unwrap());
        let count = |table: &String| {
            ledger.lines(&format!("SELECT CAST(count(*) AS TEXT) AS line FROM {table}"))[0].parse().unwrap()
        };
        let rows: BTreeMap<String, u64> =
            tables(&whole).into_iter().map(|table| (table.clone(), count(&table))).collect();
        files.insert(ROWS.to_owned(), serde_json::to_vec_pretty(&rows).unwrap());
        files.insert(DATABASE.to_owned(), std::fs::read(&whole).unwrap());
        files.insert(MASTER_KEY.to_owned(), std::fs::read(folder.join(MASTER_KEY)).unwrap());
        let documents = folder.join("documents");
        for group in std::fs::read_dir(&documents).unwrap() {
            for file in std::fs::read_dir(group.unwrap().path()).unwrap() {
                let path = file.unwrap().path();
                let name = format!("documents/{}", path.strip_prefix(&documents).unwrap().display());
                files.insert(name, std::fs::read(path).unwrap());
            }
        }
        Self(files)
    }

    pub fn read(file: &Path) -> Self {
        let mut archive = ZipArchive::new(File::open(file).unwrap()).unwrap();
        let mut files = BTreeMap::new();
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            let name = entry.name().unwrap().into_owned();
            files.insert(name, content);
        }
        Self(files)
    }

    pub fn write(&self, file: &Path) {
        let mut archive = ZipWriter::new(File::create(file).unwrap());
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        for (name, content) in &self.0 {
            archive.start_file(name.as_str(), options).unwrap();
            archive.write_all(content).unwrap();
        }
        archive.finish().unwrap();
    }

    /// Writes the files into a folder, in place of those that are there.
    pub fn unpack(&self, folder: &Path) {
        for (name, content) in self.0.iter().filter(|(name, _)| *name != ROWS) {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, content).unwrap();
        }
        std::fs::set_permissions(folder.join(MASTER_KEY), std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// How many rows each table had.
    pub fn rows(&self) -> BTreeMap<String, u64> {
        serde_json::from_slice(&self.0[ROWS]).unwrap()
    }

    /// The settings' `[store]` section for the data in a kind of database, which is loaded where it is another one than
    /// that of the folder.
    pub fn store_section(&self, database: Database) -> String {
        match database {
            Database::Sqlite => String::new(),
            #[cfg(feature = "postgres")]
            Database::Postgres => {
                let section = crate::ground::store_section(database);
                let settings: toml::Value = toml::from_str(&section).unwrap();
                self.load_into(settings["store"]["url"].as_str().unwrap());
                section
            }
        }
    }

    /// Brings a server's database to the same schema, and copies every row.
    #[cfg(feature = "postgres")]
    fn load_into(&self, url: &str) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(DATABASE);
        std::fs::write(&file, &self.0[DATABASE]).unwrap();
        let source = Ledger::of(file.to_str().unwrap());
        let mut target = PgConnection::establish(url).unwrap();
        // What is loaded here is no statement of the gateway's.
        target.set_instrumentation(None::<Box<dyn Instrumentation>>);
        let migrations =
            FileBasedMigrations::from_path(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap();
        for version in source.lines("SELECT version AS line FROM __diesel_schema_migrations ORDER BY 1") {
            let run = target.run_next_migration(migrations.clone()).unwrap();
            assert_eq!(run.to_string(), version);
        }
        for table in tables(&file) {
            let columns = source.lines(&format!("SELECT name AS line FROM pragma_table_info('{table}')"));
            let literals: Vec<String> = columns.iter().map(|column| {
                format!("CASE typeof({column}) WHEN 'blob' THEN '''\\x' || hex({column}) || '''' ELSE quote({column}) END")
            }).collect();
            let insert = format!("INSERT INTO {table} ({}) VALUES (", columns.join(", "));
            let rows =
                format!("SELECT '{insert}' || {} || ')' AS line FROM {table}", literals.join(" || ', ' || "));
            for row in source.lines(&rows) {
                target.batch_execute(&row).unwrap();
            }
        }
    }
}

/// The tables of the gateway in a SQLite file.
fn tables(database: &Path) -> Vec<String> {
    Ledger::of(database.to_str().unwrap()).lines(
        "SELECT name AS line FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_\\_%' ESCAPE '\\' ORDER BY 1",
    )
}
