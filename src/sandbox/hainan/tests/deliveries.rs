//! What is accepted, when it is examined, and how often it is counted.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::super::super::testing::{
    Scene, ciphertext_lines, merged_lines, notice, number, sealed_ofd, unsealed_files, zipped,
};
use super::super::{Application, Direction, Effect, Letter, Outcome, PublicKeyText, SliceText, Sm2Order};
use super::upload::{Encrypted, completion};
use crate::sandbox::Play;
use crate::sandbox::letter::md5;
use crate::sandbox::tender::Examination;

#[tokio::test]
async fn a_hand_made_guarantee_is_taken_from_its_application_to_the_merged_letter() {
    let scene = Scene::new().await;
    let application = scene.approved().await;
    let ciphertext = sealed_ofd(&ciphertext_lines(&application), "<data/>");
    let answer = scene.upload(&application, "1", &ciphertext).await;
    assert_eq!(answer["code"], "1", "{answer}");
    let delivery = scene.sandbox.delivery(&application.applyno).unwrap();
    assert!(delivery.exactly_once());
    assert_eq!(*delivery.ciphertext.unwrap().document, *ciphertext);

    assert!(scene.sandbox.restore(&application.applyno).await.unwrap().is_accepted());
    assert!(!scene.sandbox.delivery(&application.applyno).unwrap().exactly_once());
    let merged = sealed_ofd(&merged_lines(&application), "<data/>");
    let answer = scene.upload(&application, "2", &merged).await;
    assert_eq!(answer["code"], "1", "{answer}");
    let delivery = scene.sandbox.delivery(&application.applyno).unwrap();
    assert!(delivery.exactly_once());
    assert_eq!(delivery.plaintext.as_ref().map(|letter| (letter.pages, letter.signatures)), Some((10, 1)));

    let effects: Vec<Effect> = scene
        .sandbox
        .journal()
        .of(&application.applyno)
        .iter()
        .filter_map(|exchange| exchange.effect.clone())
        .collect();
    assert_eq!(effects[0], Effect::Approved { baohanno: number(&application) });
    let letters: Vec<Letter> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::LetterAccepted { letter, .. } => Some(*letter),
            _ => None,
        })
        .collect();
    assert_eq!(letters, [Letter::Ciphertext, Letter::Plaintext]);

    let folder = tempfile::tempdir().unwrap();
    let paths = scene.sandbox.save_letters(folder.path()).unwrap();
    assert_eq!(std::fs::read(&paths[1]).unwrap(), merged);
}

#[tokio::test]
async fn repetitions_of_the_same_content_are_accepted_and_counted_apart() {
    let scene = Scene::new().await;
    let application = scene.approved().await;
    scene.options.clock.advance(Duration::from_secs(5));
    assert_eq!(scene.notice(&application).await["code"], "1");
    let document = sealed_ofd(&ciphertext_lines(&application), "");
    let file = Encrypted::new(&document);
    for _ in 0..2 {
        assert_eq!(scene.slice(&application, "1", 0, &BASE64.encode(&file.ciphertext)).await["code"], "1");
        assert_eq!(scene.complete(&application, "1", &file).await["code"], "1");
    }
    // The answer was lost, and the institution begins anew with another key.
    let again = Encrypted::new(&document);
    assert_eq!(scene.slice(&application, "1", 0, &BASE64.encode(&again.ciphertext)).await["code"], "1");
    assert_eq!(scene.complete(&application, "1", &again).await["code"], "1");
    let delivery = scene.sandbox.delivery(&application.applyno).unwrap();
    assert_eq!(delivery.ciphertext.as_ref().unwrap().completions, 3);
    assert_eq!(delivery.notices["baohannotice"].contents[0].times, 2);
    assert!(delivery.exactly_once());
    let duplicates = scene.sandbox.journal().count(|exchange| exchange.duplicate);
    assert_eq!(duplicates, 4, "a notice, a slice and two completions");
}

#[tokio::test]
async fn a_second_letter_and_a_second_notice_of_other_content_are_refused_and_counted() {
    let scene = Scene::new().await;
    let application = scene.approved().await;
    let mut lines = ciphertext_lines(&application);
    assert_eq!(scene.upload(&application, "1", &sealed_ofd(&lines, "")).await["code"], "1");
    lines.push("另一份".to_owned());
    let answer = scene.upload(&application, "1", &sealed_ofd(&lines, "")).await;
    assert_eq!(answer["message"], "该类型保函已接收，文件内容不一致");
    let delivery = scene.sandbox.delivery(&application.applyno).unwrap();
    assert_eq!(delivery.ciphertext.as_ref().unwrap().other_files.len(), 1);
    assert!(!delivery.exactly_once());

    let mut other = notice(&application);
    other.iter_mut().find(|(name, _)| *name == "cost").unwrap().1 = "99.00".to_owned();
    assert_eq!(scene.call("baohannotice", &other).await["message"], "重复通知，且内容与已接收的不一致");
    let delivery = scene.sandbox.delivery(&application.applyno).unwrap();
    assert_eq!(delivery.notices["baohannotice"].conflicts, 1);
}

#[tokio::test]
async fn the_open_points_of_the_specification_can_be_chosen() {
    let scene = Scene::with(|options| {
        options.wire.index_base = 1;
        options.wire.public_key = PublicKeyText::Base64;
        options.wire.slice = SliceText::CutBase64;
        options.wire.order = Sm2Order::C1c2c3;
        options.notice_first = false;
        options.seal_required = false;
    })
    .await;
    let application = scene.applied().await;
    let document = zipped(&unsealed_files(&ciphertext_lines(&application), ""));
    let mut file = Encrypted::new(&document);
    file.old_order = true;
    let text = BASE64.encode(&file.ciphertext);
    let (first, second) = text.split_at(501);
    assert_eq!(scene.slice(&application, "1", 0, first).await["message"], "index应从1开始");
    assert_eq!(scene.slice(&application, "1", 2, second).await["code"], "1");
    assert_eq!(scene.slice(&application, "1", 1, first).await["code"], "1");
    let answer = scene.call("downloadpublickey", &[("applyno", application.applyno.clone())]).await;
    let public = BASE64.decode(answer["data"]["publickey"].as_str().unwrap()).unwrap();
    let answer = scene.call("baohanfilecompletenotice", &completion(&application, "1", &file, &public)).await;
    assert_eq!(answer["code"], "1", "{answer}");
    assert_eq!(scene.notice(&application).await["code"], "1");
}

#[tokio::test]
async fn notices_about_later_events_need_the_event() {
    let scene = Scene::new().await;
    let application = scene.approved().await;
    let (applyno, baohanno) = (application.applyno.clone(), number(&application));
    let invoice = |url: &str| {
        vec![("baohanno", baohanno.clone()), ("invoiceurl", url.to_owned()), ("applystatus", "1".to_owned())]
    };
    assert_eq!(scene.call("invoicenotice", &invoice("https://i.example/1")).await["message"], "未申请过发票");
    assert!(scene.sandbox.invoice(&applyno, "0").await.unwrap().is_accepted());
    assert_eq!(scene.call("invoicenotice", &invoice("")).await["message"], "普票invoiceurl不能为空（A.8）");
    assert_eq!(scene.call("invoicenotice", &invoice("https://i.example/1")).await["code"], "1");

    let claim = |status: &str| {
        let mut fields = vec![("applyno", applyno.clone()), ("baohanno", baohanno.clone())];
        fields.push(("compensatestatus", status.to_owned()));
        for name in ["name", "orgnum", "contact", "contacttel", "bankcode", "openbank"] {
            let long: &'static str = format!("compensate{name}").leak();
            fields.push((long, "1".to_owned()));
        }
        for name in ["name", "orignum", "contact", "contacttel", "bankcode", "openbank"] {
            let long: &'static str = format!("favoree{name}").leak();
            fields.push((long, "1".to_owned()));
        }
        fields.push(("compensateamount", application.bond.clone()));
        fields
    };
    assert_eq!(scene.call("claimsresultnotice", &claim("1")).await["message"], "未发起过理赔");
    assert!(scene.sandbox.claim(&applyno).await.unwrap().is_accepted());
    assert_eq!(
        scene.call("claimsresultnotice", &claim("3")).await["message"],
        "不予赔付和其他需要说明理由（A.13）"
    );
    assert_eq!(scene.call("claimsresultnotice", &claim("1")).await["code"], "1");
    assert_eq!(scene.call("claimsresultnotice", &claim("2")).await["code"], "1");
    assert_eq!(scene.call("claimsresultnotice", &claim("2")).await["code"], "1");
    assert_eq!(scene.call("claimsresultnotice", &claim("9")).await["code"], "0");

    let quit = |time: &str| {
        let fields = [
            ("applyno", applyno.as_str()),
            ("baohanno", &baohanno),
            ("applystatus", "1"),
            ("tuibaotime", time),
        ];
        fields.map(|(name, value)| (name, value.to_owned()))
    };
    assert_eq!(scene.call("quitnotice", &quit("")).await["message"], "退保成功时tuibaotime不能为空（A.10）");
    assert_eq!(scene.call("quitnotice", &quit("2024-06-10 11:00:00")).await["code"], "1");

    let give_up = [("applyno", applyno.clone())];
    assert_eq!(scene.call("giveupapply", &give_up).await["message"], "已收到投保成功通知，不可以放弃");
    let fresh = scene.applied().await;
    assert_eq!(scene.call("giveupapply", &[("applyno", fresh.applyno.clone())]).await["code"], "1");
    assert_eq!(scene.notice(&fresh).await["message"], "该申请已放弃");
}

#[tokio::test]
async fn waiting_ends_with_the_exchange_that_is_waited_for() {
    let scene = Scene::new().await;
    let noted = |platform: &super::super::Platform| {
        platform.journal().count(|exchange| {
            exchange.direction == Direction::Received && exchange.outcome == Outcome::Accepted
        }) == 1
    };
    assert!(!scene.sandbox.wait_until(|sandbox| noted(sandbox), Duration::from_millis(20)).await);
    let (found, _) = tokio::join!(
        scene.sandbox.wait_until(|sandbox| noted(sandbox), Duration::from_secs(30)),
        scene.approved(),
    );
    assert!(found);
}

#[tokio::test]
async fn letters_that_are_taken_unread_are_examined_when_asked_for() {
    let scene = Scene::with(|options| options.examination = Examination::Later).await;
    let (good, bad) = (scene.approved().await, scene.approved().await);
    let letter = sealed_ofd(&ciphertext_lines(&good), "<data/>");
    // The second one gets the letter of the first.
    for application in [&good, &bad] {
        let answer = scene.upload(application, "1", &letter).await;
        assert_eq!(answer["code"], "1", "{answer}");
    }
    let taken =
        |application: &Application| scene.sandbox.delivery(&application.applyno).unwrap().ciphertext.unwrap();
    assert_eq!((taken(&good).pages, taken(&good).completions), (0, 1));
    // A repeated completion is not another letter.
    assert_eq!(
        scene.complete(&good, "1", &Encrypted { md5: md5(&letter), ..Encrypted::new(b"-") }).await["code"],
        "1"
    );

    let examined = scene.sandbox.examine_deposits();
    let objections: Vec<_> =
        examined.iter().map(|it| (it.applyno.as_str(), it.objection.as_deref())).collect();
    assert_eq!(objections[0], (good.applyno.as_str(), None));
    assert_eq!(objections[1].0, bad.applyno);
    assert!(objections[1].1.is_some_and(|reason| reason.contains("保函中没有")), "{objections:?}");
    let read = taken(&good);
    assert_eq!((read.pages, read.signatures, read.completions), (7, 1, 2));
    assert_eq!(*read.document, *letter);
    assert!(scene.sandbox.examine_deposits().is_empty());
}
