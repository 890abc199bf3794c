//! `baohan api-keys` and `baohan openapi`; what keys open is told by `tests/gateway/core_system/access.rs`.

use crate::demonstration::House;
use crate::program::baohan;

#[test]
fn a_key_is_shown_once_listed_without_it_and_revoked_for_good() {
    let house = House::new();
    let create = ["api-keys", "create", "--client", "core", "--scopes", "read,underwrite,read"];
    let made = house.run(&create).succeeded();
    let value = |name: &str| {
        let line = made.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{made}")).trim().to_owned()
    };
    let (id, key) = (value("id:"), value("key:"));
    assert!(key.starts_with("bhk_") && key.len() == 47, "{key}");
    let dated = house.run(&[create.as_slice(), &["--expires", "2099-12-31"]].concat()).succeeded();
    assert!(dated.contains("key: bhk_") && !dated.contains(&key), "{dated}");

    let listed = house.run(&["api-keys", "list"]).succeeded();
    assert!(!listed.contains("bhk_"), "{listed}");
    let lines: Vec<Vec<&str>> = listed
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    assert_eq!(lines[0], ["id", "client", "scopes", "created", "expires", "last used", "state"]);
    assert_eq!((lines[1][0], &lines[1][1..3]), (id.as_str(), ["core", "read,underwrite"].as_slice()));
    assert_eq!(lines[1][4..], ["never", "never", "valid"]);
    assert_eq!(lines[2][4..], ["2100-01-01 00:00:00", "never", "valid"], "the last day counts, in China");

    assert_eq!(house.run(&["api-keys", "revoke", &id]).succeeded(), format!("key {id} is revoked\n"));
    let again = house.run(&["api-keys", "revoke", &id]);
    assert!(again.code == 1 && again.out.contains(&id), "{again:?}");
    let listed = house.run(&["api-keys", "list"]).succeeded();
    assert!(listed.lines().any(|line| line.starts_with(&id) && line.ends_with("revoked")), "{listed}");
}

#[test]
fn what_is_wrong_with_a_key_to_be_made_is_said() {
    let house = House::new();
    for (arguments, expected) in [
        (&["--client", "core", "--scopes", "read,write"][..], "expected one of read, documents, underwrite,"),
        (&["--client", "core"], "--scopes"),
        (&["--scopes", "read"], "--client"),
        (&["--client", "a core", "--scopes", "read"], "--client: expected 1 to 64 letters"),
        (&["--client", "core", "--scopes", "read", "--expires", "2020-01-01"], "expected a day from"),
        (&["--client", "core", "--scopes", "read", "--expires", "tomorrow"], "--expires"),
        (&["--client", "core", "--scopes", "read", "--days", "0"], "1..=3660"),
        (
            &["--client", "core", "--scopes", "read", "--days", "1", "--expires", "2099-01-01"],
            "cannot be used with",
        ),
    ] {
        let refused = house.run(&[&["api-keys", "create"], arguments].concat());
        assert!(refused.code == 2 && refused.complaint.contains(expected), "{arguments:?}: {refused:?}");
    }
    assert_eq!(house.run(&["api-keys", "list"]).succeeded().lines().count(), 1);
}

#[test]
fn the_committed_description_is_the_one_that_the_program_prints() {
    let printed = baohan(&["openapi"]).succeeded();
    let committed = include_str!("../../deploy/openapi.json");
    let differs = printed.lines().zip(committed.lines()).position(|(new, old)| new != old);
    assert!(
        printed == committed,
        "deploy/openapi.json differs from line {:?} on; write it anew with `cargo run -- openapi > deploy/openapi.json`",
        differs.map(|index| index + 1)
    );
}

#[test]
fn a_description_may_name_the_institutions_own_server() {
    let printed = baohan(&["openapi", "--server", "https://gateway.example.com"]).succeeded();
    let printed: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed["servers"], serde_json::json!([{"url": "https://gateway.example.com"}]));
    assert_eq!(printed["openapi"], "3.1.0");
}

#[test]
fn a_check_says_how_the_core_systems_interface_is_protected() {
    let house = House::new();
    assert!(!house.run(&["check"]).succeeded().contains("core system's interface"));
    house.edit("[institution]", "[api]\nlisten = \"127.0.0.1:0\"\n[institution]");
    let alone = house.run(&["check"]).succeeded();
    assert!(alone.contains("ok   core system's interface: 127.0.0.1:0 without TLS"), "{alone}");
    assert!(!alone.contains("WARN"), "{alone}");
    house.edit("listen = \"127.0.0.1:0\"", "listen = \"0.0.0.0:0\"");
    let exposed = house.run(&["check"]).succeeded();
    assert!(exposed.contains("WARN api.listen") && exposed.contains("in the clear"), "{exposed}");
}
