//! What comes back by the clock: guarantees end, and platforms are asked for sections that came to nothing.

use std::net::TcpListener;
use std::time::Duration;

use baohan_gateway::clock::Clock;
use baohan_gateway::domain::abnormality::AbnormalityKind;
use baohan_gateway::domain::identity::{ApplicationNumber, PlatformId};
use baohan_gateway::domain::{Guarantee, Stage};
use baohan_gateway::sandbox::hainan::{Act, Fault};
use baohan_gateway::sandbox::{GGZY, Sandbox, SandboxOptions, SectionStatus};
use baohan_gateway::store::guarantees;
use serde_json::Value;

use crate::claims;
use crate::house::{Database, House, PATIENCE, on_both_databases};

const OFTEN: &str = "[rounds]\nexpiry = \"100ms\"\nabnormal_sections = \"100ms\"\n";
const FURTHER: &str = "ggzy";
const HALF_A_YEAR: Duration = Duration::from_secs(200 * 86_400);

/// Looks again and again until something is as it should be.
async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let clock = Clock::system();
    let begun = clock.now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(clock.now().duration_since(begun).unsigned_abs() < PATIENCE, "never: {what}");
        clock.wait(Duration::from_millis(20)).await;
    }
}

async fn until_stage(house: &House, applyno: &str, stage: Stage) {
    until("the stage", async || (house.stored(applyno).await?.stage == stage).then_some(())).await;
}

/// Waits until another turn of a round has begun and ended.
async fn another_turn(house: &House, round: &str) {
    let done = || {
        let lines = format!("SELECT id AS line FROM jobs WHERE lane LIKE '{round}' AND state = 'done'");
        house.ledger().lines(&lines).len()
    };
    // The one that runs now may have begun before.
    let wanted = done() + 2;
    until("another turn", async || (done() >= wanted).then_some(())).await;
}

/// A house with a platform that reports sections, beside the usual one.
struct Pair {
    house: House,
    platform: Sandbox,
}

impl Pair {
    async fn open(database: Database, habits: impl FnOnce(&mut SandboxOptions)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let gateway = format!("http://{}", listener.local_addr().unwrap());
        let pushed_to = format!("{gateway}/platforms/{FURTHER}");
        let mut options = SandboxOptions::of(&GGZY, pushed_to, "GG_DEMO_0001", "gg-demo-secret");
        habits(&mut options);
        let platform = Sandbox::start(options).await.unwrap();
        let overrides = format!(
            r#"{OFTEN}
[downloads]
public_url = "{gateway}"
[platforms.{FURTHER}.wire]
dialect = "ggzy"
title = "公共资源交易平台（模拟）"
appkey = "GG_DEMO_0001"
appsecret = "gg-demo-secret"
base_url = "{}"
[platforms.{FURTHER}.underwriting]
mode = "automatic"
surrender = "automatic"
rate = "0.004"
minimum_premium = "200.00"
smallest_amount = "1000.00"
largest_amount = "800000.00"
premium = {{ collection = "assumed", account = "46050100163600009999", bank = "示例银行海口分行" }}
"#,
            platform.url()
        );
        Self { house: House::open_on(listener, database, &overrides).await, platform }
    }

    async fn until(&self, condition: impl Fn(&baohan_gateway::sandbox::tender::Platform) -> bool) {
        if !self.platform.wait_until(condition, PATIENCE).await {
            let journal: Vec<String> =
                self.platform.journal().all().iter().map(ToString::to_string).collect();
            panic!("it did not come true; the platform's journal:\n{}", journal.join("\n"));
        }
    }

    async fn issued(&self) -> String {
        let (applyno, answer) = self.platform.apply_generated().await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        self.until(|platform| platform.delivery(&applyno).is_some_and(|it| it.ciphertext.is_some())).await;
        applyno
    }

    async fn opened(&self, applyno: &str) {
        let answer = self.platform.restore(applyno).await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
    }

    async fn stored(&self, applyno: &str) -> Guarantee {
        let (platform, number) = (PlatformId::new(FURTHER), ApplicationNumber::new(applyno));
        let found = self
            .house
            .gateway
            .assembly
            .store
            .read(move |c| guarantees::find_by_application(c, &platform, &number));
        found.await.unwrap().unwrap().guarantee
    }

    async fn abnormality(&self, applyno: &str) -> Option<AbnormalityKind> {
        self.stored(applyno).await.abnormality.map(|it| it.kind)
    }

    /// Waits until the alarm's figure is above zero, or is not.
    async fn until_alarmed(&self, alarmed: bool) {
        let name = format!("gw_restore_oldest_undelivered_seconds{{platform=\"{FURTHER}\"}}");
        until("the alarm", async || ((self.house.counted(&name) > 0) == alarmed).then_some(())).await;
    }
}

on_both_databases! {
    async fn guarantees_end_after_their_last_day_but_not_while_a_claim_is_open(database: Database) {
        let house = House::open_with(database, OFTEN).await;
        let (plain, claimed) = (house.restored().await, house.restored().await);
        house.at_rest().await;
        assert!(house.sandbox.claim(&claimed).await.unwrap().is_accepted());
        another_turn(&house, "round/%/expiry").await;
        assert_eq!(house.stored(&plain).await.unwrap().stage, Stage::Restored);

        house.gateway.assembly.clock.advance(HALF_A_YEAR);
        until_stage(&house, &plain, Stage::Expired).await;
        another_turn(&house, "round/%/expiry").await;
        assert_eq!(house.stored(&claimed).await.unwrap().stage, Stage::Restored);
        claims::answer(&house, &claimed, "rejected", Value::from("不属于保函责任")).await;
        until_stage(&house, &claimed, Stage::Expired).await;
        for applyno in [&plain, &claimed] {
            let timeline = house.timeline(applyno).await;
            assert_eq!(timeline.iter().filter(|title| **title == "保函已到期").count(), 1, "{timeline:?}");
        }
        // One of each round is waiting, and no more.
        let waiting = "SELECT lane AS line FROM jobs WHERE kind = 'round' AND state IN ('ready', 'running')";
        assert_eq!(house.ledger().lines(waiting), ["round/hainan/expiry"]);
    }

    async fn a_section_that_came_to_nothing_is_left_after_the_opening_and_alarms_nobody(database: Database) {
        let pair = Pair::open(database, |_| {}).await;
        let applyno = pair.issued().await;
        // The plaintext letter never arrives.
        pair.platform.script(vec![Fault::on("restorenotice", Act::Status(503)).always()]);
        pair.opened(&applyno).await;
        pair.house.gateway.assembly.clock.advance(Duration::from_secs(60));
        pair.until_alarmed(true).await;
        let refused = pair.platform.surrender(&applyno).await.unwrap();
        assert!(!refused.is_accepted() && refused.message.contains("已开标，不能退保"), "{refused}");

        pair.platform.declare_abnormal(&applyno, SectionStatus::Aborted).unwrap();
        let told = async || pair.abnormality(&applyno).await;
        assert_eq!(until("the report", told).await, AbnormalityKind::Failed);
        pair.until_alarmed(false).await;
        let accepted = pair.platform.surrender(&applyno).await.unwrap();
        assert!(accepted.is_accepted(), "{accepted}");
        pair.platform.script(Vec::new());
        pair.until(|platform| platform.delivery(&applyno).unwrap().surrendered).await;
        pair.house.at_rest().await;
        assert_eq!(pair.stored(&applyno).await.stage, Stage::Surrendered);
        // The questions are on record, of no guarantee's case.
        let asked = "SELECT outcome AS line FROM messages WHERE direction = 'out' AND guarantee_id IS NULL";
        let asked = pair.house.ledger().lines(asked);
        assert!(!asked.is_empty() && asked.iter().all(|outcome| outcome == "ok"), "{asked:?}");
    }

    async fn a_section_that_is_reported_while_it_is_secret_is_known_at_the_opening(database: Database) {
        let pair = Pair::open(database, |_| {}).await;
        let applyno = pair.issued().await;
        pair.platform.declare_abnormal(&applyno, SectionStatus::Suspended).unwrap();
        let kept = "SELECT platform AS line FROM abnormal_sections";
        until("the report", async || (pair.house.ledger().lines(kept) == [FURTHER]).then_some(())).await;
        assert_eq!(pair.abnormality(&applyno).await, None);
        pair.opened(&applyno).await;
        assert_eq!(pair.abnormality(&applyno).await, Some(AbnormalityKind::Suspended));
    }

    async fn a_section_that_is_reported_by_its_ciphertext_is_known_before_the_opening(database: Database) {
        let pair = Pair::open(database, |options| options.habits.sealed_sections = true).await;
        let applyno = pair.issued().await;
        pair.platform.declare_abnormal(&applyno, SectionStatus::Annulled).unwrap();
        let told = async || pair.abnormality(&applyno).await;
        assert_eq!(until("the report", told).await, AbnormalityKind::Voided);
    }

    async fn a_question_that_gets_no_answer_is_asked_again_and_nothing_is_missed(database: Database) {
        let pair = Pair::open(database, |_| {}).await;
        let applyno = pair.issued().await;
        pair.opened(&applyno).await;
        pair.platform.script(vec![Fault::on("getbiaoduanyichang", Act::Html200)]);
        pair.platform.declare_abnormal(&applyno, SectionStatus::Terminated).unwrap();
        let failed = "SELECT outcome AS line FROM messages WHERE guarantee_id IS NULL AND outcome = 'unreadable'";
        until("a failure", async || (pair.house.ledger().lines(failed).len() == 1).then_some(())).await;
        assert_eq!(pair.abnormality(&applyno).await, None);
        let told = async || pair.abnormality(&applyno).await;
        assert_eq!(until("the report", told).await, AbnormalityKind::Terminated);
        // The same job asked twice; none was sown in its place.
        let again = "SELECT attempts.outcome AS line FROM attempts JOIN jobs ON jobs.id = job_id \
                     WHERE kind = 'round' AND number > 1 OR outcome = 'retry' ORDER BY number";
        assert_eq!(pair.house.ledger().lines(again), ["retry", "done"]);
    }
}
