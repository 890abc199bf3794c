//! Applications that people decide, and those that the rules turn down.

use std::process::Command;

use baohan_gateway::domain::Stage;
use baohan_gateway::sandbox::hainan::{Act, Effect, Fault};

use crate::house::{House, on_both_databases};
use crate::operator::{MANUAL, PAID};

/// Applies with made-up data where people decide; nothing happens of itself then.
async fn applied(house: &House) -> String {
    let (applyno, answer) = house.sandbox.apply_generated().await.unwrap();
    assert!(answer.is_accepted(), "{answer}");
    house.at_rest().await;
    assert_eq!(stage(house, &applyno).await, Stage::Applied);
    applyno
}

async fn stage(house: &House, applyno: &str) -> Stage {
    house.stored(applyno).await.unwrap().stage
}

/// The effects of what the platform has received for an application.
fn effects(house: &House, applyno: &str) -> Vec<Effect> {
    house.sandbox.journal().of(applyno).iter().filter_map(|exchange| exchange.effect.clone()).collect()
}

on_both_databases! {
    async fn an_application_waits_for_approval_and_then_for_the_premium(database: Database) {
        let house = House::open_with(database, MANUAL).await;
        let applyno = applied(&house).await;
        house.undecided(&applyno, PAID, "该申请待审批，不能登记保费").await;
        house.decided(&applyno, &["approve", "--number", "BH-MANUAL-1", "--premium", "512.50"]).await;
        house.at_rest().await;
        assert_eq!(stage(&house, &applyno).await, Stage::Approved);
        assert!(effects(&house, &applyno).is_empty(), "nothing is told before the premium is paid");
        house.undecided(&applyno, &["approve"], "该申请已审批，不能重复审批").await;

        let other = ["premium", "--account", "1", "--basic-account"];
        for account in ["not-basic", "unchecked"] {
            let reason = "保费须由投标人基本户转出，请退款后从基本户重新支付";
            house.undecided(&applyno, &[&other[..], &[account]].concat(), reason).await;
        }
        assert_eq!(stage(&house, &applyno).await, Stage::Approved);
        house.decided(&applyno, PAID).await;
        house.until(|platform| platform.delivery(&applyno).unwrap().ciphertext.is_some()).await;
        house.at_rest().await;
        let delivery = house.sandbox.delivery(&applyno).unwrap();
        assert_eq!(delivery.baohanno.as_deref(), Some("BH-MANUAL-1"));
        assert!(delivery.exactly_once());
        let guarantee = house.stored(&applyno).await.unwrap();
        assert_eq!(guarantee.terms.unwrap().premium.to_string(), "512.50");
        assert_eq!(guarantee.payment.unwrap().payer.number, "46050100163600001111");
        assert_eq!(guarantee.stage, Stage::Issued);
    }

    async fn declined_applications_are_told_and_cannot_be_decided_again(database: Database) {
        let house = House::open_with(database, MANUAL).await;
        for _ in 0..2 {
            let applyno = applied(&house).await;
            house.decided(&applyno, &["decline", "--reason", "资信不足"]).await;
            house.noticed(&applyno, "baohannotice", 1).await;
            assert_eq!(effects(&house, &applyno), [Effect::Declined]);
            assert_eq!(stage(&house, &applyno).await, Stage::Declined);
            house.undecided(&applyno, &["approve"], "该申请已审批，不能重复审批").await;
        }
    }

    async fn an_amount_outside_the_limits_is_declined_by_the_rules(database: Database) {
        let house = House::open(database).await;
        let mut application = house.sandbox.generate();
        application.bond = "800000.01".to_owned();
        let applyno = application.applyno.clone();
        assert!(house.sandbox.apply(application).await.unwrap().is_accepted());
        house.noticed(&applyno, "baohannotice", 1).await;
        assert_eq!(effects(&house, &applyno), [Effect::Declined]);
        assert_eq!(house.timeline(&applyno).await, ["收到投保申请", "审批未通过"]);
        assert_eq!(house.sandbox.delivery(&applyno).unwrap().approved, Some(false));
    }

    async fn an_application_that_the_platform_lets_go_is_waived(database: Database) {
        let house = House::open_with(database, MANUAL).await;
        let applyno = applied(&house).await;
        house.decided(&applyno, &["waive"]).await;
        house.noticed(&applyno, "giveupapply", 1).await;
        assert_eq!(stage(&house, &applyno).await, Stage::Waived);
        assert_eq!(house.timeline(&applyno).await, ["收到投保申请", "已向平台提出放弃申请", "申请已放弃"]);
        house.undecided(&applyno, &["approve"], "该申请已审批，不能重复审批").await;
    }

    async fn an_application_that_the_platform_does_not_let_go_is_issued_after_all(database: Database) {
        let house = House::open_with(database, MANUAL).await;
        house.sandbox.script(vec![Fault::on("giveupapply", Act::Refuse("该项目不允许放弃".to_owned()))]);
        let applyno = applied(&house).await;
        house.decided(&applyno, &["waive"]).await;
        house.at_rest().await;
        assert_eq!(house.timeline(&applyno).await.last(), Some(&"平台不同意放弃"));
        house.decided(&applyno, &["approve"]).await;
        house.decided(&applyno, PAID).await;
        house.until(|platform| platform.delivery(&applyno).unwrap().ciphertext.is_some()).await;
        house.at_rest().await;
        house.undecided(&applyno, &["waive"], "保函已出具，不能放弃申请，可在开标前申请退保").await;
    }

    async fn the_program_decides_beside_a_running_gateway(database: Database) {
        let house = House::open_with(database, MANUAL).await;
        let applyno = applied(&house).await;
        let decide = |decision: &[&str]| {
            let mut program = Command::new(env!("CARGO_BIN_EXE_baohan"));
            program.arg("-s").arg(&house.settings).arg("-s").arg(&house.overrides);
            let ended = program.args(["decide", "-p", "hainan", &applyno]).args(decision).output().unwrap();
            let printed = String::from_utf8([ended.stdout, ended.stderr].concat()).unwrap();
            (ended.status.code(), printed)
        };
        let (code, printed) = decide(&["decline", "--reason", "资信不足"]);
        assert!(code == Some(0) && printed.starts_with(&format!("{applyno}  审批未通过")), "{printed}");
        let (code, printed) = decide(&["approve"]);
        assert!(code == Some(1) && printed.starts_with("未执行：该申请已审批"), "{printed}");
        let (code, printed) = decide(&["premium", "--account", "1"]);
        assert!(code == Some(2) && printed.contains("--basic-account"), "{printed}");
        house.noticed(&applyno, "baohannotice", 1).await;
        assert_eq!(effects(&house, &applyno), [Effect::Declined]);
    }
}
