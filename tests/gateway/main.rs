//! The whole gateway over real HTTP, against the simulated platform, on SQLite and on PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic, and helpers of an integration test are not seen as tests by clippy"
)]

mod house;
mod lifecycle;
mod oracle;
mod secrecy;
mod serving;
mod traces;
