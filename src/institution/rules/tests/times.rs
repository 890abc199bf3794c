//! What the hour makes of an automatic decision.

use super::*;
use crate::clock::{from_wire, to_wire};

const CALENDAR: &str = "[calendar]\nholidays = ['2024-06-10']\n";

/// What becomes of an application over some yuan at a time in China.
fn at(rules: &Rules, question: Question, time: &str) -> Answer {
    rules.judge(question, &guarantee("5000"), from_wire(time).unwrap()).answer
}

#[test]
fn what_comes_outside_the_hours_waits_for_the_next_opening_by_default() {
    let rules =
        rules_with("surrender = 'automatic'\nhours = ['08:30-20:00']\nworking_days_only = true", CALENDAR);
    for question in [Question::Underwriting, Question::Surrender, Question::Cancellation] {
        for (time, opens) in [
            ("2024-06-03 08:29:59", Some("2024-06-03 08:30:00")),
            ("2024-06-03 08:30:00", None),
            ("2024-06-03 20:00:00", Some("2024-06-04 08:30:00")),
            // A Friday evening before a weekend and a holiday.
            ("2024-06-07 20:00:00", Some("2024-06-11 08:30:00")),
        ] {
            match (at(&rules, question, time), opens) {
                (Answer::Later(then), Some(opens)) => assert_eq!(to_wire(then), opens, "{time}"),
                (Answer::Commands(_), None) => {}
                (other, _) => panic!("{time}: {other:?}"),
            }
        }
    }
}

#[test]
fn what_comes_outside_the_hours_goes_to_people_or_is_turned_down_where_the_settings_say_so() {
    let night = "2024-06-03 23:00:00";
    let base =
        |how: &str| format!("surrender = 'automatic'\nhours = ['08:30-20:00']\noutside_hours = '{how}'");
    let manual = rules_with(&base("manual"), "");
    assert_eq!(at(&manual, Question::Underwriting, night), Answer::People);
    assert_eq!(at(&manual, Question::Surrender, night), Answer::People);
    let strict = rules_with(&base("decline"), "");
    assert!(declined(at(&strict, Question::Underwriting, night)).contains("受理时间"));
    // Who has a guarantee already waits.
    for question in [Question::Surrender, Question::Cancellation] {
        assert!(matches!(at(&strict, question, night), Answer::Later(_)), "{question:?}");
    }
}

#[test]
fn what_no_rule_decides_does_not_wait_for_an_hour() {
    let night = "2024-06-03 23:00:00";
    let hours = "hours = ['08:30-20:00']\nsurrender = 'callback'";
    assert_eq!(at(&rules(hours), Question::Underwriting, night), Answer::People);
    assert!(matches!(at(&rules(hours), Question::Surrender, night), Answer::CoreSystem { .. }));
}

/// Who is turned down at three in the morning while others wait could tell from it why.
#[test]
fn the_blacklist_answers_at_the_same_hours_as_everything_else() {
    let listing = rules_with("hours = ['08:30-20:00']\nblacklist = ['91350100MA0EXAMP1B']", "");
    assert!(matches!(at(&listing, Question::Underwriting, "2024-06-03 03:00:00"), Answer::Later(_)));
    assert_eq!(declined(at(&listing, Question::Underwriting, "2024-06-03 09:00:00")), "不符合承保条件");
}

#[test]
fn the_hours_may_be_others_for_a_time() {
    let entries =
        "[[rules]]\nname = 'busy'\nfrom = '2024-06-03'\nuntil = '2024-06-03'\nhours = ['00:00-24:00']";
    let rules = rules_with("hours = ['08:30-20:00']", entries);
    assert!(matches!(at(&rules, Question::Underwriting, "2024-06-03 03:00:00"), Answer::Commands(_)));
    let received_at = from_wire("2024-06-04 03:00:00").unwrap();
    let later = Guarantee { received_at, ..guarantee("5000") };
    let answer = rules.judge(Question::Underwriting, &later, received_at).answer;
    assert!(matches!(answer, Answer::Later(_)), "{answer:?}");
}
