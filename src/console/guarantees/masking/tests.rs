//! What is covered, in every form in which messages come.

use super::*;
use crate::dialect::{PlatformOptions, Registry};
use crate::domain::identity::PlatformId;

fn mask(dialect: &str, interface: &str) -> Mask {
    let options: PlatformOptions = toml::from_str(&format!(
        "dialect = '{dialect}'\ntitle = 't'\nappkey = 'k'\nappsecret = 's'\nbase_url = 'http://127.0.0.1'"
    ))
    .unwrap();
    let registry = Registry::built_in().unwrap();
    let table = registry.table(dialect).unwrap();
    let profile = Profile::new(PlatformId::new("p"), table, &options).unwrap();
    Mask::of(Some(&profile), interface)
}

#[test]
fn a_field_shows_what_its_meaning_allows() {
    let mask = mask("hainan-2024", "baohanapply");
    let body = r#"{"applyno":"TB1","biddername":"海南示例建设有限公司","jbrname":"王小明","jbrphone":"13800001234","biaoduanno":"q1w2e3r4t5y6u7i8o9p0","bzjamount":800000.00}"#;
    let shown = mask.message(body);
    assert_eq!(
        shown,
        r#"{"applyno":"TB1","biddername":"海南示例建设有限公司","jbrname":"王*","jbrphone":"138****1234","biaoduanno":"q1w2e3r4t5y6…[20]","bzjamount":800000.00}"#
    );
}

#[test]
fn whoever_was_granted_a_look_sees_people_and_no_keys() {
    let lifted = mask("hainan-2024", "baohanrestore").lifted();
    let shown =
        lifted.message(r#"{"jbrname":"王小明","jbrphone":"13800001234","key":"MDEyMzQ1Njc4OWFiY2RlZg=="}"#);
    assert_eq!(shown, r#"{"jbrname":"王小明","jbrphone":"13800001234","key":"***"}"#);
}

#[test]
fn a_key_is_hidden_in_json_in_a_form_and_in_xml() {
    let mask = mask("hainan-2024", "baohanrestore");
    let key = "MDEyMzQ1Njc4OWFiY2RlZg==";
    let forms = [
        format!(r#"{{"applyno":"TB1","key":"{key}"}}"#),
        format!(r#"{{"applyno":"TB1", "key" : "{key}""#),
        format!("applyno=TB1&key={}", key.replace('=', "%3D")),
        format!(
            "requestData=%7B%22applyno%22%3A%22TB1%22%2C%22key%22%3A%22{}%22%7D",
            key.replace('=', "%3D")
        ),
        format!("<m><applyno>TB1</applyno><key>{key}</key></m>"),
        format!(r#"<m applyno="TB1" key="{key}"></m>"#),
        format!(r#"{{"data":"{{\"applyno\":\"TB1\",\"key\":\"{key}\"}}"}}"#),
    ];
    for form in forms {
        for shown in [mask.bytes(form.as_bytes()), mask.message(&form)] {
            assert!(!shown.contains("MDEyMzQ1"), "{form}\n{shown}");
            assert!(shown.contains("***") && shown.contains("TB1"), "{form}\n{shown}");
        }
    }
}

#[test]
fn what_nobody_knows_goes_through_the_net() {
    let unknown = Mask::of(None, "");
    let body = r#"{"a":"王小明","b":"电话13800001234，邮箱 wang@example.cn","c":"110101199003071234","d":"0898-66778899","e":"6222021234567890128","f":"91460000MA5EXAMP1X","g":"TBHN202406030915270001"}"#;
    let shown = unknown.message(body);
    assert_eq!(
        shown,
        r#"{"a":"王*","b":"电话138****1234，邮箱 ***@example.cn","c":"1101**********1234","d":"***","e":"****0128","f":"91460000MA5EXAMP1X","g":"TBHN202406030915270001"}"#
    );
}

#[test]
fn an_address_that_opens_a_document_shows_its_host_alone() {
    assert_eq!(link("https://gateway.example/files/TOKEN/a.ofd"), "https://gateway.example/…");
    assert_eq!(link("https://user:word@gateway.example?token=1"), "https://gateway.example/…");
    assert_eq!(link("/files/TOKEN"), "***");
}

#[test]
fn what_is_no_text_and_what_is_no_structure_is_shown_safely() {
    let unknown = Mask::of(None, "");
    assert_eq!(unknown.bytes(b"\xff\xfe"), "[2 bytes]");
    assert_eq!(unknown.bytes(b"<html><body>13800001234</body></html>").matches("13800001234").count(), 0);
    assert_eq!(unknown.bytes("拨打 13800001234".as_bytes()), "拨打 138****1234");
    assert_eq!(unknown.bytes(br#"{"a":{},"b":[1,2]}"#), "{\n  \"a\": {},\n  \"b\": [\n    1,\n    2\n  ]\n}");
}
