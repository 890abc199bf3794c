//! From a notice to the bytes that a platform receives.

use std::borrow::Cow;

use jiff::Timestamp;

use super::action::Action;
use super::digest::Signed;
use super::json;
use super::meaning::Meaning;
use super::profile::{Outbound, Profile};
use super::table::{Condition, Field};
use crate::domain::claim::{ClaimResult, ClaimStatus};
use crate::domain::guarantee::LetterKind;
use crate::domain::identity::{ApplicationNumber, GuaranteeNumber};
use crate::domain::notice::{ApplicationResult, InvoiceResult, Notice};

/// What the gateway tells a platform.
#[derive(Clone, Copy, Debug)]
pub enum Message<'a> {
    Notice(&'a Notice),
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
}

/// A value of a message, before it is written as the platform has it.
enum Value<'a> {
    Text(&'a str),
    Written(String),
    Moment(Timestamp),
    /// One of [`Meaning::words`].
    Word(&'static str),
}

impl Message<'_> {
    pub fn action(&self) -> Action {
        match self {
            Self::Notice(Notice::ApplicationResult(_)) => Action::ApplicationResult,
            Self::Notice(Notice::InvoiceResult(_)) => Action::InvoiceResult,
            Self::Notice(Notice::SurrenderResult(_)) => Action::SurrenderResult,
            Self::Notice(Notice::ClaimResult { .. }) => Action::ClaimResult,
            Self::Notice(Notice::WaiverRequest { .. }) => Action::WaiverRequest,
            Self::PublicKey { .. } => Action::PublicKey,
            Self::Slice { .. } => Action::Slice,
            Self::Completion { .. } => Action::Completion,
        }
    }
}

impl Profile {
    /// Writes a message. `now` is its time of sending.
    ///
    /// # Errors
    /// When the dialect does not have such a message, or a value is missing or too long for it.
    pub fn compose(&self, message: &Message<'_>, now: Timestamp) -> Result<Outgoing, ComposeError> {
        let action = message.action();
        let outbound = self
            .outbound
            .iter()
            .find(|it| it.interface.does == action)
            .ok_or(ComposeError::NotSpoken(action.name()))?;
        let mut fields = self.fields(outbound, message, now)?;
        if self.digest_in_header {
            fields.retain(|(field, _)| field.is != Some(Meaning::Digest));
        }
        let mut digest = String::new();
        if !self.digest_in_header {
            digest = self.digester.sign(&signed(&fields), "");
        }

        let size: usize = fields.iter().map(|(field, value)| field.name.len() + value.len() + 8).sum();
        let mut body = Vec::with_capacity(size + 256);
        body.push(b'{');
        for (field, value) in &fields {
            let digest_goes_here = field.is == Some(Meaning::Digest);
            json::write_member(&mut body, &field.name, if digest_goes_here { &digest } else { value });
        }
        body.push(b'}');
        let digest_header = self.digest_header().map(|header| {
            let text = std::str::from_utf8(&body).unwrap_or_default();
            (header.to_owned(), self.digester.sign(&signed(&fields), text))
        });
        Ok(Outgoing {
            interface: outbound.interface.name.clone(),
            url: outbound.url.clone(),
            content_type: self.envelope.content_type.clone(),
            digest_header,
            body,
        })
    }

    /// The fields to be sent, in the table's order; the digest's own is empty.
    fn fields<'a>(
        &'a self,
        outbound: &'a Outbound,
        message: &Message<'a>,
        now: Timestamp,
    ) -> Result<Vec<(&'a Field, Cow<'a, str>)>, ComposeError> {
        let interface = &outbound.interface;
        let valued: Vec<_> =
            interface.fields.iter().map(|field| (field, self.value(field, message, now))).collect();
        let holds = |condition: &Condition| {
            let other = valued.iter().find(|(field, _)| field.name == condition.field);
            let value = other.and_then(|(_, value)| value.as_deref()).unwrap_or_default();
            condition.is.iter().any(|it| it == value)
        };
        let mut fields = Vec::with_capacity(valued.len());
        for (field, value) in &valued {
            let needed = field.when.as_ref().map_or(field.required, holds);
            let value = match value.as_ref().filter(|value| !value.is_empty()) {
                Some(value) => value.clone(),
                None if field.is == Some(Meaning::Digest) => Cow::Borrowed(""),
                None if needed => {
                    return Err(ComposeError::Missing {
                        interface: interface.name.clone(),
                        field: field.name.clone(),
                        clause: interface.clause.clone(),
                    });
                }
                None if field.required => Cow::Borrowed(""),
                None => continue,
            };
            let found = || value.chars().count();
            if let Some(longest) = field.length.filter(|longest| value.len() > *longest && found() > *longest)
            {
                return Err(ComposeError::TooLong {
                    interface: interface.name.clone(),
                    field: field.name.clone(),
                    clause: interface.clause.clone(),
                    longest,
                    found: found(),
                });
            }
            fields.push((*field, value));
        }
        Ok(fields)
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
            Value::Moment(instant) => Cow::Owned(self.moments.write(instant)),
            Value::Word(word) => Cow::Borrowed(field.values.get(word)?),
        })
    }
}

fn signed<'f>(fields: &'f [(&Field, Cow<'_, str>)]) -> Vec<Signed<'f>> {
    fields.iter().map(|(field, value)| Signed { name: &field.name, value, null: false }).collect()
}

fn of_message<'a>(message: &Message<'a>, meaning: Meaning) -> Option<Value<'a>> {
    match *message {
        Message::Notice(notice) => of_notice(notice, meaning),
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
        Notice::InvoiceResult(result) => of_invoice_result(result, meaning),
        Notice::SurrenderResult(result) => match meaning {
            Meaning::Outcome => Some(outcome(result.surrendered_at.is_some())),
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

/// 海南 A.13. The payer's and the beneficiary's names are the holders of their accounts.
fn of_claim_result(result: &ClaimResult, meaning: Meaning) -> Option<Value<'_>> {
    let (payer, beneficiary) = (&result.payer, &result.beneficiary);
    match meaning {
        Meaning::ClaimStatus => Some(Value::Word(match result.status {
            ClaimStatus::ToBePaid => "to-be-paid",
            ClaimStatus::Paid => "paid",
            ClaimStatus::Rejected => "rejected",
            ClaimStatus::Other => "other",
        })),
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
