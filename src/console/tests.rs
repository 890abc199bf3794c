//! Templates and texts as a whole: what is used is there, in both languages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::texts::{FILES, Text};

fn files(folder: &Path, end: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts.extend(files(&path, end));
        } else if path.to_string_lossy().ends_with(end) {
            texts.push(std::fs::read_to_string(path).unwrap());
        }
    }
    texts
}

fn known() -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for file in FILES {
        let parts: BTreeMap<String, BTreeMap<String, Text>> = toml::from_str(file).unwrap();
        for (part, texts) in parts {
            for (key, Text { zh, en }) in texts {
                assert!(!zh.trim().is_empty() && !en.trim().is_empty(), "{part}.{key} lacks a language");
                assert!(known.insert(format!("{part}.{key}")), "{part}.{key} stands twice");
            }
        }
    }
    known
}

/// Keys of texts as templates and code name them: `"part.key"`, where `part` is one that texts have.
fn used(known: &BTreeSet<String>) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let parts: BTreeSet<&str> = known.iter().filter_map(|key| key.split('.').next()).collect();
    let mut sources = files(&root.join("templates/console"), ".html");
    sources.extend(files(&root.join("src/console"), ".rs"));
    let mut used = BTreeSet::new();
    for source in &sources {
        for quoted in source.split('"') {
            let key = quoted.split_once('.').is_some_and(|(part, key)| {
                parts.contains(part)
                    && !key.is_empty()
                    && key
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
            });
            if key && ![".html", ".rs", ".css", ".js"].iter().any(|end| quoted.ends_with(end)) {
                used.insert(quoted.to_owned());
            }
        }
    }
    used
}

#[test]
fn every_text_that_is_used_stands_in_both_languages_and_every_text_is_used() {
    let known = known();
    let used = used(&known);
    let missing: Vec<_> = used.difference(&known).collect();
    let idle: Vec<_> = known.difference(&used).collect();
    assert!(missing.is_empty(), "used but not there: {missing:?}");
    assert!(idle.is_empty(), "there but not used: {idle:?}");
}

#[test]
fn no_page_has_a_script_or_style_of_its_own() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/console");
    for page in files(&root, ".html") {
        let lower = page.to_ascii_lowercase();
        for forbidden in
            ["<style", " style=", "javascript:", "hx-on", " onclick=", " onsubmit=", " onchange="]
        {
            assert!(!lower.contains(forbidden), "{forbidden} in\n{page}");
        }
        for script in lower.split("<script").skip(1) {
            assert!(script.starts_with(" src="), "a script stands in\n{page}");
        }
    }
}
