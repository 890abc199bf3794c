//! A figure that holds, and where it comes from.

use std::fmt;

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

/// What a key is set to in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure<T> {
    pub value: T,
    pub source: Source,
}

impl<T: Clone> Figure<T> {
    pub(super) fn new(value: T, source: Source) -> Self {
        Self { value, source }
    }

    pub(super) fn overlay(&mut self, value: Option<&T>, source: &Source) {
        if let Some(value) = value {
            *self = Self::new(value.clone(), source.clone());
        }
    }
}

/// Which part of the settings gave a figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Source {
    /// Nobody set it.
    Default,
    /// `[platforms.ID.underwriting]`
    Platform,
    /// An entry of `[[rules]]`.
    Entry {
        name: String,
        /// The first day on which it holds.
        #[schema(value_type = Option<String>, format = Date)]
        from: Option<Date>,
        /// The last one.
        #[schema(value_type = Option<String>, format = Date)]
        until: Option<Date>,
    },
}

/// In Chinese, as people read it.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("默认值"),
            Self::Platform => f.write_str("平台设置"),
            Self::Entry { name, from, until } => match (from, until) {
                (None, None) => write!(f, "规则 {name}"),
                (Some(from), None) => write!(f, "规则 {name}（{from} 起）"),
                (None, Some(until)) => write!(f, "规则 {name}（至 {until}）"),
                (Some(from), Some(until)) => write!(f, "规则 {name}（{from} 至 {until}）"),
            },
        }
    }
}

/// One figure to be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Line {
    /// Its key in the settings.
    pub key: &'static str,
    /// What people call it, in Chinese.
    pub title: &'static str,
    /// The value with its unit, in Chinese where it is not a figure.
    pub value: String,
    pub source: Source,
}
