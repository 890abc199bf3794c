//! The routes of the console, each with what it needs.

use actix_web::dev::Handler;
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Responder};

use super::{
    account, alarms, assets, audit, evidence, guarantees, language, letters, openings, overview, platforms,
    proposals, queue, reconciliations, rules, sign_in, users,
};
use crate::access::Permission;

/// What a request has to bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: signing in, files of the pages themselves.
    Public,
    /// A session, whosever it is.
    SignedIn,
    /// The session of somebody with a role that permits this.
    Permission(Permission),
}

/// A method, a path, what they need, and what answers.
pub struct Route {
    pub method: Method,
    /// As actix writes it: `/guarantees/{id}`.
    pub path: &'static str,
    pub need: Need,
    handle: Box<dyn Fn() -> actix_web::Route>,
}

impl Route {
    pub(super) fn new<F, Args>(method: Method, path: &'static str, need: Need, handler: F) -> Self
    where
        F: Handler<Args> + Clone,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let on = method.clone();
        Self { method, path, need, handle: Box::new(move || web::method(on.clone()).to(handler.clone())) }
    }

    /// A page that shows something.
    pub(super) fn get<F, Args>(path: &'static str, need: Need, handler: F) -> Self
    where
        F: Handler<Args> + Clone,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::new(Method::GET, path, need, handler)
    }

    /// A form that changes something.
    pub(super) fn post<F, Args>(path: &'static str, need: Need, handler: F) -> Self
    where
        F: Handler<Args> + Clone,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::new(Method::POST, path, need, handler)
    }
}

/// All of them. A path that is more particular stands before one that would match it too.
pub fn routes() -> Vec<Route> {
    // One line each, so that a new part is one line more.
    #[rustfmt::skip]
    let parts = [
        assets::routes(),
        language::routes(),
        account::routes(),
        alarms::routes(),
        audit::routes(),
        evidence::routes(),
        guarantees::routes(),
        letters::routes(),
        openings::routes(),
        overview::routes(),
        platforms::routes(),
        proposals::routes(),
        queue::routes(),
        reconciliations::routes(),
        rules::routes(),
        sign_in::routes(),
        users::routes(),
    ];
    parts.into_iter().flatten().collect()
}

/// One resource for each path, with all its methods.
pub(super) fn register(config: &mut ServiceConfig, routes: Vec<Route>) {
    let mut paths: Vec<&'static str> = Vec::new();
    for route in &routes {
        if !paths.contains(&route.path) {
            paths.push(route.path);
        }
    }
    for path in paths {
        let methods = routes.iter().filter(|route| route.path == path);
        let resource = methods.fold(web::resource(path), |resource, route| resource.route((route.handle)()));
        config.service(resource);
    }
}
