//! Signatures that come from outside: counted, and verified before anybody sees them.

use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};

use crate::crypto::certificate::Certificate;
use crate::crypto::sm2::{PublicKey, Signature};
use crate::seal::Signer;
use crate::telemetry::{Metrics, SignatureResult, SignatureSource};

/// Why no signature came back.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// It will not sign until somebody has mended something.
    #[error("{0}")]
    Refused(String),
    /// It was not there, or too busy.
    #[error("{0}")]
    Unavailable(String),
    /// What it returned can't be read as a signature.
    #[error("{0}")]
    Unusable(String),
}

/// Who has the key and computes with it.
pub trait KeyHolder: Send + Sync {
    fn source(&self) -> SignatureSource;

    /// What an operator knows it by: an address or a file, and the key's name or number.
    fn name(&self) -> &str;

    /// Signs by SM2; blocks until it is done. Nobody has verified the result yet.
    ///
    /// # Errors
    /// When none came back.
    fn sign(&self, digest: &[u8; 32]) -> Result<Signature, SigningError>;
}

/// A key outside of this process together with its certificate.
pub struct OutsideSigner {
    holder: Box<dyn KeyHolder>,
    certificate: Certificate,
    key: PublicKey,
    metrics: Metrics,
}

impl OutsideSigner {
    /// # Errors
    /// When the certificate is not of an SM2 key.
    pub fn new(
        holder: impl KeyHolder + 'static,
        certificate: Certificate,
        metrics: &Metrics,
    ) -> anyhow::Result<Self> {
        let key = certificate.public_key()?;
        Ok(Self { holder: Box::new(holder), certificate, key, metrics: metrics.clone() })
    }

    fn counted(&self, result: SignatureResult, took: Duration) {
        self.metrics.signed_outside(self.holder.source(), result, took);
    }
}

impl Signer for OutsideSigner {
    fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    fn sign_digest(&self, digest: &[u8; 32]) -> anyhow::Result<Signature> {
        let begun = Instant::now();
        let signed = self.holder.sign(digest);
        let took = begun.elapsed();
        let signature = match signed {
            Ok(signature) => signature,
            Err(error) => {
                let result = match &error {
                    SigningError::Refused(_) => SignatureResult::Refused,
                    SigningError::Unavailable(_) => SignatureResult::Unavailable,
                    SigningError::Unusable(_) => SignatureResult::Unusable,
                };
                self.counted(result, took);
                return Err(error).with_context(|| self.holder.name().to_owned());
            }
        };
        if self.key.verify_digest(digest, &signature).is_err() {
            self.counted(SignatureResult::Wrong, took);
            self.metrics.alarm("wrong_signature");
            return Err(anyhow!(
                "{} returned a signature that is not by the key of the certificate of `{}` (serial {})",
                self.holder.name(),
                self.certificate.subject(),
                self.certificate.serial_hex()
            ));
        }
        self.counted(SignatureResult::Ok, took);
        Ok(signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::sm2::PrivateKey;
    use crate::seal::testing::WORLD;

    type Excuse = fn(String) -> SigningError;

    /// Holds a key, or has an excuse.
    struct Holder(Result<PrivateKey, Excuse>);

    impl KeyHolder for Holder {
        fn source(&self) -> SignatureSource {
            SignatureSource::Service
        }

        fn name(&self) -> &str {
            "the holder"
        }

        fn sign(&self, digest: &[u8; 32]) -> Result<Signature, SigningError> {
            self.0
                .as_ref()
                .map(|key| key.sign_digest(digest))
                .map_err(|excuse| excuse("an excuse".to_owned()))
        }
    }

    fn asked(holder: Holder) -> (anyhow::Result<Signature>, String) {
        let (metrics, certificate) = (Metrics::new(), WORLD.insurer.certificate.clone());
        let signer = OutsideSigner::new(holder, certificate, &metrics).unwrap();
        let signer: &dyn Signer = &signer;
        (signer.sign(b"letter"), metrics.encode())
    }

    #[test]
    fn what_comes_back_is_counted_and_a_signature_by_another_key_goes_no_further() {
        let own = PrivateKey::from_pem(&WORLD.insurer.key.to_pem()).unwrap();
        let (signed, counted) = asked(Holder(Ok(own)));
        assert_eq!(WORLD.insurer.key.public_key().verify(b"letter", &signed.unwrap()), Ok(()));
        assert!(counted.contains(r#"{source="service",result="ok"} 1"#), "{counted}");

        let (signed, counted) = asked(Holder(Ok(PrivateKey::generate())));
        let said = signed.unwrap_err().to_string();
        assert!(said.starts_with("the holder returned a signature that is not by the key"), "{said}");
        assert!(counted.contains(r#"{source="service",result="wrong"} 1"#), "{counted}");
        assert!(counted.contains(r#"gw_alarms_total{kind="wrong_signature"} 1"#), "{counted}");
    }

    #[test]
    fn an_excuse_is_counted_for_what_it_is() {
        let excuses: [(Excuse, &str); 3] = [
            (SigningError::Refused, "refused"),
            (SigningError::Unavailable, "unavailable"),
            (SigningError::Unusable, "unusable"),
        ];
        for (excuse, label) in excuses {
            let (signed, counted) = asked(Holder(Err(excuse)));
            assert_eq!(format!("{:#}", signed.unwrap_err()), "the holder: an excuse");
            assert!(counted.contains(&format!(r#"result="{label}"}} 1"#)), "{counted}");
        }
    }
}
