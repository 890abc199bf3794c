//! Files: what each must begin with, how long it may be, how it may be called.

use crate::tree::{File, NOT_OURS, TOP_LEVEL, files_under, top_level};
use crate::{Finding, expect_none};

const MOST_LINES: usize = 500;

/// Files that may be longer, and why.
const LONG_FOR_A_REASON: &[(&str, &str)] =
    &[("src/store/schema.rs", "the tables of the database, which a test compares with it")];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] =
    &["utils", "util", "common", "helpers", "helper", "manager", "misc", "core", "v2"];

fn rust_files() -> Vec<File> {
    ["src", "tests", "benches"].iter().flat_map(|place| files_under(place)).filter(File::is_rust).collect()
}

fn without_module_doc(files: &[File]) -> Vec<Finding> {
    let documented = |file: &&File| {
        let first = file.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        first.strip_prefix("//! ").is_some_and(|text| text.len() > 10)
            || first.starts_with("#![doc = include_str!")
    };
    files
        .iter()
        .filter(|file| !documented(file))
        .map(|file| Finding::new(&file.path, 1, "does not begin with `//!` and a sentence"))
        .collect()
}

fn too_long(files: &[File], reasons: &[(&str, &str)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        let lines = file.text.lines().count();
        let excused = reasons.iter().any(|(path, _)| *path == file.path);
        if lines > MOST_LINES && !excused {
            findings.push(Finding::new(&file.path, lines, format!("{lines} lines, {MOST_LINES} allowed")));
        }
        if lines <= MOST_LINES && excused {
            findings.push(Finding::new(&file.path, 0, "needs its entry in the list no more"));
        }
    }
    for (path, reason) in reasons {
        if reason.is_empty() || !files.iter().any(|file| file.path == *path) {
            findings.push(Finding::new(path, 0, "the list has no reason, or no such file"));
        }
    }
    findings
}

fn named_emptily(paths: &[String]) -> Vec<Finding> {
    let empty = |path: &&String| {
        path.split('/').any(|part| EMPTY_NAMES.contains(&part.split('.').next().unwrap_or_default()))
    };
    paths.iter().filter(empty).map(|path| Finding::new(path, 0, "its name says nothing")).collect()
}

#[test]
fn every_file_begins_by_saying_what_it_is() {
    expect_none("Begin the file with a `//!` sentence.", &without_module_doc(&rust_files()));
}

#[test]
fn no_file_is_longer_than_a_sitting() {
    expect_none(
        "Split the file by topic; a table may go into the list of tests/tidy/files.rs with its reason.",
        &too_long(&rust_files(), LONG_FOR_A_REASON),
    );
}

#[test]
fn every_module_is_named_for_what_it_holds() {
    let paths: Vec<String> = rust_files().into_iter().map(|file| file.path).collect();
    expect_none("Name the thing.", &named_emptily(&paths));
}

#[test]
fn the_top_of_the_repository_holds_what_belongs_there() {
    let strangers: Vec<Finding> = top_level()
        .iter()
        .filter(|name| !name.starts_with('.'))
        .filter(|name| !TOP_LEVEL.contains(&name.as_str()) && !NOT_OURS.contains(&name.as_str()))
        .map(|name| Finding::new(name, 0, "does not belong at the top"))
        .collect();
    expect_none("Files have a room; see the list in tests/tidy/tree.rs.", &strangers);
}

#[test]
fn a_file_that_breaks_a_rule_is_found() {
    let bare = File::new("src/a.rs", "use b;\n");
    let documented = File::new("src/b.rs", "//! Money as whole fen.\n");
    assert_eq!(without_module_doc(&[bare, documented]).len(), 1);

    let long = || File::new("src/table.rs", &"x\n".repeat(MOST_LINES + 1));
    assert_eq!(too_long(&[long()], &[]).len(), 1);
    assert_eq!(too_long(&[long()], &[("src/table.rs", "a table of codes")]), []);
    assert_eq!(too_long(&[long()], &[("src/table.rs", "")]).len(), 1, "a reason is asked for");
    let short = File::new("src/table.rs", "x\n");
    assert_eq!(
        too_long(&[short], &[("src/table.rs", "a table of codes")]).len(),
        1,
        "an entry outlives its file"
    );

    let paths = ["src/utils.rs", "src/a/common/b.rs", "src/store/mod.rs"].map(str::to_owned);
    assert_eq!(named_emptily(&paths).len(), 2);
}
