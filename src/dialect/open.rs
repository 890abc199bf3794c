//! From the bytes of a push to a typed request. Nothing of a push is interpreted before its digest is verified, and
//! there is no other way to a [`Request`].

use jiff::Timestamp;

use super::body;
use super::digest::Signed;
use super::lexeme::{self, Lexeme, Malformed, Member};
use super::meaning::Meaning;
use super::options::{OutsideWindow, UnknownFields};
use super::profile::Profile;
use super::rejection::{Rejection, RejectionKind, Tolerance, shown};
use super::request::{Broken, Request, Values};
use super::table::Interface;
use crate::crypto::sm3;
use crate::domain::identity::ApplicationNumber;

/// A push that is what it says it is.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The interface's name.
    pub interface: String,
    pub application: ApplicationNumber,
    pub request: Request,
    /// Which business the push is about: unique per platform and interface.
    pub business_key: String,
    /// SM3 over every field except time and digest: the same for a push that only repeats another.
    pub content: [u8; 32],
    pub tolerances: Vec<Tolerance>,
    pub sent_at: Timestamp,
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
        let named =
            self.envelope.interface.as_deref().and_then(|name| find(&members, name)).map(Lexeme::text);
        let interface = interface
            .or(named)
            .and_then(|path| self.inbound.iter().find(|it| it.path() == path))
            .ok_or_else(|| reject(RejectionKind::UnknownInterface, "接口不存在".to_owned()))?;

        let within = |broken: Broken| Rejection {
            kind: broken.kind,
            message: broken.message,
            interface: Some(interface.name.clone()),
        };
        tolerances.extend(self.verify(&members, &body.text, digest).map_err(within)?);
        self.interpret(interface, &members, tolerances, now).map_err(within)
    }

    fn verify(
        &self,
        members: &[Member<'_>],
        text: &str,
        header: Option<&str>,
    ) -> Result<Vec<Tolerance>, Broken> {
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
        self.digester.verify(&signed(members), text, given).ok_or_else(|| Broken {
            kind: RejectionKind::BadDigest,
            message: format!("{carrier} 校验失败：报文摘要与报文内容不一致"),
        })
    }

    fn interpret(
        &self,
        interface: &Interface,
        members: &[Member<'_>],
        mut tolerances: Vec<Tolerance>,
        now: Timestamp,
    ) -> Result<Opened, Broken> {
        self.note_unusual(interface, members, &mut tolerances)?;
        let texts = interface.fields.iter().map(|field| find(members, &field.name).map_or("", Lexeme::text));
        let values = Values { profile: self, interface, texts: texts.collect() };
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
        values.check()?;
        let request = values.request()?.ok_or_else(|| Broken {
            kind: RejectionKind::UnknownInterface,
            message: "接口不存在".to_owned(),
        })?;
        Ok(Opened {
            interface: interface.name.clone(),
            application: values.application()?,
            request,
            business_key: values.business_key(),
            content: self.content(members),
            tolerances,
            sent_at,
        })
    }

    /// Records members that are not strings; refuses or records those that the table does not have.
    fn note_unusual(
        &self,
        interface: &Interface,
        members: &[Member<'_>],
        tolerances: &mut Vec<Tolerance>,
    ) -> Result<(), Broken> {
        for member in members {
            let name = member.name.as_ref();
            let of_envelope = self.envelope.interface.as_deref() == Some(name);
            if !of_envelope && !interface.fields.iter().any(|field| field.name == name) {
                let field = shown(name);
                if self.envelope.unknown_fields == UnknownFields::Refuse {
                    let message = format!("{field} 不是该接口的字段（{}）", interface.clause);
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

    /// Names and values with their lengths before them, sorted by name, so that no two contents give the same bytes.
    /// An empty field is the same as none.
    fn content(&self, members: &[Member<'_>]) -> [u8; 32] {
        let apart = [self.envelope.timestamp.as_str(), self.envelope.digest.as_str()];
        let mut members: Vec<_> = members
            .iter()
            .map(|member| (member.name.as_ref(), member.value.text()))
            .filter(|(name, value)| !apart.contains(name) && !value.is_empty())
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
