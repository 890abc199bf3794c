//! Each thing that a strict platform refuses, with its reason.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::super::super::testing::{
    APPKEY, MAKER, Scene, Seal, ciphertext_lines, merged_lines, notice, number, ofd_with, sealed_ofd,
    unsealed_files, zipped,
};
use super::super::Application;
use super::upload::{Encrypted, completion};

#[tokio::test]
async fn a_request_that_is_not_authentic_is_refused() {
    let scene = Scene::new().await;
    let application = scene.applied().await;
    let answer = |body: &'static str| {
        let request = scene.raw("baohannotice", body);
        async { request.send().await.unwrap().text().await.unwrap() }
    };
    assert!(answer("<html>").await.contains("报文不是JSON对象"));
    assert!(answer(r#"{"appkey":"other"}"#).await.contains("appkey不存在"));
    let forged: &'static str = format!(r#"{{"appkey":"{APPKEY}","sign":"{}"}}"#, "0".repeat(64)).leak();
    assert!(answer(forged).await.contains("报文摘要错误"));
    assert_eq!(scene.call("baohanquery", &[]).await["message"], "接口baohanquery不存在");
    assert_eq!(scene.notice(&application).await["code"], "1", "nothing of this has stuck");
}

#[tokio::test]
async fn a_notice_that_departs_from_its_table_is_refused() {
    let scene = Scene::new().await;
    let application = scene.applied().await;
    let cases = [
        ("payeraccount", "", "payeraccount不能为空（A.2）"),
        (
            "payeraccount",
            "123456789012345678901234567890123456789012345678901",
            "payeraccount长度超过50（A.2）",
        ),
        ("rate", "0.4%", "rate应为数字格式字符串（A.2）"),
        ("generatetime", "2024/06/03", "generatetime格式应为yyyy-MM-dd HH:mm:ss（A.2）"),
        ("applystatus", "2", "applystatus取值不在规定范围内（A.2）"),
        ("applyno", "TBHN0", "业务流水号不存在"),
    ];
    for (name, value, reason) in cases {
        let mut fields = notice(&application);
        fields.iter_mut().find(|(known, _)| *known == name).unwrap().1 = value.to_owned();
        assert_eq!(scene.call("baohannotice", &fields).await["message"], reason);
    }
    let mut fields = notice(&application);
    fields.push(("remark", "x".to_owned()));
    assert_eq!(scene.call("baohannotice", &fields).await["message"], "未定义的字段remark（A.2）");
    let request = scene.request("baohannotice", &notice(&application)).build().unwrap();
    scene.options.clock.advance(Duration::from_secs(3600));
    let body = scene.client.execute(request).await.unwrap().text().await.unwrap();
    assert!(body.contains("timestamp与平台时间相差过大"), "{body}");
    assert!(scene.sandbox.delivery(&application.applyno).unwrap().notices.is_empty());
}

#[tokio::test]
async fn a_guarantee_number_belongs_to_one_application() {
    let scene = Scene::new().await;
    let first = scene.approved().await;
    let second = scene.applied().await;
    let mut fields = notice(&second);
    fields.iter_mut().find(|(known, _)| *known == "baohanno").unwrap().1 = number(&first);
    assert_eq!(scene.call("baohannotice", &fields).await["message"], "保函编号已被其他业务使用");
    assert_eq!(scene.slice(&second, "1", 0, "QQ==").await["message"], "尚未收到投保结果通知");
}

#[tokio::test]
async fn slices_must_be_whole_and_stay_the_same() {
    let scene = Scene::new().await;
    let application = scene.approved().await;
    let document = sealed_ofd(&ciphertext_lines(&application), "");
    let file = Encrypted::new(&document);
    assert_eq!(scene.complete(&application, "1", &file).await["message"], "尚未上传保函文件");
    assert_eq!(scene.slice(&application, "1", 0, "Q").await["message"], "baohanfile不是合法的Base64");
    assert_eq!(
        scene.slice(&application, "3", 0, "QQ==").await["message"],
        "filetype取值不在规定范围内（A.4）"
    );
    assert_eq!(scene.slice(&application, "2", 0, "QQ==").await["message"], "尚未开标，不接收明文保函");
    let slices: Vec<String> =
        file.ciphertext.chunks(file.ciphertext.len().div_ceil(3)).map(|slice| BASE64.encode(slice)).collect();
    for index in [0, 2] {
        assert_eq!(
            scene.slice(&application, "1", index, &slices[usize::try_from(index).unwrap()]).await["code"],
            "1"
        );
    }
    assert_eq!(scene.slice(&application, "1", 2, &slices[1]).await["message"], "切片2已接收，内容不一致");
    assert_eq!(scene.complete(&application, "1", &file).await["message"], "缺少切片1");
    assert_eq!(scene.slice(&application, "1", 1, &slices[1]).await["code"], "1");
    assert_eq!(scene.complete(&application, "1", &file).await["code"], "1");
}

#[tokio::test]
async fn a_completion_that_does_not_open_the_file_is_refused_and_the_upload_begins_anew() {
    let scene = Scene::new().await;
    let application = scene.approved().await;
    let public = scene.public_key(&application).await;
    let document = sealed_ofd(&ciphertext_lines(&application), "");
    let file = Encrypted::new(&document);
    let wrong = Encrypted::new(&document);
    let fields = completion(&application, "1", &file, &public);
    let with = |name: &str, value: String| {
        let mut fields = fields.clone();
        fields.iter_mut().find(|(known, _)| *known == name).unwrap().1 = value;
        fields
    };
    let wrong_fields = completion(&application, "1", &wrong, &public);
    let cases = [
        (with("key", BASE64.encode(file.key)), "key无法用平台私钥解密"),
        (with("iv", "!".to_owned()), "iv不是合法的Base64"),
        (with("key", wrong_fields[2].1.clone()), "保函文件解密失败"),
        (with("iv", wrong_fields[3].1.clone()), "baohanfilemd5与保函文件不一致"),
        (with("baohanfilemd5", file.md5.to_uppercase()), "baohanfilemd5与保函文件不一致"),
        (with("baohanno", "BH0".to_owned()), "保函编号与投保结果通知不一致"),
    ];
    for (fields, reason) in cases {
        let answer = scene.slice(&application, "1", 0, &BASE64.encode(&file.ciphertext)).await;
        assert_eq!(answer["code"], "1", "{answer}");
        assert_eq!(scene.call("baohanfilecompletenotice", &fields).await["message"], reason);
    }
    assert_eq!(scene.upload(&application, "1", b"%PDF-1.7").await["code"], "0");
}

#[tokio::test]
async fn a_ciphertext_letter_must_say_what_it_must_and_keep_the_secret() {
    let scene = Scene::with(|options| options.wire.index_base = 1).await;
    let application = scene.approved().await;
    let lines = ciphertext_lines(&application);
    let without = |position: usize| {
        let mut lines = lines.clone();
        lines.remove(position);
        sealed_ofd(&lines, "")
    };
    let with = |line: &str| sealed_ofd(&[lines.clone(), vec![line.to_owned()]].concat(), "");
    let leaky_attachment = format!("<d>{}</d>", application.beneficiary);
    let mut changed = unsealed_files(&lines, "");
    changed.retain(|(name, _)| name != "Doc_0/Document.xml");
    let cases = [
        (without(0), "保函中没有保函编号"),
        (without(1), "保函中没有投标人名称"),
        (without(2), "保函中没有招标人密文"),
        (without(3), "保函中没有标段编号密文"),
        (without(5), "保函中没有标段名称密文"),
        (without(6), "保函中没有保证金金额"),
        (with(&application.section_name), "密文保函泄露标段名称明文"),
        (with(&application.section_number), "密文保函泄露标段编号明文"),
        (sealed_ofd(&lines, &leaky_attachment), "密文保函的Doc_0/Attachs/data.xml泄露招标人明文"),
        (zipped(&unsealed_files(&lines, "")), "保函没有电子签章"),
        (zipped(&changed), "OFD文件缺少Doc_0/Document.xml"),
        (zipped(&[("a.xml".to_owned(), String::new())]), "OFD文件缺少OFD.xml"),
        (forged(&application), "签名保护的文件Doc_0/Attachs/data.xml已被改动"),
        (
            ofd_with(&Seal { listed: &MAKER, ..Seal::sound() }, &lines, ""),
            "Doc_0/Signs/Sign_0/Signature.xml的电子印章无效：签章者证书不在印章的证书列表中",
        ),
    ];
    for (document, reason) in cases {
        assert_eq!(scene.upload(&application, "1", &document).await["message"], reason);
    }
    assert_eq!(scene.upload(&application, "1", &sealed_ofd(&lines, "")).await["code"], "1");
}

/// A sealed letter in which one file was exchanged afterwards.
fn forged(application: &Application) -> Vec<u8> {
    let sealed = sealed_ofd(&ciphertext_lines(application), "<a/>");
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(sealed)).unwrap();
    let mut files = Vec::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let name = file.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut file, &mut bytes).unwrap();
        let changed = if bytes == b"<a/>" { b"<b/>".to_vec() } else { bytes };
        files.push((name, changed));
    }
    zipped(&files)
}

#[tokio::test]
async fn a_merged_letter_must_show_both_the_truth_and_the_ciphertext() {
    let scene = Scene::new().await;
    let application = scene.approved().await;
    assert!(scene.sandbox.restore(&application.applyno).await.unwrap().is_accepted());
    let lines = merged_lines(&application);
    let early = scene.upload(&application, "2", &sealed_ofd(&lines, "")).await;
    assert_eq!(early["message"], "尚未收到密文保函");
    let ciphertext = sealed_ofd(&ciphertext_lines(&application), "");
    assert_eq!(scene.upload(&application, "1", &ciphertext).await["code"], "1");
    let reasons = [
        (2, "保函中没有招标人密文"),
        (7, "保函中没有招标人"),
        (8, "保函中没有标段编号"),
        (9, "保函中没有标段名称"),
    ];
    for (position, reason) in reasons {
        let mut lines = lines.clone();
        lines.remove(position);
        assert_eq!(scene.upload(&application, "2", &sealed_ofd(&lines, "")).await["message"], reason);
    }
    assert_eq!(scene.upload(&application, "2", &sealed_ofd(&lines, "")).await["code"], "1");
}
