//! Everything that can be wrong with a push, and the words that the platform gets.

use baohan_gateway::clock;
use baohan_gateway::dialect::{Profile, RejectionKind};

use crate::platform::{self, altered, hainan, hainan_with, open, without};

/// The label and message of a rejection.
fn rejected(profile: &Profile, interface: &str, body: &str) -> String {
    let rejection = open(profile, interface, body).unwrap_err();
    format!("{}: {}", rejection.kind.label(), rejection.message)
}

fn application(changes: &[(&str, &str)]) -> String {
    rejected(&hainan(), "baohanapply", &altered(platform::APPLICATION, changes))
}

#[test]
fn what_is_not_json_is_refused() {
    let profile = hainan();
    let now = clock::from_wire("2024-06-03 09:16:00").unwrap();
    for body in [&b""[..], b"[]", b"<html>", b"\xff\xfe", b"requestData=", b"requestData=%"] {
        let rejection = profile.open(Some("baohanapply"), None, body, now).unwrap_err();
        assert_eq!(rejection.kind, RejectionKind::NotJson);
        assert!(rejection.message.starts_with("报文不是"), "{}", rejection.message);
        assert_eq!(rejection.interface, None);
    }
    assert_eq!(rejected(&profile, "baohanapply", "{\"a\":"), "not-json: 报文不是有效的 JSON 对象");
}

#[test]
fn a_field_that_comes_twice_is_refused() {
    let body = platform::WAIVER.replacen('{', r#"{"applyno": "X", "#, 1);
    assert_eq!(rejected(&hainan(), "giveupapply", &body), "duplicate-field: applyno 重复出现");
}

#[test]
fn a_stranger_is_refused() {
    let body = platform::WAIVER.replace("HN_DEMO_0001", "HN_DEMO_0002");
    assert_eq!(rejected(&hainan(), "giveupapply", &body), "unknown-app-key: appkey 未登记");
    assert_eq!(rejected(&hainan(), "giveupapply", "{}"), "unknown-app-key: appkey 未登记");
}

#[test]
fn an_interface_that_the_platform_does_not_call_is_refused() {
    for interface in ["", "baohannotice", "nothing"] {
        assert_eq!(rejected(&hainan(), interface, platform::WAIVER), "unknown-interface: 接口不存在");
    }
    let now = clock::from_wire("2024-06-03 10:00:00").unwrap();
    let unnamed = hainan().open(None, None, platform::WAIVER.as_bytes(), now).unwrap_err();
    assert_eq!(unnamed.kind, RejectionKind::UnknownInterface);
}

#[test]
fn a_digest_that_is_wrong_or_missing_is_refused_before_anything_else_is_looked_at() {
    let profile = hainan();
    let broken = platform::APPLICATION.replace("800000.00", "");
    assert_eq!(
        rejected(&profile, "baohanapply", &broken),
        "bad-digest: sign 校验失败：报文摘要与报文内容不一致"
    );
    let unsigned = platform::APPLICATION.replace(r#""sign": ""#, r#""sing": ""#);
    assert_eq!(rejected(&profile, "baohanapply", &unsigned), "bad-digest: sign 为必填项");
    let other_secret = hainan_with("").explain(None, platform::APPLICATION.as_bytes()).unwrap();
    assert!(!format!("{other_secret:?}").contains("6f1d2c9a"));
}

#[test]
fn a_digest_under_another_secret_is_refused() {
    let mut message: serde_json::Value = serde_json::from_str(platform::WAIVER).unwrap();
    message["sign"] = platform::digest(&message, "another secret").into();
    assert!(rejected(&hainan(), "giveupapply", &message.to_string()).starts_with("bad-digest"));
}

#[test]
fn a_push_outside_the_window_is_refused_where_that_is_set() {
    let strict = hainan_with("timestamp.outside = 'refuse'\ntimestamp.window_minutes = 10");
    for (time, accepted) in [("09:10:00", true), ("09:26:00", true), ("09:26:01", false), ("09:05:59", false)]
    {
        let sent = format!("2024-06-03 {time}");
        let result = open(&strict, "giveupapply", &altered(platform::WAIVER, &[("timestamp", &sent)]));
        assert_eq!(result.is_ok(), accepted, "{time}");
        if let Err(rejection) = result {
            assert_eq!(rejection.message, "timestamp 与当前时间相差超过 10 分钟");
            assert_eq!(rejection.kind.label(), "stale");
        }
    }
}

#[test]
fn a_field_that_the_specification_does_not_have_is_refused_where_that_was_agreed() {
    let strict = hainan_with("envelope.unknown_fields = 'refuse'");
    let refused = |name: &str| {
        let body = altered(platform::APPLICATION, &[(name, "1")]);
        let rejection = open(&strict, "baohanapply", &body).unwrap_err();
        format!("{}: {}", rejection.kind.label(), rejection.message)
    };
    assert_eq!(refused("extra"), "unknown-field: extra 不是该接口的字段（A.1）");
    let message = refused(&"x".repeat(1000));
    assert!(message.chars().count() < 100, "{message}");
}

#[test]
fn each_broken_rule_names_the_field_and_the_rule() {
    let long = "字".repeat(201);
    for (changes, message) in [
        (("biddername", ""), "biddername 为必填项（A.1）"),
        (("biddername", " 　"), "biddername 为必填项（A.1）"),
        (("biddername", long.as_str()), "biddername 超过规定长度 200（A.1）"),
        (("biddername", "甲\u{0}乙"), "biddername 不得包含控制字符（A.1）"),
        (("applyno", "1\n2"), "applyno 不得包含控制字符（A.1）"),
        (("timestamp", "2024-06-03T09:15:27"), "timestamp 应为时间，格式 yyyy-MM-dd HH:mm:ss（A.1）"),
        (("timestamp", ""), "timestamp 为必填项（A.1）"),
        (("bzjamount", "1e5"), "bzjamount 应为以元为单位的数字，例如 800000.00（A.1）"),
        (("bzjamount", "1.005"), "bzjamount 精度不得超过分（两位小数）（A.1）"),
        (("bzjamount", "0.00"), "bzjamount 应大于 0（A.1）"),
        (("zbr", "招标人"), "zbr 应为 SM4 密文的 Base64 文本（A.1）"),
        (("biaoduanno", "AAAA"), "biaoduanno 应为 SM4 密文的 Base64 文本（A.1）"),
        (("zbrorgnum", "!"), "zbrorgnum 应为 SM4 密文的 Base64 文本（A.1）"),
    ] {
        assert_eq!(application(&[changes]), format!("malformed: {message}"));
    }
    let exact = "字".repeat(200);
    assert!(
        open(&hainan(), "baohanapply", &altered(platform::APPLICATION, &[("biddername", &exact)])).is_ok()
    );
}

#[test]
fn a_special_invoice_without_what_it_needs_is_refused_and_an_ordinary_one_is_not() {
    for field in ["address", "phone", "bank", "account", "mobile", "contactname", "contactaddress"] {
        let message = rejected(&hainan(), "invoiceapply", &without(platform::INVOICE, &[field]));
        assert_eq!(message, format!("malformed: {field} 为必填项（type 为 1 时）（A.7）"));
        let ordinary = altered(platform::INVOICE, &[("type", "0"), (field, "")]);
        assert!(open(&hainan(), "invoiceapply", &ordinary).is_ok(), "{field}");
    }
    let other = altered(platform::INVOICE, &[("type", "2")]);
    assert_eq!(rejected(&hainan(), "invoiceapply", &other), "malformed: type 应为 0、1 之一（A.7）");
    assert!(open(&hainan(), "invoiceapply", &without(platform::INVOICE, &["email"])).is_ok());
}

#[test]
fn a_claim_whose_evidence_is_no_list_of_links_is_refused() {
    for list in ["x", "{}", "[1]", r#"[{"url":"a"}]"#, r#"[{"fileurl":1}]"#] {
        let body = altered(platform::CLAIM, &[("filelist", list)]);
        let message = "malformed: filelist 应为 JSON 数组文本，每项含 fileurl（A.12）";
        assert_eq!(rejected(&hainan(), "claimsnotice", &body), message);
    }
    for list in ["", "[]"] {
        assert!(open(&hainan(), "claimsnotice", &altered(platform::CLAIM, &[("filelist", list)])).is_ok());
    }
    let lines = altered(platform::CLAIM, &[("reason", "第一行\n第二行")]);
    assert!(open(&hainan(), "claimsnotice", &lines).is_ok());
}

#[test]
fn a_key_that_is_none_is_refused_without_being_repeated() {
    let body = altered(platform::RESTORATION, &[("key", "c2VjcmV0")]);
    let message = rejected(&hainan(), "baohanrestore", &body);
    assert_eq!(message, "malformed: key 不是约定格式的 SM4 密钥（A.6）");
}

#[test]
fn a_platform_code_of_another_platform_is_refused_where_codes_are_set() {
    let body = altered(platform::WAIVER, &[("platformcode", "460001")]);
    assert!(open(&hainan(), "giveupapply", &body).is_ok());
    let strict = hainan_with("platform_codes = ['460000']");
    let message = "malformed: platformcode 不是本机构接入的平台编码（A.14）";
    assert_eq!(rejected(&strict, "giveupapply", &body), message);
    assert!(open(&strict, "giveupapply", platform::WAIVER).is_ok());
}

#[test]
fn nothing_that_can_be_sent_makes_it_panic() {
    let profile = hainan();
    // A fixed sequence (Knuth's linear congruential generator), so that a failure can be repeated.
    let mut state = 0x5eed_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let now = clock::from_wire("2024-06-03 09:16:00").unwrap();
    let sound = altered(platform::CLAIM, &[]).into_bytes();
    let (mut accepted, mut rejected) = (0, 0);
    for _ in 0..2_000 {
        let mut body = sound.clone();
        for _ in 0..=random(4) {
            let at = random(body.len());
            match random(4) {
                0 => body[at] = u8::try_from(random(256)).unwrap(),
                1 => drop(body.remove(at)),
                2 => body.insert(at, b"\"\\{}[]:,u0\x00\xff"[random(12)]),
                _ => body.truncate(at + 1),
            }
        }
        let content_type =
            [None, Some("application/json"), Some("application/x-www-form-urlencoded")][random(3)];
        match profile.open(Some("claimsnotice"), content_type, &body, now) {
            Ok(opened) => {
                // Only white space outside of strings is beyond the digest.
                let read: serde_json::Value = serde_json::from_slice(&body).unwrap();
                assert_eq!(read, serde_json::from_slice::<serde_json::Value>(&sound).unwrap());
                assert_eq!(opened.interface, "claimsnotice");
                accepted += 1;
            }
            Err(rejection) => {
                assert!(!rejection.message.is_empty() && rejection.message.chars().count() < 150);
                rejected += 1;
            }
        }
    }
    assert_eq!(accepted + rejected, 2_000);
    assert!(rejected > 1_900);
}
