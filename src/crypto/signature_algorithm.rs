//! The names of signature algorithms in certificates and signed data.

use std::fmt;

use der::oid::ObjectIdentifier;

use super::digest::DigestAlgorithm;

/// A signature algorithm with its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    Sm2WithSm3,
    RsaPkcs1(DigestAlgorithm),
    /// With a salt as long as the digest, and the same digest in the mask.
    RsaPss(DigestAlgorithm),
    Ecdsa(DigestAlgorithm),
}

/// What Chinese programs write for SM2: the signature with SM3, the signature algorithm, and the curve.
const SM2: [&str; 3] = ["1.2.156.10197.1.501", "1.2.156.10197.1.301.1", "1.2.156.10197.1.301"];
const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";
const RSA_PSS: &str = "1.2.840.113549.1.1.10";
const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";

const RSA_WITH: [(&str, DigestAlgorithm); 3] = [
    ("1.2.840.113549.1.1.11", DigestAlgorithm::Sha256),
    ("1.2.840.113549.1.1.12", DigestAlgorithm::Sha384),
    ("1.2.840.113549.1.1.13", DigestAlgorithm::Sha512),
];
const ECDSA_WITH: [(&str, DigestAlgorithm); 3] = [
    ("1.2.840.10045.4.3.2", DigestAlgorithm::Sha256),
    ("1.2.840.10045.4.3.3", DigestAlgorithm::Sha384),
    ("1.2.840.10045.4.3.4", DigestAlgorithm::Sha512),
];

impl SignatureAlgorithm {
    /// `digest` is the one that stands beside the signature algorithm, for the identifiers that name none.
    pub fn from_oid(oid: ObjectIdentifier, digest: Option<DigestAlgorithm>) -> Option<Self> {
        let text = oid.to_string();
        let named = |table: [(&str, DigestAlgorithm); 3]| {
            table.into_iter().find(|(oid, _)| *oid == text).map(|(_, digest)| digest)
        };
        if SM2.contains(&text.as_str()) {
            return Some(Self::Sm2WithSm3);
        }
        match text.as_str() {
            RSA_ENCRYPTION => digest.map(Self::RsaPkcs1),
            RSA_PSS => digest.map(Self::RsaPss),
            EC_PUBLIC_KEY => digest.map(Self::Ecdsa),
            _ => named(RSA_WITH).map(Self::RsaPkcs1).or_else(|| named(ECDSA_WITH).map(Self::Ecdsa)),
        }
    }

    /// The identifier that names both the algorithm and its digest, where there is one. RSA-PSS has its digest in its
    /// parameters.
    pub fn oid(self) -> ObjectIdentifier {
        let named = |table: [(&'static str, DigestAlgorithm); 3], wanted| {
            table.into_iter().find(|(_, digest)| *digest == wanted).map(|(oid, _)| oid)
        };
        let text = match self {
            Self::Sm2WithSm3 => SM2.first().copied(),
            Self::RsaPkcs1(digest) => named(RSA_WITH, digest),
            Self::RsaPss(_) => Some(RSA_PSS),
            Self::Ecdsa(digest) => named(ECDSA_WITH, digest),
        };
        ObjectIdentifier::new_unwrap(text.unwrap_or(EC_PUBLIC_KEY))
    }

    pub fn digest(self) -> DigestAlgorithm {
        match self {
            Self::Sm2WithSm3 => DigestAlgorithm::Sm3,
            Self::RsaPkcs1(digest) | Self::RsaPss(digest) | Self::Ecdsa(digest) => digest,
        }
    }
}

/// As people write it: `ECDSA with SHA-256`.
impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Sm2WithSm3 => "SM2",
            Self::RsaPkcs1(_) => "RSA",
            Self::RsaPss(_) => "RSA-PSS",
            Self::Ecdsa(_) => "ECDSA",
        };
        write!(formatter, "{name} with {}", self.digest().name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA_2: [DigestAlgorithm; 3] =
        [DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512];

    fn oid(text: &str) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(text)
    }

    #[test]
    fn an_identifier_that_names_algorithm_and_digest_is_read_back() {
        let mut all = vec![SignatureAlgorithm::Sm2WithSm3];
        all.extend(SHA_2.map(SignatureAlgorithm::RsaPkcs1));
        all.extend(SHA_2.map(SignatureAlgorithm::Ecdsa));
        for algorithm in all {
            assert_eq!(SignatureAlgorithm::from_oid(algorithm.oid(), None), Some(algorithm));
        }
        assert_eq!(SignatureAlgorithm::Sm2WithSm3.oid(), oid("1.2.156.10197.1.501"));
        assert_eq!(SignatureAlgorithm::RsaPss(DigestAlgorithm::Sha256).oid(), oid(RSA_PSS));
    }

    #[test]
    fn an_identifier_without_a_digest_takes_the_one_beside_it() {
        for digest in SHA_2 {
            for (text, algorithm) in [
                (RSA_ENCRYPTION, SignatureAlgorithm::RsaPkcs1(digest)),
                (RSA_PSS, SignatureAlgorithm::RsaPss(digest)),
                (EC_PUBLIC_KEY, SignatureAlgorithm::Ecdsa(digest)),
            ] {
                assert_eq!(SignatureAlgorithm::from_oid(oid(text), Some(digest)), Some(algorithm));
                assert_eq!(SignatureAlgorithm::from_oid(oid(text), None), None, "{text}");
                assert_eq!(algorithm.digest(), digest);
            }
        }
        for text in SM2 {
            let read = SignatureAlgorithm::from_oid(oid(text), Some(DigestAlgorithm::Sha256));
            assert_eq!(read.map(SignatureAlgorithm::digest), Some(DigestAlgorithm::Sm3), "{text}");
        }
    }

    #[test]
    fn signatures_over_sha_1_are_of_no_known_algorithm() {
        for text in ["1.2.840.113549.1.1.5", "1.2.840.10045.4.1", "1.2.840.10040.4.3"] {
            assert_eq!(SignatureAlgorithm::from_oid(oid(text), Some(DigestAlgorithm::Sha256)), None);
        }
    }

    #[test]
    fn an_algorithm_is_shown_with_its_digest() {
        let shown = [
            SignatureAlgorithm::Sm2WithSm3,
            SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha256),
            SignatureAlgorithm::RsaPss(DigestAlgorithm::Sha384),
            SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha512),
        ]
        .map(|algorithm| algorithm.to_string());
        assert_eq!(shown, ["SM2 with SM3", "RSA with SHA-256", "RSA-PSS with SHA-384", "ECDSA with SHA-512"]);
    }
}
