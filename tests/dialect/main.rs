//! The dialect room from outside: tables, pushes as platforms send them, and what is sent back.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod answers;
mod bad_input;
mod messages;
mod platform;
mod pushes;
mod settings;
mod sixth_platform;
mod tables;
