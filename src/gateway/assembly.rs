//! From settings to working parts.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use jiff::Timestamp;

use crate::casework::{Platform, Platforms};
use crate::clock::Clock;
use crate::crypto::certificate::Certificate;
use crate::crypto::keyring::Keyring;
use crate::crypto::sm2::PrivateKey;
use crate::crypto::{self, second_opinion};
use crate::delivery::Courier;
use crate::delivery::client::Client;
use crate::delivery::public_keys::PublicKeys;
use crate::delivery::upload::Uploader;
use crate::dialect::{Profile, Registry};
use crate::document::{DocumentOptions, Press};
use crate::domain::identity::PlatformId;
use crate::downloads::{Downloads, Links};
use crate::institution::letterhead::InstitutionOptions;
use crate::institution::rules::Rules;
use crate::intake::Intake;
use crate::jobs::desk::Desk;
use crate::jobs::letters::LetterMaker;
use crate::seal::sealer::Sealer;
use crate::seal::signer::LocalSigner;
use crate::settings::{SealOptions, Settings};
use crate::store::Store;
use crate::store::archive::Archive;
use crate::telemetry::Metrics;

/// The parts that both listeners and workers use.
pub struct Assembly {
    pub store: Store,
    pub archive: Archive,
    pub platforms: Platforms,
    pub clock: Clock,
    pub metrics: Metrics,
    pub desk: Arc<Desk>,
    /// Makes the links under which platforms fetch documents.
    pub links: Links,
    /// From when to when the institution may use its seal.
    pub seal_validity: (Timestamp, Timestamp),
}

impl Assembly {
    /// Opens everything that the settings name; the database is migrated.
    ///
    /// # Errors
    /// When anything can't be used: which setting, and why.
    pub async fn build(settings: &Settings, clock: Clock) -> anyhow::Result<Self> {
        crypto::self_test().context("the ciphers do not compute what the standards say")?;
        // What is told wrong quickly is looked at first.
        let platforms = platforms(settings)?;
        let client = Client::new(&settings.delivery)?;
        let store = connect_store(settings)?;

        // Fonts, templates and libsm's table take most of a second each.
        let (documents, institution) = (settings.documents.clone(), settings.institution.clone());
        let press = tokio::task::spawn_blocking(move || press(&documents, &institution));
        let warm = tokio::task::spawn_blocking(second_opinion::warm);
        let sealer = sealer(&settings.seal)?;
        let seal_validity = sealer.validity();
        migrate(&store).await?;
        let archive = Archive::open(&settings.archive).context("archive.folder")?;
        let metrics = Metrics::new();
        let press = press.await.context("loading fonts and templates panicked")??;
        warm.await.context("warming up libsm panicked")?;
        let courier = Courier { client, clock: clock.clone(), metrics: metrics.clone() };
        let desk = Arc::new(Desk {
            store: store.clone(),
            platforms: platforms.clone(),
            clock: clock.clone(),
            metrics: metrics.clone(),
            letters: Arc::new(LetterMaker::new(press, sealer, settings.institution.clone())),
            uploader: Uploader {
                courier,
                store: store.clone(),
                archive: archive.clone(),
                public_keys: PublicKeys::default(),
            },
            options: settings.jobs.clone(),
        });
        let links = Links::new(&settings.downloads);
        Ok(Self { store, archive, platforms, clock, metrics, desk, links, seal_validity })
    }

    /// The use case that the listener calls.
    pub fn intake(&self) -> Intake {
        Intake {
            store: self.store.clone(),
            platforms: self.platforms.clone(),
            clock: self.clock.clone(),
            metrics: self.metrics.clone(),
        }
    }

    /// What answers those who follow a link.
    pub fn downloads(&self) -> Downloads {
        Downloads {
            store: self.store.clone(),
            archive: self.archive.clone(),
            clock: self.clock.clone(),
            metrics: self.metrics.clone(),
        }
    }
}

/// Opens the database under the keyring and brings its tables up to date.
///
/// # Errors
/// When the master key or the database can't be used.
pub async fn open_store(settings: &Settings) -> anyhow::Result<Store> {
    let store = connect_store(settings)?;
    migrate(&store).await?;
    Ok(store)
}

async fn migrate(store: &Store) -> anyhow::Result<()> {
    store.migrate().await.map(drop).context("store.url: the tables can't be brought up to date")
}

/// Opens the database under the keyring, as it is.
///
/// # Errors
/// When the master key or the database can't be used.
pub fn connect_store(settings: &Settings) -> anyhow::Result<Store> {
    let keyring = keyring(&settings.keyring.file)?;
    Store::open(&settings.store, Arc::new(keyring)).context("store.url")
}

/// Reads the master key.
///
/// # Errors
/// When there is none in the file, or others can read it too.
pub fn keyring(file: &Path) -> anyhow::Result<Keyring> {
    Keyring::from_file(file).with_context(|| {
        format!(
            "keyring.file: expected a master key in `{}`; `baohan keys generate master` makes one",
            file.display()
        )
    })
}

/// Loads fonts and templates, and tries them with invented data and with the institution's own.
///
/// # Errors
/// When a template or font can't be used, or no font draws a character of the institution's.
pub fn press(documents: &DocumentOptions, institution: &InstitutionOptions) -> anyhow::Result<Press> {
    let press = Press::open(documents).context("documents")?;
    LetterMaker::try_out(&press, institution).context("institution")?;
    Ok(press)
}

/// Reads every platform's section against its dialect.
///
/// # Errors
/// Which key of which platform is wrong, and what was expected.
pub fn platforms(settings: &Settings) -> anyhow::Result<Platforms> {
    let registry = match &settings.dialects.folder {
        Some(folder) => Registry::with_folder(folder).context("dialects.folder")?,
        None => Registry::built_in()?,
    };
    let mut platforms = Vec::with_capacity(settings.platforms.len());
    for (id, section) in &settings.platforms {
        let within = || format!("platforms.{id}");
        let table = registry.table(&section.wire.dialect).with_context(|| {
            let known: Vec<&str> = registry.tables().map(|table| table.id.as_str()).collect();
            format!(
                "platforms.{id}.wire.dialect: expected one of {}, found `{}`",
                known.join(", "),
                section.wire.dialect
            )
        })?;
        let profile = Profile::new(PlatformId::new(id), table, &section.wire)
            .with_context(|| format!("platforms.{id}.wire"))?;
        let rules =
            Rules::new(section.underwriting.clone(), &settings.institution.name).with_context(within)?;
        platforms.push(Platform::under_rules(profile, rules));
    }
    Ok(Platforms::new(platforms))
}

/// Loads the institution's key, certificate and seal, and checks that they belong together.
///
/// # Errors
/// Which file is missing or does not fit.
pub fn sealer(options: &SealOptions) -> anyhow::Result<Sealer> {
    let SealOptions { signer_key, signer_certificate, electronic_seal } = options;
    let key = PrivateKey::from_file(signer_key).context("seal.signer_key")?;
    let certificate = || {
        let pem = std::fs::read_to_string(signer_certificate).context("expected a certificate as PEM")?;
        anyhow::Ok(Certificate::from_pem(&pem)?)
    };
    let certificate = certificate()
        .with_context(|| format!("seal.signer_certificate: `{}`", signer_certificate.display()))?;
    let signer = LocalSigner::new(key, certificate).with_context(|| {
        format!(
            "seal.signer_key: expected the key of seal.signer_certificate `{}` in `{}`",
            signer_certificate.display(),
            signer_key.display()
        )
    })?;
    let seal = || {
        let der = std::fs::read(electronic_seal).context("expected an electronic seal as DER")?;
        Sealer::new(Arc::new(signer), der)
    };
    seal().with_context(|| format!("seal.electronic_seal: `{}`", electronic_seal.display()))
}
