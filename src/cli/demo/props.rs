//! What a demonstration needs: keys, certificates, a seal, credentials and settings, all made on the spot. Tests of the
//! whole gateway use the same.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::cast::{self, Credentials, Role};
use crate::cli::keys::{demonstration_keys, electronic_seal};
use crate::crypto::keyring::Keyring;
use crate::crypto::private_file;
use crate::secret::Secret;

/// The second file of settings, where a core system decides.
pub const CORE_SYSTEM_SETTINGS: &str = "core-system.toml";

pub const SETTINGS: &str = "baohan.toml";
pub const ROOT_CERTIFICATE: &str = "keys/root.cert.pem";
/// The invented institution's name, as on letters and seal.
pub const INSTITUTION: &str = "示例财产保险股份有限公司";

/// Its unified social credit code, as invented as the name.
pub const INSTITUTION_CODE: &str = "91460000MA0EXAMP7X";

/// Makes master key, certificates and electronic seal in the folder.
///
/// # Errors
/// When a file can't be written, or was there already.
pub fn keys_and_seal(folder: &Path, now: Timestamp) -> anyhow::Result<()> {
    Keyring::generate_file(&folder.join("master.key"))?;
    let dir = folder.join("keys");
    let keys = demonstration_keys(&dir, INSTITUTION, now)?;
    electronic_seal(&dir, &keys, INSTITUTION, now)?;
    Ok(())
}

/// Writes the settings that the demonstration runs with, so that `baohan serve` can go on with them. `address` is where
/// the gateway will listen.
///
/// # Errors
/// When a file can't be written.
pub fn write_settings(
    folder: &Path,
    address: SocketAddr,
    platforms: &[(Role, String, &Credentials)],
) -> anyhow::Result<PathBuf> {
    // TOML's basic strings take a path's JSON form, quotes and backslashes included.
    let path = |name: &str| serde_json::to_string(&folder.join(name));
    let mut text = format!(
        r#"# Settings of a demonstration: made keys, made platforms, an invented institution.
[server]
listen = "{address}"
[store]
url = {database}
[archive]
folder = {documents}
[keyring]
file = {master}
[seal]
signer_key = {signer_key}
signer_certificate = {signer_cert}
electronic_seal = {seal}
anchors = {root}
[downloads]
public_url = "http://{address}"
[telemetry]
metrics_listen = "127.0.0.1:0"
log_filter = "warn"

[institution]
name = "{INSTITUTION}"
code = "{INSTITUTION_CODE}"
address = "海南省海口市国兴大道示例大厦1号"
postcode = "570203"
phone = "0898-60000000"
fax = "0898-60000001"
legal_representative = "陈某某"
court = "海口市美兰区人民法院"
verification_url = "https://verify.example.com/{{number}}"
"#,
        database = path("baohan.db")?,
        documents = path("documents")?,
        master = path("master.key")?,
        signer_key = path("keys/signer.key.pem")?,
        signer_cert = path("keys/signer.cert.pem")?,
        seal = path("keys/seal.esl")?,
        root = path(ROOT_CERTIFICATE)?,
    );
    let mut secret_file = |name: &str, secret: &str| {
        private_file::write_new(&folder.join(name), secret.as_bytes())?;
        Ok(path(name)?)
    };
    for (role, url, credentials) in platforms {
        text += &cast::settings_sections(*role, url, credentials, &mut secret_file)?;
    }
    let file = folder.join(SETTINGS);
    std::fs::write(&file, text)?;
    Ok(file)
}

/// Writes what a core system changes in the settings of a demonstration: it decides, and the rules leave everything to it.
///
/// # Errors
/// When a file can't be written.
pub fn write_core_system_settings(
    folder: &Path,
    callback_url: &str,
    secret: &Secret,
    roles: &[Role],
) -> anyhow::Result<PathBuf> {
    const SECRET_FILE: &str = "callbacks.secret";
    private_file::write_new(&folder.join(SECRET_FILE), secret.expose().as_bytes())?;
    let secret_file = serde_json::to_string(&folder.join(SECRET_FILE))?;
    let mut text = format!(
        "# What is different where a core system decides.\n[api]\nlisten = \"127.0.0.1:0\"\n\
         [callbacks]\nurl = \"{callback_url}\"\nsecret_file = {secret_file}\n"
    );
    for role in roles {
        text += &format!(
            "[platforms.{}.underwriting]\nmode = \"callback\"\nsurrender = \"callback\"\n\
             cancellation = \"callback\"\ninvoice = \"callback\"\nclaim = \"callback\"\npremium = {{ collection = \"recorded\" }}\n",
            role.id()
        );
    }
    let file = folder.join(CORE_SYSTEM_SETTINGS);
    std::fs::write(&file, text)?;
    Ok(file)
}
