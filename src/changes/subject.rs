//! What a change is about.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::dialect::PlatformOptions;
use crate::domain::identity::PlatformId;
use crate::secret::Secret;

/// One thing that can be changed; each has versions of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A secret in `[platforms.ID.wire]`.
    Secret { platform: PlatformId, key: SecretKey },
    /// An entry of `[[rules]]`.
    Rule { name: String },
    /// A template of letters, such as `bid-bond.typ`.
    Template { name: String },
}

/// The secrets of a platform, by their keys in the settings.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum SecretKey {
    #[serde(rename = "appsecret")]
    #[value(name = "appsecret")]
    AppSecret,
    AgreedKey,
    AgreedIv,
    PrivateKey,
    FileKey,
    FileIv,
}

impl SecretKey {
    pub const ALL: [Self; 6] =
        [Self::AppSecret, Self::AgreedKey, Self::AgreedIv, Self::PrivateKey, Self::FileKey, Self::FileIv];

    /// As in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::AppSecret => "appsecret",
            Self::AgreedKey => "agreed_key",
            Self::AgreedIv => "agreed_iv",
            Self::PrivateKey => "private_key",
            Self::FileKey => "file_key",
            Self::FileIv => "file_iv",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// Puts a secret in the place of another; without the `appsecret` there is no platform, so that one stays then.
    pub(super) fn put(self, options: &mut PlatformOptions, secret: Option<Secret>) {
        match self {
            Self::AppSecret => options.appsecret = secret.unwrap_or_else(|| options.appsecret.clone()),
            Self::AgreedKey => options.agreed_key = secret,
            Self::AgreedIv => options.agreed_iv = secret,
            Self::PrivateKey => options.private_key = secret,
            Self::FileKey => options.file_key = secret,
            Self::FileIv => options.file_iv = secret,
        }
    }

    /// What the settings have there.
    pub(super) fn of(self, options: &PlatformOptions) -> Option<&Secret> {
        match self {
            Self::AppSecret => Some(&options.appsecret),
            Self::AgreedKey => options.agreed_key.as_ref(),
            Self::AgreedIv => options.agreed_iv.as_ref(),
            Self::PrivateKey => options.private_key.as_ref(),
            Self::FileKey => options.file_key.as_ref(),
            Self::FileIv => options.file_iv.as_ref(),
        }
    }
}

impl Subject {
    pub(super) const SECRET: &str = "platform-secret";
    pub(super) const RULE: &str = "rule";
    pub(super) const TEMPLATE: &str = "template";

    /// The kind under which it is stored.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Secret { .. } => Self::SECRET,
            Self::Rule { .. } => Self::RULE,
            Self::Template { .. } => Self::TEMPLATE,
        }
    }

    /// Which one of its kind: `hainan/appsecret`, `spring`, `bid-bond.typ`.
    pub fn id(&self) -> String {
        match self {
            Self::Secret { platform, key } => format!("{platform}/{}", key.name()),
            Self::Rule { name } | Self::Template { name } => name.clone(),
        }
    }

    /// Reads what [`Self::kind`] and [`Self::id`] wrote.
    pub fn read(kind: &str, id: &str) -> Option<Self> {
        match kind {
            Self::SECRET => {
                let (platform, key) = id.rsplit_once('/')?;
                Some(Self::Secret { platform: PlatformId::new(platform), key: SecretKey::named(key)? })
            }
            Self::RULE => Some(Self::Rule { name: id.to_owned() }),
            Self::TEMPLATE => Some(Self::Template { name: id.to_owned() }),
            _ => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.id())
    }
}
