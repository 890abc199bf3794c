//! Documents that platforms fetch: each under a link that nobody can guess and that expires.

mod answer;
pub mod http;
mod links;
mod options;

pub use http::Downloads;
pub use links::{Links, Offer};
pub use options::DownloadOptions;

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};

use crate::domain::identity::DocumentDigest;

/// A document as it is described to whoever fetches it.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    pub digest: &'a DocumentDigest,
    /// With its extension.
    pub name: &'a str,
    pub content_type: &'a str,
}

/// Answers a request for a document that is there: whole, in part, or not again.
pub fn respond(request: &HttpRequest, file: &File<'_>, document: Bytes) -> HttpResponse {
    answer::to(request, file, document).response
}

/// The media type of a file by its name's extension.
pub fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).as_deref() {
        Some("ofd") => "application/ofd",
        Some("pdf") => "application/pdf",
        Some("xml") => "application/xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        _ => "application/octet-stream",
    }
}
