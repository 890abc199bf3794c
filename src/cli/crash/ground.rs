//! Where a campaign takes place: a folder with keys, seal and credentials, and the settings of each generation.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use crate::cli::demo::cast::{Credentials, Role};
use crate::cli::demo::props;
use crate::clock::{self, Clock};
use crate::crypto::private_file;
use crate::settings::{self, Settings};

/// A dead process's jobs are soon taken over, nobody waits long for another attempt, and a letter has several slices.
const QUICK: &str = r#"
[jobs.worker]
lease = "1s"
poll = "20ms"
[jobs.ordinary]
delays = ["10ms", "50ms", "200ms"]
repeat_last = 1000
[jobs.restorations]
delays = ["10ms", "50ms", "200ms"]
repeat_last = 1000
"#;

/// Ports below those that a system gives to outgoing connections, which come and go.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// The folder, and what stays the same through a campaign.
pub struct Ground {
    pub folder: PathBuf,
    /// What platforms and institution have agreed on.
    pub credentials: Vec<(Role, Credentials)>,
    /// The address of a PostgreSQL database; SQLite in each generation's folder without it.
    store: Option<String>,
    settings: PathBuf,
}

/// A generation's folder and settings.
pub struct Plot {
    pub folder: PathBuf,
    pub files: Vec<PathBuf>,
}

impl Ground {
    /// Makes keys, seal and credentials. Platforms reach the gateway at `address`.
    ///
    /// # Errors
    /// When a file can't be written.
    pub async fn found(
        folder: PathBuf,
        address: SocketAddr,
        roles: &[Role],
        store: Option<String>,
        clock: &Clock,
    ) -> anyhow::Result<Self> {
        let (at, now) = (folder.clone(), clock.now());
        let made = tokio::task::spawn_blocking(move || props::keys_and_seal(&at, now)).await;
        made.context("making demonstration keys panicked")??;
        let credentials: Vec<_> = roles.iter().map(|role| (*role, Credentials::generate(*role))).collect();
        // Where platforms listen is told by each generation.
        let platforms: Vec<_> = credentials.iter().map(|(role, it)| (*role, String::new(), it)).collect();
        let settings = props::write_settings(&folder, address, &platforms)?;
        Ok(Self { folder, credentials, store, settings })
    }

    /// Writes the settings of a generation, whose platforms listen at these addresses.
    ///
    /// # Errors
    /// When a file can't be written.
    pub fn plot(&self, number: u32, platforms: &[(Role, String)]) -> anyhow::Result<Plot> {
        let folder = self.folder.join(format!("generation-{number}"));
        std::fs::create_dir(&folder).with_context(|| format!("can't make `{}`", folder.display()))?;
        let path = |name: &str| serde_json::to_string(&folder.join(name));
        let store = match &self.store {
            Some(url) => serde_json::to_string(url)?,
            None => path("baohan.db")?,
        };
        let mut text = format!("{QUICK}[store]\nurl = {store}\n[archive]\nfolder = {}\n", path("documents")?);
        for (role, url) in platforms {
            text += &format!("[platforms.{}.wire]\nbase_url = \"{url}\"\n", role.id());
            text += role.several_slices();
        }
        // The address of a database may hold a password.
        let own = folder.join("generation.toml");
        private_file::write_new(&own, text.as_bytes())?;
        Ok(Plot { folder, files: vec![self.settings.clone(), own] })
    }
}

impl Plot {
    /// The settings without those of a single process.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn settings(&self) -> anyhow::Result<Settings> {
        Ok(settings::load(&self.files)?)
    }

    /// Takes a generation off the disk.
    ///
    /// # Errors
    /// When a file can't be deleted.
    pub fn clear(self) -> anyhow::Result<()> {
        let folder = self.folder;
        std::fs::remove_dir_all(&folder).with_context(|| format!("can't clear `{}`", folder.display()))
    }
}

/// So many ports on loopback that nobody listens on.
///
/// # Errors
/// When there are not enough.
pub fn free_addresses(count: usize, first: u16) -> anyhow::Result<Vec<SocketAddr>> {
    let ports = PORTS.cycle().skip(usize::from(first)).take(PORTS.len());
    let addresses = ports.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let free: Vec<SocketAddr> =
        addresses.filter(|address| TcpListener::bind(address).is_ok()).take(count).collect();
    ensure!(free.len() == count, "{count} free ports on loopback are needed, {} were found", free.len());
    Ok(free)
}

/// The folder that was named, which must not exist yet, or a fresh one among the temporary files.
///
/// # Errors
/// When it can't be made.
pub fn fresh_folder(named: Option<&Path>, clock: &Clock) -> anyhow::Result<PathBuf> {
    let Some(folder) = named else {
        let day = clock::china_date(clock.now());
        return Ok(tempfile::Builder::new().prefix(&format!("baohan-crash-{day}-")).tempdir()?.keep());
    };
    std::fs::create_dir(folder).with_context(|| format!("--folder: can't make `{}`", folder.display()))?;
    Ok(folder.canonicalize()?)
}
