//! Putting a snapshot back: documents first and the database last, so that a restore that was broken off is begun again,
//! and no gateway starts on half of one.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use futures_util::stream::{self, StreamExt as _};

use super::data::Data;
use super::manifest::{Engine, Manifest};
use super::place::{Place, Snapshot};
use super::verify::verify;
use super::{durable, postgres};
use crate::domain::identity::DocumentDigest;
use crate::store::archive::Archive;
use crate::store::survey::Depth;
use crate::store::{Location, Store, known_migrations};

/// Documents that are written at the same time.
const AT_ONCE: usize = 8;

#[derive(Debug)]
pub struct Restored {
    pub manifest: Manifest,
    /// Documents that the archive has now and that were in the snapshot.
    pub documents: u64,
    /// Sealed values that were opened in the restored database.
    pub opened: u64,
    /// What was wrong with the snapshot, if it was restored all the same.
    pub findings: Vec<String>,
}

/// Restores into the database, which has to be empty, and the archive. An archive may have documents: these are named by
/// their digest, so that nothing is replaced by anything else.
///
/// # Errors
/// When the target is in use, the snapshot belongs to another kind of database or to a later program, or something is wrong
/// with it and `despite_findings` is not given.
pub async fn restore(
    place: &Place,
    snapshot: &Snapshot,
    into: &Data,
    despite_findings: bool,
) -> anyhow::Result<Restored> {
    let (manifest, _) = snapshot.manifest(Some(&into.keyring))?;
    let known = known_migrations()?;
    if let Some(unknown) = manifest.schema.iter().find(|version| !known.contains(version)) {
        bail!(
            "the snapshot was made by a later program ({}): this one does not know the migration {unknown}",
            manifest.program
        );
    }
    let target = Target::of(into, &manifest)?;
    target.expect_empty(into).await?;

    let verdict = verify(place, snapshot, Some(Arc::clone(&into.keyring)), &into.programs).await?;
    if !verdict.findings.is_empty() && !despite_findings {
        bail!("the snapshot is not sound, and nothing was restored:\n  {}", verdict.findings.join("\n  "));
    }
    let (list, _) = snapshot.list()?;
    let kept = place.documents(Some(Arc::clone(&into.keyring)))?;
    let (documents, lost) = put_documents(&kept, &into.archive, list.keys()).await;
    if let (Some(first), false) = (lost.first(), despite_findings) {
        bail!("{} documents can't be restored; the first: {first}", lost.len());
    }
    target.fill(into, &snapshot.database(manifest.engine)).await?;

    let survey = into.connect()?.survey(Depth::Everything).await?;
    let complete = survey.rows == manifest.rows && survey.schema == manifest.schema;
    let sound = complete && survey.faults.is_empty();
    if !sound && !despite_findings {
        bail!(
            "the restored database is not as it was: expected {:?}, found {:?}; {}",
            manifest.rows,
            survey.rows,
            survey.faults.join("; ")
        );
    }
    Ok(Restored { manifest, documents, opened: survey.opened, findings: [verdict.findings, lost].concat() })
}

/// Copies documents, reads each again where it is now, and yields how many there are and what went wrong.
async fn put_documents<'a>(
    from: &Archive,
    to: &Archive,
    digests: impl Iterator<Item = &'a DocumentDigest>,
) -> (u64, Vec<String>) {
    let mut outcomes = stream::iter(digests)
        .map(|digest| async move {
            if to.get(digest).await.is_ok() {
                return anyhow::Ok(());
            }
            to.put(from.get(digest).await?).await?;
            to.get(digest).await?;
            Ok(())
        })
        .buffer_unordered(AT_ONCE);
    let (mut restored, mut lost) = (0, Vec::new());
    while let Some(outcome) = outcomes.next().await {
        match outcome {
            Ok(()) => restored += 1,
            Err(error) => lost.push(format!("{error:#}")),
        }
    }
    (restored, lost)
}

/// The database that the settings name.
struct Target(Location);

impl Target {
    fn of(into: &Data, manifest: &Manifest) -> anyhow::Result<Self> {
        let location = into.store.location().context("store.url")?;
        let engine = match &location {
            Location::File(_) => Engine::Sqlite,
            Location::Server(_) => Engine::Postgres,
        };
        if engine != manifest.engine {
            bail!(
                "store.url: expected {}, since the snapshot is one of it, found {}",
                manifest.engine.name(),
                engine.name()
            );
        }
        Ok(Self(location))
    }

    /// Nothing that is there is overwritten.
    async fn expect_empty(&self, into: &Data) -> anyhow::Result<()> {
        match &self.0 {
            Location::File(path) => {
                for used in [path.clone(), beside(path, "-wal"), beside(path, "-journal")] {
                    if used.exists() {
                        bail!(
                            "store.url: expected no database yet, found `{}`; move it away first, with what stands \
                             beside it",
                            used.display()
                        );
                    }
                }
            }
            Location::Server(_) => {
                let tables = into.connect()?.tables().await?;
                if let Some(first) = tables.first() {
                    bail!(
                        "store.url: expected an empty database, found {} tables, such as `{first}`; create a new one",
                        tables.len()
                    );
                }
            }
        }
        Ok(())
    }

    async fn fill(&self, into: &Data, copy: &Path) -> anyhow::Result<()> {
        match &self.0 {
            Location::File(path) => {
                let arriving = beside(path, ".restoring");
                if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                    durable::make_folder(folder)?;
                }
                let copied = std::fs::copy(copy, &arriving);
                copied.with_context(|| format!("cannot write `{}`", arriving.display()))?;
                durable::sync(&arriving)?;
                durable::rename(&arriving, path)
            }
            Location::Server(url) => {
                let store: Store = into.connect()?;
                postgres::restore(&into.programs, &store, url, copy).await
            }
        }
    }
}

fn beside(path: &Path, ending: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
