//! Secrets that stand in settings files sealed, as `baohan keys seal-secret` prints them.

use config::{Value, ValueKind};
use serde::Deserialize as _;

use super::load::SECRET_KEYS;
use super::{KeyringOptions, MasterSource, SettingsError};
use crate::crypto::keyring::{Keyring, SEALED_SECRET};

/// Where the master key is, by the section `[keyring]`.
///
/// # Errors
/// When the section can't be read, or names two places.
pub(super) fn master_of(root: &Value) -> Result<MasterSource, SettingsError> {
    let wrong =
        |problem: String| SettingsError::Value { key: "keyring".to_owned(), place: String::new(), problem };
    let ValueKind::Table(table) = &root.kind else { return Err(wrong("expected a section".to_owned())) };
    let section = table.get("keyring").ok_or_else(|| wrong("expected a section, found none".to_owned()))?;
    let options = KeyringOptions::deserialize(section.clone()).map_err(|error| wrong(error.to_string()))?;
    options.source().map_err(|error| wrong(error.to_string()))
}

/// Puts each secret in the place of what it is sealed as. The master key is read only where something is sealed.
///
/// # Errors
/// Which key's secret does not open, and why.
pub(super) fn open_secrets(root: &mut Value) -> Result<(), SettingsError> {
    let mut sealed = Vec::new();
    find(root, "", &mut sealed);
    let Some(first) = sealed.first() else { return Ok(()) };
    let without_key = |problem: String| SettingsError::SealedSecret { key: first.clone(), problem };
    let keyring = master_of(root)?.keyring().map_err(|error| without_key(format!("{error:#}")))?;
    open(root, "", &keyring)
}

fn is_sealed(key: &str, value: &Value) -> bool {
    let text = match &value.kind {
        ValueKind::String(text) => text,
        _ => return false,
    };
    SECRET_KEYS.contains(&key) && text.starts_with(SEALED_SECRET)
}

fn find(value: &Value, path: &str, found: &mut Vec<String>) {
    match &value.kind {
        ValueKind::Table(table) => {
            for (key, inner) in table {
                if is_sealed(key, inner) {
                    found.push(format!("{path}{key}"));
                }
                find(inner, &format!("{path}{key}."), found);
            }
        }
        ValueKind::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                find(item, &in_list(path, index), found);
            }
        }
        _ => {}
    }
}

fn open(value: &mut Value, path: &str, keyring: &Keyring) -> Result<(), SettingsError> {
    match &mut value.kind {
        ValueKind::Table(table) => {
            for (key, inner) in table.iter_mut() {
                let place = format!("{path}{key}");
                if is_sealed(key, inner)
                    && let ValueKind::String(text) = &mut inner.kind
                {
                    let opened = keyring.open_secret(&place, text);
                    let opened =
                        opened.map_err(|problem| SettingsError::SealedSecret { key: place, problem })?;
                    opened.as_str().clone_into(text);
                } else {
                    open(inner, &format!("{place}."), keyring)?;
                }
            }
        }
        ValueKind::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                open(item, &in_list(path, index), keyring)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// `alarms.channels.` and 2 make `alarms.channels[2].`, as complaints about settings name items.
fn in_list(path: &str, index: usize) -> String {
    format!("{}[{index}].", path.trim_end_matches('.'))
}
