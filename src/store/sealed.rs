//! Every sealed column, and how the place is written to which its values are bound. Whoever looks through a whole
//! database, or a copy of one, finds here what must open.

use crate::crypto::keyring::Context;

/// A column of values that the keyring has sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedColumn {
    pub table: &'static str,
    pub column: &'static str,
    /// The columns that name the row: one to three.
    pub key: &'static [&'static str],
    form: Form,
}

/// How a row's name is made of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// The values with a slash between them.
    Joined,
    /// The lengths keep values apart that may hold slashes themselves.
    WithLengths,
}

impl SealedColumn {
    /// The row's name of these values of its key, in the order of [`Self::key`].
    pub fn row(&self, key: &[&str]) -> String {
        match (self.form, key) {
            (Form::WithLengths, [first, second, rest @ ..]) => {
                format!("{}/{first}/{}/{second}/{}", first.len(), second.len(), rest.join("/"))
            }
            _ => key.join("/"),
        }
    }

    /// Where the value of a row stands.
    pub fn place<'a>(&'a self, row: &'a str) -> Context<'a> {
        Context { table: self.table, row, column: self.column }
    }
}

const fn joined(table: &'static str, column: &'static str, key: &'static [&'static str]) -> SealedColumn {
    SealedColumn { table, column, key, form: Form::Joined }
}

/// All of them.
pub const SEALED: &[SealedColumn] = &[
    joined("guarantees", "body", &["id"]),
    joined("messages", "body", &["id"]),
    joined("messages", "answer", &["id"]),
    SealedColumn {
        table: "bindings",
        column: "answer",
        key: &["platform", "interface", "business_key"],
        form: Form::WithLengths,
    },
    joined("jobs", "payload", &["id"]),
    joined("wrapped_keys", "wrapped", &["guarantee_id", "purpose"]),
    joined("deliveries", "wrapped", &["guarantee_id", "letter"]),
    joined("abnormal_sections", "body", &["platform", "section_mark"]),
    joined("reconciliations", "body", &["id"]),
    joined("reconciliations", "signature", &["id"]),
    joined("differences", "body", &["reconciliation_id", "number"]),
    joined("remarks", "body", &["reconciliation_id", "difference", "number"]),
    joined("callbacks", "body", &["id"]),
    joined("api_answers", "body", &["client", "idempotency_key"]),
    joined("proposals", "payload", &["id"]),
    joined("proposals", "reason", &["id"]),
    joined("proposals", "conclusion", &["id"]),
    joined("users", "second_factor", &["id"]),
    joined("users", "mark", &["id"]),
    joined("sessions", "proposed_factor", &["id"]),
    joined("identity_requests", "body", &["state_hash"]),
    joined("audit_entries", "detail", &["number"]),
    joined("changes", "body", &["generation"]),
    joined("evidence", "url", &["id"]),
];

/// Columns that name documents of the archive, and those that say how long these are.
pub const DOCUMENTS: &[(&str, &str, Option<&str>)] = &[
    ("documents", "digest", Some("size")),
    ("uploads", "digest", Some("size")),
    ("deliveries", "document", None),
    ("links", "document", None),
    ("evidence", "document", Some("size")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_of_bytes_is_known_to_be_sealed() {
        let (mut table, mut found) = ("", Vec::new());
        for line in include_str!("schema.rs").lines().map(str::trim) {
            if let Some((column, kind)) = line.split_once(" -> ") {
                if kind.contains("Binary") {
                    found.push((table, column));
                }
            } else if let Some((name, _)) = line.split_once(" (") {
                table = name;
            }
        }
        let mut known: Vec<_> = SEALED.iter().map(|sealed| (sealed.table, sealed.column)).collect();
        found.sort_unstable();
        known.sort_unstable();
        assert_eq!(known, found);
    }

    #[test]
    fn lengths_keep_apart_what_may_hold_slashes() {
        let bindings = SEALED.iter().find(|sealed| sealed.table == "bindings").unwrap();
        assert_eq!(bindings.row(&["north", "apply", "a/b"]), "5/north/5/apply/a/b");
        let remarks = SEALED.iter().find(|sealed| sealed.table == "remarks").unwrap();
        assert_eq!(remarks.row(&["r", "1", "2"]), "r/1/2");
    }
}
