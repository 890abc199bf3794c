//! The whole gateway over real HTTP, against the simulated platforms, on SQLite and on PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic, and helpers of an integration test are not seen as tests by clippy"
)]

mod alarms;
mod audit;
mod authorities;
mod backup;
mod bad_input;
mod broken_transport;
mod bulkheads;
mod changes;
mod claims;
mod console;
mod core_system;
mod decisions;
mod devices;
mod downloads;
mod edge;
mod evidence;
mod faults;
mod files;
mod ground;
mod health;
mod house;
mod inputs;
mod keys;
mod ledger;
mod lifecycle;
mod lives;
mod monitoring;
mod neighbours;
mod openings;
mod operator;
mod oracle;
mod outbound;
mod pasted_key;
#[cfg(feature = "postgres")]
mod portability;
mod process;
mod procurement;
mod pushes;
mod questions;
mod races;
mod reconciliation;
mod recut;
mod remains;
mod repeats;
mod requests;
mod rounds;
mod rules;
mod s3;
mod secrecy;
mod serving;
mod signing;
mod spoiled;
mod spoken;
mod sweeps;
mod traces;
mod undecryptable;
mod untimely;
mod upgrade;
mod versions;
mod waivers;
