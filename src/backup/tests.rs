//! Snapshots of a small SQLite store, spoiled in every way that a disk or a person may find.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use jiff::Timestamp;

use super::postgres::Programs;
use super::{Created, Data, Place, Verdict, create, restore, verify};
use crate::crypto::keyring::Keyring;
use crate::domain::identity::{DocumentDigest, GuaranteeId};
use crate::secret::Secret;
use crate::store::archive::{Archive, ArchiveOptions};
use crate::store::keys::{Purpose, find, put};
use crate::store::uploads::{self, Upload};
use crate::store::{Store, StoreOptions};

struct Scene {
    folder: tempfile::TempDir,
    data: Data,
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let scene = Self { data: data(folder.path(), "live", [7; 32]), folder };
        scene.store().migrate().await.unwrap();
        scene
    }

    fn store(&self) -> Store {
        Store::open(&self.data.store, Arc::clone(&self.data.keyring)).unwrap()
    }

    /// Behind the store's back.
    fn execute(&self, sql: &str) {
        let mut link = SqliteConnection::establish(self.data.store.url.expose()).unwrap();
        link.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
        link.batch_execute(sql).unwrap();
    }

    fn place(&self) -> PathBuf {
        self.folder.path().join("backup")
    }

    /// Stores a key, which is sealed, and a document.
    async fn live_on(&self, document: &str) -> DocumentDigest {
        let digest = self.data.archive.put(document.as_bytes().to_vec()).await.unwrap();
        let size = u64::try_from(document.len()).unwrap();
        let upload =
            Upload { digest: digest.clone(), media_type: "text/plain".to_owned(), size, md5: String::new() };
        let id = GuaranteeId::new(document);
        let work = move |c: &mut crate::store::Connection| {
            put(c, &id, Purpose::Restoration, b"sixteen bytes ab", at(0))?;
            uploads::record(c, upload.clone(), "k", at(0))
        };
        self.store().write(work).await.unwrap();
        digest
    }

    async fn back_up(&self, second: i64, keep: Option<usize>) -> Created {
        let keep = keep.and_then(NonZeroUsize::new);
        create(&self.data, &self.place(), vec!["keyring.file".to_owned()], keep, at(second)).await.unwrap()
    }

    async fn verified(&self, keyring: Option<Arc<Keyring>>) -> Verdict {
        let place = Place::open(&self.place()).unwrap();
        let newest = place.snapshot(None).unwrap();
        verify(&place, &newest, keyring, &Programs::default()).await.unwrap()
    }

    async fn restored_into(&self, name: &str, master: [u8; 32]) -> anyhow::Result<Data> {
        let into = data(self.folder.path(), name, master);
        let place = Place::open(&self.place())?;
        restore(&place, &place.snapshot(None)?, &into, false).await?;
        Ok(into)
    }
}

fn data(folder: &Path, name: &str, master: [u8; 32]) -> Data {
    let folder = folder.join(name);
    let url = Secret::new(folder.join("store.db").to_str().unwrap());
    let keyring = Arc::new(Keyring::from_master(&master));
    Data {
        store: StoreOptions { url, ..StoreOptions::default() },
        archive: Archive::open(&ArchiveOptions::in_folder(folder.join("documents")), Arc::clone(&keyring))
            .unwrap(),
        keyring,
        programs: Programs::default(),
    }
}

fn flip(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

fn file_of(folder: &Path, digest: &DocumentDigest) -> PathBuf {
    folder.join("documents").join(&digest.as_str()[..2]).join(digest.as_str())
}

#[tokio::test]
async fn a_snapshot_is_restored_to_what_was_there_and_no_more() {
    let scene = Scene::new().await;
    let first = scene.live_on("one").await;
    let made = scene.back_up(1, None).await;
    assert_eq!((made.copied, made.findings), (1, Vec::new()));
    let later = scene.live_on("two").await;

    let into = scene.restored_into("fresh", [7; 32]).await.unwrap();
    assert_eq!(into.archive.get(&first).await.unwrap(), b"one");
    assert_eq!(into.archive.size(&later).await.unwrap(), None);
    let store = Store::open(&into.store, Arc::clone(&into.keyring)).unwrap();
    assert!(store.migrate().await.unwrap().is_empty());
    let key = |name: &'static str| {
        let store = store.clone();
        async move { store.read(move |c| find(c, &GuaranteeId::new(name), Purpose::Restoration)).await.unwrap() }
    };
    assert_eq!(key("one").await.unwrap().as_slice(), b"sixteen bytes ab");
    assert_eq!(key("two").await, None);
}

#[tokio::test]
async fn documents_are_copied_once_and_go_only_when_no_kept_snapshot_names_them() {
    let scene = Scene::new().await;
    let first = scene.live_on("one").await;
    scene.back_up(1, None).await;
    let second = scene.live_on("two").await;
    assert_eq!(scene.back_up(2, None).await.copied, 1);
    // The first document is of the second snapshot too.
    let made = scene.back_up(3, Some(2)).await;
    assert_eq!((made.copied, made.removed.len()), (0, 1));
    assert!(file_of(&scene.place(), &first).exists());

    scene.execute(&format!("DELETE FROM uploads WHERE digest = '{first}'"));
    let made = scene.back_up(4, Some(1)).await;
    assert_eq!(made.removed.len(), 2);
    assert!(!file_of(&scene.place(), &first).exists() && file_of(&scene.place(), &second).exists());
    assert_eq!(scene.verified(None).await.findings, Vec::<String>::new());
}

#[tokio::test]
async fn a_backup_that_was_broken_off_leaves_the_one_before_whole() {
    let scene = Scene::new().await;
    scene.live_on("one").await;
    let before = scene.back_up(1, None).await.snapshot;
    // As after a crash: some files, but not the name.
    let broken_off = scene.place().join("20270101T000000.000000Z.part");
    std::fs::create_dir(&broken_off).unwrap();
    std::fs::write(broken_off.join("database.sqlite"), "half").unwrap();
    let place = Place::open(&scene.place()).unwrap();
    assert_eq!(place.snapshot(None).unwrap().name, before);
    drop(place);
    assert_eq!(scene.verified(Some(Arc::clone(&scene.data.keyring))).await.findings, Vec::<String>::new());
    scene.back_up(2, None).await;
    assert!(!broken_off.exists());
}

#[tokio::test]
async fn a_flipped_bit_is_found_and_keeps_the_snapshot_from_being_restored() {
    for spoiled in ["documents", "database.sqlite", "documents.txt", "manifest.json"] {
        let scene = Scene::new().await;
        let digest = scene.live_on("one").await;
        let name = scene.back_up(1, None).await.snapshot;
        let file = match spoiled {
            "documents" => file_of(&scene.place(), &digest),
            other => scene.place().join(name).join(other),
        };
        if spoiled == "manifest.json" {
            let text = std::fs::read_to_string(&file).unwrap();
            std::fs::write(&file, text.replace("\"wrapped_keys\":1", "\"wrapped_keys\":2")).unwrap();
        } else {
            flip(&file);
        }
        let verdict = scene.verified(Some(Arc::clone(&scene.data.keyring))).await;
        assert!(!verdict.findings.is_empty(), "{spoiled}: {verdict:?}");
        let refused = scene.restored_into("fresh", [7; 32]).await.unwrap_err().to_string();
        assert!(refused.contains("nothing was restored"), "{spoiled}: {refused}");
        assert!(!scene.folder.path().join("fresh/store.db").exists());
    }
}

#[tokio::test]
async fn a_wrong_master_key_is_told_by_its_name() {
    let scene = Scene::new().await;
    scene.live_on("one").await;
    scene.back_up(1, None).await;
    let verdict = scene.verified(Some(Arc::new(Keyring::from_master(&[8; 32])))).await;
    let right = hex::encode(scene.data.keyring.master_id());
    assert_eq!(verdict.findings.len(), 1, "{verdict:?}");
    assert!(verdict.findings[0].contains("wrong master key") && verdict.findings[0].contains(&right));
    let refused = scene.restored_into("fresh", [8; 32]).await.unwrap_err().to_string();
    assert!(refused.contains("wrong master key"), "{refused}");

    let replaced = Arc::new(Keyring::from_master(&[8; 32]).with_former(&[7; 32]));
    assert_eq!(scene.verified(Some(replaced)).await.findings, Vec::<String>::new());
    assert_eq!(scene.verified(None).await.findings, Vec::<String>::new());
}

#[tokio::test]
async fn nothing_that_is_there_is_overwritten() {
    let scene = Scene::new().await;
    scene.live_on("one").await;
    scene.back_up(1, None).await;
    let refused = scene.restored_into("live", [7; 32]).await.unwrap_err().to_string();
    assert!(refused.contains("expected no database yet"), "{refused}");

    let other = scene.folder.path().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("a"), "b").unwrap();
    let complaint = create(&scene.data, &other, Vec::new(), None, at(2)).await.unwrap_err().to_string();
    assert!(complaint.contains("expected an empty folder"), "{complaint}");
}

#[tokio::test]
async fn a_snapshot_of_a_later_program_is_refused() {
    let scene = Scene::new().await;
    scene.live_on("one").await;
    scene.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')");
    scene.back_up(1, None).await;
    let refused = scene.restored_into("fresh", [7; 32]).await.unwrap_err().to_string();
    assert!(refused.contains("later program") && refused.contains("29990101000000"), "{refused}");
}

#[tokio::test]
async fn a_document_that_the_archive_has_lost_is_named_and_the_rest_is_saved() {
    let scene = Scene::new().await;
    let lost = scene.live_on("one").await;
    scene.live_on("two").await;
    std::fs::remove_file(file_of(&scene.folder.path().join("live"), &lost)).unwrap();
    let made = scene.back_up(1, Some(1)).await;
    assert_eq!(made.findings.len(), 1);
    assert!(made.findings[0].contains(lost.as_str()), "{:?}", made.findings);
    assert_eq!(made.manifest.documents.count, 1);
    assert_eq!(scene.verified(None).await.findings.len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn a_backup_is_its_owners_alone_and_shows_no_key() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::new().await;
    scene.live_on("one").await;
    let name = scene.back_up(1, None).await.snapshot;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let snapshot = scene.place().join(name);
    assert_eq!((mode(&scene.place()), mode(&snapshot)), (0o700, 0o700));
    for entry in std::fs::read_dir(&snapshot).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        let bytes = std::fs::read(&path).unwrap();
        assert!(
            !bytes.windows(16).any(|it| it == b"sixteen bytes ab" || it == [7; 16]),
            "{}",
            path.display()
        );
    }
}
