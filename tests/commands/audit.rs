//! `baohan audit` on a database that a demonstration has left.

use crate::demonstration::House;

#[test]
fn what_is_changed_at_the_command_line_is_listed_with_the_account_and_verified() {
    let house = House::new();
    let before = entries(&house, &[]).len();
    let made = house.run(&["api-keys", "create", "--client", "core", "--scopes", "read"]).succeeded();
    let id = made.lines().find_map(|line| line.strip_prefix("id:")).unwrap().trim().to_owned();
    house.run(&["api-keys", "revoke", &id]).succeeded();
    assert_eq!(house.run(&["api-keys", "revoke", &id]).code, 1);
    house.run(&["platforms", "pause", "hainan", "--by", "王工", "--reason", "维护"]).succeeded();
    house.run(&["platforms", "resume", "hainan", "--by", "李工"]).succeeded();

    let listed = entries(&house, &[]);
    let actions: Vec<&str> = listed.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    let expected = ["platform.resume", "platform.pause", "api-key.revoke", "api-key.create"];
    assert_eq!((&actions[..4], actions.len()), (&expected[..], before + 4));
    assert!(listed[0]["actor"].as_str().unwrap().starts_with("command-line "), "{}", listed[0]);
    assert_eq!(listed[1]["detail"]["reason"], "维护");
    assert_eq!(listed[3]["subject"]["id"], id.as_str());
    assert!(!listed[3].to_string().contains("bhk_"), "{}", listed[3]);
    assert_eq!(entries(&house, &["--action", "platform.", "--limit", "1"]).len(), 1);
    let table = house.run(&["audit", "list", "--subject", &id]).succeeded();
    assert!(table.lines().count() == 3 && table.contains("api-key.revoke"), "{table}");

    let said = house.run(&["audit", "verify"]).succeeded();
    assert!(said.contains("ok   entries 1 to ") && said.contains("note no anchors were given"), "{said}");
    let idle = house.run(&["audit", "reseal", "--reason", "x"]);
    assert!(idle.code == 2 && idle.complaint.contains("nothing to reseal"), "{idle:?}");
}

#[test]
fn a_file_that_holds_no_anchors_proves_nothing() {
    let house = House::new();
    std::fs::write(house.path("empty"), "something else\n").unwrap();
    let empty = house.path("empty").display().to_string();
    for option in ["--anchor", "--log"] {
        let refused = house.run(&["audit", "verify", option, &empty]);
        assert!(refused.code == 2 && refused.complaint.contains("found none"), "{refused:?}");
        let missing = house.run(&["audit", "verify", option, "nowhere"]);
        assert!(missing.code == 2 && missing.complaint.contains("`nowhere`"), "{missing:?}");
    }
}

fn entries(house: &House, filter: &[&str]) -> Vec<serde_json::Value> {
    let said = house.run(&[&["audit", "list", "--json"], filter].concat()).succeeded();
    said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
