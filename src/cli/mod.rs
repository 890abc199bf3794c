//! The command line: one file per subcommand.

pub mod keys;
pub mod migrate;
pub mod render;
pub mod replay;
pub mod sandbox;
pub mod verify;
