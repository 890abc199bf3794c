//! Who may do what in the console: operators, their roles, and what a role permits.

mod operator;
mod permission;
mod role;
pub mod sessions;

pub use operator::Operator;
pub use permission::Permission;
pub use role::Role;
