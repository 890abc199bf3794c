//! The pushes as Hainan sends them, opened.

use baohan_gateway::clock;
use baohan_gateway::crypto::encoding::KeyForm;
use baohan_gateway::dialect::{Opened, Request, SectionKey, Tolerance};
use baohan_gateway::domain::application::Application;
use baohan_gateway::domain::identity::ApplicationNumber;
use baohan_gateway::domain::invoice::InvoiceKind;
use baohan_gateway::domain::section::{Ciphertext, SealedSection};

use crate::platform::{self, GUARANTEE, altered, hainan, hainan_with, soon_after};

fn open(interface: &str, body: &str) -> Opened {
    let opened = hainan().open(
        Some(interface),
        Some("application/json;charset=utf-8"),
        body.as_bytes(),
        soon_after(body),
    );
    let opened = opened.unwrap();
    assert_eq!(opened.interface, interface);
    assert_eq!(opened.subject.application, Some(ApplicationNumber::new("TBHN202406030915270001")));
    assert_eq!(opened.tolerances, []);
    opened
}

fn section() -> SealedSection {
    let Request::Apply(application) = open("baohanapply", platform::APPLICATION).request else { panic!() };
    application.section
}

fn project_key() -> SectionKey {
    SectionKey::new(KeyForm::Auto.read_sm4_key(&platform::credential("project_key_base64")).unwrap(), None)
}

#[test]
fn every_push_as_it_was_sent_is_opened() {
    for (interface, sample) in [
        ("baohanapply", platform::APPLICATION),
        ("baohanrestore", platform::RESTORATION),
        ("invoiceapply", platform::INVOICE),
        ("claimsnotice", platform::CLAIM),
        ("quitapply", platform::SURRENDER),
        ("canclenotice", platform::CANCELLATION),
        ("giveupapply", platform::WAIVER),
    ] {
        open(interface, sample);
    }
}

#[test]
fn an_application_as_it_was_sent_is_opened() {
    let opened = open("baohanapply", platform::APPLICATION);
    assert_eq!(opened.business_key, "TBHN202406030915270001");
    assert_eq!(opened.sent_at, clock::from_wire("2024-06-03 09:15:27").unwrap());
    let Request::Apply(application) = opened.request else { panic!() };
    assert_eq!(application.applicant.name, "海峡示例建设有限公司");
    assert_eq!(application.applicant.code, "91350100MA0EXAMP1B");
    assert_eq!(application.contact.name.as_deref(), Some("林某某"));
    assert_eq!(application.contact.phone.as_deref(), Some("13800000001"));
    assert_eq!(application.platform_code.as_deref(), Some("460000"));
    assert_eq!(application.amount.to_string(), "800000.00");
    assert_eq!(application.section.number.as_str(), "NkzetRlXBwxCflZDj8Sfb0u2Bj6GL8JCJkV/e6g0s7c=");
}

/// An application about this section.
fn sealed(section: SealedSection) -> Application {
    let Request::Apply(application) = open("baohanapply", platform::APPLICATION).request else { panic!() };
    Application { section, ..application }
}

#[test]
fn an_opening_brings_the_key_that_reveals_the_section() {
    let body = altered(platform::RESTORATION, &[]);
    let Request::Restore { guarantee, opened_at, key } = open("baohanrestore", &body).request else {
        panic!()
    };
    assert_eq!(guarantee.as_str(), GUARANTEE);
    assert_eq!(opened_at, clock::from_wire("2024-06-24 09:30:00").unwrap());
    assert_eq!(key.to_bytes(), project_key().to_bytes());
    let revealed = hainan().reveal_application(&sealed(section()), Some(&key)).unwrap();
    assert_eq!(revealed.number, "HNJY2024-0518-001001");
    assert_eq!(revealed.name, "海口市示例新区起步区路网二期工程施工第一标段");
    assert_eq!(revealed.beneficiary, "海口示例新区开发建设有限公司");
    assert_eq!(revealed.beneficiary_code.as_deref(), Some("91460100MA0EXAMP2C"));
}

#[test]
fn a_key_that_opens_all_fields_but_one_reveals_nothing() {
    let profile = hainan();
    let sound = section();
    // Ciphertext that is well formed and belongs to another key.
    let foreign = Ciphertext::new("VM6qyRqwiCfdMA2R21lKaap6Qtv1e7THddUcstWwuPfEe9twZnBBhYPDEUQhofOC");
    for field in 0..4 {
        let mut section = sound.clone();
        match field {
            0 => section.number = foreign.clone(),
            1 => section.name = foreign.clone(),
            2 => section.beneficiary = foreign.clone(),
            _ => section.beneficiary_code = Some(foreign.clone()),
        }
        assert!(
            profile.reveal_application(&sealed(section.clone()), Some(&project_key())).is_err(),
            "{field}"
        );
    }
    let name_as_code = SealedSection { beneficiary_code: Some(sound.name.clone()), ..sound.clone() };
    assert!(profile.reveal_application(&sealed(name_as_code.clone()), Some(&project_key())).is_err());
    let without_code = SealedSection { beneficiary_code: None, ..sound };
    assert!(profile.reveal_application(&sealed(without_code.clone()), Some(&project_key())).is_ok());
}

#[test]
fn a_special_invoice_is_asked_for() {
    let body = altered(platform::INVOICE, &[]);
    let Request::RequestInvoice { guarantee, request } = open("invoiceapply", &body).request else {
        panic!()
    };
    assert_eq!(guarantee.as_str(), GUARANTEE);
    assert_eq!(request.kind, InvoiceKind::Special);
    assert_eq!(request.amount.to_string(), "3200.00");
    assert_eq!(request.buyer.code, "91350100MA0EXAMP1B");
    assert_eq!(request.bank.as_deref(), Some("中国建设银行福州五四支行"));
    assert_eq!(request.mobile.as_deref(), Some("13800000001"));
    assert_eq!(request.recipient.as_deref(), Some("林某某"));
}

#[test]
fn a_claim_lists_its_evidence() {
    let body = altered(platform::CLAIM, &[]);
    let opened = open("claimsnotice", &body);
    assert_eq!(opened.business_key, format!("TBHN202406030915270001|{GUARANTEE}"));
    let Request::Claim { request, .. } = opened.request else { panic!() };
    assert_eq!(request.amount.unwrap().to_string(), "800000.00");
    assert_eq!(request.payee_account.as_deref(), Some("46050100163600001234"));
    assert_eq!(request.claimant.name.as_deref(), Some("王某某"));
    assert_eq!(request.reason.as_deref(), Some("投标人在投标有效期内撤销投标文件"));
    let links = ["https://files.example.com/a.pdf?x=1&y=2", "https://files.example.com/b.pdf"];
    assert_eq!(request.evidence, links);
}

#[test]
fn surrender_cancellation_and_waiver_are_opened() {
    let Request::RequestSurrender { reason, .. } =
        open("quitapply", &altered(platform::SURRENDER, &[])).request
    else {
        panic!()
    };
    assert_eq!(reason, "项目延期，投标人放弃投标");
    let cancellation = open("canclenotice", &altered(platform::CANCELLATION, &[]));
    assert!(
        matches!(cancellation.request, Request::Cancel { guarantee, .. } if guarantee.as_str() == GUARANTEE)
    );
    assert!(matches!(open("giveupapply", platform::WAIVER).request, Request::Waive));
}

#[test]
fn a_repeated_push_has_the_same_content_and_a_changed_one_has_not() {
    let first = open("baohanapply", platform::APPLICATION);
    let again = altered(platform::APPLICATION, &[("timestamp", "2024-06-03 09:20:00")]);
    assert_ne!(again, platform::APPLICATION);
    assert_eq!(open("baohanapply", &again).content, first.content);
    let changed = altered(platform::APPLICATION, &[("bzjamount", "800000.01")]);
    let changed = open("baohanapply", &changed);
    assert_ne!(changed.content, first.content);
    assert_eq!(changed.business_key, first.business_key);
    // The same characters, of which some are a name once and a value once.
    let content = |name: &str, phone: &str| {
        open("baohanapply", &altered(platform::APPLICATION, &[("jbrname", name), ("jbrphone", phone)]))
            .content
    };
    assert_ne!(content("a", "b"), content("ajbrphoneb", ""));
}

#[test]
fn a_push_posted_as_a_form_is_opened() {
    let form: String = platform::APPLICATION.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let body = format!("requestData={form}");
    let now = soon_after(platform::APPLICATION);
    let content_type = Some("application/x-www-form-urlencoded");
    let opened = hainan().open(Some("baohanapply"), content_type, body.as_bytes(), now).unwrap();
    assert_eq!(opened.tolerances, []);
    let sniffed = hainan().open(Some("baohanapply"), None, body.as_bytes(), now).unwrap();
    assert_eq!(sniffed.tolerances, [Tolerance::ContentType]);
    assert_eq!(sniffed.content, opened.content);
}

#[test]
fn what_was_let_pass_is_recorded() {
    let profile = hainan();
    let body = altered(platform::WAIVER, &[("extra", "1")]).replace(r#""extra":"1""#, r#""extra":1"#);
    let sign: serde_json::Value = serde_json::from_str(&body).unwrap();
    let sign = sign["sign"].as_str().unwrap();
    let body = body.replace(sign, &sign.to_uppercase());
    let now = clock::from_wire("2024-06-03 10:15:01").unwrap();
    let opened = profile.open(Some("giveupapply"), Some("text/plain"), body.as_bytes(), now).unwrap();
    let recorded: Vec<String> = opened.tolerances.iter().map(ToString::to_string).collect();
    let expected =
        ["content-type", "digest-case", "unknown-field:extra", "literal:extra", "time-outside-window"];
    assert_eq!(recorded, expected);
}

#[test]
fn an_empty_field_may_take_part_in_the_digest_or_not() {
    let body = altered(platform::APPLICATION, &[("jbrphone", "")]);
    assert_eq!(open("baohanapply", &body).tolerances, []);
    let kept = hainan_with("digest.empties = 'keep'");
    let opened = platform::open(&kept, "baohanapply", &body).unwrap();
    assert_eq!(opened.tolerances, [Tolerance::DigestEmpties("skip-empty")]);
    let Request::Apply(application) = opened.request else { panic!() };
    assert_eq!(application.contact.phone, None);
}

#[test]
fn an_operator_sees_what_was_digested_without_the_secret() {
    let explained = hainan().explain(None, platform::WAIVER.as_bytes()).unwrap();
    assert_eq!(
        explained.pre_image,
        "appkey=HN_DEMO_0001&applyno=TBHN202406030915270001&platformcode=460000\
         &timestamp=2024-06-03 10:00:00&appsecret=***"
    );
    assert_eq!(explained.given.as_deref(), Some(explained.digest.as_str()));
    assert_eq!(explained.matches, Some(vec![]));
    let broken = platform::WAIVER.replace("460000", "460001");
    assert_eq!(hainan().explain(None, broken.as_bytes()).unwrap().matches, None);
}
