//! The section `[archive]` of the settings: a folder, or a bucket of an S3-compatible store.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use actix_web::http::Uri;
use object_store::path::Path;
use serde::Deserialize;

use crate::secret::Secret;

/// Where documents are kept if the settings name no place.
const USUAL_FOLDER: &str = "data/documents";

/// Where documents are kept: in the bucket if there is one, else in the folder.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Named")]
pub struct ArchiveOptions {
    /// Made where it is missing. Means nothing beside a bucket.
    pub folder: PathBuf,
    pub s3: Option<Box<S3Options>>,
}

impl ArchiveOptions {
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), s3: None }
    }
}

impl Default for ArchiveOptions {
    fn default() -> Self {
        Self::in_folder(USUAL_FOLDER)
    }
}

/// As the settings name it: only so can two places be told from one and the usual one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    folder: Option<PathBuf>,
    s3: Option<Box<S3Options>>,
}

impl TryFrom<Named> for ArchiveOptions {
    type Error = String;

    fn try_from(named: Named) -> Result<Self, String> {
        match named {
            Named { folder: Some(folder), s3: Some(_) } => {
                let folder = folder.display();
                Err(format!("expected one place of documents, found `folder` (`{folder}`) and `s3`"))
            }
            Named { folder, s3 } => {
                Ok(Self { folder: folder.unwrap_or_else(|| PathBuf::from(USUAL_FOLDER)), s3 })
            }
        }
    }
}

/// A bucket, and how it is reached.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct S3Options {
    /// Scheme, host and port, without the bucket's name.
    pub endpoint: String,
    pub bucket: String,
    pub region: String,
    /// Stands before every name; may be empty.
    pub prefix: String,
    pub access_key: Secret,
    pub secret_key: Secret,
    pub addressing: Addressing,
    /// A PEM file of further certificate authorities to trust.
    pub ca_file: Option<PathBuf>,
    /// Whether the store knows `If-None-Match` of a PUT.
    pub if_none_match: bool,
    /// Whether a PUT carries `x-amz-checksum-sha256`, as buckets with object lock demand.
    pub checksum: bool,
    pub encryption: Option<Encryption>,
    pub kms_key: Option<String>,
    /// For one operation, with all its attempts.
    pub timeout: Duration,
    /// For one attempt.
    pub attempt_timeout: Duration,
    pub attempts: usize,
    pub connect_timeout: Duration,
}

/// Where the bucket's name stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Addressing {
    /// In the path: `https://store.example.com/bucket/name`.
    #[default]
    Path,
    /// In the host's name: `https://bucket.store.example.com/name`.
    VirtualHosted,
}

/// Which keys the store is asked to encrypt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Encryption {
    /// Its own (SSE-S3).
    #[serde(rename = "AES256")]
    Own,
    /// Those of a key service (SSE-KMS).
    #[serde(rename = "aws:kms")]
    KeyService,
}

impl Encryption {
    /// As the header says it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Own => "AES256",
            Self::KeyService => "aws:kms",
        }
    }
}

/// The keys of `[archive.s3]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    endpoint: String,
    bucket: String,
    #[serde(default = "Written::region")]
    region: String,
    #[serde(default)]
    prefix: String,
    access_key: Secret,
    secret_key: Secret,
    #[serde(default)]
    addressing: Addressing,
    #[serde(default)]
    allow_http: bool,
    ca_file: Option<PathBuf>,
    #[serde(default = "Written::yes")]
    if_none_match: bool,
    #[serde(default)]
    checksum: bool,
    encryption: Option<Encryption>,
    kms_key: Option<String>,
    #[serde(
        default = "Written::timeout",
        with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required"
    )]
    timeout: Duration,
    #[serde(
        default = "Written::attempt_timeout",
        with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required"
    )]
    attempt_timeout: Duration,
    #[serde(default = "Written::attempts")]
    attempts: usize,
    #[serde(default = "Written::connect_seconds")]
    connect_seconds: u64,
}

impl Written {
    fn region() -> String {
        "us-east-1".to_owned()
    }

    fn yes() -> bool {
        true
    }

    fn timeout() -> Duration {
        Duration::from_secs(20)
    }

    fn attempt_timeout() -> Duration {
        Duration::from_secs(8)
    }

    fn attempts() -> usize {
        4
    }

    fn connect_seconds() -> u64 {
        3
    }
}

impl TryFrom<Written> for S3Options {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let endpoint = endpoint(&written.endpoint, written.allow_http)?;
        let sound = |text: &str| {
            !text.is_empty()
                && text.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '.' | '_'))
        };
        if !sound(&written.bucket) {
            return Err(format!("bucket: expected a bucket's name, found `{}`", written.bucket));
        }
        if !sound(&written.region) {
            return Err(format!("region: expected a region's name, found `{}`", written.region));
        }
        let prefix = written.prefix.trim_matches('/');
        Path::parse(prefix)
            .map_err(|error| format!("prefix: expected folders, found `{prefix}`: {error}"))?;
        for (key, secret) in [("access_key", &written.access_key), ("secret_key", &written.secret_key)] {
            if secret.expose().trim().is_empty() {
                return Err(format!("{key}: expected a text, found none"));
            }
        }
        if written.kms_key.is_some() && written.encryption != Some(Encryption::KeyService) {
            return Err("kms_key: expected it with `encryption = \"aws:kms\"` only".to_owned());
        }
        if !(1..=10).contains(&written.attempts) {
            return Err(format!("attempts: expected 1 to 10, found {}", written.attempts));
        }
        if written.timeout.is_zero() || written.attempt_timeout.is_zero() || written.connect_seconds == 0 {
            return Err("timeout, attempt_timeout and connect_seconds: expected more than nothing".to_owned());
        }
        Ok(Self {
            endpoint,
            bucket: written.bucket,
            region: written.region,
            prefix: prefix.to_owned(),
            access_key: written.access_key,
            secret_key: written.secret_key,
            addressing: written.addressing,
            ca_file: written.ca_file,
            if_none_match: written.if_none_match,
            checksum: written.checksum,
            encryption: written.encryption,
            kms_key: written.kms_key,
            timeout: written.timeout,
            attempt_timeout: written.attempt_timeout,
            attempts: written.attempts,
            connect_timeout: Duration::from_secs(written.connect_seconds),
        })
    }
}

/// Letters must not cross a network that others listen on, unless somebody has decided so.
fn endpoint(written: &str, allow_http: bool) -> Result<String, String> {
    let expected =
        "endpoint: expected an address such as `https://s3.example.com`, without user, path and query";
    let wrong = || format!("{expected}, found `{written}`");
    let uri: Uri = written.parse().map_err(|_| wrong())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(wrong()) };
    if authority.as_str().contains('@') {
        // What stands before the `@` may be a password.
        return Err(format!("{expected}, found one with a user"));
    }
    if uri.path() != "/" || uri.query().is_some() {
        return Err(wrong());
    }
    let host = authority.host().trim_matches(['[', ']']);
    let at_home = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match scheme {
        "https" => {}
        "http" if at_home || allow_http => {}
        "http" => {
            return Err(format!(
                "endpoint: expected `https`, or `http` to this machine itself, found `{written}`; `allow_http = true` allows it"
            ));
        }
        _ => return Err(wrong()),
    }
    Ok(format!("{scheme}://{authority}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &str = "bucket = \"letters\"\naccess_key = \"id\"\nsecret_key = \"75319\"\n";

    fn read(text: &str) -> Result<ArchiveOptions, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    fn s3(endpoint: &str, more: &str) -> Result<S3Options, String> {
        let text = format!("[s3]\nendpoint = \"{endpoint}\"\n{KEYS}{more}");
        read(&text).map(|options| *options.s3.unwrap())
    }

    #[test]
    fn documents_are_in_the_usual_folder_unless_another_place_is_named() {
        assert_eq!(read("").unwrap(), ArchiveOptions::in_folder(USUAL_FOLDER));
        assert_eq!(read("folder = \"elsewhere\"").unwrap(), ArchiveOptions::in_folder("elsewhere"));
        let options = s3("https://s3.example.com/", "").unwrap();
        assert_eq!((options.endpoint.as_str(), options.attempts), ("https://s3.example.com", 4));
        let debug = format!("{options:?}");
        assert!(!debug.contains("75319") && !debug.contains("\"id\""), "{debug}");
    }

    #[test]
    fn two_places_are_refused() {
        let both = format!("folder = \"here\"\n[s3]\nendpoint = \"https://s3.example.com\"\n{KEYS}");
        let said = read(&both).unwrap_err();
        assert!(said.ends_with("found `folder` (`here`) and `s3`"), "{said}");
    }

    #[test]
    fn an_endpoint_in_the_clear_has_to_be_at_home_or_allowed() {
        for at_home in ["http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"] {
            assert_eq!(s3(at_home, "").unwrap().endpoint, at_home);
        }
        let said = s3("http://10.0.0.7:9000", "").unwrap_err();
        assert!(said.contains("expected `https`") && said.contains("allow_http"), "{said}");
        assert!(s3("http://10.0.0.7:9000", "allow_http = true").is_ok());
    }

    #[test]
    fn what_is_wrong_is_named_by_its_key() {
        for endpoint in
            ["s3.example.com", "ftp://s3.example.com", "https://s3.example.com/bucket", "https://a?b"]
        {
            let said = s3(endpoint, "").unwrap_err();
            assert!(said.starts_with("endpoint: ") && said.contains(endpoint), "{said}");
        }
        let said = s3("https://user:75319@s3.example.com", "").unwrap_err();
        assert!(said.starts_with("endpoint: ") && !said.contains("75319"), "{said}");
        for (more, expected) in [
            ("prefix = \"a//b\"", "prefix: "),
            ("prefix = \"a/../b\"", "prefix: "),
            ("attempts = 0", "attempts: expected 1 to 10"),
            ("kms_key = \"k\"", "kms_key: "),
            ("encryption = \"rot13\"", "AES256"),
            ("addressing = \"paths\"", "virtual-hosted"),
            ("timeout = \"0s\"", "timeout"),
            ("bukket = \"b\"", "bukket"),
        ] {
            let said = s3("https://s3.example.com", more).unwrap_err();
            assert!(said.contains(expected), "{more}: {said}");
        }
    }
}
