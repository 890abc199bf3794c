//! Statements as a workbook: sums on the first sheet, movements on the second. Amounts are numbers that can be summed,
//! identifiers are text. The same statement always gives the same bytes.

use anyhow::{Context, ensure};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use rust_xlsxwriter::{DocProperties, Format as Style, Workbook as Book, Worksheet};

use super::{COLUMNS, Cell, cells};
use crate::domain::identity::PlatformId;
use crate::reconciliation::statement::{Line, Period, Totals};

/// What a sheet holds, its heading among them.
const MOST_ROWS: u32 = 1_048_576;

const SUMS: &str = "汇总";
const MOVEMENTS: &str = "明细";

/// The columns of the first sheet.
const SUM_COLUMNS: [(&str, u16); 5] =
    [("业务类型", 24), ("笔数", 10), ("保证金金额", 20), ("保费", 18), ("赔付金额", 18)];

/// A workbook that is being written.
pub struct Workbook {
    book: Book,
    period: Period,
    sums: Worksheet,
    movements: Worksheet,
    /// The next row of the second sheet.
    row: u32,
    amount: Style,
    text: Style,
    heading: Style,
}

impl Workbook {
    /// # Errors
    /// Never, as the names and widths are fixed; the crate can't know.
    pub fn new(period: Period) -> anyhow::Result<Self> {
        let mut book = Book::new();
        book.set_properties(&DocProperties::new().set_creation_datetime(&period.last()));
        let heading = Style::new().set_bold();
        let sums = sheet(SUMS, &SUM_COLUMNS)?;
        let mut movements = sheet(MOVEMENTS, &COLUMNS)?;
        head(&mut movements, 0, &COLUMNS, &heading)?;
        movements.set_freeze_panes(1, 0)?;
        Ok(Self {
            book,
            period,
            sums,
            movements,
            row: 1,
            amount: Style::new().set_num_format("#,##0.00"),
            text: Style::new().set_num_format("@"),
            heading,
        })
    }

    /// # Errors
    /// When a sheet is full.
    pub fn write(&mut self, page: &[Line]) -> anyhow::Result<()> {
        for line in page {
            ensure!(
                self.row < MOST_ROWS,
                "expected at most {} movements in a workbook, found more: ask for fewer days, or for CSV",
                MOST_ROWS - 1
            );
            for (column, cell) in (0..).zip(cells(line)) {
                match cell {
                    Cell::Text(text) => self.movements.write_string(self.row, column, text)?,
                    Cell::Identifier(text) => {
                        self.movements.write_string_with_format(self.row, column, text, &self.text)?
                    }
                    Cell::Amount(Some(amount)) => {
                        put(&mut self.movements, (self.row, column), amount.to_decimal(), &self.amount)?
                    }
                    Cell::Amount(None) => &mut self.movements,
                };
            }
            self.row += 1;
        }
        Ok(())
    }

    /// The file.
    ///
    /// # Errors
    /// When the crate can't write it.
    pub fn finish(mut self, platform: &PlatformId, totals: &Totals) -> anyhow::Result<Vec<u8>> {
        let days = format!("{} 至 {}", self.period.first(), self.period.last());
        self.sums.write_string(0, 0, "平台")?.write_string(0, 1, platform.as_str())?;
        self.sums.write_string(1, 0, "期间")?.write_string(1, 1, days)?;
        head(&mut self.sums, 3, &SUM_COLUMNS, &self.heading)?;
        for (row, (movement, total)) in (4..).zip(totals.iter()) {
            self.sums.write_string(row, 0, movement.title())?;
            put(&mut self.sums, (row, 1), Decimal::from(total.count), &Style::new())?;
            for (column, sum) in (2..).zip([total.amount, total.premium, total.paid]) {
                put(&mut self.sums, (row, column), sum, &self.amount)?;
            }
        }
        self.sums.set_freeze_panes(4, 0)?;
        if self.row > 1 {
            let last = u16::try_from(COLUMNS.len() - 1)?;
            self.movements.autofilter(0, 0, self.row - 1, last)?;
        }
        self.book.push_worksheet(self.sums);
        self.book.push_worksheet(self.movements);
        Ok(self.book.save_to_buffer()?)
    }
}

fn sheet(name: &str, columns: &[(&str, u16)]) -> anyhow::Result<Worksheet> {
    let mut sheet = Worksheet::new();
    sheet.set_name(name)?;
    for (column, (_, width)) in (0..).zip(columns) {
        sheet.set_column_width(column, *width)?;
    }
    Ok(sheet)
}

fn head(sheet: &mut Worksheet, row: u32, columns: &[(&str, u16)], style: &Style) -> anyhow::Result<()> {
    for (column, (heading, _)) in (0..).zip(columns) {
        sheet.write_string_with_format(row, column, *heading, style)?;
    }
    Ok(())
}

/// A workbook has binary numbers only. They hold fifteen decimal digits exactly, and an amount in fen has fourteen at
/// most; of a sum, the digits that people see are right.
fn put<'a>(
    sheet: &'a mut Worksheet,
    (row, column): (u32, u16),
    number: Decimal,
    style: &Style,
) -> anyhow::Result<&'a mut Worksheet> {
    let number = number.to_f64().context("expected a number that a workbook can hold")?;
    Ok(sheet.write_number_with_format(row, column, number, style)?)
}
