//! Statements that a platform's people download: CSV or XLSX as bytes, or the workbook of `material` with one of its files
//! changed (the first byte says which). A statement that is taken has rows within the limits, each with a number.

use std::sync::LazyLock;

use baohan_gateway::document::ofd::package::Package;
use baohan_gateway::reconciliation::import::{ImportError, read};
use baohan_gateway::reconciliation::{ReconciliationOptions, StatementOptions};

use crate::material::WORKBOOK;
use crate::packages::{altered, unpacked};
use crate::platforms::choice;

static PACKAGE: LazyLock<Package> = LazyLock::new(|| unpacked(WORKBOOK));

pub fn run(input: &[u8]) {
    let [form, bytes @ ..] = input else { return };
    let file = if choice(*form, 2) == 0 {
        bytes.to_vec()
    } else {
        let Some(package) = altered(&PACKAGE, bytes) else { return };
        let Ok(zipped) = package.to_zip() else { return };
        zipped
    };
    let limits = ReconciliationOptions::default();
    match read(&file, &StatementOptions::default(), &limits) {
        Ok(statement) => {
            assert!(statement.rows.len() <= limits.rows);
            for row in &statement.rows {
                assert!(row.line > 0 && (row.number.is_some() || row.application.is_some()), "{row:?}");
            }
        }
        Err(ImportError::Unsound(problems)) => {
            assert!(!problems.first.is_empty() && problems.first.len() <= 20);
            assert!(problems.count >= problems.first.len());
        }
        Err(refusal) => assert!(!refusal.to_string().is_empty()),
    }
}
