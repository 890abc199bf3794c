//! Everything that an opening is played with: gateways in processes of their own, and platforms in this one.

use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use anyhow::{Context, ensure};

use super::Args;
use super::front::Front;
use super::report::{Neighbourhood, Setting};
use super::silent_platform::SilentPlatform;
use crate::cli::bench::disk;
use crate::cli::bench::gateway_process::{GatewayProcess, free_address};
use crate::cli::bench::process_usage::ProcessUsage;
use crate::cli::demo::cast::{Credentials, Role};
use crate::cli::demo::props;
use crate::clock::Clock;
use crate::crypto::private_file;
use crate::sandbox::Sandbox;
use crate::sandbox::tender::Examination;
use crate::secret::Secret;
use crate::settings;

/// A neighbour has no more applications than this, which is more than any gateway does at once for one platform.
const NEIGHBOURS_WORK: u32 = 64;

pub(super) struct Premises {
    pub(super) platform: Sandbox,
    pub(super) neighbours: Vec<Neighbour>,
    /// Letters for one platform that are made or on their way at once, over all gateways.
    pub(super) at_once: usize,
    gateways: Vec<GatewayProcess>,
    front: Option<Front>,
    setting: Setting,
    folder: tempfile::TempDir,
}

/// Another platform of the same gateways, which pushes but never answers.
pub(super) struct Neighbour {
    /// What pushes. Nothing reaches it, since the gateways call the silent one.
    pub(super) platform: Sandbox,
    pub(super) applications: u32,
    role: Role,
    silent: SilentPlatform,
}

/// What is left when everything has stopped.
pub(super) struct Stopped {
    pub(super) setting: Setting,
    pub(super) faults: Vec<String>,
}

impl Premises {
    /// Starts platforms and gateways; returns when the gateways are ready.
    ///
    /// # Errors
    /// When anything can't be started.
    pub(super) async fn open(args: &Args, settings: &[PathBuf], clock: &Clock) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("baohan-bench-").tempdir()?;
        let made = tokio::task::spawn_blocking({
            let (folder, now) = (folder.path().to_owned(), clock.now());
            move || -> anyhow::Result<_> {
                props::keys_and_seal(&folder, now)?;
                disk::measure(&folder)
            }
        });
        let disk = made.await.context("making keys and measuring the disk panicked")??;
        let address = free_address()?;
        let url = format!("http://{address}");
        let credentials = Credentials::generate(args.platform);
        let platform = pushing(args.platform, &url, &credentials, clock).await?;
        let mut agreed = vec![(args.platform, platform.url(), credentials)];
        let mut neighbours = Vec::new();
        let others = Role::ALL.into_iter().filter(|role| role.opens_bids() && *role != args.platform);
        for role in others.take(usize::from(args.beside_dead)) {
            let credentials = Credentials::generate(role);
            let silent = SilentPlatform::start().await?;
            let platform = pushing(role, &url, &credentials, clock).await?;
            agreed.push((role, format!("http://{}", silent.address), credentials));
            neighbours.push(Neighbour {
                platform,
                applications: args.count.min(NEIGHBOURS_WORK),
                role,
                silent,
            });
        }
        let agreed: Vec<_> = agreed.iter().map(|(role, url, it)| (*role, url.clone(), it)).collect();
        let mut files = vec![props::write_settings(folder.path(), address, &agreed)?];
        let platforms = agreed.iter().map(|(role, ..)| role.id());
        files.push(write_differences(folder.path(), platforms, args.store.as_ref())?);
        files.extend_from_slice(settings);
        let worker = settings::load(&files)?.jobs.worker;
        let at_once =
            usize::try_from(worker.house_slots_per_platform.saturating_add(worker.calls_per_platform))?;
        let setting = Setting {
            platform: args.platform.id(),
            store: if args.store.is_some() { "postgres" } else { "sqlite" },
            count: args.count,
            over_ms: u64::try_from(args.over.as_millis())?,
            connections: args.connections,
            replicas: args.replicas,
            neighbours: Vec::new(),
            processors: available_parallelism().map_or(1, std::num::NonZero::get),
            disk,
        };
        let mut premises = Self {
            platform,
            neighbours,
            at_once: at_once * usize::from(args.replicas),
            gateways: Vec::new(),
            front: None,
            setting,
            folder,
        };
        premises.start_gateways(args.replicas, address, &files, clock).await?;
        Ok(premises)
    }

    async fn start_gateways(
        &mut self,
        replicas: u16,
        address: std::net::SocketAddr,
        settings: &[PathBuf],
        clock: &Clock,
    ) -> anyhow::Result<()> {
        let addresses = match replicas {
            1 => vec![address],
            _ => (0..replicas).map(|_| free_address()).collect::<anyhow::Result<_>>()?,
        };
        for (number, own) in addresses.iter().enumerate() {
            let log = self.folder.path().join(format!("gateway-{}.log", number + 1));
            self.gateways.push(GatewayProcess::start(settings, *own, &log)?);
        }
        for gateway in &mut self.gateways {
            gateway.ready(clock).await?;
        }
        if replicas > 1 {
            self.front = Some(Front::start(address, addresses).await?);
        }
        Ok(())
    }

    /// What is measured, in a few words.
    pub(super) fn summary(&self) -> String {
        let mut text = self.setting.to_string();
        for Neighbour { role, applications, .. } in &self.neighbours {
            text += &format!("\nbeside {}, which never answers: {applications} applications", role.id());
        }
        text
    }

    pub(super) fn usage(&self) -> Vec<Option<ProcessUsage>> {
        self.gateways.iter().map(GatewayProcess::usage).collect()
    }

    /// Stops everything. The folder stays where a gateway did not end well, for its log.
    ///
    /// # Errors
    /// When a gateway can't be stopped.
    pub(super) async fn stop(self, clock: &Clock) -> anyhow::Result<Stopped> {
        let Self { platform, neighbours, gateways, front, mut setting, folder, .. } = self;
        for neighbour in &neighbours {
            let calls = neighbour.silent.calls();
            ensure!(calls > 0, "{} was never called, so it slowed nobody", neighbour.role.id());
            setting.neighbours.push(Neighbourhood {
                platform: neighbour.role.id(),
                applications: neighbour.applications,
                calls_unanswered: calls,
            });
        }
        // A call that hangs is not waited out at the end.
        drop((neighbours, front));
        let mut faults = Vec::new();
        for gateway in gateways {
            if !gateway.stop(clock).await? {
                faults.push(format!("a gateway did not end well; its log is in {}", folder.path().display()));
            }
        }
        platform.stop().await;
        if !faults.is_empty() {
            drop(folder.keep());
        }
        Ok(Stopped { setting, faults })
    }
}

/// A platform that opens bids, and leaves the examination of letters for later.
async fn pushing(
    role: Role,
    gateway: &str,
    credentials: &Credentials,
    clock: &Clock,
) -> anyhow::Result<Sandbox> {
    let options = role.tender_options(gateway, credentials, clock);
    let mut options = options.with_context(|| format!("{} opens no bids", role.id()))?;
    options.examination = Examination::Later;
    options.keep_letters = false;
    Sandbox::start(options).await.with_context(|| format!("the simulated platform {}", role.id()))
}

/// What is different from a demonstration: a call that hangs is not waited out when all is over, one address may push as much
/// as can be answered, and the database. Its address may hold a password, so that only its owner can read the file.
fn write_differences(
    folder: &Path,
    platforms: impl Iterator<Item = &'static str>,
    store: Option<&Secret>,
) -> anyhow::Result<PathBuf> {
    let mut text = "[jobs.worker]\ndrain = \"1s\"\n".to_owned();
    let limits = "requests_per_second = 100000\nburst = 100000\n";
    text += &format!("[server.limits]\n{limits}");
    for platform in platforms {
        text += &format!("[platforms.{platform}.edge]\n{limits}");
    }
    if let Some(store) = store {
        text += &format!("[store]\nurl = {}\n", serde_json::to_string(store.expose())?);
    }
    let file = folder.join("bench.toml");
    private_file::write_new(&file, text.as_bytes())?;
    Ok(file)
}
