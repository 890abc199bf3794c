//! Simulated platforms: the other side of the wire, written a second time from the specifications.
//!
//! Nothing here calls the dialect engine, the domain or the delivery room, and the cryptography is libsm's where the
//! gateway's is RustCrypto's, so that a mistake in one reading of a specification meets another reading.
//!
//! The four platforms for tenders speak alike and share [`tender`]; what is particular to one stands in a module of its
//! name, with the tables of its specification. [`neimenggu`] has an envelope and a life of its own. What every platform
//! needs (journal, fault script, server, control endpoints) stands beside them and asks of a platform what [`Play`] says.
//! The [`signing_service`] is no platform: it holds the institution's key, and signs what the gateway sends it.

mod answer;
mod connection;
mod control;
pub mod core_system;
mod desk;
mod digest;
mod faults;
mod fields;
mod ggzy;
pub mod hainan;
mod jilin;
mod journal;
mod letter;
mod message;
pub mod neimenggu;
mod ofd;
mod play;
mod running;
mod seal;
mod server;
pub mod signing_service;
mod steps;
pub mod tender;
#[cfg(test)]
mod testing;
mod zhangzhou;

pub use answer::Answer;
pub use desk::Desk;
pub use faults::{Act, Fault, read as read_faults};
pub use ggzy::{AbnormalSection, SPECIFICATION as GGZY, SectionStatus};
pub use hainan::SPECIFICATION as HAINAN;
pub use jilin::SPECIFICATION as JILIN;
pub use journal::{Direction, Effect, Exchange, Journal, Outcome};
pub use letter::Letter;
pub use play::{Acted, Moment, Play};
pub use running::Running;
pub use steps::{Standing, Step};
pub use tender::{Sandbox, SandboxOptions, Specification};
pub use zhangzhou::SPECIFICATION as ZHANGZHOU;
