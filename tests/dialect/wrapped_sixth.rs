//! A platform that exists only as text, and is neither like Hainan nor like any other: applications in plain text inside
//! an encrypted wrapper, a notice that holds the letter, and a letter that it fetches in a digital envelope.

use baohan_gateway::crypto::second_opinion;
use baohan_gateway::dialect::request::Query;
use baohan_gateway::dialect::response::LetterFile;
use baohan_gateway::dialect::{Failure, Message, Profile, Request, Response};
use baohan_gateway::domain::identity::{ApplicationNumber, GuaranteeNumber};
use baohan_gateway::domain::notice::{ApplicationResult, IssuedTerms, Notice};
use baohan_gateway::domain::party::Account;
use baohan_gateway::domain::premium::Rate;
use baohan_gateway::domain::product::LetterFormat;
use baohan_gateway::domain::section::Secrecy;
use serde_json::{Value, json};

use crate::neimenggu::{
    base64, credential, from_base64, institution, now, of, open, openssl_sm3, platform, settings,
};

const SOUTHERN: &str = r##"
id = "southern"
title = "A southern province"
version = "1"
letters = "pdf"
flow = { issued = ["notice"] }

[envelope]
app_key = "orgId"
timestamp = "sentAt"
digest = "mac"
interface = "method"

[digest]
covers = "listed-fields"
listed = ["body", "sentAt"]
order = "declared"
pair = "value"
separator = "#"
frame = "{fields}#{secret}"

[timestamp]
format = "yyyyMMddHHmmss"

[reply]
code = "status"
message = "info"
data = "body"
success = "0000"
failure = "9999"
failures = { unknown_guarantee = "9404" }

[wrapper]
clause = "2"
fields = [
    { name = "method", required = true, is = "transaction" },
    { name = "orgId", required = true, is = "app-key" },
    { name = "sentAt", required = true, is = "timestamp" },
    { name = "body", required = true, is = "payload" },
    { name = "mac", required = true, is = "digest" },
]
answer = [
    { name = "status", required = true, is = "code" },
    { name = "info", required = false, is = "message" },
    { name = "body", required = false, is = "payload" },
]

[[interface]]
clause = "3.1"
title = "申请"
name = "apply"
direction = "in"
does = "apply"
fields = [
    { name = "orderNo", length = 20, required = true, is = "application-number" },
    { name = "company", required = true, is = "applicant-name" },
    { name = "companyCode", required = true, is = "applicant-code" },
    { name = "lotNo", required = true, is = "section-number" },
    { name = "lotName", required = true, is = "section-name" },
    { name = "amount", required = true, is = "guaranteed-amount" },
    { name = "owner", required = true, is = "beneficiary-name" },
]

[[interface]]
clause = "3.2"
title = "结果"
name = "result"
direction = "out"
does = "application-result"
fields = [
    { name = "orderNo", length = 20, required = true, is = "application-number" },
    { name = "ok", required = true, is = "outcome", values = { approved = "Y", refused = "N" } },
    { name = "policyNo", required = true, is = "guarantee-number", when = { field = "ok", is = ["Y"] } },
    { name = "file", required = true, is = "letter-file", when = { field = "ok", is = ["Y"] } },
    { name = "link", required = false, is = "letter-url" },
]

[[interface]]
clause = "3.3"
title = "下载"
name = "file"
direction = "in"
does = "fetch-letter"
enveloped = true
fields = [{ name = "orderNo", length = 20, required = true, is = "application-number" }]
answer = [
    { name = "name", required = true, is = "letter-file-name" },
    { name = "file", required = true, is = "letter-file" },
]
"##;

fn southern() -> Profile {
    of(SOUTHERN, &settings("")).unwrap()
}

fn mac(body: &str) -> String {
    openssl_sm3(&format!("{body}#20241118093000#{}", credential("appsecret")))
}

fn wrapped(method: &str, body: &str, mac: String) -> Value {
    let account = credential("appid");
    json!({ "method": method, "orgId": account, "sentAt": "20241118093000", "body": body, "mac": mac })
}

fn application(changes: &[(&str, &str)]) -> Value {
    let mut message = json!({
        "orderNo": "S-1", "company": "南方示例建设有限公司", "companyCode": "91350200MA0EXAMP3J", "lotNo": "L1",
        "lotName": "一标段", "amount": 120000.5, "owner": "示例业主",
    });
    for (name, value) in changes {
        message[name] = Value::from(*value);
    }
    let ciphertext = second_opinion::encrypt(&institution().public_sec1(), message.to_string().as_bytes());
    let body = base64(&ciphertext.unwrap());
    wrapped("apply", &body, mac(&body))
}

#[test]
fn its_application_is_read_without_any_key_of_the_section() {
    let profile = southern();
    let opened = open(&profile, &application(&[])).unwrap();
    let Request::Apply(application) = opened.request else { panic!() };
    assert_eq!((application.amount.to_string(), application.secrecy), ("120000.50".into(), Secrecy::None));
    assert_eq!(profile.reveal_application(&application, None).unwrap().name, "一标段");
    assert_eq!((profile.letter_format(), profile.needs_links()), (LetterFormat::Pdf, false));
}

#[test]
fn its_failures_have_its_own_shape() {
    let failed = |failure| String::from_utf8(southern().failure(Some("apply"), failure, "不")).unwrap();
    assert_eq!(failed(Failure::Digest), r#"{"status":"9999","info":"不"}"#);
    assert_eq!(failed(Failure::UnknownGuarantee), r#"{"status":"9404","info":"不"}"#);
    let rejection = open(&southern(), &application(&[("lotNo", "")])).unwrap_err();
    assert_eq!(rejection.message, "lotNo 为必填项（3.1）");
    let mut forged = application(&[]);
    forged["sentAt"] = Value::from("20241118093001");
    assert_eq!(open(&southern(), &forged).unwrap_err().kind.label(), "bad-digest");
}

#[test]
fn its_notice_holds_the_letter() {
    let notice = Notice::ApplicationResult(ApplicationResult {
        application: ApplicationNumber::new("S-1"),
        terms: Some(IssuedTerms {
            guarantee: GuaranteeNumber::new("BH1"),
            payer: Account { holder: "付款人".into(), number: "1".into(), bank: None },
            rate: Rate("0.004".parse().unwrap()),
            premium: "480".parse().unwrap(),
            amount: "120000.50".parse().unwrap(),
            applicant: "南方示例建设有限公司".into(),
            valid: (now(), now()),
        }),
        reason: None,
        issuer: "示例保险股份有限公司".into(),
        at: now(),
    });
    let profile = southern();
    assert!(profile.encloses(&notice));
    let file = LetterFile { name: "BH1.pdf".into(), base64: "JVBERi0=".into() };
    let message = Message::Enclosing { notice: &notice, file: &file, url: None };
    let outgoing = profile.compose(&message, now()).unwrap();
    assert_eq!(outgoing.url, "https://platform.example/api/result");
    let outer: Value = serde_json::from_slice(&outgoing.body).unwrap();
    assert_eq!(
        (&outer["method"], &outer["sentAt"]),
        (&Value::from("result"), &Value::from("20241118093100"))
    );
    let text = format!("{}#20241118093100#{}", outer["body"].as_str().unwrap(), credential("appsecret"));
    assert_eq!(outer["mac"], openssl_sm3(&text));
    let plain = platform().decrypt_c1c3c2(&from_base64(&outer["body"])).unwrap();
    let told: Value = serde_json::from_slice(&plain).unwrap();
    assert_eq!(told, json!({ "orderNo": "S-1", "ok": "Y", "policyNo": "BH1", "file": "JVBERi0=" }));
}

#[test]
fn it_fetches_the_letter_in_a_digital_envelope() {
    let profile = southern();
    let body = base64(&second_opinion::sm4_ecb_encrypt(&[7; 16], br#"{"orderNo":"S-1"}"#).unwrap());
    let key = base64(&second_opinion::encrypt(&institution().public_sec1(), &[7; 16]).unwrap());
    let opened = open(&profile, &wrapped("file", &body, key)).unwrap();
    assert!(matches!(opened.request, Request::Ask(Query::Letter)));
    let file = LetterFile { name: "BH1.pdf".into(), base64: "JVBERi0=".into() };
    let answer = profile.success("file", &Response::Letter(file));
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer["status"], "0000");
    let key = platform().decrypt_c1c3c2(&from_base64(&answer["mac"])).unwrap();
    let plain = second_opinion::sm4_ecb_decrypt(&key.try_into().unwrap(), &from_base64(&answer["body"]));
    let told: Value = serde_json::from_slice(&plain.unwrap()).unwrap();
    assert_eq!(told, json!({ "name": "BH1.pdf", "file": "JVBERi0=" }));
}
