//! A platform that takes whole letters, against an institution that these tests make by hand.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::super::digest;
use super::super::message::Message;
use super::super::tender::Application;
use super::super::testing::{
    MAKER, Push, SECRET, Scene, Seal, ciphertext_lines, merged_lines, notice, number, ofd_with, sealed_ofd,
    unsealed_files, with, words, zipped,
};
use super::super::{Effect, Letter, Outcome, Play};
use super::SPECIFICATION;

type Fields = Vec<(&'static str, String)>;

async fn scene() -> Scene {
    Scene::of(&SPECIFICATION, |_| {}).await
}

/// An approval with the letter in it and behind a link.
fn approval(scene: &Scene, application: &Application, document: &[u8]) -> Fields {
    let mut fields = notice(application);
    fields.push(("baohanurl", scene.offer(&format!("{}.ofd", application.applyno), document)));
    fields.push(("baohanfile", BASE64.encode(document)));
    fields
}

fn restoration(application: &Application, document: &[u8]) -> Fields {
    vec![
        ("applyno", application.applyno.clone()),
        ("baohanno", number(application)),
        ("baohanfile", BASE64.encode(document)),
    ]
}

/// An application whose ciphertext letter has been accepted.
async fn issued(scene: &Scene) -> Application {
    let application = scene.applied().await;
    let document = sealed_ofd(&ciphertext_lines(&application), "");
    let answer = scene.call("baohannotice", &approval(scene, &application, &document)).await;
    assert_eq!(answer["code"], "1", "{answer}");
    application
}

#[tokio::test]
async fn a_guarantee_is_taken_from_its_application_to_the_merged_letter() {
    let scene = scene().await;
    let application = issued(&scene).await;
    let delivery = || scene.sandbox.delivery(&application.applyno).unwrap();
    assert!(delivery().exactly_once());
    assert!(scene.sandbox.restore(&application.applyno).await.unwrap().is_accepted());
    assert!(!delivery().exactly_once(), "the plaintext letter is wanted now");
    let merged = sealed_ofd(&merged_lines(&application), "");
    for _ in 0..2 {
        let answer = scene.call("restorenotice", &restoration(&application, &merged)).await;
        assert_eq!(answer["code"], "1", "{answer}");
    }
    assert!(delivery().exactly_once());
    let plaintext = delivery().plaintext.unwrap();
    assert_eq!((plaintext.pages, plaintext.signatures, plaintext.completions), (10, 1, 2));
    assert_eq!(scene.sandbox.document(&application.applyno, "plaintext").unwrap(), merged);
    let effects = scene.sandbox.journal().of(&application.applyno);
    let last = effects.last().unwrap();
    let bytes = merged.len();
    assert_eq!(last.effect, Some(Effect::LetterAccepted { letter: Letter::Plaintext, bytes, pages: 10 }));
    assert!(last.duplicate);
}

#[tokio::test]
async fn an_approval_that_departs_from_its_table_is_refused() {
    let scene = scene().await;
    let application = scene.applied().await;
    let document = sealed_ofd(&ciphertext_lines(&application), "");
    let right = approval(&scene, &application, &document);
    let over = "1".repeat(201);
    let cases = [
        ("baohanno", "", "baohanno不能为空（4.2）"),
        ("baohanno", over.as_str(), "baohanno长度超过50（4.2）"),
        ("baohanurl", "", "baohanurl不能为空（4.2）"),
        ("baohanfile", "", "baohanfile不能为空（4.2）"),
        ("payername", "", "payername不能为空（4.2）"),
        ("payername", over.as_str(), "payername长度超过200（4.2）"),
        ("payeraccount", "", "payeraccount不能为空（4.2）"),
        ("instname", over.as_str(), "instname长度超过200（4.2）"),
        ("generatetime", "", "generatetime不能为空（4.2）"),
        ("generatetime", "2024-06-03", "generatetime格式应为yyyy-MM-dd HH:mm:ss（4.2）"),
        ("rate", "千分之五", "rate应为数字格式字符串（4.2）"),
        ("cost", "3,200.00", "cost应为数字格式字符串（4.2）"),
        ("applystatus", "9", "applystatus取值不在规定范围内（4.2）"),
        ("platformcode", "220100", "未定义的字段platformcode（4.2）"),
    ];
    for (name, value, reason) in cases {
        let answer = scene.call("baohannotice", &with(&right, name, value)).await;
        assert_eq!((answer["code"].as_str(), answer["message"].as_str()), (Some("0"), Some(reason)));
    }
    assert!(scene.sandbox.delivery(&application.applyno).unwrap().notices.is_empty());
    let right = with(&right, "instname", "");
    assert_eq!(scene.call("baohannotice", &right).await["code"], "1", "instname is not necessary");
}

#[tokio::test]
async fn the_file_in_the_notice_is_the_file_behind_the_link() {
    let scene = scene().await;
    let application = scene.applied().await;
    let document = sealed_ofd(&ciphertext_lines(&application), "");
    let right = approval(&scene, &application, &document);
    let other = scene.offer("other.ofd", sealed_ofd(&ciphertext_lines(&application), "<other/>"));
    let missing = format!("{}/files/missing.ofd", scene.options.gateway);
    let cases = [
        ("baohanurl", other, "baohanurl下载的文件与baohanfile不一致（4.2）"),
        ("baohanurl", missing, "baohanurl无法下载：HTTP 404"),
        ("baohanurl", scene.offer("empty.ofd", ""), "baohanurl无法下载：文件为空"),
        ("baohanfile", "QQ".to_owned(), "baohanfile不是合法的Base64（4.2）"),
        ("baohanfile", format!("{}\n", BASE64.encode(&document)), "baohanfile不是合法的Base64（4.2）"),
    ];
    for (name, value, reason) in cases {
        assert_eq!(scene.call("baohannotice", &with(&right, name, &value)).await["message"], reason);
    }
    assert_eq!(scene.call("baohannotice", &right).await["code"], "1");
    assert!(scene.sandbox.restore(&application.applyno).await.unwrap().is_accepted());
    let merged = sealed_ofd(&merged_lines(&application), "");
    let linked = with(&restoration(&application, &merged), "baohanurl", &right[9].1);
    assert_eq!(
        scene.call("restorenotice", &linked).await["message"],
        "baohanurl下载的文件与baohanfile不一致（4.4）"
    );
}

#[tokio::test]
async fn a_letter_must_be_sealed_keep_the_secret_and_say_what_it_must() {
    let scene = scene().await;
    let application = scene.applied().await;
    let lines = ciphertext_lines(&application);
    let leaky = [lines.clone(), vec![application.beneficiary.clone()]].concat();
    let forged = ofd_with(&Seal { listed: &MAKER, ..Seal::sound() }, &lines, "");
    let cases = [
        (b"%PDF-1.7".to_vec(), "文件不是OFD"),
        (zipped(&unsealed_files(&lines, "")), "保函没有电子签章"),
        (forged, "签章者证书不在印章的证书列表中"),
        (sealed_ofd(&leaky, ""), "密文保函泄露招标人明文"),
        (sealed_ofd(&lines[1..], ""), "保函中没有保函编号"),
    ];
    for (document, reason) in cases {
        let answer = scene.call("baohannotice", &approval(&scene, &application, &document)).await;
        assert!(answer["message"].as_str().unwrap().contains(reason), "{answer}");
    }
    assert!(scene.sandbox.delivery(&application.applyno).unwrap().ciphertext.is_none());
}

#[tokio::test]
async fn a_merged_letter_comes_after_the_opening_and_shows_both_texts() {
    let scene = scene().await;
    let application = issued(&scene).await;
    let lines = merged_lines(&application);
    let merged = sealed_ofd(&lines, "");
    let send = async |document: &[u8]| {
        let answer = scene.call("restorenotice", &restoration(&application, document)).await;
        answer["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(send(&merged).await, "尚未开标，不接收明文保函");
    assert!(!scene.sandbox.restore_with_wrong_key(&application.applyno).await.unwrap().body.is_empty());
    assert_eq!(send(&merged).await, "尚未开标，不接收明文保函", "a wrong key opens nothing");
    assert!(scene.sandbox.restore(&application.applyno).await.unwrap().is_accepted());
    assert_eq!(send(&sealed_ofd(&ciphertext_lines(&application), "")).await, "保函中没有标段编号");
    assert_eq!(send(&sealed_ofd(&lines[7..], "")).await, "保函中没有保函编号");
    let plaintext_only: Vec<String> = lines.iter().filter(|line| !line.contains('=')).cloned().collect();
    assert!(send(&sealed_ofd(&plaintext_only, "")).await.ends_with("密文"));
    assert_eq!(send(&merged).await, "成功");
    let other = sealed_ofd(&lines, "<other/>");
    assert_eq!(send(&other).await, "重复通知，且内容与已接收的不一致");
    let delivery = scene.sandbox.delivery(&application.applyno).unwrap();
    assert_eq!(delivery.plaintext.as_ref().unwrap().other_files.len(), 1);
    assert!(!delivery.exactly_once());
}

#[tokio::test]
async fn a_second_approval_with_another_letter_is_refused_and_counted() {
    let scene = scene().await;
    let application = issued(&scene).await;
    let other = sealed_ofd(&ciphertext_lines(&application), "<other/>");
    let answer = scene.call("baohannotice", &approval(&scene, &application, &other)).await;
    assert_eq!(answer["message"], "重复通知，且内容与已接收的不一致");
    let delivery = scene.sandbox.delivery(&application.applyno).unwrap();
    assert_eq!(delivery.notices["baohannotice"].conflicts, 1);
    assert_eq!(delivery.ciphertext.as_ref().unwrap().other_files.len(), 1);
    assert!(!delivery.exactly_once());
}

#[tokio::test]
async fn a_letter_that_comes_with_a_refused_notice_is_not_kept() {
    let scene = scene().await;
    let application = scene.applied().await;
    let waived = [("applyno", application.applyno.clone())];
    assert_eq!(scene.call("giveupapply", &waived).await["code"], "1");
    let document = sealed_ofd(&ciphertext_lines(&application), "");
    let answer = scene.call("baohannotice", &approval(&scene, &application, &document)).await;
    assert_eq!(answer["message"], "该申请已放弃");
    assert!(scene.sandbox.delivery(&application.applyno).unwrap().ciphertext.is_none());
}

#[tokio::test]
async fn a_declined_application_needs_no_letter_and_takes_none() {
    let scene = scene().await;
    let application = scene.applied().await;
    let declined = [
        ("applyno", application.applyno.clone()),
        ("generatetime", "2024-06-03 09:20:00".to_owned()),
        ("applystatus", "0".to_owned()),
    ];
    assert_eq!(scene.call("baohannotice", &declined).await["code"], "1");
    let delivery = scene.sandbox.delivery(&application.applyno).unwrap();
    assert_eq!((delivery.approved, delivery.ciphertext.is_none()), (Some(false), true));
}

#[tokio::test]
async fn every_push_is_as_its_table_wants_it_and_is_signed() {
    let scene = scene().await;
    let application = issued(&scene).await;
    let applyno = application.applyno.as_str();
    let sandbox = &scene.sandbox;
    sandbox.surrender(applyno).await.unwrap();
    sandbox.restore(applyno).await.unwrap();
    sandbox.invoice(applyno, "1").await.unwrap();
    sandbox.claim(applyno).await.unwrap();
    sandbox.cancel(applyno).await.unwrap();
    sandbox.waive(applyno).await.unwrap();
    let pushes = scene.pushes();
    let known: BTreeSet<&str> = SPECIFICATION.pushed.iter().map(|interface| interface.name).collect();
    assert_eq!(pushes.iter().map(|push| push.interface.as_str()).collect::<BTreeSet<_>>(), known);
    for push in &pushes {
        let message = Message::parse(push.text.as_bytes()).unwrap();
        let table = SPECIFICATION.pushed(&push.interface).unwrap();
        assert_eq!(message.check(table), Ok(()), "{}", push.interface);
        assert_eq!(message.text("platformcode"), "220100");
        assert_eq!(message.text("sign"), digest::sign(message.fields(), SECRET), "{}", push.interface);
    }
    let claim = pushes.iter().find(|push| push.interface == "claimsnotice").unwrap();
    assert!(claim.body["Reason"].is_string() && claim.body["reason"].is_null());
}

#[tokio::test]
async fn a_push_of_the_samples_has_the_digest_that_this_platform_would_write() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/inputs/jilin");
    let sample = std::fs::read(format!("{folder}/01-baohanapply.json")).unwrap();
    let message = Message::parse(&sample).unwrap();
    assert_eq!(message.check(SPECIFICATION.pushed("baohanapply").unwrap()), Ok(()));
    assert_eq!(digest::sign(message.fields(), "c0ffee00-jl-demo-secret"), message.text("sign"));
}

#[tokio::test]
async fn numbers_are_signed_as_they_are_written_where_the_platform_writes_numbers() {
    let scene = Scene::of(&SPECIFICATION, |options| {
        options.habits.numbers = true;
        options.habits.numeric_code = true;
    })
    .await;
    let application = scene.applied().await;
    let document = sealed_ofd(&ciphertext_lines(&application), "");
    let answer = scene.call("baohannotice", &approval(&scene, &application, &document)).await;
    assert_eq!(answer["code"], 1, "{answer}");
    assert_eq!(scene.call("baohanquery", &[]).await["code"], 0);
    scene.sandbox.invoice(&application.applyno, "0").await.unwrap();
    let push = scene.pushes().pop().unwrap();
    assert!(push.text.contains(r#""amount":3200.0,"type":0,"#), "{}", push.text);
    let fields: Vec<(String, String)> = push
        .body
        .as_object()
        .unwrap()
        .keys()
        .map(|name| match name.as_str() {
            "amount" => (name.clone(), "3200.0".to_owned()),
            "type" => (name.clone(), "0".to_owned()),
            _ => (name.clone(), push.body[name].as_str().unwrap().to_owned()),
        })
        .collect();
    let pairs = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    assert_eq!(push.body["sign"], digest::sign(pairs, SECRET));
}

#[tokio::test]
async fn later_notices_need_their_events_and_a_waiver_the_platform_s_consent() {
    let scene = scene().await;
    let application = issued(&scene).await;
    let (applyno, baohanno) = (application.applyno.clone(), number(&application));
    let invoice = vec![("baohanno", baohanno.clone()), ("applystatus", "1".to_owned())];
    assert_eq!(scene.call("invoicenotice", &invoice).await["message"], "未申请过发票");
    scene.sandbox.invoice(&applyno, "0").await.unwrap();
    assert_eq!(scene.call("invoicenotice", &invoice).await["message"], "普票invoiceurl不能为空（4.6）");
    let with_url = with(&invoice, "invoiceurl", "https://i.example/1");
    assert_eq!(scene.call("invoicenotice", &with_url).await["code"], "1");
    let quit =
        vec![("applyno", applyno.clone()), ("baohanno", baohanno.clone()), ("applystatus", "1".to_owned())];
    assert_eq!(scene.call("quitnotice", &quit).await["message"], "退保成功时tuibaotime不能为空（4.8）");
    let bad = with(&quit, "tuibaotime", "2024-06-10");
    assert_eq!(
        scene.call("quitnotice", &bad).await["message"],
        "tuibaotime格式应为yyyy-MM-dd HH:mm:ss（4.8）"
    );
    let good = with(&quit, "tuibaotime", "2024-06-10 11:00:00");
    assert_eq!(scene.call("quitnotice", &good).await["code"], "1");
    assert!(scene.sandbox.delivery(&applyno).unwrap().surrendered);
    let give_up = [("applyno", applyno)];
    assert_eq!(scene.call("giveupapply", &give_up).await["message"], "已收到投保成功通知，不可以放弃");
    let fresh = scene.applied().await;
    assert_eq!(scene.call("giveupapply", &[("applyno", fresh.applyno.clone())]).await["code"], "1");

    let strict = Scene::of(&SPECIFICATION, |options| options.waivers_granted = false).await;
    let fresh = strict.applied().await;
    let answer = strict.call("giveupapply", &[("applyno", fresh.applyno.clone())]).await;
    assert_eq!((&answer["code"], &answer["message"]), (&"0".into(), &"平台不同意放弃该申请".into()));
    let refused = Outcome::Refused("平台不同意放弃该申请".to_owned());
    assert_eq!(strict.sandbox.journal().all().last().unwrap().outcome, refused);
}

#[tokio::test]
async fn a_whole_life_takes_every_step() {
    let scene = scene().await;
    let platform = scene.sandbox.clone();
    scene.respond("baohanrestore", move |push| {
        let application = platform.application(push["applyno"].as_str().unwrap()).unwrap();
        let code = u8::from(push["key"] == BASE64.encode(application.key));
        (200, format!(r#"{{"code":"{code}","message":""}}"#))
    });
    let react = async |push: &Push| {
        let application = scene.sandbox.application(push.body["applyno"].as_str().unwrap()).unwrap();
        let letter = sealed_ofd(&ciphertext_lines(&application), "");
        let merged = sealed_ofd(&merged_lines(&application), "");
        let about = vec![
            ("applyno", application.applyno.clone()),
            ("baohanno", number(&application)),
            ("applystatus", "1".to_owned()),
        ];
        let (interface, fields) = match push.interface.as_str() {
            "baohanapply" => ("baohannotice", approval(&scene, &application, &letter)),
            "quitapply" => ("quitnotice", with(&about, "tuibaotime", "2024-06-10 11:00:00")),
            "baohanrestore" => ("restorenotice", restoration(&application, &merged)),
            "invoiceapply" => {
                ("invoicenotice", with(&with(&about, "applyno", ""), "invoiceurl", "https://i.example/1"))
            }
            _ => return,
        };
        scene.call(interface, &fields).await;
    };
    let moments = scene.live(react).await.unwrap();
    let opened = ["wrong key refused", "key sent", "restored"];
    let expected = [
        ["applied", "issued"].repeat(3),
        vec!["repeated application answered again", "surrender asked for", "surrendered"],
        opened.repeat(2),
        vec!["invoice asked for", "invoiced", "claim received", "cancelled"],
    ];
    assert_eq!(words(&moments), expected.concat());
}

#[tokio::test]
async fn a_life_ends_where_the_institution_does_not_what_it_must() {
    let scene = scene().await;
    let react = async |push: &Push| {
        let application = scene.sandbox.application(push.body["applyno"].as_str().unwrap()).unwrap();
        let letter = sealed_ofd(&ciphertext_lines(&application), "");
        if push.interface == "baohanapply" {
            scene.call("baohannotice", &approval(&scene, &application, &letter)).await;
        }
    };
    scene.answer("quitapply", 200, r#"{"code":"0","message":"不受理退保"}"#);
    let error = scene.live(react).await.unwrap_err().to_string();
    assert!(error.contains("surrender asked for") && error.contains("不受理退保"), "{error}");
}
