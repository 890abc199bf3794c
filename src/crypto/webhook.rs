//! Signatures of callbacks, as Standard Webhooks have them: HMAC-SHA256 over `id.timestamp.body`, in Base64.
//!
//! SHA-256 stands here and not SM3, because libraries for Standard Webhooks, which every language has, know no other.

use std::fmt;

use ::hmac::{Hmac, KeyInit, Mac};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::Sha256;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// What a secret begins with when it is written down.
const PREFIX: &str = "whsec_";

/// How many bytes a secret may have.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret that the gateway and the core system share.
#[derive(Clone, ZeroizeOnDrop)]
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

/// A text that is no secret; it is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `whsec_` and 24 to 64 bytes as Base64, found something else")]
pub struct NoWebhookSecret;

impl WebhookSecret {
    /// # Errors
    /// When the text is not `whsec_` and 24 to 64 bytes as Base64.
    pub fn parse(text: &str) -> Result<Self, NoWebhookSecret> {
        let encoded = text.trim().strip_prefix(PREFIX).ok_or(NoWebhookSecret)?;
        let bytes = BASE64_STANDARD.decode(encoded).map(Zeroizing::new).map_err(|_| NoWebhookSecret)?;
        if LENGTHS.contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(NoWebhookSecret) }
    }

    /// `v1,` and the signature of a callback that is sent at this second of Unix time.
    pub fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let mut hmac = keyed(&self.0);
        hmac.update(format!("{id}.{seconds}.").as_bytes());
        hmac.update(body);
        format!("v1,{}", BASE64_STANDARD.encode(hmac.finalize().into_bytes()))
    }
}

/// A key of at most one block of SHA-256, padded to it as RFC 2104 says.
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0; 64]);
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let block: &[u8; 64] = &block;
    KeyInit::new(block.into())
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::openssl;

    fn secret(bytes: &[u8]) -> WebhookSecret {
        WebhookSecret::parse(&format!("whsec_{}", BASE64_STANDARD.encode(bytes))).unwrap()
    }

    #[test]
    fn the_example_of_standard_webhooks_comes_out() {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b"{\"test\": 2432232314}");
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn openssl_computes_the_same_for_the_shortest_and_the_longest_secret() {
        for length in [24, 32, 63, 64] {
            let key: Vec<u8> = (0..length).collect();
            let body = "{\"type\":\"ping\",\"说明\":\"测试\"}".as_bytes();
            let option = format!("hexkey:{}", hex::encode(&key));
            let signed = [b"id-1.1700000000.".as_slice(), body].concat();
            let arguments = ["dgst", "-sha256", "-mac", "HMAC", "-macopt", &option, "-binary"];
            let expected = BASE64_STANDARD.encode(openssl::run(&arguments, &signed));
            assert_eq!(secret(&key).sign("id-1", 1_700_000_000, body), format!("v1,{expected}"), "{length}");
        }
    }

    #[test]
    fn what_is_too_short_or_of_another_form_is_no_secret_and_a_secret_is_not_shown() {
        let encoded = |length| BASE64_STANDARD.encode(vec![7; length]);
        for wrong in [
            String::new(),
            encoded(32),
            format!("whsec_{}", encoded(23)),
            format!("whsec_{}", encoded(65)),
            "whsec_not base64".to_owned(),
        ] {
            assert_eq!(WebhookSecret::parse(&wrong).unwrap_err(), NoWebhookSecret, "{wrong}");
        }
        assert_eq!(format!("{:?}", secret(&[7; 32])), "WebhookSecret");
    }

    #[test]
    fn the_second_implementation_computes_the_same() {
        use crate::crypto::second_opinion::webhook_signature;
        let encoded = BASE64_STANDARD.encode([7; 32]);
        let signed =
            WebhookSecret::parse(&format!("whsec_{encoded}")).unwrap().sign("msg_1", 1_795_350_000, b"{}");
        let computed = webhook_signature(&encoded, "msg_1", "1795350000", b"{}").unwrap();
        assert_eq!(signed, format!("v1,{computed}"));
        assert_eq!(webhook_signature("no Base64", "msg_1", "1795350000", b"{}"), None);
    }
}
