//! Everything that a platform can do to a few guarantees, one thing after the other.

use baohan_gateway::sandbox::{Outcome, Play};

use crate::house::{House, PATIENCE, on_both_databases};

const INVOICE: &[&str] = &["invoice", "--url", "https://fp.example.com/1?a=b&c=d", "--number", "00012345"];

/// Issues the one invoice that is asked for, as a person at the institution would.
async fn issue_the_invoice(house: &House) {
    let asked = |platform: &baohan_gateway::sandbox::hainan::Platform| {
        platform.journal().all().into_iter().find_map(|exchange| {
            let asked = exchange.interface == "invoiceapply" && exchange.outcome == Outcome::Accepted;
            exchange.applyno.clone().filter(|_| asked)
        })
    };
    house.until(|platform| asked(platform).is_some()).await;
    house.decided(&asked(&house.sandbox).unwrap(), INVOICE).await;
}

on_both_databases! {
    async fn a_platform_that_does_all_it_can_sees_each_step_end_as_it_should(database: Database) {
        let house = House::open(database).await;
        let (lived, ()) = tokio::join!(house.sandbox.live(PATIENCE), issue_the_invoice(&house));
        let moments: Vec<&str> = lived.unwrap().iter().map(|moment| moment.what).collect();
        let opened = ["wrong key refused", "key sent", "restored"];
        let expected = [
            ["applied", "issued"].repeat(3),
            vec!["repeated application answered again", "surrender asked for", "surrendered"],
            opened.repeat(2),
            vec!["invoice asked for", "invoiced", "claim received", "cancelled"],
        ];
        assert_eq!(moments, expected.concat());
        house.at_rest().await;
        let deliveries = house.sandbox.deliveries();
        assert!(deliveries.len() == 3 && deliveries.iter().all(|delivery| delivery.exactly_once()));
        let refused = house.sandbox.journal().count(|exchange| exchange.outcome != Outcome::Accepted);
        assert_eq!(refused, 2, "the two wrong keys");
    }
}
