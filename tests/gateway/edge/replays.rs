//! Messages that somebody has captured and sends again, to the letter.

use std::net::TcpListener;
use std::time::Duration;

use baohan_gateway::clock::Clock;
use baohan_gateway::domain::Stage;
use baohan_gateway::gateway::Gateway;
use baohan_gateway::store::replays;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use crate::house::{House, on_both_databases};
use crate::operator::MANUAL;
use crate::pushes::{
    APPLICATION, APPLYNO, CANCELLATION, JSON, SUCCESS, SURRENDER, altered, client, filled, reply_to,
};

const SURRENDER_BY_HAND: &str = "[platforms.hainan.underwriting]\nsurrender = \"manual\"\n";
const NO: &[&str] = &["refuse-surrender", "--reason", "项目即将开标"];
const TOO_LATE: &str = "报文重复提交，请以新的时间戳重新签名后提交";

/// A push about an application, with a time of its own.
fn about(push: &str, applyno: &str, number: &str, time: &str) -> String {
    altered(&filled(push, number), &[("applyno", applyno), ("baohanno", number), ("timestamp", time)])
}

on_both_databases! {
    async fn a_captured_surrender_is_not_asked_for_again_after_a_refusal(database: Database) {
        let house = House::open_with(database, SURRENDER_BY_HAND).await;
        let applyno = house.issued().await;
        let number = house.number(&applyno).await;
        let captured = about(SURRENDER, &applyno, &number, "2024-06-10 11:00:00");
        // The platform lost its patience, and the repetition was captured too.
        let repeated = about(SURRENDER, &applyno, &number, "2024-06-10 11:00:05");
        for push in [&captured, &repeated] {
            assert_eq!(house.post("quitapply", push.clone()).await.body, SUCCESS);
        }
        house.decided(&applyno, NO).await;
        house.noticed(&applyno, "quitnotice", 1).await;
        let before = house.ledger().state();

        // Written otherwise, it is the same message still.
        let spaced = captured.replace("\",", "\" ,\n");
        for copy in [captured.clone(), spaced, repeated, captured.replacen('{', "{\"unheard\":\"\",", 1)] {
            let again = house.post("quitapply", copy).await;
            assert_eq!((again.status, again.body.as_str()), (200, SUCCESS));
            assert_eq!(house.record(&again.request_id).await.header.outcome, "duplicate");
        }
        house.at_rest().await;
        assert_eq!(house.ledger().state(), before, "a copy changes nothing");
        house.undecided(&applyno, &["grant-surrender"], "没有待处理的退保申请").await;

        // The platform itself may ask again.
        let anew = about(SURRENDER, &applyno, &number, "2024-06-11 11:00:00");
        assert_eq!(house.post("quitapply", anew).await.body, SUCCESS);
        house.decided(&applyno, &["grant-surrender"]).await;
        assert_eq!(house.stored(&applyno).await.unwrap().stage, Stage::Surrendered);
    }

    async fn a_captured_refusal_has_no_effect_when_its_time_has_come(database: Database) {
        let house = House::open_with(database, "[platforms.hainan.edge]\nagain_within = \"0s\"\n").await;
        let applyno = house.issued().await;
        let number = house.number(&applyno).await;
        let early = about(CANCELLATION, &applyno, &number, "2024-06-10 11:00:00");
        let refused = house.post("canclenotice", early.clone()).await;
        house.assert_refused("too early", &refused, "refused", "尚未开标，不能注销保函，开标前请申请退保").await;
        assert!(house.sandbox.restore(&applyno).await.unwrap().is_accepted());
        house.until(|platform| platform.delivery(&applyno).unwrap().plaintext.is_some()).await;
        house.at_rest().await;

        let replayed = house.post("canclenotice", early).await;
        house.assert_refused("a copy", &replayed, "replayed", TOO_LATE).await;
        assert_eq!(house.stored(&applyno).await.unwrap().stage, Stage::Restored);
        assert_eq!(house.ended("stale"), 1);
        let anew = about(CANCELLATION, &applyno, &number, "2024-06-12 11:00:00");
        assert_eq!(house.post("canclenotice", anew).await.body, SUCCESS);
        assert_eq!(house.stored(&applyno).await.unwrap().stage, Stage::Cancelled);
    }

    async fn a_captured_application_does_not_undo_its_replacement(database: Database) {
        let replacing = "[platforms.hainan.wire]\napplications = \"replace-until-issued\"\n";
        let house = House::open_with(database, &format!("{MANUAL}{replacing}")).await;
        let amount = async || house.stored(APPLYNO).await.unwrap().application.amount.to_string();
        assert_eq!(house.post("baohanapply", APPLICATION).await.body, SUCCESS);
        let changes = [("bzjamount", "1234.00"), ("timestamp", "2024-06-04 09:00:00")];
        assert_eq!(house.post("baohanapply", altered(APPLICATION, &changes)).await.body, SUCCESS);
        assert_eq!(amount().await, "1234.00");
        assert_eq!(house.post("baohanapply", APPLICATION).await.body, SUCCESS);
        assert_eq!(amount().await, "1234.00");
    }

    async fn copies_that_reach_two_replicas_at_once_have_one_effect(database: Database) {
        let house = House::open_with(database, SURRENDER_BY_HAND).await;
        let applyno = house.issued().await;
        let number = house.number(&applyno).await;
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let other = Gateway::start_on(other, house.settings(), Clock::system()).await.unwrap();
        let second = house.address("quitapply").replace(&house.gateway.address.to_string(), &other.address.to_string());
        // Once, so that it may be asked for again: then nothing but the memory of messages tells copies.
        let first = about(SURRENDER, &applyno, &number, "2024-06-10 11:00:00");
        assert_eq!(house.post("quitapply", first).await.body, SUCCESS);
        house.decided(&applyno, NO).await;
        let before = house.timeline(&applyno).await.len();

        let again = about(SURRENDER, &applyno, &number, "2024-06-11 11:00:00");
        let pushes = (0..12).map(|n| {
            let to = if n % 2 == 0 { house.address("quitapply") } else { second.clone() };
            reply_to(client().post(to).header("content-type", JSON).body(again.clone()))
        });
        let replies = join_all(pushes).await;
        assert!(replies.iter().all(|reply| reply.body == SUCCESS), "{replies:?}");
        let accepted = house.ledger().outcomes().iter().filter(|outcome| *outcome == "accepted").count();
        assert_eq!(accepted, 3, "an application, a surrender, and one more");
        assert_eq!(house.timeline(&applyno).await.len(), before + 1);
        other.stop().await;
    }

    async fn marks_of_messages_tell_nothing_and_are_forgotten_by_the_clock(database: Database) {
        let house = House::open_with(database, &format!("{MANUAL}[platforms.hainan.edge]\nremember_days = 2\n")).await;
        assert_eq!(house.post("baohanapply", APPLICATION).await.body, SUCCESS);
        let marks = || house.ledger().lines("SELECT mark AS line FROM replays");
        assert_eq!(marks().len(), 1);
        assert!(!APPLICATION.contains(&marks()[0]));
        let forget = async |now: Timestamp| {
            let store = &house.gateway.assembly.store;
            store.write(move |connection| replays::forget(connection, now)).await.unwrap()
        };
        let now = house.gateway.assembly.clock.now();
        assert_eq!(forget(now + SignedDuration::from_hours(47)).await, 0);
        assert_eq!(forget(now + SignedDuration::from_hours(49)).await, 1);
        assert!(marks().is_empty());
    }
}

#[test]
fn the_default_memory_is_longer_than_a_guarantee_lives() {
    let options = baohan_gateway::edge::EdgeOptions::default();
    assert!(options.remember_days > 365 + 180);
    assert!(options.again_within <= Duration::from_hours(24));
}
