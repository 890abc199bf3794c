//! The changes that a running gateway works by: followed in every process, taken over without a pause.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::future::select;
use tokio::sync::Notify;

use super::adoption::prepare;
use super::base::Base;
use super::change::Change;
use super::dry_run::last_applications;
use super::overlay::Overlay;
use super::refusal::Refusal;
use super::subject::Subject;
use super::trial::{Effects, Trial};
use crate::casework::Platforms;
use crate::clock::Clock;
use crate::document::{Letter, Press};
use crate::domain::identity::PlatformId;
use crate::store::{Store, changes};
use crate::supervise::{Current, Workshop};
use crate::telemetry::Metrics;

/// How often a process looks whether another has adopted something.
const EVERY: Duration = Duration::from_secs(1);

/// How long a process waits before it tries once more what it could not put in force: all templates are laid out for that.
const AGAIN_AFTER: Duration = Duration::from_secs(30);

/// So many trials are remembered.
const REMEMBERED: usize = 64;

/// What of a gateway can be changed while it runs, and the base that it is made anew of.
pub struct Live {
    pub base: Base,
    pub store: Store,
    pub clock: Clock,
    pub metrics: Metrics,
    pub platforms: Platforms,
    pub printing: Printing,
    overlay: Current<Overlay>,
    bell: Notify,
    /// What was tried of late, by digest and generation.
    tried: Mutex<VecDeque<(String, i64)>>,
}

/// What letters are printed on.
pub struct Printing {
    pub workshop: Workshop,
    /// As the settings have it.
    pub base: Press,
    pub current: Current<Press>,
    /// A letter of invented data under the institution's own letterhead.
    pub letterhead: Letter,
}

impl Live {
    /// Puts in force at once what stands above the settings.
    ///
    /// # Errors
    /// When the database fails, or what stands above the settings does not fit them: which of it, and why.
    pub async fn open(
        base: Base,
        store: Store,
        clock: Clock,
        metrics: Metrics,
        platforms: Platforms,
        printing: Printing,
    ) -> anyhow::Result<Arc<Self>> {
        let (overlay, bell, tried) = (Current::default(), Notify::new(), Mutex::default());
        let live = Arc::new(Self { base, store, clock, metrics, platforms, printing, overlay, bell, tried });
        live.refresh().await.context("changes that were adopted in the console")?;
        Ok(live)
    }

    /// What stands above the settings, as this process works by it.
    pub fn overlay(&self) -> Arc<Overlay> {
        self.overlay.get()
    }

    /// Whether the change was found to be usable when so many adoptions had been made.
    pub(super) fn has_tried(&self, change: &Change, generation: i64) -> bool {
        let tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        change.digest().is_some_and(|digest| tried.contains(&(digest, generation)))
    }

    fn note_tried(&self, change: &Change, generation: i64) {
        let Some(digest) = change.digest() else { return };
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        tried.push_back((digest, generation));
        if tried.len() > REMEMBERED {
            tried.pop_front();
        }
    }

    /// Has this process look at once. Whoever adopts a change rings after the commit.
    pub fn ring(&self) {
        self.bell.notify_one();
    }

    /// Takes over what was adopted, whichever process did it; `false` where there is nothing new.
    ///
    /// # Errors
    /// When the database fails or the new state can't be built; then the former one goes on.
    pub async fn refresh(self: &Arc<Self>) -> anyhow::Result<bool> {
        let known = self.overlay.get().generation();
        if self.store.read(changes::generation).await? == known {
            return Ok(false);
        }
        let overlay = self.store.read(Overlay::read).await?;
        let (live, proposed) = (Arc::clone(self), overlay.clone());
        let built = self.printing.workshop.run(move || live.build(&proposed));
        let (platforms, press) = built.await.context("building the changed state panicked")??;
        self.platforms.replace(platforms);
        if let Some(press) = press {
            self.printing.current.replace(press);
        }
        self.metrics.set_changes(overlay.generation(), false);
        self.overlay.replace(overlay);
        Ok(true)
    }

    fn build(&self, overlay: &Overlay) -> anyhow::Result<(Vec<crate::casework::Platform>, Option<Press>)> {
        let platforms = self.base.platforms(overlay)?;
        let texts = overlay.templates();
        if texts == self.overlay.get().templates() {
            return Ok((platforms, None));
        }
        let press = self.printing.base.with_templates(&texts).context("templates")?;
        press.letter(&self.printing.letterhead).context("templates")?;
        Ok((platforms, Some(press)))
    }

    /// Looks every second, and whenever somebody rings, until it is dropped.
    pub fn follow(self: &Arc<Self>) -> impl Future<Output = ()> + Send + 'static {
        let live = Arc::clone(self);
        async move {
            let mut missed = None;
            loop {
                let pause = if missed.is_some() { AGAIN_AFTER } else { EVERY };
                select(pin!(live.bell.notified()), pin!(live.clock.wait(pause))).await;
                match live.refresh().await {
                    Ok(false) => {}
                    Ok(true) => {
                        missed = None;
                        let generation = live.overlay.get().generation();
                        tracing::info!(generation, "changes that two people agreed on are in force here");
                    }
                    Err(error) => live.complain(&error, &mut missed).await,
                }
            }
        }
    }

    /// Says once for each generation that this process lags behind.
    async fn complain(&self, error: &anyhow::Error, missed: &mut Option<i64>) {
        let known = self.overlay.get().generation();
        match self.store.read(changes::generation).await {
            Ok(generation) if generation == known => {}
            Ok(generation) if *missed != Some(generation) => {
                *missed = Some(generation);
                self.metrics.set_changes(known, true);
                self.metrics.alarm("changes-not-taken-over");
                let error = format!("{error:#}");
                tracing::error!(
                    generation,
                    in_force = known,
                    error,
                    "an adopted change can't be put in force here; this process goes on with what it had"
                );
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "changes could not be looked at"),
        }
    }

    /// Tries a change on what is in force, and says what it would do. Nothing is changed.
    ///
    /// # Errors
    /// When the database fails; a change that can't be used is a [`Refusal`].
    pub async fn try_out(self: &Arc<Self>, change: &Change) -> anyhow::Result<Result<Effects, Refusal>> {
        let (proposed, at) = (change.clone(), self.clock.now());
        let platforms: Vec<PlatformId> = self.platforms.iter().map(|it| it.profile.id().clone()).collect();
        let concerns_rules = change.items.iter().any(|it| matches!(it.subject, Subject::Rule { .. }));
        let read = self.store.read(move |connection| {
            let prepared = match prepare(connection, &proposed, at)? {
                Ok(prepared) => prepared,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let applications =
                if concerns_rules { last_applications(connection, &platforms)? } else { Vec::new() };
            Ok(Ok((prepared, Overlay::read(connection)?, applications)))
        });
        let (prepared, overlay, applications) = match read.await? {
            Ok(read) => read,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let (live, generation) = (Arc::clone(self), overlay.generation());
        let tried = self.printing.workshop.run(move || {
            let Printing { base: press, letterhead, current, .. } = &live.printing;
            let (base, current) = (&live.base, current.get());
            let trial = Trial {
                base,
                overlay: &overlay,
                press,
                current: &current,
                letterhead,
                applications: &applications,
                at,
            };
            trial.run(&prepared)
        });
        match tried.await {
            Ok(tried) => {
                if tried.is_ok() {
                    self.note_tried(change, generation);
                }
                Ok(tried)
            }
            Err(error) => bail!("trying the change panicked: {error}"),
        }
    }
}
