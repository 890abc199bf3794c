//! From the settings of the seal to a signer that may use it, wherever its key is.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use crate::clock::Clock;
use crate::crypto::certificate::Certificate;
use crate::crypto::pkcs12::Pkcs12;
use crate::crypto::private_file;
use crate::crypto::sm2::PrivateKey;
use crate::seal::{LocalSigner, Sealer, Signer};
use crate::secret::Secret;
use crate::settings::{KeySource, SealOptions};
use crate::signing::{DeviceOptions, OutsideSigner, ServiceOptions, SigningDevice, SigningService};
use crate::telemetry::Metrics;

/// Loads the institution's seal and certificate, finds the signing key, and checks that they belong together.
///
/// A signing service is asked for nothing but the certificate, and that only if the settings do not name one: a service
/// or a device that is away does not keep the gateway from starting.
///
/// # Errors
/// Which setting or file is missing or does not fit.
pub async fn sealer(options: &SealOptions, clock: &Clock, metrics: &Metrics) -> anyhow::Result<Sealer> {
    let signer: Arc<dyn Signer> = match options.key_source()? {
        KeySource::Pem { key, certificate } => Arc::new(in_pem(key, certificate)?),
        KeySource::Pkcs12 { file, password, certificate } => {
            Arc::new(in_pkcs12(file, password, certificate)?)
        }
        KeySource::Service { options, certificate } => {
            Arc::new(of_service(options, certificate, clock, metrics).await?)
        }
        KeySource::Device { options, certificate } => {
            Arc::new(of_device(options, certificate, metrics).await?)
        }
    };
    let file = &options.electronic_seal;
    let seal = || {
        let der = std::fs::read(file).context("expected an electronic seal as DER")?;
        Sealer::new(signer, der)
    };
    seal().with_context(|| format!("seal.electronic_seal: `{}`", file.display()))
}

fn certificate(file: &Path) -> anyhow::Result<Certificate> {
    let read = || {
        let pem = std::fs::read_to_string(file).context("expected a certificate as PEM")?;
        anyhow::Ok(Certificate::from_pem(&pem)?)
    };
    read().with_context(|| format!("seal.signer_certificate: `{}`", file.display()))
}

fn in_pem(key: &Path, certificate_file: &Path) -> anyhow::Result<LocalSigner> {
    let private = PrivateKey::from_file(key).context("seal.signer_key")?;
    LocalSigner::new(private, certificate(certificate_file)?).with_context(|| {
        format!(
            "seal.signer_key: expected the key of seal.signer_certificate `{}` in `{}`",
            certificate_file.display(),
            key.display()
        )
    })
}

fn in_pkcs12(file: &Path, password: &Secret, own: Option<&Path>) -> anyhow::Result<LocalSigner> {
    let open = || {
        let content = private_file::read(file)?;
        let opened = Pkcs12::open(&content, password.expose());
        opened.with_context(|| format!("`{}`", file.display()))
    };
    let Pkcs12 { key, certificate: inside } = open().context("seal.signer_pkcs12")?;
    let certificate = match own {
        Some(own) => certificate(own)?,
        None => inside.with_context(|| {
            let shown = file.display();
            format!(
                "seal.signer_certificate: expected the certificate of the key in `{shown}`, which holds none"
            )
        })?,
    };
    LocalSigner::new(key, certificate).with_context(|| format!("seal.signer_pkcs12: `{}`", file.display()))
}

async fn of_service(
    options: &ServiceOptions,
    own: Option<&Path>,
    clock: &Clock,
    metrics: &Metrics,
) -> anyhow::Result<OutsideSigner> {
    let service = SigningService::new(options, clock)?;
    let certificate = match own {
        Some(own) => certificate(own)?,
        None => service
            .certificate()
            .await
            .context("seal.service: the certificate is not known (seal.signer_certificate could name it)")?,
    };
    OutsideSigner::new(service, certificate, metrics).context("seal.service")
}

async fn of_device(options: &DeviceOptions, own: &Path, metrics: &Metrics) -> anyhow::Result<OutsideSigner> {
    let (options, certificate) = (options.clone(), certificate(own)?);
    let expected = certificate.clone();
    let device = tokio::task::spawn_blocking(move || {
        let device = SigningDevice::load(&options)?;
        device.expect_key_of(&expected).context("seal.device")?;
        anyhow::Ok(device)
    });
    OutsideSigner::new(device.await.context("the device's library panicked")??, certificate, metrics)
        .context("seal.device")
}
