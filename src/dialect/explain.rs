//! Why a digest is what it is: the text that was digested, for an operator who compares it with the platform's.

use super::body;
use super::digest::Signed;
use super::lexeme;
use super::open::{find, signed};
use super::profile::Profile;
use super::rejection::Tolerance;

pub use super::digest::variation::Difference;

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
    /// Where it does not match: how the platform may have made it instead.
    pub candidates: Vec<Candidate>,
    /// Whether the digest in the message is that of each candidate. Otherwise they are what was tried.
    pub candidates_match: bool,
}

/// Another way to make the digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub differences: Vec<Difference>,
    /// With `***` in place of the secret.
    pub pre_image: String,
}

/// Shows values in another form than they have in the message: what names a person is not for everybody.
pub trait Veil {
    /// The value of a field.
    fn value(&self, field: &str, value: &str) -> String;
    /// A whole message.
    fn message(&self, text: &str) -> String;
}

/// Shows everything.
struct Uncovered;

impl Veil for Uncovered {
    fn value(&self, _: &str, value: &str) -> String {
        value.to_owned()
    }

    fn message(&self, text: &str) -> String {
        text.to_owned()
    }
}

impl Profile {
    /// Explains the digest of a captured message, with all that stands in it but the secret.
    pub fn explain(&self, content_type: Option<&str>, body: &[u8]) -> Option<Explanation> {
        self.explain_veiled(content_type, body, &Uncovered)
    }

    /// Explains the digest of a captured message. Digests are made of the message as it is, and the texts are shown through
    /// the veil. `None` for what is not JSON.
    pub fn explain_veiled(
        &self,
        content_type: Option<&str>,
        body: &[u8],
        veil: &dyn Veil,
    ) -> Option<Explanation> {
        let body = body::json(content_type, body, &self.envelope.form_field)?;
        let members = lexeme::members(&body.text).ok()?;
        let fields = signed(&members);
        let given = find(&members, &self.envelope.digest).map(|given| given.text().to_owned());
        let matches = given.as_deref().and_then(|given| self.digester.verify(&fields, &body.text, given));
        let tried = given.as_deref().filter(|_| matches.is_none());
        let tried = tried.map(|given| self.digester.explain(&fields, &body.text, given));
        let (candidates_match, candidates) = tried.unwrap_or_default();
        let values: Vec<String> = fields.iter().map(|field| veil.value(field.name, field.value)).collect();
        let veiled = fields.iter().zip(&values).map(|(field, value)| Signed { value, ..*field });
        let (veiled, text): (Vec<Signed<'_>>, String) = (veiled.collect(), veil.message(&body.text));
        let pre_image = self.digester.pre_image(&veiled, &text);
        let shown = candidates.into_iter().map(|candidate| Candidate {
            pre_image: candidate.pre_image(&veiled, &text),
            differences: candidate.differences,
        });
        let tells = |candidate: &Candidate| candidates_match || candidate.pre_image != pre_image;
        Some(Explanation {
            digest: self.digester.sign(&fields, &body.text),
            given,
            matches,
            candidates: shown.filter(tells).collect(),
            candidates_match,
            pre_image,
        })
    }
}
