//! Why a digest is what it is: the text that was digested, for an operator who compares it with the platform's.

use super::body;
use super::lexeme;
use super::open::{find, signed};
use super::profile::Profile;
use super::rejection::Tolerance;

/// How a message's digest comes about under a platform's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The text that is digested, with `***` in place of the secret.
    pub pre_image: String,
    pub digest: String,
    /// The digest in the message.
    pub given: Option<String>,
    /// The tolerances by which the given digest matches; `None` where it does not.
    pub matches: Option<Vec<Tolerance>>,
}

impl Profile {
    /// Explains the digest of a captured message. `None` for what is not JSON.
    pub fn explain(&self, content_type: Option<&str>, body: &[u8]) -> Option<Explanation> {
        let body = body::json(content_type, body, &self.envelope.form_field)?;
        let members = lexeme::members(&body.text).ok()?;
        let fields = signed(&members);
        let given = find(&members, &self.envelope.digest).map(|given| given.text().to_owned());
        let matches = given.as_deref().and_then(|given| self.digester.verify(&fields, &body.text, given));
        Some(Explanation {
            pre_image: self.digester.pre_image(&fields, &body.text),
            digest: self.digester.sign(&fields, &body.text),
            given,
            matches,
        })
    }
}
