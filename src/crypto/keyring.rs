//! The keyring encrypts what the gateway stores: keys of applications, project fields, account numbers.
//!
//! A value is encrypted by SM4-CTR and authenticated by HMAC-SM3, in this order, under keys that come from one master
//! key. The authentication covers the place where the value stands, so that nobody can move it to another row or column.
//!
//! ```text
//! sealed   = version 1 byte ‖ key id 4 ‖ nonce 16 ‖ ciphertext ‖ tag 32
//! tag      = HMAC-SM3(authentication key, version ‖ key id ‖ nonce ‖ length‖table ‖ length‖row ‖ length‖column ‖ ciphertext)
//! mark     = HMAC-SM3(marking key, length‖purpose ‖ length‖part ‖ …)
//! link     = HMAC-SM3(auditing key, what an entry of the audit trail is chained by)
//! subkey   = HMAC-SM3(master key, label)
//! ```
//!
//! The master key stands in a file of its own. Its first key seals; further keys, on further lines, only open what
//! was sealed before they were replaced.

use std::fmt;
use std::path::Path;

use anyhow::{Context as _, bail};
use rand::Rng;
use zeroize::Zeroizing;

use super::{CipherError, private_file, sm3, sm4};

const VERSION: u8 = 1;
const NONCE: usize = 16;
const TAG: usize = 32;

/// The first line of a master-key file, by which it is told from other keys.
pub const FILE_HEADING: &str = "# baohan master key";

/// Where a sealed value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context<'a> {
    pub table: &'a str,
    pub row: &'a str,
    pub column: &'a str,
}

/// The keys that come from one master key.
struct Subkeys {
    id: [u8; 4],
    encryption: sm4::Key,
    /// Ready for its first message, because setting it up costs as much as 128 bytes of message.
    authentication: sm3::Hmac,
    marking: sm3::Hmac,
    auditing: sm3::Hmac,
}

impl Subkeys {
    fn derive(master: &[u8; 32]) -> Self {
        let derived =
            |label: &str| Zeroizing::new(sm3::hmac(master, format!("baohan keyring 1: {label}").as_bytes()));
        let [a, b, c, d, ..] = *derived("key id");
        let encryption = derived("encryption");
        let mut first_half = Zeroizing::new([0; 16]);
        first_half.iter_mut().zip(encryption.iter()).for_each(|(to, from)| *to = *from);
        Self {
            id: [a, b, c, d],
            encryption: sm4::Key::from_bytes(*first_half),
            authentication: sm3::Hmac::new(derived("authentication").as_slice()),
            marking: sm3::Hmac::new(derived("marking").as_slice()),
            auditing: sm3::Hmac::new(derived("auditing").as_slice()),
        }
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

/// The length keeps `ab`, `c` from being `a`, `bc`.
fn add_part(code: &mut sm3::Hmac, part: &str) {
    code.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
    code.update(part.as_bytes());
}

/// The keys that protect stored values. Nothing prints them.
pub struct Keyring {
    current: Subkeys,
    former: Vec<Subkeys>,
}

impl Keyring {
    /// A keyring of one master key.
    pub fn from_master(master: &[u8; 32]) -> Self {
        Self { current: Subkeys::derive(master), former: Vec::new() }
    }

    /// Lets the keyring open what another master key sealed.
    #[must_use]
    pub fn with_former(mut self, master: &[u8; 32]) -> Self {
        self.former.push(Subkeys::derive(master));
        self
    }

    /// Reads a master-key file: the key that seals, then any former keys, each 64 hex digits on a line of its own.
    ///
    /// # Errors
    /// When the file cannot be read, can be read by others, or holds something else.
    pub fn from_file(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let content = private_file::read(path).context("the master key")?;
        let text = std::str::from_utf8(&content).ok().with_context(|| format!("`{shown}`: expected text"))?;
        let mut keyring: Option<Self> = None;
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.starts_with('#')) {
            let mut master = Zeroizing::new([0; 32]);
            if hex::decode_to_slice(line.trim_ascii(), master.as_mut_slice()).is_err() {
                let found = line.trim_ascii().len();
                bail!(
                    "`{shown}`, line {number}: expected a master key of 64 hex digits, found {found} characters"
                );
            }
            keyring = Some(match keyring {
                None => Self::from_master(&master),
                Some(keyring) => keyring.with_former(&master),
            });
        }
        keyring.with_context(|| format!("`{shown}`: expected a master key of 64 hex digits, found none"))
    }

    /// Makes a new master key and writes it to a file of mode 0600.
    ///
    /// # Errors
    /// When the file exists: what was sealed under an overwritten key is lost.
    pub fn generate_file(path: &Path) -> anyhow::Result<()> {
        let mut master = Zeroizing::new([0_u8; 32]);
        rand::rng().fill_bytes(master.as_mut_slice());
        let text = Zeroizing::new(format!(
            "{FILE_HEADING}: whoever has it can read everything the gateway stores, and without it nobody can.\n\
             # To replace it, put a new line of 64 hex digits above this one and keep this one.\n{}\n",
            Zeroizing::new(hex::encode(master.as_slice())).as_str()
        ));
        private_file::write_new(path, text.as_bytes())
    }

    /// Tells the sealing key from others; it reveals nothing about it.
    pub fn key_id(&self) -> [u8; 4] {
        self.current.id
    }

    /// Whether what was sealed under the key of this id can be opened.
    pub fn has_key(&self, id: [u8; 4]) -> bool {
        [&self.current].into_iter().chain(&self.former).any(|keys| keys.id == id)
    }

    /// The id of the master key that a value was sealed under; None where it is no sealed value.
    pub fn id_of(sealed: &[u8]) -> Option<[u8; 4]> {
        let (id, rest) = sealed.strip_prefix(&[VERSION])?.split_first_chunk::<4>()?;
        (rest.len() >= NONCE + TAG).then_some(*id)
    }

    /// Encrypts a value for the place where it will stand; the result is 53 bytes longer.
    pub fn seal(&self, context: &Context<'_>, plaintext: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        rand::rng().fill_bytes(&mut nonce);
        let head = [[VERSION].as_slice(), &self.current.id, &nonce].concat();
        let mut sealed = Vec::with_capacity(head.len() + plaintext.len() + TAG);
        sealed.extend_from_slice(&head);
        sealed.extend_from_slice(plaintext);
        if let Some((_, body)) = sealed.split_at_mut_checked(head.len()) {
            sm4::apply_ctr(&self.current.encryption, &nonce.into(), body);
            let tag = self.current.code(context, &nonce, body).finish();
            sealed.extend_from_slice(&tag);
        }
        sealed
    }

    /// Decrypts a value that was sealed for this place.
    ///
    /// # Errors
    /// [`CipherError::Ciphertext`] when the value was changed, cut, moved, or sealed under a key that is not here.
    pub fn open(&self, context: &Context<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CipherError> {
        let parts = || {
            let sealed = sealed.strip_prefix(&[VERSION])?;
            let (id, sealed) = sealed.split_first_chunk::<4>()?;
            let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
            let (ciphertext, tag) = sealed.split_last_chunk::<TAG>()?;
            let keys = [&self.current].into_iter().chain(&self.former).find(|keys| keys.id == *id)?;
            Some((keys, nonce, ciphertext, tag))
        };
        let (keys, nonce, ciphertext, tag) = parts().ok_or(CipherError::Ciphertext)?;
        if !keys.code(context, nonce, ciphertext).verify(tag) {
            return Err(CipherError::Ciphertext);
        }
        let mut plaintext = Zeroizing::new(ciphertext.to_vec());
        sm4::apply_ctr(&keys.encryption, &(*nonce).into(), &mut plaintext);
        Ok(plaintext)
    }

    /// A fingerprint of texts that nobody can compute, or try out guesses on, without the master key. The same texts for
    /// the same purpose always have the same mark, and another one for any other purpose, so that a mark may stand in a
    /// column where the text may not, and be searched for. It is made under the key that seals: once the master key is
    /// replaced, the same texts have another mark.
    pub fn mark(&self, purpose: &str, parts: &[&str]) -> [u8; 32] {
        let mut code = self.current.marking.clone();
        add_part(&mut code, purpose);
        parts.iter().for_each(|part| add_part(&mut code, part));
        code.finish()
    }

    /// The code by which an entry of the audit trail hangs on the one before it, under the key of this id; None where that
    /// key is not here. New entries take [`Self::key_id`], and those of former keys are looked through with these.
    pub fn link(&self, key: [u8; 4], text: &[u8]) -> Option<[u8; 32]> {
        let keys = [&self.current].into_iter().chain(&self.former).find(|keys| keys.id == key)?;
        let mut code = keys.auditing.clone();
        code.update(text);
        Some(code.finish())
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Keyring({}, ..)", hex::encode(self.current.id))
    }
}

#[cfg(test)]
mod tests;
