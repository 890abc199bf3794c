//! Documents that platforms fetch: each under a link that nobody can guess and that expires.

mod answer;
pub mod http;
mod links;
mod options;

pub use http::Downloads;
pub use links::{Links, Offer};
pub use options::DownloadOptions;
