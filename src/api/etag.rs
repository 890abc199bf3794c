//! Versions of guarantees as entity tags (RFC 9110, 8.8.3 and 13.1).

use actix_web::HttpRequest;
use actix_web::http::header;

use super::problem::{Code, Problem};

/// The tag of a version: `"7"`.
pub(super) fn of(version: i64) -> String {
    format!("\"{version}\"")
}

/// Whether the caller has this version already (`If-None-Match`).
pub(super) fn is_known(request: &HttpRequest, tag: &str) -> bool {
    listed(request, &header::IF_NONE_MATCH).is_some_and(|tags| any(&tags, tag))
}

/// What a caller expects the guarantee to be, before it is changed.
#[derive(Clone, Debug)]
pub(super) struct Expected(Option<String>);

impl Expected {
    /// Without `If-Match`, any version will do.
    pub(super) fn of(request: &HttpRequest) -> Self {
        Self(listed(request, &header::IF_MATCH))
    }

    /// # Errors
    /// When the caller expects another version.
    pub(super) fn meets(&self, version: i64) -> Result<(), Problem> {
        let tag = of(version);
        match &self.0 {
            Some(tags) if !any(tags, &tag) => Err(Problem::new(
                Code::VersionMismatch,
                format!("expected one of the versions {tags}, found {tag}"),
            )),
            _ => Ok(()),
        }
    }
}

fn listed(request: &HttpRequest, name: &header::HeaderName) -> Option<String> {
    request.headers().get(name).map(|value| value.to_str().unwrap_or_default().to_owned())
}

fn any(tags: &str, tag: &str) -> bool {
    tags.split(',')
        .map(str::trim)
        .any(|listed| listed == "*" || listed == tag || listed.strip_prefix("W/") == Some(tag))
}
