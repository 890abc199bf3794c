//! What was done for a platform on a day, for those who keep the books: our statement, the platform's, and where the two
//! differ.
//!
//! Our [statement] counts movements and is written as CSV or XLSX. The platform's is [imported](import) from
//! whatever its people can download, [compared](comparison), and kept with its differences until somebody has explained
//! them or signs for them ([`Reconciler`]).

pub mod account;
pub mod comparison;
pub mod export;
pub mod import;
pub mod movement;
pub mod options;
pub mod reconciler;
pub mod standing;
pub mod statement;

mod ours;

pub use movement::Movement;
pub use options::{ReconciliationOptions, StatementOptions};
pub use reconciler::{ImportRefused, Imported, Reconciler, Said, SignRefused, TheirFile};
