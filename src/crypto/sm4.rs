//! The block cipher SM4 (GB/T 32907-2016) in the modes that platforms use.
//!
//! Platforms encrypt fields by ECB and files by CBC, neither of which notices a change; that is theirs to decide. What
//! the gateway itself stores goes through [`keyring`](super::keyring), which does.

use std::fmt;

use ::sm4::Sm4;
use cipher::block_padding::{NoPadding, Padding as BlockPadding, Pkcs7, ZeroPadding};
use cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit, StreamCipher};
use rand::Rng;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::CipherError;

const BLOCK: usize = 16;

/// An SM4 key. Nothing prints it, and it is wiped when it is dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Key([u8; BLOCK]);

impl Key {
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// A key from exactly 16 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub fn generate() -> Self {
        Self(random())
    }

    /// The key's bytes, for wrapping them.
    pub fn expose(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("sm4::Key(..)")
    }
}

/// An initialisation vector. It need not be secret, but no two messages under one key may share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Iv([u8; BLOCK]);

impl Iv {
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub fn generate() -> Self {
        Self(random())
    }

    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl From<[u8; 16]> for Iv {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

fn random() -> [u8; BLOCK] {
    let mut bytes = [0; BLOCK];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// How blocks are chained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Ecb,
    Cbc(Iv),
}

/// How the last block is filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Padding {
    #[default]
    Pkcs7,
    /// Zeros up to the block's end, none for whole blocks; decryption removes every zero at the end, the plaintext's own
    /// included.
    Zero,
    /// The plaintext is whole blocks.
    None,
}

/// Encrypts.
///
/// # Errors
/// [`CipherError::Plaintext`] for [`Padding::None`] with anything but whole blocks, and for an empty plaintext where
/// the padding would not make a block of it.
pub fn encrypt(key: &Key, mode: Mode, padding: Padding, plaintext: &[u8]) -> Result<Vec<u8>, CipherError> {
    let length = plaintext.len();
    let mut buffer = Vec::with_capacity(length + BLOCK);
    buffer.extend_from_slice(plaintext);
    buffer.resize(length + BLOCK, 0);
    let written = match padding {
        Padding::Pkcs7 => encrypt_in_place::<Pkcs7>(key, mode, &mut buffer, length),
        Padding::Zero => encrypt_in_place::<ZeroPadding>(key, mode, &mut buffer, length),
        Padding::None => encrypt_in_place::<NoPadding>(key, mode, &mut buffer, length),
    };
    let expected = if padding == Padding::None { "whole blocks of 16 bytes" } else { "at least one byte" };
    let refused = CipherError::Plaintext { expected, found: length };
    buffer.truncate(written.filter(|written| *written > 0).ok_or(refused)?);
    Ok(buffer)
}

fn encrypt_in_place<P: BlockPadding>(
    key: &Key,
    mode: Mode,
    buffer: &mut [u8],
    length: usize,
) -> Option<usize> {
    let encrypted = match mode {
        Mode::Ecb => ecb::Encryptor::<Sm4>::new((&key.0).into()).encrypt_padded::<P>(buffer, length),
        Mode::Cbc(iv) => {
            cbc::Encryptor::<Sm4>::new((&key.0).into(), (&iv.0).into()).encrypt_padded::<P>(buffer, length)
        }
    };
    encrypted.ok().map(<[u8]>::len)
}

/// Decrypts.
///
/// # Errors
/// [`CipherError::Ciphertext`], whatever is wrong: an empty ciphertext, a broken block, a padding that is not whole.
pub fn decrypt(
    key: &Key,
    mode: Mode,
    padding: Padding,
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CipherError> {
    if ciphertext.is_empty() {
        return Err(CipherError::Ciphertext);
    }
    #[cfg(test)]
    super::effort::note(|done| done.deciphered += ciphertext.len());
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let length = match padding {
        Padding::Pkcs7 => decrypt_in_place::<Pkcs7>(key, mode, &mut buffer),
        Padding::Zero => decrypt_in_place::<ZeroPadding>(key, mode, &mut buffer),
        Padding::None => decrypt_in_place::<NoPadding>(key, mode, &mut buffer),
    };
    buffer.truncate(length.ok_or(CipherError::Ciphertext)?);
    Ok(buffer)
}

fn decrypt_in_place<P: BlockPadding>(key: &Key, mode: Mode, buffer: &mut [u8]) -> Option<usize> {
    let decrypted = match mode {
        Mode::Ecb => ecb::Decryptor::<Sm4>::new((&key.0).into()).decrypt_padded::<P>(buffer),
        Mode::Cbc(iv) => {
            cbc::Decryptor::<Sm4>::new((&key.0).into(), (&iv.0).into()).decrypt_padded::<P>(buffer)
        }
    };
    decrypted.ok().map(<[u8]>::len)
}

/// Encrypts or decrypts in place by SM4-CTR; the counter starts at `start` and counts all 128 bits, big-endian.
pub fn apply_ctr(key: &Key, start: &Iv, data: &mut [u8]) {
    ctr::Ctr128BE::<Sm4>::new((&key.0).into(), (&start.0).into()).apply_keystream(data);
}

#[cfg(test)]
mod tests;
