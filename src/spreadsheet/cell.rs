//! What stands in a cell, and at the head of a column.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::clock;
use crate::domain::money::Fen;

/// A column: its heading, and its width in characters (a Chinese one counts for two).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column<'a> {
    pub heading: &'a str,
    pub width: u16,
}

impl<'a> Column<'a> {
    pub const fn new(heading: &'a str, width: u16) -> Self {
        Self { heading, width }
    }
}

/// What stands in one cell. A file never computes anything of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Text(String),
    /// A number that counts nothing, such as that of a guarantee: it keeps its digits, all of them.
    Identifier(String),
    /// A number that counts something.
    Count(i64),
    /// Yuan with two places.
    Amount(Fen),
    /// Yuan beyond the largest amount, as sums may be.
    Sum(Decimal),
    /// Shown as the time in China, to the second.
    Time(Timestamp),
    Date(Date),
    Empty,
}

impl Cell {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub fn identifier(text: impl Into<String>) -> Self {
        Self::Identifier(text.into())
    }

    /// The number, or the greatest that there is.
    pub fn count(number: impl TryInto<i64>) -> Self {
        Self::Count(number.try_into().unwrap_or(i64::MAX))
    }

    /// The cell as somebody reads it, without what a kind of file adds.
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) | Self::Identifier(text) => text.clone(),
            Self::Count(number) => number.to_string(),
            Self::Amount(amount) => amount.to_string(),
            Self::Sum(sum) => format!("{sum:.2}"),
            Self::Time(at) => clock::to_wire(*at),
            Self::Date(date) => date.to_string(),
            Self::Empty => String::new(),
        }
    }
}

/// What is there is a cell of its kind, what is missing an empty one.
impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

impl From<Fen> for Cell {
    fn from(amount: Fen) -> Self {
        Self::Amount(amount)
    }
}

impl From<Timestamp> for Cell {
    fn from(at: Timestamp) -> Self {
        Self::Time(at)
    }
}

impl From<Date> for Cell {
    fn from(date: Date) -> Self {
        Self::Date(date)
    }
}
