//! What a gateway leaves behind it, on disks, in the log and with the database's server, gathered to be searched.

use std::path::{Path, PathBuf};

#[cfg(feature = "postgres")]
use baohan_gateway::settings;
#[cfg(feature = "postgres")]
use diesel::prelude::*;

use crate::serving::Serving;
#[cfg(feature = "postgres")]
use crate::traces::Planted;
use crate::traces::Traces;

/// Everything that others may come to see of a running gateway, whose files are in the folder. Files that are secret by
/// themselves are left out.
pub async fn of(files: &[PathBuf], folder: &Path, without: &[&str], serving: &Serving) -> Traces {
    let mut traces = Traces::default();
    traces.add_folder(folder, without);
    add_tables(files, &mut traces);
    add_server(files, &folder.join("master.key"), &mut traces);
    add_open_files(serving.id(), &mut traces);
    traces.add("log", &serving.log());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let page = client.get(format!("http://{}/metrics", serving.metrics)).send().await.unwrap();
    let page = page.text().await.unwrap();
    assert!(page.contains("gw_outbound_attempts_total"), "{page}");
    traces.add("metrics", page.as_bytes());
    traces
}

#[cfg(feature = "postgres")]
#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    line: String,
}

/// SQLite's tables are in the folder.
#[cfg(not(feature = "postgres"))]
pub fn add_tables(_: &[PathBuf], _: &mut Traces) {}

#[cfg(feature = "postgres")]
pub fn add_tables(files: &[PathBuf], traces: &mut Traces) {
    let settings = settings::load(files).unwrap();
    let url = settings.store.url.expose();
    if !url.starts_with("postgres") {
        return;
    }
    let mut link = PgConnection::establish(url).unwrap();
    let mut lines = |sql: &str| -> Vec<Line> { diesel::sql_query(sql).load(&mut link).unwrap() };
    let tables = lines(
        "SELECT CAST(table_name AS TEXT) AS line FROM information_schema.tables WHERE table_schema = 'public'",
    );
    assert!(tables.len() > 8);
    for Line { line: table } in tables {
        for row in lines(&format!("SELECT CAST(row_to_json(t) AS TEXT) AS line FROM {table} t")) {
            traces.add(format!("table {table}"), row.line.as_bytes());
        }
    }
}

/// What the process holds open though it has no name any more, such as SQLite's temporary files, and what it was started
/// with. Another account than the administrator's does not get to see that.
fn add_open_files(process: u32, traces: &mut Traces) {
    let process = Path::new("/proc").join(process.to_string());
    for name in ["cmdline", "environ"] {
        traces.add(format!("process's {name}"), &std::fs::read(process.join(name)).unwrap_or_default());
    }
    for entry in std::fs::read_dir(process.join("fd")).into_iter().flatten().flatten() {
        let target = std::fs::read_link(entry.path()).unwrap_or_default().display().to_string();
        if target.starts_with('/') && target.ends_with("(deleted)") {
            traces.add(target, &std::fs::read(entry.path()).unwrap_or_default());
        }
    }
}

/// SQLite has no server.
#[cfg(not(feature = "postgres"))]
fn add_server(_: &[PathBuf], _: &Path, _: &mut Traces) {}

/// The server's own files as far as they may have to do with the test: those of its database, and what was written to the log
/// ahead since the file was made. They are looked at where the server's account lets one.
#[cfg(feature = "postgres")]
fn add_server(files: &[PathBuf], made_before: &Path, traces: &mut Traces) {
    let settings = settings::load(files).unwrap();
    let url = settings.store.url.expose();
    if !url.starts_with("postgres") {
        return;
    }
    let mut link = PgConnection::establish(url).unwrap();
    diesel::sql_query("CHECKPOINT").execute(&mut link).unwrap();
    let mut line = |sql: &str| diesel::sql_query(sql).get_result::<Line>(&mut link).unwrap().line;
    let folder = PathBuf::from(line("SELECT current_setting('data_directory') AS line"));
    let own = line("SELECT CAST(oid AS TEXT) AS line FROM pg_database WHERE datname = current_database()");
    if std::fs::read_dir(&folder).is_err() {
        return;
    }
    let known = Planted::new("the table's name", "api_answers");
    let mut server = Traces::default();
    server.add_folder(&folder.join("base").join(own), &[]);
    assert!(!server.places(&known).is_empty(), "these are the files of the test's database");
    traces.append(server);
    let begun = std::fs::metadata(made_before).unwrap().modified().unwrap();
    for entry in std::fs::read_dir(folder.join("pg_wal")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && std::fs::metadata(&path).is_ok_and(|about| about.modified().unwrap() >= begun) {
            traces.add(path.display().to_string(), &std::fs::read(&path).unwrap_or_default());
        }
    }
}
