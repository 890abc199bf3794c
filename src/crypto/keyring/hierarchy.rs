//! Keys below the master key: key-encryption keys, and under these the data keys that do the work. Both are kept wrapped;
//! nothing of this file knows where.
//!
//! ```text
//! master key ── wraps ──► key-encryption key, version 1, 2, … ── wraps ──► data key (id; sealing, marking, auditing)
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use rand::Rng;
use zeroize::Zeroizing;

use super::cipher::{Cipher, Context, KeyId, MATERIAL};
use super::master::Master;
use crate::crypto::sm3;

/// What a data key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Values of columns.
    Sealing,
    /// Fingerprints that are searched for; there is only ever one, since other marks would find nothing of before.
    Marking,
    /// The codes of the audit trail.
    Auditing,
}

impl Purpose {
    pub const ALL: [Self; 3] = [Self::Sealing, Self::Marking, Self::Auditing];

    pub fn name(self) -> &'static str {
        match self {
            Self::Sealing => "sealing",
            Self::Marking => "marking",
            Self::Auditing => "auditing",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }
}

/// A key-encryption key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKek {
    /// From 1.
    pub version: i64,
    /// The id of the master key that it is wrapped under, in hexadecimal.
    pub master: String,
    /// In hexadecimal.
    pub wrapped: String,
}

/// A data key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    pub id: KeyId,
    pub purpose: Purpose,
    /// The version of the key-encryption key that it is wrapped under.
    pub kek: i64,
    /// In hexadecimal; None where the key was destroyed.
    pub wrapped: Option<String>,
    /// From when on it is used for what is new.
    pub activates_at: Timestamp,
}

/// Why stored keys can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HierarchyError {
    #[error(
        "the keys in the database are wrapped under the master key {expected}, and the one at hand is {found}"
    )]
    OtherMaster { expected: String, found: String },
    #[error("{0} does not open: it was changed, or moved")]
    Damaged(String),
    #[error("the database has no {0} key")]
    Missing(&'static str),
}

/// A key-encryption key, unwrapped. Nothing prints it.
#[derive(Clone)]
pub struct KeyEncryptionKey {
    pub version: i64,
    cipher: Cipher,
    material: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KeyEncryptionKey({}, ..)", self.version)
    }
}

impl KeyEncryptionKey {
    pub(super) fn generate(version: i64) -> Option<Self> {
        Self::new(version, random(MATERIAL))
    }

    fn new(version: i64, material: Zeroizing<Vec<u8>>) -> Option<Self> {
        let id = u32::try_from(version).ok()?.to_be_bytes();
        let cipher = Cipher::new(id, material.as_slice().try_into().ok()?);
        Some(Self { version, cipher, material })
    }

    pub(super) fn wrapped_under(&self, master: &Master) -> StoredKek {
        let row = self.version.to_string();
        let wrapped = master.wrapping.seal(&kek_place(&row), &self.material);
        StoredKek { version: self.version, master: hex::encode(master.id), wrapped: hex::encode(wrapped) }
    }

    pub(super) fn unwrapped(stored: &StoredKek, masters: &[&Master]) -> Result<Self, HierarchyError> {
        let master = masters.iter().find(|master| hex::encode(master.id) == stored.master);
        let master = master.ok_or_else(|| HierarchyError::OtherMaster {
            expected: stored.master.clone(),
            found: masters.iter().map(|it| hex::encode(it.id)).collect::<Vec<_>>().join(", "),
        })?;
        let row = stored.version.to_string();
        let unwrapped = || {
            let wrapped = hex::decode(&stored.wrapped).ok()?;
            Self::new(stored.version, master.wrapping.open(&kek_place(&row), &wrapped).ok()?)
        };
        unwrapped().ok_or_else(|| HierarchyError::Damaged(format!("key-encryption key {}", stored.version)))
    }

    /// Wraps a data key for its row; in hexadecimal.
    pub fn wrap(&self, purpose: Purpose, id: KeyId, material: &[u8]) -> String {
        hex::encode(self.cipher.seal(&key_place(&key_row(purpose, id)), material))
    }

    /// The material of a data key.
    ///
    /// # Errors
    /// When what is stored was changed, or belongs to another row.
    pub fn unwrap(
        &self,
        purpose: Purpose,
        id: KeyId,
        wrapped: &str,
    ) -> Result<Zeroizing<Vec<u8>>, HierarchyError> {
        let row = key_row(purpose, id);
        let opened = hex::decode(wrapped).ok().and_then(|it| self.cipher.open(&key_place(&row), &it).ok());
        opened.ok_or_else(|| HierarchyError::Damaged(format!("data key {row}")))
    }
}

fn kek_place(version: &str) -> Context<'_> {
    Context { table: "key_encryption_keys", row: version, column: "wrapped" }
}

fn key_place(row: &str) -> Context<'_> {
    Context { table: "data_keys", row, column: "wrapped" }
}

fn key_row(purpose: Purpose, id: KeyId) -> String {
    format!("{}/{}", purpose.name(), hex::encode(id))
}

/// New material for a data key of this purpose.
pub fn generate_material(purpose: Purpose) -> Zeroizing<Vec<u8>> {
    random(if purpose == Purpose::Sealing { MATERIAL } else { 32 })
}

/// An id that is not among those that are `taken`.
pub fn generate_id(taken: &BTreeSet<KeyId>) -> KeyId {
    let mut id = [0; 4];
    loop {
        rand::rng().fill_bytes(&mut id);
        if !taken.contains(&id) {
            return id;
        }
    }
}

fn random(length: usize) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    rand::rng().fill_bytes(bytes.as_mut_slice());
    bytes
}

/// The data keys of a database, unwrapped.
pub(super) struct DataKeys {
    /// In the order in which they become the one that seals.
    sealing: Vec<(Timestamp, Cipher)>,
    /// Which of them seals now.
    seals: AtomicUsize,
    pub marking: sm3::Hmac,
    auditing: Vec<(Timestamp, KeyId, sm3::Hmac)>,
    links: AtomicUsize,
    destroyed: BTreeSet<KeyId>,
}

impl DataKeys {
    pub fn unwrapped(
        masters: &[&Master],
        keks: &[StoredKek],
        keys: &[StoredKey],
    ) -> Result<Self, HierarchyError> {
        let mut wrapping = BTreeMap::new();
        for kek in keks {
            wrapping.insert(kek.version, KeyEncryptionKey::unwrapped(kek, masters)?);
        }
        let (mut sealing, mut marking, mut auditing, mut destroyed) =
            (Vec::new(), None, Vec::new(), BTreeSet::new());
        for key in keys {
            let Some(wrapped) = &key.wrapped else {
                destroyed.insert(key.id);
                continue;
            };
            let kek = wrapping.get(&key.kek).ok_or(HierarchyError::Missing("key-encryption"))?;
            let material = kek.unwrap(key.purpose, key.id, wrapped)?;
            let damaged = || HierarchyError::Damaged(format!("data key {}", key_row(key.purpose, key.id)));
            match key.purpose {
                Purpose::Sealing => {
                    let material = material.as_slice().try_into().map_err(|_| damaged())?;
                    sealing.push((key.activates_at, Cipher::new(key.id, material)));
                }
                Purpose::Marking => marking = Some(sm3::Hmac::new(&material)),
                Purpose::Auditing => {
                    auditing.push((key.activates_at, key.id, sm3::Hmac::new(&material)));
                }
            }
        }
        sealing.sort_by_key(|(at, cipher)| (*at, cipher.id));
        auditing.sort_by_key(|(at, id, _)| (*at, *id));
        if sealing.is_empty() {
            return Err(HierarchyError::Missing(Purpose::Sealing.name()));
        }
        if auditing.is_empty() {
            return Err(HierarchyError::Missing(Purpose::Auditing.name()));
        }
        let marking = marking.ok_or(HierarchyError::Missing(Purpose::Marking.name()))?;
        let (seals, links) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Ok(Self { sealing, seals, marking, auditing, links, destroyed })
    }

    /// Puts into use what is due.
    pub fn tick(&self, now: Timestamp) {
        let due = |times: &mut dyn Iterator<Item = Timestamp>| times.take_while(|at| *at <= now).count();
        let sealing = due(&mut self.sealing.iter().map(|(at, _)| *at));
        let auditing = due(&mut self.auditing.iter().map(|(at, ..)| *at));
        self.seals.store(sealing.saturating_sub(1), Ordering::Relaxed);
        self.links.store(auditing.saturating_sub(1), Ordering::Relaxed);
    }

    pub fn sealing(&self) -> Option<&Cipher> {
        self.sealing.get(self.seals.load(Ordering::Relaxed)).map(|(_, cipher)| cipher)
    }

    pub fn opening(&self, id: KeyId) -> Option<&Cipher> {
        self.sealing.iter().map(|(_, cipher)| cipher).find(|cipher| cipher.id == id)
    }

    /// The id of the key that new entries of the audit trail are linked under.
    pub fn linking(&self) -> Option<KeyId> {
        self.auditing.get(self.links.load(Ordering::Relaxed)).map(|(_, id, _)| *id)
    }

    pub fn auditing(&self, id: KeyId) -> Option<&sm3::Hmac> {
        self.auditing.iter().find(|(_, it, _)| *it == id).map(|(.., hmac)| hmac)
    }

    pub fn is_destroyed(&self, id: KeyId) -> bool {
        self.destroyed.contains(&id)
    }
}
