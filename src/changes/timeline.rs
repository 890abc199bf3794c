//! Entries of `[[rules]]` with what was changed of them: each version holds for what is received from its day on until the
//! next one's, so that a decision of the past is explained by the rules of its day.

use jiff::civil::Date;

use super::overlay::{Held, Overlay};
use crate::institution::rules::EntryOptions;

/// What stands between an entry's name and the number of the version that changed it: `spring@2`.
const VERSION_MARK: char = '@';

/// An entry from a day on; None where there is none.
struct Segment {
    from: Date,
    /// The version that began it; 0 for the settings'.
    number: i64,
    entry: Option<EntryOptions>,
}

/// The entries of the settings and those that stand above them, in the order in which they apply: a changed entry in its
/// own place, a new one behind all others.
///
/// # Errors
/// When the keys of an entry can't be read: the name, and why.
pub(super) fn entries(
    settings: &[EntryOptions],
    overlay: &Overlay,
) -> Result<Vec<EntryOptions>, (String, String)> {
    let mut lines: Vec<(String, Vec<Segment>)> = Vec::new();
    for entry in settings {
        let first = Segment { from: Date::MIN, number: 0, entry: Some(entry.clone()) };
        lines.push((entry.name.clone(), vec![first]));
    }
    for (name, version) in overlay.of_rules() {
        let in_settings = || settings.iter().find(|entry| entry.name == name).cloned();
        let entry = match &version.held {
            Held::Rule { keys, .. } => Some(read(name, keys).map_err(|detail| (name.to_owned(), detail))?),
            _ => in_settings(),
        };
        let segment =
            Segment { from: version.held.from().unwrap_or(Date::MIN), number: version.number, entry };
        match lines.iter_mut().find(|(known, _)| known == name) {
            Some((_, segments)) => {
                // A later version that begins earlier takes the place of what was to come.
                segments.retain(|it| it.number == 0 || it.from < segment.from);
                segments.push(segment);
            }
            None => lines.push((name.to_owned(), vec![segment])),
        }
    }
    Ok(lines.into_iter().flat_map(|(name, segments)| cut(&name, segments)).collect())
}

/// The keys of an entry under its name.
///
/// # Errors
/// What is wrong with the text.
pub(super) fn read(name: &str, keys: &str) -> Result<EntryOptions, String> {
    let mut table: toml::Table = toml::from_str(keys).map_err(|error| error.message().to_owned())?;
    if table.insert("name".to_owned(), name.into()).is_some() {
        return Err("expected the keys without the name, which stands beside them".to_owned());
    }
    table.try_into().map_err(|error: toml::de::Error| error.message().to_owned())
}

/// Each segment ends on the day before the next one begins, and holds within its entry's own days.
fn cut(name: &str, segments: Vec<Segment>) -> Vec<EntryOptions> {
    let ends: Vec<Option<Date>> =
        segments.iter().skip(1).map(|next| next.from.yesterday().ok()).chain([None]).collect();
    let changed = segments.len() > 1;
    let mut entries = Vec::with_capacity(segments.len());
    for (Segment { from, number, entry }, end) in segments.into_iter().zip(ends) {
        let Some(mut entry) = entry else { continue };
        if number > 0 {
            entry.name = format!("{name}{VERSION_MARK}{number}");
            entry.from = Some(entry.from.map_or(from, |own| own.max(from)));
        }
        if changed && let Some(end) = end {
            entry.until = Some(entry.until.map_or(end, |own| own.min(end)));
        }
        let is_empty = matches!((entry.from, entry.until), (Some(from), Some(until)) if from > until);
        if !is_empty {
            entries.push(entry);
        }
    }
    entries
}
