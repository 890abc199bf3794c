//! The order of notices over a guarantee's life, repetitions, and what the platform remembers.

use std::time::Duration;

use super::super::{Invalidation, letter};
use super::institution::{Fields, Scene, number, with};
use crate::sandbox::neimenggu::Application;
use crate::sandbox::{Act, Effect, Fault, Outcome, Play};
use serde_json::json;

#[tokio::test]
async fn a_guarantee_lives_from_application_to_its_cancellation() {
    let scene = Scene::new().await;
    let application = scene.issued().await;
    let id = application.application_id.as_str();
    let sandbox = &scene.sandbox;
    let file = letter::tests::signed_pdf("保函");
    scene.answers("PREP103", scene.in_envelope(&super::answers::letter("保函.pdf", &file)));
    let fetched = sandbox.fetch_letters().await;
    assert!(fetched.len() == 1 && fetched[0].1.as_ref().unwrap().is_accepted());
    assert!(sandbox.delivery(id).unwrap().exactly_once());
    let verification = super::answers::verification(&number(&application), "01");
    scene.answers("PREP104", scene.in_envelope(&verification));
    assert_eq!(sandbox.verify_letter(id).await.unwrap().data["status"], "01");
    assert!(sandbox.claim(id).await.unwrap().is_accepted());
    for status in ["00", "02"] {
        scene.accepted("PREP106", scene.claim_result(&application, status)).await;
    }
    assert!(sandbox.claim_amount(id, "100.00").await.unwrap().is_accepted());
    let paid = with(scene.claim_result(&application, "01"), "paymentMoney", "100.00");
    scene.accepted("PREP106", paid).await;
    assert!(sandbox.invalidate(id, Invalidation::Fulfilled).await.unwrap().is_accepted());
    scene.accepted("PREP108", scene.cancellation(&application)).await;
    let delivery = sandbox.delivery(id).unwrap();
    assert_eq!(delivery.states(), ["01", "05", "03"]);
    assert_eq!(delivery.claim_states(), ["00", "02", "01"]);
    assert!(delivery.is_cancelled() && !delivery.in_force);
    assert_eq!(delivery.guarantee_id, Some(number(&application)));
    assert_eq!(*delivery.letters[0].document, *file);
    assert_eq!(delivery.notice("PREP102", "05").unwrap().fields["payAmt"], "1404.00");
    let effects: Vec<String> = sandbox
        .journal()
        .of(id)
        .iter()
        .filter_map(|exchange| exchange.effect.as_ref())
        .map(Effect::to_string)
        .collect();
    assert_eq!(
        effects,
        [
            "state 01 noted",
            "state 05 noted",
            "state 03 noted",
            "claim result 00 noted",
            "claim result 02 noted",
            "claim result 01 noted",
            "guarantee cancelled"
        ]
    );
}

#[tokio::test]
async fn a_state_that_cannot_come_now_is_refused() {
    let scene = Scene::new().await;
    let application = scene.applied().await;
    let refused = async |state: &str| scene.refused("PREP102", scene.status(&application, state)).await;
    let impossible = |state: &str, why: &str| format!("103 applicationStatus{state}不能通知：{why}");
    for state in ["03", "04", "05"] {
        assert_eq!(refused(state).await, impossible(state, "申请未审批通过"));
    }
    for (state, why) in
        [("06", "未申请取消订单"), ("07", "未申请取消订单"), ("08", "未申请退保"), ("09", "未申请退保")]
    {
        assert_eq!(refused(state).await, impossible(state, why));
    }
    scene.accepted("PREP102", scene.status(&application, "01")).await;
    assert_eq!(refused("02").await, impossible("02", "申请已审批"));
    assert_eq!(refused("03").await, impossible("03", "未支付保费"));
    assert_eq!(scene.sandbox.delivery(&application.application_id).unwrap().states(), ["01"]);
}

#[tokio::test]
async fn a_platform_that_does_not_wait_for_the_premium_takes_the_letter_first() {
    let scene = Scene::with(|options| options.payment_first = false).await;
    let application = scene.applied().await;
    for state in ["01", "03", "05"] {
        scene.accepted("PREP102", scene.status(&application, state)).await;
    }
}

#[tokio::test]
async fn a_repetition_is_taken_and_counted_and_another_content_is_a_contradiction() {
    let scene = Scene::new().await;
    let application = scene.applied().await;
    let id = application.application_id.as_str();
    let notices: Vec<(&str, Fields)> =
        ["01", "05", "03"].map(|state| ("PREP102", scene.status(&application, state))).into();
    for _ in 0..2 {
        for (transcode, fields) in &notices {
            scene.accepted(transcode, fields.clone()).await;
        }
    }
    let other = with(notices[1].1.clone(), "payType", "02");
    assert_eq!(
        scene.refused("PREP102", other).await,
        "103 applicationStatus05重复通知，且内容与已接收的不一致"
    );
    let delivery = scene.sandbox.delivery(id).unwrap();
    assert_eq!(delivery.states(), ["01", "05", "03"]);
    assert!(delivery.noted.iter().all(|noted| noted.times == 2));
    assert_eq!(delivery.conflicts, 1);
    assert_eq!(scene.sandbox.journal().count(|exchange| exchange.duplicate), 3);
    // The rest of a life, each twice.
    assert!(scene.sandbox.claim(id).await.unwrap().is_accepted());
    let result = scene.claim_result(&application, "01");
    assert!(scene.sandbox.invalidate(id, Invalidation::WrongFile).await.unwrap().is_accepted());
    let cancellation = scene.cancellation(&application);
    for (transcode, fields) in [("PREP106", result), ("PREP108", cancellation)] {
        scene.accepted(transcode, fields.clone()).await;
        scene.accepted(transcode, fields.clone()).await;
        let name = if transcode == "PREP106" { "paymentBeneficiarySocial" } else { "cancelNotice" };
        let other = with(fields, name, application.purchase_soc_code.clone());
        let refused = scene.refused(transcode, other).await;
        assert!(refused.ends_with("重复通知，且内容与已接收的不一致"), "{refused}");
    }
    assert_eq!(scene.sandbox.delivery(id).unwrap().conflicts, 3);
}

#[tokio::test]
async fn a_withdrawal_may_be_refused_and_asked_for_again() {
    let scene = Scene::new().await;
    let ordered = scene.applied().await;
    let issued = scene.issued().await;
    let (order, guarantee) = (ordered.application_id.as_str(), issued.application_id.as_str());
    let notify = async |application: &Application, state: &str| {
        scene.accepted("PREP102", scene.status(application, state)).await;
    };
    for _ in 0..2 {
        assert!(scene.sandbox.cancel_order(order).await.unwrap().is_accepted());
        notify(&ordered, "06").await;
        assert!(scene.sandbox.surrender(guarantee).await.unwrap().is_accepted());
        notify(&issued, "09").await;
    }
    assert!(scene.sandbox.cancel_order(order).await.unwrap().is_accepted());
    notify(&ordered, "07").await;
    assert!(scene.sandbox.surrender(guarantee).await.unwrap().is_accepted());
    notify(&issued, "08").await;
    assert_eq!(scene.sandbox.delivery(order).unwrap().states(), ["06", "06", "07"]);
    let surrendered = scene.sandbox.delivery(guarantee).unwrap();
    assert_eq!(surrendered.states(), ["01", "05", "03", "09", "09", "08"]);
    assert!(!surrendered.in_force);
    let dead = scene.refused("PREP102", scene.status(&ordered, "01")).await;
    assert_eq!(dead, "103 applicationStatus01不能通知：订单已结束");
}

#[tokio::test]
async fn what_the_institution_refuses_has_not_been_asked() {
    let scene = Scene::new().await;
    let application = scene.issued().await;
    let id = application.application_id.as_str();
    for transcode in ["PREP105", "PREP107", "PREP109"] {
        scene.answers(transcode, json!({ "code": "103", "message": "不受理" }));
    }
    assert_eq!(scene.sandbox.claim(id).await.unwrap().message, "不受理");
    assert_eq!(scene.sandbox.invalidate(id, Invalidation::Fulfilled).await.unwrap().code, "103");
    assert!(!scene.sandbox.surrender(id).await.unwrap().is_accepted());
    let refused = scene.refused("PREP106", scene.claim_result(&application, "00")).await;
    assert_eq!(refused, "103 status00不能通知：未发起过索赔");
    let refused = scene.refused("PREP108", scene.cancellation(&application)).await;
    assert_eq!(refused, "103 不能通知：未申请注销");
    let refused = scene.refused("PREP102", scene.status(&application, "08")).await;
    assert_eq!(refused, "103 applicationStatus08不能通知：未申请退保");
    let refusals =
        scene.sandbox.journal().count(|exchange| exchange.outcome == Outcome::Refused("不受理".to_owned()));
    assert_eq!(refusals, 3);
}

#[tokio::test]
async fn a_guarantee_that_has_run_out_may_be_cancelled_unasked() {
    let scene = Scene::new().await;
    let application = scene.applied().await;
    for state in ["01", "05"] {
        scene.accepted("PREP102", scene.status(&application, state)).await;
    }
    let end = scene.options.clock.now().saturating_add(Duration::from_secs(3600)).unwrap();
    let issue = with(scene.status(&application, "03"), "validTimeEnd", crate::clock::to_wire(end));
    scene.accepted("PREP102", issue).await;
    let early = scene.refused("PREP108", scene.cancellation(&application)).await;
    assert_eq!(early, "103 不能通知：未申请注销");
    scene.options.clock.advance(Duration::from_secs(3601));
    scene.accepted("PREP108", scene.cancellation(&application)).await;
}

#[tokio::test]
async fn a_claim_is_taken_up_once_and_decided_once() {
    let scene = Scene::new().await;
    let application = scene.issued().await;
    let result = async |status: &str, beneficiary: &str| {
        let fields = scene.claim_result(&application, status);
        scene.refused("PREP106", with(fields, "paymentBeneficiary", beneficiary)).await
    };
    assert!(scene.sandbox.claim(&application.application_id).await.unwrap().is_accepted());
    scene.accepted("PREP106", scene.claim_result(&application, "00")).await;
    let purchaser = application.purchase_name.as_str();
    assert_eq!(result("00", purchaser).await, "103 status00重复通知，且内容与已接收的不一致");
    scene.accepted("PREP106", scene.claim_result(&application, "02")).await;
    assert_eq!(result("01", purchaser).await, "103 status01不能通知：索赔已有理赔结果");
}

#[tokio::test]
async fn a_fault_of_the_script_loses_an_answer_or_makes_one_up() {
    let scene = Scene::new().await;
    let application = scene.applied().await;
    let id = application.application_id.as_str();
    scene.sandbox.script(vec![Fault::on("PREP102", Act::Refuse("系统服务暂停".to_owned()))]);
    let answer = scene.notify("PREP102", scene.status(&application, "01")).await;
    assert_eq!((&answer["code"], &answer["message"]), (&json!("302"), &json!("服务器异常：系统服务暂停")));
    assert!(scene.sandbox.delivery(id).unwrap().states().is_empty());
    scene.sandbox.script(vec![Fault::on("PREP102", Act::AcceptButReset)]);
    let body =
        serde_json::Value::Object(scene.envelope("PREP102", &scene.status(&application, "01"))).to_string();
    let url = format!("{}/PREP102", scene.sandbox.url());
    assert!(scene.client.post(url).body(body).send().await.is_err());
    assert_eq!(scene.sandbox.delivery(id).unwrap().states(), ["01"]);
    scene.accepted("PREP102", scene.status(&application, "01")).await;
    assert_eq!(scene.sandbox.delivery(id).unwrap().states(), ["01"]);
}

#[tokio::test]
async fn a_life_ends_at_the_first_step_that_goes_wrong() {
    let scene = Scene::new().await;
    let live = |patience| Play::live(&*scene.sandbox, patience);
    let silent = live(Duration::from_millis(20)).await.unwrap_err().to_string();
    assert!(silent.contains("issued: not after"), "{silent}");
    scene.answers("PREP101", json!({ "code": "204", "message": "供应商信息不存在" }));
    let refused = live(Duration::from_millis(20)).await.unwrap_err().to_string();
    assert!(refused.contains("applied: expected code `000`, found status 200, code `204`"), "{refused}");
}
