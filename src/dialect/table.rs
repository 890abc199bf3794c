//! The file format of a dialect: a TOML table laid out like the tables of the specification it transcribes.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::action::Action;
use super::meaning::Meaning;
use super::options::{
    CipherOptions, DigestOptions, Envelope, Flow, PayloadOptions, ReplyOptions, TimestampOptions,
    UploadOptions,
};
use super::soundness;
use crate::domain::product::{LetterFormat, Product};

/// One dialect, as its file states it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The name by which settings refer to it.
    pub id: String,
    /// The specification's title.
    pub title: String,
    /// The specification's own version.
    pub version: String,
    /// What its applications are for.
    #[serde(default)]
    pub product: Product,
    /// The format in which it takes letters.
    #[serde(default)]
    pub letters: LetterFormat,
    #[serde(default)]
    pub envelope: Envelope,
    #[serde(default)]
    pub digest: DigestOptions,
    #[serde(default)]
    pub cipher: CipherOptions,
    #[serde(default)]
    pub timestamp: TimestampOptions,
    #[serde(default)]
    pub reply: ReplyOptions,
    pub flow: Flow,
    #[serde(default)]
    pub upload: UploadOptions,
    /// With a wrapper.
    #[serde(default)]
    pub payload: PayloadOptions,
    /// What stands round every message, where the fields of the interfaces are encrypted inside.
    pub wrapper: Option<Wrapper>,
    #[serde(rename = "interface")]
    pub interfaces: Vec<Interface>,
}

/// The fields round every request and every answer. A message's own fields stand encrypted in the one that is the
/// payload.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrapper {
    pub clause: String,
    pub fields: Vec<Field>,
    pub answer: Vec<AnswerField>,
}

/// One interface: a clause of the specification.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interface {
    pub clause: String,
    pub title: String,
    pub name: String,
    pub direction: Direction,
    pub does: Action,
    /// The last part of its address, where that is not the name.
    pub path: Option<String>,
    /// The meanings that together say which business a push is about; the application's and the guarantee's number,
    /// unless stated.
    pub key: Option<Vec<Meaning>>,
    /// Whether request and answer are encrypted by a key of their own, which stands where the digest would: a digital
    /// envelope (数字信封).
    ///
    /// Nothing authenticates such a request: whoever has the institution's public key can make one. It must therefore
    /// change nothing, and its answer, encrypted to the platform's public key, is of use to nobody else. A platform
    /// should besides be let in by its address or its certificate only.
    #[serde(default)]
    pub enveloped: bool,
    pub fields: Vec<Field>,
    #[serde(default)]
    pub answer: Vec<AnswerField>,
    /// The objects in the answer that the specification says something about.
    #[serde(default)]
    pub groups: Vec<Group>,
}

/// An object or array of an answer that has a row of its own in the specification.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// As rows name it under [`AnswerField::within`].
    pub name: String,
    pub required: Option<bool>,
    #[serde(default)]
    pub note: String,
}

/// Who calls: `in` is the platform, `out` is the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    In,
    Out,
}

impl Direction {
    pub fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// One row of a request's table. Name, label, type, length, necessity, note and example are the specification's own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    pub name: String,
    /// The Chinese name, where the specification has one beside the note.
    #[serde(default)]
    pub label: String,
    #[serde(rename = "type")]
    pub kind: Option<FieldType>,
    /// In characters.
    pub length: Option<usize>,
    pub required: bool,
    #[serde(default)]
    pub note: String,
    #[serde(default)]
    pub example: String,
    /// 密文
    #[serde(default)]
    pub cipher: bool,
    /// The gateway's name for it. A field without one has a constant value.
    pub is: Option<Meaning>,
    /// When the field must have a value: a required field may otherwise be empty, an optional one is otherwise
    /// optional.
    pub when: Option<Condition>,
    /// The wire's words for a meaning that is one of a few: ours to theirs.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// Whether an optional value that is longer than the field is left out, and not a mistake: there is nothing shorter to
    /// say.
    #[serde(default)]
    pub omit_if_long: bool,
    /// The value it always has in what we send.
    pub constant: Option<String>,
    /// The form of a date or time, where it is not the dialect's: of `yyyy`, `MM`, `dd`, `HH`, `mm`, `ss`.
    pub format: Option<String>,
    /// The member of each object in a JSON array that is sent as text.
    pub items: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldType {
    String,
    Datetime,
    Text,
}

impl FieldType {
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Datetime => "datetime",
            Self::Text => "text",
        }
    }
}

/// A condition on another field of the same request: its wire value is one of these.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    pub field: String,
    pub is: Vec<String>,
}

/// One row of an answer's table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerField {
    pub name: String,
    /// As in [`Field::label`].
    #[serde(default)]
    pub label: String,
    #[serde(rename = "type")]
    pub kind: Option<FieldType>,
    /// In characters.
    pub length: Option<usize>,
    /// The object it stands in, if not at the top; `data.list[]` is each object of the array `list` in `data`.
    pub within: Option<String>,
    pub required: bool,
    /// Whether a success must have it, though a failure need not: 成功时必填.
    #[serde(default)]
    pub on_success: bool,
    #[serde(default)]
    pub note: String,
    #[serde(default)]
    pub example: String,
    pub is: Meaning,
    /// As in [`Field::values`].
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// As in [`Field::format`].
    pub format: Option<String>,
}

/// Why a table can't be used, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct TableError {
    pub file: String,
    pub interface: Option<String>,
    pub field: Option<String>,
    pub expected: String,
    pub found: String,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        if let Some(interface) = &self.interface {
            write!(f, "interface `{interface}`: ")?;
        }
        if let Some(field) = &self.field {
            write!(f, "field `{field}`: ")?;
        }
        write!(f, "expected {}, found {}", self.expected, self.found)
    }
}

impl Table {
    /// Reads a dialect and checks that it can be spoken.
    ///
    /// `file` is only used in errors.
    ///
    /// # Errors
    /// Says where the table is wrong and what was expected there.
    pub fn parse(file: &str, text: &str) -> Result<Self, TableError> {
        let table: Self = toml::from_str(text).map_err(|error| TableError {
            file: file.to_owned(),
            interface: None,
            field: None,
            expected: "a dialect table".to_owned(),
            found: error.to_string(),
        })?;
        soundness::check(file, &table)?;
        Ok(table)
    }
}

impl Interface {
    /// The last part of its address.
    pub fn path(&self) -> &str {
        self.path.as_deref().unwrap_or(&self.name)
    }

    pub fn field(&self, meaning: Meaning) -> Option<&Field> {
        self.fields.iter().find(|field| field.is == Some(meaning))
    }

    pub fn answer_field(&self, meaning: Meaning) -> Option<&AnswerField> {
        self.answer.iter().find(|field| field.is == meaning)
    }

    /// The meanings that make the business key.
    pub fn key(&self) -> &[Meaning] {
        self.key.as_deref().unwrap_or(&[Meaning::ApplicationNumber, Meaning::GuaranteeNumber])
    }
}
