//! Platforms' CSV: UTF-8, UTF-16 or GB 18030 (which GBK is part of), separated by commas, tabs or semicolons.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, UTF_8};

use super::cell::Cell;
use super::layout::Layout;
use super::{HEADING_ROWS, ImportError, Row, Table};
use crate::reconciliation::options::StatementOptions;

const SEPARATORS: [u8; 3] = [b',', b'\t', b';'];

/// Reads a file. A separator is right where headings are found with it.
pub(super) fn read(
    file: &[u8],
    options: &StatementOptions,
    most_rows: usize,
) -> Result<(Table, Layout), ImportError> {
    // The lines of a file are counted by their ends, whichever these are.
    let text = decoded(file)?.replace("\r\n", "\n").replace('\r', "\n");
    let mut first_complaint = None;
    for separator in SEPARATORS {
        let top = rows(&text, separator, HEADING_ROWS)?;
        match Layout::find(&top, options) {
            Ok(layout) => {
                let most = most_rows.saturating_add(HEADING_ROWS).saturating_add(1);
                return Ok((Table { rows: rows(&text, separator, most)? }, layout));
            }
            Err(complaint) => {
                // With the right separator there is more than one cell; its complaint is the one to hear.
                let splits = top.iter().any(|row| row.cells.len() > 1);
                if first_complaint.is_none() || splits {
                    first_complaint = Some(complaint);
                }
                if splits {
                    break;
                }
            }
        }
    }
    Err(first_complaint.unwrap_or_else(|| ImportError::NotATable("nothing".to_owned())))
}

fn decoded(file: &[u8]) -> Result<Cow<'_, str>, ImportError> {
    if file.starts_with(b"\xD0\xCF\x11\xE0") {
        return Err(ImportError::NotATable("an old workbook (.xls): save it as .xlsx".to_owned()));
    }
    if file.starts_with(b"%PDF") {
        return Err(ImportError::NotATable("PDF".to_owned()));
    }
    if let Some((encoding, _)) = Encoding::for_bom(file) {
        let (text, _, broken) = encoding.decode(file);
        return if broken { Err(not_text(encoding.name())) } else { Ok(text) };
    }
    for encoding in [UTF_8, GB18030] {
        if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(file)
            && !text.contains('\0')
        {
            return Ok(text);
        }
    }
    Err(not_text("UTF-8 nor GB 18030"))
}

fn not_text(encoding: &str) -> ImportError {
    ImportError::NotATable(format!("bytes that are not {encoding}"))
}

fn rows(text: &str, separator: u8, most: usize) -> Result<Vec<Row>, ImportError> {
    let mut reader = csv::ReaderBuilder::new();
    reader.has_headers(false).flexible(true).delimiter(separator);
    let (mut rows, mut line, mut counted) = (Vec::new(), 1_u64, 0);
    for record in reader.from_reader(text.as_bytes()).records().take(most) {
        let record = record.map_err(|error| ImportError::NotATable(error.to_string()))?;
        // Blank lines are skipped, and the reader does not count them in.
        let begin = record.position().map_or(0, csv::Position::byte);
        let begin = usize::try_from(begin).unwrap_or(usize::MAX);
        let blank = text.get(begin..).unwrap_or_default().bytes().take_while(|it| *it == b'\n').count();
        let before = text.get(counted..begin.saturating_add(blank)).unwrap_or_default();
        let ends = before.bytes().filter(|it| *it == b'\n').count();
        line = line.saturating_add(u64::try_from(ends).unwrap_or(u64::MAX));
        counted = counted.saturating_add(before.len());
        rows.push(Row { line, cells: record.iter().map(Cell::of_text).collect() });
    }
    Ok(rows)
}
