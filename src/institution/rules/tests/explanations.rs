//! An explanation agrees with what is decided.

use rust_decimal::Decimal;

use super::*;
use crate::domain::guarantee::Stage;
use crate::institution::rules::explanation::{AnswerKind, Premium, PremiumBound, ValidityBasis};
use crate::institution::rules::figure::Source;

const BASE: &str = r#"
    tiers = [{ up_to = "100000.00", rate = "0.0063" }, { up_to = "500000.00", rate = "0.0051" }]
    maximum_premium = "2950.00"
"#;

const ENTRY: &str = r#"
    [[rules]]
    name = "june"
    from = "2024-06-01"
    until = "2024-06-30"
    minimum_premium = "210.00"
"#;

/// Amounts over the whole range and around each edge, in fen.
fn amounts() -> impl Iterator<Item = i64> {
    let edges = [100_000, 10_000_000, 50_000_000, 80_000_000];
    let around = edges.into_iter().flat_map(|edge| (-3..=3).map(move |off| edge + off));
    (0..2_000).map(|step| 90_000 + step * 40_961).chain(around)
}

#[test]
fn the_explained_premium_is_the_decided_one_for_every_amount_and_rounding() {
    for rounding in ["fen-half-up", "fen-up", "yuan-half-up", "yuan-up"] {
        let rules = rules_with(&format!("{BASE}\nrounding = '{rounding}'"), ENTRY);
        let mut bounds = std::collections::BTreeMap::new();
        for fen in amounts() {
            let yuan = format!("{}.{:02}", fen / 100, fen % 100);
            let known = guarantee(&yuan);
            match (rules.explain(&known, now()).premium, judged(&rules, &known)) {
                (Premium::Reckoned { premium, rate, product, bound, rounded, .. }, answer) => {
                    let terms = approved(answer);
                    assert_eq!(
                        (premium.as_str(), rate),
                        (terms.premium.to_string().as_str(), terms.rate.to_string())
                    );
                    let exact = yuan.parse::<Decimal>().unwrap() * terms.rate.0;
                    assert_eq!(product.parse::<Decimal>().unwrap(), exact, "{yuan}");
                    let expected = match bound {
                        PremiumBound::None => rounded,
                        PremiumBound::Minimum => "210.00".to_owned(),
                        PremiumBound::Maximum => "2950.00".to_owned(),
                    };
                    assert_eq!(premium, expected, "{yuan}");
                    *bounds.entry(format!("{bound:?}")).or_insert(0) += 1;
                }
                (Premium::Refused { reason, .. }, answer) => assert_eq!(declined(answer), reason, "{yuan}"),
            }
        }
        assert!(bounds.len() == 3 && bounds.values().all(|times| *times > 10), "{bounds:?}");
    }
}

#[test]
fn each_key_is_there_with_its_value_and_where_it_comes_from() {
    let explanation = rules_with(BASE, ENTRY).explain(&guarantee("5000"), now());
    let line = |key: &str| explanation.figures.iter().find(|line| line.key == key).unwrap();
    let (from, until) = (Some("2024-06-01".parse().unwrap()), Some("2024-06-30".parse().unwrap()));
    let june = Source::Entry { name: "june".into(), from, until };
    for (key, value, source) in [
        ("rate", "0.004", &Source::Platform),
        ("minimum_premium", "210.00 元", &june),
        ("maximum_premium", "2950.00 元", &Source::Platform),
        ("tiers", "不超过 100000.00 元：0.0063；不超过 500000.00 元：0.0051", &Source::Platform),
        ("rounding", "fen-half-up（四舍五入到分）", &Source::Default),
        ("answer_within", "30m", &Source::Default),
        ("hours", "全天", &Source::Default),
        ("blacklist", "无", &Source::Default),
    ] {
        assert_eq!((line(key).value.as_str(), &line(key).source), (value, source), "{key}");
    }
    let Premium::Reckoned { rate_source, .. } = &explanation.premium else { panic!() };
    assert_eq!(rate_source, &Source::Platform);
}

#[test]
fn the_core_system_reads_amounts_as_texts_and_days_as_days() {
    let json = serde_json::to_value(rules_with(BASE, ENTRY).explain(&guarantee("5000"), now())).unwrap();
    assert_eq!(json["received_on"], "2024-06-03");
    assert_eq!(json["at"], "2024-06-03T01:15:27Z");
    assert_eq!(json["premium"]["outcome"], "reckoned");
    assert_eq!(json["premium"]["product"], "31.5");
    assert_eq!(json["premium"]["bound"], "minimum");
    assert_eq!(json["premium"]["premium"], "210.00");
    assert_eq!(json["answers"][0]["answer"], "yes");
    assert_eq!(json["differences"], serde_json::Value::Null);
    let minimum =
        json["figures"].as_array().unwrap().iter().find(|it| it["key"] == "minimum_premium").unwrap();
    assert_eq!(minimum["source"]["kind"], "entry");
    assert_eq!(
        (&minimum["source"]["name"], &minimum["source"]["until"]),
        (&"june".into(), &"2024-06-30".into())
    );
}

#[test]
fn it_says_what_the_rules_would_answer_now_and_why() {
    let listed = "hours = ['10:00-11:00']\nblacklist = ['91350100MA0EXAMP1B']\nhours_before_opening = 2";
    let mut known = guarantee_with(&[(Particular::OpeningTime, "2024-06-03 10:30:00")]);
    let explanation = rules_with(listed, "").explain(&known, now());
    assert_eq!((explanation.blacklist.listed, explanation.blacklist.list), (true, Some("blacklist")));
    assert!(!explanation.hours.open && explanation.opening.too_near);
    let [answer] = &explanation.answers[..] else { panic!("{:?}", explanation.answers) };
    assert_eq!((answer.question, answer.open, answer.answer), ("underwriting", true, AnswerKind::Later));
    assert_eq!(answer.later.unwrap().to_string(), "2024-06-03T02:00:00Z");
    let open = rules_with(listed, "").explain(&known, "2024-06-03T02:00:00Z".parse().unwrap());
    let told = open.answers[0].told.as_deref();
    assert_eq!((open.answers[0].answer, told), (AnswerKind::No, Some("不符合承保条件")));
    assert!(open.answers[0].ground.contains("黑名单"));
    known.stage = Stage::Declined;
    assert!(!rules_with(listed, "").explain(&known, now()).answers[0].open);
}

#[test]
fn recorded_terms_that_are_not_those_of_the_rules_are_named() {
    let rules = rules_with(BASE, ENTRY);
    let decided =
        |terms: Terms| Guarantee { terms: Some(terms), stage: Stage::Approved, ..guarantee("5000") };
    let by_rule = rules.terms(&guarantee("5000"), now()).unwrap();
    // The last day is counted from the approval, whenever one looks at it afterwards.
    let month_later = "2024-07-03T01:15:27Z".parse().unwrap();
    for at in [now(), month_later] {
        assert_eq!(rules.explain(&decided(by_rule.clone()), at).differences, Some(Vec::new()));
    }
    let mut other = by_rule;
    other.premium = "99".parse().unwrap();
    other.guarantee_number = crate::domain::identity::GuaranteeNumber::new("MY-1");
    other.validity.latest = "2026-01-01".parse().unwrap();
    let differences = rules.explain(&decided(other), month_later).differences.unwrap();
    let named: Vec<_> =
        differences.iter().map(|it| (it.what, it.recorded.as_str(), it.ruled.as_str())).collect();
    assert_eq!(
        named,
        [
            ("保费", "99.00", "210.00"),
            ("保函编号", "MY-1", "以 BH 开头"),
            ("担保止期", "2026-01-01", "2024-12-30"),
        ]
    );
}

#[test]
fn it_says_what_gave_the_last_day() {
    let rules = rules("");
    let basis = |particulars: &[(Particular, &str)]| {
        let validity = rules.explain(&guarantee_with(particulars), now()).validity;
        (validity.basis, validity.latest.to_string(), validity.empty.is_some())
    };
    let (until, months) = (Particular::GuaranteeUntil, Particular::GuaranteeMonths);
    assert_eq!(basis(&[]), (ValidityBasis::LongestValidityDays, "2024-11-30".into(), false));
    assert_eq!(basis(&[(months, "2")]), (ValidityBasis::AskedMonths, "2024-08-02".into(), false));
    assert_eq!(
        basis(&[(months, "2"), (until, "20240602")]),
        (ValidityBasis::AskedDay, "2024-06-02".into(), true)
    );
}
