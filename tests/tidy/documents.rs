//! What is written for people, and migrations: complete, in both languages, and without dead links.

use std::collections::{BTreeMap, BTreeSet};

use baohan_gateway::dialect::Registry;

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

/// What an interface is known by: its dialect, clause, name and direction.
type Interface = [String; 4];

/// The interfaces of all built-in tables.
fn interfaces(registry: &Registry) -> Vec<Interface> {
    let all = registry.tables().flat_map(|table| table.interfaces.iter().map(move |it| (table, it)));
    all.map(|(table, it)| {
        let [dialect, clause, direction] =
            [table.id.as_str(), it.clause.as_str(), it.direction.name()].map(str::to_owned);
        [dialect, clause, format!("`{}`", it.name), direction]
    })
    .collect()
}

/// What is wrong with a matrix of interfaces and the tests that prove them: dialect, clause, interface, direction, what
/// it is for, and links to tests, each with a function's name as its text.
fn unproven(page: &File, interfaces: &[Interface], text: impl Fn(&str) -> String) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (mut missing, mut rows) = (interfaces.iter().collect::<BTreeSet<_>>(), Vec::new());
    for (index, line) in page.text.lines().enumerate() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [dialect, clause, name, direction, _, tests] = cells[..] else { continue };
        if matches!(direction, "in" | "out") {
            let interface = [dialect, clause, name, direction].map(str::to_owned);
            rows.push((index + 1, interface, tests));
        }
    }
    for (line, interface, tests) in rows {
        let mut wrong = |what: String| findings.push(Finding::new(&page.path, line, what));
        if !missing.remove(&interface) {
            wrong(format!("{} is no table's, or was there before", interface.join(" ")));
        }
        let links: Vec<_> = tests.split("](").zip(tests.split("](").skip(1)).collect();
        if links.is_empty() {
            wrong(format!("{} has no test", interface.join(" ")));
        }
        for (before, after) in links {
            let name = before.rsplit_once("[`").map_or("", |(_, name)| name.trim_end_matches('`'));
            let file = after.split(')').next().unwrap_or_default();
            if name.is_empty() || !text(file).contains(&format!("fn {name}(")) {
                wrong(format!("no test `{name}` in `{file}`"));
            }
        }
    }
    let missing =
        missing.into_iter().map(|it| Finding::new(&page.path, 0, format!("{} is missing", it.join(" "))));
    findings.extend(missing);
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
fn every_interface_stands_in_the_matrix_with_a_test_that_exists() {
    let interfaces = interfaces(&Registry::built_in().unwrap());
    assert_eq!(interfaces.len(), 55);
    let findings = unproven(&page(README), &interfaces, |file| page(file).text);
    expect_none("Each interface of each table has one row, and each test that is named is there.", &findings);
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
    // Tables are looked up.
    let lines = page(ARCHITECTURE).text.lines().filter(|line| !line.starts_with('|')).count();
    assert!((150..=320).contains(&lines), "{ARCHITECTURE} has {lines} lines; 150 to 320 are read to the end");
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
    for script in ["tests/run", ".ci/run", "deploy/sbom"] {
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

    let known = [["d", "1", "`a`", "in"], ["d", "2", "`b`", "out"]].map(|it| it.map(str::to_owned));
    let found = |rows: &str| {
        let findings = unproven(&File::new("README.md", rows), &known, |_| "async fn proves_it(".to_owned());
        findings.into_iter().map(|it| it.what).collect::<Vec<_>>()
    };
    let sound =
        "| d | 1 | `a` | in | x | [`proves_it`](t.rs) |\n| d | 2 | `b` | out | x | [`proves_it`](t.rs) |\n";
    assert!(found(sound).is_empty());
    assert_eq!(
        found(&sound.replace("| 1 |", "| 3 |")),
        ["d 3 `a` in is no table's, or was there before", "d 1 `a` in is missing"]
    );
    assert_eq!(found(&sound.repeat(2)).len(), 2);
    assert_eq!(found(&sound.replacen("proves", "names", 1)), ["no test `names_it` in `t.rs`"]);
    assert_eq!(found(&sound.replacen("[`proves_it`](t.rs)", "later", 1)), ["d 1 `a` in has no test"]);

    let up = File::new("migrations/1_init/up.sql", "CREATE TABLE t (a INT);");
    let down = File::new("migrations/1_init/down.sql", "\n");
    assert_eq!(one_way_migrations(&[up, down]).len(), 1);
}
