//! What the platform pushes, and the endpoints by which a person makes it push.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::super::{Application, FilePushes, Invalidation, Reqtime, envelope};
use super::institution::{APPID, APPKEY, Push, SECRET, Scene, institution_keys, number};
use crate::sandbox::{Act, Fault, Play};

fn names(message: &Value) -> Vec<&str> {
    message.as_object().unwrap().keys().map(String::as_str).collect()
}

/// A sample as the platform sent it, and what is in it.
fn sample(body: &[u8]) -> (Value, Value) {
    let sample: Value = serde_json::from_slice(body).unwrap();
    let data = BASE64.decode(sample["data"].as_str().unwrap()).unwrap();
    let plain = institution_keys().decrypt_c1c3c2(&data).unwrap();
    (sample, serde_json::from_slice(&plain).unwrap())
}

#[test]
fn the_samples_have_the_digest_and_the_fields_that_this_platform_would_give_them() {
    let (application, message) = sample(include_bytes!("PREP101.json"));
    let (withdrawal, reason) = sample(include_bytes!("PREP109.json"));
    for sample in [&application, &withdrawal] {
        let text = |name: &str| sample[name].as_str().unwrap();
        assert_eq!(envelope::digest(text("data"), text("reqtime"), APPKEY, SECRET), text("sign"));
        assert_eq!(text("appid"), APPID);
    }
    let read: Application = serde_json::from_value(message.clone()).unwrap();
    let written = read.fields();
    assert_eq!(written.len(), message.as_object().unwrap().len());
    for (name, value) in &written {
        assert_eq!(message[name], *value, "{name}");
    }
    assert_eq!(reason["applicationType"], "02");
}

#[tokio::test]
async fn every_push_has_the_fields_of_its_table() {
    let scene = Scene::new().await;
    let application = scene.issued().await;
    let id = application.application_id.as_str();
    let sandbox = &scene.sandbox;
    sandbox.fetch_letter(id).await.unwrap();
    sandbox.verify(id, b"%PDF-1.7").await.unwrap();
    sandbox.claim(id).await.unwrap();
    sandbox.invalidate(id, Invalidation::Fulfilled).await.unwrap();
    sandbox.invalidate(id, Invalidation::WrongFile).await.unwrap();
    sandbox.surrender(id).await.unwrap();
    sandbox.cancel_order(id).await.unwrap();
    let guarantee_id = number(&application);
    let expected = [
        ("PREP103", vec!["applicationId"], json!({ "applicationId": id })),
        (
            "PREP104",
            vec!["guaranteeData", "guaranteeId"],
            json!({ "guaranteeId": guarantee_id, "guaranteeData": "JVBERi0xLjc=" }),
        ),
        (
            "PREP105",
            vec![
                "bankAccount",
                "bidNum",
                "claimAmount",
                "claimReason",
                "companyName",
                "contract",
                "contractCertCode",
                "contractway",
                "guaranteeId",
                "openBank",
                "projectCode",
                "projectName",
                "purchaseName",
                "purchaseSocCode",
                "socialCreditCode",
            ],
            json!({ "claimAmount": application.advance_amount, "companyName": application.supplier }),
        ),
        (
            "PREP107",
            vec!["guaranteeId", "invalidTime", "invalidType", "remark"],
            json!({ "guaranteeId": guarantee_id, "invalidType": "0" }),
        ),
        (
            "PREP107",
            vec!["guaranteeId", "invalidTime", "invalidType", "remark"],
            json!({ "invalidType": "1" }),
        ),
        (
            "PREP109",
            vec!["applicationId", "applicationType", "refundReason"],
            json!({ "applicationId": id, "applicationType": "01" }),
        ),
        (
            "PREP109",
            vec!["applicationId", "applicationType", "refundReason"],
            json!({ "applicationType": "02" }),
        ),
    ];
    let pushes = scene.pushes();
    assert_eq!(pushes[0].transcode, "PREP101");
    assert_eq!(names(&pushes[0].message).len(), application.fields().len());
    assert_eq!(pushes.len(), 1 + expected.len(), "each could be opened by the institution");
    for (push, (transcode, fields, values)) in pushes[1..].iter().zip(expected) {
        assert_eq!(push.transcode, transcode);
        let mut sorted = names(&push.message);
        sorted.sort_unstable();
        assert_eq!(sorted, fields, "{transcode}");
        for (name, value) in values.as_object().unwrap() {
            assert_eq!(push.message[name], *value, "{transcode} {name}");
        }
        assert_eq!(push.enveloped, matches!(transcode, "PREP103" | "PREP104"));
        assert_eq!(push.envelope["transcode"], transcode);
        assert_eq!(push.envelope["appid"], APPID);
        assert_eq!(push.envelope["version"], "v1.0");
        let msgcode = push.envelope["msgcode"].as_str().unwrap();
        assert!(msgcode.len() == 32 && msgcode.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
    let codes: std::collections::BTreeSet<_> =
        pushes.iter().map(|push| push.envelope["msgcode"].to_string()).collect();
    assert_eq!(codes.len(), pushes.len());
}

#[tokio::test]
async fn the_time_of_a_push_is_printed_in_the_form_that_was_chosen() {
    for form in [Reqtime::Digits, Reqtime::Colons, Reqtime::ShortHour] {
        let scene = Scene::with(|options| options.reqtime = form).await;
        scene.applied().await;
        let push = scene.last_push();
        let reqtime = push.envelope["reqtime"].as_str().unwrap();
        assert!(form.read(reqtime).is_some(), "{reqtime}");
        assert_eq!(reqtime.contains(':'), form != Reqtime::Digits);
    }
}

#[tokio::test]
async fn the_file_pushes_may_come_like_the_others() {
    let scene = Scene::with(|options| options.file_pushes = FilePushes::LikeTheOthers).await;
    let application = scene.issued().await;
    scene.sandbox.fetch_letter(&application.application_id).await.unwrap();
    let push = scene.last_push();
    assert!(push.transcode == "PREP103" && !push.enveloped);
    assert_eq!(push.message["applicationId"], application.application_id);
}

#[tokio::test]
async fn a_duplicate_is_the_same_message_in_another_envelope_and_a_conflict_another_message() {
    let scene = Scene::new().await;
    let application = scene.applied().await;
    let id = application.application_id.as_str();
    scene.sandbox.duplicate(id, "PREP101").await.unwrap();
    scene.sandbox.conflict(id, "PREP101").await.unwrap();
    scene.sandbox.script(vec![Fault::on("PREP101", Act::DuplicatePush)]);
    scene.applied().await;
    let pushes: Vec<Push> = scene.pushes();
    let [first, again, other, script, script_again] = pushes.as_slice() else { panic!("{pushes:?}") };
    assert_eq!(first.message, again.message);
    assert_eq!(script.message, script_again.message);
    for name in ["msgcode", "reqtime", "data", "sign"] {
        assert_ne!(first.envelope[name], again.envelope[name], "{name}");
    }
    assert_eq!(other.message["applicationId"], first.message["applicationId"]);
    assert_ne!(other.message["advanceAmount"], first.message["advanceAmount"]);
    assert!(scene.sandbox.duplicate(id, "PREP105").await.is_err());
    assert!(scene.sandbox.conflict(id, "PREP103").await.is_err());
}

#[tokio::test]
async fn a_sealed_body_is_what_the_platform_itself_would_push() {
    let scene = Scene::new().await;
    let application = scene.sandbox.generate();
    scene.sandbox.enter(application.clone());
    let body = scene.sandbox.sealed_body("PREP101", &application.fields()).unwrap();
    let answer = scene.sandbox.push_raw("PREP101", body).await.unwrap();
    assert!(answer.is_accepted(), "{answer}");
    assert_eq!(scene.last_push().message["supplier"], application.supplier);
    scene.accepted("PREP102", scene.status(&application, "01")).await;
}

#[tokio::test]
async fn a_person_with_curl_can_make_the_platform_act() {
    let scene = Scene::new().await;
    let application = scene.issued().await;
    let id = application.application_id.as_str();
    let root = scene.sandbox.control_url();
    let get = async |path: &str| {
        scene.client.get(format!("{root}{path}")).send().await.unwrap().text().await.unwrap()
    };
    let post = async |path: String| {
        scene.client.post(format!("{root}{path}")).send().await.unwrap().text().await.unwrap()
    };
    assert!(get("/").await.contains("PREP104"));
    assert!(post("/acts/apply?count=2".to_owned()).await.contains(r#""code":"000""#));
    for (act, transcode) in [
        ("claim", "PREP105"),
        ("fulfilled", "PREP107"),
        ("wrong-file", "PREP107"),
        ("surrender", "PREP109"),
        ("cancel-order", "PREP109"),
    ] {
        assert!(post(format!("/acts/{act}/{id}")).await.contains(r#""code":"000""#), "{act}");
        assert_eq!(scene.last_push().transcode, transcode);
    }
    let file = super::super::letter::tests::signed_pdf("保函");
    scene.answers("PREP103", scene.in_envelope(&super::answers::letter("a.pdf", &file)));
    assert!(post("/acts/open".to_owned()).await.contains(id));
    let verification = super::answers::verification(&number(&application), "01");
    scene.answers("PREP104", scene.in_envelope(&verification));
    assert!(post(format!("/acts/verify/{id}")).await.contains(r#""certOwner""#));
    assert!(post(format!("/acts/fetch/{id}")).await.contains(r#""code":"000""#));
    assert_eq!(get(&format!("/letters/{id}/letter")).await.as_bytes(), file);
    assert!(post(format!("/acts/dance/{id}")).await.contains("unknown act `dance`"));
    assert!(post(format!("/acts/duplicate/{id}/PREP105")).await.contains(r#""code":"000""#));
    let delivery: Value = serde_json::from_str(&get(&format!("/deliveries/{id}")).await).unwrap();
    assert_eq!(delivery["guarantee_id"], number(&application));
    assert_eq!(delivery["letters"][0]["times"], 2);
    let folder = tempfile::tempdir().unwrap();
    let saved = scene.sandbox.save_letters(folder.path()).unwrap();
    assert_eq!(std::fs::read(&saved[0]).unwrap(), file);
}
