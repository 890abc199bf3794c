//! What the program is made of: the bill of materials is whole, what is bundled is on record, and what is excused in
//! deny.toml has a day and a reason. cargo-deny itself is run by `tests/run`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic, and helpers of an integration test are not seen as tests by clippy"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use toml::Table;

use crate::tree::{paths_under, relative, root};
use crate::{Finding, expect_none};

const POLICY: &str = "deny.toml";
const BUNDLED: &str = "deploy/bundled.json";

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The packages of Cargo.lock as `name@version`, with their checksums.
fn locked() -> BTreeMap<String, String> {
    let lock: Table = text("Cargo.lock").parse().unwrap();
    let packages = lock["package"].as_array().unwrap();
    let known = packages.iter().map(|package| {
        let value = |key: &str| package.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        (format!("{}@{}", value("name"), value("version")), value("checksum"))
    });
    known.collect()
}

/// What the program says, where it succeeds.
fn said(command: &mut Command) -> String {
    let output = command.current_dir(root()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn bill(features: &str, folder: &Path) -> String {
    let file = folder.join("bill.json");
    said(Command::new("python3").arg("deploy/sbom").args(["--features", features, "--out"]).arg(&file));
    std::fs::read_to_string(file).unwrap()
}

/// The packages of a build as cargo names them: `name vVERSION`.
fn built(features: &str) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let asked = ["tree", "--locked", "--prefix", "none", "--edges", "normal,build", "--format", "{p}"];
    let of = ["--features", features, "--target", "x86_64-unknown-linux-gnu"];
    let listed = said(Command::new(cargo).args(asked).args(of));
    let packages = listed.lines().filter_map(|line| line.split_once(' ')).map(|(name, rest)| {
        let version = rest.split(' ').next().unwrap_or_default().trim_start_matches('v');
        format!("{name}@{version}")
    });
    packages.filter(|package| !package.starts_with("baohan-gateway@")).collect()
}

/// What is wrong with the components of a bill of materials.
fn wrong_components(
    bill: &Value,
    built: &BTreeSet<String>,
    locked: &BTreeMap<String, String>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut missing: BTreeSet<&str> = built.iter().map(String::as_str).collect();
    let known: BTreeSet<&str> =
        bill["dependencies"].as_array().unwrap().iter().filter_map(|it| it["ref"].as_str()).collect();
    for component in bill["components"].as_array().unwrap() {
        let name = component["name"].as_str().unwrap_or_default();
        let mut wrong =
            |what: &str| findings.push(Finding::new("the bill of materials", 0, format!("{name}: {what}")));
        if component["licenses"].as_array().is_none_or(Vec::is_empty) {
            wrong("has no licence");
        }
        let Some(package) = component["purl"].as_str().and_then(|purl| purl.strip_prefix("pkg:cargo/"))
        else {
            continue;
        };
        if !missing.remove(package) {
            wrong("is not built, or stands there twice");
        }
        let checksum = component["hashes"][0]["content"].as_str().unwrap_or_default();
        if locked.get(package).is_none_or(|expected| expected.as_str() != checksum) {
            wrong("has another checksum than Cargo.lock");
        }
        if !known.contains(component["bom-ref"].as_str().unwrap_or_default()) {
            wrong("has no row among the dependencies");
        }
    }
    findings.extend(
        missing.into_iter().map(|it| Finding::new("the bill of materials", 0, format!("{it} is missing"))),
    );
    findings
}

/// What is bundled and not on record, on record and not there, or of a package that is not the locked one.
fn wrong_bundle(record: &Value, files: &[String], locked: &BTreeMap<String, String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut missing: BTreeSet<&str> = files.iter().map(String::as_str).collect();
    for entry in record.as_array().unwrap() {
        for file in entry["files"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !missing.remove(file) {
                findings.push(Finding::new(BUNDLED, 0, format!("`{file}` is not there, or named twice")));
            }
        }
        if let Some(package) =
            entry["within"].as_str().filter(|it| !locked.contains_key(&it.replace(' ', "@")))
        {
            let what = format!("{}: look up its version, `{package}` is not locked any more", entry["name"]);
            findings.push(Finding::new(BUNDLED, 0, what));
        }
    }
    findings
        .extend(missing.into_iter().map(|it| Finding::new(it, 0, "is not on record in deploy/bundled.json")));
    findings
}

/// Entries of deny.toml that excuse something without saying since when or why.
fn unreasoned(policy: &Table) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut look = |table: &str, list: &str, dated: bool| {
        for entry in policy[table][list].as_array().unwrap() {
            let reason = entry.get("reason").and_then(toml::Value::as_str).unwrap_or_default();
            let day = reason.split(':').next().unwrap_or_default();
            let is_day = day.len() == 10 && day.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
            if reason.len() < 3 || (dated && !is_day) {
                findings.push(Finding::new(
                    POLICY,
                    0,
                    format!("{table}.{list}: {entry:?} has no reason, or no day"),
                ));
            }
        }
    };
    look("advisories", "ignore", true);
    look("bans", "skip", false);
    look("bans", "deny", false);
    findings
}

#[test]
fn the_bill_of_materials_names_everything_that_is_built() {
    let folder = tempfile::tempdir().unwrap();
    let features = "postgres,otel";
    let text = bill(features, folder.path());
    assert_eq!(text, bill(features, folder.path()), "two runs differ");
    assert!(!text.contains(&*root().to_string_lossy()), "it tells where it was made");

    let (locked, bill): (_, Value) = (locked(), serde_json::from_str(&text).unwrap());
    expect_none(
        "Whoever looks for a vulnerable package has to find it.",
        &wrong_components(&bill, &built(features), &locked),
    );
    let required = |name: &str| {
        let components = bill["components"].as_array().unwrap();
        components.iter().any(|it| it["name"] == name && it["scope"] == "required")
    };
    assert!(["actix-web", "sm2", "typst", "sqlite", "htmx"].into_iter().all(required));
    assert!(!required("askama_derive") && !required("webdriver"), "what is not in the program");
}

#[test]
fn what_is_bundled_is_on_record_with_its_licence() {
    let ours: Vec<String> = files_at(&["templates/fonts", "templates/console/assets"])
        .into_iter()
        .filter(|path| path.ends_with(".z") || path.ends_with(".min.js"))
        .collect();
    assert!(ours.len() >= 4, "{ours:?}");
    let record: Value = serde_json::from_str(&text(BUNDLED)).unwrap();
    expect_none("What others made has a version and a licence.", &wrong_bundle(&record, &ours, &locked()));
}

#[test]
fn what_is_excused_in_the_policy_has_a_reason() {
    let policy: Table = text(POLICY).parse().unwrap();
    expect_none("Say since when, why it does no harm here, and when it goes.", &unreasoned(&policy));
    for (table, key, expected) in [
        ("sources", "unknown-registry", "deny"),
        ("sources", "unknown-git", "deny"),
        ("bans", "wildcards", "deny"),
        ("bans", "multiple-versions", "deny"),
        ("advisories", "yanked", "deny"),
    ] {
        assert_eq!(policy[table][key].as_str(), Some(expected), "{table}.{key}");
    }
}

fn files_at(folders: &[&str]) -> Vec<String> {
    let paths = folders.iter().flat_map(|folder| paths_under(&root().join(folder)));
    paths.map(|path| relative(&path)).collect()
}

#[test]
fn a_bill_or_a_policy_that_lacks_something_is_found() {
    let locked = BTreeMap::from([("a@1".to_owned(), "aa".to_owned()), ("b@2".to_owned(), "bb".to_owned())]);
    let built = locked.keys().cloned().collect();
    let component = |name: &str, purl: &str, checksum: &str| serde_json::json!({ "name": name, "purl": purl, "bom-ref": purl, "licenses": [{}], "hashes": [{ "content": checksum }] });
    let bill = |components: &[Value]| {
        let refs: Vec<Value> =
            components.iter().map(|it| serde_json::json!({ "ref": it["bom-ref"] })).collect();
        serde_json::json!({ "components": components, "dependencies": refs })
    };
    let [a, b] = [component("a", "pkg:cargo/a@1", "aa"), component("b", "pkg:cargo/b@2", "bb")];
    assert_eq!(wrong_components(&bill(&[a.clone(), b.clone()]), &built, &locked), []);
    assert_eq!(wrong_components(&bill(std::slice::from_ref(&a)), &built, &locked).len(), 1);
    assert_eq!(wrong_components(&bill(&[a.clone(), a.clone(), b]), &built, &locked).len(), 1);
    let changed = component("b", "pkg:cargo/b@2", "cc");
    assert_eq!(wrong_components(&bill(&[a, changed]), &built, &locked).len(), 1);

    let record =
        serde_json::json!([{ "name": "a font", "files": ["a.z"] }, { "name": "c", "within": "a 1" }]);
    assert_eq!(wrong_bundle(&record, &["a.z".to_owned()], &locked), []);
    assert_eq!(wrong_bundle(&record, &["a.z".to_owned(), "b.z".to_owned()], &locked).len(), 1);
    let outdated =
        serde_json::json!([{ "name": "c", "within": "a 0" }, { "name": "d", "files": ["gone.z"] }]);
    assert_eq!(wrong_bundle(&outdated, &[], &locked).len(), 2);

    let policy = "[advisories]\nignore = [{ id = \"R-1\", reason = \"harmless\" }, { id = \"R-2\", reason = \"2026-11-23: it is\" }]\n\
                  [bans]\nskip = [{ crate = \"a@1\" }]\ndeny = []\n";
    assert_eq!(unreasoned(&policy.parse().unwrap()).len(), 2);
}
