//! What the gateway sends, as the platform sees it.

use baohan_gateway::clock;
use baohan_gateway::dialect::{ComposeError, Message, Outgoing, Profile, Request};
use baohan_gateway::domain::claim::{ClaimResult, ClaimSide, ClaimStatus};
use baohan_gateway::domain::guarantee::LetterKind;
use baohan_gateway::domain::identity::{ApplicationNumber, GuaranteeNumber};
use baohan_gateway::domain::invoice::Invoice;
use baohan_gateway::domain::notice::{
    ApplicationResult, InvoiceResult, IssuedTerms, Notice, SurrenderResult,
};
use baohan_gateway::domain::party::{Account, Contact};
use baohan_gateway::domain::premium::Rate;
use jiff::Timestamp;
use serde_json::Value;

use crate::platform::{self, altered, credential, digest, hainan, hainan_with};

fn now() -> Timestamp {
    clock::from_wire("2024-06-04 10:00:00").unwrap()
}

fn application() -> ApplicationNumber {
    ApplicationNumber::new("TBHN202406030915270001")
}

fn guarantee() -> GuaranteeNumber {
    GuaranteeNumber::new("BH2024060300000001")
}

fn account(holder: &str, number: &str) -> Account {
    Account { holder: holder.to_owned(), number: number.to_owned(), bank: Some("示例银行".to_owned()) }
}

/// Composes, checks the digest by an own computation, and shows the body as it goes over the wire.
fn sent(profile: &Profile, message: &Message<'_>) -> String {
    let outgoing = profile.compose(message, now()).unwrap();
    let Outgoing { interface, url, content_type, digest_header, body } = outgoing;
    assert_eq!(url, format!("https://platform.example/rest/gbsapi/{interface}"));
    assert_eq!(content_type, "application/json; charset=UTF-8");
    assert_eq!(digest_header, None);
    let body = String::from_utf8(body).unwrap();
    let read: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(read["sign"], digest(&read, &credential("appsecret")));
    format!("{interface} {}", body.replace(read["sign"].as_str().unwrap(), "[digest]"))
}

fn noticed(notice: &Notice) -> String {
    sent(&hainan(), &Message::Notice(notice))
}

fn approval() -> Notice {
    Notice::ApplicationResult(ApplicationResult {
        application: application(),
        terms: Some(IssuedTerms {
            guarantee: guarantee(),
            payer: account("海峡示例建设有限公司", "35001870007052501234"),
            rate: Rate("0.0040".parse().unwrap()),
            premium: "3200".parse().unwrap(),
            amount: "800000".parse().unwrap(),
            applicant: "海峡示例建设有限公司".to_owned(),
            valid: (now(), now()),
        }),
        reason: None,
        issuer: "示例保险\"股份\"有限公司".to_owned(),
        at: now(),
    })
}

#[test]
fn an_approval_carries_all_of_a_2() {
    insta::assert_snapshot!(noticed(&approval()), @r#"baohannotice {"appkey":"HN_DEMO_0001","timestamp":"2024-06-04 10:00:00","applyno":"TBHN202406030915270001","baohanno":"BH2024060300000001","payername":"海峡示例建设有限公司","payeraccount":"35001870007052501234","instname":"示例保险\"股份\"有限公司","generatetime":"2024-06-04 10:00:00","rate":"0.004","cost":"3200.00","applystatus":"1","sign":"[digest]"}"#);
}

#[test]
fn a_decline_sends_required_fields_without_a_value_as_empty() {
    let notice = Notice::ApplicationResult(ApplicationResult {
        application: application(),
        terms: None,
        reason: Some("资信不足".to_owned()),
        issuer: "示例保险股份有限公司".to_owned(),
        at: now(),
    });
    insta::assert_snapshot!(noticed(&notice), @r#"baohannotice {"appkey":"HN_DEMO_0001","timestamp":"2024-06-04 10:00:00","applyno":"TBHN202406030915270001","baohanno":"","payername":"","payeraccount":"","instname":"示例保险股份有限公司","generatetime":"2024-06-04 10:00:00","rate":"","cost":"","applystatus":"0","sign":"[digest]"}"#);
}

#[test]
fn a_public_key_is_asked_for() {
    let application = application();
    insta::assert_snapshot!(sent(&hainan(), &Message::PublicKey { application: &application }), @r#"downloadpublickey {"appkey":"HN_DEMO_0001","timestamp":"2024-06-04 10:00:00","applyno":"TBHN202406030915270001","sign":"[digest]"}"#);
}

#[test]
fn a_slice_is_counted_from_the_dialects_base() {
    let (application, guarantee) = (application(), guarantee());
    let slice = |index| Message::Slice {
        application: &application,
        guarantee: &guarantee,
        letter: LetterKind::Merged,
        index,
        data: "QUJD",
    };
    insta::assert_snapshot!(sent(&hainan(), &slice(0)), @r#"uploadbaohanfile {"appkey":"HN_DEMO_0001","timestamp":"2024-06-04 10:00:00","applyno":"TBHN202406030915270001","baohanno":"BH2024060300000001","baohanfile":"QUJD","filetype":"2","filesuffixtype":"ofd","index":"1","sign":"[digest]"}"#);
    let from_zero = hainan_with("upload.index_base = 0");
    assert!(sent(&from_zero, &slice(0)).contains(r#""index":"0""#));
    assert!(sent(&hainan(), &slice(41)).contains(r#""index":"42""#));
}

#[test]
fn a_completion_carries_key_iv_and_the_files_digest() {
    let (application, guarantee) = (application(), guarantee());
    let message = Message::Completion {
        application: &application,
        guarantee: &guarantee,
        letter: LetterKind::Ciphertext,
        key: "a2V5",
        iv: "aXY=",
        file_digest: "d41d8cd98f00b204e9800998ecf8427e",
    };
    insta::assert_snapshot!(sent(&hainan(), &message), @r#"baohanfilecompletenotice {"appkey":"HN_DEMO_0001","timestamp":"2024-06-04 10:00:00","applyno":"TBHN202406030915270001","baohanno":"BH2024060300000001","key":"a2V5","iv":"aXY=","baohanfilemd5":"d41d8cd98f00b204e9800998ecf8427e","filetype":"1","filesuffixtype":"ofd","sign":"[digest]"}"#);
}

#[test]
fn an_invoice_is_told_with_what_it_has() {
    let result = |invoice| {
        Notice::InvoiceResult(InvoiceResult { application: application(), guarantee: guarantee(), invoice })
    };
    let paper =
        Invoice { url: None, code: Some("046002200111".to_owned()), number: Some("00012345".to_owned()) };
    insta::assert_snapshot!(noticed(&result(Some(paper))), @r#"invoicenotice {"appkey":"HN_DEMO_0001","timestamp":"2024-06-04 10:00:00","baohanno":"BH2024060300000001","invoicecode":"046002200111","invoiceno":"00012345","applystatus":"1","sign":"[digest]"}"#);
    insta::assert_snapshot!(noticed(&result(None)), @r#"invoicenotice {"appkey":"HN_DEMO_0001","timestamp":"2024-06-04 10:00:00","baohanno":"BH2024060300000001","applystatus":"0","sign":"[digest]"}"#);
}

#[test]
fn a_surrender_is_told_with_its_time_if_it_was_granted() {
    let result = |surrendered_at| {
        Notice::SurrenderResult(SurrenderResult {
            application: application(),
            guarantee: guarantee(),
            surrendered_at,
            reason: None,
        })
    };
    insta::assert_snapshot!(noticed(&result(Some(now()))), @r#"quitnotice {"appkey":"HN_DEMO_0001","timestamp":"2024-06-04 10:00:00","applyno":"TBHN202406030915270001","baohanno":"BH2024060300000001","applystatus":"1","tuibaotime":"2024-06-04 10:00:00","sign":"[digest]"}"#);
    insta::assert_snapshot!(noticed(&result(None)), @r#"quitnotice {"appkey":"HN_DEMO_0001","timestamp":"2024-06-04 10:00:00","applyno":"TBHN202406030915270001","baohanno":"BH2024060300000001","applystatus":"0","tuibaotime":"","sign":"[digest]"}"#);
}

fn claim_result(status: ClaimStatus, remark: Option<&str>) -> Notice {
    let side = |code: &str, name: &str, holder: &str, number: &str| ClaimSide {
        code: code.to_owned(),
        contact: Contact { name: Some(name.to_owned()), phone: Some("13800000002".to_owned()) },
        account: account(holder, number),
    };
    Notice::ClaimResult {
        application: application(),
        guarantee: guarantee(),
        result: ClaimResult {
            status,
            remark: remark.map(str::to_owned),
            payer: side("91460000MA0EXAMP7X", "陈某某", "示例保险股份有限公司", "4600111"),
            beneficiary: side("12460000MA0EXAMP8Y", "王某某", "示例招标人", "4600222"),
            amount: "800000".parse().unwrap(),
            paid_at: None,
        },
    }
}

#[test]
fn a_claims_result_carries_all_of_a_13() {
    insta::assert_snapshot!(noticed(&claim_result(ClaimStatus::Paid, None)), @r#"claimsresultnotice {"appkey":"HN_DEMO_0001","timestamp":"2024-06-04 10:00:00","applyno":"TBHN202406030915270001","baohanno":"BH2024060300000001","compensatestatus":"2","compensatename":"示例保险股份有限公司","compensateorgnum":"91460000MA0EXAMP7X","compensatecontact":"陈某某","compensatecontacttel":"13800000002","compensatebankcode":"4600111","compensateopenbank":"示例银行","favoreename":"示例招标人","favoreeorignum":"12460000MA0EXAMP8Y","favoreecontact":"王某某","favoreecontacttel":"13800000002","favoreebankcode":"4600222","favoreeopenbank":"示例银行","compensateamount":"800000.00","sign":"[digest]"}"#);
    assert!(noticed(&claim_result(ClaimStatus::ToBePaid, None)).contains(r#""compensatestatus":"1""#));
}

#[test]
fn a_rejected_claim_is_not_sent_without_its_reason() {
    for status in [ClaimStatus::Rejected, ClaimStatus::Other] {
        let silent = claim_result(status, None);
        let error = hainan().compose(&Message::Notice(&silent), now()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "claimsresultnotice: `compensateremark`: expected a value, found none (A.13)"
        );
        assert!(noticed(&claim_result(status, Some("超过保函有效期"))).contains("超过保函有效期"));
    }
}

#[test]
fn a_waiver_is_asked_for_under_the_name_that_both_directions_share() {
    let notice = Notice::WaiverRequest { application: application() };
    insta::assert_snapshot!(noticed(&notice), @r#"giveupapply {"appkey":"HN_DEMO_0001","timestamp":"2024-06-04 10:00:00","applyno":"TBHN202406030915270001","sign":"[digest]"}"#);
}

#[test]
fn a_value_that_is_too_long_is_not_sent() {
    let mut notice = approval();
    if let Notice::ApplicationResult(result) = &mut notice {
        result.issuer = "司".repeat(201);
    }
    let error = hainan().compose(&Message::Notice(&notice), now()).unwrap_err();
    assert!(matches!(error, ComposeError::TooLong { longest: 200, found: 201, .. }), "{error}");
}

#[test]
fn the_same_message_at_the_same_time_is_the_same_bytes() {
    let notice = approval();
    let compose = || hainan().compose(&Message::Notice(&notice), now()).unwrap();
    assert_eq!(compose(), compose());
}

#[test]
fn an_outgoing_field_and_an_address_can_be_changed_by_settings() {
    let profile = hainan_with(
        "urls.claimsresultnotice = 'http://10.0.0.1:8080/other'\n\
         rename.'claimsresultnotice.favoreeorignum' = 'favoreeorgnum'",
    );
    let notice = claim_result(ClaimStatus::Paid, None);
    let outgoing = profile.compose(&Message::Notice(&notice), now()).unwrap();
    assert_eq!(outgoing.url, "http://10.0.0.1:8080/other");
    let read: Value = serde_json::from_slice(&outgoing.body).unwrap();
    assert_eq!(read["favoreeorgnum"], "12460000MA0EXAMP8Y");
    assert_eq!(read["sign"], digest(&read, &credential("appsecret")));
    assert!(read.get("favoreeorignum").is_none());
}

#[test]
fn a_field_of_a_push_can_be_renamed_by_settings() {
    let profile = hainan_with("rename.'quitapply.reason' = 'Reason'");
    let pushed = altered(&platform::SURRENDER.replace("\"reason\"", "\"Reason\""), &[]);
    let opened = profile.open(Some("quitapply"), None, pushed.as_bytes(), now()).unwrap();
    let Request::RequestSurrender { reason, .. } = opened.request else { panic!() };
    assert_eq!(reason, "项目延期，投标人放弃投标");

    // What is called the same in both directions is renamed in both.
    let profile = hainan_with("rename.'giveupapply.applyno' = 'orderno'");
    let request = Notice::WaiverRequest { application: application() };
    assert!(sent(&profile, &Message::Notice(&request)).contains("\"orderno\""));
    let pushed = altered(&platform::WAIVER.replace("\"applyno\"", "\"orderno\""), &[]);
    assert!(profile.open(Some("giveupapply"), None, pushed.as_bytes(), now()).is_ok());
}

#[test]
fn a_condition_follows_a_renamed_field() {
    let profile = hainan_with("rename.'quitnotice.applystatus' = 'status'");
    let refused = Notice::SurrenderResult(SurrenderResult {
        application: application(),
        guarantee: guarantee(),
        surrendered_at: None,
        reason: None,
    });
    assert!(sent(&profile, &Message::Notice(&refused)).contains(r#""status":"0","tuibaotime":"""#));
}
