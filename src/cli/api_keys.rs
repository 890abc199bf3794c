//! `baohan api-keys`: makes, lists and revokes keys of the core system's interface.

use std::io::Write;

use anyhow::{Context, ensure};
use clap::{Args as ClapArgs, Subcommand};
use jiff::{Timestamp, ToSpan, civil};
use serde_json::json;

use super::{account, table};
use crate::api::Scope;
use crate::clock::{china_date, china_midnight, to_wire};
use crate::store::api_keys::{self, ApiKey, KeyRecord, NewKey};
use crate::store::{Store, audit};

/// As long as a client's name may be.
const LONGEST_NAME: usize = 64;

/// Make, list and revoke keys of the core system's interface
///
/// To replace a key without an interruption: create a second one for the same client, give it to the core system, see in
/// the list that it is used, and revoke the first. Keys of one client share its rate limit and its keys of idempotency.
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a key and show it, this once
    Create(Create),
    /// List keys: id, client, scopes, created, expires, last used, state
    List,
    /// Revoke a key, at once and for good
    Revoke {
        /// The id, as the list shows it
        id: String,
    },
}

#[derive(ClapArgs)]
struct Create {
    /// Whose key it is: letters, digits, `-`, `_` and `.`
    #[arg(long, value_name = "NAME")]
    client: String,
    /// What it is for, separated by commas: read, documents, underwrite, dossiers, service, claims, reconcile, callbacks,
    /// tokens
    #[arg(long, value_name = "SCOPES", value_delimiter = ',', required = true)]
    scopes: Vec<Scope>,
    /// The last day on which it is valid, in China; without it or --days, it does not expire
    #[arg(long, value_name = "DATE", conflicts_with = "days")]
    expires: Option<civil::Date>,
    /// For how many days it is valid from now on
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=3660))]
    days: Option<u16>,
}

/// `false` where a key that was to be revoked was not valid any more, or never there.
///
/// # Errors
/// When the database fails, or the client's name or the date can't be used.
pub async fn run(args: Args, store: &Store, now: Timestamp, out: &mut dyn Write) -> anyhow::Result<bool> {
    match args.command {
        Command::Create(args) => create(args, store, now, out).await.map(|()| true),
        Command::List => list(store, now, out).await.map(|()| true),
        Command::Revoke { id } => revoke(id, store, now, out).await,
    }
}

async fn create(args: Create, store: &Store, now: Timestamp, out: &mut dyn Write) -> anyhow::Result<()> {
    let Create { client, mut scopes, expires, days } = args;
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    ensure!(
        (1..=LONGEST_NAME).contains(&client.len()) && client.chars().all(plain),
        "--client: expected 1 to {LONGEST_NAME} letters, digits, `-`, `_` and `.`, found `{client}`"
    );
    let expires_at = match (expires, days) {
        (Some(last), _) => Some(end_of(last)?),
        (None, Some(days)) => Some(now.checked_add((i64::from(days) * 24).hours())?),
        (None, None) => None,
    };
    ensure!(
        expires_at.is_none_or(|end| end > now),
        "--expires: expected a day from {} on, found one that is over",
        china_date(now)
    );
    scopes.sort_unstable();
    scopes.dedup();
    let key = ApiKey::generate();
    let shown = key.expose().to_owned();
    let new = NewKey { client, scopes: scopes.iter().map(ToString::to_string).collect(), expires_at };
    let made = store.write(move |connection| {
        let id = api_keys::insert(connection, &key, &new, now)?;
        let NewKey { client, scopes, expires_at } = &new;
        let about = json!({ "client": client, "scopes": scopes, "expires": expires_at });
        audit::append(connection, &account::act("api-key.create", ("api-key", id.clone()), about), now)?;
        Ok(id)
    });
    let id = made.await?;
    writeln!(out, "id:  {id}")?;
    writeln!(out, "key: {shown}")?;
    writeln!(out, "It is shown this once: what the gateway keeps of it can't open the interface.")?;
    Ok(())
}

/// The first moment after a day in China.
fn end_of(last: civil::Date) -> anyhow::Result<Timestamp> {
    let next = last.tomorrow().with_context(|| format!("--expires: `{last}` is too far away"))?;
    Ok(china_midnight(next))
}

async fn list(store: &Store, now: Timestamp, out: &mut dyn Write) -> anyhow::Result<()> {
    let records = store.read(api_keys::list).await?;
    let header = ["id", "client", "scopes", "created", "expires", "last used", "state"].map(str::to_owned);
    let rows: Vec<[String; 7]> =
        std::iter::once(header).chain(records.iter().map(|it| row(it, now))).collect();
    table::write(&rows, out)?;
    Ok(())
}

/// Times are those of China, as everywhere on paper.
fn row(record: &KeyRecord, now: Timestamp) -> [String; 7] {
    let time = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), to_wire);
    let state = match record {
        KeyRecord { revoked_at: Some(_), .. } => "revoked",
        record if record.is_valid(now) => "valid",
        _ => "expired",
    };
    [
        record.id.clone(),
        record.client.clone(),
        record.scopes.join(","),
        to_wire(record.created_at),
        time(record.expires_at),
        time(record.last_used_at),
        state.to_owned(),
    ]
}

async fn revoke(id: String, store: &Store, now: Timestamp, out: &mut dyn Write) -> anyhow::Result<bool> {
    let wanted = id.clone();
    let revoked = store.write(move |connection| {
        let revoked = api_keys::revoke(connection, &wanted, now)?;
        if revoked {
            let entry = account::act("api-key.revoke", ("api-key", wanted.clone()), json!({}));
            audit::append(connection, &entry, now)?;
        }
        Ok(revoked)
    });
    let revoked = revoked.await?;
    if revoked {
        writeln!(out, "key {id} is revoked")?;
    } else {
        writeln!(out, "no key that could be revoked has the id {id}")?;
    }
    Ok(revoked)
}
