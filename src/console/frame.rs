//! What stands around every page: who is signed in, the way to the other parts, the language.

use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::future::{Ready, ready};
use jiff::Timestamp;

use super::guard::Session;
use super::language::Language;
use super::{Console, Failure, assets, texts, values};
use crate::access::{Permission, Role};
use crate::domain::money::Fen;

/// Every page's template has one, as `frame`; handlers take it as an argument.
#[derive(Clone)]
pub struct Frame {
    pub language: Language,
    /// None where nobody is signed in, on public pages.
    pub session: Option<Session>,
    pub institution: Arc<str>,
    /// When the page was made.
    pub now: Timestamp,
    /// Path and query of the page.
    pub place: String,
}

/// A part of the console, in the navigation.
pub struct Part {
    pub path: &'static str,
    pub title: &'static str,
    pub is_here: bool,
}

/// The parts in the order in which they are shown: path, key of the title, what they need.
const PARTS: &[(&str, &str, Permission)] = &[
    ("/", "frame.overview", Permission::SeeBusiness),
    ("/openings", "frame.openings", Permission::SeeBusiness),
    ("/guarantees", "frame.guarantees", Permission::SeeBusiness),
    ("/queue", "frame.queue", Permission::SeeBusiness),
    ("/platforms", "frame.platforms", Permission::SeeBusiness),
    ("/alarms", "frame.alarms", Permission::SeeBusiness),
    ("/proposals", "frame.proposals", Permission::SeeProposals),
    ("/reconciliations", "frame.reconciliations", Permission::SeeBusiness),
    ("/rules", "frame.rules", Permission::SeeBusiness),
    ("/audit", "frame.audit", Permission::SeeAudit),
    ("/users", "frame.users", Permission::SeeUsers),
];

impl Frame {
    /// The text of a key, in the page's language.
    pub fn t(&self, key: &'static str) -> &'static str {
        texts::text(key, self.language)
    }

    /// The text of a key with `{name}` replaced by what stands for it.
    pub fn say(&self, key: &'static str, values: &[(&str, &str)]) -> String {
        let filled = |text: String, (name, value): &(&str, &str)| text.replace(&format!("{{{name}}}"), value);
        values.iter().fold(self.t(key).to_owned(), filled)
    }

    /// The one of two words that fits the language.
    pub fn either<'a>(&self, chinese: &'a str, english: &'a str) -> &'a str {
        match self.language {
            Language::Chinese => chinese,
            Language::English => english,
        }
    }

    pub fn is_chinese(&self) -> bool {
        self.language == Language::Chinese
    }

    /// What forms carry in a field `form_token`.
    pub fn form_token(&self) -> &str {
        self.session.as_ref().map(|session| session.form_token.as_str()).unwrap_or_default()
    }

    /// The name of whoever is signed in.
    pub fn name(&self) -> &str {
        self.session.as_ref().map(|session| session.operator.name.as_str()).unwrap_or_default()
    }

    pub fn may(&self, permission: Permission) -> bool {
        self.session.as_ref().is_some_and(|session| session.operator.may(permission))
    }

    /// A role's name.
    pub fn role(&self, role: &Role) -> &'static str {
        self.t(match role {
            Role::Operations => "users.operations",
            Role::Maker => "users.maker",
            Role::Checker => "users.checker",
            Role::Auditor => "users.auditor",
            Role::Administrator => "users.administrator",
        })
    }

    pub fn sees_business(&self) -> bool {
        self.may(Permission::SeeBusiness)
    }

    pub fn may_operate(&self) -> bool {
        self.may(Permission::Operate)
    }

    pub fn may_propose(&self) -> bool {
        self.may(Permission::Propose)
    }

    pub fn may_export(&self) -> bool {
        self.may(Permission::Export)
    }

    /// The parts that whoever is signed in may see.
    pub fn parts(&self) -> Vec<Part> {
        let path = self.place.split('?').next().unwrap_or_default();
        let here = |part: &str| path == part || (part != "/" && path.starts_with(&format!("{part}/")));
        let seen = PARTS.iter().filter(|(_, _, permission)| self.may(*permission));
        seen.map(|(path, title, _)| Part { path, title: self.t(title), is_here: here(path) }).collect()
    }

    /// Where the product's name leads: the first part that may be seen.
    pub fn home(&self) -> &'static str {
        self.parts().first().map_or("/", |part| part.path)
    }

    /// Date and time in China Standard Time, to the second.
    pub fn time(&self, at: &Timestamp) -> String {
        values::time(*at)
    }

    /// The time of the day in China Standard Time, to the second.
    pub fn clock(&self, at: &Timestamp) -> String {
        values::clock_time(*at)
    }

    /// Date and time, or a dash.
    pub fn time_or_dash(&self, at: &Option<Timestamp>) -> String {
        at.map_or_else(|| "—".to_owned(), values::time)
    }

    /// Yuan with two places and separators of thousands.
    pub fn yuan(&self, amount: &Fen) -> String {
        values::yuan(*amount)
    }

    /// From then to now, in the largest unit that fits: `3 分钟`.
    pub fn since(&self, at: &Timestamp) -> String {
        values::span(self.now.duration_since(*at), self.language)
    }

    /// The address of a file that pages load, with its digest, so that browsers may keep it.
    pub fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    pub fn languages(&self) -> [Language; 2] {
        Language::ALL
    }
}

impl FromRequest for Frame {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let Some(console) = request.app_data::<Data<Console>>() else { return ready(Err(Failure::Internal)) };
        let language = Language::from_request(request, payload).into_inner().unwrap_or_default();
        ready(Ok(Self {
            language,
            session: request.extensions().get::<Session>().cloned(),
            institution: Arc::clone(&console.institution),
            now: console.clock.now(),
            place: request.uri().path_and_query().map_or("/", |place| place.as_str()).to_owned(),
        }))
    }
}
