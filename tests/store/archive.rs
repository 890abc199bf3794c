//! The archive of documents.

use std::path::PathBuf;
use std::sync::Arc;

use baohan_gateway::crypto::keyring::Keyring;
use baohan_gateway::domain::identity::DocumentDigest;
use baohan_gateway::store::archive::{ArchiveError, Census, Form, Stored, digest_of};
use baohan_gateway::store::{Archive, ArchiveOptions};

/// SM3 of `abc` (GB/T 32905-2016 A.1).
const ABC: &str = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";

fn options(folder: &tempfile::TempDir) -> ArchiveOptions {
    ArchiveOptions::in_folder(folder.path().join("made/documents"))
}

fn keyring(master: u8) -> Keyring {
    Keyring::from_master(&[master; 32])
}

fn archive(folder: &tempfile::TempDir) -> (Archive, PathBuf) {
    under(folder, keyring(7))
}

/// An archive in the folder, and the file of `abc`.
fn under(folder: &tempfile::TempDir, keyring: Keyring) -> (Archive, PathBuf) {
    let options = options(folder);
    let archive = Archive::open(&options, Arc::new(keyring)).unwrap();
    (archive, options.folder.join(&ABC[..2]).join(ABC))
}

/// As an earlier version kept it.
fn keep_in_the_clear(folder: &tempfile::TempDir, document: &[u8]) -> DocumentDigest {
    let digest = digest_of(document);
    let file = options(folder).folder.join(&digest.as_str()[..2]).join(digest.as_str());
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, document).unwrap();
    digest
}

#[tokio::test]
async fn a_document_is_found_under_its_digest() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, path) = archive(&folder);
    for _ in 0..2 {
        assert_eq!(archive.put(b"abc".to_vec()).await.unwrap(), DocumentDigest::new(ABC));
    }
    let digest = DocumentDigest::new(ABC);
    assert_eq!(archive.get(&digest).await.unwrap(), b"abc");
    assert_eq!(archive.size(&digest).await.unwrap(), Some(3));
    // Nothing half-written is left beside it.
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_document_lies_there_sealed_and_is_read_by_its_own_keyring_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, path) = archive(&folder);
    let document = b"%PDF-1.7 an applicant's licence".to_vec();
    let digest = archive.put(document.clone()).await.unwrap();
    let file = path.parent().unwrap().with_file_name(&digest.as_str()[..2]).join(digest.as_str());
    let object = std::fs::read(file).unwrap();
    assert!(!object.windows(4).any(|it| document.windows(4).any(|shown| shown == it)), "{object:?}");

    let (other, _) = under(&folder, keyring(8));
    let read = other.get(&digest).await;
    assert!(matches!(read, Err(ArchiveError::Locked { .. })), "{read:?}");
    let without = Archive::without_keys(&options(&folder)).unwrap();
    assert!(matches!(without.get(&digest).await, Err(ArchiveError::Locked { .. })));
    assert!(matches!(without.put(b"abc".to_vec()).await, Err(ArchiveError::Unavailable(_))));
    assert_eq!(without.examine(&digest).await.unwrap(), Some(keyring(7).key_id()));
    let (successor, _) = under(&folder, keyring(8).with_former(&[7; 32]));
    assert_eq!(successor.get(&digest).await.unwrap(), document);
}

#[tokio::test]
async fn a_document_that_has_changed_is_not_handed_out() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, path) = archive(&folder);
    let digest = archive.put(b"abc".to_vec()).await.unwrap();
    let mut spoiled = std::fs::read(&path).unwrap();
    *spoiled.last_mut().unwrap() ^= 1;
    for changed in [&b"abd"[..], b"", &spoiled] {
        std::fs::write(&path, changed).unwrap();
        let read = archive.get(&digest).await;
        assert!(matches!(read, Err(ArchiveError::Damaged { .. })), "{read:?}");
        assert!(matches!(archive.examine(&digest).await, Err(ArchiveError::Damaged { .. })));
    }
    // Archived again, it is whole again.
    archive.put(b"abc".to_vec()).await.unwrap();
    assert_eq!(archive.get(&digest).await.unwrap(), b"abc");
}

#[tokio::test]
async fn a_document_that_is_not_there_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, _) = archive(&folder);
    assert_eq!(archive.size(&DocumentDigest::new(ABC)).await.unwrap(), None);
    for name in [ABC, "", "..", "../../etc/passwd"] {
        let read = archive.get(&DocumentDigest::new(name)).await;
        assert!(
            matches!(read, Err(ArchiveError::Missing(_) | ArchiveError::Unavailable(_))),
            "{name}: {read:?}"
        );
    }
}

#[tokio::test]
async fn what_an_earlier_version_kept_in_the_clear_is_read_and_sealed_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, path) = archive(&folder);
    let digest = keep_in_the_clear(&folder, b"abc");
    assert_eq!(archive.get(&digest).await.unwrap(), b"abc");
    assert_eq!(archive.stored(&digest).await.unwrap(), Some(Stored { size: 3, form: Form::Clear }));
    assert!(archive.reseal(&digest).await.unwrap());
    let written = std::fs::read(&path).unwrap();
    assert!(!written.windows(3).any(|it| it == b"abc"));
    assert_eq!(archive.get(&digest).await.unwrap(), b"abc");
    // Once is enough.
    assert!(!archive.reseal(&digest).await.unwrap());
    assert_eq!(std::fs::read(&path).unwrap(), written);
}

#[tokio::test]
async fn what_is_damaged_is_not_sealed_as_if_it_were_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, path) = archive(&folder);
    let digest = keep_in_the_clear(&folder, b"abc");
    std::fs::write(&path, b"abd").unwrap();
    assert!(matches!(archive.reseal(&digest).await, Err(ArchiveError::Damaged { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), b"abd");
}

#[tokio::test]
async fn documents_are_counted_by_the_key_that_they_need() {
    let folder = tempfile::tempdir().unwrap();
    let (first, _) = archive(&folder);
    for document in [&b"abc"[..], b"abd"] {
        first.put(document.to_vec()).await.unwrap();
    }
    let (second, _) = under(&folder, keyring(8).with_former(&[7; 32]));
    second.put(b"abe".to_vec()).await.unwrap();
    let clear = keep_in_the_clear(&folder, b"");
    std::fs::write(options(&folder).folder.join("README"), b"none of ours").unwrap();
    let [old, new] = [7, 8].map(|master| keyring(master).key_id());
    let counted = Census { by_key: [(old, 2), (new, 1)].into(), clear: 1, unclear: 0 };
    for archive in [&second, &Archive::without_keys(&options(&folder)).unwrap()] {
        assert_eq!(archive.count_by_key().await.unwrap(), counted);
    }
    second.put(b"abc".to_vec()).await.unwrap();
    assert!(second.reseal(&clear).await.unwrap() && second.reseal(&digest_of(b"abd")).await.unwrap());
    let sealed = Census { by_key: [(new, 4)].into(), ..Census::default() };
    assert_eq!(second.count_by_key().await.unwrap(), sealed);
}
