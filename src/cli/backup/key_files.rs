//! What no backup of data holds: the files of keys that the settings name, and the settings that are secrets themselves.

use std::path::Path;

use crate::backup::keys::KeyFile;
use crate::settings::{KeySource, MasterSource, Settings};

/// The files that can be copied.
///
/// # Errors
/// When the settings name two places of the signing key, or of the master key.
pub fn key_files(settings: &Settings) -> anyhow::Result<Vec<KeyFile>> {
    let seal = &settings.seal;
    let (signer, certificate): (Option<(&str, &Path)>, Option<&Path>) = match seal.key_source()? {
        KeySource::Pem { key, certificate } => (Some(("seal.signer_key", key)), Some(certificate)),
        KeySource::Pkcs12 { file, certificate, .. } => (Some(("seal.signer_pkcs12", file)), certificate),
        KeySource::Service { certificate, .. } => (None, certificate),
        KeySource::Device { certificate, .. } => (None, Some(certificate)),
    };
    let master = settings.keyring.source()?;
    let master = match &master {
        MasterSource::File(file) => Some(("keyring.file", file.as_path())),
        // Two halves in one place would be no halves, and what systemd or the environment holds has a keeper of its own.
        MasterSource::Env(_) | MasterSource::Credential(_) | MasterSource::Halves(_) => None,
    };
    let named = [
        master,
        signer,
        certificate.map(|file| ("seal.signer_certificate", file)),
        Some(("seal.electronic_seal", seal.electronic_seal.as_path())),
        seal.pdf_key.as_deref().map(|file| ("seal.pdf_key", file)),
        seal.pdf_certificates.as_deref().map(|file| ("seal.pdf_certificates", file)),
        seal.anchors.as_deref().map(|file| ("seal.anchors", file)),
    ];
    let files = named.into_iter().flatten();
    Ok(files.map(|(setting, path)| KeyFile { setting: setting.to_owned(), path: path.to_owned() }).collect())
}

/// The settings that name all that a restored gateway needs besides a backup.
///
/// # Errors
/// As [`key_files`].
pub fn needed(settings: &Settings) -> anyhow::Result<Vec<String>> {
    let mut names: Vec<String> = key_files(settings)?.into_iter().map(|file| file.setting).collect();
    let master = settings.keyring.source()?.setting();
    if !names.iter().any(|name| name == master) {
        names.insert(0, master.to_owned());
    }
    let kept_elsewhere = match settings.seal.key_source()? {
        KeySource::Pem { .. } => None,
        KeySource::Pkcs12 { .. } => Some("seal.pkcs12_password"),
        KeySource::Service { .. } => Some("seal.service"),
        KeySource::Device { .. } => Some("seal.device"),
    };
    names.extend(kept_elsewhere.map(str::to_owned));
    names.extend(settings.callbacks.secret.is_some().then(|| "callbacks.secret".to_owned()));
    names.extend(settings.redirects.secret.is_some().then(|| "redirects.secret".to_owned()));
    names.extend(settings.platforms.keys().map(|id| format!("the secrets in platforms.{id}.wire")));
    Ok(names)
}
