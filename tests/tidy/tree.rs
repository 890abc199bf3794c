//! The files of the repository, as the rules see them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::rust_text;

/// What the repository holds at its top, besides hidden files.
pub(crate) const TOP_LEVEL: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "deny.toml",
    "diesel.toml",
    "rustfmt.toml",
    "README.md",
    "README.zh-CN.md",
    "LICENSE",
    "SECURITY.md",
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
    /// Compiled for tests only.
    only_tests: bool,
}

impl File {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), only_tests: path.starts_with("tests/") }
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// A file that holds tests, or what only tests use.
    pub(crate) fn is_test(&self) -> bool {
        self.only_tests
    }

    /// The modules that this file declares under `#[cfg(test)]`, as paths without `.rs`.
    fn test_modules(&self) -> Vec<String> {
        let folder = ["/mod.rs", "/lib.rs", "/main.rs", ".rs"]
            .iter()
            .find_map(|end| self.path.strip_suffix(end))
            .unwrap_or(&self.path);
        self.text
            .split("#[cfg(test)]")
            .skip(1)
            .filter_map(|after| after.split_once(';').map(|(declaration, _)| declaration))
            .filter_map(|declaration| declaration.rsplit_once("mod ").map(|(_, name)| name))
            .filter(|name| name.chars().all(rust_text::is_word))
            .map(|name| format!("{folder}/{name}"))
            .collect()
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
            files.push(File::new(&relative(&path), &text));
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    mark_tests(&mut files);
    files
}

/// Marks the files of modules that are declared under `#[cfg(test)]`, and of modules inside those.
fn mark_tests(files: &mut [File]) {
    let modules: Vec<String> =
        files.iter().filter(|file| file.is_rust()).flat_map(File::test_modules).collect();
    for file in files {
        file.only_tests |= modules.iter().any(|module| {
            file.path.strip_prefix(module.as_str()).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        });
    }
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

#[test]
fn modules_declared_for_tests_are_marked_with_all_inside() {
    let mut files = [
        File::new("src/seal/mod.rs", "mod ses;\n#[cfg(test)]\npub(crate) mod testing;\nmod verify;"),
        File::new("src/seal/ses.rs", "fn f() {}\n#[cfg(test)]\nmod tests { use super::*; }"),
        File::new("src/seal/testing.rs", ""),
        File::new("src/seal/testing/keys.rs", ""),
        File::new("src/seal/verify.rs", "#[cfg(test)]\nmod tests;"),
        File::new("src/seal/verify/tests.rs", ""),
        File::new("tests/gateway/main.rs", ""),
    ];
    mark_tests(&mut files);
    let marked: Vec<&str> =
        files.iter().filter(|file| file.is_test()).map(|file| file.path.as_str()).collect();
    assert_eq!(
        marked,
        [
            "src/seal/testing.rs",
            "src/seal/testing/keys.rs",
            "src/seal/verify/tests.rs",
            "tests/gateway/main.rs"
        ]
    );
}
