//! The arrows between rooms: which room may use which, as the table in `src/ARCHITECTURE.md` draws them.

use crate::rust_text::is_word;
use crate::tree::{File, files_under, line_at};
use crate::{Finding, expect_none};

/// Rooms that know no other room and that all others but `domain` may use.
const FLOOR: &[&str] = &["clock", "secret", "supervise", "telemetry"];

/// The other rooms, and what each may use besides the floor. Arrows point down this list only. `cli` uses all.
const ROOMS: &[(&str, &[&str])] = &[
    // Puts the others together, as `cli` does, for the commands that run a whole gateway and for tests.
    (
        "gateway",
        &[
            "console",
            "alarms",
            "changes",
            "proposals",
            "access",
            "settings",
            "edge",
            "api",
            "intake",
            "jobs",
            "casework",
            "delivery",
            "institution",
            "dialect",
            "signing",
            "reconciliation",
            "seal",
            "document",
            "downloads",
            "store",
            "crypto",
            "domain",
        ],
    ),
    (
        "settings",
        &[
            "console",
            "alarms",
            "changes",
            "proposals",
            "access",
            "edge",
            "api",
            "domain",
            "dialect",
            "intake",
            "jobs",
            "delivery",
            "document",
            "downloads",
            "signing",
            "seal",
            "crypto",
            "store",
            "institution",
            "reconciliation",
        ],
    ),
    // Pages for operators: they show what every room knows.
    (
        "console",
        &[
            "edge",
            "alarms",
            "changes",
            "proposals",
            "access",
            "api",
            "jobs",
            "casework",
            "delivery",
            "institution",
            "dialect",
            "signing",
            "reconciliation",
            "spreadsheet",
            "seal",
            "document",
            "downloads",
            "store",
            "crypto",
            "domain",
        ],
    ),
    // What two people have agreed on is carried out by the rooms that do such work.
    (
        "proposals",
        &[
            "changes",
            "access",
            "casework",
            "jobs",
            "institution",
            "dialect",
            "reconciliation",
            "store",
            "crypto",
            "domain",
        ],
    ),
    // Plays with what the others decide by, on a store of its own.
    (
        "simulation",
        &["intake", "jobs", "casework", "delivery", "institution", "dialect", "store", "crypto", "domain"],
    ),
    (
        "api",
        &[
            "edge",
            "casework",
            "domain",
            "dialect",
            "institution",
            "reconciliation",
            "crypto",
            "downloads",
            "store",
        ],
    ),
    (
        "jobs",
        &[
            // Telling people is a job, as telling platforms is.
            "alarms",
            "casework",
            "domain",
            "dialect",
            "delivery",
            "document",
            "downloads",
            "seal",
            "institution",
            "crypto",
            "store",
        ],
    ),
    ("changes", &["casework", "institution", "dialect", "document", "store", "crypto", "domain"]),
    // What counts as working time is in the calendar.
    ("alarms", &["delivery", "casework", "institution", "store", "crypto", "domain"]),
    ("access", &["delivery", "store", "crypto", "domain"]),
    ("intake", &["edge", "casework", "domain", "dialect", "downloads", "seal", "store"]),
    ("casework", &["domain", "dialect", "institution", "store"]),
    // A signing service is called as platforms are, through the one client.
    ("signing", &["delivery", "seal", "crypto"]),
    ("delivery", &["domain", "dialect", "crypto", "store"]),
    ("institution", &["domain", "crypto", "store"]),
    ("dialect", &["domain", "crypto"]),
    ("seal", &["document", "crypto"]),
    ("document", &["domain"]),
    ("downloads", &["edge", "domain", "store"]),
    ("reconciliation", &["spreadsheet", "domain", "store"]),
    // Lists as files: statements, and whatever somebody takes away from the console.
    ("spreadsheet", &["domain"]),
    // A copy is looked through with the keys that sealed it.
    ("backup", &["domain", "crypto", "store"]),
    // What may not stand in a column in the clear is wrapped where it is stored.
    ("store", &["domain", "crypto"]),
    // Who may come in is known of an address, a certificate and a platform's id.
    ("edge", &["crypto", "domain"]),
    // The simulated platforms mirror none of our readings of a specification, and do their cryptography with the
    // second implementation.
    ("sandbox", &["crypto::second_opinion"]),
    ("crypto", &[]),
    ("domain", &[]),
];

/// Rooms that may not even use the floor.
const ALONE: &[&str] = &["domain", "clock", "secret", "supervise", "telemetry"];

/// `src/store/schema.rs` is in the room `store`.
fn room_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    let room = inside.split('/').next()?;
    Some(room.strip_suffix(".rs").unwrap_or(room))
}

fn may_use(room: &str, used: &str) -> bool {
    if FLOOR.iter().any(|floor| reaches(used, floor)) {
        return !ALONE.contains(&room);
    }
    ROOMS.iter().any(|(name, allowed)| *name == room && allowed.iter().any(|path| reaches(used, path)))
}

/// Whether a path is the allowed one or lies in it.
fn reaches(used: &str, allowed: &str) -> bool {
    used == allowed || used.strip_prefix(allowed).is_some_and(|rest| rest.starts_with("::"))
}

fn forbidden_arrows(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is_rust() && !file.is_test()) {
        let Some(room) = room_of(&file.path).filter(|room| !["cli", "lib", "main"].contains(room)) else {
            continue;
        };
        let code = file.bare_code();
        for (byte, used) in paths_from_root(&code, module_depth(&file.path)) {
            if room_of_path(&used) != room && !may_use(room, &used) {
                let what = format!("the room `{room}` may not use `crate::{used}`");
                findings.push(Finding::new(&file.path, line_at(&code, byte), what));
            }
        }
    }
    findings
}

fn room_of_path(path: &str) -> &str {
    path.split("::").next().unwrap_or(path)
}

/// How many modules a file is below the crate's root: one for `src/clock.rs` and `src/store/mod.rs`.
fn module_depth(path: &str) -> usize {
    let parts = path.strip_prefix("src/").unwrap_or(path).split('/').count();
    if path.ends_with("/mod.rs") { parts - 1 } else { parts }
}

/// All paths that start at the crate's root, without `crate::`, and where each stands. Groups in braces are taken
/// apart: `crate::{a, b::{c, d}}` gives `a`, `b::c`, `b::d`.
fn paths_from_root(code: &str, depth: usize) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (byte, _) in code.match_indices("crate::") {
        if !ends_in_word(code, byte) {
            branches(code, byte + "crate::".len(), "", &mut found);
        }
    }
    let ups = "super::".repeat(depth);
    for (byte, _) in code.match_indices(&ups) {
        if !ends_in_word(code, byte) && !code.get(..byte).is_some_and(|before| before.ends_with("super::")) {
            branches(code, byte + ups.len(), "", &mut found);
        }
    }
    found
}

fn ends_in_word(code: &str, byte: usize) -> bool {
    code.get(..byte).and_then(|before| before.chars().next_back()).is_some_and(is_word)
}

/// Reads the path or the group of paths at a byte; returns the byte after it.
fn branches(code: &str, start: usize, prefix: &str, found: &mut Vec<(usize, String)>) -> usize {
    let rest = code.get(start..).unwrap_or_default();
    let trimmed = rest.trim_start();
    let at = start + rest.len() - trimmed.len();
    if trimmed.starts_with('{') {
        let mut next = at + 1;
        loop {
            let inside = code.get(next..).unwrap_or_default();
            let skipped = inside.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
            next += inside.len() - skipped.len();
            if skipped.is_empty() || skipped.starts_with('}') {
                return next + 1;
            }
            let after = branches(code, next, prefix, found);
            // `as name`, `*` and anything else up to the comma belong to the branch.
            let tail = code.get(after..).unwrap_or_default();
            next = after + tail.find([',', '}']).unwrap_or(tail.len());
        }
    }
    let word: &str = trimmed.split(|c: char| !is_word(c)).next().unwrap_or_default();
    if word.is_empty() {
        if !prefix.is_empty() {
            found.push((start, prefix.to_owned()));
        }
        return at;
    }
    let path = if prefix.is_empty() || word == "self" {
        if word == "self" { prefix.to_owned() } else { word.to_owned() }
    } else {
        format!("{prefix}::{word}")
    };
    let end = at + word.len();
    if code.get(end..).is_some_and(|after| after.starts_with("::")) {
        return branches(code, end + 2, &path, found);
    }
    found.push((at, path));
    end
}

#[test]
fn arrows_between_rooms_point_down_only() {
    expect_none(
        "A room uses another that it must not know. Move the code to the room that may, pass what is needed in, or \
         change the table in src/ARCHITECTURE.md and tests/tidy/rooms.rs with a reason.",
        &forbidden_arrows(&files_under("src")),
    );
}

#[test]
fn every_room_has_its_row_in_the_table() {
    let known = |room: &str| {
        ["cli", "lib", "main"].contains(&room)
            || FLOOR.contains(&room)
            || ROOMS.iter().any(|(name, _)| *name == room)
    };
    let strangers: Vec<Finding> = files_under("src")
        .iter()
        .filter(|file| file.is_rust())
        .filter(|file| !room_of(&file.path).is_some_and(known))
        .map(|file| Finding::new(&file.path, 0, "belongs to a room that the table does not have"))
        .collect();
    expect_none("Add the room to the table of arrows, to src/ARCHITECTURE.md and to src/lib.rs.", &strangers);
}

#[test]
fn the_table_itself_points_down() {
    for (index, (room, allowed)) in ROOMS.iter().enumerate() {
        for used in *allowed {
            let below = ROOMS.iter().skip(index + 1).any(|(name, _)| *name == room_of_path(used));
            assert!(below, "`{room}` uses `{used}`, which does not stand below it");
        }
    }
}

#[test]
fn an_arrow_that_points_up_is_found() {
    let bad = |path: &str, text: &str| -> Vec<String> {
        forbidden_arrows(&[File::new(path, text)])
            .into_iter()
            .map(|finding| format!("{}: {}", finding.line, finding.what))
            .collect()
    };
    assert_eq!(
        bad("src/domain/money.rs", "//! Doc.\nuse crate::store::Db;\n"),
        ["2: the room `domain` may not use `crate::store::Db`"]
    );
    assert_eq!(
        bad(
            "src/sandbox/mod.rs",
            "use crate::{\n    clock::Clock,\n    crypto::{second_opinion, sm3},\n    dialect as d,\n};"
        ),
        [
            "3: the room `sandbox` may not use `crate::crypto::sm3`",
            "4: the room `sandbox` may not use `crate::dialect`"
        ]
    );
    assert_eq!(
        bad("src/store/archive.rs", "fn f() { super::super::intake::accept::<u8>() }"),
        ["1: the room `store` may not use `crate::intake::accept`"]
    );
    assert_eq!(
        bad("src/domain/mod.rs", "fn f() -> super::clock::Clock {}"),
        ["1: the room `domain` may not use `crate::clock::Clock`"]
    );
    let fine = "use crate::domain::Fen; // crate::jobs\n#[cfg(test)]\nmod tests { use crate::jobs; }";
    assert_eq!(bad("src/store/mod.rs", fine), Vec::<String>::new());
}
