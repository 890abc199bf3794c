//! `baohan rules`: which figures hold, and how those of an application came about.

use serde_json::Value;

use crate::demonstration::{House, report};

const ENTRIES: &str = r#"
[[rules]]
name = "long ago"
until = "2020-12-31"
rate = "0.009"
[[rules]]
name = "from now on"
platforms = ["hainan"]
rate = "0.0052"
minimum_premium = "5000.00"
"#;

/// A finished demonstration whose rules were changed since.
fn house_with_entries() -> House {
    let house = House::new();
    let text = std::fs::read_to_string(house.settings()).unwrap();
    std::fs::write(house.settings(), format!("{text}\n{ENTRIES}")).unwrap();
    house
}

fn application() -> String {
    report()["guarantees"][0]["application"].as_str().unwrap().to_owned()
}

/// The text of a yuan amount in an explanation.
fn fen(text: &Value) -> i64 {
    text.as_str().unwrap().replace('.', "").parse().unwrap()
}

#[test]
fn the_figures_of_a_day_are_listed_with_the_entry_that_gave_each() {
    let house = house_with_entries();
    let today = house.run(&["rules", "list"]).succeeded();
    for expected in [
        "费率：0.0052  ← 规则 from now on",
        "最低保费：5000.00 元  ← 规则 from now on",
        "最大担保金额：800000.00 元  ← 平台设置",
        "保费取整：fen-half-up（四舍五入到分）  ← 默认值",
        "规则 long ago：自 不限 至 2020-12-31，已经结束",
        "规则 from now on：自 不限 至 不限，适用",
    ] {
        assert!(today.contains(expected), "{expected}\n{today}");
    }
    let text = std::fs::read_to_string(house.settings()).unwrap();
    std::fs::write(house.settings(), text.replace("platforms = [\"hainan\"]", "from = 2021-01-01")).unwrap();
    let before = house.run(&["rules", "list", "--platform", "hainan", "--on", "2020-12-31"]).succeeded();
    assert!(before.contains("费率：0.009  ← 规则 long ago（至 2020-12-31）"), "{before}");
    assert!(before.contains("自 2021-01-01 至 不限，尚未开始"), "{before}");
    let after = house.run(&["rules", "list", "--on", "2021-01-01"]).succeeded();
    assert!(after.contains("费率：0.0052  ← 规则 from now on（2021-01-01 起）"), "{after}");
}

#[test]
fn an_application_is_explained_step_by_step_and_agrees_with_what_was_decided() {
    let house = House::new();
    let said = house.run(&["rules", "explain", "--platform", "hainan", &application()]).succeeded();
    for expected in [
        "各项规则",
        "费率 0.004  ← 平台设置",
        "× 0.004 =",
        "四舍五入到分：",
        "办理时段：在时段内",
        "开标时间：未知",
        "黑名单：不在列",
        "承保（已了结）：同意；符合各项规则",
        "与规则一致",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
}

#[test]
fn terms_that_the_rules_of_today_would_not_give_are_named() {
    let house = house_with_entries();
    let explain = ["rules", "explain", "--platform", "hainan", &application()];
    let said = house.run(&explain).succeeded();
    assert!(said.contains("费率：已登记 0.004，按规则 0.0052"), "{said}");
    let json = house.run(&[&explain[..], &["--json"]].concat()).succeeded();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["application"], application().as_str());
    let premium = &json["premium"];
    assert_eq!(
        (&premium["rate"], &premium["rate_source"]["name"]),
        (&"0.0052".into(), &"from now on".into())
    );
    let expected = fen(&premium["rounded"]).max(500_000);
    assert_eq!(fen(&premium["premium"]), expected);
    let differences = json["differences"].as_array().unwrap();
    assert!(
        differences.iter().any(|it| it["what"] == "保费" && fen(&it["ruled"]) == expected),
        "{differences:?}"
    );
}

#[test]
fn what_can_not_be_explained_is_said_with_what_there_is() {
    let house = House::new();
    let unknown = house.run(&["rules", "explain", "--platform", "hainan", "A1"]);
    assert!(unknown.code == 2 && unknown.complaint.contains("no application `A1`"), "{unknown:?}");
    for command in
        [&["rules", "list", "--platform", "nowhere"][..], &["rules", "explain", "-p", "nowhere", "A1"]]
    {
        let nowhere = house.run(command);
        assert!(
            nowhere.code == 2 && nowhere.complaint.contains("expected one of hainan, found `nowhere`"),
            "{nowhere:?}"
        );
    }
}

#[test]
fn entries_that_contradict_the_rest_stop_the_check_and_tell_their_name() {
    let house = house_with_entries();
    assert!(house.run(&["check"]).succeeded().contains("rules `from now on` for what is received from"));
    house.edit("minimum_premium = \"5000.00\"", "smallest_amount = \"900000.00\"");
    let said = house.run(&["check"]);
    assert!(
        said.code == 1 && said.out.contains("platforms.hainan: rules `from now on`: smallest_amount"),
        "{said:?}"
    );
}
