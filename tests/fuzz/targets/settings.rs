//! Settings and dialect tables, which people write: the first byte says which. Whatever is wrong is refused in words that
//! name no secret.

use std::io::Write;
use std::sync::LazyLock;

use baohan_gateway::dialect::{PlatformOptions, Profile, Registry, Table};
use baohan_gateway::domain::identity::PlatformId;
use baohan_gateway::settings;

use crate::platforms::choice;

const SECRET: &str = "secret-of-a-platform";

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| Registry::built_in().unwrap());

pub fn run(input: &[u8]) {
    let [form, rest @ ..] = input else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    match choice(*form, 4) {
        0 => table(text),
        1 => options(text),
        2 => {
            let with_secret = format!(
                "dialect = 'hainan-2024'\ntitle = '海南'\nappkey = 'x'\nappsecret = '{SECRET}'\n\
                 base_url = 'https://platform.example/'\n{text}"
            );
            options(&with_secret);
        }
        _ => whole(text),
    }
}

/// A table that is taken makes platforms, or says what they lack.
fn table(text: &str) {
    let parsed = Table::parse("fuzzed.toml", text);
    let Ok(table) = parsed else { return };
    let options = format!(
        "dialect = '{}'\ntitle = 'x'\nappkey = 'x'\nappsecret = 'x'\nbase_url = 'https://platform.example/'",
        table.id
    );
    if let Ok(options) = toml::from_str::<PlatformOptions>(&options)
        && let Ok(profile) = Profile::new(PlatformId::new("fuzzed"), &table, &options)
    {
        drop((profile.secrecy(), profile.sealed_fields(), profile.longest_guarantee_number()));
        drop(profile.open(None, None, b"{}", crate::platforms::now()));
    }
    let mut registry = Registry::built_in().unwrap();
    assert_eq!(registry.add("fuzzed.toml", text).is_ok(), REGISTRY.table(&table.id).is_none());
}

fn options(text: &str) {
    let options = match toml::from_str::<PlatformOptions>(text) {
        Ok(options) => options,
        Err(_) => return,
    };
    for table in REGISTRY.tables() {
        match Profile::new(PlatformId::new("fuzzed"), table, &options) {
            Ok(profile) => assert!(!format!("{profile:?}").contains(SECRET)),
            Err(refusal) => assert!(!refusal.to_string().contains(SECRET), "{refusal}"),
        }
    }
}

/// A whole file of settings. Keys that name files of secrets are left out: the file could be anything of this machine.
fn whole(text: &str) {
    if text.contains("_file") {
        return;
    }
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    match settings::load(&[file.path().to_owned()]) {
        Ok(settings) => drop(format!("{settings:?}")),
        Err(refusal) => assert!(!refusal.to_string().is_empty()),
    }
}
