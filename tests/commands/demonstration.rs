//! `baohan demo`, and what it leaves behind for the other commands to work on.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use baohan_gateway::crypto::private_file;
use serde_json::Value;

use crate::program::{Ran, baohan};

/// One demonstration of one platform for all tests: its settings, keys, database and letters are there afterwards.
static DEMONSTRATION: LazyLock<(tempfile::TempDir, Ran)> = LazyLock::new(|| {
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let folder = place.path().join("demo");
    let ran = baohan(&[
        "demo".as_ref(),
        "--platform=hainan".as_ref(),
        "--count=2".as_ref(),
        "--json".as_ref(),
        "--folder".as_ref(),
        folder.as_os_str(),
    ]);
    (place, ran)
});

/// Where the demonstration has worked.
pub fn folder() -> PathBuf {
    assert_eq!(DEMONSTRATION.1.code, 0, "{}{}", DEMONSTRATION.1.out, DEMONSTRATION.1.complaint);
    DEMONSTRATION.0.path().join("demo").canonicalize().unwrap()
}

/// What it has reported.
pub fn report() -> Value {
    folder();
    serde_json::from_str(&DEMONSTRATION.1.out).unwrap()
}

/// The letters of its first guarantee: ciphertext, and both merged.
pub fn letters() -> [PathBuf; 2] {
    let report = report();
    [0, 1].map(|index| PathBuf::from(report["guarantees"][0]["letters"][index]["file"].as_str().unwrap()))
}

/// A copy of a finished demonstration that a test may spoil.
pub struct House {
    place: tempfile::TempDir,
}

impl House {
    pub fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let original = folder();
        copy_all(&original, place.path());
        let house = Self { place };
        // A server has to say that it is up.
        house.edit("log_filter = \"warn\"", "log_filter = \"info\"");
        // The paths in the settings are those of the original.
        house.edit(&original.display().to_string(), &house.place.path().display().to_string());
        house
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    pub fn settings(&self) -> PathBuf {
        self.path("baohan.toml")
    }

    /// Replaces one text in the settings by another.
    pub fn edit(&self, old: &str, new: &str) {
        let text = std::fs::read_to_string(self.settings()).unwrap();
        assert!(text.contains(old), "{old}");
        std::fs::write(self.settings(), text.replace(old, new)).unwrap();
    }

    /// Runs a command with these settings.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let settings = self.settings();
        baohan(
            &[&[Path::new("--settings"), &settings], &*arguments.iter().map(Path::new).collect::<Vec<_>>()]
                .concat(),
        )
    }
}

fn copy_all(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            private_file::make_folder(&target).unwrap();
            copy_all(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_demonstration_delivers_valid_letters_and_reports_them_as_json() {
    let report = report();
    assert_eq!(report["faults"], serde_json::json!([]));
    let guarantees = report["guarantees"].as_array().unwrap();
    let ended: Vec<_> = guarantees.iter().map(|it| it["stage"].as_str().unwrap()).collect();
    // Two as they were asked for, and those with a life.
    assert_eq!(ended, ["明文保函已出具", "明文保函已出具", "已退保", "明文保函已出具", "已注销"]);
    for guarantee in guarantees {
        assert!(guarantee["guarantee"].as_str().unwrap().starts_with("BH"), "{guarantee}");
        let letters = guarantee["letters"].as_array().unwrap();
        assert_eq!(letters.len(), if guarantee["stage"] == "已退保" { 1 } else { 2 });
        for letter in letters {
            assert_eq!(letter["valid"], true, "{letter}");
            let file = Path::new(letter["file"].as_str().unwrap());
            assert!(file.starts_with(folder()) && file.is_file(), "{letter}");
        }
    }
    for guarantee in &guarantees[..2] {
        let titles = guarantee["timeline"].as_array().unwrap();
        assert_eq!(titles.last().unwrap()["what"], "明文保函已送达");
    }
}

/// What happens on every platform.
const EVERYWHERE: [&str; 5] =
    ["applied", "repeated application answered again", "surrendered", "claim received", "issued"];
const OPENING: [&str; 4] = ["wrong key refused", "restored", "invoiced", "cancelled"];

#[test]
fn a_demonstration_shows_the_life_on_all_five_platforms() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("all");
    let ran = baohan(&["demo".as_ref(), "--json".as_ref(), "--folder".as_ref(), folder.as_os_str()]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.complaint);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["faults"], serde_json::json!([]));
    let particular: [(&str, &[&str]); 5] = [
        ("hainan", &OPENING),
        ("jilin", &OPENING),
        ("ggzy", &[&OPENING[..], &["list reconciled"]].concat()),
        ("zhangzhou", &["guarantee collected"]),
        ("neimenggu", &["letter fetched", "letter verified", "changed letter recognised", "cancelled"]),
    ];
    let platforms = report["platforms"].as_array().unwrap();
    assert_eq!(platforms.len(), particular.len());
    for (platform, (name, moments)) in platforms.iter().zip(particular) {
        assert_eq!(platform["platform"], name);
        let life = platform["life"].as_array().unwrap();
        for moment in EVERYWHERE.iter().chain(moments) {
            assert!(life.iter().any(|it| it["what"] == *moment), "{name}, {moment}: {life:?}");
        }
        let letters = report["guarantees"].as_array().unwrap().iter();
        let letters = letters.filter(|it| it["platform"] == name).map(|it| it["letters"].as_array().unwrap());
        let letters: Vec<_> = letters.flatten().collect();
        assert!(letters.len() >= 4 && letters.iter().all(|it| it["valid"] == true), "{name}: {letters:?}");
    }
}

#[test]
fn a_demonstration_touches_no_folder_that_exists() {
    let folder = folder();
    let again = baohan(&["demo".as_ref(), "--folder".as_ref(), folder.as_os_str()]);
    assert_eq!(again.code, 2);
    assert!(again.complaint.contains("--folder") && again.complaint.contains("demo`"), "{}", again.complaint);
}

#[test]
fn a_core_system_drives_every_platform_by_callbacks_and_the_interface_alone() {
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let folder = place.path().join("demo");
    let ran = baohan(&[
        "demo".as_ref(),
        "--core".as_ref(),
        "--count=1".as_ref(),
        "--json".as_ref(),
        "--folder".as_ref(),
        folder.as_os_str(),
    ]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.complaint);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let core = &report["core_system"];
    let told = |kind: &str| core["types"][kind].as_u64().unwrap_or_default();
    let guarantees = u64::try_from(report["guarantees"].as_array().unwrap().len()).unwrap();
    assert_eq!(told("application.received"), guarantees);
    // Dossier, approval and premium of each, and an answer to whatever was asked.
    let asked = ["surrender.asked", "claim.received", "invoice.asked"].map(told);
    assert!(asked.iter().all(|times| *times > 0), "{core}");
    assert_eq!(core["acts"].as_u64().unwrap(), 3 * guarantees + asked.iter().sum::<u64>(), "{core}");
    assert_eq!(report["platforms"].as_array().unwrap().len(), 5);
}
