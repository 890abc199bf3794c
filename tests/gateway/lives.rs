//! The whole life of each platform: applications, openings, and what its specification has besides (a repetition, a
//! surrender, a wrong key, an invoice, a claim, a cancellation), until nothing is left to be done.

use std::collections::BTreeMap;

use baohan_gateway::cli::demo::cast::{Actor, Role};
use baohan_gateway::cli::demo::clerk::Clerk;
use baohan_gateway::cli::demo::props;
use baohan_gateway::clock::Clock;
use baohan_gateway::crypto::certificate::Certificate;
use baohan_gateway::domain::claim::ClaimStatus;
use baohan_gateway::domain::guarantee::Stage;
use baohan_gateway::domain::invoice::InvoiceOutcome;
use baohan_gateway::sandbox::{Direction, Effect, Moment, Outcome, SectionStatus, neimenggu, tender};
use baohan_gateway::seal::{Trust, verify_file};

use crate::house::{Database, House, PATIENCE, on_both_databases};

/// How many guarantees live without incident.
const PLAIN: u32 = 2;

const OPENED: [&str; 6] =
    ["收到投保申请", "审批通过", "保费已支付", "密文保函已签章", "已开标，收到密钥", "明文保函已合并签章"];
const ISSUED: [&str; 4] = ["收到投保申请", "审批通过", "保费已支付", "保函已签章"];

struct Life {
    house: House<Actor>,
    moments: Vec<Moment>,
}

/// Lives one life and checks what is to be true of all of them.
async fn lived(role: Role, database: Database, overrides: &str) -> Life {
    let house = House::with(role, database, overrides).await;
    let (platform, clerk) = (&house.sandbox, Clerk::at(&house.gateway));
    for (applyno, answer) in platform.apply_many(PLAIN).await {
        let answer = answer.unwrap();
        assert!(answer.is_accepted(), "{applyno}: {answer}");
    }
    assert!(platform.wait_until(|all| all.iter().all(|it| it.issued), PATIENCE).await);
    for (applyno, answer) in platform.open_all().await {
        let answer = answer.unwrap();
        assert!(answer.is_accepted(), "{applyno}: {answer}");
    }
    assert!(platform.wait_until(|all| all.iter().all(|it| it.complete), PATIENCE).await);
    let moments = platform.live(PATIENCE).await.unwrap();
    clerk.go_home(&house.gateway, PATIENCE).await.unwrap();
    house.at_rest().await;
    let life = Life { house, moments };
    life.assert_nothing_is_amiss();
    life
}

impl Life {
    fn assert_nothing_is_amiss(&self) {
        let (house, received) = (&self.house, self.house.sandbox.received());
        assert_eq!(received.len(), 5);
        let root = std::fs::read_to_string(house.folder.path().join(props::ROOT_CERTIFICATE)).unwrap();
        let trust = Trust { anchors: vec![Certificate::from_pem(&root).unwrap()] };
        for application in &received {
            assert!(application.exactly_once, "{}", application.application);
            for letter in &application.letters {
                let verified = verify_file(&letter.document, &trust, Clock::system().now());
                assert!(verified.is_valid(), "{}: {:?}", application.application, verified.failures());
            }
        }
        let wrong_keys = self.moments.iter().filter(|moment| moment.what == "wrong key refused").count();
        let journal = house.sandbox.journal().all();
        let refused: Vec<_> = journal.iter().filter(|it| it.outcome != Outcome::Accepted).collect();
        for exchange in &refused {
            let of_wrong_key =
                exchange.direction == Direction::Pushed && exchange.interface == "baohanrestore";
            assert!(of_wrong_key, "{exchange}");
        }
        assert_eq!(refused.len(), wrong_keys);
        let dead = house.ledger().lines("SELECT kind AS line FROM jobs WHERE state = 'dead'");
        assert_eq!(dead, Vec::<String>::new());
    }

    /// Whose moment something was, in order.
    fn whose(&self, what: &str) -> Vec<&str> {
        let moments = self.moments.iter().filter(|moment| moment.what == what);
        moments.map(|moment| moment.applyno.as_str()).collect()
    }

    /// The one whose moment it was.
    fn one(&self, what: &str) -> &str {
        let all = self.whose(what);
        assert_eq!(all.len(), 1, "{what}: {:?}", self.moments);
        all[0]
    }

    /// Those to whom nothing else happened.
    fn plain(&self) -> Vec<String> {
        let received = self.house.sandbox.received().into_iter().map(|it| it.application);
        let plain: Vec<_> =
            received.filter(|it| !self.moments.iter().any(|moment| moment.applyno == *it)).collect();
        assert_eq!(plain.len(), 2);
        plain
    }

    /// Asserts where a guarantee has come to, and by which way. What is noted when somebody else has been reached may
    /// come a little sooner or later, and is counted: deliveries, and the bidder's papers.
    async fn assert_came(&self, applyno: &str, stage: Stage, way: &[&str], noted: &[&str]) {
        let guarantee = self.house.stored(applyno).await.unwrap();
        assert_eq!(guarantee.stage, stage, "{applyno}");
        let timeline = self.house.timeline(applyno).await;
        let (found, on_the_way): (Vec<_>, Vec<_>) =
            timeline.iter().partition(|it| it.ends_with("已送达") || it.ends_with("已登记"));
        assert_eq!(on_the_way, way, "{applyno}");
        let sorted = |mut all: Vec<&'static str>| {
            all.sort_unstable();
            all
        };
        let mut noted = noted.to_vec();
        noted.sort_unstable();
        assert_eq!(sorted(found), noted, "{applyno}");
    }

    async fn assert_claim_is_paid(&self, applyno: &str) {
        let claim = self.house.stored(applyno).await.unwrap().claim.unwrap();
        assert_eq!(claim.result.unwrap().status, ClaimStatus::Paid);
    }

    /// What the platform took note of, by interface.
    fn noted(&self, interface: &str) -> Vec<Effect> {
        let journal = self.house.sandbox.journal().all();
        let received = journal.iter().filter(|it| it.direction == Direction::Received);
        received.filter(|it| it.interface == interface).filter_map(|it| it.effect.clone()).collect()
    }

    /// The answers to a push, and whether all were sound.
    fn pushed(&self, interface: &str) -> usize {
        self.house.sandbox.journal().count(|it| {
            let pushed = it.direction == Direction::Pushed && it.interface == interface;
            pushed && it.outcome == Outcome::Accepted
        })
    }

    fn tender(&self) -> &tender::Sandbox {
        let Actor::Tender(sandbox) = &self.house.sandbox else { panic!("not for tenders") };
        sandbox
    }

    fn procurement(&self) -> &neimenggu::Sandbox {
        let Actor::Procurement(sandbox) = &self.house.sandbox else { panic!("not for procurement") };
        sandbox
    }

    /// Whatever is told by notices, each content once.
    fn notices(&self, applyno: &str) -> Vec<&'static str> {
        let notices: BTreeMap<_, _> = self.tender().delivery(applyno).unwrap().notices;
        assert!(notices.values().all(tender::Tally::is_single), "{applyno}: {notices:?}");
        notices.into_keys().collect()
    }
}

/// Where sections are secret until they are opened, and invoices are asked for.
async fn assert_opened_as_everywhere(life: &Life) {
    let both = ["密文保函已送达", "明文保函已送达"];
    for applyno in life.plain() {
        life.assert_came(&applyno, Stage::Restored, &OPENED, &both).await;
    }
    let surrendered = life.one("surrendered");
    assert_eq!(life.one("repeated application answered again"), surrendered);
    let way = [&OPENED[..4], &["收到退保申请", "已退保"]].concat();
    life.assert_came(surrendered, Stage::Surrendered, &way, &both[..1]).await;

    let claimed = life.one("claim received");
    assert_eq!(life.one("invoiced"), claimed);
    let way = [&OPENED[..], &["收到发票申请", "发票已开具", "收到索赔", "索赔处理结果"]].concat();
    life.assert_came(claimed, Stage::Restored, &way, &both).await;
    life.assert_claim_is_paid(claimed).await;
    let invoice = life.house.stored(claimed).await.unwrap().invoice.unwrap();
    assert!(matches!(invoice.outcome, InvoiceOutcome::Issued { .. }));
    assert_eq!(life.noted("invoicenotice"), [Effect::InvoiceNoted { issued: true }]);

    let cancelled = life.one("cancelled");
    let way = [&OPENED[..], &["保函已注销"]].concat();
    life.assert_came(cancelled, Stage::Cancelled, &way, &both).await;
    assert_eq!(life.whose("wrong key refused"), [claimed, cancelled]);
    assert_eq!(life.noted("quitnotice"), [Effect::SurrenderNoted { agreed: true }]);
}

/// Where letters are sent whole, once sealed and once opened.
async fn assert_told_of_letters_in_notices(life: &Life) {
    assert_opened_as_everywhere(life).await;
    for applyno in life.plain() {
        assert_eq!(life.notices(&applyno), ["baohannotice", "restorenotice"]);
    }
    assert_eq!(life.notices(life.one("surrendered")), ["baohannotice", "quitnotice"]);
    // Nothing tells the platform what became of a claim.
    let claimed = ["baohannotice", "invoicenotice", "restorenotice"];
    assert_eq!(life.notices(life.one("claim received")), claimed);
}

on_both_databases! {
    async fn hainan_lives_to_its_end(database: Database) {
        let life = lived(Role::Hainan, database, "").await;
        assert_opened_as_everywhere(&life).await;
        for applyno in life.plain() {
            assert_eq!(life.notices(&applyno), ["baohannotice"]);
        }
        assert_eq!(life.notices(life.one("surrendered")), ["baohannotice", "quitnotice"]);
        let claimed = ["baohannotice", "claimsresultnotice", "invoicenotice"];
        assert_eq!(life.notices(life.one("claim received")), claimed);
        assert_eq!(life.noted("claimsresultnotice"), [Effect::ClaimResultNoted { status: "2".to_owned() }]);
        assert!(life.noted("downloadpublickey").contains(&Effect::PublicKeyGiven));
    }

    async fn jilin_lives_to_its_end(database: Database) {
        let life = lived(Role::Jilin, database, "").await;
        assert_told_of_letters_in_notices(&life).await;
    }

    async fn ggzy_lives_to_its_end(database: Database) {
        let quick = "[rounds]\nabnormal_sections = \"100ms\"";
        let life = lived(Role::Ggzy, database, quick).await;
        assert_told_of_letters_in_notices(&life).await;
        assert_eq!((life.one("list reconciled"), life.pushed("checkbaohanlist")), ("", 1));

        // A section that is aborted after its opening: the platform is asked, and its guarantee can be given back.
        let platform = life.tender();
        let [applyno, _] = life.plain().try_into().unwrap();
        platform.declare_abnormal(&applyno, SectionStatus::Aborted).unwrap();
        let told = Effect::AbnormalSectionsGiven { sections: 1 };
        let learnt = |platform: &tender::Platform| {
            platform.journal().count(|it| it.effect.as_ref() == Some(&told)) > 1
        };
        assert!(platform.wait_until(learnt, PATIENCE).await);
        assert!(platform.surrender(&applyno).await.unwrap().is_accepted());
        let surrendered = |platform: &tender::Platform| platform.delivery(&applyno).unwrap().surrendered;
        assert!(platform.wait_until(surrendered, PATIENCE).await);
        let way = [&OPENED[..], &["标段异常", "收到退保申请", "已退保"]].concat();
        life.house.at_rest().await;
        life.assert_came(&applyno, Stage::Surrendered, &way, &["密文保函已送达", "明文保函已送达"]).await;
    }

    async fn zhangzhou_lives_to_its_end(database: Database) {
        let life = lived(Role::Zhangzhou, database, "").await;
        let noted = ["保函已送达", "投标人资料已登记"];
        for applyno in life.plain() {
            life.assert_came(&applyno, Stage::Issued, &ISSUED, &noted).await;
            assert_eq!(life.notices(&applyno), ["baohannotice"]);
        }
        let surrendered = life.one("surrendered");
        let way = [&ISSUED[..], &["收到退保申请", "已退保"]].concat();
        life.assert_came(surrendered, Stage::Surrendered, &way, &noted[1..]).await;
        assert_eq!(life.notices(surrendered), ["baohannotice", "quitnotice"]);
        assert_eq!(life.pushed("getbaohaninfo"), 4);

        let claimed = life.one("claim received");
        let way = [&ISSUED[..], &["收到索赔", "索赔处理结果"]].concat();
        life.assert_came(claimed, Stage::Issued, &way, &noted).await;
        life.assert_claim_is_paid(claimed).await;
        // Nothing tells the platform what became of a claim.
        assert_eq!(life.notices(claimed), ["baohannotice"]);
    }

    async fn inner_mongolia_lives_to_its_end(database: Database) {
        let life = lived(Role::Neimenggu, database, "").await;
        let delivery = |applyno: &str| life.procurement().delivery(applyno).unwrap();
        // The letters are fetched in digital envelopes, which anybody can make: no word of a delivery.
        let noted: [&str; 0] = [];
        let states = ["01", "05", "03"];
        for applyno in life.plain() {
            life.assert_came(&applyno, Stage::Issued, &ISSUED, &noted).await;
            assert_eq!(delivery(&applyno).states(), states);
        }
        let surrendered = life.one("surrendered");
        let way = [&ISSUED[..], &["收到退保申请", "已退保"]].concat();
        life.assert_came(surrendered, Stage::Surrendered, &way, &noted).await;
        assert_eq!(delivery(surrendered).states(), [&states[..], &["08"]].concat());

        let claimed = life.one("claim received");
        assert_eq!((life.one("letter verified"), life.one("changed letter recognised")), (claimed, claimed));
        let way = [&ISSUED[..], &["收到索赔", "索赔处理结果"]].concat();
        life.assert_came(claimed, Stage::Issued, &way, &noted).await;
        life.assert_claim_is_paid(claimed).await;
        assert_eq!(delivery(claimed).states(), states);
        assert_eq!(delivery(claimed).claim_states(), ["01"]);

        let cancelled = life.one("cancelled");
        let way = [&ISSUED[..], &["保函已注销"]].concat();
        life.assert_came(cancelled, Stage::Cancelled, &way, &noted).await;
        assert!(delivery(cancelled).is_cancelled());
        assert_eq!((life.pushed("PREP103"), life.pushed("PREP104")), (5, 2));
    }
}
