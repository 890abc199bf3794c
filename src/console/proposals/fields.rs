//! The fields of a form, as a browser sent them.

use actix_web::web::{Bytes, Query};
use jiff::Timestamp;

use crate::clock;
use crate::console::Failure;
use crate::secret::Secret;

/// Names with values, in the order of the form; a name may come several times.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// # Errors
    /// When it is no form.
    pub(super) fn read(body: &Bytes) -> Result<Self, Failure> {
        let text = std::str::from_utf8(body).map_err(|_| Failure::NotUnderstood)?;
        Self::read_text(text)
    }

    /// # Errors
    /// As [`Self::read`].
    pub(super) fn read_text(text: &str) -> Result<Self, Failure> {
        let fields = Query::<Vec<(String, String)>>::from_query(text).map_err(|_| Failure::NotUnderstood)?;
        Ok(Self(fields.into_inner()))
    }

    /// Without white space around it; empty where there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim()).unwrap_or_default()
    }

    /// None where it is empty.
    pub(super) fn given(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    pub(super) fn secret(&self, name: &str) -> Secret {
        Secret::new(self.text(name))
    }

    pub(super) fn all(&self, name: &str) -> Vec<String> {
        let values = self.0.iter().filter(|(known, value)| known == name && !value.trim().is_empty());
        values.map(|(_, value)| value.trim().to_owned()).collect()
    }

    /// A moment in China, as a browser's field for one has it: `2026-11-22T09:30` or with seconds. The outer None is
    /// something that is no moment.
    pub(super) fn moment(&self, name: &str) -> Option<Option<Timestamp>> {
        let text = self.text(name).replace('T', " ");
        if text.is_empty() {
            return Some(None);
        }
        let text = if text.matches(':').count() == 1 { format!("{text}:00") } else { text };
        clock::from_wire(&text).ok().map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_browsers_and_as_people_write_it() {
        let moment = |text: &str| Fields(vec![("at".to_owned(), text.to_owned())]).moment("at");
        let half_past: Timestamp = "2026-11-22T01:30:00Z".parse().unwrap();
        for text in ["2026-11-22T09:30", "2026-11-22T09:30:00", " 2026-11-22 09:30:00 "] {
            assert_eq!(moment(text), Some(Some(half_past)), "{text}");
        }
        assert_eq!(moment(""), Some(None));
        assert_eq!(moment("gestern"), None);
    }
}
