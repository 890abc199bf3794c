//! The statement of a platform, read from the file that its people download: CSV or XLSX, whatever it is called.
//!
//! Nothing of a file with a doubtful row is compared: a difference that comes of a slip in the file would be looked for on
//! the wrong side. The first problems are all told at once, each with its line and column.

mod cell;
mod comma_separated;
mod layout;
mod rows;
mod workbook;

use std::fmt;

use jiff::civil::Date;

use super::options::{ReconciliationOptions, StatementOptions};
use super::standing::Standing;
use crate::domain::identity::{ApplicationNumber, GuaranteeNumber};
use crate::domain::money::Fen;

/// Problems that are told; of more there is only the number.
const TOLD: usize = 20;

/// Rows at the top among which the headings are looked for: files often begin with a title.
const HEADING_ROWS: usize = 10;

/// A platform's statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TheirStatement {
    pub rows: Vec<Theirs>,
    /// What the file says beside the numbers, by the names of the settings' keys.
    pub columns: Vec<&'static str>,
}

/// What a platform's statement says in one row. There is at least one of the two numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theirs {
    /// The line of the file, or the row of the sheet, from 1.
    pub line: u64,
    pub number: Option<GuaranteeNumber>,
    pub application: Option<ApplicationNumber>,
    pub amount: Option<Fen>,
    pub premium: Option<Fen>,
    pub state: Option<Stated>,
    /// The day in China.
    pub date: Option<Date>,
}

/// A state in the platform's word, and what it may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    pub word: String,
    pub meant: Vec<Standing>,
}

/// Why a file was not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    #[error("expected a file of at most {limit} bytes, found {found}")]
    TooLarge { limit: usize, found: usize },
    #[error("expected at most {limit} rows, found more")]
    TooManyRows { limit: usize },
    #[error("expected CSV or XLSX, found {0}")]
    NotATable(String),
    #[error("{0}")]
    Unsound(Problems),
}

/// The first problems of a file, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    pub first: Vec<Problem>,
    pub count: usize,
}

/// What is wrong in one place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub line: u64,
    /// The column's heading, where one column is to blame.
    pub column: Option<String>,
    pub expected: String,
    pub found: String,
}

impl Problems {
    fn add(&mut self, problem: Problem) {
        self.count = self.count.saturating_add(1);
        if self.first.len() < TOLD {
            self.first.push(problem);
        }
    }
}

impl From<Problem> for ImportError {
    fn from(problem: Problem) -> Self {
        Self::Unsound(Problems { first: vec![problem], count: 1 })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = &self.column {
            write!(f, ", column `{column}`")?;
        }
        write!(f, ": expected {}, found {}", self.expected, self.found)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.first.iter().map(ToString::to_string).collect();
        write!(f, "{}", lines.join("\n"))?;
        match self.count.saturating_sub(self.first.len()) {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

/// A table as it stands in the file.
struct Table {
    rows: Vec<Row>,
}

/// A row, and where it stands.
#[derive(Debug)]
struct Row {
    line: u64,
    cells: Vec<cell::Cell>,
}

/// Reads a platform's statement.
///
/// # Errors
/// When the file is too large, no table, or says something that can't be understood.
pub fn read(
    file: &[u8],
    options: &StatementOptions,
    limits: &ReconciliationOptions,
) -> Result<TheirStatement, ImportError> {
    if file.len() > limits.file_bytes {
        return Err(ImportError::TooLarge { limit: limits.file_bytes, found: file.len() });
    }
    let (table, layout) = if workbook::is_one(file) {
        workbook::read(file, options, limits.rows)?
    } else {
        comma_separated::read(file, options, limits.rows)?
    };
    rows::read(table, &layout, options, limits.rows)
}

#[cfg(test)]
mod tests;
