//! A change tried before anybody relies on it, and what it would do.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::adoption::Prepared;
use super::base::Base;
use super::dry_run::{self, DryRun};
use super::overlay::{Held, Overlay};
use super::refusal::Refusal;
use super::subject::Subject;
use super::timeline;
use crate::document::{Form, Letter, Press, Proof};
use crate::domain::Guarantee;
use crate::institution::rules::EntryOptions;

/// A template of more bytes is refused.
const LONGEST_TEMPLATE: usize = 256 * 1024;

/// What a change would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// With a change of rules.
    pub rules: Option<DryRun>,
    /// With a change of templates: the forms whose letters would look otherwise.
    pub letters: Vec<FormEffect>,
}

/// How the letters of a form would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormEffect {
    pub form: Form,
    pub pages_before: usize,
    pub pages_after: usize,
    /// Blanks that would not be printed any more, such as `issuer.fax`, and those that would be printed anew.
    pub lost: Vec<String>,
    pub gained: Vec<String>,
}

/// What a change is tried on.
pub(super) struct Trial<'a> {
    pub(super) base: &'a Base,
    pub(super) overlay: &'a Overlay,
    /// As the settings have it.
    pub(super) press: &'a Press,
    /// As it is.
    pub(super) current: &'a Press,
    pub(super) letterhead: &'a Letter,
    pub(super) applications: &'a [Guarantee],
    pub(super) at: Timestamp,
}

impl Trial<'_> {
    /// Builds everything as it would be.
    pub(super) fn run(&self, prepared: &[Prepared]) -> Result<Effects, Refusal> {
        for item in prepared {
            self.expect_usable(item)?;
        }
        let proposed = self.overlay.with(prepared, self.at);
        self.base.platforms(&proposed).map_err(|error| Refusal::Platforms(format!("{error:#}")))?;
        let rules: Vec<&Prepared> =
            prepared.iter().filter(|it| matches!(it.subject, Subject::Rule { .. })).collect();
        let rules = if rules.is_empty() { None } else { Some(self.dry_run(&rules)?) };
        let changes_templates = prepared.iter().any(|it| matches!(it.subject, Subject::Template { .. }));
        let letters = if changes_templates { self.print(&proposed)? } else { Vec::new() };
        Ok(Effects { rules, letters })
    }

    fn expect_usable(&self, item: &Prepared) -> Result<(), Refusal> {
        match (&item.subject, &item.held) {
            (Subject::Secret { platform, key }, held) => {
                let known = self.base.platforms.get(platform.as_str());
                let (wire, _) = known.ok_or_else(|| Refusal::UnknownPlatform(platform.clone()))?;
                let first = self.overlay.latest(&item.subject).is_none();
                match held {
                    Held::Secret { secret, .. } if first && key.of(wire) == Some(secret) => {
                        Err(Refusal::NoDifference(item.subject.clone()))
                    }
                    _ => Ok(()),
                }
            }
            (Subject::Rule { name }, Held::Rule { keys, .. }) => read_entry(name, keys).map(drop),
            (Subject::Template { name }, Held::Template { text }) => {
                if text.len() > LONGEST_TEMPLATE {
                    let (found, limit) = (text.len(), LONGEST_TEMPLATE);
                    return Err(Refusal::TemplateTooLong { name: name.clone(), found, limit });
                }
                match self.press.templates().find(|(known, _)| known == name) {
                    Some((_, known)) if known == text && self.overlay.latest(&item.subject).is_none() => {
                        Err(Refusal::NoDifference(item.subject.clone()))
                    }
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// As if the proposed entries had held all the time: else no application of the past would be touched by them.
    fn dry_run(&self, rules: &[&Prepared]) -> Result<DryRun, Refusal> {
        let unusable = |error: anyhow::Error| Refusal::Platforms(format!("{error:#}"));
        let unreadable = |(name, detail)| Refusal::Rule { name, detail };
        let mut settings = self.base.rules.clone();
        let mut overlay = self.overlay.clone();
        for item in rules {
            let Subject::Rule { name } = &item.subject else { continue };
            overlay = overlay.without_rule(name);
            let Held::Rule { keys, .. } = &item.held else { continue };
            let always = EntryOptions { from: None, until: None, ..read_entry(name, keys)? };
            match settings.iter_mut().find(|entry| entry.name == *name) {
                Some(entry) => *entry = always,
                None => settings.push(always),
            }
        }
        let entries = timeline::entries(&settings, &overlay).map_err(unreadable)?;
        let proposed = self.base.platforms_under(&entries, &overlay).map_err(unusable)?;
        let now = self.base.platforms(self.overlay).map_err(unusable)?;
        Ok(dry_run::run(self.applications, &now, &proposed))
    }

    /// Lays out every form under the proposed templates, with the institution's own letterhead too.
    fn print(&self, proposed: &Overlay) -> Result<Vec<FormEffect>, Refusal> {
        let unusable = |error: anyhow::Error| Refusal::Templates(format!("{error:#}"));
        let then = self.press.with_templates(&proposed.templates()).map_err(unusable)?;
        then.letter(self.letterhead).map_err(|error| Refusal::Templates(error.to_string()))?;
        let after = then.prove()?;
        // What is in force was tried when it came; templates of the settings' folder may leave out what they like.
        let before = self.current.prove().unwrap_or_default();
        let effects = after.into_iter().map(|after| {
            let before = before.iter().find(|it| it.form == after.form);
            effect(before, &after)
        });
        Ok(effects.filter(FormEffect::is_seen).collect())
    }
}

/// The entry that the keys make, without those that reach into the machine.
fn read_entry(name: &str, keys: &str) -> Result<EntryOptions, Refusal> {
    let entry =
        timeline::read(name, keys).map_err(|detail| Refusal::Rule { name: name.to_owned(), detail })?;
    if entry.blacklist_file.is_some() {
        let why = "which file is read on the machine is said by its settings";
        return Err(Refusal::RuleKey { name: name.to_owned(), key: "blacklist_file", why });
    }
    Ok(entry)
}

fn effect(before: Option<&Proof>, after: &Proof) -> FormEffect {
    let nothing = BTreeSet::new();
    let printed = before.map_or(&nothing, |it| &it.printed);
    FormEffect {
        form: after.form,
        pages_before: before.map_or(0, |it| it.pages),
        pages_after: after.pages,
        lost: printed.difference(&after.printed).cloned().collect(),
        gained: after.printed.difference(printed).cloned().collect(),
    }
}

impl FormEffect {
    fn is_seen(&self) -> bool {
        self.pages_before != self.pages_after || !self.lost.is_empty() || !self.gained.is_empty()
    }
}
