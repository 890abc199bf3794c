//! The dialect room from outside: tables, pushes as platforms send them, and what is sent back.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod answers;
mod bad_input;
mod every_rule;
mod messages;
mod neimenggu;
mod neimenggu_answers;
mod neimenggu_pushes;
mod platform;
mod pushes;
mod settings;
mod sixth_platform;
mod speaker;
mod tables;
mod wrapped_sixth;
