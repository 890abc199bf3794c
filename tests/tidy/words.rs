//! Which words may stand where: platforms and their vocabulary, crates that belong to one room, notes to oneself,
//! places of one machine.

use crate::rust_text::is_word;
use crate::tree::{File, all_files, files_under, line_at};
use crate::{Finding, expect_none};

/// The platforms, their makers and their regions.
const PLATFORM_NAMES: &[&str] = &[
    "hainan",
    "jilin",
    "zhangzhou",
    "ggzy",
    "neimenggu",
    "epoint",
    "海南",
    "吉林",
    "漳州",
    "内蒙古",
    "新点",
];

/// Beginnings of field and interface names as the platforms write them. Ours are English (see the glossary).
const PLATFORM_WORDS: &[&str] = &[
    "biaoduan",
    "kaibiao",
    "zbrorg",
    "zbr",
    "jbrname",
    "jbrphone",
    "bzjamount",
    "bzjend",
    "applyno",
    "biddercode",
    "canclenotice",
    "chuliresault",
    "favoreeorignum",
    "tbysq",
    "tbyxq",
    "quitapply",
    "giveupapply",
    "claimsnotice",
];

/// Where platforms are at home: tables, the simulated platforms and the commands that show them.
const HOMES_OF_PLATFORMS: &[&str] = &[
    "src/dialect/tables/",
    "src/sandbox/",
    "src/cli/demo",
    "src/cli/sandbox",
    "src/cli/bench/",
    "src/cli/crash/",
    "templates/",
];

/// Cryptography is named in one room, so that every use of it goes through checks of lengths and ranges.
const CRYPTO_CRATES: &[&str] = &["libsm", "sm2", "sm3", "sm4", "cbc", "ecb", "ctr", "hmac", "p12_keystore"];

/// Where a vendor's library is called, which the compiler can't vouch for.
const HOME_OF_UNSAFE: &str = "src/signing/device.rs";

/// A word as a whole or as the beginning of one: `Hainan`, `hainan_table`, not the end of `endpoint`.
fn places_of(code: &str, word: &str) -> Vec<usize> {
    let lower = code.to_ascii_lowercase();
    lower
        .match_indices(word)
        .map(|(byte, _)| byte)
        .filter(|byte| {
            let before = code.get(..*byte).and_then(|before| before.chars().next_back());
            let first = code.get(*byte..).and_then(|at| at.chars().next());
            let camel = first.is_some_and(|c| c.is_ascii_uppercase());
            match before {
                Some(before) => !before.is_ascii_alphabetic() || (camel && before.is_ascii_lowercase()),
                None => true,
            }
        })
        .collect()
}

/// `baohanno`, `baohanApply`, `baohan_no`: words of the platforms. Our own are `baohan`, `baohan-gateway`,
/// `baohan_gateway` and variables in capitals.
fn places_of_baohan_words(code: &str) -> Vec<usize> {
    code.match_indices("baohan")
        .filter(|(byte, word)| {
            let rest = code.get(byte + word.len()..).unwrap_or_default();
            !rest.starts_with("_gateway") && rest.chars().next().is_some_and(is_word)
        })
        .map(|(byte, _)| byte)
        .collect()
}

/// Whether a byte stands in a string that names a file of the platforms: the list of built-in tables and templates
/// is code, and must name them.
fn in_path_of_a_table(code: &str, byte: usize) -> bool {
    let before = code.get(..byte).and_then(|before| before.rsplit(['"', '\n']).next()).unwrap_or_default();
    before.contains("tables/") || before.contains("templates/")
}

fn platforms_out_of_place(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        if file.is_test() || HOMES_OF_PLATFORMS.iter().any(|home| file.path.starts_with(home)) {
            continue;
        }
        let code = file.code();
        let words = PLATFORM_NAMES.iter().chain(PLATFORM_WORDS);
        let mut places: Vec<usize> = words.flat_map(|word| places_of(&code, word)).collect();
        places.extend(places_of_baohan_words(&code));
        places.retain(|byte| !in_path_of_a_table(&code, *byte));
        places.sort_unstable();
        places.dedup();
        for byte in places {
            let word: String =
                code.get(byte..).unwrap_or_default().chars().take_while(|c| is_word(*c)).collect();
            findings.push(Finding::new(&file.path, line_at(&code, byte), format!("`{word}`")));
        }
    }
    findings
}

/// Uses of a crate: `name::…` or `use name;` where the name is not a module of ours that the file imported.
fn uses_of_crate(code: &str, name: &str) -> Vec<usize> {
    let imported = code
        .split(';')
        .filter_map(|statement| statement.rsplit_once("use ").map(|(_, path)| path.trim_start()))
        .filter(|path| ["crate::", "super::", "self::"].iter().any(|start| path.starts_with(start)))
        .any(|path| path.split(|c: char| !is_word(c)).any(|word| word == name));
    if imported {
        return Vec::new();
    }
    code.match_indices(name)
        .map(|(byte, _)| byte)
        .filter(|byte| {
            let before = code.get(..*byte).unwrap_or_default();
            let after = code.get(byte + name.len()..).unwrap_or_default();
            let whole = !before.chars().next_back().is_some_and(|c| is_word(c) || c == ':');
            let from_root = before.ends_with("::") && !before.trim_end_matches("::").ends_with(is_word);
            let imports = before.ends_with("use ") && (after.starts_with(';') || after.starts_with(" as "));
            (whole || from_root) && (after.starts_with("::") || imports)
        })
        .collect()
}

fn crates_out_of_place(files: &[File], crates: &[&str], homes: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is_rust() && !file.is_test()) {
        if homes.iter().any(|home| file.path.starts_with(home)) {
            continue;
        }
        let code = file.bare_code();
        for name in crates {
            for byte in uses_of_crate(&code, name) {
                findings.push(Finding::new(&file.path, line_at(&code, byte), format!("the crate `{name}`")));
            }
        }
    }
    findings
}

/// The word `unsafe` in code, but for lints of that name.
fn unsafe_out_of_place(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is_rust() && file.path != HOME_OF_UNSAFE) {
        let code = file.bare_code();
        for (byte, word) in code.match_indices("unsafe") {
            let before = code.get(..byte).and_then(|before| before.chars().next_back());
            let after = code.get(byte + word.len()..).and_then(|after| after.chars().next());
            if !before.is_some_and(is_word) && !after.is_some_and(is_word) {
                findings.push(Finding::new(&file.path, line_at(&code, byte), "`unsafe`"));
            }
        }
    }
    findings
}

fn lines_with(files: &[File], needles: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            for needle in needles.iter().filter(|needle| line.contains(**needle)) {
                findings.push(Finding::new(&file.path, index + 1, format!("`{needle}`")));
            }
        }
    }
    findings
}

#[test]
fn no_platform_is_named_outside_its_table() {
    let files: Vec<File> = ["src", "migrations"].iter().flat_map(|place| files_under(place)).collect();
    let files: Vec<File> = files
        .into_iter()
        .filter(|file| [".rs", ".toml", ".sql"].iter().any(|end| file.path.ends_with(end)))
        .collect();
    expect_none(
        "A dialect is data: a platform's name and its own words belong into src/dialect/tables and src/sandbox. Say \
         it in our words (glossary in src/ARCHITECTURE.md), or as an option of the table. Comments may cite.",
        &platforms_out_of_place(&files),
    );
}

#[test]
fn cryptography_is_named_in_its_room_only() {
    expect_none(
        "Use what src/crypto offers: it checks lengths and ranges before the crate sees them.",
        &crates_out_of_place(&files_under("src"), CRYPTO_CRATES, &["src/crypto/"]),
    );
    expect_none(
        "MD5 is for the digest of a file that platforms ask for; only the simulated platforms check it on their own.",
        &crates_out_of_place(&files_under("src"), &["md5"], &["src/crypto/", "src/sandbox/"]),
    );
}

#[test]
fn one_file_alone_is_unsafe() {
    let files: Vec<File> = ["src", "tests", "benches"].iter().flat_map(|place| files_under(place)).collect();
    assert!(files.iter().any(|file| file.path == HOME_OF_UNSAFE), "{HOME_OF_UNSAFE} has moved");
    expect_none(
        "What the compiler can't vouch for stands in the one file that calls a vendor's library.",
        &unsafe_out_of_place(&files),
    );
}

#[test]
fn outgoing_calls_go_through_delivery() {
    expect_none(
        "Outgoing calls go through src/delivery, which sets limits, timeouts and TLS.",
        &crates_out_of_place(&files_under("src"), &["reqwest"], &["src/delivery/", "src/sandbox/"]),
    );
}

#[test]
fn no_note_to_oneself_is_left() {
    let needles = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:"), concat!("todo", "!(")];
    expect_none("Finish it, or write an issue.", &lines_with(&all_files(), &needles));
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    let needles = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
        concat!("/tmp/", "brief"),
    ];
    let files: Vec<File> = all_files().into_iter().filter(|file| file.path != "Cargo.lock").collect();
    expect_none("Paths come from settings, arguments or CARGO_MANIFEST_DIR.", &lines_with(&files, &needles));
}

#[test]
fn every_dependency_comes_from_the_public_registry() {
    let mut findings = Vec::new();
    for file in files_under("Cargo.lock") {
        for (index, line) in file.text.lines().enumerate() {
            let elsewhere = line.starts_with("source = ")
                && line != "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
            if elsewhere {
                findings.push(Finding::new(&file.path, index + 1, line));
            }
        }
    }
    findings.extend(lines_with(&files_under(".cargo"), &["replace-with", "registry"]));
    expect_none("A fresh clone must build anywhere.", &findings);
}

#[test]
fn a_platform_out_of_place_is_found() {
    let found = |path: &str, text: &str| -> Vec<String> {
        platforms_out_of_place(&[File::new(path, text)])
            .into_iter()
            .map(|finding| format!("{}: {}", finding.line, finding.what))
            .collect()
    };
    assert_eq!(found("src/jobs/mod.rs", "\nif platform == \"hainan\" {}"), ["2: `hainan`"]);
    assert_eq!(found("src/jobs/mod.rs", "struct ForHainan;"), ["1: `Hainan`"]);
    assert_eq!(
        found("src/jobs/mod.rs", "let biaoduanno = m.baohanNo;"),
        ["1: `biaoduanno`", "1: `baohanNo`"]
    );
    assert_eq!(found("src/settings/default.toml", "# hainan\nurl = 'epoint'"), ["2: `epoint`"]);
    assert_eq!(found("migrations/1/up.sql", "-- 海南\nCREATE TABLE baohan_no"), ["2: `baohan_no`"]);
    for fine in [
        "/// 海南 A.5: baohanno is text.\nfn f() {}",
        "let endpoint = \"baohan-gateway\"; use baohan_gateway::cli; \"BAOHAN_TEST_POSTGRES\"",
        "include_str!(\"tables/hainan.toml\")",
        "#[cfg(test)]\nmod tests { const APPLY: &str = \"baohanapply\"; }",
    ] {
        assert_eq!(found("src/jobs/mod.rs", fine), Vec::<String>::new(), "{fine}");
    }
    assert_eq!(found("src/sandbox/hainan.rs", "\"baohanno\""), Vec::<String>::new());
}

#[test]
fn a_crate_out_of_its_room_is_found() {
    let found =
        |text: &str| crates_out_of_place(&[File::new("src/seal/ses.rs", text)], CRYPTO_CRATES, &[]).len();
    for bad in
        ["use sm3::Sm3;", "let x = ::libsm::sm2::f();", "use hmac::{Hmac};", "use sm4;", "sm2::sign(x)"]
    {
        assert_eq!(found(bad), 1, "{bad}");
    }
    for fine in [
        "use crate::crypto::sm3;\nsm3::digest(x)",
        "use crate::crypto::{sm2, sm3};\nsm2::sign(sm3::digest(x))",
        "crate::crypto::sm3::digest(x)",
        "// sm3::digest\nlet hmac = 1;",
    ] {
        assert_eq!(found(fine), 0, "{fine}");
    }
}

#[test]
fn an_unsafe_block_out_of_its_file_is_found() {
    let found = |path: &str, text: &str| unsafe_out_of_place(&[File::new(path, text)]).len();
    assert_eq!(found("src/seal/ses.rs", "fn f() { unsafe { g() } }\nunsafe impl Send for A {}"), 2);
    assert_eq!(found(HOME_OF_UNSAFE, "unsafe { g() }"), 0);
    assert_eq!(
        found("src/seal/ses.rs", "// unsafe\n#![expect(unsafe_code)] let unsafe_path = \"unsafe\";"),
        0
    );
}

#[test]
fn a_line_with_a_forbidden_word_is_found() {
    let file = File::new("src/a.rs", "fine\nnot fine: here\n");
    assert_eq!(lines_with(&[file], &["not fine"]), [Finding::new("src/a.rs", 2, "`not fine`")]);
}
