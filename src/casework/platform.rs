//! The platforms that the settings name, each with its profile and the rules that hold for it. All of them can be replaced
//! while the gateway runs; a piece of work keeps the platform that it found.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::{PlatformMissing, Wanted};
use crate::dialect::{Opened, Profile, Rejection, SectionKey, Tolerance, WrongKey};
use crate::domain::Guarantee;
use crate::domain::application::Application;
use crate::domain::identity::PlatformId;
use crate::domain::section::RevealedSection;
use crate::institution::Institution;
use crate::institution::redirects::{PLACEHOLDER, Redirects};
use crate::institution::rules::Rules;
use crate::supervise::Current;

/// A platform as the gateway serves it.
#[derive(Clone)]
pub struct Platform {
    pub profile: Arc<Profile>,
    /// The built-in rules: they price, and they answer where no core system does.
    pub rules: Arc<Rules>,
    /// Who is asked for decisions.
    pub institution: Arc<dyn Institution>,
    /// Of what the core system is told.
    pub callbacks: Wanted,
    /// Makes the tokens that applicants carry, where the settings have a secret for them.
    pub redirects: Option<Arc<Redirects>>,
    /// The platform under secrets that were changed since, the latest of them first.
    pub former: Vec<Former>,
}

/// A platform's profile under secrets that it has no more.
#[derive(Clone)]
pub struct Former {
    pub profile: Arc<Profile>,
    /// Until when its pushes are believed, where the change left time for that.
    pub accepted_until: Option<Timestamp>,
}

/// A push as it arrived.
#[derive(Clone, Copy)]
pub struct Received<'a> {
    /// The last part of the address, where that names the interface.
    pub interface: Option<&'a str>,
    pub content_type: Option<&'a str>,
    pub body: &'a [u8],
    /// The digest, for a platform that sends it in a header.
    pub digest: Option<&'a str>,
}

impl Platform {
    /// A platform for which the built-in rules decide.
    pub fn under_rules(profile: Profile, rules: Rules) -> Self {
        let rules = Arc::new(rules);
        Self {
            profile: Arc::new(profile),
            institution: rules.clone(),
            rules,
            callbacks: Wanted::default(),
            redirects: None,
            former: Vec::new(),
        }
    }

    /// The same with tokens for applicants.
    pub fn with_redirects(self, redirects: Option<Arc<Redirects>>) -> Self {
        Self { redirects, ..self }
    }

    /// Opens a push under the platform's secrets, or else under former ones for as long as these are accepted. Yields the
    /// platform that reads the push and answers it: whoever signs with a former secret verifies by it too.
    ///
    /// # Errors
    /// What the present secrets make of it.
    pub fn open(
        self: &Arc<Self>,
        push: Received<'_>,
        at: Timestamp,
    ) -> Result<(Arc<Self>, Opened), Rejection> {
        let Received { interface, content_type, body, digest } = push;
        let open = |profile: &Profile| profile.open_signed(interface, content_type, body, digest, at);
        let rejection = match open(&self.profile) {
            Ok(opened) => return Ok((Arc::clone(self), opened)),
            Err(rejection) => rejection,
        };
        for former in self.former.iter().filter(|it| it.accepted_until.is_some_and(|until| at < until)) {
            if let Ok(mut opened) = open(&former.profile) {
                opened.tolerances.push(Tolerance::FormerSecret);
                let platform = Self { profile: Arc::clone(&former.profile), ..Self::clone(self) };
                return Ok((Arc::new(platform), opened));
            }
        }
        Err(rejection)
    }

    /// Reads the section of an application whose key is agreed with the platform. One that came before a change of that key
    /// is still encrypted under the former.
    ///
    /// # Errors
    /// When none of the agreed keys opens it.
    pub fn reveal_agreed(&self, application: &Application) -> Result<RevealedSection, WrongKey> {
        let reveal = |profile: &Profile| {
            let key: Option<SectionKey> = profile.agreed_section_key();
            profile.reveal_application(application, key.as_ref())
        };
        let former = || self.former.iter().find_map(|former| reveal(&former.profile).ok());
        reveal(&self.profile).or_else(|wrong| former().ok_or(wrong))
    }

    /// Where the applicant goes on after an application, where the settings say so.
    pub fn redirect(&self, guarantee: &Guarantee, at: Timestamp) -> Option<String> {
        let address = self.profile.redirect(&guarantee.application.number)?;
        if !address.contains(PLACEHOLDER) {
            return Some(address);
        }
        match self.redirects.as_ref()?.token(guarantee, at) {
            Ok(token) => Some(address.replace(PLACEHOLDER, token.expose())),
            Err(error) => {
                tracing::error!(guarantee.id = %guarantee.id, %error, "no token could be made for the applicant");
                None
            }
        }
    }
}

type ById = BTreeMap<PlatformId, Arc<Platform>>;

/// All platforms, by id. Cheap to clone; [`Self::replace`] is seen by all clones.
#[derive(Clone, Default)]
pub struct Platforms {
    by_id: Current<ById>,
    callbacks: Wanted,
}

impl Platforms {
    pub fn new(platforms: impl IntoIterator<Item = Platform>) -> Self {
        Self { by_id: Current::new(by_id(platforms)), callbacks: Wanted::default() }
    }

    /// The same platforms, of which the core system is told so much.
    pub fn telling(self, callbacks: Wanted) -> Self {
        let told = |platform: &Platform| Platform { callbacks: callbacks.clone(), ..platform.clone() };
        Self { callbacks: callbacks.clone(), ..Self::new(self.iter().map(|platform| told(&platform))) }
    }

    /// Of what the core system is told.
    pub fn callbacks(&self) -> &Wanted {
        &self.callbacks
    }

    /// Puts other platforms in place of these, of which the core system is told as of these. Whoever has found one before goes
    /// on with that one.
    pub fn replace(&self, platforms: impl IntoIterator<Item = Platform>) {
        let platforms = platforms.into_iter();
        self.by_id.replace(by_id(platforms.map(|it| Platform { callbacks: self.callbacks.clone(), ..it })));
    }

    /// The platform as it is at this moment.
    pub fn find(&self, id: &PlatformId) -> Option<Arc<Platform>> {
        self.by_id.get().get(id).cloned()
    }

    /// # Errors
    /// When the settings do not name this platform.
    pub fn of(&self, id: &PlatformId) -> Result<Arc<Platform>, PlatformMissing> {
        self.find(id).ok_or_else(|| PlatformMissing(id.clone()))
    }

    /// All of them as they are at this moment, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = Arc<Platform>> {
        let all: Vec<Arc<Platform>> = self.by_id.get().values().cloned().collect();
        all.into_iter()
    }
}

fn by_id(platforms: impl IntoIterator<Item = Platform>) -> ById {
    platforms.into_iter().map(|it| (it.profile.id().clone(), Arc::new(it))).collect()
}
