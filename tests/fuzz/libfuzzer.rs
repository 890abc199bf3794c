//! The coverage-guided fuzzer: libFuzzer's main loop round the target that BAOHAN_FUZZ_TARGET names. `tests/fuzz/run`
//! builds and starts it. Three names are no targets: `list` tells them, `seeds` writes what a corpus begins with, and
//! `material` makes the files anew that targets change.
#![no_main]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a target panics where a promise is broken"
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

use std::io::Write;
use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<&'static targets::Target> = LazyLock::new(|| {
    let name = std::env::var_os("BAOHAN_FUZZ_TARGET").unwrap_or_default();
    let name = name.to_string_lossy();
    match name.as_ref() {
        "list" => list(),
        "seeds" => write_seeds(),
        "material" => making::make(Path::new("tests/fuzz/material")),
        name => return targets::named(name).unwrap_or_else(|| panic!("no target is called `{name}`")),
    }
    std::process::exit(0);
});

fn list() {
    let lines: Vec<String> =
        targets::ALL.iter().map(|target| format!("{} {}\n", target.name, target.longest)).collect();
    std::io::stdout().write_all(lines.concat().as_bytes()).unwrap();
}

fn write_seeds() {
    for target in targets::ALL {
        let folder = Path::new("target/fuzz/seeds").join(target.name);
        std::fs::create_dir_all(&folder).unwrap();
        for (index, seed) in seeds::of(target.name).iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{index:03}")), seed).unwrap();
        }
    }
}

fuzz_target!(
    init: {
        // The hook that was set just now aborts before anything can be caught, and drawing a PDF catches what panics in a
        // library. What nothing catches still aborts, with the input kept.
        drop(std::panic::take_hook());
        LazyLock::force(&TARGET);
    },
    |input: &[u8]| (TARGET.run)(input)
);
