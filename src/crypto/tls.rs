//! TLS of a listener of ours: certificate, key, and the authorities of callers. Files that change are read again at the
//! next handshake, so that a certificate is renewed without a restart.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use anyhow::{Context, ensure};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};
use x509_cert::der::Decode;

use super::private_file;

pub use rustls::ServerConfig;

/// Where everything is (PEM).
#[derive(Clone, Debug)]
pub struct ServerFiles {
    /// The certificate, and behind it those of its issuers.
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Authorities whose certificates callers have to show.
    pub client_ca: Option<PathBuf>,
}

/// Which of the files can't be used, and why.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("certificate: {0:#}")]
    Certificate(anyhow::Error),
    #[error("key: {0:#}")]
    Key(anyhow::Error),
    #[error("client_ca: {0:#}")]
    ClientCa(anyhow::Error),
}

/// What becomes of a caller without a certificate, where there are authorities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uncertified {
    /// It gets no further than the handshake.
    Refused,
    /// It gets in; whoever reads its requests decides.
    Admitted,
}

/// TLS 1.2 and 1.3. With authorities, a certificate that none of them has issued ends the handshake.
///
/// # Errors
/// When a file can't be used, or key and certificate do not belong together.
pub fn server_config(files: ServerFiles, uncertified: Uncertified) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let asks_for_certificates = files.client_ca.is_some();
    let renewed = Arc::new(Renewed::load(files, uncertified, Arc::clone(&provider))?);
    let versions = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Certificate(error.into()))?;
    let mut config = match asks_for_certificates {
        true => versions.with_client_cert_verifier(renewed.clone()),
        false => versions.with_no_client_auth(),
    }
    .with_cert_resolver(renewed);
    // A session that is taken up again would skip the look at certificate and authorities.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// What a caller has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// SHA-256 of the certificate, in lower-case hexadecimal.
    pub fingerprint: String,
    /// As RFC 4514 writes it; empty where it can't be read.
    pub subject: String,
}

pub fn shown(certificate: &CertificateDer<'_>) -> Shown {
    let parsed = x509_cert::Certificate::from_der(certificate.as_ref());
    Shown {
        fingerprint: hex::encode(Sha256::digest(certificate.as_ref())),
        subject: parsed.map(|it| it.tbs_certificate().subject().to_string()).unwrap_or_default(),
    }
}

/// What the files hold, as long as they stay as they were.
#[derive(Debug)]
struct Renewed {
    files: ServerFiles,
    uncertified: Uncertified,
    provider: Arc<CryptoProvider>,
    kept: RwLock<Kept>,
}

#[derive(Debug)]
struct Kept {
    stamps: Vec<Option<Stamp>>,
    credentials: Credentials,
}

#[derive(Clone, Debug)]
struct Credentials {
    own: Arc<CertifiedKey>,
    callers: Option<Arc<dyn ClientCertVerifier>>,
}

/// What tells a file from its successor.
type Stamp = (SystemTime, u64);

impl Renewed {
    fn load(
        files: ServerFiles,
        uncertified: Uncertified,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, TlsError> {
        let stamps = stamps(&files);
        let credentials = read(&files, &provider)?;
        Ok(Self { files, uncertified, provider, kept: RwLock::new(Kept { stamps, credentials }) })
    }

    /// Looking at the files costs microseconds, and a handshake milliseconds. Files that can't be used (half written, or
    /// a key that does not belong to its certificate) change nothing until they change again.
    fn look(&self) {
        let stamps = stamps(&self.files);
        if self.kept.read().unwrap_or_else(PoisonError::into_inner).stamps == stamps {
            return;
        }
        let read = read(&self.files, &self.provider);
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        kept.stamps = stamps;
        match read {
            Ok(credentials) => {
                kept.credentials = credentials;
                tracing::info!(certificate = %self.files.certificate.display(), "TLS files were read again");
            }
            Err(error) => {
                let reason = error.to_string();
                tracing::error!(
                    reason,
                    "TLS files have changed and can't be used; the former ones stay in use"
                );
            }
        }
    }

    fn credentials(&self) -> Credentials {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).credentials.clone()
    }

    fn callers(&self) -> Result<Arc<dyn ClientCertVerifier>, rustls::Error> {
        let none = || rustls::Error::General("no authority of callers is known".to_owned());
        self.credentials().callers.ok_or_else(none)
    }
}

fn stamps(files: &ServerFiles) -> Vec<Option<Stamp>> {
    let paths = [Some(&files.certificate), Some(&files.key), files.client_ca.as_ref()];
    let stamp = |path: &PathBuf| {
        let about = std::fs::metadata(path).ok()?;
        Some((about.modified().ok()?, about.len()))
    };
    paths.into_iter().flatten().map(stamp).collect()
}

fn read(files: &ServerFiles, provider: &Arc<CryptoProvider>) -> Result<Credentials, TlsError> {
    let chain = certificates(&files.certificate).map_err(TlsError::Certificate)?;
    let key = private_key(&files.key).map_err(TlsError::Key)?;
    let own = CertifiedKey::from_der(chain, key, provider)
        .with_context(|| format!("`{}` does not go with the certificate", files.key.display()))
        .map_err(TlsError::Key)?;
    let callers = files.client_ca.as_deref().map(|path| verifier(path, provider));
    let callers = callers.transpose().map_err(TlsError::ClientCa)?;
    Ok(Credentials { own: Arc::new(own), callers })
}

fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let shown = path.display();
    let found = CertificateDer::pem_file_iter(path).with_context(|| format!("cannot read `{shown}`"))?;
    let found: Vec<_> = found.collect::<Result<_, _>>().with_context(|| format!("`{shown}` is no PEM"))?;
    ensure!(!found.is_empty(), "`{shown}`: expected a certificate (PEM), found none");
    Ok(found)
}

fn private_key(path: &Path) -> anyhow::Result<PrivateKeyDer<'static>> {
    let content = private_file::read(path)?;
    let key = PrivateKeyDer::from_pem_slice(&content);
    key.with_context(|| format!("`{}`: expected a private key (PEM) without a password", path.display()))
}

fn verifier(path: &Path, provider: &Arc<CryptoProvider>) -> anyhow::Result<Arc<dyn ClientCertVerifier>> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        let added = roots.add(certificate);
        added.with_context(|| format!("`{}` holds what is no authority's certificate", path.display()))?;
    }
    Ok(WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build()?)
}

impl ResolvesServerCert for Renewed {
    /// The first that is asked in a handshake.
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.look();
        Some(self.credentials().own)
    }
}

impl ClientCertVerifier for Renewed {
    fn client_auth_mandatory(&self) -> bool {
        self.uncertified == Uncertified::Refused
    }

    /// No hints: a caller has one certificate for us, and shows it.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.callers()?.verify_client_cert(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.callers()?.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.callers()?.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests;
