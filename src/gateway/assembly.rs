//! From settings to working parts.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, bail};
use jiff::Timestamp;

use super::alarms::herald;
use super::certificates::Certificates;
use super::disks::Disks;
use super::platforms::{base, settled};
use super::signer::sealer;
use crate::casework::Platforms;
use crate::changes::{Live, Overlay, Printing};
use crate::clock::Clock;
use crate::crypto::certificate::Certificate;
use crate::crypto::keyring::Keyring;
use crate::crypto::{self, international, second_opinion};
use crate::delivery::Courier;
use crate::delivery::client::Client;
use crate::delivery::evidence::EvidenceClient;
use crate::delivery::guard::Guard;
use crate::delivery::public_keys::PublicKeys;
use crate::delivery::upload::Uploader;
use crate::document::{DocumentOptions, Form, LetterKind, Press};
use crate::domain::identity::PlatformId;
use crate::domain::product::LetterFormat;
use crate::domain::section::Secrecy;
use crate::downloads::{Downloads, Links};
use crate::edge::Edge;
use crate::institution::letterhead::InstitutionOptions;
use crate::intake::Intake;
use crate::intake::inquiry::Inquiries;
use crate::jobs::desk::Desk;
use crate::jobs::letters::{LetterMaker, Style, Writing};
use crate::jobs::{CoreSystem, Reach};
use crate::reconciliation::Reconciler;
use crate::seal::Trust;
use crate::seal::pdf::{Container, InternationalSigner, PdfSigner, SealPicture};
use crate::seal::sealer::Sealer;
use crate::settings::{KeyringOptions, SealOptions, Settings};
use crate::store::Store;
use crate::store::archive::Archive;
use crate::supervise::{Current, Workshop};
use crate::telemetry::Metrics;

/// The parts that both listeners and workers use. Cheap to clone.
#[derive(Clone)]
pub struct Assembly {
    pub store: Store,
    pub archive: Archive,
    pub platforms: Platforms,
    pub clock: Clock,
    pub metrics: Metrics,
    pub desk: Arc<Desk>,
    /// What is changed while the gateway runs.
    pub changes: Arc<Live>,
    /// Makes the links under which platforms fetch documents.
    pub links: Links,
    /// Answers what platforms ask.
    pub inquiries: Arc<Inquiries>,
    /// Compares statements.
    pub reconciler: Reconciler,
    /// Whom seals of letters are verified against.
    pub trust: Arc<Trust>,
    /// From when to when the institution may use its seal.
    pub seal_validity: (Timestamp, Timestamp),
    /// When certificates end.
    pub certificates: Certificates,
    /// Where there has to be room.
    pub disks: Disks,
    /// Who may come in where platforms push to.
    pub edge: Edge,
}

impl Assembly {
    /// Opens everything that the settings name; the database is migrated.
    ///
    /// # Errors
    /// When anything can't be used: which setting, and why.
    pub async fn build(settings: &Settings, clock: Clock) -> anyhow::Result<Self> {
        crypto::self_test().context("the ciphers do not compute what the standards say")?;
        // What is told wrong quickly is looked at first.
        let base = base(settings)?;
        let platforms = settled(&base, settings, &Overlay::default())?;
        let client = client(settings, &platforms)?;
        let evidence = EvidenceClient::new(&settings.evidence, &settings.delivery, &settings.outbound)?;
        let herald = herald(settings, &platforms, &clock)?;
        let core_system = CoreSystem::new(&settings.callbacks)?;
        let store = connect_store(settings)?;

        // Fonts, templates and libsm's table take most of a second each.
        let (documents, institution) = (settings.documents.clone(), settings.institution.clone());
        // The first layout starts Typst's own threads, which inherit the workshop's place behind others.
        let workshop = Workshop::open("letters", documents.niceness).context("threads for letters")?;
        let press = workshop.run(move || press(&documents, &institution));
        let warm = tokio::task::spawn_blocking(second_opinion::warm);
        let metrics = metrics(&platforms);
        let store = store.reporting_to(metrics.clone());
        let sealer = Arc::new(sealer(&settings.seal, &clock, &metrics).await?);
        let styles = styles(settings, &platforms, &sealer)?;
        let trust = Arc::new(trust(&settings.seal)?);
        let seal_validity = sealer.validity();
        let certificates = Certificates::of(settings, &sealer);
        migrate(&store).await?;
        let archive = Archive::open(&settings.archive, store.keyring()).context("archive")?;
        let archive = archive.reporting_to(metrics.clone());
        let press = press.await.context("loading fonts and templates panicked")??;
        let printing = Printing {
            workshop: workshop.clone(),
            current: Current::new(press.clone()),
            base: press,
            letterhead: LetterMaker::sample(&settings.institution),
        };
        let (current, behind) = (printing.current.clone(), store.for_jobs());
        let changes =
            Live::open(base, behind, clock.clone(), metrics.clone(), platforms.clone(), printing).await?;
        warm.await.context("warming up libsm panicked")?;
        let courier = Courier { client, clock: clock.clone(), metrics: metrics.clone() };
        let links = Links::new(&settings.downloads);
        let behind = store.for_jobs();
        let desk = Arc::new(Desk {
            store: behind.clone(),
            platforms: platforms.clone(),
            clock: clock.clone(),
            metrics: metrics.clone(),
            letters: Arc::new(LetterMaker::new(
                workshop.clone(),
                current,
                sealer,
                settings.institution.clone(),
                styles,
            )),
            uploader: Uploader {
                courier,
                workshop,
                store: behind.clone(),
                archive: archive.clone(),
                public_keys: PublicKeys::default(),
            },
            links: links.clone(),
            options: settings.jobs.clone(),
            rounds: settings.rounds.clone(),
            core_system,
            herald,
            evidence,
            reach: Reach::new(
                behind,
                platforms.clone(),
                clock.clone(),
                metrics.clone(),
                settings.jobs.unreachable_after,
            ),
        });
        let inquiries = Arc::new(Inquiries::new(archive.clone(), links.clone(), Arc::clone(&trust)));
        let reconciler = reconciler(settings, &store);
        Ok(Self {
            store,
            archive,
            platforms,
            clock,
            metrics,
            desk,
            changes,
            links,
            inquiries,
            reconciler,
            trust,
            seal_validity,
            certificates,
            disks: Disks::of(settings),
            edge: edge(settings),
        })
    }

    /// The use case that the listener calls.
    pub fn intake(&self) -> Intake {
        Intake {
            store: self.store.clone(),
            platforms: self.platforms.clone(),
            clock: self.clock.clone(),
            metrics: self.metrics.clone(),
            inquiries: Arc::clone(&self.inquiries),
            edge: self.edge.clone(),
        }
    }

    /// What answers those who follow a link.
    pub fn downloads(&self) -> Downloads {
        Downloads {
            store: self.store.clone(),
            archive: self.archive.clone(),
            clock: self.clock.clone(),
            metrics: self.metrics.clone(),
            edge: self.edge.clone(),
        }
    }
}

/// The edge of the listener that platforms reach.
fn edge(settings: &Settings) -> Edge {
    let platforms = settings.platforms.iter();
    let platforms = platforms.map(|(id, section)| (PlatformId::new(id), &section.edge));
    Edge::new(&settings.server.limits, &settings.server.proxies, platforms)
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

/// What calls platforms, and nobody else.
///
/// # Errors
/// When an address can't be called, or TLS can't be set up.
pub fn client(settings: &Settings, platforms: &Platforms) -> anyhow::Result<Client> {
    let platforms: Vec<_> = platforms.iter().collect();
    let urls = platforms.iter().flat_map(|platform| platform.profile.outbound().map(|(_, url)| url));
    Client::new(&settings.delivery, Guard::platforms(&settings.outbound, urls)?)
}

/// What asks the institution's identity provider who somebody is.
///
/// # Errors
/// As [`client`].
pub fn identity_client(settings: &Settings) -> anyhow::Result<Client> {
    let issuer = settings.access.oidc.as_ref().map(|oidc| oidc.issuer.as_str());
    Client::new(&settings.delivery, Guard::identity_provider(&settings.outbound, issuer)?)
}

/// Compares the statements of the platforms in the settings with what is stored.
pub fn reconciler(settings: &Settings, store: &Store) -> Reconciler {
    let platforms = settings.platforms.iter();
    let platforms = platforms.map(|(id, section)| (PlatformId::new(id), section.statement.clone()));
    Reconciler {
        store: store.clone(),
        options: settings.reconciliation.clone(),
        platforms: platforms.collect(),
    }
}

/// All at zero, also what is counted for each platform and has not happened yet.
fn metrics(platforms: &Platforms) -> Metrics {
    let metrics = Metrics::new();
    for platform in platforms.iter() {
        let profile = &platform.profile;
        metrics.expect_platform(profile.id().as_str(), profile.inbound().map(|it| it.name.as_str()));
    }
    metrics
}

async fn migrate(store: &Store) -> anyhow::Result<()> {
    store.migrate().await.map(drop).context("store.url: the tables can't be brought up to date")
}

/// Opens the database under the keyring, as it is.
///
/// # Errors
/// When the master key or the database can't be used.
pub fn connect_store(settings: &Settings) -> anyhow::Result<Store> {
    let keyring = keyring(&settings.keyring)?;
    Store::open(&settings.store, Arc::new(keyring)).context("store.url")
}

/// Reads the master key.
///
/// # Errors
/// When there is none where the settings say, or others can read it too.
pub fn keyring(options: &KeyringOptions) -> anyhow::Result<Keyring> {
    options.source()?.keyring()
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

/// How the letters for each platform look.
///
/// # Errors
/// Which key or certificate a platform's PDF letters lack.
pub fn styles(
    settings: &Settings,
    platforms: &Platforms,
    sealer: &Arc<Sealer>,
) -> anyhow::Result<BTreeMap<PlatformId, Style>> {
    let mut styles = BTreeMap::new();
    for platform in platforms.iter() {
        let id = platform.profile.id();
        let options = settings.platforms.get(id.as_str()).map(|section| &section.letters);
        let options = options.cloned().unwrap_or_default();
        let (product, kind) = (platform.profile.product(), settings.institution.kind);
        let form = options.form.unwrap_or_else(|| Form::choose(product, kind));
        if !form.has(LetterKind::Ciphertext) && platform.profile.secrecy() == Secrecy::UntilOpening {
            let expected = "a form that can be printed before the opening";
            bail!("platforms.{id}.letters.form: expected {expected}, found `{}`", form.name());
        }
        let writing = match options.format.unwrap_or_else(|| platform.profile.letter_format()) {
            LetterFormat::Ofd => Writing::Ofd,
            LetterFormat::Pdf => {
                let within = || format!("platforms.{id}.letters.signature.container");
                let signer = pdf_signer(&settings.seal, options.signature.container, sealer);
                let picture =
                    sealer.picture_png().context("seal.electronic_seal: expected a PNG picture in it")?;
                let picture =
                    SealPicture::from_png(picture, sealer.size_mm()).context("seal.electronic_seal")?;
                Writing::Pdf {
                    signer: signer.with_context(within)?,
                    picture: Arc::new(picture),
                    profile: options.signature,
                }
            }
        };
        styles.insert(id.clone(), Style { form, writing });
    }
    Ok(styles)
}

/// Who signs PDF letters in this container: the RSA or ECDSA key for `cms` where there is one, else the seal's.
fn pdf_signer(
    options: &SealOptions,
    container: Container,
    sealer: &Arc<Sealer>,
) -> anyhow::Result<PdfSigner> {
    if container != Container::Cms {
        return Ok(PdfSigner::Sm2(Arc::clone(sealer)));
    }
    let (Some(key), Some(certificates)) = (&options.pdf_key, &options.pdf_certificates) else {
        bail!(
            "`cms` needs seal.pdf_key and seal.pdf_certificates; `ses` and `gm-signed-data` use the seal's own key"
        );
    };
    let pem = std::fs::read_to_string(certificates)
        .with_context(|| format!("seal.pdf_certificates: can't read `{}`", certificates.display()))?;
    let certificates = Certificate::all_from_pem(&pem).context("seal.pdf_certificates")?;
    let key = international::PrivateKey::from_file(key).context("seal.pdf_key")?;
    let signer = InternationalSigner::new(key, certificates).context("seal.pdf_certificates")?;
    Ok(PdfSigner::International(Arc::new(signer)))
}

fn trust(options: &SealOptions) -> anyhow::Result<Trust> {
    let Some(file) = &options.anchors else { return Ok(Trust::default()) };
    let pem = std::fs::read_to_string(file)
        .with_context(|| format!("seal.anchors: can't read `{}`", file.display()))?;
    Ok(Trust { anchors: Certificate::all_from_pem(&pem).context("seal.anchors")? })
}
