//! The whole gateway over real HTTP, against the simulated platform, on SQLite and on PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic, and helpers of an integration test are not seen as tests by clippy"
)]

mod bad_input;
mod broken_transport;
mod claims;
mod decisions;
mod downloads;
mod faults;
mod ground;
mod health;
mod house;
mod inputs;
mod ledger;
mod lifecycle;
mod openings;
mod operator;
mod oracle;
mod pasted_key;
mod pushes;
mod races;
mod recut;
mod repeats;
mod requests;
mod secrecy;
mod serving;
mod traces;
mod whole_life;
