//! From the settings to the rules of each platform: which entries are for it, and whether all that can hold is sound.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::Date;

use super::Rules;
use super::blacklist::Codes;
use super::figure::Source;
use super::options::{EntryOptions, Figures, UnderwritingOptions};
use crate::domain::identity::PlatformId;
use crate::domain::product::{InstitutionKind, Product};
use crate::institution::calendar::{Calendar, CalendarError, CalendarOptions};

/// All entries of `[[rules]]` with the calendar, for the rules of each platform to be made of.
#[derive(Clone, Debug)]
pub struct Rulebook {
    entries: Vec<Entry>,
    calendar: Arc<Calendar>,
}

/// An entry, under the name by which figures remember it.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(super) options: Arc<EntryOptions>,
    pub(super) source: Source,
}

/// Which platform the rules are for, as far as entries ask.
#[derive(Clone, Debug)]
pub struct Scope {
    pub platform: PlatformId,
    pub product: Product,
    pub kind: InstitutionKind,
}

/// An entry of `[[rules]]` that can't be meant so.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    #[error("rules: expected a name for each entry, found none at entry {0}")]
    Nameless(usize),
    #[error("rules: expected a name of its own for each entry, found `{0}` twice")]
    SameName(String),
    #[error("rules `{name}`: platforms: expected some of {known}, found `{found}`")]
    UnknownPlatform { name: String, known: String, found: String },
    #[error(
        "rules `{name}`: {key}: expected at least one, found an empty list, which lets the entry hold nowhere"
    )]
    HoldsNowhere { name: String, key: &'static str },
    #[error("rules `{name}`: until: expected a day not before from, `{from}`, found `{until}`")]
    EndsBeforeItBegins { name: String, from: Date, until: Date },
    #[error("rules `{0}`: expected a key of underwriting, for instance `rate`, found none")]
    ChangesNothing(String),
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}

/// Figures that can't hold together: where the last of them was set, what was expected, what was found.
#[derive(Debug, thiserror::Error)]
#[error("{place}: expected {expected}, found `{found}`{since}")]
pub struct RuleError {
    place: String,
    expected: String,
    found: String,
    since: String,
}

impl Rulebook {
    /// # Errors
    /// Which entry is wrong, and what was expected.
    pub fn new<'a>(
        entries: &[EntryOptions],
        calendar: &CalendarOptions,
        platforms: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, EntryError> {
        let platforms: BTreeSet<&str> = platforms.into_iter().collect();
        let mut names = BTreeSet::new();
        for (index, entry) in entries.iter().enumerate() {
            if entry.name.trim().is_empty() {
                return Err(EntryError::Nameless(index + 1));
            }
            check(entry, &platforms)?;
            if !names.insert(&entry.name) {
                return Err(EntryError::SameName(entry.name.clone()));
            }
        }
        let entries = entries.iter().cloned().map(Entry::new).collect();
        Ok(Self { entries, calendar: Arc::new(Calendar::new(calendar)?) })
    }

    /// The rules of one platform; every combination of entries that can hold for it has been looked at.
    ///
    /// # Errors
    /// When a blacklist can't be read, or on some day the figures contradict each other: which of them, from when on.
    pub fn rules(&self, scope: &Scope, base: UnderwritingOptions, issuer: &str) -> Result<Rules, RuleError> {
        let entries = self.entries.iter().filter(|entry| entry.is_for(scope)).cloned().collect();
        Rules::sound(base, entries, Arc::clone(&self.calendar), issuer)
    }
}

fn check(entry: &EntryOptions, known: &BTreeSet<&str>) -> Result<(), EntryError> {
    let name = || entry.name.clone();
    let unknown = entry.platforms.iter().flatten().find(|id| !known.contains(id.as_str()));
    if let Some(found) = unknown {
        let known = known.iter().copied().collect::<Vec<_>>().join(", ");
        return Err(EntryError::UnknownPlatform { name: name(), known, found: found.clone() });
    }
    let lists = [
        ("platforms", entry.platforms.as_ref().is_some_and(Vec::is_empty)),
        ("products", entry.products.as_ref().is_some_and(Vec::is_empty)),
        ("kinds", entry.kinds.as_ref().is_some_and(Vec::is_empty)),
    ];
    if let Some((key, _)) = lists.into_iter().find(|(_, is_empty)| *is_empty) {
        return Err(EntryError::HoldsNowhere { name: name(), key });
    }
    if let (Some(from), Some(until)) = (entry.from, entry.until)
        && from > until
    {
        return Err(EntryError::EndsBeforeItBegins { name: name(), from, until });
    }
    if entry.changes_nothing() { Err(EntryError::ChangesNothing(name())) } else { Ok(()) }
}

impl Entry {
    fn new(options: EntryOptions) -> Self {
        let (name, from, until) = (options.name.clone(), options.from, options.until);
        Self { options: Arc::new(options), source: Source::Entry { name, from, until } }
    }

    fn is_for(&self, scope: &Scope) -> bool {
        let options = &self.options;
        let platform = scope.platform.as_str();
        options.platforms.as_ref().is_none_or(|ids| ids.iter().any(|id| id == platform))
            && options.products.as_ref().is_none_or(|products| products.contains(&scope.product))
            && options.kinds.as_ref().is_none_or(|kinds| kinds.contains(&scope.kind))
    }

    pub(super) fn is_in_force(&self, on: Date) -> bool {
        self.options.from.is_none_or(|from| from <= on) && self.options.until.is_none_or(|until| on <= until)
    }
}

/// The days on which something changes: the first one of all, and each on which an entry begins or no longer holds.
pub(super) fn turning_days(entries: &[Entry]) -> BTreeSet<Date> {
    let after = |day: Date| day.tomorrow().ok();
    let days = entries.iter().flat_map(|it| [it.options.from, it.options.until.and_then(after)]);
    std::iter::once(Date::MIN).chain(days.flatten()).collect()
}

/// Whether figures can hold together from this day on.
pub(super) fn expect_sound(figures: &Figures, from: Date) -> Result<(), RuleError> {
    let since =
        || if from == Date::MIN { String::new() } else { format!(", for what is received from {from} on") };
    let (smallest, largest) = (&figures.smallest_amount, &figures.largest_amount);
    if smallest.value.0 > largest.value.0 {
        let (key, source, found, expected) = match is_later(&smallest.source, &largest.source) {
            true => ("smallest_amount", &smallest.source, smallest, ("above largest_amount", largest)),
            false => ("largest_amount", &largest.source, largest, ("below smallest_amount", smallest)),
        };
        return Err(RuleError {
            place: place(source, key),
            expected: format!("an amount not {}, `{}`", expected.0, expected.1.value.0),
            found: found.value.0.to_string(),
            since: since(),
        });
    }
    let (minimum, maximum) = (&figures.minimum_premium, &figures.maximum_premium);
    if let Some(most) = maximum.value.0.filter(|most| *most < minimum.value.0) {
        let least = minimum.value.0;
        let (key, source, expected, found) = match is_later(&minimum.source, &maximum.source) {
            true => ("minimum_premium", &minimum.source, format!("above maximum_premium, `{most}`"), least),
            false => ("maximum_premium", &maximum.source, format!("below minimum_premium, `{least}`"), most),
        };
        return Err(RuleError {
            place: place(source, key),
            expected: format!("an amount not {expected}"),
            found: found.to_string(),
            since: since(),
        });
    }
    Ok(())
}

/// Whether the first was set by an entry and the second was not: then it is the entry that has to be put right.
fn is_later(first: &Source, second: &Source) -> bool {
    matches!(first, Source::Entry { .. }) && !matches!(second, Source::Entry { .. })
}

fn place(source: &Source, key: &str) -> String {
    match source {
        Source::Entry { name, .. } => format!("rules `{name}`: {key}"),
        Source::Default | Source::Platform => format!("underwriting.{key}"),
    }
}

/// Reads every blacklist that may hold.
pub(super) fn read_blacklists(
    base: &UnderwritingOptions,
    entries: &[Entry],
) -> Result<BTreeMap<PathBuf, Codes>, RuleError> {
    let named = entries.iter().map(|it| (it.options.blacklist_file.as_ref(), it.source.clone()));
    let mut lists = BTreeMap::new();
    for (file, source) in std::iter::once((base.blacklist_file.as_ref(), Source::Platform)).chain(named) {
        let Some(file) = file.filter(|file| !file.as_os_str().is_empty()) else { continue };
        let codes = Codes::from_file(file).map_err(|error| RuleError {
            place: place(&source, "blacklist_file"),
            expected: format!("a list of unified social credit codes ({error})"),
            found: file.display().to_string(),
            since: String::new(),
        });
        lists.insert(file.clone(), codes?);
    }
    Ok(lists)
}
