//! A platform that collects what an institution has issued, against one that these tests make by hand.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::super::digest;
use super::super::message::Message;
use super::super::tender::Application;
use super::super::testing::{
    Push, SECRET, Scene, notice, number, plaintext_lines, sealed_ofd, unsealed_files, with, words, zipped,
};
use super::super::{Answer, Outcome};
use super::SPECIFICATION;
use super::fields::INFORMATION;
use crate::crypto::second_opinion::sm4_ecb_decrypt;

/// The agreed key of the sample pushes.
const KEY: &str = "GRbgz0P1Fe9gKrpOJtZ4jA==";

async fn scene() -> Scene {
    let scene = Scene::of(&SPECIFICATION, |options| {
        options.agreed_key = BASE64.decode(KEY).unwrap().try_into().unwrap();
    })
    .await;
    scene.answer("baohanapply", 200, r#"{"code":"1","message":"成功","Payurl":"https://pay.example/1"}"#);
    scene
}

fn approval(application: &Application) -> Vec<(&'static str, String)> {
    let wanted = ["applyno", "baohanno", "instname", "generatetime", "applystatus"];
    notice(application).into_iter().filter(|(name, _)| wanted.contains(name)).collect()
}

async fn issued(scene: &Scene) -> Application {
    let application = scene.applied().await;
    let answer = scene.call("baohannotice", &approval(&application)).await;
    assert_eq!(answer["code"], "1", "{answer}");
    application
}

fn upper(bytes: &[u8]) -> String {
    hex::encode_upper(Md5::digest(bytes))
}

fn structured(application: &Application) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><Guarantee><Applicant name="{}"/><Beneficiary>{}</Beneficiary><SectionNumber>{}</SectionNumber><SectionName>{}</SectionName><Amount>{}</Amount></Guarantee>"#,
        application.biddername,
        application.beneficiary,
        application.section_number,
        application.section_name,
        application.bond,
    )
}

/// All that 4.3 asks for, with its files on offer.
fn information(scene: &Scene, application: &Application) -> Value {
    let document = sealed_ofd(&plaintext_lines(application), "");
    let xml = structured(application);
    let file = |name: &str, bytes: &[u8]| scene.offer(&format!("{}-{name}", application.applyno), bytes);
    json!({
        "baohanurl": file("letter.ofd", &document),
        "baohanfile": BASE64.encode(&document),
        "payername": application.biddername,
        "payeraccount": "35050164000000001111",
        "rate": "0.004",
        "cost": "3200.00",
        "paytype": "银行转账",
        "tbysq": "120",
        "servicebegintime": "2024-06-28 09:00:00",
        "serviceendtime": "2024-10-26 23:59:59",
        "biddercontact": "林某",
        "biddercontacttel": "13800000000",
        "bidderaddress": "福建省漳州市龙文区",
        "bidderemail": "a@example.com",
        "bidderpersonname": "陈某",
        "bidderpersoncard": "350603198001010011",
        "bidderpersontel": "13900000000",
        "orderurl": file("order.pdf", b"order"),
        "ordermd5": upper(b"order").to_lowercase(),
        "qualficationfileurl": file("qualification.pdf", b"qualification"),
        "qualficationfilemd5": upper(b"qualification"),
        "businesslicenseurl": file("licence.pdf", b"licence"),
        "businesslicensemd5": upper(b"licence"),
        "guaranteemd5": upper(&document),
        "guaranteexmlurl": file("guarantee.xml", xml.as_bytes()),
        "guaranteexmlmd5": upper(xml.as_bytes()),
        "payfileurl": file("paid.pdf", b"paid"),
    })
}

async fn collect(scene: &Scene, application: &Application, data: &Value) -> Answer {
    let body = json!({ "code": "1", "message": "成功", "data": data }).to_string();
    scene.answer("getbaohaninfo", 200, body);
    scene.sandbox.collect(&application.applyno).await.unwrap()
}

#[tokio::test]
async fn an_application_carries_its_project_under_the_agreed_key() {
    let scene = scene().await;
    let application = scene.applied().await;
    let push = scene.pushes().pop().unwrap();
    let message = Message::parse(push.text.as_bytes()).unwrap();
    let table = SPECIFICATION.pushed("baohanapply").unwrap();
    assert_eq!(message.check(table), Ok(()));
    assert_eq!(message.text("sign"), digest::sign(message.fields(), SECRET));
    let key = BASE64.decode(KEY).unwrap().try_into().unwrap();
    let plain = |name: &str| {
        let plain = sm4_ecb_decrypt(&key, &BASE64.decode(message.text(name)).unwrap()).unwrap();
        String::from_utf8(plain).unwrap()
    };
    let sealed: Vec<&str> =
        table.fields.iter().filter(|field| field.sealed).map(|field| field.name).collect();
    assert_eq!(sealed.len(), 17);
    for name in &sealed {
        assert!(!plain(name).is_empty(), "{name}");
    }
    assert_eq!(plain("biaoduanname"), application.section_name);
    assert!(crate::clock::from_wire(&plain("kaibiaotime")).is_ok());
    for table_field in table.fields {
        assert!(message.get(table_field.name).is_some(), "{} is sent", table_field.name);
    }
}

#[test]
fn the_sample_push_is_as_this_platform_reads_the_table() {
    let sample = include_bytes!("../../../tests/inputs/zhangzhou/01-baohanapply.json");
    let message = Message::parse(sample).unwrap();
    let table = SPECIFICATION.pushed("baohanapply").unwrap();
    assert_eq!(message.check(table), Ok(()));
    assert_eq!(digest::sign(message.fields(), "zz-demo-secret-0f0f"), message.text("sign"));
    let key = BASE64.decode(KEY).unwrap().try_into().unwrap();
    for field in table.fields {
        let bytes = BASE64.decode(message.text(field.name)).unwrap_or_default();
        assert_eq!(sm4_ecb_decrypt(&key, &bytes).is_ok(), field.sealed, "{}", field.name);
    }
}

#[tokio::test]
async fn an_accepted_application_without_a_page_for_the_payment_is_a_flaw() {
    let scene = scene().await;
    let bodies = [
        r#"{"code":"1","message":"成功"}"#,
        r#"{"code":"1","message":"成功","data":{"Payurl":"https://pay.example/1"}}"#,
        r#"{"code":"1","message":"成功","payurl":"https://pay.example/1"}"#,
        r#"{"code":"1","message":"成功","Payurl":"稍后"}"#,
    ];
    for body in bodies {
        scene.answer("baohanapply", 200, body);
        let (applyno, answer) = scene.sandbox.apply_generated().await.unwrap();
        assert!(!answer.is_accepted() && answer.code == "1", "{body}");
        let exchange = scene.sandbox.journal().of(&applyno).pop().unwrap();
        assert!(matches!(&exchange.outcome, Outcome::Failed(flaw) if flaw.contains("Payurl")));
    }
    scene.answer("baohanapply", 200, r#"{"code":"0","message":"不受理"}"#);
    let (_, answer) = scene.sandbox.apply_generated().await.unwrap();
    assert_eq!((answer.code.as_str(), answer.flaw), ("0", None));
}

#[tokio::test]
async fn a_notice_that_departs_from_its_table_is_refused() {
    let scene = scene().await;
    let application = scene.applied().await;
    let right = approval(&application);
    let cases = [
        ("baohanno", "", "baohanno不能为空（4.2）"),
        ("instname", "", "instname不能为空（4.2）"),
        ("generatetime", "", "generatetime不能为空（4.2）"),
        ("applystatus", "", "applystatus不能为空（4.2）"),
        ("rate", "0.004", "未定义的字段rate（4.2）"),
        ("baohanfile", "QQ==", "未定义的字段baohanfile（4.2）"),
    ];
    for (name, value, reason) in cases {
        assert_eq!(scene.call("baohannotice", &with(&right, name, value)).await["message"], reason);
    }
    assert_eq!(scene.call("invoicenotice", &[]).await["message"], "接口invoicenotice不存在");
    assert_eq!(scene.call("baohannotice", &right).await["code"], "1");
    let quit = [("applyno", application.applyno.clone()), ("baohanno", number(&application))];
    let status = with(&quit, "applystatus", "1");
    assert_eq!(scene.call("quitnotice", &status).await["message"], "未定义的字段applystatus（4.6）");
    assert_eq!(scene.call("quitnotice", &quit).await["code"], "1");
    assert!(scene.sandbox.delivery(&application.applyno).unwrap().surrendered);
}

#[tokio::test]
async fn a_guarantee_is_collected_with_everything_about_it() {
    let scene = scene().await;
    let application = issued(&scene).await;
    let data = information(&scene, &application);
    assert_eq!(data.as_object().unwrap().len(), 27);
    let delivery = || scene.sandbox.delivery(&application.applyno).unwrap();
    assert!(delivery().exactly_once() && !delivery().opened);
    for _ in 0..2 {
        let answer = collect(&scene, &application, &data).await;
        assert!(answer.is_accepted(), "{answer}");
    }
    assert!(delivery().exactly_once() && delivery().opened);
    let letter = delivery().plaintext.unwrap();
    assert_eq!((letter.pages, letter.signatures, letter.completions), (6, 1, 2));
    let push = scene.pushes().pop().unwrap();
    let message = Message::parse(push.text.as_bytes()).unwrap();
    assert_eq!(message.check(SPECIFICATION.pushed("getbaohaninfo").unwrap()), Ok(()));
}

#[tokio::test]
async fn each_of_the_fields_is_necessary() {
    let scene = scene().await;
    let application = issued(&scene).await;
    let data = information(&scene, &application);
    assert_eq!(INFORMATION.len(), 27);
    for field in INFORMATION {
        for missing in [Value::Null, json!("")] {
            let mut data = data.clone();
            data[field.name] = missing;
            let answer = collect(&scene, &application, &data).await;
            let reason = format!("data.{}不能为空，且应为字符串（4.3）", field.name);
            assert_eq!(answer.flaw.as_deref(), Some(reason.as_str()));
        }
    }
    assert!(!scene.sandbox.delivery(&application.applyno).unwrap().opened);
}

#[tokio::test]
async fn each_file_is_what_its_digest_says_and_each_figure_is_one() {
    let scene = scene().await;
    let application = issued(&scene).await;
    let data = information(&scene, &application);
    let lower = |name: &str| json!(data[name].as_str().unwrap().to_lowercase());
    let other = |name: &str| json!(scene.offer(&format!("other-{name}"), "other"));
    let other_letter = sealed_ofd(&plaintext_lines(&application), "<other/>");
    let cases = [
        ("rate", json!("千分之四"), "data.rate应为数字格式字符串（4.3）"),
        ("cost", json!("3,200"), "data.cost应为数字格式字符串（4.3）"),
        ("serviceendtime", json!("2024-06-28 09:00:00"), "保险起期应早于保险止期（4.3）"),
        ("orderurl", other("order"), "ordermd5与orderurl的文件不一致（4.3）"),
        (
            "qualficationfileurl",
            other("qualification"),
            "qualficationfilemd5与qualficationfileurl的文件不一致（4.3）",
        ),
        (
            "qualficationfilemd5",
            lower("qualficationfilemd5"),
            "qualficationfilemd5与qualficationfileurl的文件不一致（4.3）",
        ),
        ("businesslicenseurl", other("licence"), "businesslicensemd5与businesslicenseurl的文件不一致（4.3）"),
        (
            "businesslicensemd5",
            lower("businesslicensemd5"),
            "businesslicensemd5与businesslicenseurl的文件不一致（4.3）",
        ),
        ("baohanurl", other("letter"), "guaranteemd5与baohanurl的文件不一致（4.3）"),
        ("guaranteemd5", lower("guaranteemd5"), "guaranteemd5与baohanurl的文件不一致（4.3）"),
        ("guaranteexmlurl", other("xml"), "guaranteexmlmd5与guaranteexmlurl的文件不一致（4.3）"),
        ("guaranteexmlmd5", lower("guaranteexmlmd5"), "guaranteexmlmd5与guaranteexmlurl的文件不一致（4.3）"),
        ("baohanfile", json!(BASE64.encode(&other_letter)), "baohanurl下载的文件与baohanfile不一致（4.3）"),
        (
            "payfileurl",
            json!(format!("{}/files/none", scene.options.gateway)),
            "payfileurl无法下载：HTTP 404",
        ),
    ];
    for (name, value, reason) in cases {
        let mut data = data.clone();
        data[name] = value;
        assert_eq!(collect(&scene, &application, &data).await.flaw.as_deref(), Some(reason));
    }
    let mut upper_order = data.clone();
    upper_order["ordermd5"] = json!(upper(b"order"));
    assert!(collect(&scene, &application, &upper_order).await.is_accepted(), "either case will do");
}

#[tokio::test]
async fn the_structured_data_name_the_parties_the_section_and_the_amount() {
    let scene = scene().await;
    let application = issued(&scene).await;
    let data = information(&scene, &application);
    let xml = structured(&application);
    let cases = [
        (application.biddername.as_str(), "结构化数据XML中没有投标人名称（4.3）"),
        (&application.beneficiary, "结构化数据XML中没有招标人（4.3）"),
        (&application.section_number, "结构化数据XML中没有标段编号（4.3）"),
        (&application.section_name, "结构化数据XML中没有标段名称（4.3）"),
        (&application.bond, "结构化数据XML中没有保证金金额（4.3）"),
        ("</Guarantee>", "结构化数据XML无法解析"),
    ];
    for (text, reason) in cases {
        let wrong = xml.replace(text, "1");
        let mut data = data.clone();
        data["guaranteexmlurl"] = json!(scene.offer("wrong.xml", wrong.as_bytes()));
        data["guaranteexmlmd5"] = json!(upper(wrong.as_bytes()));
        let flaw = collect(&scene, &application, &data).await.flaw.unwrap();
        assert!(flaw.starts_with(reason), "{flaw}");
    }
}

#[tokio::test]
async fn the_letter_is_sealed_in_plaintext_and_stays_the_same() {
    let scene = scene().await;
    let application = issued(&scene).await;
    let right = information(&scene, &application);
    let with_letter = |document: &[u8]| {
        let mut data = right.clone();
        data["baohanurl"] = json!(scene.offer("letter.ofd", document));
        data["baohanfile"] = json!(BASE64.encode(document));
        data["guaranteemd5"] = json!(upper(document));
        data
    };
    let lines = plaintext_lines(&application);
    let cases = [
        (zipped(&unsealed_files(&lines, "")), "保函没有电子签章"),
        (sealed_ofd(&lines[1..], ""), "保函中没有保函编号"),
        (sealed_ofd(&lines[..5], ""), "保函中没有标段名称"),
        (sealed_ofd(&[&lines[..2], &lines[3..]].concat(), ""), "保函中没有保证金金额"),
    ];
    for (document, reason) in cases {
        let answer = collect(&scene, &application, &with_letter(&document)).await;
        assert_eq!(answer.flaw.as_deref(), Some(reason));
    }
    assert!(collect(&scene, &application, &right).await.is_accepted());
    let other = with_letter(&sealed_ofd(&lines, "<other/>"));
    let flaw = collect(&scene, &application, &other).await.flaw;
    assert_eq!(flaw.as_deref(), Some("保函文件与上次获取的不一致（4.3）"));
    assert!(!scene.sandbox.delivery(&application.applyno).unwrap().exactly_once());
}

#[tokio::test]
async fn every_push_is_as_its_table_wants_it_and_is_signed() {
    let scene = scene().await;
    let application = issued(&scene).await;
    let applyno = application.applyno.as_str();
    scene.sandbox.surrender(applyno).await.unwrap();
    scene.sandbox.claim(applyno).await.unwrap();
    scene.sandbox.waive(applyno).await.unwrap();
    let names: Vec<String> = scene.pushes().iter().map(|push| push.interface.clone()).collect();
    assert_eq!(names, ["baohanapply", "quitapply", "claimsnotice", "giveupnotice"]);
    for push in scene.pushes() {
        let message = Message::parse(push.text.as_bytes()).unwrap();
        let table = SPECIFICATION.pushed(&push.interface).unwrap();
        assert_eq!(message.check(table), Ok(()), "{}", push.interface);
        assert_eq!(message.text("sign"), digest::sign(message.fields(), SECRET), "{}", push.interface);
    }
    assert!(scene.sandbox.restore(applyno).await.unwrap_err().to_string().contains("has no `baohanrestore`"));
}

#[tokio::test]
async fn a_whole_life_has_no_opening() {
    let scene = scene().await;
    let react = async |push: &Push| {
        let application = scene.sandbox.application(push.body["applyno"].as_str().unwrap()).unwrap();
        let quit = vec![("applyno", application.applyno.clone()), ("baohanno", number(&application))];
        match push.interface.as_str() {
            "baohanapply" => {
                let data = information(&scene, &application);
                scene.offer(&application.applyno, json!({ "code": "1", "data": data }).to_string());
                scene.call("baohannotice", &approval(&application)).await;
            }
            "quitapply" => drop(scene.call("quitnotice", &quit).await),
            _ => {}
        }
    };
    let files = std::sync::Arc::clone(&scene.institution);
    scene.respond("getbaohaninfo", move |push| (200, files.file(push["applyno"].as_str().unwrap())));
    let moments = scene.live(react).await.unwrap();
    let expected = [
        ["applied", "issued"].repeat(3),
        vec!["repeated application answered again", "surrender asked for", "surrendered"],
        vec!["guarantee collected", "guarantee collected", "claim received"],
    ];
    assert_eq!(words(&moments), expected.concat());
}
