//! From the rows of a table to what the platform says of each guarantee.

use std::collections::BTreeMap;

use super::cell::{Cell, Expected};
use super::layout::{Column, Layout};
use super::{ImportError, Problem, Problems, Row, Stated, Table, TheirStatement, Theirs};
use crate::domain::identity::{ApplicationNumber, GuaranteeNumber};
use crate::reconciliation::options::StatementOptions;
use crate::reconciliation::standing::Standing;

/// What a row of sums begins with.
const SUMS: [&str; 4] = ["合计", "总计", "小计", "共计"];

pub(super) fn read(
    table: Table,
    layout: &Layout,
    options: &StatementOptions,
    most_rows: usize,
) -> Result<TheirStatement, ImportError> {
    let words = options.words();
    let (mut rows, mut problems) = (Vec::new(), Problems::default());
    for row in table.rows.iter().filter(|row| row.line > layout.line) {
        if row.cells.iter().all(Cell::is_empty) || is_a_sum(row, layout) {
            continue;
        }
        if rows.len() >= most_rows {
            return Err(ImportError::TooManyRows { limit: most_rows });
        }
        let mut reading = Reading { row, layout, problems: &mut problems };
        rows.push(reading.theirs(&words));
    }
    match problems.count {
        0 => Ok(TheirStatement { rows, columns: layout.columns() }),
        _ => Err(ImportError::Unsound(problems)),
    }
}

/// A last row that adds up the others has no number.
fn is_a_sum(row: &Row, layout: &Layout) -> bool {
    let says_so = |cell: &Cell| cell.text().is_some_and(|text| SUMS.iter().any(|it| text.starts_with(it)));
    let number = |column| layout.place(column).and_then(|(place, _)| row.cells.get(place));
    let numbers = [Column::GuaranteeNumber, Column::ApplicationNumber].map(number);
    let numbered = numbers.into_iter().flatten().any(|cell| !cell.is_empty() && !says_so(cell));
    !numbered && row.cells.iter().any(says_so)
}

/// One row that is being read; what is wrong with it is noted, and reading goes on.
struct Reading<'a> {
    row: &'a Row,
    layout: &'a Layout,
    problems: &'a mut Problems,
}

impl Reading<'_> {
    fn theirs(&mut self, words: &BTreeMap<String, Vec<Standing>>) -> Theirs {
        let before = self.problems.count;
        let number = self.value(Column::GuaranteeNumber, Cell::identifier);
        let application = self.value(Column::ApplicationNumber, Cell::identifier);
        if number.is_none() && application.is_none() && self.problems.count == before {
            self.problems.add(Problem {
                line: self.row.line,
                column: None,
                expected: "the number of a guarantee or an application".to_owned(),
                found: "neither".to_owned(),
            });
        }
        Theirs {
            line: self.row.line,
            number: number.map(GuaranteeNumber::new),
            application: application.map(ApplicationNumber::new),
            amount: self.value(Column::Amount, Cell::amount),
            premium: self.value(Column::Premium, Cell::amount),
            state: self.state(words),
            date: self.value(Column::Date, Cell::date),
        }
    }

    fn value<T>(&mut self, column: Column, read: impl Fn(&Cell) -> Result<Option<T>, Expected>) -> Option<T> {
        let (place, heading) = self.layout.place(column)?;
        let cell = self.row.cells.get(place)?;
        read(cell).unwrap_or_else(|expected| {
            self.problems.add(Problem {
                line: self.row.line,
                column: Some(heading.to_owned()),
                expected: expected.to_owned(),
                found: cell.found(),
            });
            None
        })
    }

    fn state(&mut self, words: &BTreeMap<String, Vec<Standing>>) -> Option<Stated> {
        let (place, heading) = self.layout.place(Column::State)?;
        let cell = self.row.cells.get(place).filter(|cell| !cell.is_empty())?;
        let meant = cell.text().and_then(|word| Some((word, words.get(word)?)));
        if let Some((word, meant)) = meant {
            return Some(Stated { word: word.to_owned(), meant: meant.clone() });
        }
        let known: Vec<&str> = words.keys().map(String::as_str).collect();
        self.problems.add(Problem {
            line: self.row.line,
            column: Some(heading.to_owned()),
            expected: format!("one of {} (or a word that the settings explain)", known.join("、")),
            found: cell.found(),
        });
        None
    }
}
