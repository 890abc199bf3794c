//! `baohan check`: whether everything that the settings name can be used, without listening or changing anything.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use clap::Args as ClapArgs;
use jiff::civil::Date;

use super::process::Exposed;
use crate::api::ApiOptions;
use crate::api::options::EXPOSED;
use crate::casework::{Platform, Platforms};
use crate::changes::{Overlay, Version};
use crate::clock::Clock;
use crate::crypto::keyring::Keyring;
use crate::document::Press;
use crate::domain::guarantee::LetterKind;
use crate::domain::section::Secrecy;
use crate::edge::{self, TlsOptions};
use crate::gateway;
use crate::settings::Settings;
use crate::store::archive::Trial;
use crate::store::{Archive, ArchiveOptions, Store};
use crate::telemetry::{self, Metrics};

/// Check settings, keys, templates, fonts, the database and the archive, and print what each platform would do
///
/// Nothing listens and nothing is changed; a bucket gets one small document of its own, to show that it can be written.
#[derive(ClapArgs)]
pub struct Args {
    /// Also try to reach each platform
    #[arg(long)]
    connect: bool,
}

/// `true` if everything can be used.
///
/// # Errors
/// When the report can't be written.
pub async fn run(args: Args, settings: Settings, out: &mut dyn Write) -> anyhow::Result<bool> {
    let mut report = Report { out, sound: true };
    let filter = telemetry::readable(&settings.telemetry).map_err(anyhow::Error::from);
    report.line("log filter", &settings.telemetry.log_filter, filter)?;
    let (place, keyring) = match settings.keyring.source() {
        Ok(source) => (source.to_string(), source.keyring()),
        Err(error) => ("in two places".to_owned(), Err(error)),
    };
    let keyring = report.line("master key", place, keyring)?.map(Arc::new);
    if let Some(keyring) = keyring.clone() {
        let pending = pending_migrations(&settings, keyring).await;
        if let Some(pending) = report.line("database", "can be opened", pending)? {
            writeln!(report.out, "     migrations to run at start: {pending}")?;
        }
    }
    if let Some(keyring) = keyring {
        archive(&settings.archive, keyring, &mut report).await?;
    }
    for exposed in Exposed::of(&settings) {
        writeln!(report.out, "WARN {exposed}")?;
    }
    let sealer = gateway::sealer(&settings.seal, &Clock::system(), &Metrics::new()).await;
    if let Some(sealer) = report.line("seal", settings.seal.electronic_seal.display(), sealer)? {
        let tried = tokio::task::spawn_blocking(move || sealer.try_out()).await?;
        report.line("signer", settings.seal.key_source()?, tried)?;
    }
    let (documents, institution) = (settings.documents.clone(), settings.institution.clone());
    let press = tokio::task::spawn_blocking(move || gateway::press(&documents, &institution)).await?;
    let press = report.line("templates and fonts", "laid out with sample data", press)?;
    for family in press.iter().flat_map(|press| press.own_font_families()) {
        writeln!(report.out, "     font family of the institution: {family}")?;
    }
    let overlay = gateway::overlay(&settings).await;
    let standing = overlay.as_ref().map_or(0, |overlay| overlay.standing().len());
    let overlay = report.line("changes above the settings", standing, overlay)?.unwrap_or_default();
    changes(&overlay, press, &mut report).await?;
    let platforms = gateway::platforms(&settings, &overlay);
    let platforms = report.line("platforms", settings.platforms.len(), platforms)?;
    let herald =
        gateway::herald(&settings, platforms.as_ref().unwrap_or(&Platforms::default()), &Clock::system());
    report.line("channels of alarms", settings.alarms.channels.len(), herald)?;
    let client = match &platforms {
        Some(platforms) => gateway::client(&settings, platforms),
        None => gateway::client(&settings, &Platforms::default()),
    };
    let client = report.line("outgoing connections", "TLS by rustls", client)?;
    pushes(&settings, &mut report)?;
    interface(&settings.api, &mut report)?;
    console(&settings, &mut report)?;
    for platform in platforms.iter().flat_map(|platforms| platforms.iter()) {
        describe(&platform, report.out)?;
        if let Some(client) = client.as_ref().filter(|_| args.connect) {
            for (interface, url) in platform.profile.outbound() {
                let reached = client.reach(url).await.map_err(anyhow::Error::from);
                report.line("  connection", &interface.name, reached)?;
            }
        }
    }
    Ok(report.sound)
}

struct Report<'a> {
    out: &'a mut dyn Write,
    sound: bool,
}

impl Report<'_> {
    fn line<T>(
        &mut self,
        what: &str,
        detail: impl std::fmt::Display,
        result: anyhow::Result<T>,
    ) -> anyhow::Result<Option<T>> {
        match result {
            Ok(value) => {
                writeln!(self.out, "ok   {what}: {detail}")?;
                Ok(Some(value))
            }
            Err(error) => {
                self.sound = false;
                writeln!(self.out, "BAD  {what}: {error:#}")?;
                Ok(None)
            }
        }
    }
}

/// What two people have put in the place of what the settings say.
async fn changes(overlay: &Overlay, press: Option<Press>, report: &mut Report<'_>) -> anyhow::Result<()> {
    for version in overlay.standing() {
        let Version { subject, number, made_by, approved_by, .. } = version;
        writeln!(report.out, "     {subject}, version {number}, by {made_by} and {approved_by}")?;
    }
    let texts = overlay.templates();
    let Some(press) = press.filter(|_| !texts.is_empty()) else { return Ok(()) };
    let tried = tokio::task::spawn_blocking(move || press.with_templates(&texts).map(drop)).await?;
    report.line("changed templates", "laid out with sample data", tried).map(drop)
}

/// Where documents are kept. A folder that is not there yet will be made at start; looking must not make it.
async fn archive(
    options: &ArchiveOptions,
    keyring: Arc<Keyring>,
    report: &mut Report<'_>,
) -> anyhow::Result<()> {
    if options.s3.is_none() && !options.folder.exists() {
        let folder = options.folder.display();
        return report.line("archive", format_args!("folder {folder}, which will be made"), Ok(())).map(drop);
    }
    let archive = match Archive::open(options, keyring) {
        Ok(archive) => archive,
        Err(error) => return report.line("archive", "", Err::<(), _>(error.into())).map(drop),
    };
    let tried = archive.try_out().await.map_err(anyhow::Error::from);
    if report.line("archive", format_args!("{archive} can be written and read"), tried)?
        == Some(Trial::Overwrites)
    {
        let advice =
            "the store does not heed If-None-Match: archive.s3.if_none_match = false spares it the header";
        writeln!(report.out, "     {advice}")?;
    }
    Ok(())
}

/// Where platforms push to, and who may.
fn pushes(settings: &Settings, report: &mut Report<'_>) -> anyhow::Result<()> {
    let options = &settings.server;
    let protection = protection(options.tls.as_ref());
    let tls = gateway::push_tls(settings);
    report.line("platforms' interface", format_args!("{} {protection}", options.listen), tls)?;
    for (id, _) in settings.platforms.iter().filter(|(_, section)| section.edge.allow.is_empty()) {
        writeln!(report.out, "WARN platforms.{id}.edge.allow is empty: {}", edge::OPEN)?;
    }
    Ok(())
}

fn protection(tls: Option<&TlsOptions>) -> &'static str {
    match tls {
        None => "without TLS",
        Some(TlsOptions { client_ca: None, .. }) => "with TLS",
        Some(TlsOptions { client_ca: Some(_), .. }) => "with TLS and certificates of callers",
    }
}

/// Where the core system calls.
fn interface(options: &ApiOptions, report: &mut Report<'_>) -> anyhow::Result<()> {
    let Some(listen) = options.listen else { return Ok(()) };
    let protection = protection(options.tls.as_ref());
    let tls = gateway::core_system_tls(options);
    report.line("core system's interface", format_args!("{listen} {protection}"), tls)?;
    if options.is_exposed() {
        writeln!(report.out, "WARN {EXPOSED}")?;
    }
    Ok(())
}

/// Where people sign in.
fn console(settings: &Settings, report: &mut Report<'_>) -> anyhow::Result<()> {
    let options = &settings.console;
    let Some(listen) = options.listen else { return Ok(()) };
    let protection = if options.tls.is_some() { "with TLS" } else { "without TLS" };
    report.line("console", format_args!("{listen} {protection}"), settings.access.check())?;
    if options.is_exposed() {
        writeln!(report.out, "WARN {}", crate::console::options::EXPOSED)?;
    }
    Ok(())
}

/// A SQLite file that is not there yet will be made at start; looking must not make it.
async fn pending_migrations(settings: &Settings, keyring: Arc<Keyring>) -> anyhow::Result<String> {
    let url = settings.store.url.expose();
    if !url.contains("://") && !Path::new(url.strip_prefix("sqlite:").unwrap_or(url)).exists() {
        return Ok("all; the database file will be made".to_owned());
    }
    let store = Store::open(&settings.store, keyring).context("store.url")?;
    Ok(store.pending_migrations().await?.len().to_string())
}

fn describe(platform: &Platform, out: &mut dyn Write) -> anyhow::Result<()> {
    let profile = &platform.profile;
    writeln!(out, "     {} speaks {} ({})", profile.id(), profile.dialect(), profile.title())?;
    for interface in profile.inbound() {
        let path = format!("/platforms/{}/{}", profile.id(), interface.name);
        writeln!(out, "       {path:<40} ({} {})", interface.clause, interface.title)?;
    }
    for (interface, url) in profile.outbound() {
        writeln!(out, "       {:<26} {url}  ({} {})", interface.name, interface.clause, interface.title)?;
    }
    let letters: &[LetterKind] = match profile.secrecy() {
        Secrecy::UntilOpening => &[LetterKind::Ciphertext, LetterKind::Merged],
        Secrecy::None => &[LetterKind::Plaintext],
    };
    for &letter in letters {
        let steps: Vec<&str> = profile.flow(letter).iter().map(|step| step.name()).collect();
        writeln!(out, "       {} letter: {}", letter.name(), steps.join(", then "))?;
    }
    let options = platform.rules.base();
    writeln!(
        out,
        "       underwriting {:?}, rate {}, premium at least {} yuan",
        options.mode.unwrap_or_default(),
        options.rate.0,
        options.minimum_premium.0
    )?;
    for (entry, _) in platform.rules.entries(Date::MIN) {
        let day = |day: Option<Date>, open: &str| day.map_or_else(|| open.to_owned(), |day| day.to_string());
        let (from, until) = (day(entry.from, "the first day"), day(entry.until, "the last"));
        writeln!(out, "       rules `{}` for what is received from {from} to {until}", entry.name)?;
    }
    Ok(())
}
