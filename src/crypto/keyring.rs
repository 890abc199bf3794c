//! The keyring encrypts what the gateway stores: keys of applications, project fields, account numbers.
//!
//! A value is encrypted by SM4-CTR and authenticated by HMAC-SM3, in this order, under a data key. The authentication covers
//! the place where the value stands, so that nobody can move it to another row or column.
//!
//! ```text
//! sealed   = version 1 byte ‖ key id 4 ‖ nonce 16 ‖ ciphertext ‖ tag 32
//! tag      = HMAC-SM3(authentication key, version ‖ key id ‖ nonce ‖ length‖table ‖ length‖row ‖ length‖column ‖ ciphertext)
//! mark     = HMAC-SM3(marking key, length‖purpose ‖ length‖part ‖ …)
//! link     = HMAC-SM3(auditing key, what an entry of the audit trail is chained by)
//! subkey   = HMAC-SM3(master key, label)
//! ```
//!
//! Data keys are kept in the database, wrapped under [key-encryption keys](KeyEncryptionKey), which are wrapped under the
//! master key; the store [installs](Keyring::install) them. Before that, subkeys of the master key stand in for them, as they
//! did before there were data keys: what those have sealed is opened for ever. A master key may be followed by former ones,
//! which only open.

mod cipher;
mod hierarchy;
mod master;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{CipherError, private_file};
use crate::supervise::Current;
use cipher::add_part;
pub use cipher::{Context, KeyId};
use hierarchy::DataKeys;
pub use hierarchy::{
    HierarchyError, KeyEncryptionKey, Purpose, StoredKek, StoredKey, generate_id, generate_material,
};
use master::Master;
pub use master::{
    FILE_HEADING, HALF_HEADING, MasterBytes, generate_master, master_id, parse_masters, read_halves,
    write_halves, write_master,
};

/// What a sealed secret of the settings begins with.
pub const SEALED_SECRET: &str = "sealed:";

/// Of ids that are in no database, so many are remembered, so that nobody looks for them again and again.
const REMEMBERED: usize = 64;

/// The keys that protect stored values. Nothing prints them.
pub struct Keyring {
    /// The one that seals, and former ones.
    first: Arc<Master>,
    former: Vec<Arc<Master>>,
    /// None until a store has installed them.
    data: Current<Option<DataKeys>>,
    /// The latest time that was told, in microseconds: a data key that has come into use stays in use.
    told: AtomicI64,
    missing: Mutex<BTreeSet<KeyId>>,
}

impl Keyring {
    /// A keyring of one master key.
    pub fn from_master(master: &[u8; 32]) -> Self {
        Self::new(Arc::new(Master::derive(master)), Vec::new())
    }

    fn new(first: Arc<Master>, former: Vec<Arc<Master>>) -> Self {
        let (data, told, missing) = (Current::new(None), AtomicI64::new(i64::MIN), Mutex::default());
        Self { first, former, data, told, missing }
    }

    /// Lets the keyring open what another master key sealed.
    #[must_use]
    pub fn with_former(mut self, master: &[u8; 32]) -> Self {
        self.former.push(Arc::new(Master::derive(master)));
        self
    }

    /// A keyring of the master key that seals and any former ones; None of none.
    pub fn from_masters(masters: &[MasterBytes]) -> Option<Self> {
        let (first, former) = masters.split_first()?;
        Some(former.iter().fold(Self::from_master(first), |keyring, master| keyring.with_former(master)))
    }

    /// Reads a master-key file: the key that seals, then any former keys, each 64 hex digits on a line of its own.
    ///
    /// # Errors
    /// When the file cannot be read, can be read by others, or holds something else.
    pub fn from_file(path: &Path) -> anyhow::Result<Self> {
        let content = private_file::read(path).context("the master key")?;
        let masters = parse_masters(&content, &path.display().to_string())?;
        Self::from_masters(&masters).context("expected a master key")
    }

    /// Makes a new master key and writes it to a file of mode 0600.
    ///
    /// # Errors
    /// When the file exists: what was sealed under an overwritten key is lost.
    pub fn generate_file(path: &Path) -> anyhow::Result<()> {
        write_master(path, &generate_master())
    }

    /// The same master keys with no data keys, for another database.
    #[must_use]
    pub fn without_data_keys(&self) -> Self {
        Self::new(Arc::clone(&self.first), self.former.clone())
    }

    /// The id of the first master key.
    pub fn master_id(&self) -> KeyId {
        self.first.id
    }

    /// Whether a master key of this id is at hand.
    pub fn has_master(&self, id: KeyId) -> bool {
        self.masters().any(|master| master.id == id)
    }

    fn masters(&self) -> impl Iterator<Item = &Arc<Master>> {
        std::iter::once(&self.first).chain(&self.former)
    }

    /// Takes the data keys of a database into use, in place of those before.
    ///
    /// # Errors
    /// When they are wrapped under another master key, were changed, or one is missing; then nothing changes.
    pub fn install(
        &self,
        keks: &[StoredKek],
        keys: &[StoredKey],
        now: Timestamp,
    ) -> Result<(), HierarchyError> {
        let masters: Vec<&Master> = self.masters().map(AsRef::as_ref).collect();
        let installed = DataKeys::unwrapped(&masters, keks, keys)?;
        installed.tick(self.told(now));
        self.data.replace(Some(installed));
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    /// Whether data keys of a database are in use.
    pub fn has_data_keys(&self) -> bool {
        self.data.get().is_some()
    }

    /// Puts into use what is due by now.
    pub fn tick(&self, now: Timestamp) {
        let now = self.told(now);
        if let Some(data) = self.data.get().as_ref() {
            data.tick(now);
        }
    }

    fn told(&self, now: Timestamp) -> Timestamp {
        let before = self.told.fetch_max(now.as_microsecond(), Ordering::Relaxed);
        Timestamp::from_microsecond(before).map_or(now, |before| before.max(now))
    }

    /// A new key-encryption key, and how it is kept: wrapped under the master key of this id, or under the first one.
    /// None where that one is not at hand.
    pub fn generate_kek(&self, version: i64, master: Option<&str>) -> Option<(KeyEncryptionKey, StoredKek)> {
        let mut masters = self.masters();
        let master = masters.find(|it| master.is_none_or(|id| hex::encode(it.id) == id))?;
        let kek = KeyEncryptionKey::generate(version)?;
        let stored = kek.wrapped_under(master);
        Some((kek, stored))
    }

    /// # Errors
    /// When it is wrapped under a master key that is not at hand, or was changed.
    pub fn unwrap_kek(&self, stored: &StoredKek) -> Result<KeyEncryptionKey, HierarchyError> {
        let masters: Vec<&Master> = self.masters().map(AsRef::as_ref).collect();
        KeyEncryptionKey::unwrapped(stored, &masters)
    }

    /// A key-encryption key as it is kept under the first master key.
    pub fn wrap_kek(&self, kek: &KeyEncryptionKey) -> StoredKek {
        kek.wrapped_under(&self.first)
    }

    /// The keys that were used before there were data keys, the present ones first: purpose, id and material.
    pub fn imports(&self) -> Vec<(Purpose, KeyId, Zeroizing<Vec<u8>>)> {
        let all = |purpose, material: fn(&Master) -> &[u8]| {
            self.masters().map(move |it| (purpose, it.id, Zeroizing::new(material(it).to_vec())))
        };
        // Nothing finds a mark that was made under a former key, so far as it has not been replaced.
        let marking = all(Purpose::Marking, |it| it.imports.marking.as_slice()).take(1);
        let sealing = all(Purpose::Sealing, |it| it.imports.sealing.as_slice());
        sealing.chain(marking).chain(all(Purpose::Auditing, |it| it.imports.auditing.as_slice())).collect()
    }

    /// Tells the sealing key from others; it reveals nothing about it.
    pub fn key_id(&self) -> KeyId {
        let data = self.data.get();
        data.as_ref().as_ref().and_then(DataKeys::sealing).map_or(self.first.id, |cipher| cipher.id)
    }

    /// The key that new entries of the audit trail are linked under.
    pub fn linking_id(&self) -> KeyId {
        self.data.get().as_ref().as_ref().and_then(DataKeys::linking).unwrap_or(self.first.id)
    }

    /// Whether what was sealed under the key of this id can be opened.
    pub fn has_key(&self, id: KeyId) -> bool {
        match self.data.get().as_ref() {
            Some(data) if data.is_destroyed(id) => false,
            Some(data) if data.opening(id).is_some() => true,
            _ => self.has_master(id),
        }
    }

    /// Whether another look at the database might find the key of this id, which is not here. Says so once.
    pub fn may_be_new(&self, id: KeyId) -> bool {
        let known = match self.data.get().as_ref() {
            Some(data) => data.is_destroyed(id) || data.opening(id).is_some() || data.auditing(id).is_some(),
            None => false,
        };
        if known || self.has_master(id) {
            return false;
        }
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        missing.len() < REMEMBERED && missing.insert(id)
    }

    /// The id of the key that a value was sealed under; None where it is no sealed value.
    pub fn id_of(sealed: &[u8]) -> Option<KeyId> {
        cipher::id_of(sealed)
    }

    /// Encrypts a value for the place where it will stand; the result is 53 bytes longer.
    pub fn seal(&self, context: &Context<'_>, plaintext: &[u8]) -> Vec<u8> {
        match self.data.get().as_ref().as_ref().and_then(DataKeys::sealing) {
            Some(cipher) => cipher.seal(context, plaintext),
            None => self.first.cipher.seal(context, plaintext),
        }
    }

    /// Decrypts a value that was sealed for this place.
    ///
    /// # Errors
    /// [`CipherError::Ciphertext`] when the value was changed, cut, moved, or sealed under a key that is not here.
    pub fn open(&self, context: &Context<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CipherError> {
        let id = cipher::id_of(sealed).ok_or(CipherError::Ciphertext)?;
        match self.data.get().as_ref() {
            Some(data) if data.is_destroyed(id) => Err(CipherError::Ciphertext),
            Some(data) if let Some(cipher) = data.opening(id) => cipher.open(context, sealed),
            _ => self.open_by_master(context, sealed),
        }
    }

    /// Encrypts what has to be opened without a database, under the first master key.
    pub fn seal_by_master(&self, context: &Context<'_>, plaintext: &[u8]) -> Vec<u8> {
        self.first.cipher.seal(context, plaintext)
    }

    /// Decrypts what [`Self::seal_by_master`] encrypted under any of the master keys.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_by_master(
        &self,
        context: &Context<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CipherError> {
        let id = cipher::id_of(sealed).ok_or(CipherError::Ciphertext)?;
        let master = self.masters().find(|master| master.id == id).ok_or(CipherError::Ciphertext)?;
        master.cipher.open(context, sealed)
    }

    /// A fingerprint of texts that nobody can compute, or try out guesses on, without the keys. The same texts for the same
    /// purpose always have the same mark, and another one for any other purpose, so that a mark may stand in a column where
    /// the text may not, and be searched for. The key of marks is one of the data keys, so marks outlive the master key.
    pub fn mark(&self, purpose: &str, parts: &[&str]) -> [u8; 32] {
        let data = self.data.get();
        let marking = data.as_ref().as_ref().map_or(&self.first.marking, |data| &data.marking);
        let mut code = marking.clone();
        add_part(&mut code, purpose);
        parts.iter().for_each(|part| add_part(&mut code, part));
        code.finish()
    }

    /// The code by which an entry of the audit trail hangs on the one before it, under the key of this id; None where that
    /// key is not here. New entries take [`Self::linking_id`], and those of former keys are looked through with these.
    pub fn link(&self, key: KeyId, text: &[u8]) -> Option<[u8; 32]> {
        let data = self.data.get();
        let stored = data.as_ref().as_ref().and_then(|data| data.auditing(key));
        let derived = || self.masters().find(|master| master.id == key).map(|master| &master.auditing);
        let mut code = stored.or_else(derived)?.clone();
        code.update(text);
        Some(code.finish())
    }

    /// Seals a secret for a settings file. Bound to a key of the settings, such as `platforms.hainan.wire.appsecret`, it opens
    /// in that place only.
    pub fn seal_secret(&self, key: Option<&str>, secret: &str) -> String {
        let sealed = self.first.settings.seal(&settings_place(key.unwrap_or_default()), secret.as_bytes());
        format!("{SEALED_SECRET}{}", BASE64_STANDARD.encode(sealed))
    }

    /// Opens what [`Self::seal_secret`] sealed for this key of the settings, or for any.
    ///
    /// # Errors
    /// What was expected, in words for whoever wrote the settings.
    pub fn open_secret(&self, key: &str, sealed: &str) -> Result<Zeroizing<String>, String> {
        let text = sealed.strip_prefix(SEALED_SECRET).unwrap_or(sealed);
        let bytes = BASE64_STANDARD.decode(text.trim_ascii());
        let bytes = bytes.map_err(|_| "expected Base64 behind `sealed:`".to_owned())?;
        let id = cipher::id_of(&bytes).ok_or("it is cut off, or nothing that was sealed")?;
        let Some(master) = self.masters().find(|master| master.id == id) else {
            return Err(format!(
                "it was sealed under the master key {}, and the one at hand is {}",
                hex::encode(id),
                hex::encode(self.first.id)
            ));
        };
        let opened = master
            .settings
            .open(&settings_place(key), &bytes)
            .or_else(|_| master.settings.open(&settings_place(""), &bytes));
        let opened = opened.map_err(|_| "it was changed, or sealed for another key of the settings")?;
        let text = std::str::from_utf8(&opened).map_err(|_| "expected a text in it")?;
        Ok(Zeroizing::new(text.to_owned()))
    }
}

fn settings_place(key: &str) -> Context<'_> {
    Context { table: "settings", row: key, column: "secret" }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Keyring({}, ..)", hex::encode(self.first.id))
    }
}

#[cfg(test)]
mod tests;
