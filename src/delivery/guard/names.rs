//! What names mean: the one question to the system's resolver, whose answers the guard hands to the connection.

use std::net::IpAddr;

use futures_util::future::BoxFuture;

/// Finds the addresses of a name.
pub trait Names: Send + Sync {
    /// # Errors
    /// When the name has no address, or nobody answers.
    fn look_up(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>>;
}

/// The system's own resolver, with its hosts file and its servers.
pub struct SystemNames;

impl Names for SystemNames {
    fn look_up(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}
