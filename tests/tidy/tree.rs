//! The files of the repository, as the rules see them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::rust_text;

/// What the repository holds at its top, besides hidden files.
pub(crate) const TOP_LEVEL: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "diesel.toml",
    "rustfmt.toml",
    "README.md",
    "README.zh-CN.md",
    "LICENSE",
    "src",
    "templates",
    "migrations",
    "tests",
    "benches",
    "deploy",
];

/// The hidden files and folders that are the project's; others belong to whoever works on it.
const HIDDEN: &[&str] = &[
    ".cargo",
    ".ci",
    ".clippy.toml",
    ".config",
    ".dockerignore",
    ".editorconfig",
    ".gitattributes",
    ".github",
    ".gitignore",
];

/// Ignored by version control.
pub(crate) const NOT_OURS: &[&str] = &["target", "data"];

/// A file of text.
pub(crate) struct File {
    /// From the repository's root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// A file that holds tests and nothing else.
    pub(crate) fn is_test(&self) -> bool {
        self.path.starts_with("tests/") || self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }

    /// The file as a program: Rust without comments and unit tests; other languages without lines of comment.
    pub(crate) fn code(&self) -> String {
        if self.is_rust() {
            return rust_text::without_tests(&rust_text::Parts::of(&self.text).code);
        }
        let comment = if self.path.ends_with(".sql") { "--" } else { "#" };
        let kept = |line: &'_ str| {
            if line.trim_start().starts_with(comment) { String::new() } else { line.to_owned() }
        };
        self.text.lines().map(kept).collect::<Vec<_>>().join("\n")
    }

    /// A Rust file without comments, unit tests and the content of string literals.
    pub(crate) fn bare_code(&self) -> String {
        rust_text::without_tests(&rust_text::Parts::of(&self.text).bare)
    }
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files of text under a folder of the repository (or that one file), in order of their paths.
pub(crate) fn files_under(place: &str) -> Vec<File> {
    let mut files = Vec::new();
    for path in paths_under(&root().join(place)) {
        if let Ok(text) = fs::read_to_string(&path) {
            files.push(File { path: relative(&path), text });
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

/// All files of text of the repository, the hidden ones included.
pub(crate) fn all_files() -> Vec<File> {
    let ours = |name: &&String| {
        if name.starts_with('.') {
            HIDDEN.contains(&name.as_str())
        } else {
            !NOT_OURS.contains(&name.as_str())
        }
    };
    top_level().iter().filter(ours).flat_map(|name| files_under(name)).collect()
}

/// The names at the top of the repository.
pub(crate) fn top_level() -> Vec<String> {
    let mut names: Vec<String> = children(&root())
        .iter()
        .filter_map(|path| path.file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// All files under a path, whatever they hold.
pub(crate) fn paths_under(path: &Path) -> Vec<PathBuf> {
    if path.is_dir() {
        children(path).iter().flat_map(|child| paths_under(child)).collect()
    } else if path.is_file() {
        vec![path.to_owned()]
    } else {
        Vec::new()
    }
}

fn children(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

pub(crate) fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// The line, counted from 1, at a byte of a text.
pub(crate) fn line_at(text: &str, byte: usize) -> usize {
    text.get(..byte).unwrap_or(text).matches('\n').count() + 1
}
