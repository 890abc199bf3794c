//! What a platform asks, typed: the fields of a verified push as values of the domain.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::action::Action;
use super::cipher::SectionKey;
use super::meaning::Meaning;
use super::profile::Profile;
use super::rejection::RejectionKind;
use super::table::{Field, Interface};
use crate::domain::application::Application;
use crate::domain::claim::ClaimRequest;
use crate::domain::identity::{ApplicationNumber, GuaranteeNumber};
use crate::domain::invoice::{InvoiceKind, InvoiceRequest};
use crate::domain::money::Fen;
use crate::domain::party::{Contact, Party};
use crate::domain::section::{Ciphertext, SealedSection};

/// What a push asks.
#[derive(Clone, Debug)]
pub enum Request {
    Apply(Application),
    Restore { guarantee: GuaranteeNumber, opened_at: Timestamp, key: SectionKey },
    RequestInvoice { guarantee: GuaranteeNumber, request: InvoiceRequest },
    RequestSurrender { guarantee: GuaranteeNumber, reason: String },
    Cancel { guarantee: GuaranteeNumber },
    Claim { guarantee: GuaranteeNumber, request: ClaimRequest },
    Waive,
}

/// A field that breaks a rule, and the words for it.
pub(super) struct Broken {
    pub kind: RejectionKind,
    pub message: String,
}

/// The values of a request, one for each field of its interface, in its order; an absent field is empty.
pub(super) struct Values<'a> {
    pub profile: &'a Profile,
    pub interface: &'a Interface,
    pub texts: Vec<&'a str>,
}

impl<'a> Values<'a> {
    fn with_text(&self) -> impl Iterator<Item = (&'a Field, &'a str)> {
        self.interface.fields.iter().zip(self.texts.iter().copied())
    }

    pub fn broken(&self, field: &str, rule: &str) -> Broken {
        let kind =
            RejectionKind::Malformed { field: field.to_owned(), clause: self.interface.clause.clone() };
        Broken { kind, message: format!("{field} {rule}（{}）", self.interface.clause) }
    }

    /// Checks lengths, necessity and the form of ciphertext against the table.
    pub fn check(&self) -> Result<(), Broken> {
        for (field, text) in self.with_text() {
            if text.trim().is_empty() {
                self.check_absent(field)?;
                continue;
            }
            if let Some(length) = field.length {
                // A text has at most as many characters as bytes, which saves counting nearly always.
                if text.len() > length && text.chars().count() > length {
                    return Err(self.broken(&field.name, &format!("超过规定长度 {length}")));
                }
            }
            let free = field.is.is_some_and(Meaning::is_free_text);
            let control =
                |letter: char| letter.is_control() && !(free && matches!(letter, '\n' | '\r' | '\t'));
            if text.contains(control) {
                return Err(self.broken(&field.name, "不得包含控制字符"));
            }
            if field.cipher && !self.profile.cipher.is_ciphertext(text) {
                let form = self.profile.cipher.text_form();
                return Err(self.broken(&field.name, &format!("应为 SM4 密文的 {form} 文本")));
            }
        }
        self.check_platform_code()
    }

    /// The digest was there when it was verified, though perhaps in a header.
    fn check_absent(&self, field: &Field) -> Result<(), Broken> {
        if field.is == Some(Meaning::Digest) {
            return Ok(());
        }
        let Some(condition) = &field.when else {
            return if field.required { Err(self.broken(&field.name, "为必填项")) } else { Ok(()) };
        };
        let value = self.with_text().find(|(it, _)| it.name == condition.field).map_or("", |(_, text)| text);
        if !condition.is.iter().any(|it| it == value) {
            return Ok(());
        }
        let rule = format!("为必填项（{} 为 {} 时）", condition.field, condition.is.join("、"));
        Err(self.broken(&field.name, &rule))
    }

    fn check_platform_code(&self) -> Result<(), Broken> {
        let codes = &self.profile.platform_codes;
        match self.find(Meaning::PlatformCode) {
            Some((field, code))
                if !codes.is_empty() && !code.is_empty() && !codes.iter().any(|it| it == code) =>
            {
                Err(self.broken(&field.name, "不是本机构接入的平台编码"))
            }
            _ => Ok(()),
        }
    }

    fn find(&self, meaning: Meaning) -> Option<(&'a Field, &'a str)> {
        self.with_text().find(|(field, _)| field.is == Some(meaning))
    }

    /// The value of a meaning; empty where the field is absent.
    pub fn text(&self, meaning: Meaning) -> &'a str {
        self.find(meaning).map_or("", |(_, text)| text)
    }

    fn optional(&self, meaning: Meaning) -> Option<String> {
        Some(self.text(meaning)).filter(|text| !text.trim().is_empty()).map(str::to_owned)
    }

    fn required(&self, meaning: Meaning) -> Result<String, Broken> {
        self.optional(meaning).ok_or_else(|| self.broken(self.name(meaning), "为必填项"))
    }

    fn name(&self, meaning: Meaning) -> &'a str {
        self.find(meaning).map_or("", |(field, _)| field.name.as_str())
    }

    pub fn moment(&self, meaning: Meaning) -> Result<Timestamp, Broken> {
        let moments = &self.profile.moments;
        moments
            .read(self.text(meaning))
            .ok_or_else(|| self.broken(self.name(meaning), &format!("应为时间，格式 {}", moments.printed)))
    }

    fn amount(&self, meaning: Meaning) -> Result<Option<Fen>, Broken> {
        let text = self.text(meaning);
        if text.trim().is_empty() {
            return Ok(None);
        }
        let amount: Fen =
            text.parse().map_err(|error| self.broken(self.name(meaning), &format!("{error}")))?;
        if amount == Fen::ZERO {
            return Err(self.broken(self.name(meaning), "应大于 0"));
        }
        Ok(Some(amount))
    }

    fn required_amount(&self, meaning: Meaning) -> Result<Fen, Broken> {
        self.amount(meaning)?.ok_or_else(|| self.broken(self.name(meaning), "为必填项"))
    }

    /// Our word for a value that is one of a few.
    fn word(&self, meaning: Meaning) -> Result<&'a str, Broken> {
        let (field, text) = self.find(meaning).ok_or_else(|| self.broken("", "为必填项"))?;
        let known = field.values.iter().find(|(_, wire)| *wire == text);
        known.map(|(ours, _)| ours.as_str()).ok_or_else(|| {
            let allowed: Vec<_> = field.values.values().map(String::as_str).collect();
            self.broken(&field.name, &format!("应为 {} 之一", allowed.join("、")))
        })
    }

    pub fn application(&self) -> Result<ApplicationNumber, Broken> {
        self.required(Meaning::ApplicationNumber).map(ApplicationNumber::new)
    }

    fn guarantee(&self) -> Result<GuaranteeNumber, Broken> {
        self.required(Meaning::GuaranteeNumber).map(GuaranteeNumber::new)
    }

    fn contact(&self, name: Meaning, phone: Meaning) -> Contact {
        Contact { name: self.optional(name), phone: self.optional(phone) }
    }

    fn applicant(&self) -> Result<Party, Broken> {
        Ok(Party {
            name: self.required(Meaning::ApplicantName)?,
            code: self.required(Meaning::ApplicantCode)?,
        })
    }

    /// The typed request. `None` for an interface that the platform does not call.
    pub fn request(&self) -> Result<Option<Request>, Broken> {
        let request = match self.interface.does {
            Action::Apply => Request::Apply(Application {
                number: self.application()?,
                platform_code: self.optional(Meaning::PlatformCode),
                applicant: self.applicant()?,
                contact: self.contact(Meaning::ContactName, Meaning::ContactPhone),
                amount: self.required_amount(Meaning::GuaranteedAmount)?,
                section: SealedSection {
                    number: Ciphertext::new(self.required(Meaning::SectionNumber)?),
                    name: Ciphertext::new(self.required(Meaning::SectionName)?),
                    beneficiary: Ciphertext::new(self.required(Meaning::BeneficiaryName)?),
                    beneficiary_code: self.optional(Meaning::BeneficiaryCode).map(Ciphertext::new),
                },
            }),
            Action::Restore => Request::Restore {
                guarantee: self.guarantee()?,
                opened_at: self.moment(Meaning::OpenedAt)?,
                key: self.section_key()?,
            },
            Action::RequestInvoice => {
                Request::RequestInvoice { guarantee: self.guarantee()?, request: self.invoice()? }
            }
            Action::RequestSurrender => Request::RequestSurrender {
                guarantee: self.guarantee()?,
                reason: self.required(Meaning::Reason)?,
            },
            Action::Cancel => Request::Cancel { guarantee: self.guarantee()? },
            Action::Claim => Request::Claim { guarantee: self.guarantee()?, request: self.claim()? },
            Action::Waive => Request::Waive,
            Action::ApplicationResult
            | Action::PublicKey
            | Action::Slice
            | Action::Completion
            | Action::InvoiceResult
            | Action::SurrenderResult
            | Action::ClaimResult
            | Action::WaiverRequest => return Ok(None),
        };
        Ok(Some(request))
    }

    fn section_key(&self) -> Result<SectionKey, Broken> {
        let (key, iv) = (self.text(Meaning::SectionKey), self.text(Meaning::SectionIv));
        self.profile
            .cipher
            .read_key(key, iv)
            .ok_or_else(|| self.broken(self.name(Meaning::SectionKey), "不是约定格式的 SM4 密钥"))
    }

    fn invoice(&self) -> Result<InvoiceRequest, Broken> {
        Ok(InvoiceRequest {
            kind: match self.word(Meaning::InvoiceKind)? {
                "special" => InvoiceKind::Special,
                _ => InvoiceKind::Ordinary,
            },
            buyer: self.applicant()?,
            amount: self.required_amount(Meaning::InvoiceAmount)?,
            address: self.optional(Meaning::InvoiceAddress),
            phone: self.optional(Meaning::InvoicePhone),
            bank: self.optional(Meaning::InvoiceBank),
            account: self.optional(Meaning::InvoiceAccount),
            email: self.optional(Meaning::InvoiceEmail),
            mobile: self.optional(Meaning::RecipientPhone),
            recipient: self.optional(Meaning::RecipientName),
            recipient_address: self.optional(Meaning::RecipientAddress),
        })
    }

    fn claim(&self) -> Result<ClaimRequest, Broken> {
        Ok(ClaimRequest {
            amount: self.amount(Meaning::ClaimedAmount)?,
            payee_account: self.optional(Meaning::PayeeAccount),
            claimant: self.contact(Meaning::ClaimantName, Meaning::ClaimantPhone),
            reason: self.required(Meaning::Reason)?,
            evidence: self.evidence()?,
        })
    }

    /// A JSON array of objects, as text; the table names the member that is the link.
    fn evidence(&self) -> Result<Vec<String>, Broken> {
        type Item = BTreeMap<String, serde_json::Value>;
        let Some((field, text)) = self.find(Meaning::Evidence).filter(|(_, text)| !text.trim().is_empty())
        else {
            return Ok(Vec::new());
        };
        let member = field.items.as_deref().unwrap_or_default();
        let link = |mut members: Item| match members.remove(member) {
            Some(serde_json::Value::String(link)) => Some(link),
            _ => None,
        };
        let items: Option<Vec<Item>> = serde_json::from_str(text).ok();
        items
            .and_then(|items| items.into_iter().map(link).collect())
            .ok_or_else(|| self.broken(&field.name, &format!("应为 JSON 数组文本，每项含 {member}")))
    }

    /// The values of the key's meanings that the request has, joined so that no two keys become the same text.
    pub fn business_key(&self) -> String {
        let parts =
            self.interface.key().iter().map(|meaning| self.text(*meaning)).filter(|it| !it.is_empty());
        let escaped: Vec<_> = parts.map(|part| part.replace('\\', "\\\\").replace('|', "\\|")).collect();
        escaped.join("|")
    }
}
