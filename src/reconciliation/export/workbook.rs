//! Statements as a workbook: sums on the first page, movements on the second. Amounts are numbers that can be summed,
//! identifiers are text. The same statement always gives the same bytes.

use super::{COLUMNS, cells};
use crate::domain::identity::PlatformId;
use crate::reconciliation::statement::{Line, Period, Totals};
use crate::spreadsheet::{Cell, Column, Page, Workbook};

const SUMS: &str = "汇总";
const MOVEMENTS: &str = "明细";

/// The columns of the first page.
const SUM_COLUMNS: [Column<'static>; 5] = [
    Column::new("业务类型", 24),
    Column::new("笔数", 10),
    Column::new("保证金金额", 20),
    Column::new("保费", 18),
    Column::new("赔付金额", 18),
];

/// A workbook that is being written.
pub struct StatementBook {
    period: Period,
    movements: Page,
}

impl StatementBook {
    /// # Errors
    /// Never, as the names and widths are fixed; the crate can't know.
    pub fn new(period: Period) -> anyhow::Result<Self> {
        let mut movements = Page::new(MOVEMENTS, &COLUMNS)?;
        movements.headings(&COLUMNS)?;
        Ok(Self { period, movements })
    }

    /// # Errors
    /// When a page is full: ask for fewer days, or for CSV.
    pub fn write(&mut self, page: &[Line]) -> anyhow::Result<()> {
        page.iter().try_for_each(|line| self.movements.row(&cells(line)))
    }

    /// The file.
    ///
    /// # Errors
    /// When the crate can't write it.
    pub fn finish(mut self, platform: &PlatformId, totals: &Totals) -> anyhow::Result<Vec<u8>> {
        let days = format!("{} 至 {}", self.period.first(), self.period.last());
        let mut sums = Page::new(SUMS, &SUM_COLUMNS)?;
        sums.row(&[Cell::text("平台"), Cell::text(platform.as_str())])?;
        sums.row(&[Cell::text("期间"), Cell::text(days)])?;
        sums.skip();
        sums.headings(&SUM_COLUMNS)?;
        for (movement, total) in totals.iter() {
            sums.row(&[
                Cell::text(movement.title()),
                Cell::count(total.count),
                Cell::Sum(total.amount),
                Cell::Sum(total.premium),
                Cell::Sum(total.paid),
            ])?;
        }
        self.movements.filter_by(&COLUMNS)?;
        let mut book = Workbook::new(self.period.last());
        book.push(sums);
        book.push(self.movements);
        book.finish()
    }
}
