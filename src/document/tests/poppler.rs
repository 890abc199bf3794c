//! Poppler's programs as readers of our PDF files: nothing of them shares code with the writers.

use std::collections::BTreeMap;
use std::process::Command;

use tempfile::TempDir;

pub(super) struct Poppler {
    pub(super) folder: TempDir,
}

impl Poppler {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("letter.pdf"), bytes).unwrap();
        Self { folder }
    }

    pub(super) fn print(&self, program: &str, arguments: &[&str]) -> String {
        String::from_utf8(self.run(program, arguments)).unwrap()
    }

    /// What a program of poppler's answers; a complaint about the file fails the test.
    pub(super) fn run(&self, program: &str, arguments: &[&str]) -> Vec<u8> {
        let output =
            Command::new(program).args(arguments).current_dir(self.folder.path()).output().unwrap_or_else(
                |error| panic!("`{program}` of poppler-utils is needed for this test: {error}"),
            );
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && complaints.is_empty(), "{program}: {complaints}");
        output.stdout
    }

    /// The text in the order of the file.
    pub(super) fn text(&self) -> String {
        self.print("pdftotext", &["-raw", "-enc", "UTF-8", "letter.pdf", "-"])
    }

    /// The text without any space.
    pub(super) fn compact_text(&self) -> String {
        self.text().chars().filter(|character| !character.is_whitespace()).collect()
    }

    /// Name and value of what a reader shows as the document's properties.
    pub(super) fn properties(&self) -> BTreeMap<String, String> {
        let printed = self.print("pdfinfo", &["-enc", "UTF-8", "-rawdates", "letter.pdf"]);
        let lines = printed.lines().filter_map(|line| line.split_once(':'));
        lines.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
    }

    pub(super) fn xmp(&self) -> String {
        self.print("pdfinfo", &["-meta", "letter.pdf"])
    }

    /// A row per font: name, type, encoding, embedded, subset, with a table of meanings, and its object.
    pub(super) fn fonts(&self) -> Vec<String> {
        rows(&self.print("pdffonts", &["letter.pdf"]))
    }
}

/// The rows of a table below its headings, each with one space between its columns.
pub(super) fn rows(table: &str) -> Vec<String> {
    table.lines().skip(2).map(|row| row.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}
