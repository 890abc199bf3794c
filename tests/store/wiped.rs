//! Types that hold secrets, and whose memory is overwritten when they are dropped. That this compiles is the test.
//!
//! What can't be wiped: copies that libraries make for themselves (the buffers of TLS and HTTP, libpq, SQLite's pages, JSON values while a
//! message is read, RSA and ECDSA keys within aws-lc), and what the system has moved elsewhere. So core dumps are off and the
//! process's memory is closed to other accounts.

use baohan_gateway::crypto::one_time_code::CodeSecret;
use baohan_gateway::crypto::webhook::WebhookSecret;
use baohan_gateway::crypto::{sm2, sm3, sm4};
use baohan_gateway::dialect::SectionKey;
use baohan_gateway::domain::section::RevealedSection;
use baohan_gateway::proposals::KeptKey;
use baohan_gateway::secret::Secret;
use baohan_gateway::store::api_keys::ApiKey;
use baohan_gateway::store::links::Token;
use baohan_gateway::store::sessions::SessionToken;
use zeroize::{ZeroizeOnDrop, Zeroizing};

const fn is_wiped<T: ZeroizeOnDrop>() {}

const _: () = {
    // Secrets of platforms, passwords and PINs, as the settings hold them.
    is_wiped::<Secret>();
    is_wiped::<WebhookSecret>();
    // Keys: of columns and documents, of sections, of signatures.
    is_wiped::<sm4::Key>();
    is_wiped::<sm3::Hmac>();
    is_wiped::<sm2::PrivateKey>();
    is_wiped::<SectionKey>();
    is_wiped::<KeptKey>();
    // What people and programs show to get in.
    is_wiped::<CodeSecret>();
    is_wiped::<SessionToken>();
    is_wiped::<ApiKey>();
    is_wiped::<Token>();
    // A section in the clear, and what the keyring yields.
    is_wiped::<RevealedSection>();
    is_wiped::<Zeroizing<Vec<u8>>>();
};
