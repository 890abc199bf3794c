//! The settings of signers outside of this process.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::secret::Secret;

/// The `[seal.service]` section of the settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceOptions {
    /// What stands before `/v1/keys/`: `https://sign.example.com/api`.
    pub url: String,
    /// The service's name of the key.
    pub key: String,
    /// The bearer token.
    pub token: Secret,
    /// For a signature with all its attempts; those that are left share what is left of it.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required", default = "timeout")]
    pub timeout: Duration,
    #[serde(default = "attempts")]
    pub attempts: u32,
    #[serde(default = "connect_seconds")]
    pub connect_seconds: u64,
    /// A PEM file of further certificate authorities to trust.
    pub ca_file: Option<PathBuf>,
    /// A PEM file with the private key and the certificates by which the service knows its client.
    pub identity: Option<PathBuf>,
}

fn timeout() -> Duration {
    Duration::from_secs(20)
}

fn attempts() -> u32 {
    4
}

fn connect_seconds() -> u64 {
    3
}

/// The `[seal.device]` section of the settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceOptions {
    /// The vendor's library (`.so`).
    pub library: PathBuf,
    /// The index of the signing key in the device (签名密钥索引).
    pub key_index: u32,
    /// The access code of the private key (私钥访问控制码); none where the device asks for none.
    pub password: Option<Secret>,
    /// The folder of the vendor's configuration file, for libraries that have `SDF_OpenDeviceWithPath`.
    pub config_folder: Option<PathBuf>,
    #[serde(default)]
    pub coordinate_bytes: CoordinateBytes,
    /// Signatures that the device makes at the same time.
    #[serde(default = "sessions")]
    pub sessions: u32,
}

fn sessions() -> u32 {
    4
}

/// How long a coordinate is in the structures of the vendor's header (`ECCref_MAX_LEN`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub enum CoordinateBytes {
    /// As GM/T 0018-2012 has it, for curves of up to 512 bits.
    #[default]
    SixtyFour,
    /// As some older libraries have it, for 256 bits.
    ThirtyTwo,
}

impl CoordinateBytes {
    pub fn get(self) -> usize {
        match self {
            Self::SixtyFour => 64,
            Self::ThirtyTwo => 32,
        }
    }
}

impl TryFrom<u32> for CoordinateBytes {
    type Error = String;

    fn try_from(bytes: u32) -> Result<Self, String> {
        match bytes {
            64 => Ok(Self::SixtyFour),
            32 => Ok(Self::ThirtyTwo),
            other => Err(format!("expected 64 or 32, found {other}")),
        }
    }
}
