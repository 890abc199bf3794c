//! A console to look at after a demonstration, with an account for each role.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::access::{Access, By, Role};
use crate::gateway::{self, Gateway};
use crate::settings::Settings;
use crate::store::audit::Actor;

/// The further file of settings.
const CONSOLE_SETTINGS: &str = "console.toml";

/// A console on this machine alone, whose accounts need no second factor.
const CONSOLE: &str = "[console]\nlisten = \"127.0.0.1:0\"\n[access]\nsecond_factor = \"optional\"\n";

/// Writes what a gateway with a console has in its settings beside.
///
/// # Errors
/// When the file can't be written.
pub(super) fn settings(folder: &Path) -> anyhow::Result<PathBuf> {
    let file = folder.join(CONSOLE_SETTINGS);
    std::fs::write(&file, CONSOLE).with_context(|| format!("can't write `{}`", file.display()))?;
    Ok(file)
}

/// Makes an account for each role and says how to sign in.
///
/// # Errors
/// When an account can't be made.
pub(super) async fn invite(
    gateway: &Gateway,
    settings: &Settings,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let Some(address) = gateway.console_address() else { return Ok(()) };
    let access = Access::new(
        &settings.access,
        gateway.assembly.store.clone(),
        gateway.assembly.clock.clone(),
        gateway::identity_client(settings)?,
        settings.console.public_url.as_deref(),
        &settings.institution.name,
    )?;
    writeln!(out, "console   http://{address}  (each chooses a password of its own at the first sign-in)")?;
    for role in Role::ALL {
        let by = By { actor: Actor::CommandLine { account: "demo".to_owned() }, address: None };
        let initial = access.add_user(role.name(), &[role], by).await?;
        writeln!(out, "          {:<14} {}", role.name(), initial.password.expose())?;
    }
    Ok(())
}
