//! Lists as files for people: CSV that a double click opens as it is meant, and XLSX whose cells have types. Both have
//! the same columns and the same content.

mod cell;
mod comma_separated;
mod sheet;
#[cfg(test)]
mod tests;
mod workbook;

use clap::ValueEnum;
use serde::Deserialize;

pub use cell::{Cell, Column};
pub use comma_separated::CsvWriter;
pub use sheet::{MOST_ROWS, Sheet};
pub use workbook::{Page, Workbook};

/// The kinds of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    Csv,
    Xlsx,
}

impl Format {
    /// What a file's name ends in.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}
