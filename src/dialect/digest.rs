//! The digest of a message (报文摘要): what is digested, how the secret takes part, and how digests are compared.

pub mod variation;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::options::{Coverage, DigestAlgorithm, DigestOptions, DigestPlace, Empties, FieldOrder, Pair};
use super::rejection::Tolerance;
use super::soundness::{Check, mismatch};
use crate::crypto::encoding::TextForm;
use crate::crypto::{md5, sm3};
use crate::secret::Secret;

/// A field as it takes part in a digest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signed<'a> {
    pub name: &'a str,
    pub value: &'a str,
    pub null: bool,
}

/// Digests messages for one platform.
#[derive(Clone, Debug)]
pub(super) struct Digester {
    options: DigestOptions,
    frame: Vec<Part>,
    app_key: String,
    secret: Secret,
    /// The field that carries the digest, which never takes part.
    carrier: String,
}

/// A piece of the frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    Fields,
    Secret,
    AppKey,
}

/// Where the text to be digested goes.
enum Sink {
    Sm3(sm3::Hasher),
    HmacSm3(sm3::Hmac),
    /// Gathered: MD5 is not offered in pieces.
    Md5(Zeroizing<Vec<u8>>),
    /// Shown to an operator.
    Shown(Vec<u8>),
}

impl Sink {
    fn write(&mut self, bytes: &[u8]) {
        match self {
            Self::Sm3(hasher) => hasher.update(bytes),
            Self::HmacSm3(hmac) => hmac.update(bytes),
            Self::Md5(text) => text.extend_from_slice(bytes),
            Self::Shown(text) => text.extend_from_slice(bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Sm3(hasher) => hasher.finish().to_vec(),
            Self::HmacSm3(hmac) => hmac.finish().to_vec(),
            Self::Md5(text) => md5::digest(&text).to_vec(),
            Self::Shown(text) => text,
        }
    }
}

impl Digester {
    pub fn new(options: &DigestOptions, carrier: &str, app_key: &str, secret: &Secret) -> Check<Self> {
        Ok(Self {
            frame: Self::check(options)?,
            options: options.clone(),
            app_key: app_key.to_owned(),
            secret: secret.clone(),
            carrier: carrier.to_owned(),
        })
    }

    /// Refuses options that contradict each other or leave the secret out.
    pub fn check(options: &DigestOptions) -> Check<Vec<Part>> {
        let frame = parts(&options.frame)?;
        let times = |part: &Part| frame.iter().filter(|it| *it == part).count();
        if times(&Part::Fields) != 1 {
            return mismatch("`{fields}` once in `digest.frame`", format!("`{}`", options.frame));
        }
        let keyed = options.algorithm == DigestAlgorithm::HmacSm3;
        let places = times(&Part::Secret) + usize::from(options.secret_field.is_some()) + usize::from(keyed);
        if places != 1 {
            return mismatch(
                "the secret in one place: `{secret}` in `digest.frame`, `digest.secret_field`, or `hmac-sm3`",
                format!("{places}"),
            );
        }
        if (options.covers == Coverage::ListedFields) == options.listed.is_empty() {
            return mismatch(
                "`digest.listed` with `covers = \"listed-fields\"`, and only with it",
                "otherwise",
            );
        }
        if options.covers == Coverage::Body
            && (options.place == DigestPlace::Body || options.secret_field.is_some())
        {
            return mismatch("`digest.place = \"header\"` for a digest that covers the body", "otherwise");
        }
        Ok(frame)
    }

    /// The digest that goes on the wire. `body` is the JSON text, for digests that cover it.
    pub fn sign(&self, fields: &[Signed<'_>], body: &str) -> String {
        self.options.output.encode(&self.raw(fields, body, self.options.empties))
    }

    /// Whether `given` is this message's digest, and by which tolerances. `None` where it is not.
    pub fn verify(&self, fields: &[Signed<'_>], body: &str, given: &str) -> Option<Vec<Tolerance>> {
        let (wanted, other_case) = self.decode(given)?;
        let mut tolerances = Vec::new();
        if other_case {
            tolerances.push(Tolerance::DigestCase);
        }
        let configured = self.options.empties;
        if equal(&self.raw(fields, body, configured), &wanted) {
            return Some(tolerances);
        }
        let treated_differently = |field: &Signed<'_>| field.null || field.value.trim().is_empty();
        let optional = self.options.accept_other_empties
            && self.options.covers != Coverage::Body
            && fields.iter().any(treated_differently);
        let others = [Empties::SkipEmpty, Empties::Keep, Empties::SkipNull, Empties::SkipBlank];
        let other = others
            .into_iter()
            .filter(|other| optional && *other != configured)
            .find(|other| equal(&self.raw(fields, body, *other), &wanted))?;
        tolerances.push(Tolerance::DigestEmpties(other.name()));
        Some(tolerances)
    }

    /// The text that is digested, the secret shown as `***`.
    pub fn pre_image(&self, fields: &[Signed<'_>], body: &str) -> String {
        let mut sink = Sink::Shown(Vec::new());
        self.write(fields, body, self.options.empties, "***", &mut sink);
        String::from_utf8_lossy(&sink.finish()).into_owned()
    }

    fn raw(&self, fields: &[Signed<'_>], body: &str, empties: Empties) -> Vec<u8> {
        let mut sink = match self.options.algorithm {
            DigestAlgorithm::Sm3 => Sink::Sm3(sm3::Hasher::new()),
            DigestAlgorithm::HmacSm3 => Sink::HmacSm3(sm3::Hmac::new(self.secret.expose().as_bytes())),
            DigestAlgorithm::Md5 => Sink::Md5(Zeroizing::default()),
        };
        self.write(fields, body, empties, self.secret.expose(), &mut sink);
        sink.finish()
    }

    fn write(&self, fields: &[Signed<'_>], body: &str, empties: Empties, secret: &str, sink: &mut Sink) {
        for part in &self.frame {
            match part {
                Part::Text(text) => sink.write(text.as_bytes()),
                Part::Secret => sink.write(secret.as_bytes()),
                Part::AppKey => sink.write(self.app_key.as_bytes()),
                Part::Fields if self.options.covers == Coverage::Body => sink.write(body.as_bytes()),
                Part::Fields => self.write_fields(fields, empties, secret, sink),
            }
        }
    }

    fn write_fields(&self, fields: &[Signed<'_>], empties: Empties, secret: &str, sink: &mut Sink) {
        let mut taking_part: Vec<Signed<'_>> = match self.options.covers {
            Coverage::ListedFields => {
                let listed = self.options.listed.iter();
                listed.filter_map(|name| fields.iter().find(|field| field.name == name).copied()).collect()
            }
            Coverage::AllFields | Coverage::Body => fields.to_vec(),
        };
        taking_part.retain(|field| {
            field.name != self.carrier
                && !self.options.exclude.iter().any(|name| name == field.name)
                && match empties {
                    Empties::Keep => true,
                    Empties::SkipNull => !field.null,
                    Empties::SkipEmpty => !field.value.is_empty(),
                    Empties::SkipBlank => !field.value.trim().is_empty(),
                }
        });
        if let Some(name) = &self.options.secret_field {
            taking_part.push(Signed { name, value: secret, null: false });
        }
        match self.options.order {
            FieldOrder::Ascii => taking_part.sort_unstable_by(|one, other| one.name.cmp(other.name)),
            FieldOrder::AsciiIgnoringCase => {
                taking_part.sort_by_cached_key(|field| (field.name.to_ascii_lowercase(), field.name))
            }
            FieldOrder::Declared => {}
        }
        for (index, field) in taking_part.iter().enumerate() {
            if index > 0 {
                sink.write(self.options.separator.as_bytes());
            }
            if self.options.pair == Pair::NameAndValue {
                sink.write(field.name.as_bytes());
                sink.write(b"=");
            }
            sink.write(field.value.as_bytes());
        }
    }

    /// A given digest's bytes, and whether its digits are in the other case than agreed.
    fn decode(&self, given: &str) -> Option<(Vec<u8>, bool)> {
        let other_case = match self.options.output {
            TextForm::Base64 => return BASE64_STANDARD.decode(given).ok().map(|bytes| (bytes, false)),
            TextForm::Hex => given.bytes().any(|byte| byte.is_ascii_uppercase()),
            TextForm::HexUpper => given.bytes().any(|byte| byte.is_ascii_lowercase()),
        };
        let bytes = hex::decode(given).ok()?;
        (self.options.accept_other_case || !other_case).then_some((bytes, other_case))
    }
}

/// Compares in constant time.
fn equal(one: &[u8], other: &[u8]) -> bool {
    #[cfg(test)]
    crate::crypto::effort::note(|done| done.compared += one.len());
    one.ct_eq(other).into()
}

fn parts(frame: &str) -> Check<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = frame;
    while let Some((before, after)) = rest.split_once('{') {
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        let Some((name, after)) = after.split_once('}') else {
            return mismatch("a closed `{` in `digest.frame`", format!("`{frame}`"));
        };
        parts.push(match name {
            "fields" => Part::Fields,
            "secret" => Part::Secret,
            "app_key" => Part::AppKey,
            other => {
                return mismatch(
                    "`{fields}`, `{secret}` or `{app_key}` in `digest.frame`",
                    format!("`{{{other}}}`"),
                );
            }
        });
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests;
