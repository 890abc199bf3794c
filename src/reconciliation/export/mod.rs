//! Statements as files for people: CSV and XLSX, with the same columns.

mod comma_separated;
mod workbook;

use std::io::Write;

use clap::ValueEnum;
use serde::Deserialize;

pub use comma_separated::{CsvWriter, shielded};
pub use workbook::Workbook;

use super::statement::{Line, Pages, Period, Totals};
use crate::clock;
use crate::domain::identity::PlatformId;
use crate::domain::money::Fen;
use crate::store::Store;

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

/// Writes the statement of a platform page by page; a workbook is kept in memory until it is complete.
///
/// # Errors
/// When the database fails, a line can't be read, or the file can't be written.
pub async fn write(
    store: &Store,
    platform: &PlatformId,
    period: Period,
    format: Format,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<Totals> {
    let mut pages = Pages::new(store, platform, period);
    let mut totals = Totals::default();
    match format {
        Format::Csv => {
            let mut file = CsvWriter::new(&mut *out)?;
            while let Some(page) = pages.next().await? {
                page.iter().for_each(|line| totals.add(line));
                file.write(&page)?;
            }
            file.finish()?;
        }
        Format::Xlsx => {
            let mut file = Workbook::new(period)?;
            while let Some(page) = pages.next().await? {
                page.iter().for_each(|line| totals.add(line));
                file.write(&page)?;
            }
            out.write_all(&file.finish(platform, &totals)?)?;
        }
    }
    out.flush()?;
    Ok(totals)
}

/// The columns: heading, and width in characters.
const COLUMNS: [(&str, u16); 11] = [
    ("日期", 12),
    ("业务类型", 10),
    ("业务流水号", 30),
    ("保函编号", 30),
    ("投标人名称", 36),
    ("统一社会信用代码", 22),
    ("保证金金额", 16),
    ("保费", 14),
    ("赔付金额", 16),
    ("日终状态", 16),
    ("发生时间", 20),
];

/// What stands in one cell.
enum Cell {
    Text(String),
    /// A number that counts nothing: it keeps its digits, all of them.
    Identifier(String),
    Amount(Option<Fen>),
}

fn cells(line: &Line) -> [Cell; COLUMNS.len()] {
    let text = |text: &str| Cell::Text(text.to_owned());
    let stage = line.stage.map_or("", |stage| stage.title());
    let number = line.number.as_ref().map_or_else(String::new, ToString::to_string);
    [
        Cell::Text(line.date.to_string()),
        text(line.movement.title()),
        Cell::Identifier(line.application.to_string()),
        Cell::Identifier(number),
        text(&line.applicant.name),
        Cell::Identifier(line.applicant.code.clone()),
        Cell::Amount(Some(line.amount)),
        Cell::Amount(line.premium),
        Cell::Amount(line.paid),
        text(stage),
        Cell::Text(clock::to_wire(line.at)),
    ]
}

#[cfg(test)]
mod tests;
