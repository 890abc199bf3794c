//! Statements as files for people: CSV and XLSX, with the same columns.

mod workbook;

use std::io::Write;

pub use workbook::StatementBook;

use super::statement::{Line, Pages, Period, Totals};
use crate::domain::identity::PlatformId;
pub use crate::spreadsheet::Format;
use crate::spreadsheet::{Cell, Column, CsvWriter};
use crate::store::Store;

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
            let mut file = CsvWriter::new(&mut *out, &COLUMNS)?;
            while let Some(page) = pages.next().await? {
                for line in &page {
                    totals.add(line);
                    file.row(&cells(line))?;
                }
            }
            file.finish()?;
        }
        Format::Xlsx => {
            let mut file = StatementBook::new(period)?;
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

const COLUMNS: [Column<'static>; 11] = [
    Column::new("日期", 12),
    Column::new("业务类型", 10),
    Column::new("业务流水号", 30),
    Column::new("保函编号", 30),
    Column::new("投标人名称", 36),
    Column::new("统一社会信用代码", 22),
    Column::new("保证金金额", 16),
    Column::new("保费", 14),
    Column::new("赔付金额", 16),
    Column::new("日终状态", 16),
    Column::new("发生时间", 20),
];

fn cells(line: &Line) -> [Cell; COLUMNS.len()] {
    let stage = line.stage.map_or("", |stage| stage.title());
    let number = line.number.as_ref().map_or_else(String::new, ToString::to_string);
    [
        line.date.into(),
        Cell::text(line.movement.title()),
        Cell::identifier(line.application.to_string()),
        Cell::identifier(number),
        Cell::text(&line.applicant.name),
        Cell::identifier(&line.applicant.code),
        line.amount.into(),
        line.premium.into(),
        line.paid.into(),
        Cell::text(stage),
        line.at.into(),
    ]
}

#[cfg(test)]
mod tests;
