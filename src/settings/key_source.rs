//! Where the key is that signs letters.

use std::fmt;
use std::path::Path;

use anyhow::{Context, bail};

use super::SealOptions;
use crate::secret::Secret;
use crate::signing::{DeviceOptions, ServiceOptions};

/// Where key and certificate are looked for if the settings name no place.
const USUAL_KEY: &str = "data/keys/signer.key.pem";
const USUAL_CERTIFICATE: &str = "data/keys/signer.cert.pem";

/// The one place where the signing key is. A certificate is the PEM file that the settings name.
#[derive(Clone, Copy, Debug)]
pub enum KeySource<'a> {
    Pem { key: &'a Path, certificate: &'a Path },
    Pkcs12 { file: &'a Path, password: &'a Secret, certificate: Option<&'a Path> },
    Service { options: &'a ServiceOptions, certificate: Option<&'a Path> },
    Device { options: &'a DeviceOptions, certificate: &'a Path },
}

impl SealOptions {
    /// The place that the settings name, or the usual one if they name none.
    ///
    /// # Errors
    /// When they name two, or leave out what belongs to one.
    pub fn key_source(&self) -> anyhow::Result<KeySource<'_>> {
        let certificate = self.signer_certificate.as_deref();
        let named = [
            ("seal.signer_key", self.signer_key.is_some()),
            ("seal.signer_pkcs12", self.signer_pkcs12.is_some()),
            ("seal.service", self.service.is_some()),
            ("seal.device", self.device.is_some()),
        ];
        let named: Vec<String> =
            named.iter().filter(|(_, is_named)| *is_named).map(|(key, _)| format!("`{key}`")).collect();
        if named.len() > 1 {
            bail!("seal: expected one place of the signing key, found {}", named.join(" and "));
        }
        if self.pkcs12_password.is_some() && self.signer_pkcs12.is_none() {
            bail!("seal.pkcs12_password: expected it with `seal.signer_pkcs12` only");
        }
        if let Some(file) = &self.signer_pkcs12 {
            let password = self.pkcs12_password.as_ref();
            let password = password
                .context("seal.pkcs12_password: expected the password of `seal.signer_pkcs12`, found none")?;
            return Ok(KeySource::Pkcs12 { file, password, certificate });
        }
        if let Some(options) = &self.service {
            return Ok(KeySource::Service { options, certificate });
        }
        if let Some(options) = &self.device {
            let certificate = certificate.context(
                "seal.signer_certificate: expected the certificate of the device's key, found none",
            )?;
            return Ok(KeySource::Device { options, certificate });
        }
        Ok(KeySource::Pem {
            key: self.signer_key.as_deref().unwrap_or(Path::new(USUAL_KEY)),
            certificate: certificate.unwrap_or(Path::new(USUAL_CERTIFICATE)),
        })
    }
}

/// As an operator knows it.
impl fmt::Display for KeySource<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pem { key, .. } => write!(formatter, "the key in {}", key.display()),
            Self::Pkcs12 { file, .. } => write!(formatter, "the key in {}", file.display()),
            Self::Service { options, .. } => {
                write!(formatter, "the signing service {}, key {}", options.url, options.key)
            }
            Self::Device { options, .. } => {
                write!(formatter, "the device of {}, key {}", options.library.display(), options.key_index)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: &str = "[service]\nurl = \"https://sign.example.com\"\nkey = \"k\"\ntoken = \"t\"";
    const DEVICE: &str = "[device]\nlibrary = \"/opt/libsdf.so\"\nkey_index = 3";

    fn told(text: &str) -> Result<String, String> {
        let options: SealOptions =
            toml::from_str(&format!("electronic_seal = \"seal.esl\"\n{text}")).unwrap();
        options.key_source().map(|source| source.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn each_place_is_recognised_and_the_usual_one_needs_no_name() {
        assert_eq!(told("").unwrap(), format!("the key in {USUAL_KEY}"));
        assert_eq!(told("signer_key = \"a.pem\"").unwrap(), "the key in a.pem");
        let pkcs12 = "signer_pkcs12 = \"a.p12\"\npkcs12_password = \"p\"";
        assert_eq!(told(pkcs12).unwrap(), "the key in a.p12");
        assert_eq!(told(SERVICE).unwrap(), "the signing service https://sign.example.com, key k");
        let device = format!("signer_certificate = \"c.pem\"\n{DEVICE}");
        assert_eq!(told(&device).unwrap(), "the device of /opt/libsdf.so, key 3");
    }

    #[test]
    fn two_places_or_half_of_one_are_refused_by_their_names() {
        let both = told(&format!("signer_key = \"a.pem\"\n{SERVICE}\n{DEVICE}")).unwrap_err();
        assert!(both.ends_with("found `seal.signer_key` and `seal.service` and `seal.device`"), "{both}");
        for (text, key) in [
            (DEVICE, "seal.signer_certificate"),
            ("signer_pkcs12 = \"a.p12\"", "seal.pkcs12_password"),
            ("signer_key = \"a.pem\"\npkcs12_password = \"p\"", "seal.pkcs12_password"),
        ] {
            let said = told(text).unwrap_err();
            assert!(said.starts_with(key), "{said}");
        }
    }

    #[test]
    fn a_layout_that_no_library_has_is_refused() {
        let text = format!("electronic_seal = \"seal.esl\"\n{DEVICE}\ncoordinate_bytes = 48");
        let said = toml::from_str::<SealOptions>(&text).unwrap_err().to_string();
        assert!(said.contains("expected 64 or 32, found 48"), "{said}");
    }
}
