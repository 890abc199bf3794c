//! The cookies by which browsers show who they are. Scripts can't read them, other sites can't have them sent, and where
//! there is TLS they are for TLS only and for no neighbouring host.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

use super::ConsoleOptions;
use crate::secret::Secret;
use crate::store::sessions::SessionToken;

/// What a cookie is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Somebody is signed in.
    Session,
    /// Somebody has taken a step of signing in.
    Step,
    /// Somebody has gone to the identity provider. Whoever comes back comes from another site, so that this cookie may come
    /// along with a link.
    Departure,
}

impl Use {
    const fn names(self) -> [&'static str; 2] {
        match self {
            Self::Session => ["__Host-baohan", "baohan"],
            Self::Step => ["__Host-baohan-step", "baohan-step"],
            Self::Departure => ["__Host-baohan-departure", "baohan-departure"],
        }
    }

    pub(super) fn name(self, options: &ConsoleOptions) -> &'static str {
        let [encrypted, plain] = self.names();
        if options.is_encrypted() { encrypted } else { plain }
    }

    fn cookie(self, options: &ConsoleOptions, value: &str) -> Cookie<'static> {
        let site = if self == Self::Departure { SameSite::Lax } else { SameSite::Strict };
        Cookie::build(self.name(options), value.to_owned())
            .path("/")
            .http_only(true)
            .secure(options.is_encrypted())
            .same_site(site)
            .finish()
    }
}

/// A cookie that goes with the browser's window.
pub(super) fn keep(of: Use, token: &SessionToken, options: &ConsoleOptions) -> Cookie<'static> {
    of.cookie(options, token.expose())
}

/// What whoever goes to the identity provider keeps.
pub(super) fn keep_departure(state: &Secret, options: &ConsoleOptions) -> Cookie<'static> {
    Use::Departure.cookie(options, state.expose())
}

/// Has the browser forget a cookie.
pub(super) fn forget(of: Use, options: &ConsoleOptions) -> Cookie<'static> {
    let mut cookie = of.cookie(options, "");
    cookie.set_max_age(Duration::ZERO);
    cookie
}

pub(super) fn shown(of: Use, request: &HttpRequest, options: &ConsoleOptions) -> Option<String> {
    request.cookie(of.name(options)).map(|cookie| cookie.value().to_owned())
}
