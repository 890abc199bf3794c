//! The institution's core system calls: REST under `/api/v1`, on a listener of its own.
//!
//! A handler reads its request into types, and hands commands of the domain to `act`, which carries them out like a push
//! or an operator's decision. What can go wrong is a [`Problem`]. Each resource has its file, and its description for
//! [`openapi`] stands with the handler.

mod act;
mod acts;
pub(crate) mod answers;
mod body;
pub mod callbacks;
mod caller;
mod docs;
pub mod errors;
mod etag;
mod files;
pub mod guarantees;
pub mod jobs;
mod limits;
mod media_type;
mod objects;
pub mod openapi;
pub mod options;
pub mod platforms;
pub mod problem;
mod query;
pub mod reconciliations;
mod requests;
pub mod scope;
pub mod statements;
mod texts;
mod tokens;
mod values;

use std::sync::Arc;

use actix_web::error::QueryPayloadError;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, PathConfig, QueryConfig, ServiceConfig};
use actix_web::{HttpResponse, Resource};

pub use limits::Limits;
pub use options::ApiOptions;
pub use problem::Problem;
pub use scope::Scope;

use self::problem::Code;
use crate::casework::Platforms;
use crate::clock::Clock;
use crate::institution::redirects::Redirects;
use crate::reconciliation::Reconciler;
use crate::store::{Archive, Store};
use crate::telemetry::Metrics;

/// Everything that handlers work with. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    pub store: Store,
    pub archive: Archive,
    pub platforms: Platforms,
    pub clock: Clock,
    pub metrics: Metrics,
    pub limits: Limits,
    pub options: Arc<ApiOptions>,
    /// Verifies the tokens that applicants carry.
    pub redirects: Option<Arc<Redirects>>,
    /// Compares statements.
    pub reconciler: Arc<Reconciler>,
}

/// Adds the interface to a server.
pub fn configure(config: &mut ServiceConfig, api: Api) {
    let docs = api.options.docs;
    let interface = web::scope("/api/v1")
        .wrap(from_fn(requests::watch))
        .configure(errors::routes)
        .configure(|config| docs::routes(config, docs))
        .service(
            web::scope("")
                .wrap(from_fn(caller::authenticate))
                .configure(routes)
                .default_service(web::to(no_such_route)),
        );
    config
        .app_data(Data::new(api))
        .app_data(PathConfig::default().error_handler(|_, _| no_such_address().into()))
        .app_data(QueryConfig::default().error_handler(|error, _| wrong_query(&error).into()))
        .service(interface)
        .default_service(web::to(no_such_route));
}

fn routes(config: &mut ServiceConfig) {
    config
        .service(at("/files").route(web::post().to(files::post)))
        .service(at("/callbacks").route(web::get().to(callbacks::list)))
        .service(at("/callbacks/replay").route(web::post().to(callbacks::replay::several)))
        .service(at("/callbacks/test").route(web::post().to(callbacks::test::post)))
        .service(at("/callbacks/{id}").route(web::get().to(callbacks::read)))
        .service(at("/callbacks/{id}/replay").route(web::post().to(callbacks::replay::one)))
        .service(at("/jobs").route(web::get().to(jobs::list)))
        .service(at("/jobs/{id}").route(web::get().to(jobs::read)))
        .service(at("/jobs/{id}/replay").route(web::post().to(jobs::replay)))
        .service(at("/guarantees").route(web::get().to(guarantees::list::get)))
        .service(at("/guarantees/{id}").route(web::get().to(guarantees::read)))
        .service(at("/guarantees/{id}/abandonment").route(web::post().to(acts::abandonment::post)))
        .service(at("/guarantees/{id}/approval").route(web::post().to(acts::approval::post)))
        .service(at("/guarantees/{id}/cancellation").route(web::post().to(acts::cancellation::post)))
        .service(at("/guarantees/{id}/claim").route(web::post().to(acts::claim::post)))
        .service(at("/guarantees/{id}/decline").route(web::post().to(acts::decline::post)))
        .service(at("/guarantees/{id}/documents").route(web::get().to(guarantees::documents::list)))
        .service(at("/guarantees/{id}/documents/{digest}").route(web::get().to(guarantees::documents::fetch)))
        .service(at("/guarantees/{id}/dossier").route(web::post().to(acts::dossier::post)))
        .service(at("/guarantees/{id}/explanation").route(web::get().to(guarantees::explanation::get)))
        .service(at("/guarantees/{id}/invoice").route(web::post().to(acts::invoice::post)))
        .service(at("/guarantees/{id}/issue").route(web::post().to(acts::issue::post)))
        .service(at("/guarantees/{id}/premium").route(web::post().to(acts::premium::post)))
        .service(at("/guarantees/{id}/surrender").route(web::post().to(acts::surrender::post)))
        .service(at("/guarantees/{id}/timeline").route(web::get().to(guarantees::timeline::get)))
        .service(at("/guarantees/{id}/waiver").route(web::post().to(acts::waiver::post)))
        .service(
            at("/reconciliations")
                .route(web::get().to(reconciliations::list))
                .route(web::post().to(reconciliations::post)),
        )
        .service(at("/reconciliations/{id}").route(web::get().to(reconciliations::read)))
        .service(at("/reconciliations/{id}/differences").route(web::get().to(reconciliations::differences)))
        .service(at("/reconciliations/{id}/remarks").route(web::post().to(reconciliations::remark)))
        .service(at("/reconciliations/{id}/sign-off").route(web::post().to(reconciliations::sign_off)))
        .service(at("/statements/{platform}/{date}").route(web::get().to(statements::read)))
        .service(at("/platforms").route(web::get().to(platforms::get)))
        .service(at("/tokens/verification").route(web::post().to(tokens::verify)));
}

/// A resource that says so where it is asked by another method.
fn at(path: &str) -> Resource {
    web::resource(path).default_service(web::to(no_such_method))
}

async fn no_such_route() -> Result<HttpResponse, Problem> {
    Err(no_such_address())
}

fn no_such_address() -> Problem {
    Problem::new(Code::NotFound, "no such address")
}

fn wrong_query(error: &QueryPayloadError) -> Problem {
    Problem::new(Code::InvalidParameter, error.to_string())
}

async fn no_such_method() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::MethodNotAllowed, "the description of the interface says which methods there are"))
}
