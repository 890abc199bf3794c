//! Making a snapshot while the gateway runs: the database first, then every document that the copy names. Documents are
//! stored before a row names them and never change, so none is missed.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;

use super::data::{Data, survey_copy};
use super::manifest::{Documents, Engine, Keys, Manifest, Part};
use super::place::Place;
use super::{durable, postgres, retention};
use crate::domain::identity::DocumentDigest;
use crate::store::archive::{Archive, ArchiveError, Form, Stored};
use crate::store::survey::{Depth, Survey};
use crate::store::{Location, Store};

/// Documents that are copied at the same time.
const AT_ONCE: usize = 8;

/// What was made.
#[derive(Debug)]
pub struct Created {
    pub snapshot: String,
    pub manifest: Manifest,
    /// Documents that earlier snapshots did not have.
    pub copied: u64,
    /// Earlier snapshots that were removed.
    pub removed: Vec<String>,
    /// What is wrong with the data that was copied; earlier snapshots are kept then.
    pub findings: Vec<String>,
}

/// Adds a snapshot to the folder, which is made where it is missing. `keys` are the settings that name keys and secrets.
/// Of the snapshots at most `keep` stay.
///
/// # Errors
/// When something can't be read or written; what there was before is whole.
pub async fn create(
    data: &Data,
    to: &Path,
    keys: Vec<String>,
    keep: Option<NonZeroUsize>,
    now: Timestamp,
) -> anyhow::Result<Created> {
    let place = Place::establish(to)?;
    let begun = place.begin(now)?;
    let engine = match data.store.location().context("store.url")? {
        Location::File(_) => Engine::Sqlite,
        Location::Server(_) => Engine::Postgres,
    };
    let file = begun.database(engine);
    copy_database(data, &data.connect()?, &file).await?;
    let (bytes, sm3) = durable::digest(&file)?;
    // The copy has its own keys, and the gateway's may have been changed since.
    let keys_of_copy = Some(Arc::new(data.keyring.without_data_keys()));
    let mut survey = survey_copy(engine, &file, &data.programs, keys_of_copy, Depth::OneOfEachColumn).await?;
    let documents = place.documents(Some(Arc::clone(&data.keyring)))?;
    let copying = copy_documents(&survey, data, &documents).await?;
    let mut findings = std::mem::take(&mut survey.faults);
    findings.extend(copying.lacking.iter().map(|(digest, why)| format!("document `{digest}`: {why}")));
    let manifest = Manifest {
        format: Manifest::FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: now,
        engine,
        schema: survey.schema,
        database: Part { bytes, sm3 },
        rows: survey.rows,
        documents: Documents {
            count: u64::try_from(copying.held.len())?,
            bytes: copying.held.values().sum(),
            list_sm3: begun.write_list(&copying.held)?,
            lacking: copying.lacking.keys().map(ToString::to_string).collect(),
            keys: copying.keys.iter().map(|(key, count)| (hex::encode(key), *count)).collect(),
        },
        keys: Keys { sealing: survey.sealing_keys, settings: keys },
    };
    begun.write_manifest(&manifest, &data.keyring)?;
    let snapshot = place.finish(begun)?;
    let removed = match keep {
        Some(keep) if findings.is_empty() => retention::prune(&place, keep)?,
        _ => Vec::new(),
    };
    Ok(Created { snapshot: snapshot.name, manifest, copied: copying.copied, removed, findings })
}

async fn copy_database(data: &Data, store: &Store, file: &Path) -> anyhow::Result<()> {
    // Both take an empty file as theirs, and leave its mode as it is.
    durable::make_empty(file)?;
    match data.store.location().context("store.url")? {
        Location::File(_) => store.copy_to(file.to_owned()).await.context("the database can't be copied")?,
        Location::Server(url) => postgres::dump(&data.programs, store, &url, file).await?,
    }
    durable::sync(file)
}

#[derive(Default)]
struct Copying {
    held: BTreeMap<DocumentDigest, u64>,
    lacking: BTreeMap<DocumentDigest, String>,
    /// Of those that are held, by the key that they are sealed under.
    keys: BTreeMap<[u8; 4], u64>,
    copied: u64,
}

impl Copying {
    fn hold(&mut self, digest: &DocumentDigest, size: u64, key: [u8; 4]) {
        self.held.insert(digest.clone(), size);
        *self.keys.entry(key).or_default() += 1;
    }
}

/// Copies the documents that the place does not have yet, each compared with its name on the way.
async fn copy_documents(survey: &Survey, data: &Data, to: &Archive) -> anyhow::Result<Copying> {
    let mut copying = Copying::default();
    let documents = stream::iter(&survey.documents);
    let mut outcomes = documents
        .map(|(digest, size)| async move { (digest, copy_document(digest, *size, data, to).await) })
        .buffer_unordered(AT_ONCE);
    while let Some((digest, outcome)) = outcomes.next().await {
        match outcome? {
            Outcome::Held(size, key) => copying.hold(digest, size, key),
            Outcome::Copied(size) => {
                copying.copied += 1;
                copying.hold(digest, size, data.keyring.master_id());
            }
            Outcome::Lacking(why) => drop(copying.lacking.insert(digest.clone(), why)),
        }
    }
    drop(outcomes);
    Ok(copying)
}

enum Outcome {
    /// An earlier snapshot has it, sealed under this key.
    Held(u64, [u8; 4]),
    Copied(u64),
    Lacking(String),
}

/// What an earlier version has put there in the clear is copied again, and what only a master key opens that is gone.
async fn copy_document(
    digest: &DocumentDigest,
    size: Option<u64>,
    data: &Data,
    to: &Archive,
) -> anyhow::Result<Outcome> {
    if let Some(Stored { size: held, form: Form::Sealed(key) }) = to.stored(digest).await?
        && data.keyring.has_master(key)
        && size.is_none_or(|size| size == held)
    {
        return Ok(Outcome::Held(held, key));
    }
    match data.archive.get(digest).await {
        Ok(document) => {
            let size = u64::try_from(document.len())?;
            to.put(document).await?;
            Ok(Outcome::Copied(size))
        }
        Err(error @ ArchiveError::Unavailable(_)) => {
            Err(error).with_context(|| format!("document `{digest}`"))
        }
        Err(lost) => Ok(Outcome::Lacking(lost.to_string())),
    }
}
