//! What the platform remembers about its applications.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::applicants::Application;
use super::delivery::{Delivery, Noted};
use super::letter::Letter;
use super::progress::Progress;
use super::refusal::{Code, Refusal};
use crate::sandbox::message::Message;

/// All applications, by `applicationId`.
#[derive(Default)]
pub struct Register {
    cases: BTreeMap<String, Case>,
    /// `guaranteeId` to `applicationId`.
    guarantees: BTreeMap<String, String>,
}

/// One application from PREP101 to its end.
pub struct Case {
    pub application: Application,
    pub guarantee_id: Option<String>,
    pub progress: Progress,
    /// `guaranteeAmt` of 03.
    pub amount: Option<String>,
    /// `validTimeEnd` of 03.
    pub valid_until: Option<Timestamp>,
    pub claim: Option<Claim>,
    /// PREP107 was sent and has not been answered by PREP108.
    pub invalidation_asked: bool,
    /// Everything that was accepted, in order.
    pub noted: Vec<Noted>,
    /// Contents that contradict what was accepted, and were refused.
    pub conflicts: u32,
    pub letters: Vec<Letter>,
    /// The last push of each transaction.
    pub pushes: BTreeMap<String, Vec<(String, String)>>,
}

/// A claim that PREP105 has made.
pub struct Claim {
    /// `claimAmount`
    pub amount: String,
    /// The last `status` of PREP106.
    pub status: Option<String>,
}

impl Claim {
    /// Whether it has been paid or refused.
    pub fn is_over(&self) -> bool {
        matches!(self.status.as_deref(), Some("01" | "02"))
    }
}

impl Register {
    /// Enters an application, unless its number is known.
    pub fn add(&mut self, application: Application) {
        self.cases.entry(application.application_id.clone()).or_insert_with(|| Case::new(application));
    }

    pub fn cases(&self) -> impl Iterator<Item = &Case> {
        self.cases.values()
    }

    pub fn case(&self, application_id: &str) -> Option<&Case> {
        self.cases.get(application_id)
    }

    /// The case of an `applicationId`.
    ///
    /// # Errors
    /// 203 when the platform never sent such an application.
    pub fn known(&mut self, application_id: &str) -> Result<&mut Case, Refusal> {
        let unknown = || Refusal::new(Code::UnknownNumber, application_id);
        self.cases.get_mut(application_id).ok_or_else(unknown)
    }

    /// The case that a guarantee belongs to.
    ///
    /// # Errors
    /// 203 when no 03 has named this guarantee.
    pub fn by_guarantee(&mut self, guarantee_id: &str) -> Result<&mut Case, Refusal> {
        let application_id = self.guarantees.get(guarantee_id);
        let case = application_id.and_then(|application_id| self.cases.get_mut(application_id));
        case.ok_or_else(|| Refusal::new(Code::UnknownNumber, guarantee_id))
    }

    /// Whether a guarantee belongs to another application.
    pub fn is_anothers(&self, guarantee_id: &str, application_id: &str) -> bool {
        self.guarantees.get(guarantee_id).is_some_and(|owner| owner != application_id)
    }

    /// Gives an application its guarantee.
    pub fn name_guarantee(&mut self, guarantee_id: &str, application_id: &str) {
        self.guarantees.insert(guarantee_id.to_owned(), application_id.to_owned());
    }
}

impl Case {
    fn new(application: Application) -> Self {
        Self {
            application,
            guarantee_id: None,
            progress: Progress::BEGINNING,
            amount: None,
            valid_until: None,
            claim: None,
            invalidation_asked: false,
            noted: Vec::new(),
            conflicts: 0,
            letters: Vec::new(),
            pushes: BTreeMap::new(),
        }
    }

    /// Counts a content that was accepted before.
    pub fn repeated(&mut self, sm3: &str) -> bool {
        let before = self.noted.iter_mut().rev().find(|noted| noted.sm3 == sm3);
        before.map(|noted| noted.times += 1).is_some()
    }

    /// Remembers a content that is accepted.
    pub fn note(
        &mut self,
        at: Timestamp,
        transcode: &'static str,
        status: &str,
        content: &str,
        message: &Message,
    ) {
        self.noted.push(Noted {
            at,
            transcode,
            status: status.to_owned(),
            fields: message.fields().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            sm3: content.to_owned(),
            times: 1,
        });
    }

    /// Whether a notice of this transaction and state has been accepted.
    pub fn has(&self, transcode: &str, status: &str) -> bool {
        self.noted.iter().any(|noted| noted.transcode == transcode && noted.status == status)
    }

    /// Keeps a fetched letter, or counts it if the same bytes were fetched before.
    ///
    /// # Errors
    /// When other bytes were fetched before.
    pub fn fetched(&mut self, letter: Letter) -> Result<(), String> {
        if let Some(before) = self.letters.iter_mut().find(|before| before.sm3 == letter.sm3) {
            before.times += 1;
            return Ok(());
        }
        let first = self.letters.is_empty();
        self.letters.push(letter);
        if first { Ok(()) } else { Err("保函文件与此前查询的不一致".to_owned()) }
    }

    pub fn delivery(&self) -> Delivery {
        Delivery {
            application_id: self.application.application_id.clone(),
            guarantee_id: self.guarantee_id.clone(),
            in_force: self.progress.is_in_force(),
            noted: self.noted.clone(),
            conflicts: self.conflicts,
            letters: self.letters.clone(),
        }
    }
}
