//! Why a push is not accepted, and by which tolerances it was.

use std::fmt;

use serde::Deserialize;

use crate::crypto::sm2::Layout;

/// A push that can't be accepted. The message may be shown to the platform: it names the field and the rule, and holds
/// nothing internal and no value that came from outside.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Rejection {
    pub kind: RejectionKind,
    /// Chinese, because platforms show it to people.
    pub message: String,
    /// The interface's name, where it is known.
    pub interface: Option<String>,
}

/// What was wrong with a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RejectionKind {
    NotJson,
    DuplicateField {
        field: String,
    },
    UnknownAppKey,
    UnknownInterface,
    BadDigest,
    /// The message, or what it carries, can't be decrypted.
    Undecryptable,
    /// Its time is outside the platform's window.
    Stale,
    UnknownField {
        field: String,
    },
    /// A field is missing, too long, or not of its form.
    Malformed {
        field: String,
        clause: String,
    },
}

impl RejectionKind {
    /// Which of the platform's failure codes fits.
    pub fn failure(&self) -> Failure {
        match self {
            Self::UnknownAppKey | Self::BadDigest => Failure::Digest,
            Self::Undecryptable => Failure::Decryption,
            Self::NotJson
            | Self::DuplicateField { .. }
            | Self::UnknownInterface
            | Self::Stale
            | Self::UnknownField { .. }
            | Self::Malformed { .. } => Failure::Content,
        }
    }

    /// Whether the push was refused before, or because, its digest was looked at: anybody can have sent it.
    pub fn is_unsigned(&self) -> bool {
        match self {
            Self::NotJson
            | Self::DuplicateField { .. }
            | Self::UnknownAppKey
            | Self::UnknownInterface
            | Self::BadDigest
            | Self::Undecryptable => true,
            Self::Stale | Self::UnknownField { .. } | Self::Malformed { .. } => false,
        }
    }

    /// The stable name, for metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Self::NotJson => "not-json",
            Self::DuplicateField { .. } => "duplicate-field",
            Self::UnknownAppKey => "unknown-app-key",
            Self::UnknownInterface => "unknown-interface",
            Self::BadDigest => "bad-digest",
            Self::Undecryptable => "undecryptable",
            Self::Stale => "stale",
            Self::UnknownField { .. } => "unknown-field",
            Self::Malformed { .. } => "malformed",
        }
    }
}

/// Kinds of failure that platforms may have codes of their own for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    Digest,
    Decryption,
    /// A field is missing, too long or not of its form, or the request is not possible as things stand.
    Content,
    UnknownProject,
    UnknownGuarantee,
    UnknownApplicant,
    /// We can't take the message now.
    Unavailable,
    /// Something failed inside.
    Internal,
}

/// Something in a push that was not as agreed and was let pass. Recorded, so that an operator can pin the settings down.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Tolerance {
    /// The digest's hexadecimal digits were in the other case.
    DigestCase,
    /// The digest treats empty fields in this other way.
    DigestEmpties(&'static str),
    /// Its time was outside the window.
    TimeOutsideWindow,
    /// The content type did not say what the body was.
    ContentType,
    /// The field was a number or a truth value where the specification has a string.
    Literal(String),
    /// The field was an array or object where the specification has its text.
    Nested(String),
    /// The specification does not have the field.
    UnknownField(String),
    /// A message was encrypted by SM2 in this other layout.
    PayloadLayout(Layout),
    /// A message's ciphertext was written in this other text form.
    PayloadText(&'static str),
    /// The key of a digital envelope was encrypted in this other form.
    EnvelopeKey(&'static str),
    /// A message came with a digest where a digital envelope was expected.
    NotEnveloped,
    /// A secret of the platform was a former one, which is still accepted.
    FormerSecret,
}

/// As it is recorded: `digest-empties:keep`, `literal:amount`.
impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DigestCase => f.write_str("digest-case"),
            Self::DigestEmpties(how) => write!(f, "digest-empties:{how}"),
            Self::TimeOutsideWindow => f.write_str("time-outside-window"),
            Self::ContentType => f.write_str("content-type"),
            Self::Literal(field) => write!(f, "literal:{field}"),
            Self::Nested(field) => write!(f, "nested:{field}"),
            Self::UnknownField(field) => write!(f, "unknown-field:{field}"),
            Self::PayloadLayout(layout) => write!(f, "payload-layout:{layout}"),
            Self::PayloadText(form) => write!(f, "payload-text:{form}"),
            Self::EnvelopeKey(form) => write!(f, "envelope-key:{form}"),
            Self::NotEnveloped => f.write_str("not-enveloped"),
            Self::FormerSecret => f.write_str("former-secret"),
        }
    }
}

/// A field name from outside, fit to be shown: short, and without control characters.
pub(super) fn shown(name: &str) -> String {
    const LONGEST: usize = 40;
    let fit: String = name.chars().filter(|letter| !letter.is_control()).take(LONGEST).collect();
    if name.chars().count() > LONGEST { format!("{fit}…") } else { fit }
}
