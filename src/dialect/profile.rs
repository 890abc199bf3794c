//! One platform: a dialect with the platform's settings applied, ready to read and write messages.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::cipher::{Agreed, FieldCipher, SectionKey, WrongKey};
use super::digest::Digester;
use super::meaning::{Meaning, Shape};
use super::moment::Moments;
use super::options::{
    CipherOverrides, DigestOverrides, Envelope, EnvelopeOverrides, FileKey, Flow, FlowOverrides,
    PayloadOverrides, ReplyOptions, ReplyOverrides, Step, TimestampOverrides, UploadOptions, UploadOverrides,
};
use super::renaming;
use super::request::particulars_of;
use super::soundness::{self, Mismatch};
use super::table::{Direction, Field, Interface, Table};
use super::wrapper::Wrapping;
use crate::clock;
use crate::crypto::{encoding, sm2, sm4};
use crate::domain::application::Application;
use crate::domain::command::Replacement;
use crate::domain::guarantee::LetterKind;
use crate::domain::identity::{ApplicationNumber, PlatformId};
use crate::domain::money::Fen;
use crate::domain::particulars::Particulars;
use crate::domain::product::{LetterFormat, Product};
use crate::domain::section::{RevealedSection, Secrecy};
use crate::secret::Secret;

/// A platform's settings, apart from the business rules.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformOptions {
    /// The id of its table.
    pub dialect: String,
    /// How people call it.
    pub title: String,
    pub appkey: String,
    pub appsecret: Secret,
    /// What messages name as the institution's account, where that is not the `appkey`, which then only takes part in
    /// the digest.
    pub appid: Option<String>,
    /// The platform codes that its pushes may carry; any, if empty. What we send carries the first.
    #[serde(default)]
    pub platform_codes: Vec<String>,
    /// Where its interfaces are: each one's path follows.
    pub base_url: Option<String>,
    /// Addresses of single interfaces, by their name.
    #[serde(default)]
    pub urls: BTreeMap<String, String>,
    /// Other names for fields: `interface.field` to the name on the wire, in both directions where both have it. Those of
    /// the envelope are named there.
    #[serde(default)]
    pub rename: BTreeMap<String, String>,
    /// An SM4 key that was agreed with the platform: of ciphertext fields, or of wrapped keys.
    pub agreed_key: Option<Secret>,
    pub agreed_iv: Option<Secret>,
    /// The institution's SM2 key, where the platform encrypts to it.
    pub private_key: Option<Secret>,
    /// The platform's SM2 key, where we encrypt whole messages to it.
    pub public_key: Option<String>,
    /// With `upload.file_key = "agreed"`.
    pub file_key: Option<Secret>,
    pub file_iv: Option<Secret>,
    #[serde(default)]
    pub envelope: EnvelopeOverrides,
    #[serde(default)]
    pub digest: DigestOverrides,
    #[serde(default)]
    pub cipher: CipherOverrides,
    #[serde(default)]
    pub timestamp: TimestampOverrides,
    #[serde(default)]
    pub reply: ReplyOverrides,
    #[serde(default)]
    pub flow: FlowOverrides,
    #[serde(default)]
    pub upload: UploadOverrides,
    #[serde(default)]
    pub payload: PayloadOverrides,
    /// Where the applicant goes on after an application, told where the dialect's answer has a place for it; needed
    /// where that place may not be empty. `{application}` stands for the application's number.
    pub redirect_url: Option<String>,
    #[serde(default)]
    pub applications: Applications,
    /// Minutes from the key's arrival to the delivery of the merged letter.
    #[serde(default = "five")]
    pub restoration_minutes: u32,
}

fn five() -> u32 {
    5
}

/// What happens to an application that is pushed again with other content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Applications {
    #[default]
    RefuseChanged,
    ReplaceUntilIssued,
}

/// A platform's settings that can't be used. `key` is relative to the platform's section.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}`: expected {expected}, found {found}")]
pub struct ProfileError {
    pub key: String,
    pub expected: String,
    pub found: String,
}

/// An interface that the gateway calls.
#[derive(Clone, Debug)]
pub(super) struct Outbound {
    pub interface: Interface,
    pub url: String,
}

/// A platform as the gateway deals with it.
#[derive(Clone, Debug)]
pub struct Profile {
    id: PlatformId,
    title: String,
    dialect: String,
    product: Product,
    letter_format: LetterFormat,
    pub(super) app_key: String,
    pub(super) platform_codes: Vec<String>,
    pub(super) envelope: Envelope,
    pub(super) digester: Digester,
    pub(super) digest_in_header: bool,
    pub(super) cipher: FieldCipher,
    pub(super) moments: Moments,
    pub(super) reply: ReplyOptions,
    pub(super) inbound: Vec<Interface>,
    pub(super) outbound: Vec<Outbound>,
    pub(super) wrapping: Option<Wrapping>,
    flow: Flow,
    upload: UploadOptions,
    file_key: Option<(sm4::Key, sm4::Iv)>,
    redirect_url: Option<String>,
    replacement: Replacement,
    restoration_minutes: u32,
}

impl Profile {
    /// Applies a platform's settings to its dialect.
    ///
    /// # Errors
    /// Names the setting that can't be used and what was expected of it.
    pub fn new(id: PlatformId, table: &Table, options: &PlatformOptions) -> Result<Self, ProfileError> {
        if options.appkey.is_empty() {
            return Err(error("appkey", "the account that the platform assigned", "nothing"));
        }
        if options.appsecret.expose().is_empty() {
            return Err(error("appsecret", "the secret that the platform assigned", "nothing"));
        }
        if options.appid.as_ref().is_some_and(String::is_empty) {
            return Err(error("appid", "the account that the platform assigned", "nothing"));
        }
        let mut envelope = table.envelope.overridden(&options.envelope);
        let digest = table.digest.overridden(&options.digest);
        let upload = table.upload.overridden(&options.upload);
        if upload.slice_bytes == 0 {
            return Err(error("upload.slice_bytes", "a number above 0", "0"));
        }
        let agreed = Agreed {
            key: key(options.agreed_key.as_ref(), "agreed_key")?,
            iv: iv(options.agreed_iv.as_ref(), "agreed_iv")?,
            private_key: private_key(options.private_key.as_ref())?.map(Arc::new),
        };
        let file_key =
            key(options.file_key.as_ref(), "file_key")?.zip(iv(options.file_iv.as_ref(), "file_iv")?);
        if upload.file_key == FileKey::Agreed && file_key.is_none() {
            return Err(error("file_key", "with `file_iv`, since `upload.file_key` is `agreed`", "not both"));
        }
        if let Some(redirect) = &options.redirect_url {
            address("redirect_url", redirect)?;
        }
        let (inbound, outbound) = interfaces(table, options, &envelope)?;
        let wrapping =
            Wrapping::of(table, options, &envelope, &digest, agreed.private_key.clone()).transpose()?;
        if let Some(wrapping) = &wrapping {
            envelope.interface = Some(wrapping.name(Meaning::Transaction).to_owned());
        }
        let cipher = table.cipher.overridden(&options.cipher);
        for interface in &inbound {
            soundness::iv_field(interface, &cipher).map_err(|mismatch| wrong("cipher", mismatch))?;
            if options.redirect_url.is_none() {
                soundness::no_redirect(interface).map_err(|mismatch| wrong("redirect_url", mismatch))?;
            }
        }
        let reply = table.reply.overridden(&options.reply);
        soundness::codes(&reply).map_err(|mismatch| wrong("reply", mismatch))?;
        let flow = table.flow.overridden(&options.flow);
        soundness::steps(&flow, &table.interfaces).map_err(|mismatch| wrong("flow", mismatch))?;
        Ok(Self {
            id,
            title: options.title.clone(),
            dialect: table.id.clone(),
            product: table.product,
            letter_format: table.letters,
            app_key: options.appid.as_ref().unwrap_or(&options.appkey).clone(),
            platform_codes: options.platform_codes.clone(),
            digester: Digester::new(&digest, &envelope.digest, &options.appkey, &options.appsecret)
                .map_err(|mismatch| wrong("digest", mismatch))?,
            digest_in_header: digest.place == super::options::DigestPlace::Header,
            envelope,
            cipher: FieldCipher::new(&cipher, agreed).map_err(|mismatch| wrong("cipher", mismatch))?,
            moments: Moments::new(&table.timestamp.overridden(&options.timestamp))
                .map_err(|mismatch| wrong("timestamp", mismatch))?,
            reply,
            inbound,
            outbound,
            wrapping,
            flow,
            upload,
            file_key,
            redirect_url: options.redirect_url.clone(),
            replacement: match options.applications {
                Applications::RefuseChanged => Replacement::Refused,
                Applications::ReplaceUntilIssued => Replacement::UntilIssued,
            },
            restoration_minutes: options.restoration_minutes,
        })
    }

    pub fn id(&self) -> &PlatformId {
        &self.id
    }

    pub fn title(&self) -> &str {
        &self.title
    }

    /// The id of its table.
    pub fn dialect(&self) -> &str {
        &self.dialect
    }

    /// What its applications are for.
    pub fn product(&self) -> Product {
        self.product
    }

    /// The format in which it takes letters, unless settings say otherwise.
    pub fn letter_format(&self) -> LetterFormat {
        self.letter_format
    }

    /// Whether it asks for what the institution has collected from applicants.
    pub fn asks_for_dossiers(&self) -> bool {
        self.inbound.iter().any(|it| it.answer_field(Meaning::ApplicantContact).is_some())
    }

    /// Whether it asks for a letter's fields for machines.
    pub fn asks_for_letter_data(&self) -> bool {
        self.inbound.iter().any(|it| it.answer_field(Meaning::DataUrl).is_some())
    }

    /// Whether anything it is told must hold a link to a document.
    pub fn needs_links(&self) -> bool {
        let links = [Meaning::LetterUrl, Meaning::DataUrl];
        let told = self.outbound.iter().flat_map(|it| &it.interface.fields);
        let mut told = told.filter(|field| field.required).filter_map(|field| field.is);
        let mut answered = self.inbound.iter().flat_map(|it| &it.answer).map(|row| row.is);
        told.any(|meaning| links.contains(&meaning)) || answered.any(|meaning| links.contains(&meaning))
    }

    /// The steps that hand a letter over.
    pub fn flow(&self, letter: LetterKind) -> &[Step] {
        match letter {
            LetterKind::Ciphertext | LetterKind::Plaintext => &self.flow.issued,
            LetterKind::Merged => &self.flow.merged,
        }
    }

    pub fn upload(&self) -> &UploadOptions {
        &self.upload
    }

    /// The key and IV of every file, where they are agreed and not made afresh.
    pub fn file_key(&self) -> Option<&(sm4::Key, sm4::Iv)> {
        self.file_key.as_ref().filter(|_| self.upload.file_key == FileKey::Agreed)
    }

    /// Where the applicant goes on with this application, where the settings say so.
    pub fn redirect(&self, application: &ApplicationNumber) -> Option<String> {
        let address = self.redirect_url.as_ref()?;
        Some(address.replace("{application}", &percent_encoded(application.as_str())))
    }

    pub fn replacement(&self) -> Replacement {
        self.replacement
    }

    /// Minutes from the key's arrival to the delivery of the merged letter.
    pub fn restoration_minutes(&self) -> u32 {
        self.restoration_minutes
    }

    /// The interfaces that the platform may call.
    pub fn inbound(&self) -> impl Iterator<Item = &Interface> {
        self.inbound.iter()
    }

    /// Whether questions come in digital envelopes, which anybody can make who has the institution's public key.
    pub fn answers_envelopes(&self) -> bool {
        let accepted = self.wrapping.as_ref().is_some_and(|it| it.payload.options.accept_enveloped);
        accepted && self.inbound.iter().any(|it| it.enveloped)
    }

    /// The interfaces that the gateway calls, with their addresses.
    pub fn outbound(&self) -> impl Iterator<Item = (&Interface, &str)> {
        self.outbound.iter().map(|it| (&it.interface, it.url.as_str()))
    }

    /// Reads a section's key, and its IV where one is needed, from the texts in which the platform gives them: for keys
    /// that come by another way than a push.
    pub fn read_section_key(&self, key: &str, iv: &str) -> Option<SectionKey> {
        self.cipher.read_key(key, iv)
    }

    /// The key of every application's section, where it is agreed and the platform sends none.
    pub fn agreed_section_key(&self) -> Option<SectionKey> {
        self.cipher.agreed()
    }

    /// Until when the institution may not read an application's section.
    pub fn secrecy(&self) -> Secrecy {
        let application = self.inbound.iter().find(|it| it.does == super::action::Action::Apply);
        let encrypted = application.is_some_and(|it| it.fields.iter().any(|field| field.cipher));
        if encrypted && self.cipher.agreed().is_none() { Secrecy::UntilOpening } else { Secrecy::None }
    }

    /// Opens the section's ciphertext and that of the particulars: every field, or none. Without a key nothing may be
    /// encrypted.
    ///
    /// # Errors
    /// When any field does not open to plausible text.
    pub fn reveal_application(
        &self,
        application: &Application,
        key: Option<&SectionKey>,
    ) -> Result<RevealedSection, WrongKey> {
        let apply = self.inbound.iter().find(|it| it.does == super::action::Action::Apply).ok_or(WrongKey)?;
        let open = |text: &str, meaning| {
            let field = apply.field(meaning).ok_or(WrongKey)?;
            if field.cipher {
                self.reveal_field(field, text, key.ok_or(WrongKey)?)
            } else {
                Ok(text.to_owned())
            }
        };
        let section = &application.section;
        let code = section.beneficiary_code.as_ref();
        let particulars = particulars_of(&apply.fields).filter_map(|(field, meaning, particular)| {
            let text = application.particulars.get(particular)?;
            let normal = |plain: String| self.normal(field, meaning, &plain).unwrap_or(plain);
            let plain = if field.cipher { open(text, meaning).map(normal) } else { Ok(text.to_owned()) };
            Some(plain.map(|plain| (particular, plain)))
        });
        Ok(RevealedSection {
            number: open(section.number.as_str(), Meaning::SectionNumber)?,
            name: open(section.name.as_str(), Meaning::SectionName)?,
            beneficiary: open(section.beneficiary.as_str(), Meaning::BeneficiaryName)?,
            beneficiary_code: code.map(|it| open(it.as_str(), Meaning::BeneficiaryCode)).transpose()?,
            particulars: particulars.collect::<Result<Particulars, WrongKey>>()?,
        })
    }

    /// A particular as the domain writes it: days as 2024-06-03, times as 2024-06-03 09:30:00, amounts with two places.
    /// `None` for what is not of its form.
    pub(super) fn normal(&self, field: &Field, meaning: Meaning, text: &str) -> Option<String> {
        let own = field.format.as_deref();
        Some(match meaning.shape() {
            Shape::Text => text.to_owned(),
            Shape::Amount => text.parse::<Fen>().ok()?.to_string(),
            Shape::Count => text.parse::<u32>().ok().filter(|count| *count > 0)?.to_string(),
            Shape::Moment => clock::to_wire(self.moments.read_field(text, own)?),
            Shape::Date => Moments::read_date(text, own.unwrap_or("yyyy-MM-dd"))?.to_string(),
        })
    }

    fn reveal_field(&self, field: &Field, text: &str, key: &SectionKey) -> Result<String, WrongKey> {
        let plain = self.cipher.decrypt(key, text, field.length.unwrap_or(usize::MAX))?;
        // Credit codes have 18 characters and older organisation codes 9, with or without a hyphen; platforms also
        // fill in digits where they have none.
        let plausible_code = |code: &str| {
            code.len() <= 32 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if field.is == Some(Meaning::BeneficiaryCode) && !plausible_code(&plain) {
            return Err(WrongKey);
        }
        Ok(plain)
    }
}

/// A platform's number as part of an address, whatever is in it (RFC 3986, 2.3).
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

pub(super) fn error(
    key: impl Into<String>,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> ProfileError {
    ProfileError { key: key.into(), expected: expected.into(), found: found.into() }
}

pub(super) fn wrong(key: &str, mismatch: Mismatch) -> ProfileError {
    error(key, mismatch.expected, mismatch.found)
}

fn key(secret: Option<&Secret>, name: &str) -> Result<Option<sm4::Key>, ProfileError> {
    let read = |secret: &Secret| encoding::KeyForm::Auto.read_sm4_key(secret.expose());
    let unreadable = |_| error(name, "16 bytes as 32 hexadecimal digits or Base64", "another text");
    secret.map(read).transpose().map_err(unreadable)
}

fn iv(secret: Option<&Secret>, name: &str) -> Result<Option<sm4::Iv>, ProfileError> {
    Ok(key(secret, name)?.map(|key| sm4::Iv::from_bytes(*key.expose())))
}

fn private_key(secret: Option<&Secret>) -> Result<Option<sm2::PrivateKey>, ProfileError> {
    let read = |secret: &Secret| sm2::PrivateKey::from_text(secret.expose());
    let unreadable = |found: sm2::KeyError| error("private_key", "an SM2 private key", found.to_string());
    secret.map(read).transpose().map_err(unreadable)
}

type Interfaces = (Vec<Interface>, Vec<Outbound>);

fn interfaces(
    table: &Table,
    options: &PlatformOptions,
    envelope: &Envelope,
) -> Result<Interfaces, ProfileError> {
    let (mut inbound, mut outbound) = (Vec::new(), Vec::new());
    for interface in &table.interfaces {
        let mut interface = interface.clone();
        renaming::of_envelope(&mut interface.fields, envelope);
        match interface.direction {
            Direction::In => inbound.push(interface),
            Direction::Out => outbound.push(Outbound { url: url(&interface, options)?, interface }),
        }
    }
    for name in options.urls.keys() {
        if !outbound.iter().any(|it| it.interface.name == *name) {
            let expected = "the name of an interface that the gateway calls";
            return Err(error(format!("urls.{name}"), expected, "another"));
        }
    }
    for (from, to) in &options.rename {
        let ours = outbound.iter_mut().map(|it| &mut it.interface);
        if !renaming::rename(inbound.iter_mut().chain(ours), from, to) {
            let expected = "`interface.field` of the dialect, other than the envelope's, and a new name that is not taken";
            return Err(error(format!("rename.{from}"), expected, format!("`{to}`")));
        }
    }
    Ok((inbound, outbound))
}

fn url(interface: &Interface, options: &PlatformOptions) -> Result<String, ProfileError> {
    let (key, url) = match (options.urls.get(&interface.name), &options.base_url) {
        (Some(url), _) => (format!("urls.{}", interface.name), url.clone()),
        (None, Some(base)) => {
            ("base_url".to_owned(), format!("{}/{}", base.trim_end_matches('/'), interface.path()))
        }
        (None, None) => {
            let expected = format!("an address, since `urls.{}` is not set", interface.name);
            return Err(error("base_url", expected, "nothing"));
        }
    };
    address(&key, &url)?;
    Ok(url)
}

fn address(key: &str, url: &str) -> Result<(), ProfileError> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let sound = rest.is_some_and(|rest| {
        rest.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '[')
            && !rest.contains(|letter: char| letter.is_whitespace() || letter.is_control())
    });
    if sound { Ok(()) } else { Err(error(key, "an address such as `https://host/path`", format!("`{url}`"))) }
}
