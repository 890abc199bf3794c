//! PostgreSQL's own programs: `pg_dump` copies a database as of one moment, `pg_restore` fills an empty one. The
//! connection reaches them through their environment, so that no list of processes shows a password.

mod dump;
mod environment;
mod programs;

pub use dump::survey_dump;
pub use programs::{Programs, dump, restore};
