//! What the built-in rules answer, and which settings they refuse.

use super::*;
use crate::domain::application::Application;
use crate::domain::identity::{GuaranteeId, PlatformId};

fn now() -> Timestamp {
    "2024-06-03T01:15:27Z".parse().unwrap()
}

fn options(more: &str) -> UnderwritingOptions {
    let text = format!(
        r#"
        rate = "0.004"
        minimum_premium = "200.00"
        smallest_amount = "1000.00"
        largest_amount = "800000.00"
        {more}
        "#
    );
    toml::from_str(&text).unwrap()
}

fn rules(more: &str) -> Rules {
    Rules::new(options(more), "示例财产保险股份有限公司").unwrap()
}

fn guarantee(amount: &str) -> Guarantee {
    let application = Application::for_testing(amount);
    Guarantee::apply(GuaranteeId::new("id-1"), PlatformId::new("somewhere"), application, now())
}

fn answer(rules: &Rules, question: Question, amount: &str) -> Vec<Command> {
    let known = guarantee(amount);
    rules.consult(question, &known, now()).now_or_never().unwrap().unwrap()
}

#[test]
fn nothing_is_decided_without_people_unless_the_settings_say_so() {
    let manual = rules("");
    for question in [Question::Underwriting, Question::Surrender, Question::Invoice, Question::Claim] {
        assert_eq!(answer(&manual, question, "5000"), []);
    }
}

#[test]
fn automatic_underwriting_approves_on_the_rules_terms_and_waits_for_the_premium() {
    let answered = answer(&rules(r#"mode = "automatic""#), Question::Underwriting, "800000");
    let [Command::Approve { terms }] = &answered[..] else { panic!("{answered:?}") };
    assert_eq!(terms.premium, "3200".parse().unwrap());
    assert_eq!(terms.validity.latest, "2024-11-30".parse().unwrap());
    assert!(terms.guarantee_number.as_str().starts_with("BH20240603"));
}

#[test]
fn a_validity_beyond_every_calendar_is_not_granted_and_stops_nobody() {
    let mut known = guarantee("5000");
    known.application.particulars =
        [(Particular::GuaranteeMonths, u32::MAX.to_string())].into_iter().collect();
    let terms = rules("").terms(&known, now()).unwrap();
    assert_eq!(terms.validity.latest, "2024-11-30".parse().unwrap());
    let endless = rules("longest_validity_days = 4294967295");
    assert_eq!(endless.terms(&guarantee("5000"), now()).unwrap().validity.latest, Date::MAX);
}

#[test]
fn an_amount_outside_the_limits_is_declined_with_the_limits() {
    let answered = answer(&rules(r#"mode = "automatic""#), Question::Underwriting, "800000.01");
    let [Command::Decline { reason, .. }] = &answered[..] else { panic!("{answered:?}") };
    assert!(reason.contains("1000.00") && reason.contains("800000.00"), "{reason}");
}

#[test]
fn an_assumed_payment_comes_from_the_applicants_basic_account() {
    let assumed = r#"
        mode = "automatic"
        premium = { collection = "assumed", account = "4605", bank = "示例银行" }
    "#;
    let answered = answer(&rules(assumed), Question::Underwriting, "5000");
    let [Command::Approve { .. }, Command::RecordPremium { payment, payer }] = &answered[..] else {
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
    assert_eq!(answer(&granting, Question::Surrender, "5000"), [Command::GrantSurrender]);
    assert_eq!(answer(&granting, Question::Underwriting, "5000"), []);
}

#[test]
fn an_order_may_be_cancelled_unless_the_settings_leave_it_to_people() {
    assert_eq!(answer(&rules(""), Question::Cancellation, "5000"), [Command::GrantCancellation]);
    assert_eq!(answer(&rules(r#"cancellation = "manual""#), Question::Cancellation, "5000"), []);
}

#[test]
fn rules_that_contradict_themselves_are_refused_by_name() {
    let refused = |options: UnderwritingOptions| Rules::new(options, "示例").unwrap_err().to_string();
    let descending = r#"tiers = [{ up_to = "5000", rate = "0.006" }, { up_to = "4000", rate = "0.005" }]"#;
    assert!(refused(options(descending)).contains("underwriting.tiers.up_to"));
    let swapped = UnderwritingOptions { largest_amount: "10.00".into(), ..options("") };
    assert!(refused(swapped).contains("underwriting.largest_amount"));
    let free = UnderwritingOptions { rate: Decimal::ZERO, ..options("") };
    assert!(refused(free).contains("underwriting.rate: expected a fraction above 0"));
    for prefix in ["投保", "A B", "a-prefix-that-is-far-too-long", "<b>"] {
        let unfit = UnderwritingOptions { number_prefix: prefix.into(), ..options("") };
        let message = refused(unfit);
        assert!(message.contains("underwriting.number_prefix") && message.contains(prefix), "{message}");
    }
    let vague = UnderwritingOptions { minimum_premium: "much".into(), ..options("") };
    assert!(refused(vague).contains("found `much`"));
}
