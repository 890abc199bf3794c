//! What is proposed.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::casework::decisions::Decision;
use crate::changes::Change;
use crate::dialect::SectionKey;
use crate::domain::guarantee::LetterKind;
use crate::domain::identity::{ApplicationNumber, GuaranteeId};

/// The form in which payloads are written. A program that finds another one carries nothing out.
const FORM: u32 = 1;

/// What is done once somebody else has approved it.
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Payload {
    /// Keys of an opening that came by another way than a push.
    OpeningKeys { keys: Vec<PastedKey>, opened_at: Timestamp },
    /// Something decided in the institution's name, which repairs a state that nothing else would.
    Decision { decision: Decision },
    /// Jobs that are dead, or wait for a later attempt.
    RetryJobs { jobs: Vec<String> },
    /// Jobs that are not to be done any more.
    DiscardJobs { jobs: Vec<String> },
    /// A letter that the platform has been sent before.
    ResendLetter { letter: LetterKind },
    /// Secrets of a platform, rules or templates, which hold without a restart. Its secrets are sealed by themselves.
    Change { change: Change },
    /// Personal data and raw messages, shown to the maker for some minutes.
    Unmask { minutes: u64 },
}

#[derive(Serialize)]
struct Written<'a> {
    form: u32,
    payload: &'a Payload,
}

#[derive(Deserialize)]
struct Read {
    form: u32,
    payload: Payload,
}

impl Payload {
    /// The stable name; a decision has one for each act.
    pub fn kind(&self) -> String {
        match self {
            Self::OpeningKeys { .. } => "opening-keys".to_owned(),
            Self::Decision { decision } => format!("act-{}", decision.act().name()),
            Self::RetryJobs { .. } => "retry-jobs".to_owned(),
            Self::DiscardJobs { .. } => "discard-jobs".to_owned(),
            Self::ResendLetter { .. } => "resend-letter".to_owned(),
            Self::Change { .. } => "change".to_owned(),
            Self::Unmask { .. } => "unmask".to_owned(),
        }
    }

    /// As it is stored, sealed.
    pub(super) fn to_text(&self) -> Result<Zeroizing<String>, serde_json::Error> {
        serde_json::to_string(&Written { form: FORM, payload: self }).map(Zeroizing::new)
    }

    /// What [`Self::to_text`] gave; None for anything else.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let read: Read = serde_json::from_str(text).ok()?;
        (read.form == FORM).then_some(read.payload)
    }
}

/// A key and the guarantee that it opens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PastedKey {
    pub guarantee: GuaranteeId,
    pub application: ApplicationNumber,
    pub key: KeptKey,
}

/// A section's key while it waits for its approval. Debug prints nothing, and it is wiped when dropped.
#[derive(Clone, PartialEq, Eq, zeroize::ZeroizeOnDrop)]
pub struct KeptKey(Zeroizing<Vec<u8>>);

impl KeptKey {
    pub fn new(key: &SectionKey) -> Self {
        Self(key.to_bytes())
    }

    /// None where it has another length than a key's.
    pub fn section_key(&self) -> Option<SectionKey> {
        SectionKey::from_bytes(&self.0)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for KeptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeptKey")
    }
}

impl Serialize for KeptKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(hex::encode(self.0.as_slice())))
    }
}

impl<'de> Deserialize<'de> for KeptKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let bytes = hex::decode(text.as_str()).map_err(serde::de::Error::custom)?;
        Ok(Self(Zeroizing::new(bytes)))
    }
}
