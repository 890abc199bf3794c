//! National cryptography: SM2, SM3, SM4, certificates, the keyring that protects what is stored, and a second opinion;
//! and [`international`] signatures for PDF readers that know nothing else.
//!
//! Nobody else in the gateway names a cryptography crate. RustCrypto does the work here; libsm, which shares no code with
//! it, checks the work in [`second_opinion`]. Neither is a certified cryptographic product, and neither has been audited.
//!
//! The rules of this room: a secret is a type whose `Debug` prints nothing and which is wiped when it is dropped; a
//! failed decryption says nothing about why; lengths are looked at before anything else; SM2 signatures always use
//! the user id `1234567812345678`, as everybody in China does (OpenSSL uses an empty one unless told).

pub mod certificate;
pub mod der_soundness;
#[cfg(test)]
mod differential;
pub mod digest;
#[cfg(test)]
pub(crate) mod effort;
pub mod encoding;
pub mod hmac_sha256;
pub mod identity_token;
pub mod international;
pub mod keyring;
pub mod md5;
pub mod one_time_code;
#[cfg(test)]
pub(crate) mod openssl;
pub mod password;
pub mod pkcs12;
pub mod private_file;
pub mod second_opinion;
pub mod signature_algorithm;
pub mod sm2;
pub mod sm3;
pub mod sm4;
pub mod tls;
pub mod token;
pub mod webhook;

/// Why a text could not be encrypted or decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CipherError {
    /// Every failure of every decryption. It does not say whether the key, the padding, the length or the integrity
    /// was wrong, because an answer that does is an oracle.
    #[error("ciphertext: cannot be decrypted with this key")]
    Ciphertext,
    #[error("plaintext: expected {expected}, found {found} bytes")]
    Plaintext { expected: &'static str, found: usize },
}

/// A vector of the standards did not come out: the program must not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("self-test of {0}: the standard's own example does not come out; this program or machine is damaged")]
pub struct SelfTestFailure(&'static str);

/// Computes one published example of each algorithm; takes milliseconds, and runs at every start.
///
/// # Errors
/// Names the algorithm whose example came out differently.
pub fn self_test() -> Result<(), SelfTestFailure> {
    // GB/T 32905-2016 A.1.
    let digest = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
    if hex::encode(sm3::digest(b"abc")) != digest {
        return Err(SelfTestFailure("SM3"));
    }

    // GB/T 32907-2016 A.1: key and plaintext are the same 16 bytes.
    let block = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210_u128.to_be_bytes();
    let key = sm4::Key::from_bytes(block);
    let encrypted = sm4::encrypt(&key, sm4::Mode::Ecb, sm4::Padding::None, &block);
    if encrypted.map(hex::encode).as_deref() != Ok("681edf34d206965e86b3e94f536e4246") {
        return Err(SelfTestFailure("SM4"));
    }

    // GM/T 0003.5-2012, example of a signature.
    let valid = || {
        let key = sm2::PublicKey::from_text(
            "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020\
             ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13",
        )
        .ok()?;
        let signature = hex::decode(
            "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3\
             b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
        )
        .ok()?;
        let signature = sm2::Signature::from_bytes(signature.as_slice().try_into().ok()?).ok()?;
        let other_is_refused = key.verify(b"message digesT", &signature).is_err();
        Some(key.verify(b"message digest", &signature).is_ok() && other_is_refused)
    };
    if valid() != Some(true) {
        return Err(SelfTestFailure("SM2"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_examples_of_the_standards_come_out() {
        assert_eq!(super::self_test(), Ok(()));
    }
}
