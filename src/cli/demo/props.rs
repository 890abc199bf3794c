//! What a demonstration needs: keys, certificates, a seal, credentials and settings, all made on the spot. Tests of the
//! whole gateway use the same.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::cli::keys::{demonstration_keys, electronic_seal};
use crate::crypto::keyring::Keyring;
use crate::crypto::private_file;
use crate::secret::Secret;

/// The id of the one platform, and its dialect.
pub const PLATFORM: &str = "hainan";
pub const SETTINGS: &str = "baohan.toml";
pub const ROOT_CERTIFICATE: &str = "keys/root.cert.pem";
/// The invented institution's name, as on letters and seal.
pub const INSTITUTION: &str = "示例财产保险股份有限公司";

/// What the platform gave the institution.
pub struct Credentials {
    pub appkey: String,
    pub appsecret: Secret,
}

impl Credentials {
    /// A fresh secret under the usual key.
    pub fn generate() -> Self {
        let appsecret = Secret::new(hex::encode(rand::random::<[u8; 16]>()));
        Self { appkey: "HN_DEMO_0001".to_owned(), appsecret }
    }
}

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

/// Writes the settings that the demonstration runs with, so that `baohan serve` can go on with them.
///
/// # Errors
/// When a file can't be written.
pub fn write_settings(folder: &Path, platform: &str, credentials: &Credentials) -> anyhow::Result<PathBuf> {
    private_file::write_new(&folder.join("appsecret"), credentials.appsecret.expose().as_bytes())?;
    // TOML's basic strings take a path's JSON form, quotes and backslashes included.
    let path = |name: &str| serde_json::to_string(&folder.join(name));
    let text = format!(
        r#"# Settings of a demonstration: made keys, a made platform, an invented institution.
[server]
listen = "127.0.0.1:0"
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
[telemetry]
metrics_listen = "127.0.0.1:0"
log_filter = "warn"

[institution]
name = "{INSTITUTION}"
code = "91460000MA0EXAMP7X"
address = "海南省海口市国兴大道示例大厦1号"
postcode = "570203"
phone = "0898-60000000"
fax = "0898-60000001"
legal_representative = "陈某某"
court = "海口市美兰区人民法院"
verification_url = "https://verify.example.com/{{number}}"

[platforms.{PLATFORM}.wire]
dialect = "hainan-2024"
title = "海南省公共资源交易投标担保服务平台（模拟）"
appkey = "{appkey}"
appsecret_file = {secret}
platform_codes = ["460000"]
base_url = "{platform}"

[platforms.{PLATFORM}.underwriting]
mode = "automatic"
surrender = "automatic"
rate = "0.004"
minimum_premium = "200.00"
smallest_amount = "1000.00"
largest_amount = "800000.00"
premium = {{ collection = "assumed", account = "46050100163600009999", bank = "示例银行海口分行" }}
"#,
        database = path("baohan.db")?,
        documents = path("documents")?,
        master = path("master.key")?,
        signer_key = path("keys/signer.key.pem")?,
        signer_cert = path("keys/signer.cert.pem")?,
        seal = path("keys/seal.esl")?,
        secret = path("appsecret")?,
        appkey = credentials.appkey,
    );
    let file = folder.join(SETTINGS);
    std::fs::write(&file, text)?;
    Ok(file)
}
