//! Handing things to platforms: the only HTTP client, the exchange of one message, and the sliced upload of a letter. The
//! same client takes callbacks to the core system.

pub mod client;
pub mod courier;
mod file_key;
pub mod public_keys;
mod slices;
pub mod upload;
pub mod webhook;

pub use courier::{Courier, Exchange, NotDelivered, Record};
