//! Applications that are given up on platforms other than Hainan: by the bidder, and by the institution where it can ask.

use baohan_gateway::cli::demo::cast::Role;
use baohan_gateway::domain::Stage;

use crate::house::{Database, House, on_both_databases};

/// A gateway where people decide, and an application that waits for them.
async fn undecided(role: Role, database: Database) -> (House, String) {
    let manual = format!("[platforms.{}.underwriting]\nmode = \"manual\"", role.id());
    let house = House::with(role, database, &manual).await.tender();
    let (applyno, answer) = house.sandbox.apply_generated().await.unwrap();
    assert!(answer.is_accepted(), "{answer}");
    house.at_rest().await;
    (house, applyno)
}

async fn assert_waived(house: &House, applyno: &str, way: &[&str]) {
    house.at_rest().await;
    assert_eq!(house.stored(applyno).await.unwrap().stage, Stage::Waived);
    assert_eq!(house.timeline(applyno).await, way);
    house.undecided(applyno, &["approve"], "该申请已审批，不能重复审批").await;
}

on_both_databases! {
    async fn a_bidder_gives_up_what_nobody_has_decided_yet(database: Database) {
        for role in [Role::Jilin, Role::Zhangzhou] {
            let (house, applyno) = undecided(role, database).await;
            let answer = house.sandbox.waive(&applyno).await.unwrap();
            assert!(answer.is_accepted(), "{answer}");
            assert_waived(&house, &applyno, &["收到投保申请", "申请已放弃"]).await;
            assert!(house.sandbox.delivery(&applyno).unwrap().notices.is_empty());
        }
    }

    async fn jilin_lets_the_institution_give_an_application_up(database: Database) {
        let (house, applyno) = undecided(Role::Jilin, database).await;
        house.decided(&applyno, &["waive"]).await;
        house.noticed(&applyno, "giveupapply", 1).await;
        assert_waived(&house, &applyno, &["收到投保申请", "已向平台提出放弃申请", "申请已放弃"]).await;
    }
}
