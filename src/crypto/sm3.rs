//! The digest SM3 (GB/T 32905-2016) and its HMAC (GB/T 15852.2, which is RFC 2104 with SM3).

use std::fmt;

use ::hmac::{KeyInit, Mac};
use ::sm3::{Digest, Sm3};
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// SM3 works on blocks of this many bytes; HMAC pads its key to one.
const BLOCK: usize = 64;

/// SM3 of `data`.
pub fn digest(data: &[u8]) -> [u8; 32] {
    #[cfg(test)]
    super::effort::note(|done| done.hashed += data.len());
    Sm3::digest(data).into()
}

/// HMAC-SM3 of `data`.
pub fn hmac(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut hmac = Hmac::new(key);
    hmac.update(data);
    hmac.finish()
}

/// SM3 of data that comes in pieces.
#[derive(Clone, Debug, Default)]
pub struct Hasher(Sm3);

impl Hasher {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn update(&mut self, data: &[u8]) {
        #[cfg(test)]
        super::effort::note(|done| done.hashed += data.len());
        self.0.update(data);
    }

    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// HMAC-SM3 of data that comes in pieces. A clone made before the first piece saves the key's setting-up.
#[derive(Clone)]
pub struct Hmac(::hmac::Hmac<Sm3>);

/// It consists of two states of SM3, which wipe themselves; to derive this would keep the code from being taken out of it.
impl ZeroizeOnDrop for Hmac {}

const _: () = {
    const fn is_wiped<T: ZeroizeOnDrop>() {}
    is_wiped::<Sm3>();
};

impl Hmac {
    pub fn new(key: &[u8]) -> Self {
        let mut block = Zeroizing::new([0; BLOCK]);
        if key.len() > BLOCK {
            block.iter_mut().zip(digest(key)).for_each(|(to, from)| *to = from);
        } else {
            block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        }
        let block: &[u8; BLOCK] = &block;
        Self(KeyInit::new(block.into()))
    }

    pub fn update(&mut self, data: &[u8]) {
        #[cfg(test)]
        super::effort::note(|done| done.hashed += data.len());
        Mac::update(&mut self.0, data);
    }

    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into_bytes().into()
    }

    /// Whether `code` is the code of what was given so far, found in constant time.
    pub fn verify(self, code: &[u8]) -> bool {
        self.0.verify_slice(code).is_ok()
    }
}

impl fmt::Debug for Hmac {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Hmac(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::second_opinion;

    #[test]
    fn the_examples_of_gb_t_32905_come_out() {
        let long = "abcd".repeat(16);
        assert_eq!(
            hex::encode(digest(b"abc")),
            "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
        );
        assert_eq!(
            hex::encode(digest(long.as_bytes())),
            "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
        );
    }

    #[test]
    fn openssl_and_libsm_compute_the_same_for_lengths_around_the_block() {
        for length in [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 70_001] {
            let data: Vec<u8> = (0..length).map(|index| u8::try_from(index % 251).unwrap()).collect();
            let key = &data[..length.min(100)];
            assert_eq!(digest(&data), second_opinion::sm3(&data), "{length}");
            assert_eq!(hmac(key, &data), second_opinion::hmac_sm3(key, &data), "{length}");
            let openssl = crate::crypto::openssl::run(&["dgst", "-sm3", "-r"], &data);
            let openssl = String::from_utf8(openssl).unwrap();
            assert_eq!(
                openssl.split_whitespace().next(),
                Some(hex::encode(digest(&data)).as_str()),
                "{length}"
            );
        }
    }

    #[test]
    fn openssl_computes_the_same_code_for_short_and_long_keys() {
        for key in ["k".to_owned(), "k".repeat(64), "k".repeat(65), "k".repeat(200)] {
            let arguments = ["dgst", "-sm3", "-r", "-hmac", &key];
            let openssl = String::from_utf8(crate::crypto::openssl::run(&arguments, b"data")).unwrap();
            assert_eq!(
                openssl.split_whitespace().next(),
                Some(hex::encode(hmac(key.as_bytes(), b"data")).as_str())
            );
        }
    }

    #[test]
    fn pieces_give_the_digest_of_the_whole() {
        let mut hasher = Hasher::new();
        hasher.update(b"a");
        hasher.update(b"bc");
        assert_eq!(hasher.finish(), digest(b"abc"));
    }

    #[test]
    fn a_code_is_verified_whole() {
        let code = hmac(b"key", b"data");
        let keyed = || {
            let mut keyed = Hmac::new(b"key");
            keyed.update(b"data");
            keyed
        };
        assert!(keyed().verify(&code));
        assert!(!keyed().verify(&code[..31]));
        assert!(!keyed().verify(&[0; 32]));
        assert_eq!(format!("{:?}", keyed()), "Hmac(..)");
    }
}
