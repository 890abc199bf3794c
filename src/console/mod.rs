//! Pages for the institution's people, in Chinese first and English second, on a listener of their own.
//!
//! Each part of the console is a module with its pages, and exports its [`Route`]s; each route says what it [`Need`]s. One
//! middleware finds out who asks and enforces that, so that no handler has to. Templates are in `templates/console`.

mod account;
mod acting;
mod alarms;
mod assets;
mod audit;
mod caller;
mod cookies;
mod evidence;
mod export;
mod failure;
mod frame;
mod guarantees;
mod guard;
mod headers;
mod language;
mod letters;
mod openings;
pub mod options;
mod overview;
mod page;
mod platforms;
mod proposals;
mod queue;
mod reconciliations;
mod route;
mod rules;
mod sign_in;
mod texts;
mod users;
mod values;

use std::sync::Arc;

use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, PathConfig, QueryConfig, ServiceConfig};

pub use failure::Failure;
pub use letters::Letters;
pub use options::ConsoleOptions;
pub use route::{Need, Route, routes};

use self::guard::Needs;
pub use self::openings::SectionNames;
use crate::access::Access;
use crate::casework::Platforms;
use crate::changes::Live;
use crate::clock::Clock;
use crate::jobs::desk::Desk;
use crate::proposals::Bench;
use crate::reconciliation::Reconciler;
use crate::store::audit::AuditOptions;
use crate::store::{Archive, Store};
use crate::telemetry::Metrics;

/// Everything that pages work with. Cheap to clone.
#[derive(Clone)]
pub struct Console {
    pub store: Store,
    pub archive: Archive,
    pub platforms: Platforms,
    pub clock: Clock,
    pub metrics: Metrics,
    pub options: Arc<ConsoleOptions>,
    /// Signs people in and keeps their accounts.
    pub access: Access,
    /// What workers work with: letters, calls, links.
    pub desk: Arc<Desk>,
    /// Draws and verifies letters.
    pub letters: Letters,
    /// Compares statements.
    pub reconciler: Arc<Reconciler>,
    /// Where the audit trail has its anchors.
    pub audit: Arc<AuditOptions>,
    /// What proposals are judged and carried out with.
    pub proposals: Bench,
    /// What is changed while the gateway runs.
    pub changes: Arc<Live>,
    /// The institution's name, as pages show it.
    pub institution: Arc<str>,
    /// What sections are called, as far as it was read already.
    pub section_names: Arc<SectionNames>,
}

/// Adds the pages to a server.
pub fn configure(config: &mut ServiceConfig, console: Console) {
    let routes = routes();
    let needs = Data::new(Needs::of(&routes));
    let pages = web::scope("")
        .wrap(from_fn(guard::admit))
        .wrap(from_fn(headers::secure))
        .configure(|config| route::register(config, routes))
        .default_service(web::to(failure::no_such_page));
    config
        .app_data(Data::new(console))
        .app_data(needs)
        .app_data(PathConfig::default().error_handler(|_, _| Failure::NotFound.into()))
        .app_data(QueryConfig::default().error_handler(|_, _| Failure::NotUnderstood.into()))
        .service(pages);
}

#[cfg(test)]
mod tests;
