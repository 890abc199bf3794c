//! What stands round the messages of some platforms: requests and answers whose own fields are encrypted inside.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::compose::{self, ComposeError};
use super::json;
use super::lexeme::{self, Lexeme, Malformed, Member};
use super::meaning::Meaning;
use super::open::{Opened, Verified, content, find};
use super::options::{DigestOptions, Envelope};
use super::payload::PayloadCipher;
use super::profile::{PlatformOptions, Profile, ProfileError, error, wrong};
use super::rejection::{RejectionKind, Tolerance, shown};
use super::renaming;
use super::request::{Broken, Values};
use super::soundness;
use super::table::{Field, Interface, Table};
use crate::crypto::{CipherError, encoding, sm2};

/// 32 bytes as hexadecimal digits.
const LONGEST_DIGEST: usize = 64;

/// A table's wrapper with one platform's names and keys.
#[derive(Clone, Debug)]
pub(super) struct Wrapping {
    clause: String,
    fields: Vec<Field>,
    pub payload: PayloadCipher,
}

impl Wrapping {
    /// `None` where the table has no wrapper. Where it has one, there must be an account and both keys.
    pub fn of(
        table: &Table,
        options: &PlatformOptions,
        envelope: &Envelope,
        digest: &DigestOptions,
        private_key: Option<Arc<sm2::PrivateKey>>,
    ) -> Option<Result<Self, ProfileError>> {
        let wrapper = table.wrapper.as_ref()?;
        let mut fields = wrapper.fields.clone();
        renaming::of_envelope(&mut fields, envelope);
        let made = || {
            soundness::wrapper_fields(&fields, digest).map_err(|mismatch| wrong("digest", mismatch))?;
            let needed = |key, what| error(key, format!("{what}, since messages are encrypted"), "nothing");
            options.appid.as_ref().ok_or_else(|| needed("appid", "the account that messages name"))?;
            let private_key =
                private_key.ok_or_else(|| needed("private_key", "the institution's SM2 private key"))?;
            let public_key = options.public_key.as_ref();
            let public_key =
                public_key.ok_or_else(|| needed("public_key", "the platform's SM2 public key"))?;
            let public_key = sm2::PublicKey::from_text(public_key)
                .map_err(|found| error("public_key", "the platform's SM2 public key", found.to_string()))?;
            let payload = table.payload.overridden(&options.payload);
            let payload = PayloadCipher::new(payload, private_key, public_key)
                .map_err(|mismatch| wrong("payload", mismatch))?;
            Ok(Self { clause: wrapper.clause.clone(), fields, payload })
        };
        Some(made())
    }

    /// The wire's name of a field.
    pub fn name(&self, meaning: Meaning) -> &str {
        self.fields.iter().find(|field| field.is == Some(meaning)).map_or("", |field| &field.name)
    }
}

impl Profile {
    /// Opens a wrapped message: its digest is verified over the outer texts as received, before anything of it is
    /// interpreted or decrypted.
    ///
    /// A digital envelope has no digest, and what is decrypted of it is not known to be the platform's; see
    /// [`Interface::enveloped`]. Whatever keeps its inside from being a message is one refusal, because an envelope that
    /// was changed and sent again must not tell whether key, padding or content broke; what a sound message lacks is told
    /// as in any other.
    pub(super) fn open_wrapped(
        &self,
        wrapping: &Wrapping,
        interface: &Interface,
        members: &[Member<'_>],
        text: &str,
        mut tolerances: Vec<Tolerance>,
        now: Timestamp,
    ) -> Result<Opened, Broken> {
        let key = find(members, &self.envelope.digest).map(Lexeme::text).filter(|_| interface.enveloped);
        let key = key.filter(|key| !key.is_empty() && !is_digest(key));
        let options = &wrapping.payload.options;
        let signature = match key {
            Some(_) if !options.accept_enveloped => {
                let message = format!("{} 应为报文摘要，不接受数字信封", self.envelope.digest);
                return Err(Broken { kind: RejectionKind::BadDigest, message });
            }
            Some(_) => None,
            None => {
                let (tolerated, signature) = self.verify(members, text, None)?;
                tolerances.extend(tolerated);
                if interface.enveloped && !options.accept_plain_style {
                    let message = format!("{} 应为数字信封的密钥", self.envelope.digest);
                    return Err(Broken { kind: RejectionKind::Undecryptable, message });
                }
                if interface.enveloped {
                    tolerances.push(Tolerance::NotEnveloped);
                }
                Some(signature)
            }
        };
        self.note_unusual(&wrapping.fields, &wrapping.clause, members, &mut tolerances)?;
        let outer = Values::new(self, &wrapping.clause, &wrapping.fields, members);
        outer.check()?;
        let sent_at = self.sent_at(&outer, now, &mut tolerances)?;

        let name = wrapping.name(Meaning::Payload);
        let undecryptable =
            || Broken { kind: RejectionKind::Undecryptable, message: format!("{name} 解密失败") };
        let data = outer.text(Meaning::Payload);
        let plain = match key {
            Some(key) => wrapping.payload.open_envelope(data, key, &mut tolerances),
            None => wrapping.payload.open(data, &mut tolerances),
        };
        let plain = plain.ok_or_else(undecryptable)?;
        let plain = std::str::from_utf8(&plain).map_err(|_| undecryptable())?;
        let inner = lexeme::members(plain).map_err(|malformed| match malformed {
            _ if key.is_some() => undecryptable(),
            Malformed::NotAnObject => {
                let message = format!("{name} 解密后不是有效的 JSON 对象");
                Broken { kind: RejectionKind::NotJson, message }
            }
            Malformed::Duplicate(field) => {
                let field = shown(&field);
                let message = format!("{field} 重复出现");
                Broken { kind: RejectionKind::DuplicateField { field }, message }
            }
        })?;
        self.note_unusual(&interface.fields, &interface.clause, &inner, &mut tolerances)?;
        let values = Values::new(self, &interface.clause, &interface.fields, &inner);
        let content = content(&inner, &interface.fields, &[]);
        self.interpret(interface, &values, Verified { content, sent_at, tolerances, signature })
    }

    /// Encrypts a message of ours to the platform and puts the wrapper round it.
    pub(super) fn wrap(
        &self,
        wrapping: &Wrapping,
        interface: &Interface,
        message: &[u8],
        now: Timestamp,
    ) -> Result<Vec<u8>, ComposeError> {
        let unencrypted = |error| ComposeError::Unencrypted { interface: interface.name.clone(), error };
        let (data, key) = if interface.enveloped {
            let enveloped = wrapping.payload.envelop(message).map_err(unencrypted)?;
            (enveloped.data, Some(enveloped.key))
        } else {
            (wrapping.payload.seal(message).map_err(unencrypted)?, None)
        };
        let number = Uuid::now_v7().simple().to_string();
        let value = |field: &Field| -> Option<Cow<'_, str>> {
            if let Some(constant) = &field.constant {
                return Some(Cow::Owned(constant.clone()));
            }
            Some(match field.is? {
                Meaning::Transaction => Cow::Borrowed(interface.name.as_str()),
                Meaning::MessageNumber => Cow::Borrowed(number.as_str()),
                Meaning::AppKey => Cow::Borrowed(self.app_key.as_str()),
                Meaning::Timestamp => Cow::Owned(self.moments.write(now, field.format.as_deref())),
                Meaning::PlatformCode => Cow::Borrowed(self.platform_codes.first()?.as_str()),
                Meaning::Payload => Cow::Borrowed(data.as_str()),
                _ => return None,
            })
        };
        let fields = compose::written(interface, &wrapping.clause, &wrapping.fields, value)?;
        let digest = key.unwrap_or_else(|| self.digester.sign(&compose::signed(&fields), ""));
        Ok(compose::object(&fields, &digest))
    }

    /// Writes an answer's data encrypted to the platform; for an interface of digital envelopes, the key stands in a
    /// member of the name that the digest has in requests.
    pub(super) fn encrypt_answer(
        &self,
        wrapping: &Wrapping,
        interface: Option<&Interface>,
        data: &[u8],
        body: &mut Vec<u8>,
    ) -> Result<(), CipherError> {
        if interface.is_some_and(|it| it.enveloped) {
            let enveloped = wrapping.payload.envelop(data)?;
            json::write_member(body, &self.reply.data, &enveloped.data);
            json::write_member(body, &self.envelope.digest, &enveloped.key);
        } else {
            json::write_member(body, &self.reply.data, &wrapping.payload.seal(data)?);
        }
        Ok(())
    }

    /// Decrypts the data of a platform's answer.
    pub(super) fn decrypt_answer(
        &self,
        wrapping: &Wrapping,
        interface: &Interface,
        data: &str,
        members: &[Member<'_>],
    ) -> Option<Vec<u8>> {
        let key = find(members, &self.envelope.digest).map(Lexeme::text).filter(|_| interface.enveloped);
        let mut unrecorded = Vec::new();
        let plain = match key.filter(|key| !key.is_empty() && !is_digest(key)) {
            Some(key) => wrapping.payload.open_envelope(data, key, &mut unrecorded),
            None => wrapping.payload.open(data, &mut unrecorded),
        };
        plain.map(|plain| plain.to_vec())
    }
}

/// Whether what stands in the digest's place is one, and not the key of a digital envelope. No digest is longer than 32
/// bytes, and no ciphertext of SM2 shorter than 97.
fn is_digest(text: &str) -> bool {
    text.len() <= LONGEST_DIGEST && encoding::decode_any(text).is_some_and(|bytes| bytes.len() <= 32)
}
