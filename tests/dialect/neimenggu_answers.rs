//! What goes to a platform whose messages are encrypted inside a wrapper, opened as it would open it; its answers; and
//! tables and settings that can't be used for it.

use baohan_gateway::crypto::second_opinion;
use baohan_gateway::dialect::response::LetterFile;
use baohan_gateway::dialect::response::{Response, Verification};
use baohan_gateway::dialect::{ComposeError, Failure, Message, Profile, Verdict};
use baohan_gateway::domain::identity::{ApplicationNumber, GuaranteeNumber};
use baohan_gateway::domain::notice::{Notice, Progress, ProgressStep};
use serde_json::{Value, json};

use crate::neimenggu::{
    TABLE, base64, credential, from_base64, institution, neimenggu, neimenggu_with, now, of, openssl_sm3,
    platform, settings, with_options,
};

fn approved() -> Notice {
    Notice::Progress(Progress { application: ApplicationNumber::new("YFK1"), step: ProgressStep::Approved })
}

/// Fields that are printed as required in another case are there, and empty.
fn says_approved(plain: &[u8]) -> bool {
    let mut message: Value = serde_json::from_slice(plain).unwrap();
    message.as_object_mut().unwrap().retain(|_, value| value != "");
    message == json!({ "applicationId": "YFK1", "applicationStatus": "01" })
}

fn composed(profile: &Profile) -> Value {
    let outgoing = profile.compose(&Message::Notice(&approved()), now()).unwrap();
    assert_eq!(outgoing.interface, "PREP102");
    assert_eq!(outgoing.url, "https://platform.example/api/PREP102");
    assert_eq!(outgoing.digest_header, None);
    serde_json::from_slice(&outgoing.body).unwrap()
}

#[test]
fn a_notice_is_read_by_another_library_with_the_platforms_key() {
    let (first, second) = (composed(&neimenggu()), composed(&neimenggu()));
    let names: Vec<&str> = first.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names.len(), 7, "{names:?}");
    assert_eq!(first["transcode"], "PREP102");
    assert_eq!(first["appid"], credential("appid"));
    assert_eq!(first["reqtime"], "20241118093100");
    assert_eq!(first["version"], "v1.0");
    let [number, other] = [&first, &second].map(|it| it["msgcode"].as_str().unwrap());
    assert!(number.len() == 32 && number.bytes().all(|digit| digit.is_ascii_hexdigit()), "{number}");
    assert_ne!(number, other);
    let plain = platform().decrypt_c1c3c2(&from_base64(&first["data"])).unwrap();
    assert!(says_approved(&plain));
    let (appkey, secret) = (credential("appkey"), credential("appsecret"));
    let text = format!("{}&20241118093100&{appkey}&{secret}", first["data"].as_str().unwrap());
    assert_eq!(first["sign"], openssl_sm3(&text));
    assert!(!first.to_string().contains(&appkey));
}

#[test]
fn a_notice_is_encrypted_in_the_layout_that_was_agreed() {
    let data = |options: &str| composed(&neimenggu_with(&format!("[payload]\n{options}")))["data"].clone();
    let old = from_base64(&data("order = 'c1c2c3'\nform = 'bare'"));
    let plain = platform().decrypt_c1c2c3(&[&[4], old.as_slice()].concat()).unwrap();
    assert!(says_approved(&plain));
    assert_eq!(from_base64(&data("form = 'asn1'"))[0], 0x30);
    let hex = data("text = 'hex-upper'");
    assert!(hex.as_str().unwrap().starts_with("04") && hex.as_str().unwrap().len() == 2 * (97 + plain.len()));
}

#[test]
fn what_is_missing_or_too_long_inside_is_not_sent() {
    let compose = |notice: Notice| neimenggu().compose(&Message::Notice(&notice), now()).unwrap_err();
    let application = ApplicationNumber::new("1");
    let error = compose(Notice::CancellationResult {
        application: application.clone(),
        guarantee: GuaranteeNumber::new("9".repeat(65)),
        at: now(),
        text: None,
    });
    assert!(matches!(error, ComposeError::TooLong { ref field, .. } if field == "guaranteeId"), "{error}");
    let step = ProgressStep::IssueFailed { reason: String::new() };
    let error = compose(Notice::Progress(Progress { application, step }));
    assert!(matches!(error, ComposeError::Missing { ref field, .. } if field == "failReason"), "{error}");
}

/// 10.1 has room for 64 characters of an application's number, and 10.2 for 32; 10.7 for 1024 of a remark, and 10.8 for
/// 200 of a text.
#[test]
fn what_the_platform_said_is_repeated_whole_and_a_long_text_of_ours_is_cut() {
    let inner = |notice: Notice| -> Value {
        let outgoing = neimenggu().compose(&Message::Notice(&notice), now()).unwrap();
        let outer: Value = serde_json::from_slice(&outgoing.body).unwrap();
        let plain = platform().decrypt_c1c3c2(&from_base64(&outer["data"])).unwrap();
        serde_json::from_slice(&plain).unwrap()
    };
    let application = ApplicationNumber::new("1".repeat(64));
    let reason = "字".repeat(256);
    let step = ProgressStep::OrderKept { reason: reason.clone() };
    let told = inner(Notice::Progress(Progress { application: application.clone(), step }));
    assert_eq!(told["applicationId"], "1".repeat(64));
    assert_eq!(told["failReason"], format!("{}…", "字".repeat(254)));
    let cancelled = |text: String| {
        let (guarantee, text) = (GuaranteeNumber::new("BH1"), Some(text));
        inner(Notice::CancellationResult { application: application.clone(), guarantee, at: now(), text })
    };
    assert_eq!(cancelled("字".repeat(1024))["cancelNotice"], format!("{}…", "字".repeat(199)));
    assert_eq!(cancelled("字".repeat(200))["cancelNotice"], "字".repeat(200));
}

fn answered(profile: &Profile, interface: &str, response: &Response) -> Value {
    serde_json::from_slice(&profile.success(interface, response)).unwrap()
}

fn letter() -> Response {
    Response::Letter(LetterFile { name: "保函文件.pdf".to_owned(), base64: "JVBERi0=".to_owned() })
}

/// What the platform finds in an answer's envelope; how its key was encrypted is `read`'s to know.
fn unfolded(answer: &Value, read: impl Fn(Vec<u8>) -> Vec<u8>) -> (Vec<u8>, [u8; 16]) {
    let material = platform().decrypt_c1c3c2(&from_base64(&answer["sign"])).unwrap();
    (from_base64(&answer["data"]), read(material).try_into().unwrap())
}

fn letter_in(plain: &[u8]) -> bool {
    let message: Value = serde_json::from_slice(plain).unwrap();
    message == json!({ "guaranteeFileName": "保函文件.pdf", "guaranteeFileContext": "JVBERi0=" })
}

#[test]
fn a_letter_goes_out_in_a_digital_envelope_that_only_the_platform_opens() {
    let answer = answered(&neimenggu(), "PREP103", &letter());
    assert_eq!((&answer["code"], &answer["message"]), (&Value::from("000"), &Value::from("成功")));
    let (data, key) = unfolded(&answer, |key| key);
    assert!(letter_in(&second_opinion::sm4_ecb_decrypt(&key, &data).unwrap()));
    assert!(institution().decrypt_c1c3c2(&from_base64(&answer["sign"])).is_err());
    let (again, other) = unfolded(&answered(&neimenggu(), "PREP103", &letter()), |key| key);
    assert!(other != key && again != data);
}

#[test]
fn an_envelope_is_made_as_it_was_agreed() {
    let answer =
        |options: &str| answered(&neimenggu_with(&format!("[payload]\n{options}")), "PREP103", &letter());
    let from_hex = |digits: Vec<u8>| -> Vec<u8> {
        let digits = String::from_utf8(digits).unwrap();
        (0..16).map(|index| u8::from_str_radix(&digits[2 * index..2 * index + 2], 16).unwrap()).collect()
    };
    let (data, key) = unfolded(&answer("envelope_key = 'hex'"), from_hex);
    assert!(letter_in(&second_opinion::sm4_ecb_decrypt(&key, &data).unwrap()));
    let decoded = |text: Vec<u8>| from_base64(&Value::from(String::from_utf8(text).unwrap()));
    let (data, key) = unfolded(&answer("envelope_key = 'base64'"), decoded);
    assert!(letter_in(&second_opinion::sm4_ecb_decrypt(&key, &data).unwrap()));
    let (data, key) = unfolded(&answer("envelope_key = 'text'"), |key| key);
    assert!(key.is_ascii() && key.iter().all(u8::is_ascii_graphic));
    assert!(letter_in(&second_opinion::sm4_ecb_decrypt(&key, &data).unwrap()));
    let (data, key) = unfolded(&answer("envelope_mode = 'cbc'"), |key| key);
    assert!(letter_in(&second_opinion::sm4_cbc_decrypt(&key, &[0; 16], &data).unwrap()));
    let (data, key) = unfolded(&answer("envelope_mode = 'cbc'\nenvelope_iv = 'prefix'"), |key| key);
    let (iv, data) = data.split_first_chunk::<16>().unwrap();
    assert!(iv != &[0; 16] && letter_in(&second_opinion::sm4_cbc_decrypt(&key, iv, data).unwrap()));
}

#[test]
fn an_answer_without_data_is_plain() {
    let done = Response::Done { redirect: None };
    assert_eq!(answered(&neimenggu(), "PREP101", &done), json!({ "code": "000", "message": "成功" }));
    let failure = neimenggu().failure(Some("PREP103"), Failure::UnknownGuarantee, "保函不存在");
    assert_eq!(failure, r#"{"code":"203","message":"保函不存在"}"#.as_bytes());
}

#[test]
fn code_and_message_may_stand_in_the_data_too() {
    let profile = neimenggu_with("[payload]\ncode_inside = true");
    let answer = answered(&profile, "PREP101", &Response::Done { redirect: None });
    let plain = platform().decrypt_c1c3c2(&from_base64(&answer["data"])).unwrap();
    assert_eq!(plain, r#"{"code":"000","message":"成功"}"#.as_bytes());
    let failure: Value =
        serde_json::from_slice(&profile.failure(Some("PREP105"), Failure::Digest, "否")).unwrap();
    let plain = platform().decrypt_c1c3c2(&from_base64(&failure["data"])).unwrap();
    assert_eq!(
        (failure["code"].as_str(), plain.as_slice()),
        (Some("101"), r#"{"code":"101","message":"否"}"#.as_bytes())
    );
}

#[test]
fn answers_may_stay_in_the_clear() {
    let profile = neimenggu_with("[payload]\nencrypt_answers = false");
    let verification = Verification { guarantee: GuaranteeNumber::new("BH1"), valid: false, seal: None };
    let data = answered(&profile, "PREP104", &Response::Verification(verification))["data"].clone();
    assert_eq!((&data["guaranteeId"], &data["status"]), (&Value::from("BH1"), &Value::from("02")));
}

/// An interface whose answer has something in it.
const WITH_ANSWER: &str = r#"
[[interface]]
clause = "11.2"
title = "公钥"
name = "PREP110"
direction = "out"
does = "public-key"
fields = [{ name = "applicationId", required = true, is = "application-number" }]
answer = [{ name = "publickey", required = true, is = "public-key" }]
"#;

#[test]
fn what_a_platform_answers_is_decrypted_where_it_is_needed() {
    for (extra, enveloped) in [("", false), ("enveloped = true\n", true)] {
        let table = format!("{TABLE}{}", WITH_ANSWER.replace("fields", &format!("{extra}fields")));
        let profile = of(&table, &settings("")).unwrap();
        let read = |answer: &Value| profile.read_answer("PREP110", answer.to_string().as_bytes());
        let public = institution().public_sec1();
        let plain = br#"{"publickey":"BMk="}"#;
        let data = base64(&second_opinion::encrypt(&public, plain).unwrap());
        for data in [Value::from(data), json!({ "publickey": "BMk=" }), json!(r#"{"publickey":"BMk="}"#)] {
            let answer = read(&json!({ "code": "000", "message": "", "data": data }));
            assert_eq!((answer.verdict, answer.public_key.as_deref()), (Verdict::Accepted, Some("BMk=")));
        }
        let data = base64(&second_opinion::sm4_ecb_encrypt(&[7; 16], plain).unwrap());
        let key = base64(&second_opinion::encrypt(&public, &[7; 16]).unwrap());
        let answer = read(&json!({ "code": "000", "message": "", "data": data, "sign": key }));
        assert_eq!(answer.public_key.is_some(), enveloped);
        let answer = read(&json!({ "code": "103", "message": "否", "data": "AAAA" }));
        assert_eq!((answer.verdict, answer.public_key), (Verdict::Rejected, None));
    }
    let answer = neimenggu().read_answer("PREP102", r#"{"code":"000","data":"AAAA"}"#.as_bytes());
    assert_eq!(answer.verdict, Verdict::Accepted);
}

#[test]
fn a_platform_without_an_account_or_a_key_stops_the_start() {
    let without = |key: &str| {
        let mut settings: toml::Table = toml::from_str(&settings("")).unwrap();
        settings.remove(key).unwrap();
        with_options(TABLE, &settings.try_into().unwrap()).unwrap_err()
    };
    for key in ["appid", "private_key", "public_key"] {
        let said = without(key);
        assert!(
            said.starts_with(&format!("`{key}`: expected ")) && said.ends_with("found nothing"),
            "{said}"
        );
    }
    let with = |extra: &str| of(TABLE, &settings(extra)).unwrap_err();
    for (extra, message) in [
        (
            "[payload]\nenvelope_padding = 'none'",
            "`payload`: expected `payload.envelope_padding` that fills a block",
        ),
        (
            "[payload]\naccept_enveloped = false\naccept_plain_style = false",
            "`payload`: expected `payload.accept_plain",
        ),
        ("[digest]\nlisted = ['reqtime']", "`digest`: expected a digest that covers the payload"),
        ("[envelope]\ntimestamp = 'data'", "`digest`: expected each field once, with a name, found `data`"),
        ("[digest]\nplace = 'header'", "`digest`: expected `digest.place = \"body\"`"),
    ] {
        let said = with(extra);
        assert!(said.starts_with(message), "{said}");
    }
    let key = settings("").replace(&credential("platform_public_key_pem"), "0401");
    let said = of(TABLE, &key).unwrap_err();
    assert!(
        said.starts_with("`public_key`: expected the platform's SM2 public key, found public key: "),
        "{said}"
    );
}

#[test]
fn a_mistake_in_a_wrapper_is_named() {
    for (passage, changed, message) in [
        (", is = \"message-number\"", ", is = \"message\"", "in `wrapper` a wrapper's meaning: "),
        (
            ", is = \"payload\" },\n    { name = \"sign\"",
            ", is = \"unused\" },\n    { name = \"sign\"",
            "in `wrapper` a field that is Payload, found none",
        ),
        (
            "name = \"appid\", label",
            "name = \"bankid\", label",
            "in `wrapper` the name in `envelope.app_key`, `appid`, found `bankid`",
        ),
        (
            "name = \"transcode\", label",
            "name = \"code\", label",
            "in `wrapper` the name in `envelope.interface`, `transcode`, found `code`",
        ),
        ("name = \"msgcode\", label", "name = \"appid\", label", "in `wrapper` each field once"),
        (
            "constant = \"v1.0\"",
            "constant = \"v1.0\", is = \"unused\"",
            "in `wrapper` fields with `is` or a `constant`",
        ),
        (
            "listed = [\"data\", \"reqtime\"]",
            "listed = [\"reqtime\"]",
            "in `wrapper` a digest that covers the payload",
        ),
        (
            "does = \"apply\"",
            "does = \"apply\"\nenveloped = true",
            "`enveloped` only for a question, found `apply`",
        ),
        (
            "{ name = \"applicationId\"",
            "{ name = \"appid\", required = true, is = \"app-key\" },\n    { name = \"applicationId\"",
            "only in the `wrapper` what stands there, found AppKey",
        ),
        (
            "{ name = \"applicationId\"",
            "{ name = \"x\", required = true, is = \"payload\" },\n    { name = \"applicationId\"",
            "a meaning that `apply` knows",
        ),
    ] {
        assert!(TABLE.contains(passage), "{passage}");
        let said = of(&TABLE.replacen(passage, changed, 1), "").unwrap_err();
        assert!(said.contains(&format!("expected {message}")), "{said}");
    }
    let answer = "{ name = \"data\", label = \"响应报文加密后的数据\"";
    let said = of(&TABLE.replacen(answer, &answer.replace("\"data\"", "\"body\""), 1), "").unwrap_err();
    assert!(said.contains("expected in `wrapper` an answer row `data` that is Payload"), "{said}");
    let (before, after) = TABLE.split_once("[wrapper]").unwrap();
    let (_, interfaces) = after.split_once("# 10.1").unwrap();
    let said = of(&format!("{before}# {interfaces}"), "").unwrap_err();
    assert!(said.contains("expected a field that is AppKey"), "{said}");
}
