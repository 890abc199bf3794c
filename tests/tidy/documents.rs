//! What is written for people, and migrations: complete, in both languages, and without dead links.

use std::collections::BTreeMap;

use crate::tree::{File, files_under, paths_under, relative, root};
use crate::{Finding, expect_none};

const README: &str = "README.md";
const README_CHINESE: &str = "README.zh-CN.md";
const ARCHITECTURE: &str = "src/ARCHITECTURE.md";

/// The shape of a page: its headings by level, and its blocks of code.
fn outline(markdown: &str) -> Vec<String> {
    let mut shape = Vec::new();
    let mut in_block = false;
    for line in markdown.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
            if in_block {
                shape.push("a block of code".to_owned());
            }
        } else if !in_block && line.starts_with('#') {
            let level = line.chars().take_while(|c| *c == '#').count();
            shape.push(format!("a heading of level {level}"));
        }
    }
    shape
}

/// Links to files of the repository that are not there.
fn dead_links(page: &File, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in page.text.lines().enumerate() {
        for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            let elsewhere = file.is_empty() || file.contains("://") || file.starts_with("crate");
            if !elsewhere && !exists(file) {
                findings.push(Finding::new(&page.path, index + 1, format!("no file `{file}`")));
            }
        }
    }
    findings
}

/// Folders of migrations that lack a direction, or have an empty one.
fn one_way_migrations(files: &[File]) -> Vec<Finding> {
    let mut folders: BTreeMap<&str, Vec<&File>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.path.ends_with(".sql")) {
        if let Some((folder, _)) = file.path.rsplit_once('/') {
            folders.entry(folder).or_default().push(file);
        }
    }
    let mut findings = Vec::new();
    for (folder, files) in folders {
        for direction in ["up.sql", "down.sql"] {
            let there =
                |file: &&&File| file.path.ends_with(&format!("/{direction}")) && !file.text.trim().is_empty();
            if !files.iter().any(|file| there(&file)) {
                findings.push(Finding::new(folder, 0, format!("has no {direction}, or an empty one")));
            }
        }
    }
    findings
}

fn page(path: &str) -> File {
    files_under(path).pop().unwrap_or_else(|| File::new(path, ""))
}

#[test]
fn both_readmes_have_the_same_shape() {
    let (english, chinese) = (outline(&page(README).text), outline(&page(README_CHINESE).text));
    assert!(!english.is_empty(), "{README} has no headings");
    assert_eq!(
        english, chinese,
        "{README} (left) and {README_CHINESE} (right) say the same in the same order"
    );
}

#[test]
fn pages_link_to_files_that_exist() {
    let pages = [README, README_CHINESE].map(page);
    let findings: Vec<Finding> =
        pages.iter().flat_map(|page| dead_links(page, |file| root().join(file).exists())).collect();
    expect_none("The link leads nowhere.", &findings);
}

#[test]
fn the_map_of_the_house_shows_every_room() {
    let map = page(ARCHITECTURE).text;
    let missing: Vec<Finding> = page("src/lib.rs")
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .filter(|room| !map.contains(&format!("[`{room}`](crate::{room})")))
        .map(|room| Finding::new(ARCHITECTURE, 0, format!("does not link to the room `{room}`")))
        .collect();
    expect_none("Say in the code map what the room is for: [`name`](crate::name).", &missing);
}

#[test]
fn the_map_of_the_house_is_short_enough_to_be_read() {
    let lines = page(ARCHITECTURE).text.lines().count();
    assert!((150..=250).contains(&lines), "{ARCHITECTURE} has {lines} lines; 150 to 250 are read to the end");
}

#[test]
fn every_migration_goes_both_ways() {
    expect_none(
        "Write the way back: an upgrade may have to be undone.",
        &one_way_migrations(&files_under("migrations")),
    );
}

#[test]
fn scripts_can_be_started() {
    use std::os::unix::fs::PermissionsExt;
    for script in ["tests/run", ".ci/run"] {
        for path in paths_under(&root().join(script)) {
            let mode = std::fs::metadata(&path).map_or(0, |metadata| metadata.permissions().mode());
            assert!(mode & 0o100 != 0, "{} is not executable", relative(&path));
        }
        assert!(root().join(script).is_file(), "no {script}");
    }
}

#[test]
fn a_page_or_migration_that_breaks_a_rule_is_found() {
    assert_ne!(outline("# A\n## B\n"), outline("# 甲\n"));
    assert_ne!(outline("# A\n```sh\n# not a heading\n```\n"), outline("# 甲\n"));
    assert_eq!(outline("# A\n```sh\n# x\n```\n"), outline("# 甲\n```sh\n```\n"));

    let page = File::new("README.md", "[a](LICENSE) [b](https://example.com)\n[c](gone.md#there)");
    assert_eq!(
        dead_links(&page, |file| file == "LICENSE"),
        [Finding::new("README.md", 2, "no file `gone.md`")]
    );

    let up = File::new("migrations/1_init/up.sql", "CREATE TABLE t (a INT);");
    let down = File::new("migrations/1_init/down.sql", "\n");
    assert_eq!(one_way_migrations(&[up, down]).len(), 1);
}
