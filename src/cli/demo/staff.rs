//! Who decides for the institution in a demonstration: its people, or its core system.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::cast::Role;
use super::clerk::Clerk;
use super::props;
use crate::api::Scope;
use crate::casework::Task;
use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::sandbox::core_system::{CoreSystem, Diary, Institution};
use crate::secret::Secret;
use crate::store::api_keys::{self, ApiKey, NewKey};
use crate::store::jobs::{self, JobState};

/// How often to look whether all is done.
const EVERY: Duration = Duration::from_millis(50);

/// What callbacks are signed with, in bits of eight.
const SECRET_BYTES: usize = 32;

/// A core system that listens, though the gateway is not there yet.
pub struct Newcomer {
    core: CoreSystem,
    secret: Secret,
}

impl Newcomer {
    /// # Errors
    /// When there is no free port.
    pub fn start(clock: Clock) -> anyhow::Result<Self> {
        let bytes: [u8; SECRET_BYTES] = rand::random();
        let secret = Secret::new(format!("whsec_{}", BASE64_STANDARD.encode(bytes)));
        let institution =
            Institution { name: props::INSTITUTION.to_owned(), code: props::INSTITUTION_CODE.to_owned() };
        Ok(Self { core: CoreSystem::start(institution, secret.expose(), clock)?, secret })
    }

    /// Writes what it changes in the settings.
    ///
    /// # Errors
    /// When a file can't be written.
    pub fn settings(&self, folder: &Path, roles: &[Role]) -> anyhow::Result<PathBuf> {
        props::write_core_system_settings(folder, &self.core.callback_url(), &self.secret, roles)
    }

    /// Gives it a key, with which it goes to work.
    ///
    /// # Errors
    /// When the gateway has no listener for it, or the database fails.
    pub async fn hire(self, gateway: &Gateway) -> anyhow::Result<CoreSystem> {
        let address = gateway.core_system_address().context("the gateway does not listen to core systems")?;
        let (key, now) = (ApiKey::generate(), gateway.assembly.clock.now());
        let new = NewKey {
            client: "demonstration".to_owned(),
            scopes: Scope::ALL.iter().map(ToString::to_string).collect(),
            expires_at: None,
        };
        let kept = key.clone();
        gateway.assembly.store.write(move |c| api_keys::insert(c, &kept, &new, now)).await?;
        self.core.connect(&format!("http://{address}"), key.expose())?;
        Ok(self.core)
    }
}

/// Those who decide, at work.
pub enum Staff {
    People(Clerk),
    CoreSystem(CoreSystem),
}

impl Staff {
    /// The core system if there is one, people otherwise.
    ///
    /// # Errors
    /// As [`Newcomer::hire`].
    pub async fn at(gateway: &Gateway, newcomer: Option<Newcomer>) -> anyhow::Result<Self> {
        Ok(match newcomer {
            Some(newcomer) => Self::CoreSystem(newcomer.hire(gateway).await?),
            None => Self::People(Clerk::at(gateway)),
        })
    }

    /// Has what is due done at once, where anybody can be told to.
    ///
    /// # Errors
    /// When the database or the archive fails.
    pub async fn catch_up(&self, gateway: &Gateway) -> anyhow::Result<()> {
        match self {
            Self::People(clerk) => clerk.catch_up(gateway).await,
            Self::CoreSystem(_) => Ok(()),
        }
    }

    /// Finishes what is due, with the jobs that follow from it, and goes. A core system leaves its diary behind.
    ///
    /// # Errors
    /// When the database fails, or work is left after `patience`.
    pub async fn go_home(self, gateway: &Gateway, patience: Duration) -> anyhow::Result<Option<Diary>> {
        let core = match self {
            Self::People(clerk) => return clerk.go_home(gateway, patience).await.map(|()| None),
            Self::CoreSystem(core) => core,
        };
        let begun = Instant::now();
        loop {
            // What is worked on may make jobs, and a job may make work: both have to be idle, in this order.
            let caught_up = core.diary().is_caught_up();
            let counts = gateway.assembly.store.read(jobs::counts).await?;
            let unfinished = |it: &jobs::Count| matches!(it.state, JobState::Ready | JobState::Running);
            if caught_up && !counts.iter().any(|it| unfinished(it) && !Task::waits_for_its_time(&it.kind)) {
                break;
            }
            ensure!(begun.elapsed() < patience, "unfinished jobs: {counts:?}; {:?}", core.diary().faults);
            gateway.assembly.clock.wait(EVERY).await;
        }
        core.stop().await;
        Ok(Some(core.diary()))
    }
}
