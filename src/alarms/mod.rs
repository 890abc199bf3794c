//! Alarms: conditions that people have to know of, looked at every few seconds, raised once and told over channels.
//!
//! Each process looks; what it finds is asked of the database wherever it can be, so that all find the same. An alarm is a
//! row, open at most once for each rule and subject. It stays open while anybody sees its condition, and recovers once
//! nobody has seen it for a while. Raising, recovering, reminding and escalating enqueue the messages in their own
//! transaction; a channel that is away is tried again by its job and holds up nothing else. No message names a guarantee
//! or a person.

mod channel;
mod conditions;
mod herald;
mod local;
pub mod options;
mod plan;
mod rule;
mod watch;
mod wording;

pub use channel::NotTaken;
pub use herald::Herald;
pub use local::Machine;
pub use options::AlarmOptions;
pub use rule::Rule;
pub use watch::Watch;
pub use wording::{figure, subject};
