//! The store and the job worker, each test on SQLite and on PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic, and helpers of an integration test are not seen as tests by clippy"
)]

mod archive;
mod audit;
mod bulkheads;
mod clock_jumps;
mod commands;
mod database;
mod guarantees;
mod jobs;
mod keyring;
mod lanes;
mod links;
#[cfg(feature = "postgres")]
mod meetings;
mod messages;
mod migrations;
mod model;
mod pauses;
mod reconciliations;
mod rounds;
mod secrecy;
mod sections;
mod statements;
mod suspicion;
mod uploads;
mod wiped;
mod worker;
mod writes;
