//! Surrenders and invoices: asked for by the platform, answered by people.

use baohan_gateway::domain::Stage;
use baohan_gateway::sandbox::hainan::Effect;

use crate::house::{House, on_both_databases};

/// Guarantees are issued at once; a surrender is a person's decision.
const SURRENDER_BY_HAND: &str = "[platforms.hainan.underwriting]\nsurrender = \"manual\"\n";

const REFUSED: &[&str] = &["refuse-surrender", "--reason", "项目即将开标"];
const NO_INVOICE: &[&str] = &["refuse-invoice", "--reason", "开票资料不全"];

async fn stage(house: &House, applyno: &str) -> Stage {
    house.stored(applyno).await.unwrap().stage
}

/// What the platform has noted of notices of an interface, in order.
fn noted(house: &House, interface: &str) -> Vec<Effect> {
    let journal = house.sandbox.journal().all();
    journal.iter().filter(|it| it.interface == interface).filter_map(|it| it.effect.clone()).collect()
}

on_both_databases! {
    async fn a_refused_surrender_may_be_asked_for_again_and_granted(database: Database) {
        let house = House::open_with(database, SURRENDER_BY_HAND).await;
        let applyno = house.issued().await;
        house.undecided(&applyno, &["grant-surrender"], "没有待处理的退保申请").await;
        assert!(house.sandbox.surrender(&applyno).await.unwrap().is_accepted());
        house.decided(&applyno, REFUSED).await;
        house.noticed(&applyno, "quitnotice", 1).await;
        assert_eq!(stage(&house, &applyno).await, Stage::Issued);
        house.undecided(&applyno, &["grant-surrender"], "没有待处理的退保申请").await;

        assert!(house.sandbox.surrender(&applyno).await.unwrap().is_accepted());
        house.decided(&applyno, &["grant-surrender"]).await;
        house.noticed(&applyno, "quitnotice", 2).await;
        assert_eq!(stage(&house, &applyno).await, Stage::Surrendered);
        assert_eq!(
            noted(&house, "quitnotice"),
            [Effect::SurrenderNoted { agreed: false }, Effect::SurrenderNoted { agreed: true }]
        );
    }

    async fn a_surrender_that_is_still_open_at_the_opening_can_only_be_refused(database: Database) {
        let house = House::open_with(database, SURRENDER_BY_HAND).await;
        let applyno = house.issued().await;
        assert!(house.sandbox.surrender(&applyno).await.unwrap().is_accepted());
        assert!(house.sandbox.restore(&applyno).await.unwrap().is_accepted());
        house.undecided(&applyno, &["grant-surrender"], "已开标，不能退保").await;
        house.decided(&applyno, REFUSED).await;
        house.noticed(&applyno, "quitnotice", 1).await;
        house.until(|platform| platform.delivery(&applyno).unwrap().plaintext.is_some()).await;
        house.at_rest().await;
        assert!(house.sandbox.delivery(&applyno).unwrap().exactly_once());
    }

    async fn a_refused_invoice_may_be_asked_for_again_and_issued(database: Database) {
        let house = House::open(database).await;
        let applyno = house.restored().await;
        house.at_rest().await;
        house.undecided(&applyno, NO_INVOICE, "没有待处理的发票申请").await;
        assert!(house.sandbox.invoice(&applyno, "0").await.unwrap().is_accepted());
        house.decided(&applyno, NO_INVOICE).await;
        house.noticed(&applyno, "invoicenotice", 1).await;

        assert!(house.sandbox.invoice(&applyno, "0").await.unwrap().is_accepted());
        let invoice = ["invoice", "--url", "https://fp.example.com/1?a=b&c=d", "--number", "00012345"];
        house.decided(&applyno, &invoice).await;
        house.noticed(&applyno, "invoicenotice", 2).await;
        assert_eq!(
            noted(&house, "invoicenotice"),
            [Effect::InvoiceNoted { issued: false }, Effect::InvoiceNoted { issued: true }]
        );
        let again = house.sandbox.conflict(&applyno, "invoiceapply").await.unwrap();
        assert_eq!(again.message, "同一业务已收到过不同内容的请求，本次内容未受理");
        let timeline = house.timeline(&applyno).await;
        assert_eq!(timeline[8..], ["收到发票申请", "发票未开具", "收到发票申请", "发票已开具"]);
    }
}
