//! Where statements of platforms are handed in, explained and signed for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::comparison::Comparison;
use super::import::{self, ImportError, TheirStatement};
use super::options::{ReconciliationOptions, StatementOptions};
use super::ours;
use super::statement::{Period, PeriodError};
use crate::domain::identity::PlatformId;
use crate::store::reconciliations::{
    self, Finding, Import, NewReconciliation, Reconciliation, ReconciliationId, Remark, Signature,
};
use crate::store::{Connection, Store, StoreError};

/// The longest name of a person or a file, and the longest remark, in characters.
const LONGEST_NAME: usize = 100;
const LONGEST_REMARK: usize = 2000;

/// The use cases of reconciliation. Cheap to clone.
#[derive(Clone)]
pub struct Reconciler {
    pub store: Store,
    pub options: ReconciliationOptions,
    /// How the statement of each platform is read.
    pub platforms: BTreeMap<PlatformId, StatementOptions>,
}

/// A file as somebody hands it in.
#[derive(Clone, Debug)]
pub struct TheirFile {
    pub platform: PlatformId,
    /// The day in China that it is about.
    pub day: Date,
    /// Its name; folders before it are left out.
    pub name: String,
    pub bytes: Vec<u8>,
    /// Who hands it in.
    pub by: String,
}

/// A reconciliation, and whether it came about just now: the same file for the same day is compared once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    pub reconciliation: Reconciliation,
    pub is_new: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum ImportRefused {
    #[error("no platform `{0}` is in the settings")]
    UnknownPlatform(PlatformId),
    #[error(transparent)]
    Day(#[from] PeriodError),
    #[error("{0}")]
    Text(TextError),
    #[error("the file was not imported, and nothing was compared: {0}")]
    File(#[from] ImportError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a remark or a signature was refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignRefused {
    #[error("there is no such reconciliation or difference")]
    Unknown,
    #[error("signed by {by} at {at} already")]
    Signed { by: String, at: Timestamp },
    #[error("another file for this day came later: see reconciliation `{0}`")]
    Superseded(ReconciliationId),
    #[error("{unexplained} differences are unexplained: sign with a remark, or explain them")]
    RemarkNeeded { unexplained: u64 },
    #[error("{0}")]
    Text(TextError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A name or a remark that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: expected 1 to {longest} characters, found {found}")]
pub struct TextError {
    pub what: &'static str,
    pub longest: usize,
    pub found: usize,
}

fn text(what: &'static str, text: &str, longest: usize) -> Result<String, TextError> {
    let text = text.trim();
    let found = text.chars().count();
    if (1..=longest).contains(&found) { Ok(text.to_owned()) } else { Err(TextError { what, longest, found }) }
}

impl Reconciler {
    /// Reads a platform's statement, compares it with ours and keeps what differs, as the current one of its day.
    ///
    /// # Errors
    /// When the file can't be understood in full; then nothing is compared or kept.
    pub async fn import(&self, file: TheirFile, now: Timestamp) -> Result<Imported, ImportRefused> {
        let options = self.platforms.get(&file.platform);
        let options = options.ok_or_else(|| ImportRefused::UnknownPlatform(file.platform.clone()))?;
        Period::new(file.day, file.day, now)?;
        let by = text("who imports", &file.by, LONGEST_NAME).map_err(ImportRefused::Text)?;
        let name = file.name.rsplit(['/', '\\']).next().unwrap_or_default();
        let name = text("the file's name", name, LONGEST_NAME).map_err(ImportRefused::Text)?;
        let digest = reconciliations::digest(&file.bytes);
        let (platform, day) = (file.platform.clone(), file.day);
        let same = digest.clone();
        let find = move |c: &mut Connection| reconciliations::find_by_file(c, &platform, day, &same);
        if let Some(reconciliation) = self.store.read(find.clone()).await? {
            return Ok(Imported { reconciliation, is_new: false });
        }
        let (options, limits) = (options.clone(), self.options.clone());
        let read = move || (import::read(&file.bytes, &options, &limits), file.platform, options);
        let (theirs, platform, options) = tokio::task::spawn_blocking(read)
            .await
            .map_err(|error| ImportError::NotATable(format!("what can't be read: {error}")))?;
        let theirs = theirs?;
        let (findings, expected) = self.compare(&platform, day, &options, &theirs, now).await?;
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let import = Import {
            file: name,
            by,
            theirs: count(theirs.rows.len()),
            ours: count(expected),
            compared: theirs.columns.iter().map(|column| (*column).to_owned()).collect(),
        };
        let new = NewReconciliation { platform, day, import, digest, findings, at: now };
        let keep = move |connection: &mut Connection| {
            // Somebody may have handed in the same file meanwhile.
            if let Some(reconciliation) = find(connection)? {
                return Ok(Some(Imported { reconciliation, is_new: false }));
            }
            let id = reconciliations::insert(connection, &new)?;
            let kept = reconciliations::find(connection, &id)?;
            Ok(kept.map(|reconciliation| Imported { reconciliation, is_new: true }))
        };
        let kept = self.store.write(keep).await?;
        kept.ok_or_else(|| StoreError::Conflict.into())
    }

    async fn compare(
        &self,
        platform: &PlatformId,
        day: Date,
        options: &StatementOptions,
        theirs: &TheirStatement,
        now: Timestamp,
    ) -> Result<(Vec<Finding>, usize), StoreError> {
        let before = ours::neighbour(&self.store, platform, day.yesterday().ok()).await?;
        let after = ours::neighbour(&self.store, platform, day.tomorrow().ok()).await?;
        let awaited = before.iter().flat_map(|before| before.awaited.iter().cloned()).collect();
        let moved = ours::moved(&self.store, platform, day, &options.lists).await?;
        let expected = moved.iter().map(|known| known.id.clone()).collect::<BTreeSet<_>>();
        let mut known = moved;
        known.extend(ours::named(&self.store, platform, &theirs.rows).await?);
        known.extend(ours::with_ids(&self.store, awaited).await?);
        let ours = ours::with_accounts(&self.store, known, now).await?;
        let comparison = Comparison {
            day,
            lists: &options.lists,
            midnight: SignedDuration::try_from(self.options.midnight).unwrap_or(SignedDuration::ZERO),
            now,
            ours: &ours,
            expected: &expected,
            theirs: &theirs.rows,
            before: before.as_ref(),
            after: after.as_ref(),
        };
        Ok((comparison.findings(), expected.len()))
    }

    /// Says something about a difference. The first remark explains it; later ones stand below.
    ///
    /// # Errors
    /// When there is no such difference, or the reconciliation is signed or not the current one.
    pub async fn remark(
        &self,
        id: &ReconciliationId,
        difference: u32,
        by: &str,
        remark: &str,
        now: Timestamp,
    ) -> Result<Reconciliation, SignRefused> {
        let by = text("who says so", by, LONGEST_NAME).map_err(SignRefused::Text)?;
        let said = text("the remark", remark, LONGEST_REMARK).map_err(SignRefused::Text)?;
        let (id, remark) = (id.clone(), Remark { by, text: said, at: now });
        let write = move |connection: &mut Connection| {
            if let Err(refused) = unsigned(connection, &id)? {
                return Ok(Err(refused));
            }
            let Some(read) = reconciliations::difference(connection, &id, difference)? else {
                return Ok(Err(SignRefused::Unknown));
            };
            reconciliations::add_remark(connection, &id, &read, &remark)?;
            Ok(reconciliations::find(connection, &id)?.ok_or(SignRefused::Unknown))
        };
        self.store.write(write).await?
    }

    /// Signs for a reconciliation as it is; from then on it does not change any more.
    ///
    /// # Errors
    /// When it is signed already or not the current one, or when differences are unexplained and there is no remark.
    pub async fn sign(
        &self,
        id: &ReconciliationId,
        by: &str,
        remark: Option<&str>,
        now: Timestamp,
    ) -> Result<Reconciliation, SignRefused> {
        let by = text("who signs", by, LONGEST_NAME).map_err(SignRefused::Text)?;
        let remark = remark.map(|said| text("the remark", said, LONGEST_REMARK)).transpose();
        let remark = remark.map_err(SignRefused::Text)?;
        let (id, signature) = (id.clone(), Signature { by, remark, at: now });
        let write = move |connection: &mut Connection| {
            let read = match unsigned(connection, &id)? {
                Ok(read) => read,
                Err(refused) => return Ok(Err(refused)),
            };
            if read.unexplained > 0 && signature.remark.is_none() {
                return Ok(Err(SignRefused::RemarkNeeded { unexplained: read.unexplained }));
            }
            reconciliations::sign(connection, &read, &signature)?;
            Ok(reconciliations::find(connection, &id)?.ok_or(SignRefused::Unknown))
        };
        self.store.write(write).await?
    }
}

/// A reconciliation that may still be changed.
fn unsigned(
    connection: &mut Connection,
    id: &ReconciliationId,
) -> Result<Result<Reconciliation, SignRefused>, StoreError> {
    let Some(read) = reconciliations::find(connection, id)? else { return Ok(Err(SignRefused::Unknown)) };
    Ok(match (&read.signature, &read.superseded_by) {
        (Some(signature), _) => Err(SignRefused::Signed { by: signature.by.clone(), at: signature.at }),
        (None, Some(newer)) => Err(SignRefused::Superseded(newer.clone())),
        (None, None) => Ok(read),
    })
}
