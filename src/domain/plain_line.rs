//! What a person gives as a reason or a name, for others to read in lists and logs.

use std::fmt;

/// Something, on one line, that is not endless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainLine(String);

impl PlainLine {
    /// As many characters it may have.
    pub const LONGEST: usize = 200;

    /// Takes a text without the blanks round it; None where nothing is left, it is too long, or it has control characters,
    /// with which a line can pretend to be several.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_plain = !text.is_empty() && !text.contains(char::is_control);
        (is_plain && text.chars().count() <= Self::LONGEST).then(|| Self(text.to_owned()))
    }

    pub fn into_text(self) -> String {
        self.0
    }
}

impl fmt::Display for PlainLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_line_is_something_on_one_line() {
        assert_eq!(PlainLine::new(" 王工 ").unwrap().to_string(), "王工");
        assert!(PlainLine::new(&"长".repeat(PlainLine::LONGEST)).is_some());
        for wrong in ["", "  ", "a\nb", "\u{1b}[31m", &"长".repeat(PlainLine::LONGEST + 1)] {
            assert_eq!(PlainLine::new(wrong), None, "{wrong:?}");
        }
    }
}
