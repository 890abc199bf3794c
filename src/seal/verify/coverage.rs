//! Which files the signatures vouch for.
//!
//! A file that no signature covers could have been added or changed after sealing. Only the lists of signatures must stay
//! uncovered, so that signatures can be added, and the two files of a signature that vouch for themselves.

use std::collections::HashSet;

use super::report::{CheckName, Checks};
use crate::document::ofd::package::Package;

#[derive(Default)]
pub struct Coverage {
    /// Files whose digest a signature holds.
    pub referenced: HashSet<String>,
    /// The Signature.xml and SignedValue.dat of each signature.
    pub own: HashSet<String>,
    /// The Signatures.xml of each document.
    pub lists: HashSet<String>,
}

impl Coverage {
    pub fn check(&self, package: &Package, checks: &mut Checks) {
        let known = |path: &str| {
            self.referenced.contains(path) || self.own.contains(path) || self.lists.contains(path)
        };
        let open: Vec<_> = package.files().map(|(path, _)| path).filter(|path| !known(path)).collect();
        let named: Vec<_> = open.iter().map(|path| format!("`{path}`")).collect();
        match open.as_slice() {
            [] => checks.passed(CheckName::Coverage, "every file is covered"),
            // Some vendors leave it out of their inner signatures.
            ["OFD.xml"] => checks.warned(
                CheckName::Coverage,
                "`OFD.xml` is not covered: documents could have been added and the description changed",
            ),
            _ => checks.failed(CheckName::Coverage, format!("not covered: {}", named.join(", "))),
        }
    }
}
