//! The real process, killed, stopped and frozen at the worst moments, against the simulated platform, on SQLite and on
//! PostgreSQL. The platform must end with exactly one guarantee each time.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic, and helpers of an integration test are not seen as tests by clippy"
)]

#[cfg(feature = "postgres")]
mod balancer;
mod callbacks;
mod campaign;
#[cfg(feature = "postgres")]
mod database_death;
mod disk_full;
mod drain;
#[cfg(feature = "postgres")]
mod freeze;
#[path = "../gateway/ground.rs"]
mod ground;
mod kill;
#[path = "../gateway/ledger.rs"]
#[expect(dead_code, reason = "the tests of the gateway ask more of it")]
mod ledger;
mod load;
mod poison;
mod premises;
mod probes;
#[path = "../gateway/core_system/receiver.rs"]
#[expect(dead_code, reason = "the tests of the gateway ask more of it")]
mod receiver;
#[cfg(feature = "postgres")]
mod replicas;
#[cfg(feature = "postgres")]
mod server;
mod stop;
