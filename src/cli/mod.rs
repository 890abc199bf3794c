//! The command line: one file per subcommand.

pub mod keys;
pub mod render;
pub mod sandbox;
pub mod verify;
