//! A gateway's data copied while it runs, looked through, and put back.
//!
//! ```text
//! FOLDER/                              a place for backups, mode 0700
//!   baohan-backup                      tells it from other folders
//!   documents/ab/abcd…                 the documents of all snapshots, each under its SM3, copied once
//!   20261122T201500.000000Z/           a snapshot; it has this name once it is whole
//!     database.sqlite | database.dump  SQLite's own copy, or PostgreSQL's dump (custom format)
//!     documents.txt                    which documents belong to it: SM3 and size, a line each
//!     manifest.json                    what it is, its counts and digests
//! ```
//!
//! A snapshot holds only what is wrapped: what its columns seal opens under the master key, which is not in it, and
//! neither are the seal's key and the secrets of platforms. [`keys::copy`] puts keys elsewhere.

mod create;
mod data;
mod durable;
pub mod keys;
mod manifest;
mod place;
pub mod postgres;
mod restore;
mod retention;
mod verify;

pub use create::{Created, create};
pub use data::Data;
pub use manifest::{Engine, Manifest};
pub use place::{Place, Snapshot};
pub use restore::{Restored, restore};
pub use verify::{Verdict, verify};

#[cfg(test)]
mod tests;
