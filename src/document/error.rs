//! Why a letter could not be made.

/// Refusals that the caller tells apart: the operator can cure a missing character with a font, a bad
/// template with an edit; the rest are defects.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// No loaded font draws these characters. The letter is not issued with holes in it.
    #[error("no font draws {}: add a font that has it to the fonts folder", characters.iter().map(|c| name_of(*c)).collect::<Vec<_>>().join(", "))]
    MissingGlyph { characters: Vec<char> },
    /// `line` counts from 1; `None` where Typst names no place.
    #[error("template `{file}`{}: {message}", line.map(|line| format!(" line {line}")).unwrap_or_default())]
    Template { file: String, line: Option<usize>, message: String },
    /// The template draws something that readers of OFD do not agree on.
    #[error("the template draws {0}, which OFD readers do not draw alike")]
    Unsupported(&'static str),
    /// Data that no letter of the form has, or letters that make no document together.
    #[error("letters: {0}")]
    Letters(&'static str),
    #[error("the data of the letter take {found} bytes, expected at most {limit}")]
    TooLarge { found: usize, limit: usize },
    #[error("font `{family}`: {message}")]
    Font { family: String, message: String },
    #[error("picture: {0}")]
    Picture(String),
    #[error("document metadata: {0}")]
    Metadata(String),
    /// What a writer of PDF said. Typst's also refuses what PDF/A forbids.
    #[error("writing PDF: {0}")]
    Pdf(String),
}

fn name_of(character: char) -> String {
    format!("`{character}` (U+{:04X})", u32::from(character))
}
