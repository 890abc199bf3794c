//! The digests that signatures name: SM3, and the SHA-2 family for readers outside China.

use aws_lc_rs::digest;
use der::oid::ObjectIdentifier;

use super::sm3;

/// A digest algorithm and its object identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestAlgorithm {
    Sm3,
    Sha256,
    Sha384,
    Sha512,
}

const ALL: [DigestAlgorithm; 4] =
    [DigestAlgorithm::Sm3, DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512];

impl DigestAlgorithm {
    /// `None` for everything else, which includes SHA-1 and MD5: collisions of these can be made.
    pub fn from_oid(oid: ObjectIdentifier) -> Option<Self> {
        ALL.into_iter().find(|algorithm| algorithm.oid() == oid)
    }

    pub const fn oid(self) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(match self {
            Self::Sm3 => "1.2.156.10197.1.401",
            Self::Sha256 => "2.16.840.1.101.3.4.2.1",
            Self::Sha384 => "2.16.840.1.101.3.4.2.2",
            Self::Sha512 => "2.16.840.1.101.3.4.2.3",
        })
    }

    /// As people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sm3 => "SM3",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    /// The digest of the parts, one behind the other.
    pub fn digest(self, parts: &[&[u8]]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sm3 => {
                let mut hasher = sm3::Hasher::new();
                parts.iter().for_each(|part| hasher.update(part));
                return hasher.finish().to_vec();
            }
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        let mut context = digest::Context::new(algorithm);
        parts.iter().for_each(|part| context.update(part));
        context.finish().as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::openssl;

    #[test]
    fn openssl_finds_the_same_digests() {
        for algorithm in ALL {
            let option = format!("-{}", algorithm.name().to_lowercase().replace("sha-", "sha"));
            let theirs = openssl::run(&["dgst", &option, "-binary"], b"guarantee");
            assert_eq!(algorithm.digest(&[b"guar", b"", b"antee"]), theirs, "{option}");
            assert_eq!(DigestAlgorithm::from_oid(algorithm.oid()), Some(algorithm));
        }
        assert_eq!(DigestAlgorithm::from_oid(ObjectIdentifier::new_unwrap("1.3.14.3.2.26")), None, "SHA-1");
    }
}
