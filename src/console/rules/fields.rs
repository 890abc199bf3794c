//! The fields of a form.

use actix_web::web::{Bytes, Query};
use jiff::{SignedDuration, Timestamp};

use crate::clock;
use crate::console::Failure;

/// What a form sent, by name.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// # Errors
    /// When the body is not a form's.
    pub(super) fn read(body: &Bytes) -> Result<Self, Failure> {
        let text = std::str::from_utf8(body).map_err(|_| Failure::NotUnderstood)?;
        let fields = Query::<Vec<(String, String)>>::from_query(text).map_err(|_| Failure::NotUnderstood)?;
        Ok(Self(fields.into_inner()))
    }

    /// The field as it was written in one line; empty where it is missing.
    pub(super) fn line(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.trim()).unwrap_or_default()
    }

    /// The field with the ends of lines that files have; browsers send others.
    pub(super) fn text(&self, name: &str) -> String {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.replace("\r\n", "\n")).unwrap_or_default()
    }

    /// A field that may be left empty.
    ///
    /// # Errors
    /// When something else stands in it.
    pub(super) fn optional<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Failure> {
        match self.line(name) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| Failure::NotUnderstood),
        }
    }

    /// A moment in China, as a browser's field for one has it: `2026-11-22T09:30`, or with seconds.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn moment(&self, name: &str) -> Result<Option<Timestamp>, Failure> {
        let text = self.line(name).replace('T', " ");
        if text.is_empty() {
            return Ok(None);
        }
        let text = if text.matches(':').count() == 1 { format!("{text}:00") } else { text };
        clock::from_wire(&text).map(Some).map_err(|_| Failure::NotUnderstood)
    }

    /// Whether the form asks to propose what it says, and not only to try it.
    pub(super) fn proposes(&self) -> bool {
        self.line("step") == "propose"
    }
}

/// A day from now, as a browser's field for a moment has it.
pub(super) fn in_a_day(now: Timestamp) -> String {
    let then = now.saturating_add(SignedDuration::from_hours(24)).unwrap_or(now);
    clock::to_wire(then).replace(' ', "T").chars().take("2026-11-22T09:30".len()).collect()
}
