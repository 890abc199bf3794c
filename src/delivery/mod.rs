//! Handing things to platforms: the only HTTP client, the exchange of one message, and the sliced upload of a letter. The
//! same client takes callbacks to the core system; what else the institution calls, by JSON and a bearer token, is a
//! [`service`]. People are told by a chat's [`hook`] or by [`mail`]. Before each of them stands a [`guard`].

pub mod client;
pub mod courier;
pub mod evidence;
mod file_key;
pub mod guard;
pub mod hook;
pub mod mail;
pub mod public_keys;
pub mod service;
mod slices;
#[cfg(feature = "otel")]
pub mod traces;
mod transport;
pub mod upload;
pub mod webhook;

pub use courier::{Courier, Exchange, NotDelivered, Record};
