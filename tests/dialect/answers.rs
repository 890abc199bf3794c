//! Answers, ours to platforms and theirs to us.

use baohan_gateway::clock;
use baohan_gateway::dialect::{Answer, Failure, Profile, Registry, Response, Verdict, reply};
use baohan_gateway::domain::abnormality::AbnormalityKind;
use baohan_gateway::domain::identity::{ApplicationNumber, PlatformId};

use crate::platform::{hainan, hainan_with};

fn replied(options: &str, interface: &str, accepted: bool, redirect: Option<&str>) -> String {
    let profile = hainan_with(options);
    let answer = match accepted {
        true => profile.success(interface, &Response::Done { redirect: redirect.map(str::to_owned) }),
        false => profile.failure(Some(interface), Failure::Content, "说明\"一\""),
    };
    String::from_utf8(answer).unwrap()
}

#[test]
fn an_answer_has_code_and_message_as_text() {
    let success = r#"{"code":"1","message":"成功"}"#;
    let failure = r#"{"code":"0","message":"说明\"一\""}"#;
    assert_eq!(replied("", "baohanrestore", true, None), success);
    assert_eq!(replied("", "baohanrestore", false, None), failure);
    assert_eq!(replied("", "nothing", false, None), failure);
    assert_eq!(hainan().failure(None, Failure::Content, "说明"), reply::unknown_platform("说明"));
}

#[test]
fn the_applicant_is_sent_on_only_where_the_push_was_accepted_and_there_is_a_place_for_it() {
    let url = Some("https://insurer.example/pay?id=1");
    assert_eq!(
        replied("", "baohanapply", true, url),
        r#"{"code":"1","message":"成功","data":{"redirecturl":"https://insurer.example/pay?id=1"}}"#
    );
    assert_eq!(replied("", "baohanapply", false, url), r#"{"code":"0","message":"说明\"一\""}"#);
    assert_eq!(replied("", "baohanrestore", true, url), r#"{"code":"1","message":"成功"}"#);
    assert_eq!(
        replied("rename.'baohanapply.redirecturl' = 'payurl'", "baohanapply", true, Some("u")),
        r#"{"code":"1","message":"成功","data":{"payurl":"u"}}"#
    );
}

#[test]
fn the_settings_say_where_an_applicant_goes_on() {
    let profile = hainan_with("redirect_url = 'https://insurer.example/pay?id={application}&from=hn'");
    let to = |number: &str| profile.redirect(&ApplicationNumber::new(number)).unwrap();
    assert_eq!(to("TB-1_2.3~"), "https://insurer.example/pay?id=TB-1_2.3~&from=hn");
    assert_eq!(to("1&a=b#/号"), "https://insurer.example/pay?id=1%26a%3Db%23%2F%E5%8F%B7&from=hn");
    assert_eq!(hainan().redirect(&ApplicationNumber::new("TB1")), None);
}

#[test]
fn codes_can_be_numbers_and_data_can_be_an_empty_object() {
    let options = "reply.code_form = 'number'\nreply.success = '200'\nreply.empty_data = 'object'";
    assert_eq!(replied(options, "baohanapply", true, None), r#"{"code":200,"message":"成功","data":{}}"#);
    let with_url = r#"{"code":200,"message":"成功","data":{"redirecturl":"u"}}"#;
    assert_eq!(replied(options, "baohanapply", true, Some("u")), with_url);
}

fn read(interface: &str, body: &str) -> Answer {
    hainan().read_answer(interface, body.as_bytes())
}

#[test]
fn a_success_is_a_success_as_text_or_as_a_number() {
    for body in [r#"{"code":"1","message":"成功"}"#, r#"{"code":1,"message":"成功","data":null}"#] {
        let answer = read("baohannotice", body);
        assert_eq!(
            answer,
            Answer {
                verdict: Verdict::Accepted,
                message: "成功".into(),
                public_key: None,
                abnormal_sections: Vec::new(),
                unreadable_sections: 0,
            }
        );
    }
}

#[test]
fn any_other_code_is_a_rejection() {
    for code in [r#""0""#, "0", r#""01""#, "1.0", "true", r#""500""#, r#"" 1""#] {
        let answer = read("baohannotice", &format!(r#"{{"code":{code},"message":"失败"}}"#));
        assert_eq!((answer.verdict, answer.message.as_str()), (Verdict::Rejected, "失败"), "{code}");
    }
}

#[test]
fn what_has_no_code_is_unreadable() {
    for body in [
        "",
        "<html>\n502</html>",
        "[]",
        "1",
        r#"{"status":500}"#,
        r#"{"code":null}"#,
        r#"{"code":""}"#,
        r#"{"code":"1","code":"0"}"#,
        r#"{"code":"1""#,
    ] {
        assert_eq!(read("baohannotice", body).verdict, Verdict::Unreadable, "{body}");
    }
    assert_eq!(read("baohannotice", "<html>\n502</html>").message, "<html>502</html>");
    assert_eq!(hainan().read_answer("baohannotice", &[0xff; 9000]).verdict, Verdict::Unreadable);
}

#[test]
fn a_long_message_is_shortened() {
    let body = format!(r#"{{"code":"0","message":"{}"}}"#, "长".repeat(500));
    assert_eq!(read("baohannotice", &body).message.chars().count(), 200);
}

#[test]
fn a_public_key_is_found_in_the_data_whether_that_is_an_object_or_its_text() {
    for data in [r#"{"publickey":"BMk="}"#, r#""{\"publickey\":\"BMk=\"}""#] {
        let body = format!(r#"{{"code":"1","message":"","data":{data}}}"#);
        assert_eq!(read("downloadpublickey", &body).public_key.as_deref(), Some("BMk="));
        assert_eq!(read("baohannotice", &body).public_key, None);
    }
    for data in ["{}", "null", "\"\"", r#"{"publickey":""}"#, "[]"] {
        let body = format!(r#"{{"code":"1","message":"","data":{data}}}"#);
        assert_eq!(read("downloadpublickey", &body).public_key, None, "{data}");
    }
}

fn told_of(rows: &str) -> Answer {
    let registry = Registry::built_in().unwrap();
    let table = registry.table("ggzy").unwrap();
    let options =
        "dialect = 'ggzy'\ntitle = 'x'\nappkey = 'a'\nappsecret = 's'\nbase_url = 'https://p.example'";
    let profile = Profile::new(PlatformId::new("x"), table, &toml::from_str(options).unwrap()).unwrap();
    let body = format!(r#"{{"code":1,"message":"","data":{{"yichanglist":{rows}}}}}"#);
    profile.read_answer("getbiaoduanyichang", body.as_bytes())
}

#[test]
fn a_section_that_can_not_be_read_does_not_hide_the_others() {
    let answer = told_of(
        r#"[
            {"biaoduanno":"B1","biaoduanstatus":1,"remark":"流标","audittime":"2024-06-03 09:15:00"},
            {"biaoduanno":"B2","biaoduanstatus":"5","remark":"中止","audittime":"2024-06-03 09:15:00"},
            {"biaoduanno":"B3","biaoduanstatus":"4","audittime":"2024-06-03"},
            {"biaoduanstatus":"4","audittime":"2024-06-03"},
            "B4"
        ]"#,
    );
    let read: Vec<_> = answer
        .abnormal_sections
        .iter()
        .map(|it| (it.number.as_str(), it.abnormality.kind, clock::to_wire(it.abnormality.decided_at)))
        .collect();
    assert_eq!(
        read,
        [
            ("B1", AbnormalityKind::Failed, "2024-06-03 09:15:00".to_owned()),
            ("B3", AbnormalityKind::Voided, "2024-06-03 00:00:00".to_owned())
        ]
    );
    assert_eq!((answer.verdict, answer.unreadable_sections), (Verdict::Accepted, 3));
}

#[test]
fn a_list_of_sections_that_is_none_is_not_taken_for_an_empty_one() {
    for (rows, verdict) in
        [("[]", Verdict::Accepted), ("null", Verdict::Accepted), ("7", Verdict::Unreadable)]
    {
        let answer = told_of(rows);
        assert_eq!((answer.verdict, answer.abnormal_sections.len()), (verdict, 0), "{rows}");
    }
}
