//! Claims: demanded through the platform, answered by people from a file.

use std::path::PathBuf;

use baohan_gateway::sandbox::hainan::Effect;
use serde_json::{Value, json};

use crate::house::{House, on_both_databases};

/// Writes a result as people write one, and yields its file.
fn result(house: &House, status: &str, remark: Value) -> PathBuf {
    let side = |code: &str, holder: &str| {
        json!({
            "code": code,
            "contact": { "name": "李某某", "phone": "13900002222" },
            "account": { "holder": holder, "number": "46050100163600001234", "bank": "示例银行海口分行" },
        })
    };
    let result = json!({
        "status": status,
        "remark": remark,
        "payer": side("91460000MA0EXAMP7X", "示例财产保险股份有限公司"),
        "beneficiary": side("11460000MA271828X0", "海口市美兰区住房和城乡建设局"),
        "amount": 2_000_000,
    });
    let file = house.folder.path().join(format!("{status}.json"));
    std::fs::write(&file, result.to_string()).unwrap();
    file
}

/// Answers the claim with a status.
pub async fn answer(house: &House, applyno: &str, status: &str, remark: Value) {
    let file = result(house, status, remark);
    house.decided(applyno, &["claim", file.to_str().unwrap()]).await;
}

fn noted(house: &House) -> Vec<Effect> {
    let journal = house.sandbox.journal().all();
    journal
        .iter()
        .filter(|it| it.interface == "claimsresultnotice")
        .filter_map(|it| it.effect.clone())
        .collect()
}

fn of(status: &str) -> Effect {
    Effect::ClaimResultNoted { status: status.to_owned() }
}

on_both_databases! {
    async fn a_claim_is_answered_until_it_is_paid_and_then_no_more(database: Database) {
        let house = House::open(database).await;
        let applyno = house.issued().await;
        house.at_rest().await;
        let unpaid = result(&house, "to-be-paid", Value::Null);
        house.undecided(&applyno, &["claim", unpaid.to_str().unwrap()], "没有待处理的索赔").await;
        assert!(house.sandbox.claim(&applyno).await.unwrap().is_accepted());
        answer(&house, &applyno, "to-be-paid", Value::Null).await;
        house.noticed(&applyno, "claimsresultnotice", 1).await;
        let pending = house.sandbox.conflict(&applyno, "claimsnotice").await.unwrap();
        assert_eq!(pending.message, "同一业务已收到过不同内容的请求，本次内容未受理");
        answer(&house, &applyno, "paid", Value::Null).await;
        house.noticed(&applyno, "claimsresultnotice", 2).await;
        assert_eq!(noted(&house), [of("1"), of("2")]);
        house.undecided(&applyno, &["claim", unpaid.to_str().unwrap()], "没有待处理的索赔").await;
    }

    async fn a_rejected_claim_needs_a_reason_and_may_be_made_again(database: Database) {
        let house = House::open(database).await;
        let applyno = house.issued().await;
        house.at_rest().await;
        assert!(house.sandbox.claim(&applyno).await.unwrap().is_accepted());
        for status in ["rejected", "other"] {
            let file = result(&house, status, Value::Null);
            let reason = "不予赔付和其他状态须说明理由";
            house.undecided(&applyno, &["claim", file.to_str().unwrap()], reason).await;
        }
        answer(&house, &applyno, "rejected", "不属于保函责任".into()).await;
        house.noticed(&applyno, "claimsresultnotice", 1).await;

        assert!(house.sandbox.claim(&applyno).await.unwrap().is_accepted());
        answer(&house, &applyno, "other", "等待补充材料".into()).await;
        house.noticed(&applyno, "claimsresultnotice", 2).await;
        assert_eq!(noted(&house), [of("3"), of("9")]);
        assert_eq!(house.timeline(&applyno).await[5..], ["收到索赔", "索赔处理结果", "收到索赔", "索赔处理结果"]);
    }
}
