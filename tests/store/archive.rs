//! The archive of documents.

use std::path::PathBuf;

use baohan_gateway::domain::identity::DocumentDigest;
use baohan_gateway::store::archive::ArchiveError;
use baohan_gateway::store::{Archive, ArchiveOptions};

/// SM3 of `abc` (GB/T 32905-2016 A.1).
const ABC: &str = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";

fn archive(folder: &tempfile::TempDir) -> (Archive, PathBuf) {
    let options = ArchiveOptions::in_folder(folder.path().join("made/documents"));
    (Archive::open(&options).unwrap(), options.folder.join(&ABC[..2]).join(ABC))
}

#[tokio::test]
async fn a_document_is_found_under_its_digest() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, path) = archive(&folder);
    for _ in 0..2 {
        assert_eq!(archive.put(b"abc".to_vec()).await.unwrap(), DocumentDigest::new(ABC));
    }
    assert_eq!(archive.get(&DocumentDigest::new(ABC)).await.unwrap(), b"abc");
    assert_eq!(std::fs::read(&path).unwrap(), b"abc");
    // Nothing half-written is left beside it.
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_document_that_has_changed_is_not_handed_out() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, path) = archive(&folder);
    let digest = archive.put(b"abc".to_vec()).await.unwrap();
    std::fs::write(path, b"abd").unwrap();
    let read = archive.get(&digest).await;
    assert!(matches!(read, Err(ArchiveError::Damaged { .. })), "{read:?}");
    // Archived again, it is whole again.
    archive.put(b"abc".to_vec()).await.unwrap();
    assert_eq!(archive.get(&digest).await.unwrap(), b"abc");
}

#[tokio::test]
async fn a_document_that_is_not_there_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, _) = archive(&folder);
    for name in [ABC, "", "..", "../../etc/passwd"] {
        let read = archive.get(&DocumentDigest::new(name)).await;
        assert!(
            matches!(read, Err(ArchiveError::Missing(_) | ArchiveError::Unavailable(_))),
            "{name}: {read:?}"
        );
    }
}
