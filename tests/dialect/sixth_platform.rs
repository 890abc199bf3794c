//! Platforms that exist only as text: what differs from Hainan is in their tables, and no Rust knows of them. One of
//! them sends Jilin's pushes, which have numbers where strings are printed, empty fields and a capital letter.

use std::fs;

use baohan_gateway::clock;
use baohan_gateway::crypto::encoding::KeyForm;
use baohan_gateway::dialect::{
    Failure, Message, Opened, Profile, Registry, Rejection, RejectionKind, Request, SectionKey,
};
use baohan_gateway::domain::identity::{ApplicationNumber, GuaranteeNumber};
use baohan_gateway::domain::invoice::InvoiceKind;
use baohan_gateway::domain::notice::{Notice, SurrenderResult};

use crate::platform::{self, of};

/// Jilin V2.0.3, 4.1, 4.5 and 4.10, as far as the samples go.
const NORTHERN: &str = r#"
id = "northern"
title = "A northern province"
version = "2.0.3"
flow = { issued = [], merged = [] }

[[interface]]
clause = "4.1"
title = "投保申请"
name = "baohanapply"
direction = "in"
does = "apply"
fields = [
    { name = "appkey", length = 50, required = true, is = "app-key" },
    { name = "timestamp", length = 30, required = true, is = "timestamp" },
    { name = "platformcode", length = 50, required = true, is = "platform-code" },
    { name = "applyno", length = 50, required = true, is = "application-number" },
    { name = "biddername", length = 200, required = true, is = "applicant-name" },
    { name = "biddercode", length = 50, required = true, is = "applicant-code" },
    { name = "jbrname", length = 50, required = false, is = "contact-name" },
    { name = "jbrphone", length = 50, required = false, is = "contact-phone" },
    { name = "biaoduanno", length = 500, required = true, cipher = true, is = "section-number" },
    { name = "biaoduanname", length = 1000, required = true, cipher = true, is = "section-name" },
    { name = "bzjamount", length = 50, required = true, is = "guaranteed-amount" },
    { name = "zbr", length = 500, required = true, cipher = true, is = "beneficiary-name" },
    { name = "zbrorgnum", length = 200, required = false, cipher = true, is = "beneficiary-code" },
    { name = "sign", length = 200, required = true, is = "digest" },
]

[[interface]]
clause = "4.5"
title = "发票申请"
name = "invoiceapply"
direction = "in"
does = "request-invoice"
fields = [
    { name = "appkey", length = 50, required = true, is = "app-key" },
    { name = "timestamp", length = 30, required = true, is = "timestamp" },
    { name = "platformcode", length = 50, required = true, is = "platform-code" },
    { name = "applyno", length = 50, required = true, is = "application-number" },
    { name = "baohanno", length = 50, required = true, is = "guarantee-number" },
    { name = "biddername", length = 200, required = true, is = "applicant-name" },
    { name = "biddercode", length = 50, required = true, is = "applicant-code" },
    { name = "amount", length = 50, required = true, is = "invoice-amount" },
    { name = "type", length = 10, required = true, is = "invoice-kind", values = { ordinary = "0", special = "1" } },
    { name = "email", length = 100, required = false, is = "invoice-email" },
    { name = "sign", length = 200, required = true, is = "digest" },
]

[[interface]]
clause = "4.10"
title = "理赔通知"
name = "claimsnotice"
direction = "in"
does = "claim"
fields = [
    { name = "appkey", length = 50, required = true, is = "app-key" },
    { name = "timestamp", length = 30, required = true, is = "timestamp" },
    { name = "platformcode", length = 50, required = true, is = "platform-code" },
    { name = "applyno", length = 50, required = true, is = "application-number" },
    { name = "baohanno", length = 50, required = true, is = "guarantee-number" },
    { name = "applyusername", length = 50, required = true, is = "claimant-name" },
    { name = "applyuserphone", length = 50, required = true, is = "claimant-phone" },
    { name = "Reason", length = 500, required = true, is = "reason" },
    { name = "sign", length = 200, required = true, is = "digest" },
]
"#;

const APPLICATION: &str = include_str!("../inputs/jilin/01-baohanapply.json");
const INVOICE: &str = include_str!("../inputs/jilin/02-invoiceapply-numbers.json");
const CLAIM: &str = include_str!("../inputs/jilin/03-claimsnotice.json");
const CREDENTIALS: &str = include_str!("../inputs/jilin/credentials.json");

fn northern() -> Profile {
    let credentials: serde_json::Value = serde_json::from_str(CREDENTIALS).unwrap();
    let (key, secret) = (&credentials["appkey"], &credentials["appsecret"]);
    of(NORTHERN, &format!("dialect = 'northern'\ntitle = 'N'\nappkey = {key}\nappsecret = {secret}"))
}

fn open(interface: &str, body: &str) -> Result<Opened, Rejection> {
    northern().open(Some(interface), Some("application/json"), body.as_bytes(), platform::soon_after(body))
}

#[test]
fn an_application_with_an_empty_field_and_rare_characters_is_opened() {
    let opened = open("baohanapply", APPLICATION).unwrap();
    assert_eq!(opened.tolerances, []);
    let Request::Apply(application) = opened.request else { panic!() };
    assert_eq!(application.applicant.name, "吉林省㛃晟示例建筑工程有限公司");
    assert_eq!(application.contact.name.as_deref(), Some("张䶮"));
    assert_eq!(application.contact.phone, None);
    let credentials: serde_json::Value = serde_json::from_str(CREDENTIALS).unwrap();
    let key = KeyForm::Auto.read_sm4_key(credentials["project_key_base64"].as_str().unwrap()).unwrap();
    let revealed = northern().reveal_application(&application, Some(&SectionKey::new(key, None))).unwrap();
    assert_eq!(revealed.beneficiary, "长春市示例区住房保障管理中心");
    assert_eq!(revealed.beneficiary_code.as_deref(), Some("12220104MB1A23456X"));
}

#[test]
fn numbers_are_digested_as_they_were_written() {
    let opened = open("invoiceapply", INVOICE).unwrap();
    let tolerances: Vec<_> = opened.tolerances.iter().map(ToString::to_string).collect();
    assert_eq!(tolerances, ["literal:amount", "literal:type"]);
    let Request::RequestInvoice { request, .. } = opened.request else { panic!() };
    assert_eq!((request.kind, request.amount.to_string()), (InvoiceKind::Ordinary, "3200.00".to_owned()));
    assert_eq!(request.email.as_deref(), Some("a@example.com"));
    let rewritten = INVOICE.replace("3200.0,", "3200.00,");
    assert_eq!(open("invoiceapply", &rewritten).unwrap_err().kind, RejectionKind::BadDigest);
}

#[test]
fn a_capital_letter_sorts_first() {
    let opened = open("claimsnotice", CLAIM).unwrap();
    assert_eq!(opened.tolerances, []);
    let Request::Claim { request, .. } = opened.request else { panic!() };
    assert_eq!(request.reason.as_deref(), Some("中标人无正当理由不与招标人订立合同"));
    assert_eq!((request.amount, request.evidence), (None, Vec::new()));
}

#[test]
fn what_a_dialect_does_not_have_is_not_said() {
    let application = ApplicationNumber::new("TB1");
    let now = clock::from_wire("2022-11-20 16:40:00").unwrap();
    let error = northern().compose(&Message::PublicKey { application: &application }, now).unwrap_err();
    assert_eq!(error.to_string(), "the dialect has no interface that does `public-key`");
}

/// Different in everything that an option can change.
const ISLAND: &str = r#"
id = "island"
title = "An island"
version = "1"
flow = { issued = [], merged = [] }

[envelope]
app_key = "orgId"
timestamp = "sentAt"
digest = "X-Sign"
interface = "method"
unknown_fields = "accept"

[digest]
algorithm = "hmac-sm3"
covers = "body"
place = "header"
frame = "{app_key}.{fields}"
output = "base64"

[timestamp]
format = "yyyyMMddHHmmss"
outside = "refuse"

[reply]
code = "resultCode"
message = "resultDesc"
code_form = "number"
success = "200"
failure = "500"

[[interface]]
clause = "一(二)3"
title = "放弃"
name = "waive"
direction = "in"
does = "waive"
path = "LG108"
fields = [
    { name = "orgId", required = true, is = "app-key" },
    { name = "sentAt", required = true, is = "timestamp" },
    { name = "orderNo", length = 8, required = true, is = "application-number" },
]

[[interface]]
clause = "一(二)4"
title = "退保"
name = "surrendered"
direction = "out"
does = "surrender-result"
path = "LG109"
fields = [
    { name = "method", required = true, constant = "LG109" },
    { name = "orgId", required = true, is = "app-key" },
    { name = "sentAt", required = true, is = "timestamp" },
    { name = "policyNo", required = true, is = "guarantee-number" },
    { name = "result", required = true, is = "outcome", values = { approved = "Y", refused = "N" } },
    { name = "at", required = false, is = "surrendered-at", when = { field = "result", is = ["Y"] } },
]
"#;

const ISLAND_OPTIONS: &str = "dialect = 'island'\ntitle = 'I'\nappkey = 'org-1'\nappsecret = 'island-secret'\nbase_url = 'https://i.example'";

fn island_digest(body: &str) -> String {
    use base64::Engine;
    let code = baohan_gateway::crypto::sm3::hmac(b"island-secret", format!("org-1.{body}").as_bytes());
    base64::prelude::BASE64_STANDARD.encode(code)
}

#[test]
fn a_platform_that_differs_in_everything_needs_only_a_table() {
    let island = of(ISLAND, ISLAND_OPTIONS);
    let now = clock::from_wire("2024-06-03 09:16:00").unwrap();
    assert_eq!(island.digest_header(), Some("X-Sign"));
    let body =
        r#"{ "method":"LG108", "orgId":"org-1", "sentAt":"20240603091500", "orderNo":"00000001", "more":1 }"#;
    let digest = island_digest(body);
    let opened = island.open_signed(None, None, body.as_bytes(), Some(&digest), now).unwrap();
    assert!(matches!(opened.request, Request::Waive));
    assert_eq!(
        (opened.interface.as_str(), opened.subject.application.unwrap().as_str()),
        ("waive", "00000001")
    );
    for refused in [None, Some("AAAA")] {
        let rejection = island.open_signed(None, None, body.as_bytes(), refused, now).unwrap_err();
        assert_eq!(rejection.kind.label(), "bad-digest");
    }
    assert_eq!(
        String::from_utf8(island.failure(Some("waive"), Failure::Content, "不可以")).unwrap(),
        r#"{"resultCode":500,"resultDesc":"不可以"}"#
    );

    let notice = Notice::SurrenderResult(SurrenderResult {
        application: ApplicationNumber::new("00000001"),
        guarantee: GuaranteeNumber::new("BH1"),
        surrendered_at: Some(now),
        reason: None,
    });
    let outgoing = island.compose(&Message::Notice(&notice), now).unwrap();
    assert_eq!(outgoing.url, "https://i.example/LG109");
    let body = String::from_utf8(outgoing.body).unwrap();
    assert_eq!(
        body,
        r#"{"method":"LG109","orgId":"org-1","sentAt":"20240603091600","policyNo":"BH1","result":"Y","at":"20240603091600"}"#
    );
    assert_eq!(outgoing.digest_header, Some(("X-Sign".to_owned(), island_digest(&body))));
}

#[test]
fn a_dialect_file_in_a_settings_folder_is_as_good_as_a_built_in_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("northern.toml"), NORTHERN).unwrap();
    fs::write(folder.path().join("notes.txt"), "not a dialect").unwrap();
    let registry = Registry::with_folder(folder.path()).unwrap();
    let ids: Vec<_> = registry.tables().map(|table| table.id.as_str()).collect();
    assert_eq!(ids.len(), Registry::built_in().unwrap().tables().count() + 1);
    assert_eq!(ids.last(), Some(&"northern"));
    assert_eq!(registry.table("northern").unwrap().interfaces.len(), 3);
}

#[test]
fn a_folder_that_can_not_be_used_is_refused_with_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Registry::with_folder(&folder.path().join("missing")).unwrap_err().to_string();
    assert!(missing.contains("missing: expected a readable folder of dialect files"), "{missing}");
    fs::write(folder.path().join("a.toml"), NORTHERN.replace("\"northern\"", "\"hainan-2024\"")).unwrap();
    let same = Registry::with_folder(folder.path()).unwrap_err().to_string();
    assert!(same.ends_with("which is the id of tables/hainan-2024.toml too"), "{same}");
    fs::write(folder.path().join("a.toml"), "id = 1").unwrap();
    let broken = Registry::with_folder(folder.path()).unwrap_err().to_string();
    assert!(broken.contains("a.toml: expected a dialect table"), "{broken}");
}
