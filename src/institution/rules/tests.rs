//! What the built-in rules answer, and which settings they refuse.

mod entries;
mod explanations;
mod times;

use std::time::Duration;

use super::values::Yuan;
use super::*;
use crate::domain::Command;
use crate::domain::application::Application;
use crate::domain::command::PayerRule;
use crate::domain::identity::{GuaranteeId, PlatformId};
use crate::domain::particulars::Particular;
use crate::domain::product::{InstitutionKind, Product};
use crate::domain::terms::BasicAccount;

/// A Monday, 09:15:27 in China.
fn now() -> Timestamp {
    "2024-06-03T01:15:27Z".parse().unwrap()
}

fn try_options(more: &str) -> Result<UnderwritingOptions, String> {
    let text = format!(
        r#"
        rate = "0.004"
        minimum_premium = "200.00"
        smallest_amount = "1000.00"
        largest_amount = "800000.00"
        {more}
        "#
    );
    toml::from_str(&text).map_err(|error: toml::de::Error| error.to_string())
}

fn options(more: &str) -> UnderwritingOptions {
    try_options(more).unwrap()
}

fn rules(more: &str) -> Rules {
    Rules::new(options(more), "示例财产保险股份有限公司").unwrap()
}

/// Rules that decide by themselves, with entries of `[[rules]]`.
fn rules_with(more: &str, entries: &str) -> Rules {
    try_rules(more, entries).unwrap()
}

fn try_rules(more: &str, entries: &str) -> Result<Rules, String> {
    #[derive(serde::Deserialize)]
    struct Settings {
        #[serde(default)]
        rules: Vec<EntryOptions>,
        #[serde(default)]
        calendar: crate::institution::calendar::CalendarOptions,
    }
    let settings: Settings = toml::from_str(entries).map_err(|error| error.to_string())?;
    let scope = Scope {
        platform: PlatformId::new("somewhere"),
        product: Product::BidBond,
        kind: InstitutionKind::Insurer,
    };
    let book = Rulebook::new(&settings.rules, &settings.calendar, ["somewhere", "elsewhere"]);
    let base = options(&format!("mode = \"automatic\"\n{more}"));
    book.map_err(|it| it.to_string())?.rules(&scope, base, "示例").map_err(|it| it.to_string())
}

fn guarantee(amount: &str) -> Guarantee {
    let application = Application::for_testing(amount);
    Guarantee::apply(GuaranteeId::new("id-1"), PlatformId::new("somewhere"), application, now())
}

fn guarantee_with(particulars: &[(Particular, &str)]) -> Guarantee {
    let mut known = guarantee("5000");
    let owned = particulars.iter().map(|(particular, text)| (*particular, (*text).to_owned()));
    known.application.particulars = owned.collect();
    known
}

fn answer(rules: &Rules, question: Question, amount: &str) -> Answer {
    let known = guarantee(amount);
    rules.consult(question, &known, now()).now_or_never().unwrap().unwrap()
}

fn judged(rules: &Rules, guarantee: &Guarantee) -> Answer {
    rules.judge(Question::Underwriting, guarantee, now()).answer
}

/// The reason of an application that is declined.
fn declined(answer: Answer) -> String {
    match answer {
        Answer::Commands(commands) => match &commands[..] {
            [Command::Decline { reason, .. }] => reason.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// The terms of an application that is approved.
fn approved(answer: Answer) -> Terms {
    match answer {
        Answer::Commands(commands) => match commands.into_iter().next() {
            Some(Command::Approve { terms }) => terms,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_decided_without_people_unless_the_settings_say_so() {
    for question in Question::ALL.into_iter().filter(|it| *it != Question::Cancellation) {
        assert_eq!(answer(&rules(""), question, "5000"), Answer::People);
    }
}

#[test]
fn each_question_goes_to_the_core_system_only_where_the_settings_send_it_there() {
    let keys = ["mode", "surrender", "cancellation", "invoice", "claim"];
    let answer_within = Duration::from_secs(90);
    for (sent, key) in Question::ALL.into_iter().zip(keys) {
        let by_hand = if key == "cancellation" { "" } else { "cancellation = \"manual\"\n" };
        let sending = rules(&format!("{by_hand}{key} = \"callback\"\nanswer_within = \"1m30s\""));
        for question in Question::ALL {
            let expected =
                if question == sent { Answer::CoreSystem { answer_within } } else { Answer::People };
            assert_eq!(answer(&sending, question, "5000"), expected, "{key}: {question:?}");
        }
    }
    let half_an_hour = Answer::CoreSystem { answer_within: Duration::from_secs(1800) };
    assert_eq!(answer(&rules("mode = \"callback\""), Question::Underwriting, "5000"), half_an_hour);
}

#[test]
fn automatic_underwriting_approves_on_the_rules_terms_and_waits_for_the_premium() {
    let answered = answer(&rules(r#"mode = "automatic""#), Question::Underwriting, "800000");
    let Answer::Commands(commands) = &answered else { panic!("{answered:?}") };
    let [Command::Approve { terms }] = &commands[..] else { panic!("{answered:?}") };
    assert_eq!(terms.premium, "3200".parse().unwrap());
    assert_eq!(terms.validity.latest, "2024-11-30".parse().unwrap());
    assert!(terms.guarantee_number.as_str().starts_with("BH20240603"));
}

#[test]
fn a_validity_beyond_every_calendar_is_not_granted_and_stops_nobody() {
    let known = guarantee_with(&[(Particular::GuaranteeMonths, &u32::MAX.to_string())]);
    let terms = rules("").terms(&known, now()).unwrap();
    assert_eq!(terms.validity.latest, "2024-11-30".parse().unwrap());
    let endless = rules("longest_validity_days = 4294967295");
    assert_eq!(endless.terms(&guarantee("5000"), now()).unwrap().validity.latest, Date::MAX);
}

#[test]
fn an_amount_outside_the_limits_is_declined_with_the_limits() {
    let reason = declined(answer(&rules(r#"mode = "automatic""#), Question::Underwriting, "800000.01"));
    assert!(reason.contains("1000.00") && reason.contains("800000.00"), "{reason}");
}

#[test]
fn a_guarantee_that_would_cover_nothing_is_declined_and_its_last_day_is_still_covered() {
    let automatic = rules("mode = \"automatic\"");
    for (from, until, told) in
        [("20240101", "20240602", "2024-06-02 已过"), ("20240701", "20240630", "早于担保起期 2024-07-01")]
    {
        let known = guarantee_with(&[(Particular::GuaranteeFrom, from), (Particular::GuaranteeUntil, until)]);
        let reason = declined(judged(&automatic, &known));
        assert!(reason.contains(told), "{reason}");
        assert_eq!(judged(&rules(""), &known), Answer::People);
    }
    // By months it ended the day before yesterday, and a month later it has not.
    let begun = |months| {
        guarantee_with(&[(Particular::GuaranteeFrom, "20240501"), (Particular::GuaranteeMonths, months)])
    };
    declined(judged(&automatic, &begun("1")));
    assert_eq!(approved(judged(&automatic, &begun("2"))).validity.latest, "2024-06-30".parse().unwrap());
    let today = guarantee_with(&[(Particular::GuaranteeUntil, "20240603")]);
    assert_eq!(approved(judged(&automatic, &today)).validity.latest, "2024-06-03".parse().unwrap());
}

#[test]
fn an_assumed_payment_comes_from_the_applicants_basic_account() {
    let assumed = r#"
        mode = "automatic"
        premium = { collection = "assumed", account = "4605", bank = "示例银行" }
    "#;
    let answered = answer(&rules(assumed), Question::Underwriting, "5000");
    let Answer::Commands(commands) = &answered else { panic!("{answered:?}") };
    let [Command::Approve { .. }, Command::RecordPremium { payment, payer }] = &commands[..] else {
        panic!("{answered:?}")
    };
    assert_eq!(
        (payment.payer.holder.as_str(), payment.payer.number.as_str()),
        ("海峡示例建设有限公司", "4605")
    );
    assert_eq!((payment.basic_account, *payer), (BasicAccount::Confirmed, PayerRule::BasicAccountOnly));
}

#[test]
fn a_surrender_is_granted_by_rule_only_where_the_settings_say_so() {
    let granting = rules(r#"surrender = "automatic""#);
    let granted = Answer::Commands(vec![Command::GrantSurrender]);
    assert_eq!(answer(&granting, Question::Surrender, "5000"), granted);
    assert_eq!(answer(&granting, Question::Underwriting, "5000"), Answer::People);
}

#[test]
fn an_order_may_be_cancelled_unless_the_settings_leave_it_to_others() {
    let granted = Answer::Commands(vec![Command::GrantCancellation]);
    assert_eq!(answer(&rules(""), Question::Cancellation, "5000"), granted);
    assert_eq!(answer(&rules(r#"cancellation = "manual""#), Question::Cancellation, "5000"), Answer::People);
}

#[test]
fn an_applicant_on_the_blacklist_is_declined_whoever_underwrites_and_is_told_of_no_list() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("blacklist.txt");
    std::fs::write(&file, "91350100ma0examp1b # 海峡示例\n").unwrap();
    let in_file = format!("blacklist_file = {file:?}");
    for list in ["blacklist = ['91350100MA0EXAMP1B']", in_file.as_str()] {
        for mode in ["automatic", "manual", "callback"] {
            let listing = rules(&format!("mode = \"{mode}\"\n{list}"));
            let judgement = listing.judge(Question::Underwriting, &guarantee("5000"), now());
            assert_eq!(judgement.ground, Ground::Blacklisted, "{mode} {list}");
            assert_eq!(declined(judgement.answer), "不符合承保条件");
            let seen = rules(&format!("mode = \"{mode}\"\nblacklisted = \"manual\"\n{list}"));
            assert_eq!(judged(&seen, &guarantee("5000")), Answer::People, "{mode} {list}");
        }
    }
    let others = rules("mode = \"automatic\"\nblacklist = ['91350100MA0EXAMP1C']");
    approved(judged(&others, &guarantee("5000")));
}

#[test]
fn an_opening_that_is_near_is_left_to_people_where_it_is_known() {
    let careful = rules("mode = \"automatic\"\nhours_before_opening = 24");
    let people =
        |opening: &[(Particular, &str)]| judged(&careful, &guarantee_with(opening)) == Answer::People;
    let (opening, deposit) = (Particular::OpeningTime, Particular::DepositDeadline);
    assert!(people(&[(opening, "2024-06-04 09:15:26")]));
    assert!(!people(&[(opening, "2024-06-04 09:15:27")]));
    assert!(people(&[(opening, "2024-06-03 08:00:00")]), "it is over already");
    assert!(people(&[(deposit, "2024-06-04 09:00:00")]));
    // The opening counts where both are known.
    assert!(!people(&[(deposit, "2024-06-04 09:00:00"), (opening, "2024-06-05 09:00:00")]));
    assert!(!people(&[(opening, "NkzetRlXBwxCflZDj8Sfb0u2Bj6GL8JCJkV/e6g0s7c=")]));
    let careless = rules("mode = \"automatic\"");
    approved(judged(&careless, &guarantee_with(&[(opening, "2024-06-03 09:15:28")])));
}

#[test]
fn values_that_can_not_be_meant_are_refused_with_what_was_found() {
    for (more, expected) in [
        (
            "tiers = [{ up_to = '5000', rate = '0.006' }, { up_to = '5000', rate = '0.005' }]",
            "`5000.00` after `5000.00`",
        ),
        ("tiers = [{ up_to = '5000', rate = '1' }]", "below 1"),
        ("maximum_premium = 'nothing'", "found `nothing`"),
        ("number_prefix = '投保'", "found `投保`"),
        ("number_prefix = 'A B'", "found `A B`"),
        ("number_prefix = 'a-prefix-that-is-far-too-long'", "at most 20"),
        ("hours = ['8:30-20:00']", "found `8:30-20:00`"),
        ("blacklist = ['某公司']", "found `某公司`"),
        ("answer_within = 'soon'", "soon"),
        ("rounding = 'down'", "`fen-half-up`"),
        ("outside_hours = 'sleep'", "`wait`"),
    ] {
        let message = try_options(more).unwrap_err();
        assert!(message.contains(expected), "{more}: {message}");
    }
    for free in ["0", "-0.1", "1", "1.5"] {
        let text = format!(
            "rate = \"{free}\"\nminimum_premium = \"2\"\nsmallest_amount = \"1\"\nlargest_amount = \"2\""
        );
        let message = toml::from_str::<UnderwritingOptions>(&text).unwrap_err().to_string();
        assert!(
            message.contains(&format!("above 0 and below 1, for instance \"0.005\", found `{free}`")),
            "{message}"
        );
    }
}

#[test]
fn figures_that_contradict_each_other_are_refused_by_name() {
    let refused = |options: UnderwritingOptions| Rules::new(options, "示例").unwrap_err().to_string();
    let swapped = UnderwritingOptions { largest_amount: Yuan("10".parse().unwrap()), ..options("") };
    assert_eq!(
        refused(swapped),
        "underwriting.largest_amount: expected an amount not below smallest_amount, `1000.00`, found `10.00`"
    );
    let capped = options("maximum_premium = \"199.99\"");
    assert_eq!(
        refused(capped),
        "underwriting.maximum_premium: expected an amount not below minimum_premium, `200.00`, found `199.99`"
    );
    assert!(Rules::new(options("maximum_premium = \"200.00\""), "示例").is_ok());
    let missing = refused(options("blacklist_file = \"/nowhere/list.txt\""));
    assert!(
        missing.contains("underwriting.blacklist_file") && missing.contains("`/nowhere/list.txt`"),
        "{missing}"
    );
}
