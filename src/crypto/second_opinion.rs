//! The second implementation of SM2, SM3 and SM4: libsm, behind the checks that it lacks; and of callbacks' signatures.
//!
//! Everything the gateway signs or encrypts is made by RustCrypto. This module exists so that somebody else has looked
//! at it before it leaves: every seal is verified here, and the sandboxed platform does all its cryptography here.
//! Nothing in this module calls the rest of [`crypto`](super), or the two opinions would be one.
//!
//! libsm is right on every published vector but slices without looking at lengths, accepts coordinates outside the
//! field and private keys outside the range, and looks at the last byte of a padding only. Each function below
//! therefore checks first and calls afterwards. It is not constant-time and wipes nothing: it must not see a private
//! key that protects anything, which is why only demonstration and test keys live in [`KeyPair`].

mod webhook;

use std::fmt;

use libsm::sm2::encrypt::{DecryptCtx, EncryptCtx};
use libsm::sm2::signature::{Pubkey, Seckey, SigCtx, Signature};
use libsm::sm3::hash::Sm3Hash;
use libsm::sm4::cipher::Sm4Cipher;
use libsm::sm4::{Cipher, Mode};

pub use webhook::webhook_signature;

/// The prime of the field: coordinates are below it (GB/T 32918.5).
const FIELD_PRIME: [u8; 32] = [
    0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
];

/// The order of the group less one: private keys are above zero and below this (GB/T 32918.1, 6.1).
const ORDER_LESS_ONE: [u8; 32] = [
    0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x72,
    0x03, 0xdf, 0x6b, 0x21, 0xc6, 0x05, 0x2b, 0x53, 0xbb, 0xf4, 0x09, 0x39, 0xd5, 0x41, 0x22,
];

const POINT: usize = 65;
const DIGEST: usize = 32;
const BLOCK: usize = 16;
/// DER of two 33-byte integers, with its three headers.
const LONGEST_SIGNATURE: usize = 72;

/// Why the second implementation did not go along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    #[error("public key: expected an uncompressed point of the SM2 curve (65 bytes beginning with 04)")]
    PublicKey,
    #[error("private key: expected 32 bytes in the range of the SM2 curve")]
    PrivateKey,
    #[error("signature: expected DER of two integers, or 64 bytes")]
    SignatureForm,
    #[error("signature: does not belong to this message and public key")]
    Signature,
    #[error("plaintext: expected at least one byte")]
    EmptyPlaintext,
    /// Every other failure, without saying which: a caller must not be able to tell a wrong key from a wrong padding.
    #[error("ciphertext: cannot be decrypted with this key")]
    Ciphertext,
}

/// Builds the table of multiples that libsm needs for its first signature or verification, which takes 1.3 s; call it
/// in a thread at the start, before the program says it is ready.
pub fn warm() {
    let mut one = [0; DIGEST];
    if let Some(last) = one.last_mut() {
        *last = 1;
    }
    drop(KeyPair::from_private_bytes(&one));
}

/// SM3 of `data`.
pub fn sm3(data: &[u8]) -> [u8; 32] {
    // A hasher that is asked twice gives another answer the second time, so that each lives for one call only.
    Sm3Hash::new(data).get_hash()
}

/// HMAC-SM3 (GB/T 15852.2, which is RFC 2104 with SM3).
pub fn hmac_sm3(key: &[u8], data: &[u8]) -> [u8; 32] {
    let shortened = if key.len() > 64 { sm3(key).to_vec() } else { key.to_vec() };
    let padded =
        |pad: u8| shortened.iter().copied().chain(std::iter::repeat(0)).take(64).map(move |byte| byte ^ pad);
    let inner: Vec<u8> = padded(0x36).chain(data.iter().copied()).collect();
    let outer: Vec<u8> = padded(0x5c).chain(sm3(&inner)).collect();
    sm3(&outer)
}

/// Verifies an SM2 signature with the user id `1234567812345678`.
///
/// The public key is 65 bytes, `04‖x‖y`; the signature is DER, `SEQUENCE { r INTEGER, s INTEGER }`.
///
/// # Errors
/// [`Objection::PublicKey`], [`Objection::SignatureForm`] or [`Objection::Signature`].
pub fn verify(public_key_sec1: &[u8], message: &[u8], signature_der: &[u8]) -> Result<(), Objection> {
    if signature_der.len() > LONGEST_SIGNATURE {
        return Err(Objection::SignatureForm);
    }
    let signature = Signature::der_decode(signature_der).map_err(|_| Objection::SignatureForm)?;
    check(public_key_sec1, message, &signature)
}

/// Verifies an SM2 signature that is given as `r‖s`, 64 bytes.
///
/// # Errors
/// As [`verify`].
pub fn verify_raw(public_key_sec1: &[u8], message: &[u8], signature: &[u8; 64]) -> Result<(), Objection> {
    let (r, s) = signature.split_at(DIGEST);
    check(public_key_sec1, message, &Signature::new(r, s))
}

fn check(public_key_sec1: &[u8], message: &[u8], signature: &Signature) -> Result<(), Objection> {
    let key = load_public(public_key_sec1)?;
    match SigCtx::new().verify(message, &key, signature) {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(Objection::Signature),
    }
}

fn load_public(sec1: &[u8]) -> Result<Pubkey, Objection> {
    let canonical = match sec1.split_first() {
        Some((4, coordinates)) if coordinates.len() == 2 * DIGEST => {
            coordinates.chunks(DIGEST).all(|coordinate| coordinate < FIELD_PRIME.as_slice())
        }
        _ => false,
    };
    if !canonical {
        return Err(Objection::PublicKey);
    }
    SigCtx::new().load_pubkey(sec1).map_err(|_| Objection::PublicKey)
}

/// SM2 encryption to a public key; the ciphertext is `04‖C1‖C3‖C2` (GB/T 32918.4).
///
/// # Errors
/// [`Objection::PublicKey`], or [`Objection::EmptyPlaintext`].
pub fn encrypt(public_key_sec1: &[u8], message: &[u8]) -> Result<Vec<u8>, Objection> {
    let old = encrypt_c1c2c3(public_key_sec1, message)?;
    reordered(&old, message.len()).ok_or(Objection::Ciphertext)
}

/// SM2 encryption in the older order, `04‖C1‖C2‖C3`.
///
/// # Errors
/// As [`encrypt`].
pub fn encrypt_c1c2c3(public_key_sec1: &[u8], message: &[u8]) -> Result<Vec<u8>, Objection> {
    let key = load_public(public_key_sec1)?;
    if message.is_empty() {
        return Err(Objection::EmptyPlaintext);
    }
    EncryptCtx::new(message.len(), key).encrypt(message).map_err(|_| Objection::Ciphertext)
}

/// Swaps the two parts behind the point, the first of which is `first` bytes long.
fn reordered(ciphertext: &[u8], first: usize) -> Option<Vec<u8>> {
    let (point, rest) = ciphertext.split_at_checked(POINT)?;
    let (first, second) = rest.split_at_checked(first)?;
    Some([point, second, first].concat())
}

/// A key pair for demonstrations and tests.
pub struct KeyPair {
    private: Seckey,
    public: Pubkey,
    public_sec1: [u8; POINT],
}

impl KeyPair {
    /// # Errors
    /// Never in practice: libsm's own arithmetic is declared fallible.
    pub fn generate() -> Result<Self, Objection> {
        let (_, private) = SigCtx::new().new_keypair().map_err(|_| Objection::PrivateKey)?;
        Self::from_private(private)
    }

    /// # Errors
    /// [`Objection::PrivateKey`] when the number is not in `[1, n-2]`.
    pub fn from_private_bytes(bytes: &[u8; 32]) -> Result<Self, Objection> {
        if bytes.iter().all(|byte| *byte == 0) || *bytes >= ORDER_LESS_ONE {
            return Err(Objection::PrivateKey);
        }
        Self::from_private(SigCtx::new().load_seckey(bytes).map_err(|_| Objection::PrivateKey)?)
    }

    fn from_private(private: Seckey) -> Result<Self, Objection> {
        let context = SigCtx::new();
        let public = context.pk_from_sk(&private).map_err(|_| Objection::PrivateKey)?;
        let sec1 = context.serialize_pubkey(&public, false).map_err(|_| Objection::PublicKey)?;
        let public_sec1 = sec1.try_into().map_err(|_| Objection::PublicKey)?;
        Ok(Self { private, public, public_sec1 })
    }

    /// The public key as `04‖x‖y`.
    pub fn public_sec1(&self) -> [u8; 65] {
        self.public_sec1
    }

    /// Signs with the user id `1234567812345678`; the signature is DER.
    ///
    /// # Errors
    /// Never in practice: libsm's own arithmetic is declared fallible.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Objection> {
        let signature = SigCtx::new().sign(message, &self.private, &self.public);
        signature.map(|signature| signature.der_encode()).map_err(|_| Objection::Signature)
    }

    /// Signs a digest that somebody else has computed, `SM3(ZA ‖ M)`; the signature is DER.
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub fn sign_digest(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Objection> {
        let signature = SigCtx::new().sign_raw(digest, &self.private);
        signature.map(|signature| signature.der_encode()).map_err(|_| Objection::Signature)
    }

    /// Decrypts `04‖C1‖C3‖C2` (GB/T 32918.4).
    ///
    /// # Errors
    /// [`Objection::Ciphertext`], whatever is wrong with it.
    pub fn decrypt_c1c3c2(&self, ciphertext: &[u8]) -> Result<Vec<u8>, Objection> {
        self.decrypt_c1c2c3(&reordered(ciphertext, DIGEST).ok_or(Objection::Ciphertext)?)
    }

    /// Decrypts the older order, `04‖C1‖C2‖C3`.
    ///
    /// # Errors
    /// [`Objection::Ciphertext`], whatever is wrong with it.
    pub fn decrypt_c1c2c3(&self, ciphertext: &[u8]) -> Result<Vec<u8>, Objection> {
        let point = ciphertext.get(..POINT).ok_or(Objection::Ciphertext)?;
        load_public(point).map_err(|_| Objection::Ciphertext)?;
        let length = ciphertext.len().saturating_sub(POINT + DIGEST);
        if length == 0 {
            return Err(Objection::Ciphertext);
        }
        DecryptCtx::new(length, self.private.clone()).decrypt(ciphertext).map_err(|_| Objection::Ciphertext)
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeyPair(..)")
    }
}

/// SM4-ECB with PKCS#7 padding. libsm has no ECB, so that its block cipher is called once per block.
///
/// # Errors
/// Never in practice: libsm declares its block cipher fallible.
pub fn sm4_ecb_encrypt(key: &[u8; 16], plaintext: &[u8]) -> Result<Vec<u8>, Objection> {
    let (whole, rest) = plaintext.as_chunks::<BLOCK>();
    let pad = BLOCK - rest.len();
    let mut last = [u8::try_from(pad).unwrap_or(0); BLOCK];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    let cipher = Sm4Cipher::new(key).map_err(|_| Objection::Ciphertext)?;
    let mut ciphertext = Vec::with_capacity(plaintext.len() + BLOCK);
    for block in whole.iter().chain([&last]) {
        ciphertext.extend(cipher.encrypt(block).map_err(|_| Objection::Ciphertext)?);
    }
    Ok(ciphertext)
}

/// SM4-ECB with PKCS#7 padding, which is checked whole.
///
/// # Errors
/// [`Objection::Ciphertext`], whatever is wrong with it.
pub fn sm4_ecb_decrypt(key: &[u8; 16], ciphertext: &[u8]) -> Result<Vec<u8>, Objection> {
    let (blocks, rest) = ciphertext.as_chunks::<BLOCK>();
    if blocks.is_empty() || !rest.is_empty() {
        return Err(Objection::Ciphertext);
    }
    let cipher = Sm4Cipher::new(key).map_err(|_| Objection::Ciphertext)?;
    let mut plain = Vec::with_capacity(ciphertext.len());
    for block in blocks {
        plain.extend(cipher.decrypt(block).map_err(|_| Objection::Ciphertext)?);
    }
    without_padding(plain)
}

/// SM4-CBC with PKCS#7 padding.
///
/// # Errors
/// Never in practice: libsm declares its block cipher fallible.
pub fn sm4_cbc_encrypt(key: &[u8; 16], iv: &[u8; 16], plaintext: &[u8]) -> Result<Vec<u8>, Objection> {
    let cipher = Cipher::new(key, Mode::Cbc).map_err(|_| Objection::Ciphertext)?;
    cipher.encrypt(&[], plaintext, iv).map_err(|_| Objection::Ciphertext)
}

/// SM4-CBC with PKCS#7 padding, which is checked whole.
///
/// # Errors
/// [`Objection::Ciphertext`], whatever is wrong with it.
pub fn sm4_cbc_decrypt(key: &[u8; 16], iv: &[u8; 16], ciphertext: &[u8]) -> Result<Vec<u8>, Objection> {
    // libsm's own CBC decryption removes a padding of which it has seen one byte. CBC is ECB and an exclusive-or with
    // the block before, which leaves the padding in place for a full check.
    let (blocks, rest) = ciphertext.as_chunks::<BLOCK>();
    if blocks.is_empty() || !rest.is_empty() {
        return Err(Objection::Ciphertext);
    }
    let cipher = Sm4Cipher::new(key).map_err(|_| Objection::Ciphertext)?;
    let mut plain = Vec::with_capacity(ciphertext.len());
    for (block, before) in blocks.iter().zip([iv].into_iter().chain(blocks)) {
        let decrypted = cipher.decrypt(block).map_err(|_| Objection::Ciphertext)?;
        plain.extend(decrypted.iter().zip(before).map(|(left, right)| left ^ right));
    }
    without_padding(plain)
}

fn without_padding(mut plain: Vec<u8>) -> Result<Vec<u8>, Objection> {
    let pad = plain.last().copied().map_or(0, usize::from);
    let kept = plain.len().checked_sub(pad).ok_or(Objection::Ciphertext)?;
    let sound = (1..=BLOCK).contains(&pad) && plain.iter().skip(kept).all(|byte| usize::from(*byte) == pad);
    if !sound {
        return Err(Objection::Ciphertext);
    }
    plain.truncate(kept);
    Ok(plain)
}

#[cfg(test)]
mod tests;
