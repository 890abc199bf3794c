//! Which column of a platform's file holds what.

use super::cell::Cell;
use super::{HEADING_ROWS, ImportError, Problem, Row};
use crate::reconciliation::options::StatementOptions;

/// What a column may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    GuaranteeNumber,
    ApplicationNumber,
    Amount,
    Premium,
    State,
    Date,
}

impl Column {
    pub const ALL: [Self; 6] = [
        Self::GuaranteeNumber,
        Self::ApplicationNumber,
        Self::Amount,
        Self::Premium,
        Self::State,
        Self::Date,
    ];

    /// The settings' key.
    pub fn key(self) -> &'static str {
        match self {
            Self::GuaranteeNumber => "guarantee_number",
            Self::ApplicationNumber => "application_number",
            Self::Amount => "amount",
            Self::Premium => "premium",
            Self::State => "state",
            Self::Date => "date",
        }
    }

    fn headings(self, options: &StatementOptions) -> &[String] {
        match self {
            Self::GuaranteeNumber => &options.guarantee_number,
            Self::ApplicationNumber => &options.application_number,
            Self::Amount => &options.amount,
            Self::Premium => &options.premium,
            Self::State => &options.state,
            Self::Date => &options.date,
        }
    }
}

/// Where the columns of a table stand.
#[derive(Debug)]
pub(super) struct Layout {
    /// The line of the headings; rows behind it are guarantees.
    pub line: u64,
    /// Place and heading of each column that there is.
    places: Vec<(Column, usize, String)>,
}

impl Layout {
    /// Finds the headings near the top of a table: the first row that names a number.
    ///
    /// # Errors
    /// When there is none, a heading stands twice, or a column is missing that the settings do not leave out.
    pub fn find(rows: &[Row], options: &StatementOptions) -> Result<Self, ImportError> {
        let top = rows.iter().take(HEADING_ROWS);
        let Some(row) = top.clone().find(|row| names_a_number(row, options)) else {
            let [number, application] = [Column::GuaranteeNumber, Column::ApplicationNumber]
                .map(|it| it.headings(options).join("、"));
            let first = rows.first();
            return Err(ImportError::from(Problem {
                line: first.map_or(1, |row| row.line),
                column: None,
                expected: format!(
                    "among the first {HEADING_ROWS} rows one with headings, {number} or {application} among them"
                ),
                found: first.map_or("nothing".to_owned(), found_in),
            }));
        };
        let mut places = Vec::new();
        for column in Column::ALL {
            if let Some(found) = place_of(row, column, options)? {
                places.push(found);
            }
        }
        let layout = Self { line: row.line, places };
        if layout.place(Column::Amount).is_none() && !options.amount.is_empty() {
            return Err(ImportError::from(Problem {
                line: row.line,
                column: None,
                expected: format!("a heading for the amount: {}", options.amount.join("、")),
                found: found_in(row),
            }));
        }
        Ok(layout)
    }

    /// Place and heading of a column.
    pub fn place(&self, column: Column) -> Option<(usize, &str)> {
        let found = self.places.iter().find(|(it, ..)| *it == column);
        found.map(|(_, place, heading)| (*place, heading.as_str()))
    }

    pub fn columns(&self) -> Vec<&'static str> {
        self.places.iter().map(|(column, ..)| column.key()).collect()
    }
}

fn names_a_number(row: &Row, options: &StatementOptions) -> bool {
    let numbers = [Column::GuaranteeNumber, Column::ApplicationNumber];
    let mut wanted = numbers.iter().flat_map(|column| column.headings(options));
    wanted.any(|heading| row.cells.iter().any(|cell| is_heading(cell, heading)))
}

fn place_of(
    row: &Row,
    column: Column,
    options: &StatementOptions,
) -> Result<Option<(Column, usize, String)>, ImportError> {
    for heading in column.headings(options) {
        let mut places = row.cells.iter().enumerate().filter(|(_, cell)| is_heading(cell, heading));
        let Some((place, _)) = places.next() else { continue };
        if places.next().is_some() {
            return Err(ImportError::from(Problem {
                line: row.line,
                column: Some(heading.clone()),
                expected: "one column of this name".to_owned(),
                found: "several".to_owned(),
            }));
        }
        return Ok(Some((column, place, heading.clone())));
    }
    Ok(None)
}

/// Headings are compared without blanks, and without the unit where it is the yuan: of another unit they are others.
fn is_heading(cell: &Cell, heading: &str) -> bool {
    let bare = |text: &str| {
        let text: String = text.chars().filter(|it| !it.is_whitespace()).collect();
        let text = text.replace('（', "(").replace('）', ")");
        text.strip_suffix("(元)").unwrap_or(&text).to_lowercase()
    };
    cell.text().is_some_and(|text| bare(text) == bare(heading))
}

fn found_in(row: &Row) -> String {
    let texts: Vec<&str> = row.cells.iter().filter_map(Cell::text).collect();
    Cell::of_text(&texts.join("、")).found()
}
