//! What else a digest may have been made of, where it does not match: other options, or other texts of the fields.

use serde::Deserialize;

use super::{Digester, Signed, equal};
use crate::dialect::options::{Coverage, DigestOptions, DigestOverrides, Empties};

/// One difference from how the settings have a digest made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Another value of this option of the platform's `digest` section.
    Option { name: &'static str, value: &'static str },
    /// This field takes no part.
    LeftOut(String),
    /// Numbers have no zeros at the end of their fraction: `3200` for `3200.0`.
    ShortNumbers,
    /// Values have no blanks at their ends.
    Trimmed,
}

/// A way in which the other side may have made its digest.
pub(in crate::dialect) struct Variation {
    pub differences: Vec<Difference>,
    digester: Digester,
}

/// Options that specifications leave open, with the values seen so far.
const OPTIONS: [(&str, &[&str]); 5] = [
    ("empties", &["skip-empty", "keep", "skip-null", "skip-blank"]),
    ("order", &["ascii", "ascii-ignoring-case", "declared"]),
    ("pair", &["name-and-value", "value"]),
    ("algorithm", &["sm3", "md5", "hmac-sm3"]),
    (
        "frame",
        &[
            "{fields}&appsecret={secret}",
            "{fields}&key={secret}",
            "{fields}&{secret}",
            "{fields}{secret}",
            "{secret}{fields}",
            "{fields}&{app_key}&{secret}",
            "{fields}",
        ],
    ),
];

/// Texts up to this length are tried in every combination of options; longer ones with one other option at a time.
const SHORT: usize = 32 * 1024;

impl Digester {
    /// Whether this is the digest of these fields, in whichever case or text form it is written.
    fn is_digest(&self, fields: &[Signed<'_>], body: &str, given: &[u8], empties: Empties) -> bool {
        equal(&self.raw(fields, body, empties), given)
    }

    /// The digester under other options, the closest ones first.
    fn variations(&self, all: bool) -> Vec<Variation> {
        let mut chosen: Vec<Vec<(&'static str, &'static str)>> = vec![Vec::new()];
        for (name, values) in OPTIONS {
            for before in chosen.clone().into_iter().filter(|before| all || before.is_empty()) {
                let other = values.iter().filter(|value| self.under(&[(name, value)]).is_some());
                chosen.extend(other.map(|value| [before.clone(), vec![(name, *value)]].concat()));
            }
        }
        chosen.sort_by_key(Vec::len);
        let variation = |chosen: Vec<(&'static str, &'static str)>| {
            let digester = self.under(&chosen)?;
            let differences = chosen.into_iter().map(|(name, value)| Difference::Option { name, value });
            Some(Variation { differences: differences.collect(), digester })
        };
        chosen.into_iter().filter_map(variation).collect()
    }

    /// None where nothing is other than before. What would be refused in settings may come about on the way to something
    /// that would not.
    fn under(&self, chosen: &[(&'static str, &'static str)]) -> Option<Self> {
        let settings: toml::Table =
            chosen.iter().map(|(name, value)| ((*name).to_owned(), toml::Value::from(*value))).collect();
        let options = self.options.overridden(&DigestOverrides::deserialize(settings).ok()?);
        let frame = super::parts(&options.frame).ok()?;
        (options != self.options).then(|| Self { options, frame, ..self.clone() })
    }

    fn is_sound(options: &DigestOptions) -> bool {
        Self::check(options).is_ok()
    }

    /// The ways in which a digest that does not match would match, those with the fewest differences; and, where there are
    /// none, the ways that were tried with one difference each.
    pub(in crate::dialect) fn explain(
        &self,
        fields: &[Signed<'_>],
        body: &str,
        given: &str,
    ) -> (bool, Vec<Variation>) {
        let Some(given) = crate::crypto::encoding::decode_any(given) else { return (false, Vec::new()) };
        let variations = self.variations(body.len() <= SHORT);
        let sound: Vec<Variation> =
            variations.into_iter().filter(|it| Self::is_sound(&it.digester.options)).collect();
        let fits = |it: &&Variation| it.digester.is_digest(fields, body, &given, it.digester.options.empties);
        let fewest = sound.iter().find(fits).map(|it| it.differences.len());
        if let Some(fewest) = fewest {
            let of_few = sound.into_iter().filter(|it| it.differences.len() == fewest);
            return (true, of_few.filter(|it| fits(&it)).collect());
        }
        if self.options.covers != Coverage::Body {
            let mut edits = vec![Difference::ShortNumbers, Difference::Trimmed];
            edits.extend(fields.iter().map(|field| Difference::LeftOut(field.name.to_owned())));
            let fits = edits
                .into_iter()
                .find(|edit| self.is_digest(&edited(fields, edit), body, &given, self.options.empties));
            if let Some(edit) = fits {
                return (true, vec![Variation { differences: vec![edit], digester: self.clone() }]);
            }
        }
        (false, sound.into_iter().filter(|it| it.differences.len() == 1).collect())
    }
}

impl Variation {
    /// The text that it digests, the secret shown as `***`.
    pub fn pre_image(&self, fields: &[Signed<'_>], body: &str) -> String {
        let edited = self.differences.iter().fold(fields.to_vec(), |fields, edit| edited(&fields, edit));
        self.digester.pre_image(&edited, body)
    }
}

fn edited<'a>(fields: &[Signed<'a>], edit: &Difference) -> Vec<Signed<'a>> {
    let changed = |field: &Signed<'a>| match edit {
        Difference::Option { .. } => Some(*field),
        Difference::LeftOut(name) => (field.name != name).then_some(*field),
        Difference::ShortNumbers => Some(Signed { value: short_number(field.value), ..*field }),
        Difference::Trimmed => Some(Signed { value: field.value.trim(), ..*field }),
    };
    fields.iter().filter_map(changed).collect()
}

fn short_number(text: &str) -> &str {
    let is_number = text.bytes().all(|it| it.is_ascii_digit() || it == b'.' || it == b'-');
    if is_number && text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}
