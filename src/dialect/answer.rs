//! What a platform answered to a message of ours.

use super::lexeme::{self, Lexeme};
use super::meaning::Meaning;
use super::open::find;
use super::profile::Profile;

/// As much of a platform's message as is kept, in characters.
const LONGEST_MESSAGE: usize = 200;

/// A platform's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub verdict: Verdict,
    /// The platform's words, shortened; of an unreadable answer, how it begins.
    pub message: String,
    pub public_key: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The success code, as text or as a number.
    Accepted,
    /// Any other code.
    Rejected,
    /// No JSON object with a code in it, such as a proxy's HTML page.
    Unreadable,
}

impl Profile {
    /// Reads the answer to a message that was sent to `interface`, whatever the HTTP status was.
    pub fn read_answer(&self, interface: &str, body: &[u8]) -> Answer {
        let unreadable = || Answer {
            verdict: Verdict::Unreadable,
            message: shortened(&String::from_utf8_lossy(body.get(..1024).unwrap_or(body))),
            public_key: None,
        };
        let members = std::str::from_utf8(body).ok().and_then(|text| lexeme::members(text).ok());
        let Some(members) = members else { return unreadable() };
        let Some(code) = find(&members, &self.reply.code).map(Lexeme::text).filter(|code| !code.is_empty())
        else {
            return unreadable();
        };
        let verdict = if code == self.reply.success { Verdict::Accepted } else { Verdict::Rejected };
        let place = self
            .outbound
            .iter()
            .find(|it| it.interface.name == interface)
            .and_then(|it| it.interface.answer_field(Meaning::PublicKey));
        let public_key = place.and_then(|place| match &place.within {
            Some(object) => {
                // The object may come as an object or as its text.
                let nested = lexeme::members(find(&members, object)?.text()).ok()?;
                find(&nested, &place.name).map(|key| key.text().to_owned())
            }
            None => find(&members, &place.name).map(|key| key.text().to_owned()),
        });
        let message = find(&members, &self.reply.message).map_or("", Lexeme::text);
        Answer { verdict, message: shortened(message), public_key: public_key.filter(|key| !key.is_empty()) }
    }
}

fn shortened(text: &str) -> String {
    text.trim().chars().filter(|letter| !letter.is_control()).take(LONGEST_MESSAGE).collect()
}
