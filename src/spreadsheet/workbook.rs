//! Workbooks (XLSX): amounts, counts and times are numbers that can be summed and sorted, everything else is text. The
//! same content always gives the same bytes.

use anyhow::{Context, ensure};
use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use rust_xlsxwriter::{DocProperties, Format as Style, Workbook as Book, Worksheet};

use super::cell::{Cell, Column};
use crate::clock::china_time;

/// What a sheet holds, its heading among them.
const MOST_ROWS: u32 = 1_048_576;

/// The characters that a cell holds.
const LONGEST_TEXT: usize = 32_767;

/// A workbook that is being written, page after page.
pub struct Workbook(Book);

impl Workbook {
    /// `made_on` stands in the file's properties.
    pub fn new(made_on: Date) -> Self {
        let mut book = Book::new();
        book.set_properties(&DocProperties::new().set_creation_datetime(&made_on));
        Self(book)
    }

    /// Adds a page that is complete.
    pub fn push(&mut self, page: Page) {
        self.0.push_worksheet(page.sheet);
    }

    /// The file.
    ///
    /// # Errors
    /// When the crate can't write it, such as where two pages have one name.
    pub fn finish(mut self) -> anyhow::Result<Vec<u8>> {
        Ok(self.0.save_to_buffer()?)
    }
}

/// One page of a workbook, which is kept in memory until the file is made.
pub struct Page {
    sheet: Worksheet,
    /// The next row.
    row: u32,
    styles: Styles,
}

struct Styles {
    heading: Style,
    identifier: Style,
    count: Style,
    amount: Style,
    time: Style,
    date: Style,
}

impl Page {
    /// A page of this name, at most 31 characters, with columns of these widths and no rows.
    ///
    /// # Errors
    /// When a page can't have the name.
    pub fn new(name: &str, columns: &[Column<'_>]) -> anyhow::Result<Self> {
        let mut sheet = Worksheet::new();
        sheet.set_name(name)?;
        for (number, column) in (0..).zip(columns) {
            sheet.set_column_width(number, column.width)?;
        }
        let numbers = |format: &str| Style::new().set_num_format(format);
        let styles = Styles {
            heading: Style::new().set_bold(),
            identifier: numbers("@"),
            count: Style::new(),
            amount: numbers("#,##0.00"),
            time: numbers("yyyy-mm-dd hh:mm:ss"),
            date: numbers("yyyy-mm-dd"),
        };
        Ok(Self { sheet, row: 0, styles })
    }

    /// Writes the headings into the next row; it and what stands above stay in sight.
    ///
    /// # Errors
    /// When the page is full.
    pub fn headings(&mut self, columns: &[Column<'_>]) -> anyhow::Result<()> {
        for (number, column) in (0..).zip(columns) {
            self.sheet.write_string_with_format(self.row, number, column.heading, &self.styles.heading)?;
        }
        self.row += 1;
        self.sheet.set_freeze_panes(self.row, 0)?;
        Ok(())
    }

    /// Writes the next row.
    ///
    /// # Errors
    /// When the page is full.
    pub fn row(&mut self, cells: &[Cell]) -> anyhow::Result<()> {
        ensure!(self.row < MOST_ROWS, "expected at most {MOST_ROWS} rows in a workbook, found more");
        for (column, cell) in (0..).zip(cells) {
            self.put(column, cell)?;
        }
        self.row += 1;
        Ok(())
    }

    /// Leaves a row empty.
    pub fn skip(&mut self) {
        self.row += 1;
    }

    /// Lets people filter the rows, of which the first are the headings.
    ///
    /// # Errors
    /// Never, where the page has the columns.
    pub fn filter_by(&mut self, columns: &[Column<'_>]) -> anyhow::Result<()> {
        let last = u16::try_from(columns.len().saturating_sub(1))?;
        if self.row > 1 {
            self.sheet.autofilter(0, 0, self.row - 1, last)?;
        }
        Ok(())
    }

    fn put(&mut self, column: u16, cell: &Cell) -> anyhow::Result<()> {
        let (row, styles) = (self.row, &self.styles);
        let sheet = &mut self.sheet;
        match cell {
            Cell::Text(text) => sheet.write_string(row, column, cut(text))?,
            Cell::Identifier(text) => {
                sheet.write_string_with_format(row, column, cut(text), &styles.identifier)?
            }
            Cell::Count(number) => number_cell(sheet, (row, column), Decimal::from(*number), &styles.count)?,
            Cell::Amount(amount) => number_cell(sheet, (row, column), amount.to_decimal(), &styles.amount)?,
            Cell::Sum(sum) => number_cell(sheet, (row, column), *sum, &styles.amount)?,
            Cell::Time(at) => {
                // A cell shows seconds, and rounds what is below them.
                let there = china_time(*at).with().subsec_nanosecond(0).build()?;
                sheet.write_datetime_with_format(row, column, there, &styles.time)?
            }
            Cell::Date(date) => sheet.write_datetime_with_format(row, column, date, &styles.date)?,
            Cell::Empty => sheet,
        };
        Ok(())
    }
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

/// A workbook has binary numbers only. They hold fifteen decimal digits exactly, and an amount in fen has fourteen at
/// most; of a sum, the digits that people see are right.
fn number_cell<'a>(
    sheet: &'a mut Worksheet,
    (row, column): (u32, u16),
    number: Decimal,
    style: &Style,
) -> anyhow::Result<&'a mut Worksheet> {
    let number = number.to_f64().context("expected a number that a workbook can hold")?;
    Ok(sheet.write_number_with_format(row, column, number, style)?)
}
