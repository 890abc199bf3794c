//! From settings to platforms; with what stands above the settings, where a database has it.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};

use super::assembly::connect_store;
use crate::casework::alarm::ALARMS;
use crate::casework::callback::CORE_SYSTEM;
use crate::casework::evidence::EVIDENCE;
use crate::casework::{Platform, Platforms};
use crate::changes::{Base, Overlay};
use crate::dialect::Registry;
use crate::edge::EdgeOptions;
use crate::institution::redirects::{PLACEHOLDER, Redirects};
use crate::settings::Settings;

/// What the settings say of platforms and rules.
///
/// # Errors
/// When the dialects or the secret of redirects can't be used.
pub fn base(settings: &Settings) -> anyhow::Result<Base> {
    let registry = match &settings.dialects.folder {
        Some(folder) => Registry::with_folder(folder).context("dialects.folder")?,
        None => Registry::built_in()?,
    };
    if settings.platforms.contains_key(CORE_SYSTEM) {
        bail!("platforms.{CORE_SYSTEM}: expected another id, since this one stands for the core system");
    }
    if settings.platforms.contains_key(EVIDENCE) {
        bail!(
            "platforms.{EVIDENCE}: expected another id, since this one stands for servers that have evidence"
        );
    }
    if settings.platforms.contains_key(ALARMS) {
        bail!("platforms.{ALARMS}: expected another id, since this one stands for channels of alarms");
    }
    let platforms = settings.platforms.iter();
    let platforms = platforms.map(|(id, it)| (id.clone(), (it.wire.clone(), it.underwriting.clone())));
    Ok(Base {
        registry,
        platforms: platforms.collect(),
        rules: settings.rules.clone(),
        calendar: settings.calendar.clone(),
        institution: settings.institution.clone(),
        redirects: Redirects::new(&settings.redirects)?.map(Arc::new),
    })
}

/// Reads every platform's section against its dialect, with what stands above the settings.
///
/// # Errors
/// Which key of which platform is wrong, and what was expected.
pub fn platforms(settings: &Settings, overlay: &Overlay) -> anyhow::Result<Platforms> {
    settled(&base(settings)?, settings, overlay)
}

/// What stands above the settings; nothing where there is no database yet, or one that knows of no changes yet. Nothing is
/// made and nothing is migrated.
///
/// # Errors
/// When the database can't be opened or read.
pub async fn overlay(settings: &Settings) -> anyhow::Result<Overlay> {
    let url = settings.store.url.expose();
    if !url.contains("://") && !Path::new(url.strip_prefix("sqlite:").unwrap_or(url)).exists() {
        return Ok(Overlay::default());
    }
    let store = connect_store(settings)?;
    if store.pending_migrations().await?.iter().any(|name| name.ends_with("_changes")) {
        return Ok(Overlay::default());
    }
    Ok(store.read(Overlay::read).await?)
}

pub(super) fn settled(base: &Base, settings: &Settings, overlay: &Overlay) -> anyhow::Result<Platforms> {
    let platforms = base.platforms(overlay)?;
    for platform in &platforms {
        let id = platform.profile.id();
        if platform.profile.needs_links() && settings.downloads.public_url.is_none() {
            let expected = "an address under which platforms reach this gateway";
            bail!(
                "downloads.public_url: expected {expected}, since platforms.{id} is told links; found none"
            );
        }
        if let Some(section) = settings.platforms.get(id.as_str()) {
            edge(platform, &section.edge)?;
        }
        let redirect = base.platforms.get(id.as_str()).and_then(|(wire, _)| wire.redirect_url.as_ref());
        if base.redirects.is_none() && redirect.is_some_and(|url| url.contains(PLACEHOLDER)) {
            let expected = "a secret that signs the tokens";
            bail!("redirects.secret: expected {expected} of platforms.{id}.wire.redirect_url; found none");
        }
    }
    Ok(Platforms::new(platforms).telling(settings.callbacks.wanted()?))
}

/// Whether who may push goes with what the platform's dialect has.
fn edge(platform: &Platform, options: &EdgeOptions) -> anyhow::Result<()> {
    let (profile, id) = (&platform.profile, platform.profile.id());
    for name in options.body_bytes.keys() {
        if !profile.inbound().any(|it| it.name == *name) {
            bail!(
                "platforms.{id}.edge.body_bytes: expected interfaces of the platform's pushes, found `{name}`"
            );
        }
    }
    if profile.answers_envelopes() && options.allow.is_empty() {
        bail!(
            "platforms.{id}.edge.allow: expected the addresses that the platform asks from, since nothing else shows \
             whose question in a digital envelope it is; found none. Without them, \
             platforms.{id}.wire.payload.accept_enveloped has to be false"
        );
    }
    Ok(())
}
