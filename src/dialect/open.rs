//! From the bytes of a push to a typed request. Nothing of a push is interpreted before its digest is verified, and
//! there is no other way to a [`Request`]. The one exception is a digital envelope, which has no digest; see
//! [`Interface::enveloped`].

use jiff::Timestamp;

use super::body;
use super::digest::Signed;
use super::lexeme::{self, Lexeme, Malformed, Member};
use super::meaning::Meaning;
use super::options::{OutsideWindow, UnknownFields};
use super::profile::Profile;
use super::rejection::{Rejection, RejectionKind, Tolerance, shown};
use super::request::{Broken, Request, Subject, Values};
use super::table::{Field, Interface};
use crate::crypto::sm3;

/// A push that is what it says it is.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The interface's name.
    pub interface: String,
    pub subject: Subject,
    pub request: Request,
    /// Which business the push is about: unique per platform and interface.
    pub business_key: String,
    /// SM3 over every field of the interface, without time and digest: the same for a push that only repeats another.
    /// A field that the table does not have means nothing to us, and so takes no part: it may be new with each repeat.
    pub content: [u8; 32],
    pub tolerances: Vec<Tolerance>,
    pub sent_at: Timestamp,
    /// Whether a digest says whose push it is. Of a digital envelope, which has none, nothing may follow but its answer;
    /// see [`Interface::enveloped`].
    pub authentic: bool,
    /// SM3 of the digest that was verified: the same for each copy of a message, however it is written, and for no other. A
    /// digital envelope has none.
    pub signature: Option<[u8; 32]>,
}

/// What is known of a message before its own fields are looked at.
pub(super) struct Verified {
    pub content: [u8; 32],
    pub sent_at: Timestamp,
    pub tolerances: Vec<Tolerance>,
    pub signature: Option<[u8; 32]>,
}

impl Profile {
    /// Opens a push.
    ///
    /// `interface` is the last part of the address it came to, where that names the interface.
    ///
    /// # Errors
    /// A [`Rejection`] whose message may be the answer.
    pub fn open(
        &self,
        interface: Option<&str>,
        content_type: Option<&str>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Opened, Rejection> {
        self.open_signed(interface, content_type, body, None, now)
    }

    /// The HTTP header that carries the digest, where the message itself does not.
    pub fn digest_header(&self) -> Option<&str> {
        self.digest_in_header.then_some(&self.envelope.digest)
    }

    /// Like [`Self::open`], for a platform that sends the digest in [`Self::digest_header`].
    ///
    /// # Errors
    /// A [`Rejection`] whose message may be the answer.
    pub fn open_signed(
        &self,
        interface: Option<&str>,
        content_type: Option<&str>,
        body: &[u8],
        digest: Option<&str>,
        now: Timestamp,
    ) -> Result<Opened, Rejection> {
        let mut tolerances = Vec::new();
        let reject = |kind, message: String| Rejection { kind, message, interface: None };
        let body = body::json(content_type, body, &self.envelope.form_field)
            .ok_or_else(|| reject(RejectionKind::NotJson, "报文不是 JSON 对象".to_owned()))?;
        if !body.as_announced {
            tolerances.push(Tolerance::ContentType);
        }
        let members = lexeme::members(&body.text).map_err(|malformed| match malformed {
            Malformed::NotAnObject => reject(RejectionKind::NotJson, "报文不是有效的 JSON 对象".to_owned()),
            Malformed::Duplicate(field) => {
                let field = shown(&field);
                let message = format!("{field} 重复出现");
                reject(RejectionKind::DuplicateField { field }, message)
            }
        })?;
        if find(&members, &self.envelope.app_key).is_none_or(|app_key| app_key.text() != self.app_key) {
            let message = format!("{} 未登记", self.envelope.app_key);
            return Err(reject(RejectionKind::UnknownAppKey, message));
        }
        let interface = self
            .called(interface, &members)
            .map_err(|message| reject(RejectionKind::UnknownInterface, message))?;

        let within = |broken: Broken| Rejection {
            kind: broken.kind,
            message: broken.message,
            interface: Some(interface.name.clone()),
        };
        match &self.wrapping {
            Some(wrapping) => self.open_wrapped(wrapping, interface, &members, &body.text, tolerances, now),
            None => self.open_flat(interface, &members, &body.text, digest, tolerances, now),
        }
        .map_err(within)
    }

    /// The interface that the address and the message name, each where it does; they must agree. Fails with the words
    /// for it.
    fn called(&self, path: Option<&str>, members: &[Member<'_>]) -> Result<&Interface, String> {
        let member = self.envelope.interface.as_deref();
        let named = member.and_then(|member| find(members, member)).map(Lexeme::text);
        let named = named.filter(|name| !name.is_empty());
        let is_named = |it: &Interface, name: &str| {
            if self.wrapping.is_some() { it.name == name } else { it.path() == name }
        };
        let found = match (path, named) {
            (Some(path), _) => self.inbound.iter().find(|it| it.path() == path),
            (None, Some(name)) => self.inbound.iter().find(|it| is_named(it, name)),
            (None, None) => None,
        };
        let interface = found.ok_or("接口不存在")?;
        match named.filter(|name| !is_named(interface, name)) {
            Some(_) => Err(format!("{} 与请求地址不一致", member.unwrap_or_default())),
            None => Ok(interface),
        }
    }

    fn open_flat(
        &self,
        interface: &Interface,
        members: &[Member<'_>],
        text: &str,
        digest: Option<&str>,
        mut tolerances: Vec<Tolerance>,
        now: Timestamp,
    ) -> Result<Opened, Broken> {
        let (tolerated, signature) = self.verify(members, text, digest)?;
        tolerances.extend(tolerated);
        self.note_unusual(&interface.fields, &interface.clause, members, &mut tolerances)?;
        let values = Values::new(self, &interface.clause, &interface.fields, members);
        let sent_at = self.sent_at(&values, now, &mut tolerances)?;
        let apart = [self.envelope.timestamp.as_str(), self.envelope.digest.as_str()];
        let content = content(members, &interface.fields, &apart);
        self.interpret(
            interface,
            &values,
            Verified { content, sent_at, tolerances, signature: Some(signature) },
        )
    }

    /// Verifies the digest over the texts as they were received; yields what was tolerated, and what names the message.
    pub(super) fn verify(
        &self,
        members: &[Member<'_>],
        text: &str,
        header: Option<&str>,
    ) -> Result<(Vec<Tolerance>, [u8; 32]), Broken> {
        let carrier = &self.envelope.digest;
        let given = if self.digest_in_header {
            header
        } else {
            find(members, carrier).map(Lexeme::text).filter(|given| !given.is_empty())
        };
        let given = given.ok_or_else(|| Broken {
            kind: RejectionKind::BadDigest,
            message: format!("{carrier} 为必填项"),
        })?;
        let tolerated = self.digester.verify(&signed(members), text, given).ok_or_else(|| Broken {
            kind: RejectionKind::BadDigest,
            message: format!("{carrier} 校验失败：报文摘要与报文内容不一致"),
        })?;
        // Hexadecimal digits of the other case are the same digest.
        let is_hex = given.bytes().all(|byte| byte.is_ascii_hexdigit());
        let digest = if is_hex { given.to_ascii_lowercase() } else { given.to_owned() };
        Ok((tolerated, sm3::digest(digest.as_bytes())))
    }

    /// When a message says that it was sent, if that is near enough to now.
    pub(super) fn sent_at(
        &self,
        values: &Values<'_>,
        now: Timestamp,
        tolerances: &mut Vec<Tolerance>,
    ) -> Result<Timestamp, Broken> {
        if values.text(Meaning::Timestamp).is_empty() {
            return Err(values.broken(&self.envelope.timestamp, "为必填项"));
        }
        let sent_at = values.moment(Meaning::Timestamp)?;
        if sent_at.duration_since(now).abs() > self.moments.window {
            if self.moments.outside == OutsideWindow::Refuse {
                let minutes = self.moments.window.as_mins();
                let message = format!("{} 与当前时间相差超过 {minutes} 分钟", self.envelope.timestamp);
                return Err(Broken { kind: RejectionKind::Stale, message });
            }
            tolerances.push(Tolerance::TimeOutsideWindow);
        }
        Ok(sent_at)
    }

    /// Checks a message's own fields, which have been verified or decrypted, and gives them their types.
    pub(super) fn interpret(
        &self,
        interface: &Interface,
        values: &Values<'_>,
        verified: Verified,
    ) -> Result<Opened, Broken> {
        let Verified { content, sent_at, tolerances, signature } = verified;
        values.check()?;
        let request = values.request(interface.does)?.ok_or_else(|| Broken {
            kind: RejectionKind::UnknownInterface,
            message: "接口不存在".to_owned(),
        })?;
        Ok(Opened {
            interface: interface.name.clone(),
            subject: values.subject(),
            request,
            business_key: values.business_key(interface.key()),
            content,
            tolerances,
            sent_at,
            authentic: signature.is_some(),
            signature,
        })
    }

    fn is_of_an_interface(&self, name: &str) -> bool {
        let ours = self.outbound.iter().map(|it| &it.interface);
        self.inbound.iter().chain(ours).any(|it| it.fields.iter().any(|field| field.name == name))
    }

    /// Records members that are not strings; refuses those that only other interfaces have, and refuses or records those
    /// that none has.
    pub(super) fn note_unusual(
        &self,
        fields: &[Field],
        clause: &str,
        members: &[Member<'_>],
        tolerances: &mut Vec<Tolerance>,
    ) -> Result<(), Broken> {
        for member in members {
            let name = member.name.as_ref();
            let of_envelope = self.envelope.interface.as_deref() == Some(name);
            if !of_envelope && !fields.iter().any(|field| field.name == name) {
                let field = shown(name);
                if self.envelope.unknown_fields == UnknownFields::Refuse || self.is_of_an_interface(name) {
                    let message = format!("{field} 不是该接口的字段（{clause}）");
                    return Err(Broken { kind: RejectionKind::UnknownField { field }, message });
                }
                tolerances.push(Tolerance::UnknownField(field));
            }
            match member.value {
                Lexeme::Literal(_) => tolerances.push(Tolerance::Literal(shown(name))),
                Lexeme::Nested(_) => tolerances.push(Tolerance::Nested(shown(name))),
                Lexeme::Text(_) | Lexeme::Null => {}
            }
        }
        Ok(())
    }
}

/// Digests names and values with their lengths before them, sorted by name, so that no two contents give the same
/// bytes. An empty field is the same as none; those that are `apart`, or not of these fields, are no content.
pub(super) fn content(members: &[Member<'_>], fields: &[Field], apart: &[&str]) -> [u8; 32] {
    let mut members: Vec<_> = members
        .iter()
        .map(|member| (member.name.as_ref(), member.value.text()))
        .filter(|(name, value)| !apart.contains(name) && !value.is_empty())
        .filter(|(name, _)| fields.iter().any(|field| field.name == *name))
        .collect();
    members.sort_unstable();
    let mut hasher = sm3::Hasher::new();
    for text in members.iter().flat_map(|(name, value)| [name, value]) {
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        hasher.update(&length.to_be_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finish()
}

pub(super) fn find<'m>(members: &'m [Member<'_>], name: &str) -> Option<&'m Lexeme<'m>> {
    members.iter().find(|member| member.name == name).map(|member| &member.value)
}

/// The members as they take part in a digest.
pub(super) fn signed<'m>(members: &'m [Member<'_>]) -> Vec<Signed<'m>> {
    let signed = |member: &'m Member<'_>| Signed {
        name: &member.name,
        value: member.value.text(),
        null: member.value == Lexeme::Null,
    };
    members.iter().map(signed).collect()
}

#[cfg(test)]
mod tests;
