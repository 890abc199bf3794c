//! What former keys have sealed, sealed again under the present one, a few rows at a time and while gateways run.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Binary, Text};

use crate::store::connection::{Connection, on};
use crate::store::error::StoreError;
use crate::store::sealed::{SEALED, SealedColumn};

/// Columns of keys that are numbers; all others are texts.
const NUMBERS: [&str; 3] = ["difference", "generation", "number"];

/// How far a pass through all sealed columns has come. A pass that was broken off is begun again: it finds what is left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    column: usize,
    /// The key of the last row that was looked at.
    behind: Option<Vec<String>>,
    pub done: Resealed,
}

/// What has been done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    pub resealed: u64,
    /// Rows that somebody else wrote meanwhile, which seals them anew by itself.
    pub overtaken: u64,
    /// Values that do not open, and stay as they are.
    pub unreadable: u64,
}

impl Pass {
    /// The `table.column` that comes next; None at the end.
    pub fn at(&self) -> Option<String> {
        SEALED.get(self.column).map(|it| format!("{}.{}", it.table, it.column))
    }

    pub fn is_over(&self) -> bool {
        self.column >= SEALED.len()
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    first: String,
    #[diesel(sql_type = Text)]
    second: String,
    #[diesel(sql_type = Text)]
    third: String,
    #[diesel(sql_type = Binary)]
    value: Vec<u8>,
}

impl Row {
    fn key(&self, of: &SealedColumn) -> Vec<String> {
        [&self.first, &self.second, &self.third].into_iter().take(of.key.len()).cloned().collect()
    }
}

/// Seals up to `batch` values of one column anew. A row is only written if it still holds the bytes that were read, so nothing
/// that a gateway writes meanwhile is lost.
///
/// # Errors
/// When the database fails; then this batch is undone and may be done again.
pub fn reseal(connection: &mut Connection, pass: &Pass, batch: u32) -> Result<Pass, StoreError> {
    let Some(of) = SEALED.get(pass.column) else { return Ok(pass.clone()) };
    let rows = rows_behind(connection, of, pass.behind.as_deref(), batch)?;
    let mut next = pass.clone();
    match rows.last() {
        Some(last) => next.behind = Some(last.key(of)),
        None => {
            next.column += 1;
            next.behind = None;
        }
    }
    for row in &rows {
        let key = row.key(of);
        let key: Vec<&str> = key.iter().map(String::as_str).collect();
        let name = of.row(&key);
        let Ok(opened) = connection.unseal(of.table, &name, of.column, &row.value) else {
            next.done.unreadable += 1;
            continue;
        };
        let sealed = connection.seal(of.table, &name, of.column, &opened);
        match replace(connection, of, &key, &row.value, &sealed)? {
            0 => next.done.overtaken += 1,
            _ => next.done.resealed += 1,
        }
    }
    Ok(next)
}

fn rows_behind(
    connection: &mut Connection,
    of: &SealedColumn,
    behind: Option<&[String]>,
    batch: u32,
) -> Result<Vec<Row>, StoreError> {
    let part = |index: usize| of.key.get(index).map_or("''".to_owned(), |it| format!("CAST({it} AS TEXT)"));
    let (column, key) = (of.column, of.key.join(", "));
    let further = match behind {
        Some(_) => {
            let values: Vec<String> =
                (2..).zip(of.key).map(|(number, column)| bound(column, number)).collect();
            format!(" AND ({key}) > ({})", values.join(", "))
        }
        None => String::new(),
    };
    let query = format!(
        "SELECT {} AS first, {} AS second, {} AS third, {column} AS value FROM {} \
         WHERE {column} IS NOT NULL AND substr({column}, 2, 4) <> $1{further} ORDER BY {key} LIMIT {batch}",
        part(0),
        part(1),
        part(2),
        of.table,
    );
    let present = connection.key_id().to_vec();
    let rows = on!(connection, |link| {
        let mut query = sql_query(query).into_boxed().bind::<Binary, _>(present);
        for value in behind.unwrap_or_default() {
            query = query.bind::<Text, _>(value.as_str());
        }
        query.load(link)
    });
    Ok(rows?)
}

fn replace(
    connection: &mut Connection,
    of: &SealedColumn,
    key: &[&str],
    before: &[u8],
    after: &[u8],
) -> Result<usize, StoreError> {
    let row: Vec<String> =
        (3..).zip(of.key).map(|(number, column)| format!("{column} = {}", bound(column, number))).collect();
    let query = format!(
        "UPDATE {} SET {column} = $1 WHERE {column} = $2 AND {}",
        of.table,
        row.join(" AND "),
        column = of.column,
    );
    let written = on!(connection, |link| {
        let mut query = sql_query(query).into_boxed().bind::<Binary, _>(after).bind::<Binary, _>(before);
        for value in key {
            query = query.bind::<Text, _>(*value);
        }
        query.execute(link)
    });
    Ok(written?)
}

/// The place of a value in a statement, as of the column's type.
fn bound(column: &str, number: u32) -> String {
    match NUMBERS.contains(&column) {
        true => format!("CAST(${number} AS BIGINT)"),
        false => format!("${number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_keys_that_are_numbers_are_known() {
        let schema = include_str!("../schema.rs");
        for sealed in SEALED {
            let table = schema.split(&format!("    {} (", sealed.table)).nth(1).unwrap();
            let table = table.split("\n    }").next().unwrap();
            for column in sealed.key {
                let is_number = table.contains(&format!("  {column} -> BigInt,"));
                assert_eq!(is_number, NUMBERS.contains(column), "{}.{column}", sealed.table);
            }
        }
    }
}
