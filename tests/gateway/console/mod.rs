//! The console over real HTTP.

mod audit;
mod browser;
mod guarantees;
mod letters;
mod openings;
mod overview;
mod pages;
mod proposals;
mod queue;
mod reconciliation;
pub mod visitor;

/// A gateway with a console.
pub const CONSOLE: &str = "[console]\nlisten = \"127.0.0.1:0\"\n";
