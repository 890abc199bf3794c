//! Weak algorithms: where each of them may still be computed, and for what. Everything else is to use the keyring, SM3 or
//! SHA-2. deploy/COMPLIANCE.md gives the same list to auditors.

use crate::rust_text::is_word;
use crate::tree::{File, files_under, line_at};
use crate::{Finding, expect_none};

/// An algorithm that is used for the sake of others only.
struct Weak {
    name: &'static str,
    /// What names it in code: in small letters in whatever case, otherwise to the letter.
    words: &'static [&'static str],
    /// Files, or folders that end in `/`, with what it does there.
    homes: &'static [(&'static str, &'static str)],
}

const WEAK: &[Weak] = &[
    Weak {
        name: "ECB",
        words: &["ecb"],
        homes: &[
            ("src/crypto/sm4.rs", "the mode itself"),
            ("src/crypto/mod.rs", "one block, the standard's example, at every start"),
            ("src/crypto/second_opinion.rs", "the second implementation"),
            ("src/dialect/options.rs", "the option of a dialect"),
            ("src/dialect/cipher.rs", "fields of the platforms' messages"),
            ("src/dialect/payload.rs", "digital envelopes of the platforms' messages"),
            ("src/delivery/file_key.rs", "slices of letters, where a dialect asks for it"),
            ("src/sandbox/", "simulated platforms"),
            ("src/simulation/applicant.rs", "simulated applicants"),
        ],
    },
    Weak {
        name: "MD5",
        // Where it is computed; what was computed may be called by its name anywhere.
        words: &["md5::", "Md5"],
        homes: &[
            ("src/crypto/md5.rs", "the digest itself"),
            ("src/dialect/digest.rs", "digests of messages, where a dialect asks for it"),
            ("src/dialect/options.rs", "the option of a dialect"),
            ("src/delivery/file_key.rs", "told beside an uploaded letter"),
            ("src/jobs/letters.rs", "told beside a letter that a platform collects"),
            ("src/api/files.rs", "told beside a file that the core system hands in"),
            ("src/cli/decide/dossier.rs", "told beside an applicant's papers"),
            ("src/cli/demo/clerk.rs", "the demonstration's clerk"),
            ("src/sandbox/", "simulated platforms"),
        ],
    },
    Weak {
        name: "SHA-1",
        words: &["sha1", "sha_1"],
        homes: &[("src/crypto/one_time_code.rs", "codes of authenticator apps, as all of them compute")],
    },
    Weak { name: "DES and RC4", words: &["des", "tdes", "rc2", "rc4"], homes: &[] },
];

/// The places of a word, alone or as a part of a name (`sm4_ecb_encrypt`, `Mode::Ecb`), not inside another word.
fn places_of(code: &str, word: &str) -> Vec<usize> {
    if !word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
        return code.match_indices(word).map(|(byte, _)| byte).collect();
    }
    let lower = code.to_ascii_lowercase();
    lower
        .match_indices(word)
        .map(|(byte, _)| byte)
        .filter(|byte| {
            let before = code.get(..*byte).and_then(|before| before.chars().next_back());
            let after = code.get(byte + word.len()..).and_then(|after| after.chars().next());
            let upper = code.get(*byte..).and_then(|at| at.chars().next()).is_some_and(char::is_uppercase);
            // `sm4_ecb`, `TripleDes`, but neither `CODES` nor `DESCRIPTOR`.
            let begins = |c: char| !is_word(c) || c == '_' || (upper && c.is_lowercase());
            let last = code.get(..byte + word.len()).and_then(|it| it.chars().next_back());
            let lower = last.is_some_and(|c| !c.is_uppercase());
            let ends = |c: char| !is_word(c) || c == '_' || (lower && c.is_uppercase());
            before.is_none_or(begins) && after.is_none_or(ends)
        })
        .collect()
}

fn is_home(path: &str, home: &str) -> bool {
    path == home || (home.ends_with('/') && path.starts_with(home))
}

fn out_of_place(weak: &Weak, files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is_rust() && !file.is_test()) {
        if weak.homes.iter().any(|(home, _)| is_home(&file.path, home)) {
            continue;
        }
        let code = file.bare_code();
        for byte in weak.words.iter().flat_map(|word| places_of(&code, word)) {
            findings.push(Finding::new(&file.path, line_at(&code, byte), weak.name));
        }
    }
    findings
}

/// Homes in which the algorithm is not named any more.
fn empty_homes(weak: &Weak, files: &[File]) -> Vec<Finding> {
    let named = |home: &str| {
        files.iter().filter(|file| file.is_rust() && !file.is_test() && is_home(&file.path, home)).any(
            |file| {
                let code = file.bare_code();
                weak.words.iter().any(|word| !places_of(&code, word).is_empty())
            },
        )
    };
    let empty = weak.homes.iter().filter(|(home, _)| !named(home));
    empty.map(|(home, _)| Finding::new(home, 0, format!("{} is not there any more", weak.name))).collect()
}

#[test]
fn weak_algorithms_are_named_only_where_others_demand_them() {
    let files = files_under("src");
    let findings: Vec<Finding> = WEAK
        .iter()
        .flat_map(|weak| out_of_place(weak, &files).into_iter().chain(empty_homes(weak, &files)))
        .collect();
    expect_none(
        "ECB and MD5 are the platforms' demand and live in what speaks to platforms. What is kept here is sealed by the \
         keyring, and digested by SM3.",
        &findings,
    );
}

#[test]
fn a_weak_algorithm_out_of_place_is_found() {
    let [ecb, md5, sha1, des] = WEAK else { panic!("four are known") };
    let found = |weak: &Weak, path: &str, text: &str| out_of_place(weak, &[File::new(path, text)]).len();
    assert_eq!(found(ecb, "src/store/keys.rs", "sm4::encrypt(&key, Mode::Ecb, padding, text)"), 1);
    assert_eq!(found(ecb, "src/crypto/keyring.rs", "sm4_ecb_encrypt(key)"), 1);
    assert_eq!(found(ecb, "src/dialect/cipher.rs", "Mode::Ecb"), 0);
    assert_eq!(
        found(ecb, "src/store/keys.rs", "// ECB\nlet text = \"ecb\";\n#[cfg(test)]\nmod t { Mode::Ecb }"),
        0
    );
    assert_eq!(found(md5, "src/access/passwords.rs", "md5::digest(password)"), 1);
    assert_eq!(found(md5, "src/domain/dossier.rs", "struct Paper { md5: String }"), 0);
    assert_eq!(found(sha1, "src/seal/ses.rs", "use sha1::Sha1;"), 2);
    assert_eq!(found(des, "src/store/a.rs", "TripleDes::new(); Des::new()"), 2);
    assert_eq!(
        found(
            des,
            "src/store/a.rs",
            "const CODES: u8 = DESCENT; for node in nodes { describe(Design::Desk) }"
        ),
        0
    );
    assert_eq!(empty_homes(sha1, &[File::new("src/crypto/one_time_code.rs", "fn code() {}")]).len(), 1);
}
