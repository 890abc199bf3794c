//! Where the master key is, and the rest of `[keyring]`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::crypto::keyring::{Keyring, MasterBytes, parse_masters, read_halves};
use crate::crypto::private_file;

/// Where the master key is looked for if the settings name no place.
const USUAL_FILE: &str = "data/master.key";

/// Where systemd keeps a service's credentials while it runs (`LoadCredential=`, `LoadCredentialEncrypted=`).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The master key, which is in one of four places, and how long keys live: see [`KeyringOptions::source`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyringOptions {
    /// The file that holds the master key, made by `baohan keys generate master`.
    pub file: Option<PathBuf>,
    /// The environment variable that holds it.
    pub env: Option<String>,
    /// The systemd credential that holds it.
    pub credential: Option<String>,
    /// The files with its two halves, made by `baohan keys generate halves`.
    pub halves: Option<[PathBuf; 2]>,
    /// How long after it was made a new key comes into use.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub activation: Duration,
    /// For so many days after it was retired, a key is not destroyed: backups may need it.
    pub retain_days: u32,
    /// So many days after a guarantee has ended, its restoration key is destroyed. Without it, it stays.
    pub restoration_keys_days: Option<u32>,
}

impl KeyringOptions {
    /// The place that the settings name, or the usual one if they name none.
    ///
    /// # Errors
    /// When they name two.
    pub fn source(&self) -> anyhow::Result<MasterSource> {
        let file = self.file.clone().map(MasterSource::File);
        let env = self.env.clone().map(MasterSource::Env);
        let credential = self.credential.clone().map(MasterSource::Credential);
        let halves = self.halves.clone().map(MasterSource::Halves);
        let mut named: Vec<MasterSource> = [file, env, credential, halves].into_iter().flatten().collect();
        if named.len() > 1 {
            let keys: Vec<String> = named.iter().map(|it| format!("`{}`", it.setting())).collect();
            bail!("keyring: expected one place of the master key, found {}", keys.join(" and "));
        }
        Ok(named.pop().unwrap_or_else(|| MasterSource::File(USUAL_FILE.into())))
    }

    pub fn retain(&self) -> Duration {
        DAY.saturating_mul(self.retain_days)
    }

    pub fn restoration_keys(&self) -> Option<Duration> {
        self.restoration_keys_days.map(|days| DAY.saturating_mul(days))
    }
}

/// One place of a master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MasterSource {
    /// A file of mode 0600, with former keys on further lines.
    File(PathBuf),
    /// An environment variable with 64 hex digits.
    Env(String),
    /// A file in the folder of the service's credentials.
    Credential(String),
    /// Two files, kept by two people.
    Halves([PathBuf; 2]),
}

impl MasterSource {
    /// The key of the settings that names such a place.
    pub fn setting(&self) -> &'static str {
        match self {
            Self::File(_) => "keyring.file",
            Self::Env(_) => "keyring.env",
            Self::Credential(_) => "keyring.credential",
            Self::Halves(_) => "keyring.halves",
        }
    }

    /// The master keys there: the one that wraps and seals, then former ones.
    ///
    /// # Errors
    /// What was expected where, and how it is made; no key is shown.
    pub fn masters(&self) -> anyhow::Result<Vec<MasterBytes>> {
        match self {
            Self::File(file) => read_file(file).with_context(|| {
                format!(
                    "keyring.file: expected a master key in `{}`; `baohan keys generate master` makes one",
                    file.display()
                )
            }),
            Self::Env(name) => {
                let value = variable(name).with_context(|| {
                    format!("keyring.env: expected a master key in the variable `{name}`, found none")
                })?;
                parse_masters(value.as_bytes(), name).context("keyring.env")
            }
            Self::Credential(name) => read_credential(name).with_context(|| {
                format!(
                    "keyring.credential: expected a master key in the systemd credential `{name}`; \
                     `LoadCredentialEncrypted={name}:FILE` in the unit provides one"
                )
            }),
            Self::Halves([one, other]) => {
                let master = read_halves([one, other]);
                Ok(vec![master.context(
                    "keyring.halves: expected two halves of a master key; `baohan keys generate halves` makes them",
                )?])
            }
        }
    }

    /// # Errors
    /// As [`Self::masters`].
    pub fn keyring(&self) -> anyhow::Result<Keyring> {
        Keyring::from_masters(&self.masters()?).context("keyring: expected a master key, found none")
    }
}

fn read_file(file: &Path) -> anyhow::Result<Vec<MasterBytes>> {
    let content = private_file::read(file).context("the master key")?;
    parse_masters(&content, &file.display().to_string())
}

fn read_credential(name: &str) -> anyhow::Result<Vec<MasterBytes>> {
    if name.is_empty() || name.contains(['/', '\0']) || name.starts_with('.') {
        bail!("expected the name of a credential, found `{name}`");
    }
    let folder = variable(CREDENTIALS).with_context(|| {
        format!("expected `{CREDENTIALS}`, which systemd sets for a service with credentials, found none")
    })?;
    let file = Path::new(folder.as_str()).join(name);
    // The folder is the service's alone; systemd gives the files in it a mode of its own.
    let content = std::fs::read(&file).map(Zeroizing::new);
    let content = content.with_context(|| format!("cannot read `{}`", file.display()))?;
    parse_masters(&content, &file.display().to_string())
}

#[expect(clippy::disallowed_methods, reason = "settings name the variable, and are read in this room")]
fn variable(name: &str) -> Option<Zeroizing<String>> {
    std::env::var(name).ok().filter(|value| !value.is_empty()).map(Zeroizing::new)
}

/// As an operator knows it.
impl fmt::Display for MasterSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(formatter, "{}", file.display()),
            Self::Env(name) => write!(formatter, "the variable {name}"),
            Self::Credential(name) => write!(formatter, "the credential {name}"),
            Self::Halves([one, other]) => {
                write!(formatter, "the halves {} and {}", one.display(), other.display())
            }
        }
    }
}

/// As the command line names a place: a file, `env:NAME`, `credential:NAME` or `halves:FILE,FILE`.
impl FromStr for MasterSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("env", name)) => Ok(Self::Env(name.to_owned())),
            Some(("credential", name)) => Ok(Self::Credential(name.to_owned())),
            Some(("halves", files)) => match files.split_once(',') {
                Some((one, other)) => Ok(Self::Halves([one.into(), other.into()])),
                None => Err(format!("expected two files, `halves:FILE,FILE`, found `{files}`")),
            },
            _ if text.is_empty() => Err("expected a file, found nothing".to_owned()),
            _ => Ok(Self::File(text.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Result<String, String> {
        let rest = "activation = \"5s\"\nretain_days = 90";
        let options: KeyringOptions =
            toml::from_str(&format!("{text}\n{rest}")).map_err(|error| error.to_string())?;
        options.source().map(|source| source.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn each_place_is_recognised_and_two_are_refused_by_their_names() {
        assert_eq!(told("").unwrap(), USUAL_FILE);
        assert_eq!(told("file = \"a.key\"").unwrap(), "a.key");
        assert_eq!(told("env = \"MASTER\"").unwrap(), "the variable MASTER");
        assert_eq!(told("credential = \"master\"").unwrap(), "the credential master");
        assert_eq!(told("halves = [\"a.half\", \"b.half\"]").unwrap(), "the halves a.half and b.half");
        let both = told("env = \"MASTER\"\nhalves = [\"a.half\", \"b.half\"]").unwrap_err();
        assert!(both.ends_with("found `keyring.env` and `keyring.halves`"), "{both}");
        assert!(told("halves = [\"a.half\"]").is_err());
    }

    #[test]
    fn the_command_line_names_places_as_the_settings_do() {
        let place = |text: &str| text.parse::<MasterSource>().map(|it| it.to_string());
        assert_eq!(place("keys/new.key").unwrap(), "keys/new.key");
        assert_eq!(place("env:NEW").unwrap(), "the variable NEW");
        assert_eq!(place("credential:new").unwrap(), "the credential new");
        assert_eq!(place("halves:a,b").unwrap(), "the halves a and b");
        assert!(place("halves:a").is_err() && place("").is_err());
    }

    #[test]
    fn a_place_that_is_empty_says_what_belongs_there() {
        for (source, expected) in [
            ("env:BAOHAN_NO_SUCH_VARIABLE", "variable `BAOHAN_NO_SUCH_VARIABLE`, found none"),
            ("credential:../master", "expected the name of a credential"),
            ("halves:/nowhere/a,/nowhere/b", "baohan keys generate halves"),
            ("/nowhere/master.key", "baohan keys generate master"),
        ] {
            let complaint = format!("{:#}", source.parse::<MasterSource>().unwrap().masters().unwrap_err());
            assert!(complaint.contains(expected), "{complaint}");
        }
    }
}
