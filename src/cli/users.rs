//! `baohan users`: the people who may sign in to the console, from the command line of the machine.

use std::io::Write;

use anyhow::ensure;
use clap::{Args as ClapArgs, Subcommand};
use jiff::Timestamp;

use super::table;
use crate::access::accounts::{AccountError, InitialPassword};
use crate::access::{Access, By, Role};
use crate::clock::{Clock, to_wire};
use crate::gateway;
use crate::settings::Settings;
use crate::store::Store;
use crate::store::audit::Actor;
use crate::store::users::Listed;

/// As long as a name may be, in characters.
const LONGEST: usize = 64;

/// Add, list and change the people who may sign in to the console
///
/// There is no account from the start: the first one is an administrator's, made here, who makes the others in the console.
/// What is done here stands in the audit trail like everything else.
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Add somebody and show a password, this once, that has to be changed at the first sign-in
    Add {
        /// What the person signs in with: letters, digits, `-`, `_`, `.` and `@`
        name: String,
        /// What the person is, separated by commas: operations, maker, checker, auditor, administrator
        #[arg(long, value_name = "ROLES", value_delimiter = ',', required = true)]
        role: Vec<Role>,
        #[command(flatten)]
        by: Acting,
    },
    /// List users: name, roles, how they sign in, second factor, created, state
    List,
    /// Keep somebody out, at once; sessions end
    Disable {
        /// What the person signs in with
        name: String,
        #[command(flatten)]
        by: Acting,
    },
    /// Let somebody in again who was disabled, or whose account is locked after failures
    Enable {
        /// What the person signs in with
        name: String,
        #[command(flatten)]
        by: Acting,
    },
    /// Replace the roles of somebody; they hold from the next request on
    Roles {
        /// What the person signs in with
        name: String,
        /// All of them, separated by commas
        #[arg(long, value_name = "ROLES", value_delimiter = ',', required = true)]
        role: Vec<Role>,
        #[command(flatten)]
        by: Acting,
    },
    /// Replace a forgotten password by one that has to be changed at the next sign-in; sessions end
    ResetPassword {
        /// What the person signs in with
        name: String,
        #[command(flatten)]
        by: Acting,
    },
    /// Forget a lost device, so that the next sign-in sets up another one; sessions end
    ResetSecondFactor {
        /// What the person signs in with
        name: String,
        #[command(flatten)]
        by: Acting,
    },
}

#[derive(ClapArgs)]
struct Acting {
    /// Who does this
    #[arg(long = "by", value_name = "NAME")]
    who: String,
}

impl Acting {
    fn by(self) -> anyhow::Result<By> {
        let account = self.who.trim().to_owned();
        let is_plain = !account.is_empty() && !account.contains(char::is_control);
        ensure!(
            is_plain && account.chars().count() <= LONGEST,
            "--by: expected 1 to {LONGEST} characters on one line, found `{}`",
            account.escape_debug()
        );
        Ok(By { actor: Actor::CommandLine { account }, address: None })
    }
}

/// `false` where the account stays as it is, for a reason that is told.
///
/// # Errors
/// When the settings or the database can't be used.
pub async fn run(
    args: Args,
    settings: &Settings,
    store: &Store,
    clock: &Clock,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    let access = Access::new(
        &settings.access,
        store.clone(),
        clock.clone(),
        gateway::identity_client(settings)?,
        settings.console.public_url.as_deref(),
        &settings.institution.name,
    )?;
    match act(args.command, &access, clock.now(), out).await {
        Ok(()) => Ok(true),
        Err(Outcome::Refused(reason)) => {
            writeln!(out, "{reason}")?;
            Ok(false)
        }
        Err(Outcome::Failed(error)) => Err(error),
    }
}

/// Why nothing was done.
enum Outcome {
    Refused(AccountError),
    Failed(anyhow::Error),
}

impl From<AccountError> for Outcome {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Store(error) => Self::Failed(error.into()),
            other => Self::Refused(other),
        }
    }
}

impl From<anyhow::Error> for Outcome {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<std::io::Error> for Outcome {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.into())
    }
}

async fn act(command: Command, access: &Access, now: Timestamp, out: &mut dyn Write) -> Result<(), Outcome> {
    match command {
        Command::Add { name, role, by } => {
            let initial = access.add_user(&name, &role, by.by()?).await?;
            show(&initial, out)?;
        }
        Command::List => {
            let users = access.users().await.map_err(AccountError::from)?;
            let header =
                ["name", "roles", "signs in by", "second factor", "created", "state"].map(str::to_owned);
            let rows: Vec<[String; 6]> =
                std::iter::once(header).chain(users.iter().map(|listed| row(listed, now))).collect();
            table::write(&rows, out)?;
        }
        Command::Disable { name, by } => {
            access.disable_user(&access.id_of(&name).await?, by.by()?).await?;
            writeln!(out, "{name} can't sign in any more, and all sessions have ended")?;
        }
        Command::Enable { name, by } => {
            access.enable_user(&access.id_of(&name).await?, by.by()?).await?;
            writeln!(out, "{name} can sign in")?;
        }
        Command::Roles { name, role, by } => {
            access.set_roles(&access.id_of(&name).await?, &role, by.by()?).await?;
            let roles: Vec<&str> = role.iter().map(|role| role.name()).collect();
            writeln!(out, "{name} is {} from the next request on", roles.join(", "))?;
        }
        Command::ResetPassword { name, by } => {
            let initial = access.reset_password(&access.id_of(&name).await?, by.by()?).await?;
            show(&initial, out)?;
        }
        Command::ResetSecondFactor { name, by } => {
            access.reset_second_factor(&access.id_of(&name).await?, by.by()?).await?;
            writeln!(out, "{name} sets up another device at the next sign-in, and all sessions have ended")?;
        }
    }
    Ok(())
}

fn show(initial: &InitialPassword, out: &mut dyn Write) -> Result<(), std::io::Error> {
    writeln!(out, "id:       {}", initial.user)?;
    writeln!(out, "password: {}", initial.password.expose())?;
    writeln!(
        out,
        "It is shown this once, holds until {}, and has to be changed at the next sign-in.",
        to_wire(initial.until)
    )
}

/// Times are those of China, as everywhere on paper.
fn row(listed: &Listed, now: Timestamp) -> [String; 6] {
    let Some(user) = &listed.user else {
        let dash = || "-".to_owned();
        return [
            listed.name.clone(),
            dash(),
            dash(),
            dash(),
            dash(),
            "CHANGED BY HAND, opens nothing".to_owned(),
        ];
    };
    let state = if user.disabled_at.is_some() {
        "disabled".to_owned()
    } else if let Some(until) = listed.lock.until.filter(|until| *until > now) {
        format!("locked until {}", to_wire(until))
    } else if user.initial_until.is_some() {
        "has not chosen a password yet".to_owned()
    } else {
        "active".to_owned()
    };
    [
        user.name.clone(),
        user.roles.join(","),
        if user.identity.is_some() { "provider" } else { "password" }.to_owned(),
        if user.second_factor.is_some() { "yes" } else { "no" }.to_owned(),
        to_wire(user.created_at),
        state,
    ]
}
