//! What pages for auditors claim: each test, file and page that they name is there, and each row of a table of threats or
//! requirements has its proof or says that there is none.

use std::path::{Component, Path, PathBuf};

use crate::tree::{File, files_under, root};
use crate::{Finding, expect_none};

const THREATS: &str = "deploy/THREATS.md";
const COMPLIANCE: &str = "deploy/COMPLIANCE.md";

/// What a requirement may be.
const STATES: &[&str] = &["met", "partly", "deployer", "gap", "not applicable"];

/// A link of a page: its line, its text and the file that it leads to, from the root.
struct Link<'a> {
    line: usize,
    text: &'a str,
    file: String,
}

/// Takes `..` and `.` out of a path.
fn plain(path: &Path) -> String {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            Component::CurDir => {}
            other => parts.push(other),
        }
    }
    parts.to_string_lossy().into_owned()
}

/// The links to files of the repository.
fn links(page: &File) -> Vec<Link<'_>> {
    let folder = Path::new(&page.path).parent().unwrap_or(Path::new(""));
    let mut links = Vec::new();
    for (index, line) in page.text.lines().enumerate() {
        for (before, after) in line.split("](").zip(line.split("](").skip(1)) {
            let file = after.split([')', '#']).next().unwrap_or_default();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            let text = before.rsplit_once('[').map_or("", |(_, text)| text);
            links.push(Link { line: index + 1, text, file: plain(&folder.join(file)) });
        }
    }
    links
}

/// The name of a test, where a link names one: `` [`name`](file.rs) ``.
fn test_name<'a>(link: &Link<'a>) -> Option<&'a str> {
    let name = link.text.strip_prefix('`')?.strip_suffix('`')?;
    let is_name = name.contains('_') && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (link.file.ends_with(".rs") && is_name).then_some(name)
}

fn dead_ends(page: &File, text_of: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for link in links(page) {
        match (text_of(&link.file), test_name(&link)) {
            (None, _) => {
                findings.push(Finding::new(&page.path, link.line, format!("no file `{}`", link.file)))
            }
            (Some(text), Some(name)) if !text.contains(&format!("fn {name}(")) => {
                findings.push(Finding::new(&page.path, link.line, format!("no `{name}` in `{}`", link.file)));
            }
            _ => {}
        }
    }
    findings
}

fn cells(row: &str) -> Vec<&str> {
    row.trim_matches('|').split(" | ").map(str::trim).collect()
}

/// A row of a table.
struct Row<'a> {
    line: usize,
    text: &'a str,
    heading: Vec<&'a str>,
    cells: Vec<&'a str>,
}

fn rows(page: &File) -> Vec<Row<'_>> {
    let (mut heading, mut rows) = (None, Vec::new());
    for (index, text) in page.text.lines().enumerate() {
        match &heading {
            _ if !text.starts_with('|') => heading = None,
            None => heading = Some(cells(text)),
            Some(_) if text.starts_with("|--") => {}
            Some(heading) => {
                rows.push(Row { line: index + 1, text, heading: heading.clone(), cells: cells(text) });
            }
        }
    }
    rows
}

/// The lines that name a test.
fn lines_with_tests(page: &File) -> Vec<usize> {
    links(page).iter().filter(|link| test_name(link).is_some()).map(|link| link.line).collect()
}

/// Threats that name neither a test nor a residual risk: rows of tables that say what is shown and what is left.
fn unanswered(page: &File) -> Vec<Finding> {
    let shown = lines_with_tests(page);
    let of_threats = |row: &Row<'_>| row.heading.contains(&"threat");
    let bare = |row: &Row<'_>| !shown.contains(&row.line) && !row.text.contains("**Residual**");
    let found = rows(page).into_iter().filter(|row| of_threats(row) && bare(row));
    found.map(|row| Finding::new(&page.path, row.line, "names neither a test nor a residual risk")).collect()
}

/// Requirements whose state is unknown, or `met` without anything that shows it.
fn unproven(page: &File) -> Vec<Finding> {
    let (shown, mut findings) = (lines_with_tests(page), Vec::new());
    for row in rows(page) {
        let Some(column) = row.heading.iter().position(|name| *name == "state") else { continue };
        let state = row.cells.get(column).copied().unwrap_or_default();
        // The page explains its states in a table of their own.
        if column > 0 && !STATES.contains(&state) {
            findings.push(Finding::new(&page.path, row.line, format!("`{state}` is no state")));
        }
        if state == "met" && column > 0 && !shown.contains(&row.line) {
            findings.push(Finding::new(&page.path, row.line, "is met, and no test shows it"));
        }
    }
    findings
}

fn pages() -> Vec<File> {
    ["deploy", "SECURITY.md"]
        .iter()
        .flat_map(|place| files_under(place))
        .filter(|file| file.path.ends_with(".md"))
        .collect()
}

fn page(path: &str) -> File {
    files_under(path).pop().unwrap_or_else(|| File::new(path, ""))
}

#[test]
fn every_test_and_file_that_a_page_names_is_there() {
    let text_of = |path: &str| {
        let path = root().join(path);
        path.exists().then(|| std::fs::read_to_string(path).unwrap_or_default())
    };
    let findings: Vec<Finding> = pages().iter().flat_map(|page| dead_ends(page, text_of)).collect();
    expect_none("Whoever follows the link wants to see the proof.", &findings);
}

#[test]
fn every_threat_has_a_test_or_says_what_is_left() {
    let page = page(THREATS);
    assert!(rows(&page).len() >= 40, "{THREATS} has {} rows", rows(&page).len());
    expect_none("Name the test that shows the defence, or the residual risk.", &unanswered(&page));
}

#[test]
fn every_requirement_has_a_state_and_what_is_met_a_test() {
    let page = page(COMPLIANCE);
    assert!(rows(&page).len() >= 60, "{COMPLIANCE} has {} rows", rows(&page).len());
    expect_none("An auditor believes what can be run.", &unproven(&page));
}

#[test]
fn a_claim_without_proof_is_found() {
    let text_of = |path: &str| match path {
        "tests/a.rs" => Some("fn it_is_so() {}".to_owned()),
        "deploy/KEYS.md" => Some(String::new()),
        _ => None,
    };
    let found = |text: &str| dead_ends(&File::new("deploy/X.md", text), text_of).len();
    assert_eq!(found("[`it_is_so`](../tests/a.rs), [keys](KEYS.md#how), [else](https://example.com)"), 0);
    assert_eq!(found("[`it_was_so`](../tests/a.rs)\n[keys](GONE.md)"), 2);

    let threats =
        |row: &str| unanswered(&File::new(THREATS, &format!("| id | threat |\n|---|---|\n{row}\n"))).len();
    assert_eq!(threats("| E1 | a stranger | [`it_is_so`](../tests/a.rs) |"), 0);
    assert_eq!(threats("| E1 | a stranger | **Residual**: all |"), 0);
    assert_eq!(threats("| E1 | a stranger | a wall |"), 1);

    let items = |row: &str| {
        unproven(&File::new(
            COMPLIANCE,
            &format!("| id | item | state | where |\n|---|---|---|---|\n{row}\n"),
        ))
        .len()
    };
    assert_eq!(items("| 1.1 | no ECB | met | [`it_is_so`](../tests/a.rs) |"), 0);
    assert_eq!(items("| 1.1 | no ECB | gap | the platforms |"), 0);
    assert_eq!(items("| 1.1 | no ECB | met | see code |"), 1);
    assert_eq!(items("| 1.1 | no ECB | fine | see code |"), 1);
}
