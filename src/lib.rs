#![doc = include_str!("ARCHITECTURE.md")]

pub mod cli;
pub mod clock;
pub mod crypto;
pub mod delivery;
pub mod dialect;
pub mod document;
pub mod domain;
pub mod institution;
pub mod intake;
pub mod jobs;
pub mod sandbox;
pub mod seal;
pub mod settings;
pub mod store;
pub mod supervise;
pub mod telemetry;
