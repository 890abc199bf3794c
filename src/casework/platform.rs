//! The platforms that the settings name, each with its profile and the rules that hold for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::{PlatformMissing, Wanted};
use crate::dialect::Profile;
use crate::domain::Guarantee;
use crate::domain::identity::PlatformId;
use crate::institution::Institution;
use crate::institution::redirects::{PLACEHOLDER, Redirects};
use crate::institution::rules::Rules;

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
        }
    }

    /// The same with tokens for applicants.
    pub fn with_redirects(self, redirects: Option<Arc<Redirects>>) -> Self {
        Self { redirects, ..self }
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

/// All platforms, by id. Cheap to clone.
#[derive(Clone, Default)]
pub struct Platforms {
    by_id: Arc<BTreeMap<PlatformId, Platform>>,
    callbacks: Wanted,
}

impl Platforms {
    pub fn new(platforms: impl IntoIterator<Item = Platform>) -> Self {
        let by_id = platforms.into_iter().map(|it| (it.profile.id().clone(), it)).collect();
        Self { by_id: Arc::new(by_id), callbacks: Wanted::default() }
    }

    /// The same platforms, of which the core system is told so much.
    pub fn telling(self, callbacks: Wanted) -> Self {
        let told = |platform: &Platform| Platform { callbacks: callbacks.clone(), ..platform.clone() };
        Self { callbacks: callbacks.clone(), ..Self::new(self.iter().map(told)) }
    }

    /// Of what the core system is told.
    pub fn callbacks(&self) -> &Wanted {
        &self.callbacks
    }

    pub fn find(&self, id: &PlatformId) -> Option<&Platform> {
        self.by_id.get(id)
    }

    /// # Errors
    /// When the settings do not name this platform.
    pub fn of(&self, id: &PlatformId) -> Result<&Platform, PlatformMissing> {
        self.by_id.get(id).ok_or_else(|| PlatformMissing(id.clone()))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Platform> {
        self.by_id.values()
    }
}
