//! The targets of the fuzzer over its corpora, without the fuzzer: whatever was found once stays found. How to fuzz is
//! said in `tests/fuzz/run`, what each target promises in `deploy/FUZZING.md`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod making;
mod material;
mod packages;
#[path = "../dialect/platform.rs"]
#[expect(dead_code, reason = "the speaker of dialects, which is used here, uses a part of it")]
mod platform;
mod platforms;
mod seeds;
#[path = "../dialect/speaker.rs"]
#[expect(dead_code, reason = "values of fields are taken from it, and nothing else")]
mod speaker;
mod targets;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use baohan_gateway::seal;
use baohan_gateway::seal::verify::Verdict;

fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder).unwrap_or_else(|error| panic!("`{}`: {error}", folder.display()));
    let mut entries: Vec<PathBuf> = listed.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn replay(name: &str) {
    let target = targets::named(name).unwrap();
    let inputs = entries(&corpora().join(name));
    assert!(inputs.len() >= 3, "`{name}`: expected a corpus, found {} files", inputs.len());
    for input in inputs {
        let bytes = fs::read(&input).unwrap();
        let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(&bytes)));
        assert!(outcome.is_ok(), "`{}` breaks a promise of `{name}`", input.display());
    }
}

/// One test for each target, so that they run side by side.
macro_rules! replays {
    ($($test:ident: $target:literal,)*) => {
        const REPLAYED: &[&str] = &[$($target),*];
        $(
            #[test]
            fn $test() {
                replay($target);
            }
        )*
    };
}

replays! {
    no_push_of_the_corpus_breaks_a_promise: "push",
    no_signed_push_of_the_corpus_breaks_a_promise: "signed_push",
    no_envelope_of_the_corpus_breaks_a_promise: "envelope",
    no_field_of_the_corpus_breaks_a_promise: "field_cipher",
    no_answer_of_the_corpus_breaks_a_promise: "answer",
    no_sm2_bytes_of_the_corpus_break_a_promise: "sm2",
    no_sm4_bytes_of_the_corpus_break_a_promise: "sm4",
    no_sealed_value_of_the_corpus_breaks_a_promise: "keyring",
    no_certificate_of_the_corpus_breaks_a_promise: "certificate",
    no_private_key_of_the_corpus_breaks_a_promise: "private_key",
    no_identity_token_of_the_corpus_breaks_a_promise: "identity_token",
    no_seal_of_the_corpus_breaks_a_promise: "seal",
    no_ofd_file_of_the_corpus_breaks_a_promise: "ofd",
    no_pdf_file_of_the_corpus_breaks_a_promise: "pdf",
    no_drawn_file_of_the_corpus_breaks_a_promise: "preview",
    no_settings_of_the_corpus_break_a_promise: "settings",
    no_statement_of_the_corpus_breaks_a_promise: "statement",
}

#[test]
fn every_target_has_a_corpus_a_replay_and_seeds() {
    let names: BTreeSet<&str> = targets::ALL.iter().map(|target| target.name).collect();
    assert_eq!(names, REPLAYED.iter().copied().collect());
    let folders: Vec<PathBuf> = entries(&corpora());
    let folders = folders.iter().map(|folder| folder.file_name().unwrap().to_str().unwrap());
    assert_eq!(names, folders.collect());
    for target in targets::ALL {
        let seeds = seeds::of(target.name);
        assert!(!seeds.is_empty(), "`{}` has no seeds", target.name);
        assert!(target.longest <= 65_536);
    }
}

#[test]
fn what_the_fuzzer_begins_with_breaks_no_promise() {
    for target in targets::ALL {
        for (index, seed) in seeds::of(target.name).iter().enumerate() {
            assert!(seed.len() <= target.longest, "`{}`, seed {index}: {} bytes", target.name, seed.len());
            (target.run)(seed);
        }
    }
}

#[test]
fn the_files_that_targets_change_are_valid_as_they_are() {
    for file in material::SIGNED.iter().chain([&material::SEALED]) {
        let report = seal::verify_file(file, &material::TRUST, material::noon());
        assert_eq!(report.verdict, Verdict::Valid, "{:?}", report.failures());
    }
}

#[test]
fn the_files_that_targets_change_can_be_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    making::make(folder.path());
    let committed = corpora().with_file_name("material");
    let names = |folder: &Path| -> Vec<_> {
        entries(folder).iter().map(|path| path.file_name().unwrap().to_owned()).collect()
    };
    assert_eq!(names(folder.path()), names(&committed));
}
