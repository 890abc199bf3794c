//! The console over real HTTP.

mod browser;
mod pages;
mod queue;
pub mod visitor;

/// A gateway with a console.
pub const CONSOLE: &str = "[console]\nlisten = \"127.0.0.1:0\"\n";
