//! The `baohan` program as a person uses it: each command with its exit code and its words.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may panic, and helpers of an integration test are not seen as tests by clippy"
)]

mod api_keys;
mod audit;
mod bench;
mod database;
mod demonstration;
mod dialects;
mod help;
mod hostile;
mod keys;
mod letters;
mod program;
mod reconciliation;
mod rules;
mod sandbox;
mod settings;
mod simulate;
mod users;
