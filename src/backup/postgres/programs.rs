//! Finding and running `pg_dump` and `pg_restore`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use tokio::task::spawn_blocking;

use super::environment::Environment;
use crate::secret::Secret;
use crate::store::Store;

/// Where PostgreSQL's programs are: on the path, or in a folder.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    pub folder: Option<PathBuf>,
}

impl Programs {
    pub(super) fn command(&self, name: &str) -> Command {
        let mut command =
            Command::new(self.folder.as_ref().map_or_else(|| name.into(), |folder| folder.join(name)));
        command.stdin(Stdio::null());
        command
    }

    /// The output of a run that succeeded.
    fn run(&self, name: &str, mut command: Command) -> anyhow::Result<String> {
        let output = command.output().map_err(|error| self.unusable(name, error))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`{name}` failed ({}): {}", output.status, said.trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    pub(super) fn unusable(&self, name: &str, error: std::io::Error) -> anyhow::Error {
        let place = self
            .folder
            .as_ref()
            .map_or("on the path".to_owned(), |folder| format!("in `{}`", folder.display()));
        match error.kind() {
            ErrorKind::NotFound => anyhow::anyhow!(
                "there is no `{name}` {place}: install the client programs of PostgreSQL (in Debian the package \
                 `postgresql-client`), or name their folder with --pg-programs"
            ),
            _ => anyhow::Error::from(error).context(format!("`{name}` {place} can't be run")),
        }
    }

    /// Refuses a program that is older than the server: it would not know all that the server has.
    fn expect_as_new_as(&self, name: &str, server: u32) -> anyhow::Result<()> {
        let mut command = self.command(name);
        command.arg("--version");
        let said = self.run(name, command)?;
        let ours = major(&said)
            .with_context(|| format!("`{name} --version`: expected a version, found `{said}`"))?;
        let server = server / 10_000;
        if ours < server {
            bail!(
                "`{name}` is of PostgreSQL {ours}, and the server of {server}: install the client programs of \
                 {server}, or name their folder with --pg-programs"
            );
        }
        Ok(())
    }
}

/// `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn major(said: &str) -> Option<u32> {
    let version = said.split_once("(PostgreSQL) ")?.1;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Copies the gateway's tables as of one moment into the file, while others write.
///
/// # Errors
/// When the program is missing, older than the server, or fails.
pub async fn dump(programs: &Programs, store: &Store, url: &Secret, file: &Path) -> anyhow::Result<()> {
    let tables = store.tables().await?;
    let server = store.server_version().await?;
    let environment = Environment::of(url)?;
    let (programs, file) = (programs.clone(), file.to_owned());
    let dumping = move || {
        programs.expect_as_new_as("pg_dump", server)?;
        let mut command = programs.command("pg_dump");
        command.args(["--format=custom", "--no-owner", "--no-privileges", "--no-password", "--strict-names"]);
        command.args(["--lock-wait-timeout=60s", "--file"]).arg(file);
        command.args(tables.iter().map(|table| format!("--table=\"{table}\"")));
        programs.run("pg_dump", with(command, &environment)).map(drop)
    };
    spawn_blocking(dumping).await.context("the dump panicked")?
}

/// Fills an empty database from a dump, in one transaction.
///
/// # Errors
/// When the program is missing, older than the server, or fails; the database is empty then.
pub async fn restore(programs: &Programs, store: &Store, url: &Secret, file: &Path) -> anyhow::Result<()> {
    let server = store.server_version().await?;
    let environment = Environment::of(url)?;
    let (programs, file) = (programs.clone(), file.to_owned());
    let restoring = move || {
        programs.expect_as_new_as("pg_restore", server)?;
        let mut command = programs.command("pg_restore");
        command.args([
            "--single-transaction",
            "--exit-on-error",
            "--no-owner",
            "--no-privileges",
            "--no-password",
        ]);
        command.arg(format!("--dbname={}", environment.database)).arg(file);
        programs.run("pg_restore", with(command, &environment)).map(drop)
    };
    spawn_blocking(restoring).await.context("the restore panicked")?
}

fn with(mut command: Command, environment: &Environment) -> Command {
    command.envs(environment.variables.iter().map(|(name, value)| (name, value.expose())));
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_as_distributions_print_it() {
        assert_eq!(major("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major("pg_restore (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major("usage: pg_dump"), None);
    }

    #[test]
    fn a_program_that_is_missing_is_named_with_what_to_do() {
        let programs = Programs { folder: Some(PathBuf::from("/nowhere")) };
        let complaint = programs.expect_as_new_as("pg_dump", 150_018).unwrap_err().to_string();
        assert!(complaint.contains("no `pg_dump` in `/nowhere`"), "{complaint}");
        assert!(complaint.contains("--pg-programs"), "{complaint}");
    }

    #[test]
    fn a_program_that_is_older_than_the_server_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let old = folder.path().join("pg_dump");
        std::fs::write(&old, "#!/bin/sh\necho 'pg_dump (PostgreSQL) 14.9'\n").unwrap();
        std::fs::set_permissions(&old, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let programs = Programs { folder: Some(folder.path().to_owned()) };
        let complaint = programs.expect_as_new_as("pg_dump", 150_018).unwrap_err().to_string();
        assert!(complaint.contains("of PostgreSQL 14, and the server of 15"), "{complaint}");
        programs.expect_as_new_as("pg_dump", 140_000).unwrap();
    }
}
