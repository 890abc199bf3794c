//! From application to restored guarantee, and what platform and store say of it.

use baohan_gateway::domain::Stage;
use baohan_gateway::store::events;

use crate::house::{House, on_both_databases};

on_both_databases! {
    async fn an_application_becomes_exactly_one_restored_guarantee(database: Database) {
        let house = House::open(database).await;
        let applyno = house.restored().await;
        assert!(house.sandbox.delivery(&applyno).unwrap().exactly_once());
        let guarantee = house.stored(&applyno).await.unwrap();
        assert_eq!(guarantee.stage, Stage::Restored);
        let id = guarantee.id;
        let timeline = house.gateway.assembly.store.read(move |c| events::timeline(c, &id)).await.unwrap();
        let titles: Vec<&str> = timeline.iter().map(|entry| entry.event.title()).collect();
        assert_eq!(titles[..4], ["收到投保申请", "审批通过", "保费已支付", "密文保函已签章"]);
    }
}
