//! Messages that are encrypted inside a wrapper, opened: as Inner Mongolia sends them, and as it must not.

use baohan_gateway::clock;
use baohan_gateway::crypto::second_opinion::{self, KeyPair};
use baohan_gateway::dialect::request::Query;
use baohan_gateway::dialect::{Profile, RejectionKind, Request};
use serde_json::{Value, json};

use crate::neimenggu::{
    APPLICATION, WITHDRAWAL, base64, credential, encrypted, enveloped, from_base64, institution, message_in,
    neimenggu, neimenggu_with, now, open, refused, request, sign, tolerances,
};

const KEY: &[u8; 16] = b"0123456789abcdeF";

fn sample(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn fetch() -> String {
    json!({ "applicationId": "YFK2024111800001" }).to_string()
}

#[test]
fn the_pushes_as_they_were_sent_are_opened() {
    let opened = open(&neimenggu(), &sample(APPLICATION)).unwrap();
    assert_eq!((opened.interface.as_str(), tolerances(&opened)), ("PREP101", vec![]));
    assert_eq!(opened.sent_at, clock::from_wire("2024-11-18 09:30:00").unwrap());
    let message = message_in(APPLICATION);
    assert_eq!(opened.business_key, message["applicationId"].as_str().unwrap());
    let Request::Apply(application) = opened.request else { panic!() };
    assert_eq!(application.number.as_str(), message["applicationId"]);
    assert_eq!(application.applicant.name, message["supplier"].as_str().unwrap());
    assert_eq!(application.section.beneficiary.as_str(), message["purchaseName"]);
    assert_eq!(application.amount.to_string(), message["advanceAmount"].as_str().unwrap());

    let sent = clock::from_wire("2024-11-19 10:16:00").unwrap();
    let opened = neimenggu().open(Some("PREP109"), None, WITHDRAWAL.as_bytes(), sent).unwrap();
    assert_eq!(opened.interface, "PREP109");
    let order = message_in(WITHDRAWAL)["applicationType"] == "02";
    assert_eq!(order, matches!(opened.request, Request::CancelOrder { .. }));
}

#[test]
fn every_printed_form_of_the_time_is_digested_as_it_was_received() {
    let data = sample(APPLICATION)["data"].as_str().unwrap().to_owned();
    let profile = neimenggu();
    for time in ["20241118093000", "2024111809:30:00", "202411189:30:00"] {
        let mut push = request("PREP101", time, &data);
        let opened = open(&profile, &push).unwrap();
        assert_eq!(opened.sent_at, clock::from_wire("2024-11-18 09:30:00").unwrap(), "{time}");
        // The same moment in another form is another text.
        for other in ["20241118093000", "2024111809:30:00", "202411189:30:00"] {
            push["sign"] = Value::from(sign(&data, other));
            assert_eq!(open(&profile, &push).is_ok(), other == time, "{time} {other}");
        }
    }
    assert_eq!(refused(&profile, &request("PREP101", "2024-11-18 09:30", &data)).0, "103");
}

#[test]
fn a_wrong_digest_is_refused_before_anything_is_decrypted() {
    let profile = neimenggu();
    let mut garbage = request("PREP101", "20241118093000", "AAAA");
    assert_eq!(refused(&profile, &garbage).0, "102");
    garbage["sign"] = Value::from("0".repeat(64));
    let (code, message) = refused(&profile, &garbage);
    assert_eq!((code.as_str(), message.as_str()), ("101", "sign 校验失败：报文摘要与报文内容不一致"));
    for (member, value) in [("data", "AAAA"), ("reqtime", "20241118093001"), ("sign", "")] {
        let mut push = sample(APPLICATION);
        push[member] = Value::from(value);
        assert_eq!(refused(&profile, &push).0, "101", "{member}");
    }
}

#[test]
fn a_message_to_another_key_is_not_decrypted() {
    let profile = neimenggu();
    let other = KeyPair::generate().unwrap().public_sec1();
    let message = message_in(APPLICATION).to_string();
    let ciphertext = base64(&second_opinion::encrypt(&other, message.as_bytes()).unwrap());
    let expected = ("102".to_owned(), "data 解密失败".to_owned());
    assert_eq!(refused(&profile, &request("PREP101", "20241118093000", &ciphertext)), expected);
    let mut changed = from_base64(&sample(APPLICATION)["data"]);
    *changed.last_mut().unwrap() ^= 1;
    for data in [base64(&changed), "%".to_owned(), "04".repeat(60), "30820400".to_owned()] {
        assert_eq!(refused(&profile, &request("PREP101", "20241118093000", &data)), expected, "{data}");
    }
}

fn inner(change: impl Fn(&mut Value)) -> (String, String) {
    let mut message = message_in(APPLICATION);
    change(&mut message);
    refused(&neimenggu(), &encrypted("PREP101", &message.to_string()))
}

#[test]
fn what_is_wrong_inside_is_named_like_in_any_message() {
    let said = |message: &str| ("103".to_owned(), message.to_owned());
    assert_eq!(inner(|it| it["supplier"] = Value::from("")), said("supplier 为必填项（10.1）"));
    let long = "字".repeat(257);
    assert_eq!(
        inner(|it| it["supplier"] = Value::from(long.as_str())),
        said("supplier 超过规定长度 256（10.1）")
    );
    assert_eq!(inner(|it| it["advanceAmount"] = Value::from("0")), said("advanceAmount 应大于 0（10.1）"));
    let profile = neimenggu();
    let whole = |text: &str| refused(&profile, &encrypted("PREP101", text));
    assert_eq!(whole("[]"), said("data 解密后不是有效的 JSON 对象"));
    assert_eq!(whole(r#"{"supplier":"1","supplier":"2"}"#), said("supplier 重复出现"));
}

#[test]
fn what_stands_round_a_message_is_checked_too() {
    let profile = neimenggu();
    let changed = |member: &str, value: Value| {
        let mut push = sample(APPLICATION);
        push[member] = value;
        push
    };
    let said = |code: &str, message: &str| (code.to_owned(), message.to_owned());
    for (member, value, code, message) in [
        ("appid", credential("appkey"), "101", "appid 未登记"),
        ("transcode", "PREP102".to_owned(), "103", "接口不存在"),
        ("msgcode", "0".repeat(33), "103", "msgcode 超过规定长度 32（9.2）"),
        ("version", "v1.00000000".to_owned(), "103", "version 超过规定长度 10（9.2）"),
        ("version", String::new(), "103", "version 为必填项（9.2）"),
    ] {
        assert_eq!(refused(&profile, &changed(member, Value::from(value))), said(code, message));
    }
    let strict = neimenggu_with("[envelope]\nunknown_fields = 'refuse'");
    let more = changed("more", Value::from("1"));
    assert_eq!(refused(&strict, &more), said("103", "more 不是该接口的字段（9.2）"));
    assert_eq!(tolerances(&open(&profile, &more).unwrap()), ["unknown-field:more"]);
    let twice = APPLICATION.replacen('{', r#"{"data":"AAAA","#, 1);
    let rejection = profile.open(None, None, twice.as_bytes(), now()).unwrap_err();
    assert_eq!(rejection.kind, RejectionKind::DuplicateField { field: "data".to_owned() });
}

#[test]
fn address_and_message_name_the_same_interface() {
    let profile = neimenggu();
    let at = |path| profile.open(path, None, APPLICATION.as_bytes(), now());
    assert_eq!(at(Some("PREP101")).unwrap().interface, "PREP101");
    assert_eq!(at(None).unwrap().interface, "PREP101");
    let rejection = at(Some("PREP109")).unwrap_err();
    assert_eq!(rejection.message, "transcode 与请求地址不一致");
    let named = neimenggu_with("[envelope]\ninterface = 'method'");
    let renamed = APPLICATION.replace("\"transcode\"", "\"method\"");
    assert!(named.open(None, None, renamed.as_bytes(), now()).is_ok());
    assert_eq!(named.open(None, None, APPLICATION.as_bytes(), now()).unwrap_err().message, "接口不存在");
}

#[test]
fn a_repeated_push_has_the_same_content_though_nothing_outside_is_the_same() {
    let message = message_in(APPLICATION);
    let content =
        |message: &Value| open(&neimenggu(), &encrypted("PREP101", &message.to_string())).unwrap().content;
    let first = open(&neimenggu(), &sample(APPLICATION)).unwrap().content;
    assert_eq!(content(&message), first);
    let mut changed = message.clone();
    changed["advanceAmount"] = Value::from("1.00");
    assert_ne!(content(&changed), first);
}

#[test]
fn every_layout_of_the_ciphertext_is_read_and_recorded() {
    let message = message_in(APPLICATION).to_string();
    let public = institution().public_sec1();
    let old = second_opinion::encrypt_c1c2c3(&public, message.as_bytes()).unwrap();
    let standard = second_opinion::encrypt(&public, message.as_bytes()).unwrap();
    for (ciphertext, recorded) in [
        (standard.clone(), vec![]),
        (old.clone(), vec!["payload-layout:C1C2C3 with 04"]),
        (standard[1..].to_vec(), vec!["payload-layout:C1C3C2 without 04"]),
        (old[1..].to_vec(), vec!["payload-layout:C1C2C3 without 04"]),
        (asn1(&standard), vec!["payload-layout:C1C3C2 in ASN.1"]),
    ] {
        let push = request("PREP101", "20241118093000", &base64(&ciphertext));
        assert_eq!(tolerances(&open(&neimenggu(), &push).unwrap()), recorded);
    }
    let hex: String = standard.iter().map(|byte| format!("{byte:02X}")).collect();
    let opened = open(&neimenggu(), &request("PREP101", "20241118093000", &hex)).unwrap();
    assert_eq!(tolerances(&opened), ["payload-text:hex"]);
    let agreed = neimenggu_with("[payload]\norder = 'c1c2c3'\nform = 'bare'");
    let opened = open(&agreed, &request("PREP101", "20241118093000", &base64(&old[1..]))).unwrap();
    assert_eq!(tolerances(&opened), Vec::<String>::new());
}

/// `SEQUENCE { x INTEGER, y INTEGER, C3 OCTET STRING, C2 OCTET STRING }` (GM/T 0009-2012, 7.2).
fn asn1(standard: &[u8]) -> Vec<u8> {
    let header = |tag: u8, length: usize| -> Vec<u8> {
        let bytes = u16::try_from(length).unwrap().to_be_bytes();
        if length < 128 { vec![tag, bytes[1]] } else { vec![tag, 0x82, bytes[0], bytes[1]] }
    };
    let part = |tag: u8, bytes: &[u8]| [header(tag, bytes.len()), bytes.to_vec()].concat();
    let integer = |bytes: &[u8]| part(2, &[&[0], bytes].concat());
    let (x, y) = (integer(&standard[1..33]), integer(&standard[33..65]));
    let content = [x, y, part(4, &standard[65..97]), part(4, &standard[97..])].concat();
    part(0x30, &content)
}

fn asks_for_letter(profile: &Profile, push: &Value) -> Vec<String> {
    let opened = open(profile, push).unwrap();
    assert!(matches!(opened.request, Request::Ask(Query::Letter)));
    assert_eq!(opened.subject.application.as_ref().unwrap().as_str(), "YFK2024111800001");
    tolerances(&opened)
}

#[test]
fn a_question_comes_in_a_digital_envelope_or_with_a_digest() {
    let (profile, message) = (neimenggu(), fetch());
    let in_envelope = enveloped("PREP103", message.as_bytes(), KEY, KEY);
    let with_digest = encrypted("PREP103", &message);
    assert_eq!(asks_for_letter(&profile, &in_envelope), Vec::<String>::new());
    assert_eq!(asks_for_letter(&profile, &with_digest), ["not-enveloped"]);
    let authentic = |push| open(&profile, push).unwrap().authentic;
    assert!(!authentic(&in_envelope) && authentic(&with_digest), "only a digest says whose question it is");
    let (hex, base) = ("30313233343536373839616263646546", "MDEyMzQ1Njc4OWFiY2RlRg==");
    for (material, form) in [(hex, "envelope-key:hex"), (base, "envelope-key:base64")] {
        let push = enveloped("PREP103", message.as_bytes(), KEY, material.as_bytes());
        assert_eq!(asks_for_letter(&profile, &push), [form]);
    }

    let strict = neimenggu_with("[payload]\naccept_plain_style = false");
    assert_eq!(asks_for_letter(&strict, &in_envelope), Vec::<String>::new());
    assert_eq!(refused(&strict, &with_digest).0, "102");
    let digests_only = neimenggu_with("[payload]\naccept_enveloped = false");
    assert_eq!(asks_for_letter(&digests_only, &with_digest), ["not-enveloped"]);
    assert_eq!(refused(&digests_only, &in_envelope).0, "101");
    let mut wrong_digest = with_digest;
    wrong_digest["sign"] = Value::from("a".repeat(64));
    assert_eq!(refused(&profile, &wrong_digest).0, "101");
}

#[test]
fn what_changes_something_never_comes_in_an_envelope_that_anybody_can_make() {
    let message = message_in(APPLICATION).to_string();
    let push = enveloped("PREP101", message.as_bytes(), KEY, KEY);
    assert_eq!(refused(&neimenggu(), &push).0, "101");
}

#[test]
fn an_envelope_that_was_changed_does_not_tell_what_broke() {
    let profile = neimenggu();
    let expected = ("102".to_owned(), "data 解密失败".to_owned());
    let sound = enveloped("PREP103", fetch().as_bytes(), KEY, KEY);
    for (member, value) in [
        ("data", "AAAA".to_owned()),
        ("data", base64(&[7; 32])),
        ("sign", base64(&[4; 113])),
        ("sign", "4".repeat(5000)),
    ] {
        let mut push = sound.clone();
        push[member] = Value::from(value);
        assert_eq!(refused(&profile, &push), expected, "{member}");
    }
    for inside in [&b"no JSON"[..], b"\xff\xfe", br#"{"a":"1","a":"2"}"#] {
        assert_eq!(refused(&profile, &enveloped("PREP103", inside, KEY, KEY)), expected);
    }
    for material in [&b"short"[..], b"not a key, but 32 bytes of text!"] {
        let push = enveloped("PREP103", fetch().as_bytes(), KEY, material);
        assert_eq!(refused(&profile, &push), expected);
    }
}

#[test]
fn envelopes_may_be_chained_with_an_iv_or_without() {
    let iv = [9; 16];
    let chained = |iv: &[u8; 16]| second_opinion::sm4_cbc_encrypt(KEY, iv, fetch().as_bytes()).unwrap();
    let mut push = enveloped("PREP103", b"{}", KEY, KEY);
    push["data"] = Value::from(base64(&chained(&[0; 16])));
    let zero = neimenggu_with("[payload]\nenvelope_mode = 'cbc'");
    assert_eq!(asks_for_letter(&zero, &push), Vec::<String>::new());
    push["data"] = Value::from(base64(&[&iv[..], &chained(&iv)].concat()));
    let prefixed = neimenggu_with("[payload]\nenvelope_mode = 'cbc'\nenvelope_iv = 'prefix'");
    assert_eq!(asks_for_letter(&prefixed, &push), Vec::<String>::new());
    assert_eq!(refused(&zero, &push).0, "102");
}

#[test]
fn an_operator_sees_how_the_digest_of_a_wrapped_message_comes_about() {
    // Computed with OpenSSL 3.0.
    let settings = crate::neimenggu::settings("")
        .replace("'nm_demo_appkey'", "'DEMOKEY'")
        .replace("'nm-demo-secret-7b7b'", "'DEMOSECRET'");
    let profile = crate::neimenggu::of(crate::neimenggu::TABLE, &settings).unwrap();
    let digest = "3c21c1ec8c116356c10841f36ce037e4e29dce1241cdaeb7b3352861290516f7";
    let body = format!(r#"{{"reqtime":"20240101090000","data":"QUJDRA==","appid":"x","sign":"{digest}"}}"#);
    let explained = profile.explain(None, body.as_bytes()).unwrap();
    assert_eq!(explained.pre_image, "QUJDRA==&20240101090000&DEMOKEY&***");
    assert_eq!(explained.digest, digest);
    assert_eq!(explained.matches, Some(vec![]));
}
