//! What the settings files say of platforms and rules, and platforms made of that and of what stands above it.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, anyhow};

use super::overlay::{Overlay, Turn};
use super::timeline;
use crate::casework::{Former, Platform};
use crate::dialect::{PlatformOptions, Profile, Registry, Table};
use crate::domain::identity::PlatformId;
use crate::institution::calendar::CalendarOptions;
use crate::institution::letterhead::InstitutionOptions;
use crate::institution::redirects::Redirects;
use crate::institution::rules::{EntryOptions, Rulebook, Scope, UnderwritingOptions};

/// The base on which changes stand: it is read at the start and stays.
pub struct Base {
    pub registry: Registry,
    /// How each platform speaks, and what the institution's rules for it are.
    pub platforms: BTreeMap<String, (PlatformOptions, UnderwritingOptions)>,
    pub rules: Vec<EntryOptions>,
    pub calendar: CalendarOptions,
    pub institution: InstitutionOptions,
    pub redirects: Option<Arc<Redirects>>,
}

impl Base {
    /// Every platform of the settings, with what stands above them.
    ///
    /// # Errors
    /// Which key of which platform or rule is wrong, and what was expected.
    pub fn platforms(&self, overlay: &Overlay) -> anyhow::Result<Vec<Platform>> {
        let entries = timeline::entries(&self.rules, overlay)
            .map_err(|(name, detail)| anyhow!("rules `{name}`: {detail}"))?;
        self.platforms_under(&entries, overlay)
    }

    pub(super) fn platforms_under(
        &self,
        entries: &[EntryOptions],
        overlay: &Overlay,
    ) -> anyhow::Result<Vec<Platform>> {
        let ids = self.platforms.keys().map(String::as_str);
        let rulebook = Rulebook::new(entries, &self.calendar, ids)?;
        let platforms = self.platforms.iter().map(|(id, (wire, underwriting))| {
            let table = self.table(id, wire)?;
            let platform = PlatformId::new(id);
            let mut states = states(wire, overlay.turns(&platform));
            let now = states.pop().map_or_else(|| wire.clone(), |(options, _)| options);
            let profile = Profile::new(platform.clone(), table, &now);
            let profile = profile.with_context(|| format!("platforms.{id}.wire"))?;
            let scope =
                Scope { platform: platform.clone(), product: profile.product(), kind: self.institution.kind };
            let rules = rulebook.rules(&scope, underwriting.clone(), &self.institution.name);
            let rules = rules.with_context(|| format!("platforms.{id}"))?;
            let former = states.into_iter().rev().filter_map(|(options, accepted_until)| {
                // What the settings had before may not fit them any more; then nothing can come under it either.
                let profile = Profile::new(platform.clone(), table, &options).ok()?;
                let reads_otherwise =
                    (&options.agreed_key, &options.agreed_iv) != (&now.agreed_key, &now.agreed_iv);
                let is_needed = accepted_until.is_some() || reads_otherwise;
                is_needed.then(|| Former { profile: Arc::new(profile), accepted_until })
            });
            let former = former.collect();
            let platform = Platform::under_rules(profile, rules).with_redirects(self.redirects.clone());
            Ok(Platform { former, ..platform })
        });
        platforms.collect()
    }

    fn table(&self, id: &str, wire: &PlatformOptions) -> anyhow::Result<&Table> {
        self.registry.table(&wire.dialect).with_context(|| {
            let known: Vec<&str> = self.registry.tables().map(|table| table.id.as_str()).collect();
            format!(
                "platforms.{id}.wire.dialect: expected one of {}, found `{}`",
                known.join(", "),
                wire.dialect
            )
        })
    }
}

/// A platform's settings as they were between changes of its secrets, the present ones last; each with the moment until which
/// what comes under it is accepted once it is over.
fn states(wire: &PlatformOptions, turns: Vec<Turn>) -> Vec<(PlatformOptions, Option<jiff::Timestamp>)> {
    let mut states = vec![(wire.clone(), None)];
    for Turn { secrets, accept_old_until } in turns {
        let Some((before, accepted_until)) = states.last_mut() else { break };
        *accepted_until = accept_old_until;
        let mut options = before.clone();
        for (key, secret) in secrets {
            key.put(&mut options, secret.or_else(|| key.of(wire).cloned()));
        }
        states.push((options, None));
    }
    states
}
