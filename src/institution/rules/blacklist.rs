//! Applicants that are not underwritten, by unified social credit code (统一社会信用代码).

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

/// GB 32100 has 18 characters; registration numbers from before have 15 at the least, organisation codes 9.
const LENGTHS: std::ops::RangeInclusive<usize> = 9..=18;

/// Codes in capitals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Codes(pub BTreeSet<String>);

impl Codes {
    pub fn has(&self, code: &str) -> bool {
        self.0.contains(&normal(code))
    }

    /// Reads a file of one code per line; `#` begins a comment.
    ///
    /// # Errors
    /// When it can't be read, or a line is no code.
    pub fn from_file(file: &Path) -> Result<Self, CodesError> {
        let text =
            std::fs::read_to_string(file).map_err(|error| CodesError::Unreadable(error.to_string()))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let mut codes = BTreeSet::new();
        for (index, line) in text.lines().enumerate() {
            let code = line.split('#').next().unwrap_or_default().trim();
            if !code.is_empty() {
                let read = read(code);
                codes.insert(read.map_err(|found| CodesError::Line { line: index + 1, found })?);
            }
        }
        Ok(Self(codes))
    }
}

/// Why a list can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CodesError {
    #[error("it can't be read: {0}")]
    Unreadable(String),
    #[error("line {line}: expected a unified social credit code, found `{found}`")]
    Line { line: usize, found: String },
}

fn normal(code: &str) -> String {
    code.trim().to_ascii_uppercase()
}

/// A mistyped line would let an applicant through unseen.
fn read(text: &str) -> Result<String, String> {
    let code = normal(text);
    let plain = code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if plain && LENGTHS.contains(&code.len()) { Ok(code) } else { Err(text.to_owned()) }
}

impl<'de> Deserialize<'de> for Codes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let codes = Vec::<String>::deserialize(deserializer)?;
        let complaint = |found| {
            D::Error::custom(format!("expected unified social credit codes, found `{found}` among them"))
        };
        codes.iter().map(|code| read(code)).collect::<Result<_, _>>().map(Self).map_err(complaint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Codes, CodesError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("blacklist.txt");
        std::fs::write(&file, text).unwrap();
        Codes::from_file(&file)
    }

    #[test]
    fn a_file_has_a_code_per_line_with_comments_between() {
        let text = "\u{feff}# 2026年\r\n91350100MA0EXAMP1B # 围标\r\n\r\n  91460000ma0examp7x\r\n";
        let codes = read(text).unwrap();
        assert_eq!(codes.0.len(), 2);
        assert!(codes.has("91350100ma0examp1b") && codes.has("91460000MA0EXAMP7X"));
        assert!(!codes.has("91350100MA0EXAMP1C"));
    }

    #[test]
    fn a_line_that_is_no_code_is_refused_by_its_number() {
        for (line, found) in [("某公司", "某公司"), ("9135", "9135"), ("91350100MA0EXAMP1B0", "EXAMP1B0")]
        {
            let error = read(&format!("91350100MA0EXAMP1B\n{line}\n")).unwrap_err().to_string();
            assert!(error.contains("line 2") && error.contains(found), "{error}");
        }
        assert!(
            Codes::from_file(Path::new("/nowhere/list")).unwrap_err().to_string().contains("can't be read")
        );
    }
}
