//! The business itself: a guarantee, what may happen to it, and what follows.
//!
//! Nothing here does I/O, reads a clock or knows a platform's field name. [`decide`] takes what is known, a
//! [`Command`] and the present instant, and yields the new state, the events and the work that follows, or a
//! [`Refusal`] that says why not.

pub mod abnormality;
pub mod application;
pub mod awaited;
pub mod claim;
pub mod command;
pub mod decision;
pub mod dossier;
pub mod event;
pub mod guarantee;
pub mod identity;
pub mod invoice;
pub mod money;
pub mod notice;
pub mod particulars;
pub mod party;
pub mod plain_line;
pub mod premium;
pub mod product;
pub mod refusal;
pub mod section;
pub mod terms;

pub use command::Command;
pub use decision::{Decision, Work, decide};
pub use event::Event;
pub use guarantee::{Guarantee, Stage};
pub use refusal::Refusal;

#[cfg(test)]
mod tests;
