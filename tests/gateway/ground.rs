//! What every test of a whole gateway stands on: a fresh database of either kind, and keys and seal made once.

use std::path::Path;
use std::sync::OnceLock;

use baohan_gateway::cli::demo::props;
use baohan_gateway::clock::Clock;
#[cfg(feature = "postgres")]
use diesel::{Connection as _, RunQueryDsl as _, pg::PgConnection};

/// Defines tests that run on both databases.
macro_rules! on_both_databases {
    ($(async fn $name:ident($database:ident: Database) $body:block)*) => {
        $(async fn $name($database: crate::ground::Database) $body)*

        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name(crate::ground::Database::Sqlite).await;
                }
            )*
        }

        #[cfg(feature = "postgres")]
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name(crate::ground::Database::Postgres).await;
                }
            )*
        }
    };
}
pub(crate) use on_both_databases;

#[derive(Clone, Copy, Debug)]
pub enum Database {
    Sqlite,
    #[cfg(feature = "postgres")]
    Postgres,
}

/// Keys and seal are made once for all tests of this process; making them takes a second.
pub fn keys_and_seal() -> &'static Path {
    static MADE: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        props::keys_and_seal(folder.path(), Clock::system().now()).unwrap();
        folder
    });
    folder.path()
}

pub fn copy_all(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy_all(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The settings' `[store]` section where it differs from a demonstration's.
pub fn store_section(database: Database) -> String {
    match database {
        Database::Sqlite => String::new(),
        #[cfg(feature = "postgres")]
        Database::Postgres => format!("[store]\nurl = {:?}\n", fresh_postgres()),
    }
}

/// A database of the test's own on the server that `tests/run` starts.
#[cfg(feature = "postgres")]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where tests learn of the server that tests/run started"
)]
pub fn fresh_postgres() -> String {
    let server = std::env::var("BAOHAN_TEST_POSTGRES")
        .expect("BAOHAN_TEST_POSTGRES names no server: run `tests/run`, which starts one and then the tests");
    let name = format!("g_{}", uuid::Uuid::now_v7().simple());
    let mut admin = PgConnection::establish(&server).unwrap();
    diesel::sql_query(format!("CREATE DATABASE {name}")).execute(&mut admin).unwrap();
    format!("{}/{name}", server.rsplit_once('/').unwrap().0)
}
