//! The real process, killed, stopped and frozen at the worst moments, against the simulated platform, on SQLite and on
//! PostgreSQL. The platform must end with exactly one guarantee each time.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic, and helpers of an integration test are not seen as tests by clippy"
)]

mod callbacks;
#[cfg(feature = "postgres")]
mod freeze;
#[path = "../gateway/ground.rs"]
mod ground;
mod kill;
mod load;
mod premises;
#[path = "../gateway/core_system/receiver.rs"]
#[expect(dead_code, reason = "the tests of the gateway ask more of it")]
mod receiver;
mod stop;
