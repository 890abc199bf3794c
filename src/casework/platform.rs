//! The platforms that the settings name, each with its profile and the rules that hold for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::PlatformMissing;
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
    /// Makes the tokens that applicants carry, where the settings have a secret for them.
    pub redirects: Option<Arc<Redirects>>,
}

impl Platform {
    /// A platform for which the built-in rules decide.
    pub fn under_rules(profile: Profile, rules: Rules) -> Self {
        let rules = Arc::new(rules);
        Self { profile: Arc::new(profile), institution: rules.clone(), rules, redirects: None }
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
pub struct Platforms(Arc<BTreeMap<PlatformId, Platform>>);

impl Platforms {
    pub fn new(platforms: impl IntoIterator<Item = Platform>) -> Self {
        let by_id = platforms.into_iter().map(|it| (it.profile.id().clone(), it)).collect();
        Self(Arc::new(by_id))
    }

    pub fn find(&self, id: &PlatformId) -> Option<&Platform> {
        self.0.get(id)
    }

    /// # Errors
    /// When the settings do not name this platform.
    pub fn of(&self, id: &PlatformId) -> Result<&Platform, PlatformMissing> {
        self.0.get(id).ok_or_else(|| PlatformMissing(id.clone()))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Platform> {
        self.0.values()
    }
}
