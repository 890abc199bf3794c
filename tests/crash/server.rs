//! A PostgreSQL server of a test's own, as durable as in production, that can be killed and started again.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use baohan_gateway::clock::Clock;
use diesel::sql_types::Text;
use diesel::{Connection as _, PgConnection, QueryableByName, RunQueryDsl as _};

use crate::premises::PATIENCE;

/// Between two looks at something that does not say when it changes.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

pub struct Server {
    programs: PathBuf,
    /// Whose processes they are, where the test runs as root, which the server refuses.
    owner: String,
    folder: tempfile::TempDir,
    postmaster: Option<Child>,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

impl Server {
    /// Makes the cluster; it is not started yet.
    pub fn found() -> Self {
        let (programs, owner) = installed();
        // A socket's path holds 107 bytes, which some folders for temporary files use up.
        let folder = tempfile::Builder::new().prefix("baohan-pg.").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).unwrap();
        if !owner.is_empty() {
            assert!(Command::new("chown").arg(&owner).arg(folder.path()).status().unwrap().success());
        }
        let server = Self { programs, owner, folder, postmaster: None };
        let mut command = server.program("initdb");
        command.args(["-U", "baohan", "-A", "trust", "-E", "UTF8", "-N", "-D"]).arg(server.data());
        assert!(command.stdout(Stdio::null()).status().unwrap().success());
        server
    }

    /// Starts it and waits until it has recovered and takes connections.
    pub async fn start(&mut self) {
        let (folder, clock) = (self.folder.path().display().to_string(), Clock::system());
        let log = std::fs::File::create(self.folder.path().join("server.log")).unwrap();
        let mut command = self.program("postgres");
        let setting = |name: &str, value: &str| ["-c".to_owned(), format!("{name}={value}")];
        command.arg("-D").arg(self.data()).args(setting("listen_addresses", ""));
        command.args(setting("unix_socket_directories", &folder)).args(setting("fsync", "on"));
        self.postmaster = Some(command.stdout(Stdio::null()).stderr(log).spawn().unwrap());
        let begun = clock.now();
        while PgConnection::establish(&self.url("postgres")).is_err() {
            assert!(clock.now().duration_since(begun).unsigned_abs() < PATIENCE, "it does not start");
            clock.wait(LOOK_AGAIN).await;
        }
    }

    /// SIGKILL for the postmaster and everything that it started, as when the machine's power fails.
    pub async fn kill(&mut self) {
        let mut postmaster = self.postmaster.take().unwrap();
        let children = format!("/proc/{0}/task/{0}/children", postmaster.id());
        let children = std::fs::read_to_string(children).unwrap();
        let children: Vec<&str> = children.split_whitespace().collect();
        let mut command = Command::new("kill");
        command.arg("-9").arg(postmaster.id().to_string()).args(&children);
        // A child may have ended by itself.
        command.stderr(Stdio::null()).status().unwrap();
        postmaster.wait().unwrap();
        let clock = Clock::system();
        while children.iter().any(|child| is_running(child)) {
            clock.wait(LOOK_AGAIN).await;
        }
    }

    pub fn create_database(&self, name: &str) -> String {
        let mut link = PgConnection::establish(&self.url("postgres")).unwrap();
        diesel::sql_query(format!("CREATE DATABASE {name}")).execute(&mut link).unwrap();
        self.url(name)
    }

    pub fn url(&self, database: &str) -> String {
        let folder = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://baohan@{folder}/{database}")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if self.owner.is_empty() {
            Command::new(program)
        } else {
            let mut command = Command::new("setpriv");
            command.arg(format!("--reuid={}", self.owner)).arg(format!("--regid={}", group_of(&self.owner)));
            command.args(["--clear-groups", "--"]).arg(program);
            command
        };
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut postmaster) = self.postmaster.take() {
            // At once, as after a crash; what it holds is not needed any more.
            drop(Command::new("kill").args(["-s", "QUIT", &postmaster.id().to_string()]).status());
            drop(postmaster.wait());
        }
    }
}

/// The column `line` of a query's rows.
pub fn lines(url: &str, sql: &str) -> Vec<String> {
    let rows: Vec<Line> = diesel::sql_query(sql).load(&mut PgConnection::establish(url).unwrap()).unwrap();
    rows.into_iter().map(|row| row.line).collect()
}

fn is_running(process: &str) -> bool {
    let status = std::fs::read_to_string(Path::new("/proc").join(process).join("stat"));
    // What is dead and not yet buried holds nothing any more.
    status.is_ok_and(|status| !status.contains(") Z "))
}

fn group_of(user: &str) -> String {
    let told = Command::new("id").args(["-g", user]).output().unwrap();
    String::from_utf8(told.stdout).unwrap().trim().to_owned()
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests/run tells where the server's programs are, and who may run them"
)]
fn installed() -> (PathBuf, String) {
    let programs = std::env::var("BAOHAN_TEST_POSTGRES_PROGRAMS");
    let programs = programs.expect("BAOHAN_TEST_POSTGRES_PROGRAMS names no folder: run `tests/run`");
    (PathBuf::from(programs), std::env::var("BAOHAN_TEST_POSTGRES_OWNER").unwrap_or_default())
}
