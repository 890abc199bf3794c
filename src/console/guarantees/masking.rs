//! Messages as anybody may see them who may see business data: personal data and secrets covered.
//!
//! What a field may show follows from its meaning in the dialect. Fields that the dialect does not know, free text and what
//! is no structure at all go through a net that knows the look of telephone, identity and account numbers.

mod kinds;
mod net;
mod structure;

use std::collections::HashMap;

use self::kinds::{Kind, kind_of};
use crate::dialect::Profile;
use crate::dialect::explain::Veil;
use crate::telemetry::Masked;

pub(super) use net::covered;

/// As much of a ciphertext or a file is shown as tells two of them apart.
const BEGINNING: usize = 12;

/// A value that nothing is known of is shown up to this length.
const LONGEST_UNKNOWN: usize = 300;

/// The mask of one interface of a platform.
pub(super) struct Mask {
    /// Of the interface itself.
    own: HashMap<String, Kind>,
    /// Of all interfaces of the platform, the most careful of each name: answers and wrappers have names of their own.
    other: HashMap<String, Kind>,
    /// Whether only keys and what opens documents is covered: for whoever was granted a look.
    is_lifted: bool,
}

impl Mask {
    /// Without a profile nothing is known of any field.
    pub fn of(profile: Option<&Profile>, interface: &str) -> Self {
        let mut mask = Self { own: HashMap::new(), other: HashMap::new(), is_lifted: false };
        let Some(profile) = profile else { return mask };
        for known in profile.inbound().chain(profile.outbound().map(|(known, _)| known)) {
            let asked = known.fields.iter().map(|field| (&field.name, kind_of(field.is, field.cipher)));
            let answered = known.answer.iter().map(|field| (&field.name, kind_of(Some(field.is), false)));
            for (name, kind) in asked.chain(answered) {
                if known.name == interface {
                    keep_stricter(&mut mask.own, name, kind);
                }
                keep_stricter(&mut mask.other, name, kind);
            }
        }
        mask
    }

    /// The same for whoever was granted a look. Keys stay covered: nobody has to read them.
    pub fn lifted(self) -> Self {
        Self { is_lifted: true, ..self }
    }

    fn kind(&self, field: &str) -> Kind {
        let kind = self.own.get(field).or_else(|| self.other.get(field)).copied().unwrap_or(Kind::Unknown);
        match kind {
            Kind::Secret | Kind::Link | Kind::Long => kind,
            _ if self.is_lifted => Kind::Open,
            _ => kind,
        }
    }

    /// A body or an answer, laid out for reading.
    pub fn bytes(&self, bytes: &[u8]) -> String {
        match std::str::from_utf8(bytes) {
            Ok(text) => structure::laid_out(self, text),
            Err(_) => format!("[{} bytes]", bytes.len()),
        }
    }
}

impl Veil for Mask {
    fn value(&self, field: &str, value: &str) -> String {
        if structure::is_structured(value) {
            return structure::as_written(self, value);
        }
        match self.kind(field) {
            Kind::Open => value.to_owned(),
            Kind::Company => party(value),
            Kind::Phone => masked(value, Masked::phone),
            Kind::IdNumber => masked(value, Masked::id_number),
            Kind::Account => masked(value, Masked::account),
            Kind::Person => masked(value, Masked::person_name),
            Kind::Hidden | Kind::Secret => masked(value, Masked::whole),
            Kind::Long => beginning(value, BEGINNING),
            Kind::Link => link(value),
            Kind::Prose => covered(value),
            Kind::Unknown => unknown(value),
        }
    }

    fn message(&self, text: &str) -> String {
        structure::as_written(self, text)
    }
}

fn keep_stricter(kinds: &mut HashMap<String, Kind>, name: &str, kind: Kind) {
    let kept = kinds.entry(name.to_owned()).or_insert(kind);
    *kept = (*kept).max(kind);
}

/// A company in full; what is as short as a person's name is taken for one.
pub(super) fn party(name: &str) -> String {
    match name.chars().count() {
        0 => String::new(),
        1..=4 => Masked::person_name(name).to_string(),
        _ => covered(name),
    }
}

fn masked<'a>(value: &'a str, mask: impl Fn(&'a str) -> Masked<'a>) -> String {
    if value.is_empty() { String::new() } else { mask(value).to_string() }
}

/// The beginning of a text and how long it is.
pub(super) fn beginning(value: &str, shown: usize) -> String {
    let length = value.chars().count();
    if length <= shown {
        return value.to_owned();
    }
    let start: String = value.chars().take(shown).collect();
    format!("{start}…[{length}]")
}

/// An address without what opens it.
fn link(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else { return masked(value, Masked::whole) };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    if host.len() == rest.len() { value.to_owned() } else { format!("{scheme}://{host}/…") }
}

/// Nothing tells what it is: it may be the name of a person.
fn unknown(value: &str) -> String {
    let letters = value.chars().count();
    let chinese = |letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter) || letter == '·';
    if (2..=4).contains(&letters) && value.chars().all(chinese) {
        return Masked::person_name(value).to_string();
    }
    if letters > 60 && !value.contains(char::is_whitespace) && value.is_ascii() {
        return beginning(value, BEGINNING);
    }
    covered(&beginning(value, LONGEST_UNKNOWN))
}

#[cfg(test)]
mod tests;
