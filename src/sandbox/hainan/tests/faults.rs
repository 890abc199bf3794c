//! Each act of the fault script, as a client sees it.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::super::super::testing::{Scene, ciphertext_lines, notice, number, sealed_ofd};
use super::super::{Act, Fault, Outcome};

/// Whether the notice has taken effect.
fn noted(scene: &Scene, applyno: &str) -> bool {
    scene.sandbox.delivery(applyno).unwrap().approved == Some(true)
}

#[tokio::test]
async fn answers_that_are_no_answers_leave_the_request_without_effect() {
    let scene = Scene::new().await;
    let application = scene.applied().await;
    let script = |act| scene.sandbox.script(vec![Fault::on("baohannotice", act)]);
    let send = || scene.request("baohannotice", &notice(&application)).send();

    script(Act::Status(500));
    assert_eq!(send().await.unwrap().status(), 500);
    script(Act::Html200);
    let response = send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.text().await.unwrap().starts_with("<!DOCTYPE html>"));
    script(Act::Refuse("系统繁忙".to_owned()));
    assert_eq!(scene.notice(&application).await["message"], "系统繁忙");
    script(Act::Reset);
    assert!(send().await.is_err());
    assert!(!noted(&scene, &application.applyno));

    assert_eq!(scene.notice(&application).await["code"], "1", "each fault has struck once");
}

#[tokio::test]
async fn answers_that_are_lost_leave_the_request_with_its_effect() {
    let scene = Scene::new().await;
    for act in [Act::AcceptButReset, Act::HalfAnswer] {
        let application = scene.applied().await;
        scene.sandbox.script(vec![Fault::on("baohannotice", act.clone())]);
        let response = scene.request("baohannotice", &notice(&application)).send().await;
        assert_eq!(response.is_ok(), act == Act::HalfAnswer);
        if let Ok(response) = response {
            assert_eq!(response.status(), 200);
            assert!(response.text().await.is_err());
        }
        assert!(noted(&scene, &application.applyno));
    }
    let lost = scene
        .sandbox
        .journal()
        .count(|exchange| matches!(exchange.outcome, Outcome::Faulted(_)) && exchange.effect.is_some());
    assert_eq!(lost, 2);
}

#[tokio::test]
async fn late_and_slow_answers_take_their_time_and_are_whole() {
    let scene = Scene::new().await;
    for act in [Act::Late(200), Act::Slow(200)] {
        let application = scene.applied().await;
        scene.sandbox.script(vec![Fault::on("baohannotice", act)]);
        let begun = Instant::now();
        assert_eq!(scene.notice(&application).await["code"], "1");
        assert!(begun.elapsed() >= Duration::from_millis(190), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_large_slice_is_cut_off_in_the_middle() {
    let scene = Scene::new().await;
    let application = scene.approved().await;
    scene.sandbox.script(vec![Fault::on("uploadbaohanfile", Act::Reset)]);
    let text = "QUJD".repeat(1 << 20);
    let fields = [
        ("applyno", application.applyno.clone()),
        ("baohanno", number(&application)),
        ("baohanfile", text),
        ("filetype", "1".to_owned()),
        ("filesuffixtype", "ofd".to_owned()),
        ("index", "0".to_owned()),
    ];
    assert!(scene.request("uploadbaohanfile", &fields).send().await.is_err());
    let read = scene.sandbox.journal().all().last().unwrap().bytes;
    assert!(read > 0 && read < 4 << 20, "{read}");
    assert_eq!(scene.call("uploadbaohanfile", &fields).await["code"], "1");
}

#[tokio::test]
async fn after_a_made_up_refusal_of_a_completion_the_upload_may_begin_anew() {
    let scene = Scene::new().await;
    let application = scene.approved().await;
    let document = sealed_ofd(&ciphertext_lines(&application), "");
    scene.sandbox.script(vec![Fault::on("baohanfilecompletenotice", Act::Refuse("解密失败".to_owned()))]);
    assert_eq!(scene.upload(&application, "1", &document).await["message"], "解密失败");
    assert_eq!(scene.upload(&application, "1", &document).await["code"], "1");
}

#[tokio::test]
async fn pushes_go_wrong_by_script_too() {
    let scene = Scene::new().await;
    let on = |interface, act| Fault::on(interface, act);
    scene
        .sandbox
        .script(vec![on("baohanapply", Act::DuplicatePush), on("baohanrestore", Act::WrongKeyFirst)]);
    let application = scene.approved().await;
    assert!(scene.sandbox.restore(&application.applyno).await.unwrap().is_accepted());
    let pushes: Vec<Value> = scene.pushes().into_iter().map(|push| push.body).collect();
    let [first, again, wrong, right] = pushes.as_slice() else { panic!("{pushes:?}") };
    assert_eq!(first["biaoduanno"], again["biaoduanno"]);
    assert_ne!(first["timestamp"], again["timestamp"]);
    assert_ne!(first["sign"], again["sign"]);
    assert_ne!(wrong["key"], right["key"]);
    assert_eq!(wrong["kaibiaotime"], right["kaibiaotime"]);
}
