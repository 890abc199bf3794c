//! CSV (RFC 4180) that a double click opens as it is meant: UTF-8 with a byte order mark, CRLF, and no cell that a
//! spreadsheet would compute or rewrite.
//!
//! A cell that a spreadsheet takes for a formula, and an identifier that it would take for a number and shorten to fifteen
//! digits, begin with an apostrophe; so does one that begins with an apostrophe of its own. Whoever reads the file with a
//! program takes one leading apostrophe away, as our own import does. Who wants to sum and filter takes XLSX, where cells
//! have types and nothing is prefixed.

use std::borrow::Cow;
use std::io::Write;

use super::cell::{Cell, Column};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What a cell's text may not begin with: what begins a formula in half or full width, what some programs skip before
/// they look for one, and the mark itself.
const BEGINNINGS: [char; 12] = ['=', '+', '-', '@', '\t', '\r', '\n', '\'', '＝', '＋', '－', '＠'];

/// A longer number is shown as a power of ten.
const LONGEST_NUMBER: usize = 11;

/// A file that is being written.
pub struct CsvWriter<W: Write> {
    lines: csv::Writer<W>,
}

impl<W: Write> CsvWriter<W> {
    /// Writes the byte order mark and the headings.
    ///
    /// # Errors
    /// When nothing can be written.
    pub fn new(mut out: W, columns: &[Column<'_>]) -> anyhow::Result<Self> {
        out.write_all(BYTE_ORDER_MARK)?;
        // A line that says why a list ends has one cell.
        let builder = &mut csv::WriterBuilder::new();
        let mut lines = builder.terminator(csv::Terminator::CRLF).flexible(true).from_writer(out);
        lines.write_record(columns.iter().map(|column| column.heading))?;
        Ok(Self { lines })
    }

    /// Writes one line.
    ///
    /// # Errors
    /// When nothing can be written.
    pub fn row(&mut self, cells: &[Cell]) -> anyhow::Result<()> {
        Ok(self.lines.write_record(cells.iter().map(text_of))?)
    }

    /// # Errors
    /// When nothing can be written.
    pub fn finish(mut self) -> anyhow::Result<()> {
        Ok(self.lines.flush()?)
    }
}

fn text_of(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => shielded(text).into_owned(),
        Cell::Identifier(text) if is_rewritten(text) => format!("'{text}"),
        Cell::Identifier(text) => shielded(text).into_owned(),
        Cell::Count(_) | Cell::Amount(_) | Cell::Sum(_) | Cell::Time(_) | Cell::Date(_) | Cell::Empty => {
            cell.shown()
        }
    }
}

/// A text that no spreadsheet computes.
fn shielded(text: &str) -> Cow<'_, str> {
    if text.starts_with(BEGINNINGS) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// Whether a spreadsheet would show an identifier as another number: without its leading zeros, or as a power of ten.
fn is_rewritten(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => digits(mantissa) && digits(exponent),
        None => digits(text) && (text.len() > LONGEST_NUMBER || text.starts_with('0')),
    }
}
