//! Platforms' XLSX. The first sheet with headings counts.
//!
//! A workbook is an archive that may unfold to any size, and its sheet may claim any extent. So what it unfolds to is
//! measured before anything is built of it, and cells are taken one by one, as far as rows and columns are allowed.

use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Reader, Xlsx, XlsxError};
use jiff::civil::Date;

use super::cell::Cell;
use super::layout::Layout;
use super::{HEADING_ROWS, ImportError, Row, Table};
use crate::reconciliation::options::StatementOptions;

/// Columns beyond this one are not read.
const COLUMNS: usize = 200;

/// What a workbook may unfold to for each byte of the longest file.
const UNFOLDS: u64 = 256 * 1024 * 1024;

pub(super) fn is_one(file: &[u8]) -> bool {
    file.starts_with(b"PK\x03\x04")
}

pub(super) fn read(
    file: &[u8],
    options: &StatementOptions,
    most_rows: usize,
) -> Result<(Table, Layout), ImportError> {
    measure(file)?;
    // Some extents that a sheet may claim make the library panic. To us such a file is a broken one.
    catch_unwind(AssertUnwindSafe(|| first_table(file, options, most_rows)))
        .unwrap_or_else(|_| Err(not_a_book(&"it contradicts itself")))
}

fn first_table(
    file: &[u8],
    options: &StatementOptions,
    most_rows: usize,
) -> Result<(Table, Layout), ImportError> {
    let mut book: Xlsx<_> =
        calamine::open_workbook_from_rs(Cursor::new(file)).map_err(|error: XlsxError| not_a_book(&error))?;
    let most = most_rows.saturating_add(HEADING_ROWS).saturating_add(1);
    let mut complaint = None;
    for name in book.sheet_names() {
        let rows = rows(&mut book, &name, most)?;
        match Layout::find(&rows, options) {
            Ok(layout) => return Ok((Table { rows }, layout)),
            Err(error) => complaint = complaint.or(Some(error)),
        }
    }
    Err(complaint.unwrap_or_else(|| ImportError::NotATable("a workbook without sheets".to_owned())))
}

fn not_a_book(error: &dyn ToString) -> ImportError {
    ImportError::NotATable(format!("a file that can't be read as a workbook: {}", error.to_string()))
}

fn measure(file: &[u8]) -> Result<(), ImportError> {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).map_err(|error| not_a_book(&error))?;
    let mut left = UNFOLDS;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| not_a_book(&error))?;
        let unfolded = std::io::copy(&mut entry.take(left), &mut std::io::sink());
        left = left.saturating_sub(unfolded.map_err(|error| not_a_book(&error))?);
        if left == 0 {
            return Err(ImportError::NotATable(format!("a workbook that unfolds to over {UNFOLDS} bytes")));
        }
    }
    Ok(())
}

fn rows(book: &mut Xlsx<Cursor<&[u8]>>, sheet: &str, most: usize) -> Result<Vec<Row>, ImportError> {
    let mut reader = book.worksheet_cells_reader(sheet).map_err(|error| not_a_book(&error))?;
    let mut rows: Vec<Row> = Vec::new();
    while let Some(found) = reader.next_cell().map_err(|error| not_a_book(&error))? {
        let (row, column) = found.get_position();
        let (line, column) = (u64::from(row).saturating_add(1), usize::try_from(column).unwrap_or(COLUMNS));
        let cell = cell_of(found.get_value());
        if column >= COLUMNS || cell.is_empty() {
            continue;
        }
        if rows.last().is_none_or(|last| last.line != line) {
            if rows.len() >= most {
                break;
            }
            rows.push(Row { line, cells: Vec::new() });
        }
        if let Some(last) = rows.last_mut() {
            match last.cells.get_mut(column) {
                Some(place) if place.is_empty() => *place = cell,
                // Programs differ in which of the two they show.
                Some(place) => *place = Cell::Broken("two values for one cell".to_owned()),
                None => {
                    last.cells.resize(column, Cell::Empty);
                    last.cells.push(cell);
                }
            }
        }
    }
    Ok(rows)
}

fn cell_of(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Empty => Cell::Empty,
        DataRef::String(text) => Cell::of_text(text),
        DataRef::SharedString(text) => Cell::of_text(text),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cell::of_text(text),
        // Without an exponent, however large.
        DataRef::Float(number) => Cell::Number(number.to_string()),
        DataRef::Int(number) => Cell::Number(number.to_string()),
        DataRef::Bool(value) => Cell::Text(value.to_string()),
        DataRef::Error(error) => Cell::Broken(error.to_string()),
        DataRef::DateTime(moment) => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            date(year, month, day).map_or(Cell::Broken("a date beyond the calendar".to_owned()), Cell::Date)
        }
    }
}

fn date(year: u16, month: u8, day: u8) -> Option<Date> {
    Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()
}
