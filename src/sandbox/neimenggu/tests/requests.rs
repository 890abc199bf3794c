//! The envelope of a notice: each thing in it that a strict platform refuses, with its code.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};

use super::super::{Reqtime, SandboxOptions};
use super::institution::{Fields, Scene, institution_keys, objection};
use crate::crypto::second_opinion::{encrypt, encrypt_c1c2c3};
use crate::sandbox::Outcome;

/// An application that waits for 01, and the right envelope of that.
async fn scene() -> (Scene, Map<String, Value>) {
    scene_with(|_| {}).await
}

async fn scene_with(change: impl FnOnce(&mut SandboxOptions)) -> (Scene, Map<String, Value>) {
    let scene = Scene::with(change).await;
    let application = scene.applied().await;
    let envelope = scene.envelope("PREP102", &scene.status(&application, "01"));
    (scene, envelope)
}

fn with(mut envelope: Map<String, Value>, name: &str, value: impl Into<Value>) -> Map<String, Value> {
    envelope.insert(name.to_owned(), value.into());
    envelope
}

#[tokio::test]
async fn an_envelope_has_its_seven_members_and_no_other() {
    let (scene, envelope) = scene().await;
    for name in ["transcode", "msgcode", "appid", "reqtime", "version", "data", "sign"] {
        let mut missing = envelope.clone();
        missing.remove(name).unwrap();
        let expected = format!("103 {name}不能为空（9.2.1）");
        assert_eq!(objection(&scene.post("PREP102", &missing).await), expected);
        let empty = with(envelope.clone(), name, "");
        assert_eq!(objection(&scene.post("PREP102", &empty).await), expected);
        let number = with(envelope.clone(), name, 1);
        assert_eq!(objection(&scene.post("PREP102", &number).await), format!("103 字段{name}应为字符串类型"));
    }
    for (name, longest) in [("transcode", 20), ("msgcode", 32), ("appid", 32), ("version", 10), ("sign", 64)]
    {
        let long = with(envelope.clone(), name, "a".repeat(longest + 1));
        assert_eq!(objection(&scene.post("PREP102", &long).await), format!("103 {name}长度超出（9.2.1）"));
    }
    let cases = [
        ("remark", "x", "103 未定义的参数remark（9.2.1）"),
        ("msgcode", "adfd95a4b3634b58b0cf3b8c67b18a2", "103 msgcode应为32位UUID（9.2.1）"),
        ("msgcode", "gdfd95a4b3634b58b0cf3b8c67b18a29", "103 msgcode应为32位UUID（9.2.1）"),
        ("version", "v2.0", "103 version应为v1.0（9.2.1）"),
        ("transcode", "PREP106", "103 transcode与请求地址不一致"),
        ("reqtime", "2024-11-18 09:30:00", "103 reqtime格式应为yyyyMMddHHmmss（9.2.1）"),
    ];
    for (name, value, expected) in cases {
        let changed = with(envelope.clone(), name, value);
        assert_eq!(objection(&scene.post("PREP102", &changed).await), expected);
    }
    let text = Value::Object(envelope.clone()).to_string();
    let twice = text.replacen('{', r#"{"version":"v1.0","#, 1);
    assert_eq!(objection(&scene.post_text("PREP102", twice).await), "103 字段version重复");
    let html = objection(&scene.post_text("PREP102", "<html>".to_owned()).await);
    assert!(html.starts_with("103 报文不是JSON对象"), "{html}");
    assert_eq!(scene.post("PREP102", &envelope).await["code"], "000", "nothing of this has stuck");
}

#[tokio::test]
async fn a_transaction_that_institutions_do_not_send_is_refused() {
    let (scene, envelope) = scene().await;
    for transcode in ["PREP101", "PREP110"] {
        let other = with(envelope.clone(), "transcode", transcode);
        assert_eq!(objection(&scene.post(transcode, &other).await), format!("103 交易码{transcode}不存在"));
    }
}

#[tokio::test]
async fn a_request_of_somebody_else_is_refused_as_not_authentic() {
    let (scene, envelope) = scene().await;
    let forged = with(envelope.clone(), "sign", "0".repeat(64));
    assert_eq!(objection(&scene.post("PREP102", &forged).await), "101 sign与报文不符");
    let upper = envelope["sign"].as_str().unwrap().to_uppercase();
    let upper = with(envelope.clone(), "sign", upper);
    assert_eq!(objection(&scene.post("PREP102", &upper).await), "101 sign与报文不符");
    let other_data = with(envelope.clone(), "data", "QUJD");
    assert_eq!(objection(&scene.post("PREP102", &other_data).await), "101 sign与报文不符");
    let moment = envelope["reqtime"].as_str().unwrap();
    let other_moment = format!("{}{}", &moment[..13], if moment.ends_with('0') { '1' } else { '0' });
    let other_moment = with(envelope.clone(), "reqtime", other_moment);
    assert_eq!(objection(&scene.post("PREP102", &other_moment).await), "101 sign与报文不符");
    let stranger = with(envelope.clone(), "appid", "nm_insurer_02");
    assert_eq!(objection(&scene.post("PREP102", &stranger).await), "101 appid不存在");
    let refused = scene.sandbox.journal().count(
        |exchange| matches!(&exchange.outcome, Outcome::Refused(reason) if reason.starts_with("101 ")),
    );
    assert_eq!(refused, 5);
}

#[tokio::test]
async fn data_that_the_platform_cannot_open_is_refused_as_such() {
    let (scene, _) = scene().await;
    let application = scene.applied().await;
    let message: Fields = scene.status(&application, "01");
    let message: Map<String, Value> = message.into_iter().map(|(k, v)| (k.to_owned(), v.into())).collect();
    let message = Value::Object(message).to_string();
    let public = scene.sandbox.public_key();
    let right = encrypt(&public, message.as_bytes()).unwrap();
    let mut damaged = right.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let unreadable = "102 data无法用平台私钥解密";
    let cases = [
        ("!".to_owned(), "102 data不是合法的Base64"),
        (BASE64.encode("QUJD"), unreadable),
        (BASE64.encode(damaged), unreadable),
        (BASE64.encode(&right[1..]), unreadable),
        (BASE64.encode(encrypt_c1c2c3(&public, message.as_bytes()).unwrap()), unreadable),
        (BASE64.encode(encrypt(&institution_keys().public_sec1(), message.as_bytes()).unwrap()), unreadable),
        (BASE64.encode(encrypt(&public, b"[]").unwrap()), "103 报文不是JSON对象"),
        (
            BASE64.encode(encrypt(&public, br#"{"applicationId":1}"#).unwrap()),
            "103 字段applicationId应为字符串类型",
        ),
    ];
    for (data, expected) in cases {
        let refused = objection(&scene.post("PREP102", &scene.envelope_of("PREP102", data)).await);
        assert!(refused.starts_with(expected), "{refused}");
    }
    let envelope = scene.envelope_of("PREP102", BASE64.encode(right));
    assert_eq!(scene.post("PREP102", &envelope).await["code"], "000");
}

#[tokio::test]
async fn a_request_of_another_hour_is_refused() {
    let (scene, envelope) = scene().await;
    scene.options.clock.advance(Duration::from_secs(16 * 60));
    assert_eq!(objection(&scene.post("PREP102", &envelope).await), "103 reqtime与平台时间相差过大");
}

#[tokio::test]
async fn the_form_of_the_example_is_always_taken_and_the_platforms_own_form_too() {
    for form in [Reqtime::Digits, Reqtime::Colons, Reqtime::ShortHour] {
        let (scene, envelope) = scene_with(|options| options.reqtime = form).await;
        let data = envelope["data"].as_str().unwrap();
        for taken in [Reqtime::Digits, form] {
            let reqtime = taken.print(scene.options.clock.now());
            let envelope = scene.envelope_at("PREP102", data.to_owned(), reqtime);
            assert_eq!(scene.post("PREP102", &envelope).await["code"], "000", "{form:?} {taken:?}");
        }
        if form == Reqtime::Digits {
            let reqtime = Reqtime::Colons.print(scene.options.clock.now());
            let envelope = scene.envelope_at("PREP102", data.to_owned(), reqtime);
            let refused = objection(&scene.post("PREP102", &envelope).await);
            assert_eq!(refused, "103 reqtime格式应为yyyyMMddHHmmss（9.2.1）");
        }
    }
}

#[tokio::test]
async fn the_transaction_may_be_named_in_the_body_alone() {
    let (scene, envelope) = scene().await;
    assert_eq!(scene.post("", &envelope).await["code"], "000");
    let entered = scene.sandbox.journal().all();
    assert_eq!(entered.last().unwrap().interface, "PREP102");
}
