//! The journal: every exchange in both directions, in order, and a signal whenever one is added.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;

use super::letter::Letter;

/// Who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// The institution called the platform.
    Received,
    /// The platform called the institution.
    Pushed,
}

/// How an exchange ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "text")]
pub enum Outcome {
    /// The answer was `1`.
    Accepted,
    /// The answer was `0`, with this message.
    Refused(String),
    /// The fault script did something instead of answering, or on top of it.
    Faulted(String),
    /// A push that got no answer, or one that is no answer of this protocol.
    Failed(String),
}

/// What a received request has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Effect {
    Approved {
        baohanno: String,
    },
    Declined,
    PublicKeyGiven,
    SliceStored {
        letter: Letter,
        index: u64,
    },
    LetterAccepted {
        letter: Letter,
        bytes: usize,
        pages: usize,
    },
    InvoiceNoted {
        issued: bool,
    },
    SurrenderNoted {
        agreed: bool,
    },
    ClaimResultNoted {
        status: String,
    },
    Waived,
    /// A state of PREP102.
    StateNoted {
        state: String,
    },
    Cancelled,
    /// Sections of which something has been told: they were aborted, suspended or annulled.
    AbnormalSectionsGiven {
        sections: usize,
    },
}

impl fmt::Display for Effect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approved { baohanno } => write!(formatter, "guarantee {baohanno} noted"),
            Self::Declined => formatter.write_str("application declined"),
            Self::PublicKeyGiven => formatter.write_str("public key given"),
            Self::SliceStored { letter, index } => {
                write!(formatter, "slice {index} of the {} letter", letter.name())
            }
            Self::LetterAccepted { letter, bytes, pages } => {
                write!(formatter, "{} letter accepted ({bytes} bytes, {pages} pages)", letter.name())
            }
            Self::InvoiceNoted { issued: true } => formatter.write_str("invoice noted"),
            Self::InvoiceNoted { issued: false } => formatter.write_str("invoice refused by the institution"),
            Self::SurrenderNoted { agreed: true } => formatter.write_str("guarantee surrendered"),
            Self::SurrenderNoted { agreed: false } => {
                formatter.write_str("surrender refused by the institution")
            }
            Self::ClaimResultNoted { status } => write!(formatter, "claim result {status} noted"),
            Self::StateNoted { state } => write!(formatter, "state {state} noted"),
            Self::Cancelled => formatter.write_str("guarantee cancelled"),
            Self::Waived => formatter.write_str("application given up"),
            Self::AbnormalSectionsGiven { sections } => {
                write!(formatter, "{sections} abnormal sections told")
            }
        }
    }
}

/// One request and its answer.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// Counts from 1 without gaps.
    pub number: u64,
    pub at: Timestamp,
    pub direction: Direction,
    pub interface: String,
    pub applyno: Option<String>,
    pub outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// The same content was accepted before; the effect was not repeated.
    pub duplicate: bool,
    /// Length of the request's body, where it was read.
    pub bytes: usize,
}

impl fmt::Display for Exchange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrow = match self.direction {
            Direction::Received => "<-",
            Direction::Pushed => "->",
        };
        let time = crate::clock::to_wire(self.at);
        let applyno = self.applyno.as_deref().unwrap_or("-");
        write!(formatter, "{time} {arrow} {:<24} {applyno}  ", self.interface)?;
        match &self.outcome {
            Outcome::Accepted => formatter.write_str("ok")?,
            Outcome::Refused(message) => write!(formatter, "refused: {message}")?,
            Outcome::Faulted(act) => write!(formatter, "fault: {act}")?,
            Outcome::Failed(error) => write!(formatter, "failed: {error}")?,
        }
        if let Some(effect) = &self.effect {
            write!(formatter, ", {effect}")?;
        }
        if self.duplicate { formatter.write_str(", again") } else { Ok(()) }
    }
}

/// An exchange that has not been entered yet; the journal gives it its number.
pub struct Entry {
    pub direction: Direction,
    pub interface: String,
    pub applyno: Option<String>,
    pub outcome: Outcome,
    pub effect: Option<Effect>,
    pub duplicate: bool,
    pub bytes: usize,
}

/// All exchanges since the start.
pub struct Journal {
    exchanges: Mutex<Vec<Arc<Exchange>>>,
    changed: watch::Sender<u64>,
}

impl Default for Journal {
    fn default() -> Self {
        Self { exchanges: Mutex::default(), changed: watch::Sender::new(0) }
    }
}

impl Journal {
    pub fn enter(&self, at: Timestamp, entry: Entry) {
        let number = {
            let mut exchanges = self.lock();
            let number = u64::try_from(exchanges.len()).unwrap_or(u64::MAX).saturating_add(1);
            exchanges.push(Arc::new(Exchange {
                number,
                at,
                direction: entry.direction,
                interface: entry.interface,
                applyno: entry.applyno,
                outcome: entry.outcome,
                effect: entry.effect,
                duplicate: entry.duplicate,
                bytes: entry.bytes,
            }));
            number
        };
        self.changed.send_modify(|latest| *latest = (*latest).max(number));
    }

    /// Everything, oldest first.
    pub fn all(&self) -> Vec<Arc<Exchange>> {
        self.since(0)
    }

    /// What came after the exchange of this number.
    pub fn since(&self, number: u64) -> Vec<Arc<Exchange>> {
        let skip = usize::try_from(number).unwrap_or(usize::MAX);
        self.lock().iter().skip(skip).cloned().collect()
    }

    /// What concerns one application.
    pub fn of(&self, applyno: &str) -> Vec<Arc<Exchange>> {
        self.lock().iter().filter(|exchange| exchange.applyno.as_deref() == Some(applyno)).cloned().collect()
    }

    /// How many exchanges satisfy a condition.
    pub fn count(&self, condition: impl Fn(&Exchange) -> bool) -> usize {
        self.lock().iter().filter(|exchange| condition(exchange)).count()
    }

    /// Changes with each entry; its value is the latest number.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Waits until a condition holds, looking again at each entry. `false` when the time is over.
    pub async fn wait_until(&self, condition: impl Fn() -> bool, timeout: Duration) -> bool {
        let mut changes = self.watch();
        let wait = async {
            loop {
                changes.mark_unchanged();
                if condition() {
                    return true;
                }
                if changes.changed().await.is_err() {
                    return false;
                }
            }
        };
        tokio::time::timeout(timeout, wait).await.unwrap_or(false)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Exchange>>> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
