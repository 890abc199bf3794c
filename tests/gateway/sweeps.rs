//! One guarantee's whole life with a failure at the n-th call, for every n: of the calls of the store, and of those to the
//! platform; and with a clock that jumps at every step. In the end there is exactly one guarantee each time, and nothing is
//! left over.
//!
//! All failures take minutes. A run without `BAOHAN_TEST_SWEEP=all` draws some of them by a seed, which it tells where one
//! fails and takes from `BAOHAN_TEST_SEED`.

mod clock;
mod network;
mod store;

use baohan_gateway::domain::guarantee::Stage;
use baohan_gateway::sandbox::hainan::Answer;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

use crate::house::House;

/// Nobody waits long: for another attempt, for a lease whose worker does not know of it, for an answer.
const BRISK: &str = r#"
[jobs.worker]
poll = "20ms"
lease = "1s"
[jobs.breaker]
calls = 0
[jobs.ordinary]
delays = ["10ms"]
repeat_last = 100
[jobs.restorations]
delays = ["10ms"]
repeat_last = 100
[delivery]
exchange_seconds = 1
"#;

/// A letter goes in several slices.
const SLICES: &str = "[platforms.hainan.wire.upload]\nslice_bytes = 40000\n";

/// A platform repeats a push that was not answered with success; one failure is behind it by then.
const PUSHES: u32 = 3;

/// What happens in the life of one guarantee, each once.
const LIFE: [&str; 6] =
    ["收到投保申请", "审批通过", "保费已支付", "密文保函已签章", "已开标，收到密钥", "明文保函已合并签章"];

/// Which failures of all this run tries, and how to try the same ones again.
struct Draw<Failure> {
    failures: Vec<Failure>,
    seed: u64,
}

#[expect(clippy::disallowed_methods, reason = "how much is tried, and a seed, are given from outside")]
fn draw<Failure: Clone>(all: &[Failure], some: usize) -> Draw<Failure> {
    let seed = std::env::var("BAOHAN_TEST_SEED").ok();
    let seed = seed.map_or_else(rand::random, |text| text.parse().unwrap());
    let failures = match std::env::var("BAOHAN_TEST_SWEEP").as_deref() {
        Ok("all") => all.to_vec(),
        _ => all.sample(&mut StdRng::seed_from_u64(seed), some).cloned().collect(),
    };
    Draw { failures, seed }
}

/// Lives one life, in which the platform repeats what was not answered with success.
async fn live(house: &House) -> String {
    live_through(house, || ()).await
}

/// The same with something that happens between any two steps.
async fn live_through(house: &House, mut meanwhile: impl FnMut()) -> String {
    let application = house.sandbox.generate();
    let applyno = application.applyno.clone();
    let first = house.sandbox.apply(application).await;
    accepted(house, &applyno, "baohanapply", first).await;
    // What was answered with success is stored.
    assert!(house.stored(&applyno).await.is_some());
    meanwhile();
    house.until(|platform| platform.delivery(&applyno).is_some_and(|it| it.ciphertext.is_some())).await;
    house.at_rest().await;
    meanwhile();
    let first = house.sandbox.restore(&applyno).await;
    accepted(house, &applyno, "baohanrestore", first).await;
    assert!(house.stored(&applyno).await.unwrap().opening.is_some());
    meanwhile();
    house.until(|platform| platform.delivery(&applyno).is_some_and(|it| it.plaintext.is_some())).await;
    house.at_rest().await;
    applyno
}

async fn accepted(house: &House, applyno: &str, interface: &str, first: anyhow::Result<Answer>) {
    let mut answer = first.unwrap();
    for _ in 1..PUSHES {
        if answer.is_accepted() {
            return;
        }
        answer = house.sandbox.duplicate(applyno, interface).await.unwrap();
    }
    assert!(answer.is_accepted(), "{answer}");
}

/// Everything that a life is to have left behind, and nothing else.
async fn assert_lived_once(house: &House, applyno: &str, told: &str) {
    let delivery = house.sandbox.delivery(applyno).unwrap();
    assert!(delivery.opened && delivery.exactly_once(), "{told}: {delivery:#?}");
    assert_eq!(house.stored(applyno).await.unwrap().stage, Stage::Restored, "{told}");
    let timeline = house.timeline(applyno).await;
    let (arrived, happened): (Vec<&str>, Vec<&str>) =
        timeline.into_iter().partition(|it| it.ends_with("已送达"));
    assert_eq!(happened, LIFE, "{told}");
    assert_eq!(arrived.len(), 2, "{told}: {arrived:?}");
    let ledger = house.ledger();
    let dead =
        ledger.lines("SELECT kind || ' ' || COALESCE(detail, '') AS line FROM jobs WHERE state = 'dead'");
    assert_eq!(dead, Vec::<String>::new(), "{told}");
}
