//! A list that somebody takes away as a file.

use jiff::Timestamp;

use super::Format;
use super::cell::{Cell, Column};
use super::comma_separated::CsvWriter;
use super::workbook::{Page, Workbook};
use crate::clock::china_date;

/// The rows of a file at most; what is left out is said in its last line.
pub const MOST_ROWS: usize = 50_000;

/// One list with the rows that a filter left, in memory and therefore bounded.
///
/// ```
/// use baohan_gateway::spreadsheet::{Cell, Column, Format, Sheet};
///
/// let mut sheet = Sheet::new("队列", [Column::new("编号", 30), Column::new("次数", 8)]);
/// sheet.push(vec![Cell::identifier("0012"), Cell::count(3)]);
/// let csv = sheet.write(Format::Csv, jiff::Timestamp::UNIX_EPOCH)?;
/// assert_eq!(String::from_utf8(csv)?, "\u{feff}编号,次数\r\n'0012,3\r\n");
/// # anyhow::Ok(())
/// ```
#[derive(Clone, Debug)]
pub struct Sheet<'a> {
    name: &'a str,
    columns: Vec<Column<'a>>,
    rows: Vec<Vec<Cell>>,
    is_cut: bool,
}

impl<'a> Sheet<'a> {
    /// An empty list. The name is that of the workbook's page: at most 31 characters, none of `[]:*?/\`.
    pub fn new(name: &'a str, columns: impl Into<Vec<Column<'a>>>) -> Self {
        Self { name, columns: columns.into(), rows: Vec::new(), is_cut: false }
    }

    /// Adds a row, with a cell for each column; `false` where there is no room, so that nobody need look for more.
    pub fn push(&mut self, row: Vec<Cell>) -> bool {
        let has_room = self.rows.len() < MOST_ROWS;
        if has_room {
            self.rows.push(row);
        } else {
            self.is_cut = true;
        }
        has_room
    }

    /// The list's name.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether rows were left out.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The file. The same list, written at the same time, always gives the same bytes.
    ///
    /// # Errors
    /// When the name can't be that of a page.
    pub fn write(&self, format: Format, at: Timestamp) -> anyhow::Result<Vec<u8>> {
        match format {
            Format::Csv => self.comma_separated(),
            Format::Xlsx => self.workbook(at),
        }
    }

    fn comma_separated(&self) -> anyhow::Result<Vec<u8>> {
        let mut out = Vec::new();
        let mut file = CsvWriter::new(&mut out, &self.columns)?;
        self.rows.iter().try_for_each(|row| file.row(row))?;
        self.note().iter().try_for_each(|note| file.row(std::slice::from_ref(note)))?;
        file.finish()?;
        Ok(out)
    }

    fn workbook(&self, at: Timestamp) -> anyhow::Result<Vec<u8>> {
        let mut page = Page::new(self.name, &self.columns)?;
        page.headings(&self.columns)?;
        self.rows.iter().try_for_each(|row| page.row(row))?;
        page.filter_by(&self.columns)?;
        self.note().iter().try_for_each(|note| page.row(std::slice::from_ref(note)))?;
        let mut book = Workbook::new(china_date(at));
        book.push(page);
        book.finish()
    }

    /// What the last line says of a list that is not complete.
    fn note(&self) -> Option<Cell> {
        let text = format!(
            "仅导出前 {MOST_ROWS} 行，其余未导出，请缩小筛选范围 / only the first {MOST_ROWS} rows: narrow the filter for the others"
        );
        self.is_cut.then_some(Cell::Text(text))
    }
}
