//! Pushes that come again: with the same content, with another, after a refusal.

use std::time::Duration;

use baohan_gateway::clock::to_wire;
use baohan_gateway::domain::Stage;
use baohan_gateway::sandbox::hainan::Tally;

use crate::house::{House, on_both_databases};
use crate::operator::{MANUAL, PAID};
use crate::pushes::SUCCESS;

const CONFLICT: &str = "同一业务已收到过不同内容的请求，本次内容未受理";

/// Each letter once, and each notice once: no second effect has left the house.
fn assert_told_once(house: &House, applyno: &str) {
    let delivery = house.sandbox.delivery(applyno).unwrap();
    assert!(delivery.exactly_once());
    let once = |tally: &Tally| tally.is_single() && tally.contents[0].times == 1;
    assert!(delivery.notices.values().all(once), "{:?}", delivery.notices);
    let letters = [delivery.ciphertext, delivery.plaintext].into_iter().flatten();
    assert!(letters.map(|letter| letter.completions).all(|completions| completions == 1));
}

on_both_databases! {
    async fn a_repeated_push_gets_the_stored_answer_and_has_no_second_effect(database: Database) {
        let house = House::open(database).await;
        let applyno = house.restored().await;
        assert!(house.sandbox.claim(&applyno).await.unwrap().is_accepted());
        house.at_rest().await;
        let before = house.ledger().state();
        for interface in ["baohanapply", "baohanrestore", "claimsnotice"] {
            let again = house.sandbox.duplicate(&applyno, interface).await.unwrap();
            assert_eq!((again.status, again.body.as_str()), (200, SUCCESS), "{interface}");
        }
        house.at_rest().await;
        assert_eq!(house.ledger().state(), before);
        assert_told_once(&house, &applyno);
        assert_eq!(house.ledger().outcomes()[3..], ["duplicate", "duplicate", "duplicate"]);
        assert_eq!(house.counted(r#"gw_alarms_total{kind="content-conflict"}"#), 0);
    }

    async fn other_content_is_refused_and_alarmed_and_changes_nothing(database: Database) {
        let house = House::open(database).await;
        let applyno = house.restored().await;
        house.at_rest().await;
        let before = house.ledger().state();
        for interface in ["baohanapply", "baohanrestore"] {
            let other = house.sandbox.conflict(&applyno, interface).await.unwrap();
            assert_eq!((other.status, other.code.as_str(), other.message.as_str()), (200, "0", CONFLICT));
        }
        assert_eq!(house.counted(r#"gw_alarms_total{kind="content-conflict"}"#), 2);
        // What was accepted is still what counts.
        let again = house.sandbox.duplicate(&applyno, "baohanapply").await.unwrap();
        assert_eq!(again.body, SUCCESS);
        house.at_rest().await;
        assert_eq!(house.ledger().state(), before);
        assert_told_once(&house, &applyno);
    }

    async fn where_settings_allow_it_an_application_is_replaced_until_it_is_issued(database: Database) {
        let replacing = "[platforms.hainan.wire]\napplications = \"replace-until-issued\"\n";
        let house = House::open_with(database, &format!("{MANUAL}{replacing}")).await;
        let (applyno, answer) = house.sandbox.apply_generated().await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        let amount = async || house.stored(&applyno).await.unwrap().application.amount.to_string();
        let first = amount().await;
        let clock = &house.gateway.assembly.clock;
        assert!(house.sandbox.conflict(&applyno, "baohanapply").await.unwrap().is_accepted());
        let said = to_wire(clock.now());
        assert_eq!(amount().await, "13579.00");
        house.decided(&applyno, &["approve"]).await;

        // The first content is another one by now, and the approval was not of it.
        assert!(house.sandbox.duplicate(&applyno, "baohanapply").await.unwrap().is_accepted());
        assert_eq!(amount().await, first);
        assert_eq!(house.stored(&applyno).await.unwrap().stage, Stage::Applied);
        house.decided(&applyno, &["approve"]).await;
        house.decided(&applyno, PAID).await;
        house.until(|platform| platform.delivery(&applyno).unwrap().ciphertext.is_some()).await;
        house.at_rest().await;
        let before = house.ledger().state();
        // In the same second it would be the same message to the letter, and get the answer that it got.
        while to_wire(clock.now()) == said {
            clock.wait(Duration::from_millis(50)).await;
        }
        let late = house.sandbox.conflict(&applyno, "baohanapply").await.unwrap();
        assert_eq!((late.code.as_str(), late.message.as_str()), ("0", CONFLICT));
        assert_eq!(house.ledger().state(), before);
        assert_told_once(&house, &applyno);
    }

    async fn a_refused_push_may_come_again_when_its_time_has_come(database: Database) {
        let house = House::open(database).await;
        let applyno = house.issued().await;
        let early = house.sandbox.cancel(&applyno).await.unwrap();
        assert_eq!(early.message, "尚未开标，不能注销保函，开标前请申请退保");
        assert!(house.sandbox.restore(&applyno).await.unwrap().is_accepted());
        house.until(|platform| platform.delivery(&applyno).unwrap().plaintext.is_some()).await;
        assert_eq!(house.sandbox.cancel(&applyno).await.unwrap().body, SUCCESS);
        assert_eq!(house.stored(&applyno).await.unwrap().stage, Stage::Cancelled);
        assert_eq!(house.sandbox.cancel(&applyno).await.unwrap().body, SUCCESS);
    }

    async fn a_wrong_key_is_refused_and_changes_nothing_and_the_right_one_works_afterwards(database: Database) {
        let house = House::open(database).await;
        let applyno = house.issued().await;
        house.at_rest().await;
        let before = house.ledger().state();
        for _ in 0..2 {
            let wrong = house.sandbox.restore_with_wrong_key(&applyno).await.unwrap();
            let reason = "key 不能还原该保函的密文，密文保持不变";
            assert_eq!((wrong.code.as_str(), wrong.message.as_str()), ("0", reason));
        }
        assert_eq!(house.ledger().state(), before);
        assert_eq!(house.counted(r#"gw_alarms_total{kind="wrong-key"}"#), 2);
        assert_eq!(house.counted(r#"gw_decrypt_failures_total{platform="hainan"}"#), 2);

        assert!(house.sandbox.restore(&applyno).await.unwrap().is_accepted());
        house.until(|platform| platform.delivery(&applyno).unwrap().plaintext.is_some()).await;
        house.at_rest().await;
        assert_told_once(&house, &applyno);
        // Now even a wrong key is only other content, and leaves the letter as it is.
        let late = house.sandbox.restore_with_wrong_key(&applyno).await.unwrap();
        assert_eq!(late.message, CONFLICT);
    }
}
