//! Secrets are compared in constant time, and the second implementation of the algorithms never sees one.

use crate::rust_text::is_word;
use crate::tree::{File, all_files, line_at};
use crate::{Finding, expect_none};

/// What is secret, or proves that somebody knows a secret. Digests of public things are neither.
const SECRET_WORDS: &[&str] = &[
    "api_key",
    "app_secret",
    "appsecret",
    "code_secret",
    "csrf",
    "form_token",
    "hmac",
    "mac",
    "password",
    "password_hash",
    "private_key",
    "proof",
    "secret",
    "session_token",
    "sign",
    "tag_bytes",
    "token",
];

/// Methods that show what a value holds.
const SHOWN_BY: &[&str] =
    &["as_bytes", "as_deref", "as_ref", "as_slice", "as_str", "clone", "expose", "to_vec"];

/// Where such a comparison gives nothing away: path, word, reason.
const HARMLESS: &[(&str, &str, &str)] = &[
    (
        "src/store/audit/",
        "mac",
        "the database's rows among themselves, for the auditor; nobody sends guesses",
    ),
    ("src/store/audit/", "proof", "the same"),
    ("src/changes/trial.rs", "secret", "two values of `Secret`, whose own comparison is in constant time"),
    ("src/console/account.rs", "password", "a person's own two entries in one form"),
    ("src/console/sign_in/new_password.rs", "password", "a person's own two entries in one form"),
    (
        "src/access/sign_in.rs",
        "password_hash",
        "whether a stored digest was replaced meanwhile; both are the database's",
    ),
    ("src/sandbox/", "", "plays the platform, with secrets of demonstrations"),
    ("src/cli/", "", "an operator's own machine"),
    ("src/simulation/", "", "made-up secrets"),
];

/// What the second implementation may be asked for: nothing of it takes a secret.
const PUBLIC_WORK: &[&str] = &["Objection", "verify", "verify_raw", "warm"];

/// Where the second implementation lives, and who plays with made-up keys.
const SECOND_OPINION: &str = "src/crypto/second_opinion";
const PLAYERS: &[&str] =
    &["src/sandbox/", "src/cli/demo/", "src/cli/crash/", "src/cli/bench/", "src/simulation/"];

/// The name that stands directly before or behind a comparison, without the methods that show what it holds.
fn operand(words: impl Iterator<Item = String>) -> Option<String> {
    words.filter(|word| !word.is_empty()).find(|word| !SHOWN_BY.contains(&word.as_str()))
}

/// The words of a path such as `self.token.as_bytes()`, from its end.
fn path_before(code: &str) -> Option<String> {
    let path: String = code
        .trim_end()
        .chars()
        .rev()
        .take_while(|letter| is_word(*letter) || matches!(letter, '.' | '(' | ')' | ':'))
        .collect();
    let path: String = path.chars().rev().collect();
    operand(path.rsplit(|letter| !is_word(letter)).map(str::to_owned))
}

fn path_behind(code: &str) -> Option<String> {
    let path: String = code
        .trim_start()
        .trim_start_matches(['&', '*'])
        .chars()
        .take_while(|letter| is_word(*letter) || matches!(letter, '.' | '(' | ')' | ':'))
        .collect();
    operand(path.rsplit(|letter| !is_word(letter)).map(str::to_owned))
}

fn compared_carelessly(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is_rust() && !file.is_test()) {
        let code = file.bare_code();
        for sign in [" == ", " != "] {
            for (byte, _) in code.match_indices(sign) {
                let before = code.get(..byte).unwrap_or_default();
                let behind = code.get(byte + sign.len()..).unwrap_or_default();
                for word in [path_before(before), path_behind(behind)].into_iter().flatten() {
                    let harmless = HARMLESS.iter().any(|(path, known, _)| {
                        file.path.starts_with(path) && (known.is_empty() || *known == word)
                    });
                    if SECRET_WORDS.contains(&word.as_str()) && !harmless {
                        findings.push(Finding::new(
                            &file.path,
                            line_at(&code, byte),
                            format!("`{word}`{sign}"),
                        ));
                    }
                }
            }
        }
    }
    findings
}

fn shown_to_the_second_opinion(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is_rust() && !file.is_test()) {
        if PLAYERS.iter().chain([&SECOND_OPINION]).any(|home| file.path.starts_with(home)) {
            continue;
        }
        let code = file.bare_code();
        for (byte, name) in code.match_indices("second_opinion::") {
            let rest = code.get(byte + name.len()..).unwrap_or_default();
            let list = rest.strip_prefix('{').and_then(|rest| rest.split('}').next());
            let taken =
                list.unwrap_or_else(|| rest.split(|letter| !is_word(letter)).next().unwrap_or_default());
            let words = taken.split(|letter| !is_word(letter)).filter(|word| !word.is_empty());
            for word in words.filter(|word| !PUBLIC_WORK.contains(word)) {
                findings.push(Finding::new(&file.path, line_at(&code, byte), format!("`{name}{word}`")));
            }
        }
        for (byte, name) in code.match_indices("libsm") {
            findings.push(Finding::new(&file.path, line_at(&code, byte), format!("`{name}`")));
        }
    }
    findings
}

#[test]
fn secrets_are_compared_in_constant_time() {
    let rule =
        "compare by `subtle::ConstantTimeEq`, or say in tests/tidy/secrets.rs why it gives nothing away";
    expect_none(rule, &compared_carelessly(&all_files()));
}

#[test]
fn the_second_implementation_never_sees_a_secret() {
    let rule =
        "libsm is not constant-time and wipes nothing: private keys and ciphertexts are RustCrypto's work";
    expect_none(rule, &shown_to_the_second_opinion(&all_files()));
}

#[test]
fn a_secret_out_of_place_is_found() {
    let carelessly = |text: &str| compared_carelessly(&[File::new("src/api/a.rs", text)]).len();
    for found in [
        "fn f() { if given == token { g() } }",
        "fn f() { if self.token.expose().as_bytes() != given { g() } }",
        "fn f() { if given == &self.key.secret { g() } }",
        "fn f() { let same = row.mac == *mac; }",
    ] {
        assert!(carelessly(found) > 0, "{found}");
    }
    for sound in [
        "fn f() { if stage == due { g() } }",
        "fn f() { given.ct_eq(token) }",
        "#[cfg(test)]\nmod tests { fn f() { a == token } }",
    ] {
        assert_eq!(carelessly(sound), 0, "{sound}");
    }
    let shown = |text: &str| shown_to_the_second_opinion(&[File::new("src/seal/a.rs", text)]).len();
    assert_eq!(shown("use crate::crypto::second_opinion::{KeyPair, verify};"), 1);
    assert_eq!(shown("fn f() { second_opinion::sm4_ecb_decrypt(k, c) }"), 1);
    assert_eq!(shown("use libsm::sm2;"), 1);
    assert_eq!(shown("fn f() { second_opinion::verify(k, m, s) }"), 0);
}
