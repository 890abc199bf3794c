//! `baohan users`; what people do with their accounts is told by `tests/gateway/console`.

use crate::demonstration::House;

#[test]
fn the_first_administrator_is_made_at_the_command_line_and_is_never_the_last_to_go() {
    let house = House::new();
    assert_eq!(
        house.run(&["users", "list"]).succeeded().lines().count(),
        1,
        "there is no account from the start"
    );
    let made = house.run(&["users", "add", "Chief", "--role", "administrator", "--by", "root"]).succeeded();
    let password = made.lines().find_map(|line| line.strip_prefix("password: ")).unwrap();
    assert_eq!(password.split('-').map(str::len).collect::<Vec<_>>(), [4; 5], "{made}");
    house.run(&["users", "add", "zhang.san", "--role", "operations,maker", "--by", "root"]).succeeded();

    let listed = house.run(&["users", "list"]).succeeded();
    assert!(!listed.contains(password), "{listed}");
    let cells = |name: &str| -> Vec<String> {
        let listed = house.run(&["users", "list"]).succeeded();
        let line = listed.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{listed}"));
        line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
    };
    assert_eq!(cells("chief")[1..4], ["administrator", "password", "no"]);
    assert_eq!(cells("zhang.san")[1], "operations,maker");
    assert_eq!(cells("zhang.san")[5], "has not chosen a password yet");

    for refused in [
        &["disable", "chief"][..],
        &["roles", "chief", "--role", "auditor"],
        &["roles", "zhang.san", "--role", "maker,checker"],
        &["roles", "zhang.san", "--role", "auditor,operations"],
        &["add", "zhang.san", "--role", "maker"],
        &["add", "a b", "--role", "maker"],
        &["disable", "nobody"],
    ] {
        let run = house.run(&[&["users"], refused, &["--by", "root"]].concat());
        assert!(run.code == 1 && !run.out.is_empty(), "{refused:?}: {run:?}");
    }
    for (done, state) in [("disable", "disabled"), ("enable", "has not chosen a password yet")] {
        house.run(&["users", done, "zhang.san", "--by", "root"]).succeeded();
        assert_eq!(cells("zhang.san")[5], state);
    }
    let reset = house.run(&["users", "reset-password", "zhang.san", "--by", "root"]).succeeded();
    assert!(reset.contains("password: "), "{reset}");
    house.run(&["users", "reset-second-factor", "zhang.san", "--by", "root"]).succeeded();
    house.run(&["users", "roles", "zhang.san", "--role", "checker", "--by", "root"]).succeeded();
    assert_eq!(cells("zhang.san")[1], "checker");
    let nameless = house.run(&["users", "disable", "zhang.san"]);
    assert!(nameless.code == 2 && nameless.complaint.contains("--by"), "{nameless:?}");
}
