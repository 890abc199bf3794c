//! Texts as the interface takes them: trimmed, not empty, without control characters, of a limited length. A text that is
//! none of that is refused where it stands in the body. Debug prints nothing of them, since many tell of a person.

use std::borrow::Cow;
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::identity::DocumentDigest;

/// A text for people, of at most so many characters.
#[derive(Clone, PartialEq, Eq)]
pub struct Phrase<const LONGEST: usize>(String);

/// A number or a code: the same without white space.
#[derive(Clone, PartialEq, Eq)]
pub struct Word<const LONGEST: usize>(String);

/// Why something is done; platforms take 255 to 1000 characters of it.
pub type Reason = Phrase<500>;

/// The name of a company, a person or a bank.
pub type Name = Phrase<200>;

/// How somebody can be reached.
pub type Phone = Word<50>;

/// A number of a guarantee, an account, an invoice or a company.
pub type Number = Word<50>;

/// The SM3 digest of a file, as the gateway named it when the file was handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest(pub DocumentDigest);

impl<const LONGEST: usize> Phrase<LONGEST> {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn to_text(&self) -> String {
        self.0.clone()
    }
}

impl<const LONGEST: usize> Word<LONGEST> {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn to_text(&self) -> String {
        self.0.clone()
    }
}

impl<const LONGEST: usize> fmt::Debug for Phrase<LONGEST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phrase")
    }
}

impl<const LONGEST: usize> fmt::Debug for Word<LONGEST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Word")
    }
}

/// The text without white space at its ends, if it is one; else what was found in its place.
fn sound(text: &str, longest: usize) -> Result<&str, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("nothing".to_owned());
    }
    match (text.chars().count(), text.chars().any(char::is_control)) {
        (_, true) => Err("a control character".to_owned()),
        (length, _) if length > longest => Err(format!("{length} characters")),
        _ => Ok(text),
    }
}

impl<'de, const LONGEST: usize> Deserialize<'de> for Phrase<LONGEST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = |found| D::Error::custom(format!("expected 1 to {LONGEST} characters, found {found}"));
        sound(&text, LONGEST).map(|text| Self(text.to_owned())).map_err(wrong)
    }
}

impl<'de, const LONGEST: usize> Deserialize<'de> for Word<LONGEST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let expected = format!("expected 1 to {LONGEST} characters without white space");
        let wrong = |found: &str| D::Error::custom(format!("{expected}, found {found}"));
        match sound(&text, LONGEST) {
            Ok(text) if text.contains(char::is_whitespace) => Err(wrong("white space")),
            Ok(text) => Ok(Self(text.to_owned())),
            Err(found) => Err(wrong(&found)),
        }
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        match digits && text.len() == 64 {
            true => Ok(Self(DocumentDigest::new(text))),
            false => {
                Err(D::Error::custom("expected the 64 hexadecimal digits that a file was answered with"))
            }
        }
    }
}

fn text_schema(pattern: &str, longest: usize) -> RefOr<Schema> {
    let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
    RefOr::T(Schema::Object(schema.min_length(Some(1)).max_length(Some(longest)).build()))
}

impl<const LONGEST: usize> PartialSchema for Phrase<LONGEST> {
    fn schema() -> RefOr<Schema> {
        let other = r"[^\u0000-\u001f\u007f-\u009f]*";
        text_schema(&format!(r"^{other}[^\s\u0000-\u001f\u007f-\u009f]{other}$"), LONGEST)
    }
}

impl<const LONGEST: usize> ToSchema for Phrase<LONGEST> {
    fn name() -> Cow<'static, str> {
        format!("Text{LONGEST}").into()
    }
}

impl<const LONGEST: usize> PartialSchema for Word<LONGEST> {
    fn schema() -> RefOr<Schema> {
        text_schema(r"^[^\s\u0000-\u001f\u007f-\u009f]+$", LONGEST)
    }
}

impl<const LONGEST: usize> ToSchema for Word<LONGEST> {
    fn name() -> Cow<'static, str> {
        format!("Word{LONGEST}").into()
    }
}

impl PartialSchema for Digest {
    fn schema() -> RefOr<Schema> {
        let schema = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::Custom("sm3".to_owned())))
            .pattern(Some("^[0-9a-f]{64}$"))
            .examples(["66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"])
            .description(Some("The digest that a file was answered with when it was handed in."));
        RefOr::T(Schema::Object(schema.build()))
    }
}

impl ToSchema for Digest {}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrase(json: &str) -> Result<String, String> {
        let read = serde_json::from_str::<Phrase<5>>(json);
        read.map(|it| it.to_text()).map_err(|error| error.to_string())
    }

    fn word(json: &str) -> Result<String, String> {
        serde_json::from_str::<Word<5>>(json).map(|it| it.to_text()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_text_is_trimmed_and_counted_in_characters() {
        assert_eq!(phrase("\" 资信不 足\u{3000}\"").unwrap(), "资信不 足");
        for (wrong, found) in [
            ("\"资信不够充足\"", "found 6 characters"),
            ("\" \u{3000}\"", "found nothing"),
            ("\"a\\nb\"", "found a control character"),
            ("\"a\\u0085b\"", "found a control character"),
            ("1", "expected a string"),
        ] {
            let said = phrase(wrong).unwrap_err();
            assert!(said.contains(found), "{wrong}: {said}");
        }
        assert!(!format!("{:?}", serde_json::from_str::<Phrase<5>>("\"王某某\"")).contains("王"));
    }

    #[test]
    fn a_number_has_no_space_within() {
        assert_eq!(word("\" BH-01 \"").unwrap(), "BH-01");
        assert!(word("\"BH 1\"").unwrap_err().contains("found white space"));
    }

    #[test]
    fn a_digest_has_64_digits_in_small_letters() {
        let read = |text: &str| serde_json::from_str::<Digest>(&format!("\"{text}\""));
        assert!(read(&"0a".repeat(32)).is_ok());
        for wrong in ["0A".repeat(32), "0a".repeat(31), "0g".repeat(32), "../".repeat(21) + "a"] {
            assert!(read(&wrong).is_err(), "{wrong}");
        }
    }
}
