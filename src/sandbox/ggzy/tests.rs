//! What this platform does otherwise than Jilin's, against an institution that these tests make by hand.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::web::Query;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::civil::date;
use serde_json::{Value, json};

use super::super::digest;
use super::super::message::Message;
use super::super::tender::Application;
use super::super::testing::{
    Push, SECRET, Scene, ciphertext_lines, merged_lines, notice, number, sealed_ofd, with, words,
};
use super::super::{Outcome, Play, SectionStatus};
use super::SPECIFICATION;
use crate::clock;

async fn scene() -> Scene {
    Scene::of(&SPECIFICATION, |_| {}).await
}

async fn issued(scene: &Scene) -> Application {
    let application = scene.applied().await;
    let document = sealed_ofd(&ciphertext_lines(&application), "");
    let mut fields = notice(&application);
    fields.push(("baohanurl", scene.offer(&format!("{}.ofd", application.applyno), document.clone())));
    fields.push(("baohanfile", BASE64.encode(&document)));
    let answer = scene.call("baohannotice", &fields).await;
    assert_eq!(answer["code"], "1", "{answer}");
    application
}

fn quit(application: &Application) -> Vec<(&'static str, String)> {
    vec![("applyno", application.applyno.clone()), ("baohanno", number(application))]
}

/// An entry as the institution's own books would have it.
fn entry(application: &Application, status: &str) -> Value {
    json!({
        "applyno": application.applyno,
        "baohanno": number(application),
        "generatetime": "2024-06-03 09:20:00",
        "rate": "0.004",
        "cost": "3200.00",
        "status": status,
    })
}

fn list(entries: &[Value]) -> String {
    json!({ "code": "1", "message": "成功", "data": { "baohanlist": entries } }).to_string()
}

#[tokio::test]
async fn its_messages_lack_what_its_tables_lack() {
    let scene = scene().await;
    let application = issued(&scene).await;
    let applyno = application.applyno.as_str();
    scene.sandbox.restore(applyno).await.unwrap();
    scene.sandbox.invoice(applyno, "1").await.unwrap();
    scene.sandbox.claim(applyno).await.unwrap();
    scene.sandbox.cancel(applyno).await.unwrap();
    scene.sandbox.surrender(applyno).await.unwrap();
    assert!(scene.sandbox.waive(applyno).await.unwrap_err().to_string().contains("has no `giveupapply`"));
    let pushes = scene.pushes();
    assert_eq!(pushes.len(), 6);
    for push in &pushes {
        let message = Message::parse(push.text.as_bytes()).unwrap();
        let table = SPECIFICATION.pushed(&push.interface).unwrap();
        assert_eq!(message.check(table), Ok(()), "{}", push.interface);
        assert_eq!(message.text("sign"), digest::sign(message.fields(), SECRET), "{}", push.interface);
        for name in ["platformcode", "jbrname", "contactname", "contactaddress"] {
            assert_eq!(message.get(name), None, "{}", push.interface);
        }
    }
    assert!(pushes.iter().any(|push| push.body["Reason"].is_string()));
}

#[tokio::test]
async fn a_surrender_is_told_by_its_success_alone() {
    let scene = scene().await;
    let application = issued(&scene).await;
    let status = with(&quit(&application), "applystatus", "1");
    assert_eq!(scene.call("quitnotice", &status).await["message"], "未定义的字段applystatus（三(八)）");
    let time = with(&quit(&application), "tuibaotime", "2024-06-10 11:00:00");
    assert_eq!(scene.call("quitnotice", &time).await["message"], "未定义的字段tuibaotime（三(八)）");
    assert!(!scene.sandbox.delivery(&application.applyno).unwrap().surrendered);
    assert_eq!(scene.call("quitnotice", &quit(&application)).await["code"], "1");
    assert!(scene.sandbox.delivery(&application.applyno).unwrap().surrendered);
}

#[tokio::test]
async fn pushes_can_come_as_a_form() {
    let scene = Scene::of(&SPECIFICATION, |options| options.habits.form = true).await;
    let application = scene.applied().await;
    let push = scene.pushes().pop().unwrap();
    assert!(push.form);
    let message = Message::parse(push.text.as_bytes()).unwrap();
    assert_eq!(message.text("biddername"), application.biddername);
    assert_eq!(message.text("sign"), digest::sign(message.fields(), SECRET));
}

#[test]
fn the_sample_pushes_have_the_digests_that_this_platform_would_write() {
    let form = include_str!("../../../tests/inputs/ggzy/01-baohanapply.form");
    let fields = Query::<BTreeMap<String, String>>::from_query(form.trim()).unwrap();
    let check = include_str!("../../../tests/inputs/ggzy/02-checkbaohanlist.json");
    for (interface, text) in [("baohanapply", fields["requestData"].as_str()), ("checkbaohanlist", check)] {
        let message = Message::parse(text.as_bytes()).unwrap();
        assert_eq!(message.check(SPECIFICATION.pushed(interface).unwrap()), Ok(()));
        assert_eq!(digest::sign(message.fields(), "ggzy-demo-secret-9a9a"), message.text("sign"));
    }
}

#[tokio::test]
async fn a_list_that_agrees_with_the_register_is_accepted_surrendered_guarantees_included() {
    let scene = scene().await;
    let (kept, surrendered) = (issued(&scene).await, issued(&scene).await);
    let unapproved = scene.applied().await;
    scene.call("quitnotice", &quit(&surrendered)).await;
    scene.answer("checkbaohanlist", 200, list(&[entry(&surrendered, "1"), entry(&kept, "0")]));
    let answer = scene.sandbox.reconcile(date(2024, 6, 1), date(2024, 6, 3)).await.unwrap();
    assert!(answer.is_accepted(), "{answer} {}", unapproved.applyno);
    let push = scene.pushes().pop().unwrap();
    let dates = (&push.body["startdate"], &push.body["enddate"]);
    assert_eq!(dates, (&"2024-06-01".into(), &"2024-06-03".into()));
    let message = Message::parse(push.text.as_bytes()).unwrap();
    assert_eq!(message.check(SPECIFICATION.pushed("checkbaohanlist").unwrap()), Ok(()));
    // Nothing was issued before.
    scene.answer("checkbaohanlist", 200, list(&[]));
    assert!(scene.sandbox.reconcile(date(2024, 6, 1), date(2024, 6, 2)).await.unwrap().is_accepted());
}

#[tokio::test]
async fn whatever_does_not_agree_is_named() {
    let scene = scene().await;
    let (kept, surrendered) = (issued(&scene).await, issued(&scene).await);
    scene.call("quitnotice", &quit(&surrendered)).await;
    let changed = |name: &str, value: Value| {
        let mut entry = entry(&kept, "0");
        entry[name] = value;
        entry
    };
    let gone = entry(&surrendered, "1");
    let cases = [
        (vec![entry(&kept, "0")], format!("明细缺少业务流水号{}", surrendered.applyno)),
        (vec![entry(&kept, "0"), entry(&surrendered, "0")], "的status不一致：平台1，机构0".to_owned()),
        (vec![changed("baohanno", json!("BH0")), gone.clone()], "的baohanno不一致".to_owned()),
        (
            vec![changed("generatetime", json!("2024-06-03 09:20:01")), gone.clone()],
            "的generatetime不一致".to_owned(),
        ),
        (vec![changed("rate", json!("0.005")), gone.clone()], "的rate不一致".to_owned()),
        (vec![changed("cost", json!("1.00")), gone.clone()], "的cost不一致".to_owned()),
        (vec![changed("cost", json!(3200)), gone.clone()], "明细的cost不能为空，且应为字符串".to_owned()),
        (vec![changed("status", Value::Null), gone.clone()], "明细的status不能为空".to_owned()),
        (vec![entry(&kept, "0"), entry(&kept, "0"), gone.clone()], "在明细中重复".to_owned()),
        (
            vec![changed("applyno", json!("GGZY0")), entry(&kept, "0"), gone],
            "平台没有业务流水号GGZY0".to_owned(),
        ),
    ];
    for (entries, reason) in cases {
        scene.answer("checkbaohanlist", 200, list(&entries));
        let answer = scene.sandbox.reconcile(date(2024, 6, 3), date(2024, 6, 3)).await.unwrap();
        assert!(answer.flaw.as_ref().is_some_and(|flaw| flaw.contains(&reason)), "{reason}: {answer}");
        let last = scene.sandbox.journal().all().pop().unwrap();
        assert_eq!(last.outcome, Outcome::Failed(answer.flaw.unwrap()));
    }
    scene.answer("checkbaohanlist", 200, r#"{"code":"1","message":"成功","data":[]}"#);
    let answer = scene.sandbox.reconcile(date(2024, 6, 3), date(2024, 6, 3)).await.unwrap();
    assert!(!answer.is_accepted() && answer.flaw.unwrap().contains("baohanlist不是数组"));
}

#[tokio::test]
async fn abnormal_sections_are_told_from_the_moment_that_is_asked_about() {
    let scene = scene().await;
    let (first, second) = (issued(&scene).await, issued(&scene).await);
    let ask = async |since: &str| scene.call("getbiaoduanyichang", &[("updatetime", since.to_owned())]).await;
    let told = |answer: &Value| -> Vec<Value> { answer["data"]["yichanglist"].as_array().unwrap().clone() };
    assert_eq!(told(&ask("2024-01-01 00:00:00").await), Vec::<Value>::new());
    scene.sandbox.declare_abnormal(&first.applyno, SectionStatus::Aborted).unwrap();
    scene.options.clock.advance(Duration::from_secs(60));
    let between = clock::to_wire(scene.options.clock.now());
    scene.sandbox.declare_abnormal(&second.applyno, SectionStatus::Annulled).unwrap();
    let all = told(&ask("2024-01-01 00:00:00").await);
    let later = told(&ask(&between).await);
    assert_eq!((all.len(), later.len()), (2, 1));
    assert_eq!(all[1], later[0]);
    assert_eq!((&all[0]["biaoduanstatus"], &all[1]["biaoduanstatus"]), (&json!("1"), &json!("4")));
    assert_eq!(all[0]["biaoduanno"], first.section_number.as_str());
    assert_eq!(all[0]["biaoduanname"], first.section_name.as_str());
    for name in ["projectno", "projectname", "remark", "audittime", "chuliresault", "issendweb"] {
        assert!(all[0][name].as_str().is_some_and(|text| !text.is_empty()), "{name}");
    }
    assert_eq!(ask("").await["message"], "updatetime不能为空（三(十二)）");
    assert_eq!(ask("昨天").await["message"], "updatetime格式应为yyyy-MM-dd HH:mm:ss（三(十二)）");
}

#[tokio::test]
async fn an_abnormal_section_can_be_surrendered_after_its_opening() {
    let scene = scene().await;
    let application = issued(&scene).await;
    scene.sandbox.restore(&application.applyno).await.unwrap();
    let merged = BASE64.encode(sealed_ofd(&merged_lines(&application), ""));
    let restored = with(&quit(&application), "baohanfile", &merged);
    assert_eq!(scene.call("restorenotice", &restored).await["code"], "1");
    assert_eq!(scene.call("quitnotice", &quit(&application)).await["message"], "项目已开标，不能退保");
    let told = scene.sandbox.act("suspend", &application.applyno).await.unwrap().unwrap();
    assert_eq!(told["biaoduanstatus"], "3");
    assert_eq!(scene.call("quitnotice", &quit(&application)).await["code"], "1");
}

#[tokio::test]
async fn sections_can_be_named_by_the_ciphertext_of_their_applications() {
    let scene = Scene::of(&SPECIFICATION, |options| options.habits.sealed_sections = true).await;
    let application = issued(&scene).await;
    let section = scene.sandbox.declare_abnormal(&application.applyno, SectionStatus::Terminated).unwrap();
    let apply = scene.pushes().remove(0);
    assert_eq!(apply.body["biaoduanno"], section.biaoduanno.as_str());
    assert_eq!(apply.body["biaoduanname"], section.biaoduanname.as_str());
}

#[tokio::test]
async fn a_whole_life_ends_with_a_list_that_agrees() {
    let scene = scene().await;
    let now = clock::to_wire(scene.options.clock.now());
    let (platform, day) = (scene.sandbox.clone(), now.clone());
    scene.respond("baohanrestore", move |push| {
        let application = platform.application(push["applyno"].as_str().unwrap()).unwrap();
        let code = u8::from(push["key"] == BASE64.encode(application.key));
        (200, format!(r#"{{"code":{code},"message":""}}"#))
    });
    let (platform, today) = (scene.sandbox.clone(), now.clone());
    scene.respond("checkbaohanlist", move |_| {
        let entries: Vec<Value> = platform
            .applications()
            .iter()
            .zip(["1", "0", "0"])
            .map(|(applyno, status)| {
                let mut entry = entry(&platform.application(applyno).unwrap(), status);
                entry["generatetime"] = json!(today);
                entry
            })
            .collect();
        (200, list(&entries))
    });
    let react = async |push: &Push| {
        let Some(application) = push.body["applyno"].as_str().and_then(|it| scene.sandbox.application(it))
        else {
            return;
        };
        let letter = sealed_ofd(&ciphertext_lines(&application), "");
        let approval =
            with(&with(&notice(&application), "generatetime", &day), "baohanfile", &BASE64.encode(&letter));
        let about = quit(&application);
        let merged = BASE64.encode(sealed_ofd(&merged_lines(&application), ""));
        let (interface, fields) = match push.interface.as_str() {
            "baohanapply" => {
                let url = scene.offer(&format!("{}.ofd", application.applyno), letter.clone());
                ("baohannotice", with(&approval, "baohanurl", &url))
            }
            "quitapply" => ("quitnotice", about),
            "baohanrestore" => ("restorenotice", with(&about, "baohanfile", &merged)),
            "invoiceapply" => {
                let issued = with(&with(&about, "applyno", ""), "applystatus", "1");
                ("invoicenotice", with(&issued, "invoiceurl", "https://i.example/1"))
            }
            _ => return,
        };
        scene.call(interface, &fields).await;
    };
    let moments = scene.live(react).await.unwrap();
    assert!(words(&moments).ends_with(&["claim received", "cancelled", "list reconciled"]), "{moments:?}");
}
