//! From application to restored guarantee, and what platform and store say of it.

use baohan_gateway::domain::Stage;

use crate::house::{House, on_both_databases};

on_both_databases! {
    async fn an_application_becomes_exactly_one_restored_guarantee(database: Database) {
        let house = House::open(database).await;
        let applyno = house.issued().await;
        house.at_rest().await;
        assert!(house.sandbox.restore(&applyno).await.unwrap().is_accepted());
        house.until(|platform| platform.delivery(&applyno).unwrap().plaintext.is_some()).await;
        assert!(house.sandbox.delivery(&applyno).unwrap().exactly_once());
        assert_eq!(house.stored(&applyno).await.unwrap().stage, Stage::Restored);
        house.at_rest().await;
        assert_eq!(
            house.timeline(&applyno).await,
            [
                "收到投保申请",
                "审批通过",
                "保费已支付",
                "密文保函已签章",
                "密文保函已送达",
                "已开标，收到密钥",
                "明文保函已合并签章",
                "明文保函已送达",
            ]
        );
    }
}
