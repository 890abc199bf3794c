//! Signatures of callbacks, computed by another library than the one that signs them.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// What stands behind `v1,` (Standard Webhooks): HMAC-SHA256 of id, time and body under a Base64 secret. None where the
/// secret is no Base64.
pub fn webhook_signature(secret: &str, id: &str, timestamp: &str, body: &[u8]) -> Option<String> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &BASE64_STANDARD.decode(secret).ok()?);
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{id}.{timestamp}.").as_bytes());
    context.update(body);
    Some(BASE64_STANDARD.encode(context.sign()))
}
