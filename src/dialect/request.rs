//! What a platform asks, typed: the fields of a verified push as values of the domain.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use jiff::civil::Date;

use super::action::Action;
use super::cipher::{SectionKey, WrongKey};
use super::lexeme::{Lexeme, Member};
use super::meaning::{Meaning, Shape};
use super::moment::Moments;
use super::open::find;
use super::profile::Profile;
use super::rejection::RejectionKind;
use super::table::Field;
use crate::domain::application::Application;
use crate::domain::claim::{ClaimRequest, ClaimSubject};
use crate::domain::guarantee::{Cancellation, CancellationKind};
use crate::domain::identity::{ApplicationNumber, GuaranteeNumber};
use crate::domain::invoice::{InvoiceKind, InvoiceRequest};
use crate::domain::money::Fen;
use crate::domain::particulars::{Particular, Particulars};
use crate::domain::party::{Contact, Party};
use crate::domain::section::{Ciphertext, SealedSection, Secrecy};

/// What a push asks.
#[derive(Clone, Debug)]
pub enum Request {
    Apply(Application),
    Restore { guarantee: GuaranteeNumber, opened_at: Timestamp, key: SectionKey },
    RequestInvoice { guarantee: GuaranteeNumber, request: InvoiceRequest },
    RequestSurrender { guarantee: Option<GuaranteeNumber>, reason: String },
    Cancel { guarantee: GuaranteeNumber, cancellation: Cancellation },
    Claim { guarantee: GuaranteeNumber, request: ClaimRequest },
    Waive,
    CancelOrder { reason: String },
    Ask(Query),
}

/// What a platform wants to know.
#[derive(Clone, PartialEq, Eq)]
pub enum Query {
    /// The letter, its terms and the applicant's papers.
    LetterInfo,
    /// The letter alone.
    Letter,
    /// Whether a letter is genuine.
    Verification { file: Vec<u8> },
    /// What was issued on these days of the Chinese calendar, the last one included.
    Reconciliation { first: Date, last: Date },
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LetterInfo => "LetterInfo",
            Self::Letter => "Letter",
            Self::Verification { .. } => "Verification",
            Self::Reconciliation { .. } => "Reconciliation",
        })
    }
}

/// The fields of an application that are particulars of it.
pub(super) fn particulars_of(fields: &[Field]) -> impl Iterator<Item = (&Field, Meaning, Particular)> {
    fields.iter().filter_map(|field| {
        let meaning = field.is?;
        Some((field, meaning, meaning.particular()?))
    })
}

/// Whom a request is about: by the application's number, the guarantee's, or both; by none where it is about many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    pub application: Option<ApplicationNumber>,
    pub guarantee: Option<GuaranteeNumber>,
}

/// A field that breaks a rule, and the words for it.
pub(super) struct Broken {
    pub kind: RejectionKind,
    pub message: String,
}

/// The values of a request, or of what stands round one: a text for each field, in their order; an absent field is
/// empty.
pub(super) struct Values<'a> {
    profile: &'a Profile,
    /// Where the specification lists the fields.
    clause: &'a str,
    fields: &'a [Field],
    texts: Vec<&'a str>,
}

impl<'a> Values<'a> {
    pub fn new(
        profile: &'a Profile,
        clause: &'a str,
        fields: &'a [Field],
        members: &'a [Member<'_>],
    ) -> Self {
        let texts = fields.iter().map(|field| find(members, &field.name).map_or("", Lexeme::text));
        Self { profile, clause, fields, texts: texts.collect() }
    }

    fn with_text(&self) -> impl Iterator<Item = (&'a Field, &'a str)> {
        self.fields.iter().zip(self.texts.iter().copied())
    }

    pub fn broken(&self, field: &str, rule: &str) -> Broken {
        let kind = RejectionKind::Malformed { field: field.to_owned(), clause: self.clause.to_owned() };
        Broken { kind, message: format!("{field} {rule}（{}）", self.clause) }
    }

    /// Checks lengths, necessity and the form of ciphertext against the table. Time and digest have forms that say
    /// more than a length: a digest has been verified, and some platforms print a time longer than they allow it.
    pub fn check(&self) -> Result<(), Broken> {
        for (field, text) in self.with_text() {
            if text.trim().is_empty() {
                self.check_absent(field)?;
                continue;
            }
            let formed = matches!(field.is, Some(Meaning::Timestamp | Meaning::Digest));
            if let Some(length) = field.length.filter(|_| !formed) {
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
        let own = self.own_format(meaning);
        moments.read_field(self.text(meaning), own).ok_or_else(|| {
            let form = own.unwrap_or(&moments.printed);
            self.broken(self.name(meaning), &format!("应为时间，格式 {form}"))
        })
    }

    fn optional_moment(&self, meaning: Meaning) -> Result<Option<Timestamp>, Broken> {
        self.optional(meaning).map(|_| self.moment(meaning)).transpose()
    }

    fn date(&self, meaning: Meaning) -> Result<Date, Broken> {
        let form = self.own_format(meaning).unwrap_or("yyyy-MM-dd");
        Moments::read_date(self.text(meaning), form)
            .ok_or_else(|| self.broken(self.name(meaning), &format!("应为日期，格式 {form}")))
    }

    fn own_format(&self, meaning: Meaning) -> Option<&'a str> {
        self.find(meaning).and_then(|(field, _)| field.format.as_deref())
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

    fn application(&self) -> Result<ApplicationNumber, Broken> {
        self.required(Meaning::ApplicationNumber).map(ApplicationNumber::new)
    }

    fn guarantee(&self) -> Result<GuaranteeNumber, Broken> {
        self.required(Meaning::GuaranteeNumber).map(GuaranteeNumber::new)
    }

    /// Whom the request is about.
    pub fn subject(&self) -> Subject {
        Subject {
            application: self.optional(Meaning::ApplicationNumber).map(ApplicationNumber::new),
            guarantee: self.optional(Meaning::GuaranteeNumber).map(GuaranteeNumber::new),
        }
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
    pub fn request(&self, does: Action) -> Result<Option<Request>, Broken> {
        let request = match does {
            Action::Apply => Request::Apply(self.applied()?),
            Action::Restore => Request::Restore {
                guarantee: self.guarantee()?,
                opened_at: self.moment(Meaning::OpenedAt)?,
                key: self.section_key()?,
            },
            Action::RequestInvoice => {
                Request::RequestInvoice { guarantee: self.guarantee()?, request: self.invoice()? }
            }
            Action::RequestSurrender => Request::RequestSurrender {
                guarantee: Some(self.guarantee()?),
                reason: self.required(Meaning::Reason)?,
            },
            Action::Cancel => {
                Request::Cancel { guarantee: self.guarantee()?, cancellation: self.cancellation()? }
            }
            Action::Claim => Request::Claim { guarantee: self.guarantee()?, request: self.claim()? },
            Action::Waive => Request::Waive,
            Action::Withdraw => self.withdrawal()?,
            Action::LetterInfo => Request::Ask(Query::LetterInfo),
            Action::FetchLetter => Request::Ask(Query::Letter),
            Action::VerifyLetter => Request::Ask(Query::Verification { file: self.file()? }),
            Action::Reconcile => Request::Ask(self.reconciliation()?),
            Action::ApplicationResult
            | Action::ApplicationStatus
            | Action::RestorationResult
            | Action::PublicKey
            | Action::Slice
            | Action::Completion
            | Action::InvoiceResult
            | Action::SurrenderResult
            | Action::ClaimResult
            | Action::CancellationResult
            | Action::WaiverRequest
            | Action::AbnormalSections => return Ok(None),
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

    fn applied(&self) -> Result<Application, Broken> {
        let application = Application {
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
            particulars: self.particulars()?,
            secrecy: self.profile.secrecy(),
        };
        if application.secrecy == Secrecy::None {
            let key = self.profile.agreed_section_key();
            let revealed =
                self.profile.reveal_application(&application, key.as_ref()).map_err(|WrongKey| {
                    let message = format!("密文不能用约定的密钥解密（{}）", self.clause);
                    Broken { kind: RejectionKind::Undecryptable, message }
                })?;
            for (field, meaning, particular) in particulars_of(self.fields) {
                // What came in the clear was looked at already.
                let text = revealed.particulars.get(particular).filter(|_| field.cipher);
                if text.is_some_and(|text| !meaning.shape().is_normal(text)) {
                    return Err(self.broken(&field.name, &self.expected(field, meaning)));
                }
            }
        }
        Ok(application)
    }

    /// Ciphertext as it came, and the rest in the domain's own forms.
    fn particulars(&self) -> Result<Particulars, Broken> {
        let known = particulars_of(self.fields).filter_map(|(field, meaning, particular)| {
            let text = self.optional(meaning)?;
            let normal = if field.cipher { Ok(text) } else { self.normal(field, meaning, &text) };
            Some(normal.map(|text| (particular, text)))
        });
        known.collect()
    }

    /// A particular in the domain's form.
    fn normal(&self, field: &Field, meaning: Meaning, text: &str) -> Result<String, Broken> {
        let broken = || self.broken(&field.name, &self.expected(field, meaning));
        self.profile.normal(field, meaning, text).ok_or_else(broken)
    }

    /// How a particular has to read, in words.
    fn expected(&self, field: &Field, meaning: Meaning) -> String {
        let own = field.format.as_deref();
        match meaning.shape() {
            Shape::Text => String::new(),
            Shape::Amount => "应为金额，单位元".to_owned(),
            Shape::Count => "应为大于 0 的整数".to_owned(),
            Shape::Moment => format!("应为时间，格式 {}", own.unwrap_or(&self.profile.moments.printed)),
            Shape::Date => format!("应为日期，格式 {}", own.unwrap_or("yyyy-MM-dd")),
        }
    }

    fn cancellation(&self) -> Result<Cancellation, Broken> {
        let kind = match self.find(Meaning::CancellationKind) {
            None => CancellationKind::Unstated,
            Some(_) => match self.word(Meaning::CancellationKind)? {
                "defective" => CancellationKind::Defective,
                _ => CancellationKind::Fulfilled,
            },
        };
        Ok(Cancellation {
            kind,
            effective_at: self.optional_moment(Meaning::EffectiveAt)?,
            remark: self.optional(Meaning::Remark),
        })
    }

    fn withdrawal(&self) -> Result<Request, Broken> {
        let reason = self.optional(Meaning::Reason).unwrap_or_default();
        Ok(match self.word(Meaning::WithdrawalKind)? {
            "order" => Request::CancelOrder { reason },
            _ => Request::RequestSurrender { guarantee: self.subject().guarantee, reason },
        })
    }

    fn file(&self) -> Result<Vec<u8>, Broken> {
        BASE64_STANDARD
            .decode(self.required(Meaning::LetterFile)?)
            .map_err(|_| self.broken(self.name(Meaning::LetterFile), "应为 Base64 文本"))
    }

    fn reconciliation(&self) -> Result<Query, Broken> {
        let (first, last) = (self.date(Meaning::FirstDay)?, self.date(Meaning::LastDay)?);
        if first > last {
            let rule = format!("不得早于 {}", self.name(Meaning::FirstDay));
            return Err(self.broken(self.name(Meaning::LastDay), &rule));
        }
        Ok(Query::Reconciliation { first, last })
    }

    fn claim(&self) -> Result<ClaimRequest, Broken> {
        Ok(ClaimRequest {
            amount: self.amount(Meaning::ClaimedAmount)?,
            payee_account: self.optional(Meaning::PayeeAccount),
            payee_bank: self.optional(Meaning::PayeeBank),
            claimant: self.contact(Meaning::ClaimantName, Meaning::ClaimantPhone),
            claimant_id: self.optional(Meaning::ClaimantId),
            reason: self.optional(Meaning::Reason),
            about: ClaimSubject {
                applicant_code: self.optional(Meaning::ApplicantCode),
                project_number: self.optional(Meaning::ProjectNumber),
            },
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

    /// The values of these meanings that the request has, joined so that no two keys become the same text.
    pub fn business_key(&self, key: &[Meaning]) -> String {
        let parts = key.iter().map(|meaning| self.text(*meaning)).filter(|it| !it.is_empty());
        let escaped: Vec<_> = parts.map(|part| part.replace('\\', "\\\\").replace('|', "\\|")).collect();
        escaped.join("|")
    }
}
