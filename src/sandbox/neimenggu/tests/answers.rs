//! What an institution answers to a push, and what the platform objects to in it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::super::letter::tests::signed_pdf;
use super::institution::{Scene, institution_keys, number};
use crate::crypto::second_opinion::{encrypt, sm4_ecb_encrypt};

/// What PREP103 brings.
pub fn letter(name: &str, document: &[u8]) -> Value {
    json!({ "guaranteeFileName": name, "guaranteeFileContext": BASE64.encode(document) })
}

/// What PREP104 brings.
pub fn verification(guarantee_id: &str, status: &str) -> Value {
    json!({
        "guaranteeId": guarantee_id,
        "status": status,
        "certNum": "4001bc",
        "certOwner": "示例财产保险股份有限公司",
        "certBeginTime": "2024-01-01",
        "certEndTime": "2027-01-01",
        "certAuthor": "示例CA",
        "signTime": "2024-11-18 09:30:00",
    })
}

fn changed(mut value: Value, name: &str, to: impl Into<Value>) -> Value {
    value[name] = to.into();
    value
}

fn cut(mut value: Value, name: &str) -> Value {
    value.as_object_mut().unwrap().remove(name).unwrap();
    value
}

#[tokio::test]
async fn an_answer_has_a_known_code_and_no_members_of_its_own() {
    let scene = Scene::new().await;
    let application = scene.applied().await;
    let id = application.application_id.as_str();
    let good = json!({ "code": "000", "message": "成功" });
    let cases = [
        (json!("<html>"), "报文不是JSON对象"),
        (json!({ "code": 0 }), "字段code应为字符串类型"),
        (json!({ "message": "成功" }), "code不在错误码描述中（11.1）"),
        (json!({ "code": "1" }), "code不在错误码描述中（11.1）"),
        (changed(good.clone(), "message", "成".repeat(201)), "message长度超过200（9.2.2）"),
        (changed(good.clone(), "sign", "x"), "应答中有未定义的参数sign（9.2.2）"),
        (changed(good.clone(), "data", "!"), "应答的data不是合法的Base64"),
        (changed(good.clone(), "data", "QUJD"), "应答的data无法用平台私钥解密"),
        (scene.in_sm2(&json!({ "payUrl": "x" })), "应答的data中有未定义的字段payUrl"),
        (scene.in_sm2(&json!({ "code": "103" })), "应答的data中的code与外层不一致"),
        (scene.in_sm2(&json!([])), "应答的data：报文不是JSON对象"),
    ];
    for (answer, flaw) in cases {
        scene.answers("PREP109", answer);
        let answer = scene.sandbox.surrender(id).await.unwrap();
        assert!(!answer.is_accepted(), "{answer}");
        assert!(answer.flaw.as_ref().unwrap().starts_with(flaw), "{answer}");
    }
    for answer in
        [good.clone(), scene.in_sm2(&json!({})), scene.in_sm2(&good), json!({ "code": "000", "data": null })]
    {
        scene.answers("PREP109", answer);
        let answer = scene.sandbox.surrender(id).await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
    }
    for code in ["101", "102", "103", "201", "202", "203", "204", "301", "302"] {
        scene.answers("PREP109", json!({ "code": code, "message": "原因" }));
        let answer = scene.sandbox.surrender(id).await.unwrap();
        assert!(!answer.is_accepted() && answer.flaw.is_none(), "{answer}");
        assert_eq!((answer.code.as_str(), answer.message.as_str()), (code, "原因"));
    }
}

#[tokio::test]
async fn a_letter_is_taken_in_the_digital_envelope_or_under_sm2_alone() {
    let scene = Scene::new().await;
    let application = scene.issued().await;
    let id = application.application_id.as_str();
    let file = signed_pdf("保函");
    let message = letter("保函文件20241118.pdf", &file);
    let with_codes = changed(changed(message.clone(), "code", "000"), "message", "成功");
    for answer in [scene.in_envelope(&message), scene.in_sm2(&message), scene.in_envelope(&with_codes)] {
        scene.answers("PREP103", answer);
        let answer = scene.sandbox.fetch_letter(id).await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        assert_eq!(answer.data["guaranteeFileName"], "保函文件20241118.pdf");
    }
    let letters = scene.sandbox.delivery(id).unwrap().letters;
    assert!(letters.len() == 1 && letters[0].times == 3 && *letters[0].document == *file);
}

#[tokio::test]
async fn a_letter_that_is_not_as_10_3_has_it_is_objected_to() {
    let scene = Scene::new().await;
    let application = scene.issued().await;
    let id = application.application_id.as_str();
    let file = signed_pdf("保函");
    let good = letter("保函.pdf", &file);
    let text = BASE64.encode(&file);
    let broken = format!("{}\n{}", &text[..76], &text[76..]);
    let public = scene.sandbox.public_key();
    let sealed = |key: &[u8], public: &[u8]| {
        let data = sm4_ecb_encrypt(&[7; 16], good.to_string().as_bytes()).unwrap();
        let sign = encrypt(public, key).unwrap();
        json!({ "code": "000", "data": BASE64.encode(data), "sign": BASE64.encode(sign) })
    };
    let cases = [
        (json!({ "code": "000", "message": "成功" }), "应答中没有data（10.3）"),
        (scene.in_envelope(&cut(good.clone(), "guaranteeFileName")), "guaranteeFileName不能为空（10.3）"),
        (
            scene.in_envelope(&cut(good.clone(), "guaranteeFileContext")),
            "guaranteeFileContext不能为空（10.3）",
        ),
        (
            scene.in_envelope(&changed(good.clone(), "guaranteeFileName", "保函.ofd")),
            "guaranteeFileName必须带.pdf后缀（10.3）",
        ),
        (
            scene.in_envelope(&changed(good.clone(), "guaranteeFileName", "长".repeat(252) + ".pdf")),
            "guaranteeFileName长度超过255（10.3）",
        ),
        (scene.in_envelope(&changed(good.clone(), "md5", "x")), "未定义的字段md5（10.3）"),
        (
            scene.in_envelope(&changed(good.clone(), "guaranteeFileContext", broken)),
            "guaranteeFileContext含有换行或空白（10.3）",
        ),
        (
            scene.in_envelope(&changed(good.clone(), "guaranteeFileContext", "QQ")),
            "guaranteeFileContext不是合法的Base64（10.3）",
        ),
        (scene.in_envelope(&letter("a.pdf", b"PK\x03\x04")), "保函文件不是PDF"),
        (scene.in_envelope(&letter("a.pdf", b"%PDF-1.7\n%%EOF")), "保函文件没有电子签名"),
        (sealed(&[7; 15], &public), "应答的对称密钥不是16字节"),
        (sealed(&[8; 16], &public), "应答的data无法用数字信封中的密钥解密"),
        (sealed(&[7; 16], &institution_keys().public_sec1()), "应答的sign无法用平台私钥解密"),
    ];
    for (answer, flaw) in cases {
        scene.answers("PREP103", answer);
        let answer = scene.sandbox.fetch_letter(id).await.unwrap();
        assert_eq!(answer.flaw.as_deref(), Some(flaw));
    }
    assert!(scene.sandbox.delivery(id).unwrap().letters.is_empty());
    scene.answers("PREP103", sealed(&[7; 16], &public));
    assert!(scene.sandbox.fetch_letter(id).await.unwrap().is_accepted());
    scene.answers("PREP103", scene.in_envelope(&letter("保函.pdf", &signed_pdf("另一份保函"))));
    let other = scene.sandbox.fetch_letter(id).await.unwrap();
    assert_eq!(other.flaw.as_deref(), Some("保函文件与此前查询的不一致"));
    assert!(!scene.sandbox.delivery(id).unwrap().exactly_once());
}

#[tokio::test]
async fn a_verification_names_the_certificate_if_the_letter_is_genuine() {
    let scene = Scene::new().await;
    let application = scene.issued().await;
    let good = verification(&number(&application), "01");
    let verify = async |message: &Value| {
        scene.answers("PREP104", scene.in_envelope(message));
        scene.sandbox.verify(&application.application_id, b"%PDF-1.7").await.unwrap()
    };
    for name in ["certNum", "certOwner", "certBeginTime", "certEndTime", "certAuthor", "signTime"] {
        let answer = verify(&cut(good.clone(), name)).await;
        assert_eq!(answer.flaw, Some(format!("status为01时{name}不能为空（10.4）")));
        let answer = verify(&cut(changed(good.clone(), "status", "02"), name)).await;
        assert!(answer.is_accepted(), "{answer}");
    }
    for name in ["guaranteeId", "status"] {
        let answer = verify(&cut(good.clone(), name)).await;
        assert_eq!(answer.flaw, Some(format!("{name}不能为空（10.4）")));
    }
    for (name, longest) in [("certNum", 150), ("certOwner", 100), ("certAuthor", 100), ("guaranteeId", 64)] {
        let answer = verify(&changed(good.clone(), name, "长".repeat(longest + 1))).await;
        assert_eq!(answer.flaw, Some(format!("{name}长度超过{longest}（10.4）")));
    }
    let cases = [
        ("status", "1", "status取值不在规定范围内（10.4）"),
        ("certBeginTime", "2024-01-01 00:00:00", "certBeginTime格式应为yyyy-MM-dd（10.4）"),
        ("certEndTime", "20270101", "certEndTime格式应为yyyy-MM-dd（10.4）"),
        ("certEndTime", "2023-12-31", "certEndTime早于certBeginTime"),
        ("signTime", "2024-11-18", "signTime格式应为yyyy-MM-dd hh:mm:ss（10.4）"),
        ("guaranteeId", "BH0", "应答的guaranteeId与请求不一致"),
        ("result", "x", "未定义的字段result（10.4）"),
    ];
    for (name, value, flaw) in cases {
        assert_eq!(verify(&changed(good.clone(), name, value)).await.flaw.as_deref(), Some(flaw));
    }
    assert_eq!(verify(&good).await.data["certNum"], "4001bc");
}
