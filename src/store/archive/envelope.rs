//! How a document lies in the archive: sealed by the keyring for its own name, behind a head that tells it from documents
//! that an earlier version kept as they are.
//!
//! ```text
//! object = head ‖ sealed
//! head   = magic 8 ‖ length of the document 8, big-endian ‖ SM3(magic ‖ length ‖ sealed) 32
//! ```
//!
//! The checksum is nobody's signature: it shows to those who have no key that the disk still has what was written. Who wrote
//! it, and for which name, the keyring's own code shows when the document is opened.

use super::{ArchiveError, Damage, digest_of};
use crate::crypto::keyring::{Context, Keyring};
use crate::crypto::sm3;
use crate::domain::identity::DocumentDigest;

/// No format of documents begins so.
const MAGIC: &[u8; 8] = b"\x8abaohan\x01";
const CHECKSUM: usize = 32;
const HEAD: usize = MAGIC.len() + size_of::<u64>() + CHECKSUM;

/// So many bytes of an object tell how long its document is, and under which key it is sealed.
pub(super) const TELLING: u64 = 256;

/// Seals a document for its name.
pub(super) fn seal(keyring: &Keyring, digest: &DocumentDigest, document: &[u8]) -> Vec<u8> {
    let sealed = keyring.seal(&place(digest), document);
    let length = u64::try_from(document.len()).unwrap_or(u64::MAX).to_be_bytes();
    let mut object = Vec::with_capacity(HEAD + sealed.len());
    object.extend_from_slice(MAGIC);
    object.extend_from_slice(&length);
    object.extend_from_slice(&checksum(&length, &sealed));
    object.extend_from_slice(&sealed);
    object
}

/// The document of an object, compared with its name.
pub(super) fn open(
    keyring: Option<&Keyring>,
    digest: &DocumentDigest,
    object: Vec<u8>,
) -> Result<Vec<u8>, ArchiveError> {
    let opened = match Head::of(&object) {
        None => return expect(digest, object),
        Some((_, sealed)) => opened(keyring, digest, sealed),
    };
    opened.or_else(|error| expect(digest, object).map_err(|_| error))
}

/// What can be said without opening it: yields the id of the key that it is sealed under, or None where it lies in the
/// clear.
pub(super) fn examine(digest: &DocumentDigest, object: Vec<u8>) -> Result<Option<[u8; 4]>, ArchiveError> {
    let Some((head, sealed)) = Head::of(&object) else { return expect(digest, object).map(|_| None) };
    let holds = checksum(&head.length.to_be_bytes(), sealed) == head.checksum;
    match Keyring::id_of(sealed).filter(|_| holds) {
        Some(key) => Ok(Some(key)),
        None => expect(digest, object)
            .map(|_| None)
            .map_err(|_| ArchiveError::Damaged { document: digest.clone(), how: Damage::Checksum }),
    }
}

/// What the first [`TELLING`] bytes of an object tell, which is `size` bytes long as a whole.
pub(super) fn told(beginning: &[u8], size: u64) -> Stored {
    match Head::of(beginning) {
        None => Stored { size, form: Form::Clear },
        Some((head, sealed)) => {
            Stored { size: head.length, form: Keyring::id_of(sealed).map_or(Form::Unclear, Form::Sealed) }
        }
    }
}

/// A document as it lies there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The document's, in bytes.
    pub size: u64,
    pub form: Form,
}

/// Whether a document can be read by those who have no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As an earlier version kept it.
    Clear,
    /// Under the key of this id.
    Sealed([u8; 4]),
    /// It begins as sealed ones do, but says no key.
    Unclear,
}

struct Head {
    length: u64,
    checksum: [u8; CHECKSUM],
}

impl Head {
    /// The head of an object, and what is behind it; None where it has none.
    fn of(object: &[u8]) -> Option<(Self, &[u8])> {
        let (length, rest) = object.strip_prefix(MAGIC)?.split_first_chunk()?;
        let (checksum, sealed) = rest.split_first_chunk()?;
        Some((Self { length: u64::from_be_bytes(*length), checksum: *checksum }, sealed))
    }
}

fn opened(
    keyring: Option<&Keyring>,
    digest: &DocumentDigest,
    sealed: &[u8],
) -> Result<Vec<u8>, ArchiveError> {
    let damaged = || ArchiveError::Damaged { document: digest.clone(), how: Damage::Seal };
    let key = Keyring::id_of(sealed).ok_or_else(damaged)?;
    let locked = || ArchiveError::Locked { document: digest.clone(), key: hex::encode(key) };
    let keyring = keyring.filter(|keyring| keyring.has_key(key)).ok_or_else(locked)?;
    let mut document = keyring.open(&place(digest), sealed).map_err(|_| damaged())?;
    expect(digest, std::mem::take(&mut *document))
}

/// The name has the last word, whoever sealed the document.
fn expect(digest: &DocumentDigest, document: Vec<u8>) -> Result<Vec<u8>, ArchiveError> {
    let found = digest_of(&document);
    if found == *digest {
        return Ok(document);
    }
    Err(ArchiveError::Damaged { document: digest.clone(), how: Damage::Digest(found) })
}

fn checksum(length: &[u8; 8], sealed: &[u8]) -> [u8; CHECKSUM] {
    let mut sum = sm3::Hasher::new();
    sum.update(MAGIC);
    sum.update(length);
    sum.update(sealed);
    sum.finish()
}

/// Binds what is sealed to the document's name, so that no object can be passed off as another.
fn place(digest: &DocumentDigest) -> Context<'_> {
    Context { table: "archive", row: digest.as_str(), column: "document" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring(master: u8) -> Keyring {
        Keyring::from_master(&[master; 32])
    }

    #[test]
    fn a_sealed_document_shows_its_length_and_key_and_nothing_else() {
        let document = b"%PDF-1.7 a paper of an applicant".repeat(20);
        let (keys, digest) = (keyring(7), digest_of(&document));
        let object = seal(&keys, &digest, &document);
        assert!(!object.windows(8).any(|it| document.windows(8).any(|shown| shown == it)));
        let size = u64::try_from(object.len()).unwrap();
        let beginning = &object[..usize::try_from(TELLING).unwrap()];
        let stored = Stored { size: 640, form: Form::Sealed(keys.key_id()) };
        assert_eq!(told(beginning, size), stored);
        assert_eq!(open(Some(&keys), &digest, object.clone()).unwrap(), document);
        assert_eq!(examine(&digest, object).unwrap(), Some(keys.key_id()));
    }

    #[test]
    fn every_bit_counts_with_the_key_and_without_it() {
        let (keys, digest) = (keyring(7), digest_of(b"abc"));
        let object = seal(&keys, &digest, b"abc");
        for index in 0..object.len() {
            let mut spoiled = object.clone();
            spoiled[index] ^= 1;
            assert!(examine(&digest, spoiled.clone()).is_err(), "byte {index}");
            // The length and the checksum in front are for those who do not open it.
            let in_front = (MAGIC.len()..HEAD).contains(&index);
            assert_eq!(open(Some(&keys), &digest, spoiled).is_ok(), in_front, "byte {index}");
        }
        for length in 0..object.len() {
            assert!(open(Some(&keys), &digest, object[..length].to_vec()).is_err(), "{length} bytes");
            assert!(examine(&digest, object[..length].to_vec()).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_document_is_not_passed_off_as_another() {
        let keys = keyring(7);
        let object = seal(&keys, &digest_of(b"abc"), b"abc");
        let taken = open(Some(&keys), &digest_of(b"abd"), object);
        assert!(matches!(taken, Err(ArchiveError::Damaged { how: Damage::Seal, .. })), "{taken:?}");
    }

    #[test]
    fn a_document_under_a_key_that_is_not_here_is_not_taken_for_a_damaged_one() {
        let digest = digest_of(b"abc");
        let object = seal(&keyring(7), &digest, b"abc");
        let expected = hex::encode(keyring(7).key_id());
        for keys in [None, Some(keyring(8))] {
            let read = open(keys.as_ref(), &digest, object.clone());
            assert!(matches!(&read, Err(ArchiveError::Locked { key, .. }) if *key == expected), "{read:?}");
        }
        assert_eq!(open(Some(&keyring(8).with_former(&[7; 32])), &digest, object).unwrap(), b"abc");
    }

    #[test]
    fn a_document_of_an_earlier_version_is_read_whatever_it_begins_with() {
        let keys = keyring(7);
        let disguised = seal(&keyring(8), &digest_of(b"abc"), b"abc");
        for plain in [&b"abc"[..], b"", MAGIC, &disguised] {
            let digest = digest_of(plain);
            assert_eq!(open(Some(&keys), &digest, plain.to_vec()).unwrap(), plain);
            assert_eq!(open(None, &digest, plain.to_vec()).unwrap(), plain);
        }
        assert_eq!(told(b"abc", 3), Stored { size: 3, form: Form::Clear });
        assert_eq!(examine(&digest_of(b"abc"), b"abc".to_vec()).unwrap(), None);
    }
}
