//! A person who is signed in.

use super::{Permission, Role};

/// Who acts in the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The id under which the person is stored; it never changes.
    pub id: String,
    /// The name that the person signs in with.
    pub name: String,
    pub roles: Vec<Role>,
}

impl Operator {
    /// Whether one of the person's roles permits it.
    pub fn may(&self, permission: Permission) -> bool {
        self.roles.iter().any(|role| role.permits(permission))
    }
}
