//! A failure at the n-th call to a platform, of each kind that a network and a platform are capable of. The database has
//! no part in it, so that one is enough.

use baohan_gateway::cli::demo::cast::{Actor, Role};
use baohan_gateway::cli::demo::clerk::Clerk;
use baohan_gateway::sandbox::hainan::{Act, Direction, Fault};

use super::{BRISK, SLICES, assert_lived_once, draw, live};
use crate::house::{Database, House, PATIENCE};

/// Longer than BRISK waits for an answer.
const TOO_LATE: Act = Act::Late(1_300);

/// How many single failures a run tries that does not try all.
const SOME: usize = 8;

fn at_once() -> [Act; 6] {
    [Act::Reset, Act::AcceptButReset, Act::HalfAnswer, Act::Status(500), Act::Html200, Act::Busy(1)]
}

/// Strikes calls of any interface.
fn any(act: &Act) -> Fault {
    Fault { interface: None, ..Fault::on("", act.clone()) }
}

/// Strikes every call of a life at least once, and spares one after each that it strikes: the first, and each second.
fn each_call(act: &Act) -> Vec<Fault> {
    vec![any(act), any(act).every(2)]
}

fn received(house: &House) -> u32 {
    let count = house.sandbox.journal().count(|exchange| exchange.direction == Direction::Received);
    u32::try_from(count).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_of_every_call_in_turn_leaves_one_guarantee() {
    let house = House::open_with(Database::Sqlite, &format!("{BRISK}{SLICES}")).await;
    for act in at_once() {
        house.sandbox.script(each_call(&act));
        let applyno = live(&house).await;
        assert_lived_once(&house, &applyno, &format!("{act:?}")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_of_any_one_call_leaves_one_guarantee() {
    let house = House::open_with(Database::Sqlite, &format!("{BRISK}{SLICES}")).await;
    let before = received(&house);
    live(&house).await;
    let calls = received(&house) - before;
    assert!(calls >= 8, "a life of {calls} calls has too few slices for this test");
    let acts = [&at_once()[..], &[TOO_LATE]].concat();
    let failures: Vec<_> =
        acts.iter().flat_map(|act| (1..=calls).map(move |nth| (act.clone(), nth))).collect();

    let draw = draw(&failures, SOME);
    for (act, nth) in draw.failures {
        let told = format!("call {nth}: {act:?}; repeat this with BAOHAN_TEST_SEED={}", draw.seed);
        house.sandbox.script(vec![any(&act).nth(nth)]);
        let applyno = live(&house).await;
        assert_lived_once(&house, &applyno, &told).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_every_platform_each_answer_may_be_lost() {
    for role in Role::ALL {
        let house = House::with(role, Database::Sqlite, BRISK).await;
        let lost = each_call(&Act::AcceptButReset);
        match &house.sandbox {
            Actor::Tender(sandbox) => sandbox.script(lost),
            Actor::Procurement(sandbox) => sandbox.script(lost),
        }
        let clerk = Clerk::at(&house.gateway);
        house.sandbox.live(PATIENCE).await.unwrap_or_else(|error| panic!("{role:?}: {error:#}"));
        clerk.go_home(&house.gateway, PATIENCE).await.unwrap();
        house.at_rest().await;
        for application in house.sandbox.received() {
            assert!(application.exactly_once, "{role:?}: {}", application.application);
        }
        let dead = house.ledger().lines("SELECT kind AS line FROM jobs WHERE state = 'dead'");
        assert_eq!(dead, Vec::<String>::new(), "{role:?}");
        house.gateway.stop().await;
    }
}
