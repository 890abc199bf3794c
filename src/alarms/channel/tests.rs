//! The forms of messages, and which answers say that one was taken.

use serde_json::{Value, json};

use super::super::wording::{Letterhead, Message};
use super::chat::Robot;
use super::*;
use crate::casework::AlarmNews;
use crate::store::alarms::{About, Alarm, Severity};

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn message(news: AlarmNews) -> Message {
    let about = |rule: &str, subject: &str| About {
        rule: rule.to_owned(),
        subject: subject.to_owned(),
        replica: String::new(),
    };
    let alarm = Alarm {
        id: "a1".to_owned(),
        about: about("restore-lag", "p1"),
        severity: Severity::Page,
        figure: 372,
        raised_at: instant("2026-11-22T01:31:00Z"),
        seen_at: instant("2026-11-22T01:31:00Z"),
        told_at: instant("2026-11-22T01:31:00Z"),
        escalated_at: None,
        acknowledged: None,
        recovered_at: Some(instant("2026-11-22T01:41:00Z")),
    };
    let letterhead = Letterhead {
        institution: "示例保险".to_owned(),
        replica: "gw-1".to_owned(),
        runbook: "https://wiki.example.com/runbook".to_owned(),
    };
    letterhead.message("m1", &alarm, news, Some("某省平台"))
}

fn body(robot: Robot, secret: Option<&str>) -> (Vec<(&'static str, String)>, Value) {
    let secret = secret.map(Secret::new);
    let now = Timestamp::from_millisecond(1_599_360_473_123).unwrap();
    let request = robot.request(&message(AlarmNews::Raised), secret.as_ref(), now);
    (request.parameters, serde_json::from_slice(&request.body).unwrap())
}

#[test]
fn a_message_says_what_where_since_when_and_what_to_do() {
    let raised = message(AlarmNews::Raised);
    assert_eq!(raised.headline, "【告警·紧急】开标还原超时未送达：某省平台（p1）");
    assert_eq!(
        raised.plain(),
        "告警 Alarm：开标还原超时未送达 / restorations are late\n\
         对象 Subject：某省平台（p1）\n\
         当前 Now：6 分 12 秒 (6m 12s)\n\
         自 Since：2026-11-22 09:31:00 北京时间 China time\n\
         处置 Runbook：https://wiki.example.com/runbook#restore-lag\n\
         来自 From：示例保险 · gw-1"
    );
    let recovered = message(AlarmNews::Recovered);
    assert!(recovered.headline.starts_with("【告警·已恢复】"), "{}", recovered.headline);
    assert!(recovered.plain().contains("恢复 Recovered：2026-11-22 09:41:00"), "{}", recovered.plain());
    assert_eq!(recovered.data["type"], "alarm.recovered");
}

#[test]
fn each_robot_gets_its_own_form() {
    let (parameters, wecom) = body(Robot::Wecom, None);
    assert!(parameters.is_empty());
    assert_eq!(wecom["msgtype"], "markdown");
    assert!(wecom["markdown"]["content"].as_str().unwrap().contains("> **对象 Subject**：某省平台（p1）"));
    let (parameters, dingtalk) = body(Robot::Dingtalk, None);
    assert!(parameters.is_empty());
    assert!(dingtalk["markdown"]["title"].as_str().unwrap().starts_with("【告警·紧急】"));
    let (_, lark) = body(Robot::Lark, None);
    assert_eq!(
        (&lark["msg_type"], &lark["card"]["header"]["template"]),
        (&json!("interactive"), &json!("red"))
    );
    assert_eq!(lark.get("sign"), None);
}

/// Computed with `openssl dgst -sha256 -hmac` over what each vendor's page says.
#[test]
fn signatures_cover_what_the_vendors_say() {
    let (parameters, _) = body(Robot::Dingtalk, Some("SECd41d8cd98f00b204"));
    let expected = openssl("SECd41d8cd98f00b204", "1599360473123\nSECd41d8cd98f00b204");
    assert_eq!(parameters, [("timestamp", "1599360473123".to_owned()), ("sign", expected)]);
    let (_, lark) = body(Robot::Lark, Some("mSecret"));
    assert_eq!(lark["timestamp"], "1599360473");
    assert_eq!(lark["sign"], openssl("1599360473\nmSecret", ""));
}

fn openssl(key: &str, text: &str) -> String {
    use base64::Engine;
    let option = format!("hexkey:{}", hex::encode(key));
    let arguments = ["dgst", "-sha256", "-mac", "HMAC", "-macopt", &option, "-binary"];
    base64::prelude::BASE64_STANDARD.encode(crate::crypto::openssl::run(&arguments, text.as_bytes()))
}

#[test]
fn a_robot_that_answers_200_and_a_code_has_not_taken_the_message() {
    let judge = |robot: Robot, status, body: &str| {
        let answer = HookAnswer { status, body: body.as_bytes().to_vec() };
        robot.judge(&answer).map_err(|error| error.to_string())
    };
    assert_eq!(judge(Robot::Wecom, 200, r#"{"errcode":0,"errmsg":"ok"}"#), Ok(()));
    assert_eq!(judge(Robot::Lark, 200, r#"{"code":0,"msg":"success"}"#), Ok(()));
    assert_eq!(judge(Robot::Lark, 200, r#"{"StatusCode":0,"StatusMessage":"success"}"#), Ok(()));
    for (robot, status, body, said) in [
        (
            Robot::Wecom,
            200,
            r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#,
            "code 45009: api freq out of limit",
        ),
        (
            Robot::Dingtalk,
            200,
            r#"{"errcode":310000,"errmsg":"sign not match"}"#,
            "code 310000: sign not match",
        ),
        (Robot::Lark, 200, r#"{"code":19021,"msg":"sign match fail"}"#, "code 19021: sign match fail"),
        (Robot::Wecom, 200, "{}", "no code: "),
        (Robot::Wecom, 200, "<html>", "the answer is no JSON"),
        (Robot::Wecom, 502, r#"{"errcode":0}"#, "HTTP 502"),
    ] {
        let expected = format!("the channel did not take it: {said}");
        assert_eq!(judge(robot, status, body), Err(expected), "{body}");
    }
}
