//! Documents that platforms fetch: each under a link that nobody can guess and that expires.

mod answer;
pub mod http;
mod links;
mod options;

pub use http::Downloads;
pub use links::{Links, Offer};
pub use options::DownloadOptions;

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
