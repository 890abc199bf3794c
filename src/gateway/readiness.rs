//! What has to be in order before the gateway takes pushes. A platform that can't be reached is not among it.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::Assembly;
use crate::clock::Clock;
use crate::settings::Settings;
use crate::store::{Archive, Store};
use crate::telemetry::Check;

/// Below this much room the next letters may not fit.
const LEAST_FREE_BYTES: u64 = 256 * 1024 * 1024;

pub(super) fn checks(assembly: &Assembly, settings: &Settings) -> Vec<Arc<dyn Check>> {
    let mut checks: Vec<Arc<dyn Check>> =
        vec![Arc::new(Database(assembly.store.clone())), Arc::new(Migrations(assembly.store.clone()))];
    // Who makes no letters takes pushes also where they would have to wait for their letters.
    if settings.server.role.works() {
        checks.push(Arc::new(Keys { valid: assembly.seal_validity, clock: assembly.clock.clone() }));
    }
    checks.push(if assembly.archive.is_remote() {
        Arc::new(Bucket(assembly.archive.clone()))
    } else {
        Arc::new(Disk(settings.archive.folder.clone()))
    });
    checks
}

struct Database(Store);

impl Check for Database {
    fn name(&self) -> &str {
        "database"
    }

    fn check(&self) -> BoxFuture<'_, Result<(), String>> {
        async { self.0.ping().await.map_err(|_| "the database does not answer".to_owned()) }.boxed()
    }
}

struct Migrations(Store);

impl Check for Migrations {
    fn name(&self) -> &str {
        "migrations"
    }

    fn check(&self) -> BoxFuture<'_, Result<(), String>> {
        async {
            match self.0.pending_migrations().await {
                Ok(pending) if pending.is_empty() => Ok(()),
                Ok(pending) => Err(format!("{} migrations are pending", pending.len())),
                Err(_) => Err("the database does not answer".to_owned()),
            }
        }
        .boxed()
    }
}

/// The institution may use its seal now: without it no letter can be made.
struct Keys {
    valid: (Timestamp, Timestamp),
    clock: Clock,
}

impl Check for Keys {
    fn name(&self) -> &str {
        "keys"
    }

    fn check(&self) -> BoxFuture<'_, Result<(), String>> {
        let ((from, until), now) = (self.valid, self.clock.now());
        let valid = from <= now && now <= until;
        let checked =
            if valid { Ok(()) } else { Err(format!("the seal is valid from {from} to {until} only")) };
        std::future::ready(checked).boxed()
    }
}

/// Pushes are taken while documents wait for their store: without the gateway they would be lost to it. So this one is
/// shown, raises an alarm where it is found, and decides nothing. It shows what was found last and asks nobody.
struct Bucket(Archive);

impl Check for Bucket {
    fn name(&self) -> &str {
        "archive"
    }

    fn check(&self) -> BoxFuture<'_, Result<(), String>> {
        let seen = match self.0.outage() {
            None => Ok(()),
            Some((since, _)) => Err(format!("it can't be used for {} s; the log says why", since.as_secs())),
        };
        std::future::ready(seen).boxed()
    }

    fn decides(&self) -> bool {
        false
    }
}

struct Disk(PathBuf);

impl Check for Disk {
    fn name(&self) -> &str {
        "disk"
    }

    fn check(&self) -> BoxFuture<'_, Result<(), String>> {
        let room = rustix::fs::statvfs(&self.0);
        let checked = match room {
            Err(_) => Err("the archive's folder can't be read".to_owned()),
            Ok(room) => match room.f_bavail.saturating_mul(room.f_frsize) {
                free if free < LEAST_FREE_BYTES => Err(format!("{} MiB free", free / 1024 / 1024)),
                _ => Ok(()),
            },
        };
        std::future::ready(checked).boxed()
    }
}
