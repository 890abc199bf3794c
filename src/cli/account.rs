//! Whose hand is at the command line, for the audit trail.

use rustix::process::getuid;

use crate::store::audit::{Actor, Entry};

/// The account that somebody signed in to the machine with. The kernel keeps its number through `su` and `sudo`, whatever a
/// person does to the environment.
const LOGIN_UID: &str = "/proc/self/loginuid";

/// What stands in [`LOGIN_UID`] where nobody signed in: a service, a container.
const NOBODY: u32 = u32::MAX;

/// An act at the command line that changes nothing with a digest.
pub(super) fn act(action: &'static str, subject: (&'static str, String), detail: serde_json::Value) -> Entry {
    Entry { actor: actor(), address: None, action, subject, detail, before: None, after: None }
}

/// The account of this process, and that of the person behind it where it is another one: `root (wang)`.
pub(super) fn actor() -> Actor {
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let uid = getuid().as_raw();
    let login = std::fs::read_to_string(LOGIN_UID).ok().and_then(|text| text.trim().parse().ok());
    Actor::CommandLine { account: described(&accounts, uid, login) }
}

fn described(accounts: &str, uid: u32, login: Option<u32>) -> String {
    let name = |uid: u32| named(accounts, uid).map_or_else(|| format!("uid {uid}"), str::to_owned);
    match login.filter(|login| *login != NOBODY && *login != uid) {
        Some(login) => format!("{} ({})", name(uid), name(login)),
        None => name(uid),
    }
}

/// The name of an account in the file that lists them. One that a directory service has is not there.
fn named(accounts: &str, uid: u32) -> Option<&str> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_named_with_the_person_behind_it() {
        let accounts =
            "root:x:0:0:root:/root:/bin/sh\nbaohan:x:998:998::/:/bin/false\nwang:x:1000:1000::/:/bin/sh\n";
        for (uid, login, expected) in [
            (998, None, "baohan"),
            (998, Some(NOBODY), "baohan"),
            (1000, Some(1000), "wang"),
            (0, Some(1000), "root (wang)"),
            (0, Some(4711), "root (uid 4711)"),
            (10_000, None, "uid 10000"),
        ] {
            assert_eq!(described(accounts, uid, login), expected);
        }
    }
}
