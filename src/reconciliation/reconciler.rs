//! Where statements of platforms are handed in, explained and signed for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::comparison::Comparison;
use super::import::{self, ImportError, TheirStatement};
use super::options::{ReconciliationOptions, StatementOptions};
use super::ours;
use super::statement::{Period, PeriodError};
use crate::domain::identity::{DocumentDigest, PlatformId};
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
    /// `by`, `name` or `remark`.
    pub what: &'static str,
    pub longest: usize,
    pub found: usize,
}

fn text(what: &'static str, text: &str, longest: usize) -> Result<String, TextError> {
    let text = text.trim();
    let found = text.chars().count();
    if (1..=longest).contains(&found) { Ok(text.to_owned()) } else { Err(TextError { what, longest, found }) }
}

/// A file that was read and compared, and is not kept yet.
#[derive(Clone, Debug)]
pub struct Compared {
    platform: PlatformId,
    day: Date,
    digest: DocumentDigest,
    /// Nothing, where the file was imported before.
    new: Option<NewReconciliation>,
}

impl Compared {
    /// Keeps what differs, as the current reconciliation of its day.
    ///
    /// # Errors
    /// When the database fails.
    pub fn keep(&self, connection: &mut Connection) -> Result<Imported, StoreError> {
        // Somebody may have handed in the same file meanwhile.
        let known = reconciliations::find_by_file(connection, &self.platform, self.day, &self.digest)?;
        let (id, is_new) = match (known, &self.new) {
            (Some(reconciliation), _) => return Ok(Imported { reconciliation, is_new: false }),
            (None, Some(new)) => (reconciliations::insert(connection, new)?, true),
            (None, None) => return Err(StoreError::Conflict),
        };
        let kept = reconciliations::find(connection, &id)?.ok_or(StoreError::Conflict)?;
        Ok(Imported { reconciliation: kept, is_new })
    }
}

impl Reconciler {
    /// Reads a platform's statement, compares it with ours and keeps what differs, as the current one of its day.
    ///
    /// # Errors
    /// When the file can't be understood in full; then nothing is compared or kept.
    pub async fn import(&self, file: TheirFile, now: Timestamp) -> Result<Imported, ImportRefused> {
        let compared = self.compare(file, now).await?;
        Ok(self.store.write(move |connection| compared.keep(connection)).await?)
    }

    /// Reads a platform's statement and compares it with ours, unless it was imported before.
    ///
    /// # Errors
    /// As [`Self::import`].
    pub async fn compare(&self, file: TheirFile, now: Timestamp) -> Result<Compared, ImportRefused> {
        let options = self.platforms.get(&file.platform);
        let options = options.ok_or_else(|| ImportRefused::UnknownPlatform(file.platform.clone()))?;
        Period::new(file.day, file.day, now)?;
        let by = text("by", &file.by, LONGEST_NAME).map_err(ImportRefused::Text)?;
        let name = file.name.rsplit(['/', '\\']).next().unwrap_or_default();
        let name = text("name", name, LONGEST_NAME).map_err(ImportRefused::Text)?;
        let digest = reconciliations::digest(&file.bytes);
        let (platform, day) = (file.platform, file.day);
        let (wanted, same) = (platform.clone(), digest.clone());
        let find = move |c: &mut Connection| reconciliations::find_by_file(c, &wanted, day, &same);
        if self.store.read(find).await?.is_some() {
            return Ok(Compared { platform, day, digest, new: None });
        }
        let (reading, limits) = (options.clone(), self.options.clone());
        let theirs = tokio::task::spawn_blocking(move || import::read(&file.bytes, &reading, &limits))
            .await
            .map_err(|error| ImportError::NotATable(format!("what can't be read: {error}")))??;
        let (findings, expected) = self.findings(&platform, day, options, &theirs, now).await?;
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let import = Import {
            file: name,
            by,
            theirs: count(theirs.rows.len()),
            ours: count(expected),
            compared: theirs.columns.iter().map(|column| (*column).to_owned()).collect(),
        };
        let (whose, named) = (platform.clone(), digest.clone());
        let new = NewReconciliation { platform: whose, day, import, digest: named, findings, at: now };
        Ok(Compared { platform, day, digest, new: Some(new) })
    }

    /// What differs, and how many of ours were expected in the platform's statement.
    async fn findings(
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

    /// Says something about a difference: see [`remark`].
    ///
    /// # Errors
    /// As [`remark`].
    pub async fn remark(
        &self,
        id: &ReconciliationId,
        difference: u32,
        said: Said,
    ) -> Result<Reconciliation, SignRefused> {
        let id = id.clone();
        self.store.write(move |connection| remark(connection, &id, difference, &said)).await?
    }

    /// Signs for a reconciliation: see [`sign`].
    ///
    /// # Errors
    /// As [`sign`].
    pub async fn sign(&self, id: &ReconciliationId, said: Said) -> Result<Reconciliation, SignRefused> {
        let id = id.clone();
        self.store.write(move |connection| sign(connection, &id, &said)).await?
    }
}

/// What somebody says, and when.
#[derive(Clone, Debug)]
pub struct Said {
    pub by: String,
    pub remark: Option<String>,
    pub at: Timestamp,
}

/// Says something about a difference. The first remark explains it; later ones stand below.
///
/// # Errors
/// When there is no such difference, the reconciliation is signed or not the current one, or there is no remark.
pub fn remark(
    connection: &mut Connection,
    id: &ReconciliationId,
    difference: u32,
    said: &Said,
) -> Result<Result<Reconciliation, SignRefused>, StoreError> {
    let remark = match said.as_remark() {
        Ok(remark) => remark,
        Err(error) => return Ok(Err(SignRefused::Text(error))),
    };
    if let Err(refused) = unsigned(connection, id)? {
        return Ok(Err(refused));
    }
    let Some(read) = reconciliations::difference(connection, id, difference)? else {
        return Ok(Err(SignRefused::Unknown));
    };
    reconciliations::add_remark(connection, id, &read, &remark)?;
    Ok(reconciliations::find(connection, id)?.ok_or(SignRefused::Unknown))
}

/// Signs for a reconciliation as it is; from then on it does not change any more.
///
/// # Errors
/// When it is signed already or not the current one, or when differences are unexplained and there is no remark.
pub fn sign(
    connection: &mut Connection,
    id: &ReconciliationId,
    said: &Said,
) -> Result<Result<Reconciliation, SignRefused>, StoreError> {
    let signature = match said.as_signature() {
        Ok(signature) => signature,
        Err(error) => return Ok(Err(SignRefused::Text(error))),
    };
    let read = match unsigned(connection, id)? {
        Ok(read) => read,
        Err(refused) => return Ok(Err(refused)),
    };
    if read.unexplained > 0 && signature.remark.is_none() {
        return Ok(Err(SignRefused::RemarkNeeded { unexplained: read.unexplained }));
    }
    reconciliations::sign(connection, &read, &signature)?;
    Ok(reconciliations::find(connection, id)?.ok_or(SignRefused::Unknown))
}

impl Said {
    fn as_remark(&self) -> Result<Remark, TextError> {
        let by = text("by", &self.by, LONGEST_NAME)?;
        let said = text("remark", self.remark.as_deref().unwrap_or_default(), LONGEST_REMARK)?;
        Ok(Remark { by, text: said, at: self.at })
    }

    fn as_signature(&self) -> Result<Signature, TextError> {
        let by = text("by", &self.by, LONGEST_NAME)?;
        let remark = self.remark.as_deref().map(|said| text("remark", said, LONGEST_REMARK)).transpose()?;
        Ok(Signature { by, remark, at: self.at })
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
