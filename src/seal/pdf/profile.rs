//! How a platform wants its PDF signed.

use std::fmt;

use serde::Deserialize;

use super::signer::PdfSigner;

/// How a platform wants its PDF signed; every field has a default. In settings:
///
/// ```toml
/// container = "gm-signed-data"
/// reason = "电子保函"
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PdfSignatureProfile {
    /// What holds the signature.
    pub container: Container,
    /// The name of the handler; by default the one that goes with the container.
    pub filter: Option<String>,
    /// The name of the encoding; by default the one that goes with the container. `ETSI.CAdES.detached` makes the CMS
    /// name its certificate (signing-certificate-v2) and leaves the time to `M`, as PAdES wants it.
    pub sub_filter: Option<String>,
    /// How SM2 is named in a `gm-signed-data` or `cms` container.
    pub sm2_identifier: Sm2Identifier,
    /// Room for the signature in bytes; by default as much as the container may take. Less makes smaller files.
    pub slot_bytes: Option<usize>,
    pub reason: Option<String>,
    pub location: Option<String>,
    /// The signer's name as readers show it; they take it from the certificate if it is absent.
    pub name: Option<String>,
}

/// What holds the signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Container {
    /// RFC 5652 SignedData with RSA, ECDSA or SM2: what readers outside China understand, SM2 excepted.
    #[default]
    Cms,
    /// GM/T 0010-2012 SignedData with SM2.
    GmSignedData,
    /// The signature of an electronic seal (GB/T 38540-2020) with SM2.
    Ses,
}

/// The identifier that stands for SM2 where signed data names its signature algorithm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sm2Identifier {
    /// 1.2.156.10197.1.501, the signature together with SM3 (GM/T 0006-2012).
    #[default]
    Sm2WithSm3,
    /// 1.2.156.10197.1.301.1, the signature algorithm alone, as some vendors write it.
    Sm2Signature,
}

/// Enough for a signature and a chain of certificates.
const SIGNED_DATA_SLOT: usize = 16 * 1024;
/// What a seal's signature takes beside the seal.
const SEAL_SIGNATURE_SLOT: usize = 8 * 1024;

impl PdfSignatureProfile {
    /// SubFilter of PAdES (ETSI EN 319 142-1).
    const CADES: &str = "ETSI.CAdES.detached";

    pub(super) fn filter(&self) -> &str {
        self.filter.as_deref().unwrap_or(match self.container {
            Container::Cms => "Adobe.PPKLite",
            Container::GmSignedData => "DJ.GMPkiLite",
            Container::Ses => "Gomain.GMPkiLite",
        })
    }

    pub(super) fn sub_filter(&self) -> &str {
        self.sub_filter.as_deref().unwrap_or(match self.container {
            Container::Cms => "adbe.pkcs7.detached",
            Container::GmSignedData => "GM.sm2cms.detached",
            Container::Ses => "GM.sm2seal",
        })
    }

    pub(super) fn is_pades(&self) -> bool {
        self.sub_filter() == Self::CADES
    }

    pub(super) fn slot_bytes(&self, signer: &PdfSigner) -> usize {
        self.slot_bytes.unwrap_or_else(|| match (self.container, signer) {
            (Container::Ses, PdfSigner::Sm2(sealer)) => sealer.seal_der().len() + SEAL_SIGNATURE_SLOT,
            _ => SIGNED_DATA_SLOT,
        })
    }
}

/// As settings name it.
impl fmt::Display for Container {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Cms => "cms",
            Self::GmSignedData => "gm-signed-data",
            Self::Ses => "ses",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_profile_is_what_readers_everywhere_understand() {
        let profile: PdfSignatureProfile = toml::from_str("").unwrap();
        assert_eq!((profile.filter(), profile.sub_filter()), ("Adobe.PPKLite", "adbe.pkcs7.detached"));
        assert!(!profile.is_pades());
    }

    #[test]
    fn a_profile_names_the_container_and_the_vendors_words_follow() {
        let read = |text: &str| toml::from_str::<PdfSignatureProfile>(text).unwrap();
        let names = |text: &str| {
            let profile = read(text);
            (profile.filter().to_owned(), profile.sub_filter().to_owned())
        };
        let pair = |filter: &str, sub_filter: &str| (filter.to_owned(), sub_filter.to_owned());
        assert_eq!(names("container = \"gm-signed-data\""), pair("DJ.GMPkiLite", "GM.sm2cms.detached"));
        assert_eq!(names("container = \"ses\""), pair("Gomain.GMPkiLite", "GM.sm2seal"));
        let other = "container = \"gm-signed-data\"\nfilter = \"GM.PKILite\"\nsub_filter = \"GM.SM2\"";
        assert_eq!(names(other), pair("GM.PKILite", "GM.SM2"));
        assert!(read("sub_filter = \"ETSI.CAdES.detached\"").is_pades());
        assert_eq!(read("sm2_identifier = \"sm2-signature\"").sm2_identifier, Sm2Identifier::Sm2Signature);
        assert!(toml::from_str::<PdfSignatureProfile>("container = \"pkcs7\"").is_err());
        assert!(toml::from_str::<PdfSignatureProfile>("subfilter = \"x\"").is_err());
    }
}
