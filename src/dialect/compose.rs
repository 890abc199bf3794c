//! From a notice to the bytes that a platform receives.

use std::borrow::Cow;

use jiff::Timestamp;

use super::action::Action;
use super::digest::Signed;
use super::json;
use super::meaning::Meaning;
use super::profile::{Outbound, Profile};
use super::response::LetterFile;
use super::table::{Condition, Field, Interface};
use crate::crypto::CipherError;
use crate::domain::claim::ClaimResult;
use crate::domain::guarantee::LetterKind;
use crate::domain::identity::{ApplicationNumber, GuaranteeNumber};
use crate::domain::notice::{ApplicationResult, InvoiceResult, Notice, Progress, ProgressStep};

/// What the gateway tells a platform.
#[derive(Clone, Copy, Debug)]
pub enum Message<'a> {
    Notice(&'a Notice),
    /// A notice with the letter that it is about.
    Enclosing {
        notice: &'a Notice,
        file: &'a LetterFile,
        /// Where the same file can be fetched.
        url: Option<&'a str>,
    },
    /// Asks which tender sections have become abnormal since then.
    AbnormalSections {
        since: Timestamp,
    },
    /// Asks for the key to which the file's key is encrypted.
    PublicKey {
        application: &'a ApplicationNumber,
    },
    Slice {
        application: &'a ApplicationNumber,
        guarantee: &'a GuaranteeNumber,
        letter: LetterKind,
        /// Counted from 0; the dialect's base is added.
        index: u64,
        /// In its text form.
        data: &'a str,
    },
    /// Every slice has arrived. Key and IV are encrypted and in their text form.
    Completion {
        application: &'a ApplicationNumber,
        guarantee: &'a GuaranteeNumber,
        letter: LetterKind,
        key: &'a str,
        iv: &'a str,
        file_digest: &'a str,
    },
}

/// A request to a platform, to be sent as it is by POST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The interface's name.
    pub interface: String,
    pub url: String,
    pub content_type: String,
    /// Name and value of the header that carries the digest, where the body does not.
    pub digest_header: Option<(String, String)>,
    pub body: Vec<u8>,
}

/// A message that the dialect can't say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    #[error("the dialect has no interface that does `{0}`")]
    NotSpoken(&'static str),
    #[error("{interface}: `{field}`: expected a value, found none ({clause})")]
    Missing { interface: String, field: String, clause: String },
    #[error("{interface}: `{field}`: expected at most {longest} characters, found {found} ({clause})")]
    TooLong { interface: String, field: String, clause: String, longest: usize, found: usize },
    #[error("{interface}: the message can't be encrypted: {error}")]
    Unencrypted { interface: String, error: CipherError },
}

/// A value of a message, before it is written as the platform has it.
pub(super) enum Value<'a> {
    Text(&'a str),
    Written(String),
    Moment(Timestamp),
    /// One of [`Meaning::words`].
    Word(&'static str),
}

impl Message<'_> {
    /// What it does where the platform has an interface for it alone.
    pub fn action(&self) -> Action {
        match self {
            Self::Notice(notice) | Self::Enclosing { notice, .. } => action(notice),
            Self::AbnormalSections { .. } => Action::AbnormalSections,
            Self::PublicKey { .. } => Action::PublicKey,
            Self::Slice { .. } => Action::Slice,
            Self::Completion { .. } => Action::Completion,
        }
    }
}

fn action(notice: &Notice) -> Action {
    match notice {
        Notice::ApplicationResult(_) => Action::ApplicationResult,
        Notice::Progress(_) => Action::ApplicationStatus,
        Notice::RestorationResult { .. } => Action::RestorationResult,
        Notice::InvoiceResult(_) => Action::InvoiceResult,
        Notice::SurrenderResult(_) => Action::SurrenderResult,
        Notice::ClaimResult { .. } => Action::ClaimResult,
        Notice::CancellationResult { .. } => Action::CancellationResult,
        Notice::WaiverRequest { .. } => Action::WaiverRequest,
    }
}

impl Profile {
    /// Writes a message. `now` is its time of sending.
    ///
    /// # Errors
    /// When the dialect does not have such a message, or a value is missing or too long for it.
    pub fn compose(&self, message: &Message<'_>, now: Timestamp) -> Result<Outgoing, ComposeError> {
        let outbound = match message {
            Message::Notice(notice) | Message::Enclosing { notice, .. } => self.spoken(notice),
            _ => self.outbound.iter().find(|it| it.interface.does == message.action()),
        };
        let outbound = outbound.ok_or(ComposeError::NotSpoken(message.action().name()))?;
        let interface = &outbound.interface;
        let value = |field| self.value(field, message, now);
        let mut fields = written(interface, &interface.clause, &interface.fields, value)?;
        if let Some(wrapping) = &self.wrapping {
            let body = self.wrap(wrapping, interface, &object(&fields, ""), now)?;
            return Ok(self.outgoing(outbound, body, None));
        }
        if self.digest_in_header {
            fields.retain(|(field, _)| field.is != Some(Meaning::Digest));
        }
        let mut digest = String::new();
        if !self.digest_in_header {
            digest = self.digester.sign(&signed(&fields), "");
        }

        let body = object(&fields, &digest);
        let digest_header = self.digest_header().map(|header| {
            let text = std::str::from_utf8(&body).unwrap_or_default();
            (header.to_owned(), self.digester.sign(&signed(&fields), text))
        });
        Ok(self.outgoing(outbound, body, digest_header))
    }

    fn outgoing(
        &self,
        outbound: &Outbound,
        body: Vec<u8>,
        digest_header: Option<(String, String)>,
    ) -> Outgoing {
        Outgoing {
            interface: outbound.interface.name.clone(),
            url: outbound.url.clone(),
            content_type: self.envelope.content_type.clone(),
            digest_header,
            body,
        }
    }

    /// The interface that says a notice: one that does just that, or one that tells every step of an application.
    /// None where the platform has none, or no word for what happened.
    fn spoken(&self, notice: &Notice) -> Option<&Outbound> {
        let does = |action| self.outbound.iter().find(move |it| it.interface.does == action);
        does(action(notice))
            .filter(|it| self.has_words(&it.interface, notice))
            .or_else(|| does(Action::ApplicationStatus).filter(|it| self.has_words(&it.interface, notice)))
    }

    /// An interface without a word for the outcome is called only to tell a success.
    fn has_words(&self, interface: &Interface, notice: &Notice) -> bool {
        let refused = matches!(notice, Notice::SurrenderResult(result) if result.surrendered_at.is_none());
        let of_steps = interface.does == Action::ApplicationStatus;
        let tells_outcome = of_steps || interface.field(Meaning::Outcome).is_some();
        (tells_outcome || !refused)
            && [Meaning::ApplicationStatus, Meaning::ClaimStatus].into_iter().all(|meaning| {
                let Some(field) = interface.field(meaning) else { return true };
                match of_notice(notice, meaning) {
                    Some(Value::Word(word)) => field.values.contains_key(word),
                    _ => false,
                }
            })
    }

    /// Whether the platform can be told this at all. What it has no interface and no word for, it learns by another
    /// way.
    pub fn speaks(&self, notice: &Notice) -> bool {
        self.spoken(notice).is_some()
    }

    /// Whether the platform gets the letter within this notice.
    pub fn encloses(&self, notice: &Notice) -> bool {
        self.spoken(notice).is_some_and(|it| it.interface.field(Meaning::LetterFile).is_some())
    }

    fn value<'a>(&'a self, field: &'a Field, message: &Message<'a>, now: Timestamp) -> Option<Cow<'a, str>> {
        if let Some(constant) = &field.constant {
            return Some(Cow::Borrowed(constant));
        }
        let value = match field.is? {
            Meaning::AppKey => Value::Text(&self.app_key),
            Meaning::Timestamp => Value::Moment(now),
            Meaning::PlatformCode => Value::Text(self.platform_codes.first()?),
            Meaning::SliceIndex => match message {
                Message::Slice { index, .. } => {
                    Value::Written(index.saturating_add(self.upload().index_base).to_string())
                }
                _ => return None,
            },
            meaning => of_message(message, meaning)?,
        };
        Some(match value {
            Value::Text(text) => Cow::Borrowed(text),
            Value::Written(text) => Cow::Owned(text),
            Value::Moment(instant) => Cow::Owned(self.moments.write(instant, field.format.as_deref())),
            Value::Word(word) => Cow::Borrowed(field.values.get(word)?),
        })
    }
}

/// The fields to be sent, in the table's order; the digest's own is empty. `clause` lists them, and `interface` is what
/// they are sent to.
pub(super) fn written<'f, 'v>(
    interface: &Interface,
    clause: &str,
    fields: &'f [Field],
    value: impl Fn(&'f Field) -> Option<Cow<'v, str>>,
) -> Result<Vec<(&'f Field, Cow<'v, str>)>, ComposeError> {
    let valued: Vec<_> = fields.iter().map(|field| (field, value(field))).collect();
    let holds = |condition: &Condition| {
        let other = valued.iter().find(|(field, _)| field.name == condition.field);
        let value = other.and_then(|(_, value)| value.as_deref()).unwrap_or_default();
        condition.is.iter().any(|it| it == value)
    };
    let mut fields = Vec::with_capacity(valued.len());
    for (field, value) in &valued {
        let needed = field.when.as_ref().map_or(field.required, holds);
        // What is told under a condition is not told where the condition does not hold, but for people's own words.
        let own_words = !field.required && matches!(field.is, Some(Meaning::FailureReason | Meaning::Remark));
        let silent = field.when.is_some() && !needed && !own_words;
        let value = match value.as_ref().filter(|value| !value.is_empty() && !silent) {
            Some(value) => value.clone(),
            None if field.is == Some(Meaning::Digest) => Cow::Borrowed(""),
            None if needed => {
                return Err(ComposeError::Missing {
                    interface: interface.name.clone(),
                    field: field.name.clone(),
                    clause: clause.to_owned(),
                });
            }
            None if field.required => Cow::Borrowed(""),
            None => continue,
        };
        let found = || value.chars().count();
        let limit = field.length.filter(|_| !field.is.is_some_and(Meaning::echoes));
        if let Some(longest) = limit.filter(|longest| value.len() > *longest && found() > *longest) {
            if field.omit_if_long && !needed {
                continue;
            }
            if field.is.is_some_and(Meaning::is_prose) {
                fields.push((*field, Cow::Owned(cut(&value, longest))));
                continue;
            }
            return Err(ComposeError::TooLong {
                interface: interface.name.clone(),
                field: field.name.clone(),
                clause: clause.to_owned(),
                longest,
                found: found(),
            });
        }
        fields.push((*field, value));
    }
    Ok(fields)
}

/// As much of a text as there is room for, in characters, and a sign that there was more.
pub(super) fn cut(text: &str, longest: usize) -> String {
    text.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
}

/// The JSON of these fields, with the digest in its place.
pub(super) fn object(fields: &[(&Field, Cow<'_, str>)], digest: &str) -> Vec<u8> {
    let size: usize = fields.iter().map(|(field, value)| field.name.len() + value.len() + 8).sum();
    let mut object = Vec::with_capacity(size + 256);
    object.push(b'{');
    for (field, value) in fields {
        let digest_goes_here = field.is == Some(Meaning::Digest);
        json::write_member(&mut object, &field.name, if digest_goes_here { digest } else { value });
    }
    object.push(b'}');
    object
}

pub(super) fn signed<'f>(fields: &'f [(&Field, Cow<'_, str>)]) -> Vec<Signed<'f>> {
    fields.iter().map(|(field, value)| Signed { name: &field.name, value, null: false }).collect()
}

fn of_message<'a>(message: &Message<'a>, meaning: Meaning) -> Option<Value<'a>> {
    match *message {
        Message::Notice(notice) => of_notice(notice, meaning),
        Message::Enclosing { notice, file, url } => match meaning {
            Meaning::LetterFile => Some(Value::Text(&file.base64)),
            Meaning::LetterUrl => url.map(Value::Text),
            _ => of_notice(notice, meaning),
        },
        Message::AbnormalSections { since } => match meaning {
            Meaning::UpdatedSince => Some(Value::Moment(since)),
            _ => None,
        },
        Message::PublicKey { application } => identity(Some(application), None, meaning),
        Message::Slice { application, guarantee, letter, data, .. } => match meaning {
            Meaning::SliceData => Some(Value::Text(data)),
            Meaning::Letter => Some(Value::Word(letter.name())),
            _ => identity(Some(application), Some(guarantee), meaning),
        },
        Message::Completion { application, guarantee, letter, key, iv, file_digest } => match meaning {
            Meaning::WrappedKey => Some(Value::Text(key)),
            Meaning::WrappedIv => Some(Value::Text(iv)),
            Meaning::FileDigest => Some(Value::Text(file_digest)),
            Meaning::Letter => Some(Value::Word(letter.name())),
            _ => identity(Some(application), Some(guarantee), meaning),
        },
    }
}

fn of_notice(notice: &Notice, meaning: Meaning) -> Option<Value<'_>> {
    match notice {
        Notice::ApplicationResult(result) => of_application_result(result, meaning),
        Notice::Progress(progress) => of_progress(progress, meaning),
        Notice::RestorationResult { application, guarantee } => {
            identity(Some(application), Some(guarantee), meaning)
        }
        Notice::CancellationResult { application, guarantee, at, text } => match meaning {
            Meaning::CancelledAt => Some(Value::Moment(*at)),
            Meaning::Remark => optional(text.as_ref()),
            _ => identity(Some(application), Some(guarantee), meaning),
        },
        Notice::InvoiceResult(result) => of_invoice_result(result, meaning),
        Notice::SurrenderResult(result) => match meaning {
            Meaning::Outcome => Some(outcome(result.surrendered_at.is_some())),
            Meaning::ApplicationStatus => Some(Value::Word(match result.surrendered_at {
                Some(_) => "surrendered",
                None => "surrender-refused",
            })),
            Meaning::FailureReason => optional(result.reason.as_ref()),
            Meaning::SurrenderedAt => result.surrendered_at.map(Value::Moment),
            _ => identity(Some(&result.application), Some(&result.guarantee), meaning),
        },
        Notice::ClaimResult { application, guarantee, result } => {
            of_claim_result(result, meaning).or_else(|| identity(Some(application), Some(guarantee), meaning))
        }
        Notice::WaiverRequest { application } => identity(Some(application), None, meaning),
    }
}

fn identity<'a>(
    application: Option<&'a ApplicationNumber>,
    guarantee: Option<&'a GuaranteeNumber>,
    meaning: Meaning,
) -> Option<Value<'a>> {
    match meaning {
        Meaning::ApplicationNumber => application.map(|it| Value::Text(it.as_str())),
        Meaning::GuaranteeNumber => guarantee.map(|it| Value::Text(it.as_str())),
        _ => None,
    }
}

fn outcome(approved: bool) -> Value<'static> {
    Value::Word(if approved { "approved" } else { "refused" })
}

fn optional(text: Option<&String>) -> Option<Value<'_>> {
    text.map(|text| Value::Text(text))
}

fn of_application_result(result: &ApplicationResult, meaning: Meaning) -> Option<Value<'_>> {
    let terms = result.terms.as_ref();
    match meaning {
        Meaning::Outcome => Some(outcome(terms.is_some())),
        Meaning::ApplicationStatus => Some(Value::Word(if terms.is_some() { "issued" } else { "declined" })),
        Meaning::FailureReason => optional(result.reason.as_ref()),
        Meaning::GuaranteedAmount => terms.map(|it| Value::Written(it.amount.to_string())),
        Meaning::ApplicantName => terms.map(|it| Value::Text(&it.applicant)),
        Meaning::ValidFrom => terms.map(|it| Value::Moment(it.valid.0)),
        Meaning::ValidUntil => terms.map(|it| Value::Moment(it.valid.1)),
        Meaning::Issuer => Some(Value::Text(&result.issuer)),
        Meaning::IssuedAt => Some(Value::Moment(result.at)),
        Meaning::PayerName => terms.map(|it| Value::Text(&it.payer.holder)),
        Meaning::PayerAccount => terms.map(|it| Value::Text(&it.payer.number)),
        Meaning::PayerBank => optional(terms.and_then(|it| it.payer.bank.as_ref())),
        Meaning::Rate => terms.map(|it| Value::Written(it.rate.to_string())),
        Meaning::Premium => terms.map(|it| Value::Written(it.premium.to_string())),
        _ => identity(Some(&result.application), terms.map(|it| &it.guarantee), meaning),
    }
}

/// 内蒙古 10.2
fn of_progress(progress: &Progress, meaning: Meaning) -> Option<Value<'_>> {
    let step = &progress.step;
    match meaning {
        Meaning::ApplicationStatus => Some(Value::Word(match step {
            ProgressStep::Approved => "approved",
            ProgressStep::Paid { .. } => "paid",
            ProgressStep::IssueFailed { .. } => "issue-failed",
            ProgressStep::OrderCancelled => "order-cancelled",
            ProgressStep::OrderKept { .. } => "order-kept",
        })),
        Meaning::FailureReason => match step {
            ProgressStep::IssueFailed { reason } | ProgressStep::OrderKept { reason } => {
                Some(Value::Text(reason))
            }
            _ => None,
        },
        Meaning::PaidAt | Meaning::Premium | Meaning::PaymentMethod => match step {
            ProgressStep::Paid { at, premium, method } => Some(match meaning {
                Meaning::PaidAt => Value::Moment(*at),
                Meaning::Premium => Value::Written(premium.to_string()),
                _ => Value::Word(method.name()),
            }),
            _ => None,
        },
        _ => identity(Some(&progress.application), None, meaning),
    }
}

fn of_invoice_result(result: &InvoiceResult, meaning: Meaning) -> Option<Value<'_>> {
    let invoice = result.invoice.as_ref();
    match meaning {
        Meaning::Outcome => Some(outcome(invoice.is_some())),
        Meaning::InvoiceUrl => optional(invoice.and_then(|it| it.url.as_ref())),
        Meaning::InvoiceCode => optional(invoice.and_then(|it| it.code.as_ref())),
        Meaning::InvoiceNumber => optional(invoice.and_then(|it| it.number.as_ref())),
        _ => identity(Some(&result.application), Some(&result.guarantee), meaning),
    }
}

/// 海南 A.13, 内蒙古 10.6. The payer's and the beneficiary's names are the holders of their accounts.
fn of_claim_result(result: &ClaimResult, meaning: Meaning) -> Option<Value<'_>> {
    let (payer, beneficiary) = (&result.payer, &result.beneficiary);
    match meaning {
        Meaning::ClaimStatus => Some(Value::Word(result.status.name())),
        Meaning::PaidAt => result.paid_at.map(Value::Moment),
        Meaning::Remark => optional(result.remark.as_ref()),
        Meaning::PaidAmount => Some(Value::Written(result.amount.to_string())),
        Meaning::PayerName => Some(Value::Text(&payer.account.holder)),
        Meaning::PayerCode => Some(Value::Text(&payer.code)),
        Meaning::PayerContact => optional(payer.contact.name.as_ref()),
        Meaning::PayerPhone => optional(payer.contact.phone.as_ref()),
        Meaning::PayerAccount => Some(Value::Text(&payer.account.number)),
        Meaning::PayerBank => optional(payer.account.bank.as_ref()),
        Meaning::BeneficiaryName => Some(Value::Text(&beneficiary.account.holder)),
        Meaning::BeneficiaryCode => Some(Value::Text(&beneficiary.code)),
        Meaning::BeneficiaryContact => optional(beneficiary.contact.name.as_ref()),
        Meaning::BeneficiaryPhone => optional(beneficiary.contact.phone.as_ref()),
        Meaning::BeneficiaryAccount => Some(Value::Text(&beneficiary.account.number)),
        Meaning::BeneficiaryBank => optional(beneficiary.account.bank.as_ref()),
        _ => None,
    }
}
