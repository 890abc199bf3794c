//! `baohan documents`: whether the archive has what the database names, how it gets from one place to another, and under
//! which keys it is sealed.

mod keys;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use clap::{ArgGroup, Args as ClapArgs, Subcommand};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use crate::backup::Place;
use crate::crypto::keyring::Keyring;
use crate::domain::identity::DocumentDigest;
use crate::settings::{self, Settings};
use crate::store::archive::ArchiveError;
use crate::store::audit;
use crate::store::named_documents::{self, Bookmark, Named, Owner};
use crate::store::{Archive, ArchiveOptions, Store};

/// Guarantees, or files, that are read from the database at once.
const PAGE: u32 = 200;

/// How many documents lie between two words about how far it has come.
const BETWEEN_WORDS: usize = 1000;

/// So many documents in a row that can't be read mean that the archive is away.
const PATIENCE: u32 = 10;

/// Check the archive of documents, repair it, move it, or seal it anew.
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Check(CheckArgs),
    Copy(CopyArgs),
    Keys(KeysArgs),
    Reseal(ResealArgs),
}

/// Read every document that the database names and verify it against its digest.
///
/// What is missing or damaged is listed with its guarantee, and the exit code is 1. Nothing is changed without
/// --repair-from. The gateway may run meanwhile.
#[derive(ClapArgs)]
struct CheckArgs {
    /// Take what is missing or damaged from here: a folder of documents, such as one of a backup, or a settings file whose
    /// section `[archive]` says where they are
    #[arg(long, value_name = "PLACE")]
    repair_from: Option<PathBuf>,

    /// Documents that are read at the same time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    at_once: u8,
}

/// Copy every document that the database names to another place, or from there.
///
/// What is there already and whole is left alone, so that a copy that was interrupted goes on where it was. Each document
/// is verified where it comes from, and again where it went. The gateway may run meanwhile; copy once more after it uses
/// the new place.
#[derive(ClapArgs)]
#[command(group = ArgGroup::new("which").required(true).args(["to", "from"]))]
struct CopyArgs {
    /// From where the settings keep documents to this place: a folder, or a settings file with a section `[archive]`
    #[arg(long, value_name = "PLACE")]
    to: Option<PathBuf>,

    /// From this place to where the settings keep documents
    #[arg(long, value_name = "PLACE")]
    from: Option<PathBuf>,

    /// Take a document that is there already for whole if it is as long as it should be, without reading it
    #[arg(long)]
    by_size: bool,

    /// Documents that are copied at the same time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    at_once: u8,
}

/// List the keys under which documents are sealed, with the number of documents of each.
///
/// All that lies in the archive counts, whether the database names it or not. The exit code is 1 where a key is not at hand.
/// A key that a backup's documents need is not in this list: ask with --place.
#[derive(ClapArgs)]
struct KeysArgs {
    /// Not where the settings keep documents, but here: a folder, such as `documents` of a backup, or a settings file with a
    /// section `[archive]`
    #[arg(long, value_name = "PLACE")]
    place: Option<PathBuf>,
}

/// Seal documents anew that an earlier version kept in the clear, or that a former key seals.
///
/// Everything that lies in the archive is looked at, whether the database names it or not. Each document is verified before it
/// is written, so that what is damaged stays as it is; then the exit code is 1. Interrupted, it goes on where it was. The
/// gateway may run meanwhile. The act is put into the audit trail.
#[derive(ClapArgs)]
struct ResealArgs {
    /// Not where the settings keep documents, but here: a folder, such as `documents` of a backup, or a settings file with a
    /// section `[archive]`
    #[arg(long, value_name = "PLACE")]
    place: Option<PathBuf>,

    /// Documents that are worked on at the same time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    at_once: u8,
}

/// `true` if every document is whole where it should be.
///
/// # Errors
/// When the database or an archive can't be used.
pub async fn run(
    args: Args,
    settings: &Settings,
    store: &Store,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    let keyring = store.keyring();
    let own = Archive::open(&settings.archive, Arc::clone(&keyring)).context("archive")?;
    let open = |argument: &str, place: &Path| open(argument, place, keyring_of(place, &keyring));
    let elsewhere = |place: Option<PathBuf>| match place {
        Some(place) => anyhow::Ok((open("--place", &place)?, keyring_of(&place, &keyring))),
        None => Ok((own.clone(), Arc::clone(&keyring))),
    };
    let (tour, at_once) = match args.what {
        What::Check(CheckArgs { repair_from, at_once }) => {
            let source = repair_from.as_deref().map(|place| open("--repair-from", place)).transpose()?;
            (Tour { target: own, source, by_size: false, done: "repaired" }, at_once)
        }
        What::Copy(CopyArgs { to, from, by_size, at_once }) => {
            let (source, target) = match (to, from) {
                (Some(to), _) => (own, open("--to", &to)?),
                (None, Some(from)) => (open("--from", &from)?, own),
                (None, None) => bail!("expected --to or --from, found neither"),
            };
            (Tour { target, source: Some(source), by_size, done: "copied" }, at_once)
        }
        What::Keys(KeysArgs { place }) => {
            let (archive, keyring) = elsewhere(place)?;
            return keys::list(&archive, &keyring, out).await;
        }
        What::Reseal(ResealArgs { place, at_once }) => {
            let (archive, keyring) = elsewhere(place)?;
            let done = keys::reseal(&archive, usize::from(at_once), out).await?;
            let entry = done.entry(&archive, &keyring);
            store.write(move |connection| audit::append(connection, &entry, now)).await?;
            return Ok(done.is_complete());
        }
    };
    let same = tour.source.as_ref().is_some_and(|source| source.to_string() == tour.target.to_string());
    ensure!(!same, "expected another place than {}, where the settings keep documents", tour.target);
    match &tour.source {
        Some(source) => writeln!(out, "from {source} to {}", tour.target)?,
        None => writeln!(out, "{}", tour.target)?,
    }
    tour.walk(store, usize::from(at_once), out).await
}

/// What seals documents there: in a backup, the master key itself.
fn keyring_of(place: &Path, keyring: &Arc<Keyring>) -> Arc<Keyring> {
    match Place::has_documents_in(place) {
        true => Arc::new(keyring.without_data_keys()),
        false => Arc::clone(keyring),
    }
}

fn open(argument: &str, place: &Path, keyring: Arc<Keyring>) -> anyhow::Result<Archive> {
    let within = || format!("{argument} `{}`", place.display());
    let options = if place.is_file() {
        settings::load_archive(place).with_context(within)?
    } else {
        ensure!(place.is_dir(), "{}: expected a folder or a settings file, found none", within());
        ArchiveOptions::in_folder(place)
    };
    Archive::open(&options, keyring).with_context(within)
}

/// From document to document.
struct Tour {
    /// Which is to have them all.
    target: Archive,
    /// From where it gets what it lacks.
    source: Option<Archive>,
    by_size: bool,
    /// What is said of a document that the target got.
    done: &'static str,
}

/// What was found of a document, and what was done.
#[derive(Clone)]
enum Finding {
    Whole,
    /// The target has it now.
    Brought,
    /// Neither place has it whole.
    Lost(&'static str),
    Unread(String),
}

/// How many documents were found how.
#[derive(Default)]
struct Totals {
    whole: usize,
    brought: usize,
    missing: usize,
    damaged: usize,
    unread: usize,
}

impl Tour {
    async fn walk(&self, store: &Store, at_once: usize, out: &mut dyn Write) -> anyhow::Result<bool> {
        let mut totals = Totals::default();
        let mut seen: HashSet<DocumentDigest> = HashSet::new();
        let mut unsound: HashMap<DocumentDigest, Finding> = HashMap::new();
        let mut bookmark = Some(Bookmark::Start);
        let mut unread_in_a_row = 0;
        let mut told_at = 0;
        while let Some(behind) = bookmark {
            let (named, next) =
                store.read(move |connection| named_documents::page(connection, &behind, PAGE)).await?;
            let fresh = named.iter().filter(|it| seen.insert(it.digest.clone()));
            let mut found =
                stream::iter(fresh.map(|it| async move { (it, self.look_at(it).await) })).buffered(at_once);
            while let Some((document, finding)) = found.next().await {
                totals.count(&finding);
                let Finding::Unread(reason) = &finding else {
                    unread_in_a_row = 0;
                    if matches!(finding, Finding::Lost(_)) {
                        unsound.insert(document.digest.clone(), finding);
                    }
                    continue;
                };
                unread_in_a_row += 1;
                if unread_in_a_row >= PATIENCE {
                    bail!("{PATIENCE} documents in a row can't be read, the last one because {reason}");
                }
                unsound.insert(document.digest.clone(), finding);
            }
            drop(found);
            // Each guarantee that needs a document is told of, whoever else needs it.
            for document in &named {
                if let Some(finding) = unsound.get(&document.digest) {
                    tell(document, finding, out)?;
                }
            }
            if totals.all() / BETWEEN_WORDS > told_at {
                told_at = totals.all() / BETWEEN_WORDS;
                writeln!(out, "... {}", totals.described(self.done))?;
            }
            bookmark = next;
        }
        writeln!(out, "{}", totals.described(self.done))?;
        Ok(totals.whole + totals.brought == totals.all())
    }

    async fn look_at(&self, document: &Named) -> Finding {
        let bring = async || {
            let lost = match self.present(document).await {
                Ok(()) => return Ok(Finding::Whole),
                Err(ArchiveError::Missing(_)) => "missing",
                Err(ArchiveError::Damaged { .. }) => "damaged",
                Err(ArchiveError::Locked { .. }) => "locked",
                Err(error) => return Err(error),
            };
            let Some(source) = &self.source else { return Ok(Finding::Lost(lost)) };
            let bytes = match source.get(&document.digest).await {
                Ok(bytes) => bytes,
                Err(error @ ArchiveError::Unavailable(_)) => return Err(error),
                Err(_) => return Ok(Finding::Lost(lost)),
            };
            let digest = self.target.put(bytes).await?;
            self.target.get(&digest).await?;
            Ok(Finding::Brought)
        };
        bring().await.unwrap_or_else(|error| Finding::Unread(error.to_string()))
    }

    /// Whether the target has a document whole.
    async fn present(&self, document: &Named) -> Result<(), ArchiveError> {
        if self.by_size {
            let expected = match (document.size, &self.source) {
                (None, Some(source)) => source.size(&document.digest).await?,
                (size, _) => size,
            };
            match self.target.size(&document.digest).await? {
                None => return Err(ArchiveError::Missing(document.digest.clone())),
                found if found == expected => return Ok(()),
                Some(_) => {}
            }
        }
        self.target.get(&document.digest).await.map(drop)
    }
}

impl Totals {
    fn count(&mut self, finding: &Finding) {
        let count = match finding {
            Finding::Whole => &mut self.whole,
            Finding::Brought => &mut self.brought,
            Finding::Lost("missing") => &mut self.missing,
            Finding::Lost(_) => &mut self.damaged,
            Finding::Unread(_) => &mut self.unread,
        };
        *count += 1;
    }

    fn all(&self) -> usize {
        self.whole + self.brought + self.missing + self.damaged + self.unread
    }

    fn described(&self, done: &str) -> String {
        let Self { whole, brought, missing, damaged, unread } = self;
        let all = self.all();
        format!(
            "{all} documents: {whole} whole, {brought} {done}, {missing} missing, {damaged} damaged, {unread} unread"
        )
    }
}

fn tell(document: &Named, finding: &Finding, out: &mut dyn Write) -> std::io::Result<()> {
    let Named { digest, owner, .. } = document;
    match finding {
        Finding::Lost(how) => writeln!(out, "{how}: {digest}, {owner}"),
        Finding::Unread(reason) => writeln!(out, "unread: {digest}, {owner}: {reason}"),
        Finding::Whole | Finding::Brought => Ok(()),
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guarantee { id, number: Some(number), what } => {
                write!(formatter, "{what} of guarantee {id} (number {number})")
            }
            Self::Guarantee { id, number: None, what } => write!(formatter, "{what} of guarantee {id}"),
            Self::Upload => write!(formatter, "a file that the core system handed in"),
        }
    }
}
