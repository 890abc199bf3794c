//! Separation of duties: which roles one person may not have together.

use super::{Permission, Role};

/// Why roles can't be one person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    #[error("expected at least one role")]
    NoRole,
    #[error("whoever administers users has no other role")]
    Administrator,
    #[error("whoever audits has no other role")]
    Auditor,
    #[error("whoever proposes does not approve (access.maker_may_check)")]
    MakerAndChecker,
}

/// # Errors
/// Which rule the roles break.
pub fn check(roles: &[Role], maker_may_check: bool) -> Result<(), Conflict> {
    let alone = |role: Role| roles.contains(&role) && roles.iter().any(|other| *other != role);
    let may = |permission: Permission| roles.iter().any(|role| role.permits(permission));
    if roles.is_empty() {
        Err(Conflict::NoRole)
    } else if alone(Role::Administrator) {
        Err(Conflict::Administrator)
    } else if alone(Role::Auditor) {
        Err(Conflict::Auditor)
    } else if may(Permission::Propose) && may(Permission::Approve) && !maker_may_check {
        Err(Conflict::MakerAndChecker)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Role::{Administrator, Auditor, Checker, Maker, Operations};

    #[test]
    fn every_pair_of_roles_is_decided_upon() {
        for first in Role::ALL {
            assert_eq!(check(&[first], false), Ok(()), "{first}");
            for second in Role::ALL.into_iter().filter(|second| *second != first) {
                let pair = [first, second];
                let expected = if pair.contains(&Administrator) {
                    Err(Conflict::Administrator)
                } else if pair.contains(&Auditor) {
                    Err(Conflict::Auditor)
                } else if pair.contains(&Checker) {
                    Err(Conflict::MakerAndChecker)
                } else {
                    assert!(pair.contains(&Operations) && pair.contains(&Maker));
                    Ok(())
                };
                assert_eq!(check(&pair, false), expected, "{first} and {second}");
            }
        }
        assert_eq!(check(&[], true), Err(Conflict::NoRole));
    }

    #[test]
    fn small_houses_may_let_a_maker_check_and_nothing_else() {
        assert_eq!(check(&[Maker, Checker], true), Ok(()));
        assert_eq!(check(&[Operations, Maker, Checker], true), Ok(()));
        assert_eq!(check(&[Auditor, Checker], true), Err(Conflict::Auditor));
        assert_eq!(check(&[Administrator, Maker], true), Err(Conflict::Administrator));
    }
}
