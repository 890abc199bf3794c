//! HMAC-SHA256, which the group chats sign the messages of their robots with.

use ::hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// One block of SHA-256.
const BLOCK: usize = 64;

/// The code of a message under a key of any length (RFC 2104).
pub fn code(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = Zeroizing::new([0; BLOCK]);
    let hashed: [u8; 32];
    let short = if key.len() > BLOCK {
        hashed = Sha256::digest(key).into();
        &hashed
    } else {
        key
    };
    block.iter_mut().zip(short).for_each(|(to, from)| *to = *from);
    let block: &[u8; BLOCK] = &block;
    let mut hmac: Hmac<Sha256> = KeyInit::new(block.into());
    hmac.update(message);
    hmac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::openssl;

    #[test]
    fn the_test_cases_of_rfc_4231_come_out() {
        let short = code(&[0x0b; 20], b"Hi There");
        assert_eq!(hex::encode(short), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        let long = code(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(hex::encode(long), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }

    #[test]
    fn openssl_computes_the_same_for_an_empty_message() {
        let key = "1599360473\nSECd41d8cd98f00b204e9800998ecf8427e".as_bytes();
        let option = format!("hexkey:{}", hex::encode(key));
        let expected = openssl::run(&["dgst", "-sha256", "-mac", "HMAC", "-macopt", &option, "-binary"], b"");
        assert_eq!(code(key, b"").as_slice(), expected);
    }

    #[test]
    fn openssl_computes_the_same_for_keys_around_the_block() {
        for length in [1, 63, 64, 65, 128] {
            let key = vec![0x5a; length];
            let option = format!("hexkey:{}", hex::encode(&key));
            let arguments = ["dgst", "-sha256", "-mac", "HMAC", "-macopt", &option, "-binary"];
            assert_eq!(
                code(&key, b"guarantee").as_slice(),
                openssl::run(&arguments, b"guarantee"),
                "{length}"
            );
        }
    }
}
