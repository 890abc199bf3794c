//! What the platform pushes, and the endpoints by which a person makes it push.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::super::super::digest;
use super::super::super::message::Message;
use super::super::super::testing::{SECRET, Scene, number};
use super::super::{Outcome, SPECIFICATION};
use crate::crypto::second_opinion::sm4_ecb_decrypt;

/// Each push in order: its interface and its fields.
fn pushed(scene: &Scene) -> Vec<(String, Value)> {
    scene.pushes().into_iter().map(|push| (push.interface, push.body)).collect()
}

#[tokio::test]
async fn every_act_sends_the_fields_of_its_table_and_is_signed() {
    let scene = Scene::new().await;
    let application = scene.approved().await;
    let applyno = application.applyno.as_str();
    let sandbox = &scene.sandbox;
    scene.answer("canclenotice", 200, r#"{"code":0,"message":"不能注销"}"#);
    scene.answer("giveupapply", 502, "<html>");
    sandbox.surrender(applyno).await.unwrap();
    sandbox.restore(applyno).await.unwrap();
    sandbox.invoice(applyno, "1").await.unwrap();
    sandbox.claim(applyno).await.unwrap();
    assert_eq!(sandbox.cancel(applyno).await.unwrap().code, "0", "a number is read as well as a string");
    assert!(!sandbox.waive(applyno).await.unwrap().is_accepted(), "a page of HTML is no answer");
    let head = ["appkey", "timestamp", "platformcode", "applyno"];
    let tables: [(&str, &[&str]); 7] = [
        ("baohanapply", &["biddername", "biddercode", "biaoduanno", "biaoduanname", "bzjamount", "zbr"]),
        ("quitapply", &["baohanno", "reason"]),
        ("baohanrestore", &["baohanno", "kaibiaotime", "key"]),
        (
            "invoiceapply",
            &[
                "baohanno",
                "biddername",
                "biddercode",
                "amount",
                "type",
                "address",
                "phone",
                "bank",
                "account",
                "mobile",
                "contactname",
                "contactaddress",
            ],
        ),
        (
            "claimsnotice",
            &["baohanno", "payeraccount", "payeramount", "applyusername", "applyuserphone", "reason"],
        ),
        ("canclenotice", &["baohanno"]),
        ("giveupapply", &[]),
    ];
    let pushes = pushed(&scene);
    assert_eq!(pushes.len(), tables.len());
    for ((interface, body), (expected, required)) in pushes.iter().zip(tables) {
        assert_eq!(interface, expected);
        let message = Message::parse(body.to_string().as_bytes()).unwrap();
        assert_eq!(message.check(SPECIFICATION.pushed(interface).unwrap()), Ok(()), "{interface}");
        assert_eq!(message.text("sign"), digest::sign(message.fields(), SECRET), "{interface}");
        for name in head.iter().chain(required) {
            assert!(message.get(name).is_some(), "{interface} {name}");
        }
    }
    let (_, claim) = &pushes[4];
    let files: Vec<Value> = serde_json::from_str(claim["filelist"].as_str().unwrap()).unwrap();
    assert!(files.iter().all(|file| file["fileurl"].is_string()));
    let failed = sandbox.journal().count(|exchange| matches!(exchange.outcome, Outcome::Failed(_)));
    assert_eq!(failed, 1);
}

#[tokio::test]
async fn the_key_of_the_opening_decrypts_what_the_application_sent_and_the_wrong_one_does_not() {
    let scene = Scene::new().await;
    let application = scene.approved().await;
    scene.sandbox.restore_with_wrong_key(&application.applyno).await.unwrap();
    assert!(!scene.sandbox.delivery(&application.applyno).unwrap().opened);
    scene.sandbox.restore(&application.applyno).await.unwrap();
    let pushes = pushed(&scene);
    let section = |key: &Value| {
        let key = BASE64.decode(key.as_str().unwrap()).unwrap().try_into().unwrap();
        let sealed = BASE64.decode(pushes[0].1["biaoduanname"].as_str().unwrap()).unwrap();
        sm4_ecb_decrypt(&key, &sealed).ok().and_then(|plain| String::from_utf8(plain).ok())
    };
    assert_ne!(section(&pushes[1].1["key"]), Some(application.section_name.clone()));
    assert_eq!(section(&pushes[2].1["key"]), Some(application.section_name));
}

#[tokio::test]
async fn a_repetition_has_the_same_content_and_a_conflict_has_not() {
    let scene = Scene::new().await;
    let application = scene.applied().await;
    let sandbox = &scene.sandbox;
    sandbox.duplicate(&application.applyno, "baohanapply").await.unwrap();
    sandbox.conflict(&application.applyno, "baohanapply").await.unwrap();
    let contents: Vec<String> = pushed(&scene)
        .iter()
        .map(|(_, body)| digest::content(Message::parse(body.to_string().as_bytes()).unwrap().fields()))
        .collect();
    assert_eq!(contents[0], contents[1]);
    assert_ne!(contents[0], contents[2]);
    assert!(sandbox.duplicate(&application.applyno, "claimsnotice").await.is_err());
    let unknown = sandbox.restore(&application.applyno).await.unwrap_err();
    assert!(unknown.to_string().contains("no guarantee number"), "{unknown}");
}

#[tokio::test]
async fn opening_restores_what_is_approved_and_not_open_yet() {
    let scene = Scene::new().await;
    for _ in 0..5 {
        scene.approved().await;
    }
    let unapproved = scene.applied().await;
    let opened = scene.sandbox.open_section().await;
    assert_eq!(opened.len(), 5);
    assert!(opened.iter().all(|(applyno, answer)| *applyno != unapproved.applyno && answer.is_ok()));
    assert!(scene.sandbox.open_section().await.is_empty());
}

#[tokio::test]
async fn a_person_can_make_the_platform_act() {
    let scene = Scene::new().await;
    let root = scene.sandbox.control_url();
    let post = |path: String| {
        let request = scene.client.post(format!("{root}{path}"));
        async { request.send().await.unwrap().text().await.unwrap() }
    };
    let get = |path: &str| {
        let request = scene.client.get(format!("{root}{path}"));
        async { request.send().await.unwrap().text().await.unwrap() }
    };
    assert!(get("/").await.contains("POST /acts/apply"));
    let applied: Vec<Value> = serde_json::from_str(&post("/acts/apply?count=3".to_owned()).await).unwrap();
    assert_eq!(applied.len(), 3);
    let application = scene.sandbox.application(applied[0]["applyno"].as_str().unwrap()).unwrap();
    scene.notice(&application).await;
    let applyno = &application.applyno;
    assert!(post(format!("/acts/restore/{applyno}")).await.contains(r#""code":"1""#));
    assert!(post(format!("/acts/duplicate/{applyno}/baohanrestore")).await.contains(r#""code":"1""#));
    assert!(post(format!("/acts/dance/{applyno}")).await.contains("unknown act `dance`"));
    assert_eq!(post("/acts/open".to_owned()).await, "[]");
    let delivery: Value = serde_json::from_str(&get(&format!("/deliveries/{applyno}")).await).unwrap();
    assert_eq!(delivery["baohanno"], number(&application));
    let journal: Vec<Value> =
        serde_json::from_str(&get(&format!("/journal?applyno={applyno}")).await).unwrap();
    assert_eq!(journal.len(), 4);
    assert!(get(&format!("/letters/{applyno}/ciphertext")).await.contains("has been accepted"));
    let script = r#"[{"interface":"uploadbaohanfile","nth":3,"act":"reset"}]"#;
    let request =
        scene.client.put(format!("{root}/faults")).header("content-type", "application/json").body(script);
    assert_eq!(request.send().await.unwrap().status(), 204);
    assert!(get("/faults").await.contains("uploadbaohanfile"));
}
