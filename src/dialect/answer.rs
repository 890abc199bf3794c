//! What a platform answered to a message of ours.

use std::borrow::Cow;
use std::fmt;

use super::action::Action;
use super::lexeme::{self, Lexeme, Member};
use super::meaning::Meaning;
use super::open::find;
use super::profile::Profile;
use super::table::{AnswerField, Interface};
use crate::domain::abnormality::{Abnormality, AbnormalityKind};

/// As much of a platform's message as is kept, in characters.
const LONGEST_MESSAGE: usize = 200;

/// A platform's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub verdict: Verdict,
    /// The platform's words, shortened; of an unreadable answer, how it begins.
    pub message: String,
    pub public_key: Option<String>,
    pub abnormal_sections: Vec<AbnormalSection>,
    /// How many sections were told of besides in a way that can't be read, such as with a status that the dialect does
    /// not have.
    pub unreadable_sections: usize,
}

/// A tender section that a platform reports as abnormal (公共资源 三(十二)).
#[derive(Clone, PartialEq, Eq)]
pub struct AbnormalSection {
    pub number: String,
    pub abnormality: Abnormality,
}

impl fmt::Debug for AbnormalSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbnormalSection").field("abnormality", &self.abnormality).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The success code, as text or as a number.
    Accepted,
    /// Any other code.
    Rejected,
    /// No JSON object with a code in it, such as a proxy's HTML page.
    Unreadable,
}

impl Profile {
    /// Whether the platform can be asked which tender sections have become abnormal.
    pub fn reports_sections(&self) -> bool {
        self.outbound.iter().any(|it| it.interface.does == Action::AbnormalSections)
    }

    /// Reads the answer to a message that was sent to `interface`, whatever the HTTP status was.
    pub fn read_answer(&self, interface: &str, body: &[u8]) -> Answer {
        let unreadable = || Answer {
            verdict: Verdict::Unreadable,
            message: shortened(&String::from_utf8_lossy(body.get(..1024).unwrap_or(body))),
            public_key: None,
            abnormal_sections: Vec::new(),
            unreadable_sections: 0,
        };
        let members = std::str::from_utf8(body).ok().and_then(|text| lexeme::members(text).ok());
        let Some(members) = members else { return unreadable() };
        let Some(code) = find(&members, &self.reply.code).map(Lexeme::text).filter(|code| !code.is_empty())
        else {
            return unreadable();
        };
        let verdict = if code == self.reply.success { Verdict::Accepted } else { Verdict::Rejected };
        let asked = self.outbound.iter().find(|it| it.interface.name == interface).map(|it| &it.interface);
        let place = asked.and_then(|it| it.answer_field(Meaning::PublicKey));
        let public_key = place.zip(asked).and_then(|(place, asked)| {
            if place.within.is_none() && self.wrapping.is_none() {
                return find(&members, &place.name).map(|key| key.text().to_owned());
            }
            let data = self.answer_data(asked, place, &members)?;
            let nested = lexeme::members(std::str::from_utf8(&data).ok()?).ok()?;
            find(&nested, &place.name).map(|key| key.text().to_owned())
        });
        let list =
            asked.filter(|it| it.does == Action::AbnormalSections).and_then(|it| self.sections(it, &members));
        // An answer without a readable list would hide every section of it.
        let verdict = match (asked, &list) {
            (Some(asked), None) if asked.does == Action::AbnormalSections && verdict == Verdict::Accepted => {
                Verdict::Unreadable
            }
            _ => verdict,
        };
        let list = list.unwrap_or_default();
        let told = list.len();
        let abnormal_sections: Vec<_> = list.into_iter().flatten().collect();
        let message = find(&members, &self.reply.message).map_or("", Lexeme::text);
        Answer {
            verdict,
            message: shortened(message),
            public_key: public_key.filter(|key| !key.is_empty()),
            unreadable_sections: told - abnormal_sections.len(),
            abnormal_sections,
        }
    }

    /// The object in which an answer's row stands. It may come as an object or as its text, and behind a wrapper
    /// encrypted.
    fn answer_data<'m>(
        &self,
        interface: &Interface,
        row: &AnswerField,
        members: &'m [Member<'_>],
    ) -> Option<Cow<'m, [u8]>> {
        let within = row.within.as_deref().unwrap_or(&self.reply.data);
        let text = find(members, within.split('.').next()?)?.text();
        match &self.wrapping {
            Some(wrapping) if !text.trim_start().starts_with('{') => {
                self.decrypt_answer(wrapping, interface, text, members).map(Cow::Owned)
            }
            _ => Some(Cow::Borrowed(text.as_bytes())),
        }
    }

    /// The rows of the list of abnormal sections, each where it can be read. `None` where the list can't; no list is an
    /// empty one.
    fn sections(
        &self,
        interface: &Interface,
        members: &[Member<'_>],
    ) -> Option<Vec<Option<AbnormalSection>>> {
        let number = interface.answer_field(Meaning::SectionNumber)?;
        let (object, list) = number.within.as_deref()?.trim_end_matches("[]").split_once('.')?;
        if find(members, object).is_none_or(|data| data.text().is_empty()) {
            return Some(Vec::new());
        }
        let data = self.answer_data(interface, number, members)?;
        let data: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&data).ok()?;
        let rows = match data.get(list) {
            None | Some(serde_json::Value::Null) => return Some(Vec::new()),
            Some(rows) => rows.as_array()?,
        };
        Some(rows.iter().map(|row| self.section(interface, row)).collect())
    }

    fn section(&self, interface: &Interface, row: &serde_json::Value) -> Option<AbnormalSection> {
        let text = |meaning| {
            let field = interface.answer_field(meaning)?;
            match row.get(&field.name)? {
                serde_json::Value::String(text) => Some(text.clone()),
                serde_json::Value::Number(number) => Some(number.to_string()),
                _ => None,
            }
        };
        let status = text(Meaning::SectionStatus)?;
        let words = &interface.answer_field(Meaning::SectionStatus)?.values;
        let kind = match words.iter().find(|(_, wire)| **wire == status)?.0.as_str() {
            "failed" => AbnormalityKind::Failed,
            "terminated" => AbnormalityKind::Terminated,
            "suspended" => AbnormalityKind::Suspended,
            _ => AbnormalityKind::Voided,
        };
        let own = interface.answer_field(Meaning::DecidedAt).and_then(|it| it.format.as_deref());
        Some(AbnormalSection {
            number: text(Meaning::SectionNumber)?,
            abnormality: Abnormality {
                kind,
                remark: text(Meaning::Remark).unwrap_or_default(),
                decided_at: self.moments.read_loosely(&text(Meaning::DecidedAt)?, own)?,
            },
        })
    }
}

fn shortened(text: &str) -> String {
    text.trim().chars().filter(|letter| !letter.is_control()).take(LONGEST_MESSAGE).collect()
}
