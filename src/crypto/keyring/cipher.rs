//! One key at work: how a value is encrypted, authenticated, and bound to the place where it stands.

use rand::Rng;
use zeroize::Zeroizing;

use crate::crypto::{CipherError, sm3, sm4};

const VERSION: u8 = 1;
const NONCE: usize = 16;
const TAG: usize = 32;

/// An SM4 key of 16 bytes, and behind it an HMAC-SM3 key of 32.
pub const MATERIAL: usize = 48;

/// What a key is told by. It reveals nothing about the key.
pub type KeyId = [u8; 4];

/// Where a sealed value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context<'a> {
    pub table: &'a str,
    pub row: &'a str,
    pub column: &'a str,
}

/// A key that seals and opens.
#[derive(Clone)]
pub(super) struct Cipher {
    pub id: KeyId,
    encryption: sm4::Key,
    /// Ready for its first message, because setting it up costs as much as 128 bytes of message.
    authentication: sm3::Hmac,
}

impl Cipher {
    pub fn new(id: KeyId, material: &[u8; MATERIAL]) -> Self {
        let mut encryption = Zeroizing::new([0; 16]);
        encryption.iter_mut().zip(material).for_each(|(to, from)| *to = *from);
        let authentication = sm3::Hmac::new(material.get(16..).unwrap_or_default());
        Self { id, encryption: sm4::Key::from_bytes(*encryption), authentication }
    }

    /// Encrypts a value for the place where it will stand; the result is 53 bytes longer.
    pub fn seal(&self, context: &Context<'_>, plaintext: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        rand::rng().fill_bytes(&mut nonce);
        let head = [[VERSION].as_slice(), &self.id, &nonce].concat();
        let mut sealed = Vec::with_capacity(head.len() + plaintext.len() + TAG);
        sealed.extend_from_slice(&head);
        sealed.extend_from_slice(plaintext);
        if let Some((_, body)) = sealed.split_at_mut_checked(head.len()) {
            sm4::apply_ctr(&self.encryption, &nonce.into(), body);
            let tag = self.code(context, &nonce, body).finish();
            sealed.extend_from_slice(&tag);
        }
        sealed
    }

    /// Decrypts what this key sealed for this place.
    ///
    /// # Errors
    /// [`CipherError::Ciphertext`] when the value was changed, cut, moved, or sealed under another key.
    pub fn open(&self, context: &Context<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CipherError> {
        let parts = || {
            let (id, sealed) = sealed.strip_prefix(&[VERSION])?.split_first_chunk::<4>()?;
            let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
            let (ciphertext, tag) = sealed.split_last_chunk::<TAG>()?;
            (*id == self.id).then_some((nonce, ciphertext, tag))
        };
        let (nonce, ciphertext, tag) = parts().ok_or(CipherError::Ciphertext)?;
        if !self.code(context, nonce, ciphertext).verify(tag) {
            return Err(CipherError::Ciphertext);
        }
        let mut plaintext = Zeroizing::new(ciphertext.to_vec());
        sm4::apply_ctr(&self.encryption, &(*nonce).into(), &mut plaintext);
        Ok(plaintext)
    }

    /// The authentication code over everything that a sealed value depends on, not yet finished.
    fn code(&self, context: &Context<'_>, nonce: &[u8; NONCE], ciphertext: &[u8]) -> sm3::Hmac {
        let mut code = self.authentication.clone();
        code.update(&[VERSION]);
        code.update(&self.id);
        code.update(nonce);
        for part in [context.table, context.row, context.column] {
            add_part(&mut code, part);
        }
        code.update(ciphertext);
        code
    }
}

/// The id of the key that a value was sealed under; None where it is no sealed value.
pub(super) fn id_of(sealed: &[u8]) -> Option<KeyId> {
    let (id, rest) = sealed.strip_prefix(&[VERSION])?.split_first_chunk::<4>()?;
    (rest.len() >= NONCE + TAG).then_some(*id)
}

/// The length keeps `ab`, `c` from being `a`, `bc`.
pub(super) fn add_part(code: &mut sm3::Hmac, part: &str) {
    code.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
    code.update(part.as_bytes());
}
