//! Platforms that exist only as text: what differs from Hainan is in their tables, and no Rust knows of them.

use std::fs;

use baohan_gateway::clock;
use baohan_gateway::dialect::{Message, Registry, Request};
use baohan_gateway::domain::identity::{ApplicationNumber, GuaranteeNumber};
use baohan_gateway::domain::invoice::InvoiceKind;
use baohan_gateway::domain::notice::{Notice, SurrenderResult};

use crate::platform::{self, of};

/// A part of a province's table that names fields in other ways, and sends numbers where strings are printed.
const NORTHERN: &str = r#"
id = "northern"
title = "A northern province"
version = "2.0.3"
flow = { ciphertext = ["notice"], merged = ["notice"] }

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

const INVOICE: &str = r#"{"appkey": "northern_01", "timestamp": "2022-11-02 09:00:00", "platformcode": "220100", "applyno": "TB1", "baohanno": "BH1", "biddername": "省㛃晟示例建筑工程有限公司", "biddercode": "91220101MA0EXAMP5G", "amount": 3200.0, "type": 0, "email": "", "sign": "$"}"#;
const CLAIM: &str = r#"{"appkey": "northern_01", "timestamp": "2022-11-20 16:40:00", "platformcode": "220100", "applyno": "TB1", "baohanno": "BH1", "applyusername": "李某", "applyuserphone": "13700002222", "Reason": "不与招标人订立合同", "sign": "$"}"#;

/// Signs the text by hand: the pre-image is written out, not computed from the message.
fn signed(body: &str, pre_image: &str) -> String {
    let digest =
        baohan_gateway::crypto::sm3::digest(format!("{pre_image}&appsecret=northern-secret").as_bytes());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    body.replace('$', &digest)
}

fn northern() -> baohan_gateway::dialect::Profile {
    of(NORTHERN, "dialect = 'northern'\ntitle = 'N'\nappkey = 'northern_01'\nappsecret = 'northern-secret'")
}

#[test]
fn numbers_are_digested_as_they_were_written() {
    let body = signed(
        INVOICE,
        "amount=3200.0&appkey=northern_01&applyno=TB1&baohanno=BH1&biddercode=91220101MA0EXAMP5G\
         &biddername=省㛃晟示例建筑工程有限公司&platformcode=220100&timestamp=2022-11-02 09:00:00&type=0",
    );
    let opened = platform::open(&northern(), "invoiceapply", &body).unwrap();
    let tolerances: Vec<_> = opened.tolerances.iter().map(ToString::to_string).collect();
    assert_eq!(tolerances, ["literal:amount", "literal:type", "time-outside-window"]);
    let Request::RequestInvoice { request, .. } = opened.request else { panic!() };
    assert_eq!((request.kind, request.amount.to_string()), (InvoiceKind::Ordinary, "3200.00".to_owned()));
    assert_eq!(request.email, None);
    let rewritten = body.replace("3200.0,", "3200.00,");
    assert!(platform::open(&northern(), "invoiceapply", &rewritten).is_err());
}

#[test]
fn a_capital_letter_sorts_first() {
    let body = signed(
        CLAIM,
        "Reason=不与招标人订立合同&appkey=northern_01&applyno=TB1&applyuserphone=13700002222\
         &applyusername=李某&baohanno=BH1&platformcode=220100&timestamp=2022-11-20 16:40:00",
    );
    let opened = platform::open(&northern(), "claimsnotice", &body).unwrap();
    let Request::Claim { request, .. } = opened.request else { panic!() };
    assert_eq!(request.reason, "不与招标人订立合同");
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
flow = { ciphertext = ["upload", "notice"], merged = ["upload"] }

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
    assert_eq!((opened.interface.as_str(), opened.application.as_str()), ("waive", "00000001"));
    for refused in [None, Some("AAAA")] {
        let rejection = island.open_signed(None, None, body.as_bytes(), refused, now).unwrap_err();
        assert_eq!(rejection.kind.label(), "bad-digest");
    }
    assert_eq!(
        String::from_utf8(island.reply(Some("waive"), false, "不可以", None)).unwrap(),
        r#"{"resultCode":500,"resultDesc":"不可以"}"#
    );

    let notice = Notice::SurrenderResult(SurrenderResult {
        application: ApplicationNumber::new("00000001"),
        guarantee: GuaranteeNumber::new("BH1"),
        surrendered_at: Some(now),
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
    assert_eq!(ids, ["hainan-2024", "northern"]);
    assert_eq!(registry.table("northern").unwrap().interfaces.len(), 2);
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
