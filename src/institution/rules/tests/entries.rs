//! Entries of `[[rules]]`: which of them hold, which wins, and which can't be meant.

use super::*;

const SPRING: &str = r#"
[[rules]]
name = "spring"
from = "2024-03-01"
until = "2024-05-31"
rate = "0.003"
minimum_premium = "150.00"

[[rules]]
name = "may"
from = "2024-05-01"
until = "2024-05-31"
rate = "0.002"

[[rules]]
name = "ever"
number_prefix = "EV"
"#;

/// The rate with its entry, and the minimum premium with its own, for what is received on a day.
fn holding(rules: &Rules, day: &str) -> [(String, String); 2] {
    let figures = rules.figures(day.parse().unwrap());
    let named = |source: &figure::Source| match source {
        figure::Source::Entry { name, .. } => name.clone(),
        other => format!("{other:?}"),
    };
    [
        (figures.rate.value.0.to_string(), named(&figures.rate.source)),
        (figures.minimum_premium.value.0.to_string(), named(&figures.minimum_premium.source)),
    ]
}

#[test]
fn an_entry_holds_from_its_first_day_to_its_last_and_a_later_one_wins_key_by_key() {
    let rules = rules_with("", SPRING);
    for (day, rate, minimum) in [
        ("2024-02-29", ("0.004", "Platform"), ("200.00", "Platform")),
        ("2024-03-01", ("0.003", "spring"), ("150.00", "spring")),
        ("2024-04-30", ("0.003", "spring"), ("150.00", "spring")),
        ("2024-05-01", ("0.002", "may"), ("150.00", "spring")),
        ("2024-05-31", ("0.002", "may"), ("150.00", "spring")),
        ("2024-06-01", ("0.004", "Platform"), ("200.00", "Platform")),
    ] {
        let owned = |(value, name): (&str, &str)| (value.to_owned(), name.to_owned());
        assert_eq!(holding(&rules, day), [owned(rate), owned(minimum)], "{day}");
        assert_eq!(rules.figures(day.parse().unwrap()).number_prefix.value.0, "EV");
    }
}

#[test]
fn the_order_of_the_settings_decides_and_not_that_of_the_days() {
    let entry = |name: &str, from: &str, rate: &str| {
        format!("[[rules]]\nname = '{name}'\nfrom = '{from}'\nrate = '{rate}'\n")
    };
    let (early, late) = (entry("early", "2024-01-01", "0.001"), entry("late", "2024-05-01", "0.009"));
    for (text, wins) in [(format!("{early}{late}"), "late"), (format!("{late}{early}"), "early")] {
        assert_eq!(holding(&rules_with("", &text), "2024-06-01")[0].1, wins);
    }
}

#[test]
fn the_day_in_china_on_which_an_application_was_received_counts_and_not_today() {
    let rules = rules_with("", SPRING);
    for (received_at, premium) in [
        // Five minutes before and five minutes after midnight in China.
        ("2024-05-31T15:55:00Z", "1600"),
        ("2024-05-31T16:05:00Z", "3200"),
    ] {
        let received_at = received_at.parse().unwrap();
        let known = Guarantee { received_at, ..guarantee("800000") };
        assert_eq!(approved(judged(&rules, &known)).premium, premium.parse().unwrap(), "{received_at}");
        assert_eq!(rules.terms(&known, now()).unwrap().premium, premium.parse().unwrap());
    }
}

#[test]
fn filters_say_for_whom_an_entry_is() {
    for (filter, holds) in [
        ("", true),
        ("platforms = ['somewhere']", true),
        ("platforms = ['elsewhere']", false),
        ("platforms = ['elsewhere', 'somewhere']", true),
        ("products = ['bid-bond']", true),
        ("products = ['advance-payment']", false),
        ("kinds = ['insurer', 'bank']", true),
        ("kinds = ['guarantee-company']", false),
        ("platforms = ['somewhere']\nkinds = ['bank']", false),
    ] {
        let rules = rules_with("", &format!("[[rules]]\nname = 'a'\n{filter}\nrate = '0.001'"));
        assert_eq!(holding(&rules, "2024-06-01")[0].1 == "a", holds, "{filter}");
    }
}

#[test]
fn the_account_that_has_to_pay_follows_the_entries() {
    let rules = rules_with("", "[[rules]]\nname = 'a'\nuntil = '2024-06-02'\npayer = 'any-account'");
    assert_eq!(rules.payer(&guarantee("5000")), PayerRule::BasicAccountOnly);
    let received_at = "2024-06-02T01:00:00Z".parse().unwrap();
    let before = Guarantee { received_at, ..guarantee("5000") };
    assert_eq!(rules.payer(&before), PayerRule::AnyAccount);
}

#[test]
fn an_entry_can_take_back_what_the_platforms_section_says() {
    let base = "maximum_premium = '1000.00'\nhours = ['08:00-08:01']\nblacklist = ['91350100MA0EXAMP1B']";
    assert!(matches!(judged(&rules_with(base, ""), &guarantee("800000")), Answer::Later(_)));
    let freed = "[[rules]]\nname = 'a'\nmaximum_premium = 'none'\nhours = []\nblacklist = []";
    assert_eq!(
        approved(judged(&rules_with(base, freed), &guarantee("800000"))).premium,
        "3200".parse().unwrap()
    );
}

#[test]
fn entries_that_can_not_be_meant_are_refused_by_their_name() {
    let entry = |text: &str| format!("[[rules]]\nname = 'winter'\n{text}\n");
    let twice = format!("{}{}", entry("rate = '0.001'"), entry("rate = '0.002'"));
    let rows = [
        (entry("rate = '0.001'\nplatforms = ['nowhere']"), "`nowhere`"),
        (entry("rate = '0.001'\nplatforms = []"), "platforms: expected at least one"),
        (entry("rate = '0.001'\nkinds = []"), "kinds: expected at least one"),
        (
            entry("rate = '0.001'\nfrom = '2024-06-02'\nuntil = '2024-06-01'"),
            "`2024-06-02`, found `2024-06-01`",
        ),
        (entry("from = '2024-06-02'"), "expected a key of underwriting"),
        (twice, "twice"),
    ];
    for (entries, expected) in rows {
        let message = try_rules("", &entries).unwrap_err();
        assert!(message.contains("`winter`") && message.contains(expected), "{message}");
    }
    let nameless = try_rules("", "[[rules]]\nname = ' '\nrate = '0.001'").unwrap_err();
    assert!(nameless.contains("found none at entry 1"), "{nameless}");
    assert!(try_rules("", &entry("rate = '0.001'\nfrom = '2024-06-02'\nuntil = '2024-06-02'")).is_ok());
}

#[test]
fn every_combination_that_comes_to_hold_is_looked_at_before_it_does() {
    let overlapping = |second: &str| {
        format!(
            "[[rules]]\nname = 'more'\nfrom = '2030-01-01'\nuntil = '2030-12-31'\nsmallest_amount = '500000.00'\n\
             [[rules]]\nname = 'less'\n{second}\nlargest_amount = '400000.00'\n"
        )
    };
    let message = try_rules("", &overlapping("from = '2030-12-31'")).unwrap_err();
    assert_eq!(
        message,
        "rules `less`: largest_amount: expected an amount not below smallest_amount, `500000.00`, found `400000.00`, \
         for what is received from 2030-12-31 on"
    );
    assert!(try_rules("", &overlapping("from = '2031-01-01'")).is_ok());
    assert!(try_rules("", &overlapping("until = '2029-12-31'")).is_ok());
    // The last day is inside.
    assert!(try_rules("", &overlapping("until = '2030-01-01'")).is_err());
    // One that does not hold here contradicts nothing.
    assert!(try_rules("", &overlapping("platforms = ['elsewhere']")).is_ok());

    let raised = try_rules("", "[[rules]]\nname = 'high'\nsmallest_amount = '900000.00'").unwrap_err();
    assert!(raised.starts_with("rules `high`: smallest_amount: expected an amount not above"), "{raised}");
    let capped = "[[rules]]\nname = 'dear'\nminimum_premium = '600.00'";
    let capped = try_rules("maximum_premium = '500.00'", capped).unwrap_err();
    assert!(capped.starts_with("rules `dear`: minimum_premium: expected an amount not above"), "{capped}");
    let listed = try_rules("", "[[rules]]\nname = 'l'\nblacklist_file = '/nowhere/l'").unwrap_err();
    assert!(listed.starts_with("rules `l`: blacklist_file: expected a list"), "{listed}");
}
