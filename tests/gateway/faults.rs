//! What a platform does wrong, on every step of a delivery: in the end it has exactly one guarantee.

use std::time::Duration;

use baohan_gateway::cli::replay::{self, ReplayArgs};
use baohan_gateway::clock::Clock;
use baohan_gateway::domain::guarantee::LetterKind;
use baohan_gateway::gateway;
use baohan_gateway::sandbox::hainan::{Act, Delivery, Direction, Effect, Fault, Letter, Outcome, Sandbox};
use baohan_gateway::store::jobs::{self, JobState, Listing, Record};

use crate::house::{House, PATIENCE, on_both_databases};

/// Nobody waits long for another attempt, and a letter has several slices.
pub const QUICK: &str = r#"
[jobs.worker]
poll = "20ms"
[jobs.ordinary]
delays = ["10ms"]
repeat_last = 100
[jobs.restorations]
delays = ["10ms"]
repeat_last = 100
[platforms.hainan.wire.upload]
slice_bytes = 20000
"#;

const STEPS: [&str; 4] =
    ["baohannotice", "downloadpublickey", "uploadbaohanfile", "baohanfilecompletenotice"];

/// Strikes each step once; of the slices, the third.
fn on_every_step(act: &Act) -> Vec<Fault> {
    let on = |step: &str| Fault::on(step, act.clone()).nth(if step == "uploadbaohanfile" { 3 } else { 1 });
    STEPS.into_iter().map(on).collect()
}

/// The platform's record of slices, in order: index, and whether the same bytes had come before.
fn slices(house: &House, applyno: &str, wanted: Letter) -> Vec<(u64, bool)> {
    let exchanges = house.sandbox.journal().of(applyno);
    let slice = exchanges.iter().filter_map(|exchange| match exchange.effect {
        Some(Effect::SliceStored { letter, index }) if letter == wanted => Some((index, exchange.duplicate)),
        _ => None,
    });
    slice.collect()
}

/// Each slice once; the third again where its first answer was lost; all again, as other bytes, where the whole was
/// refused.
fn expected_slices(sent: &[(u64, bool)], act: &Act) -> Vec<(u64, bool)> {
    let last = sent.iter().map(|(index, _)| *index).max().unwrap_or_default();
    assert!(last > 3, "the letter has too few slices for this test: {sent:?}");
    let mut expected: Vec<_> = (1..=last).map(|index| (index, false)).collect();
    match act {
        Act::HalfAnswer | Act::AcceptButReset => expected.insert(3, (3, true)),
        Act::Refuse(_) => expected.extend(expected.clone()),
        _ => {}
    }
    expected
}

fn delivery(house: &House, applyno: &str) -> Delivery {
    house.sandbox.delivery(applyno).unwrap()
}

/// How often the notice of the application's result was accepted.
fn notices(delivery: &Delivery) -> u32 {
    delivery.notices["baohannotice"].contents.iter().map(|content| content.times).sum()
}

/// Waits until something in the gateway's database has come true.
pub async fn until_stored<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let clock = Clock::system();
    let waiting = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            clock.wait(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("it did not come true: {what}"))
}

/// Waits until the gateway knows that a letter has arrived.
async fn until_recorded(house: &House, applyno: &str, letter: LetterKind) {
    let recorded = async || {
        let guarantee = house.stored(applyno).await?;
        guarantee.letter(letter)?.delivered_at
    };
    until_stored("the letter's arrival", recorded).await;
}

/// Jobs of one state, the oldest first; without those that come back by the clock.
pub async fn jobs_in(house: &House, state: JobState) -> Vec<Record> {
    let listing = Listing { state, platform: None, lane: None, limit: 100 };
    let listed = house.gateway.assembly.store.read(move |connection| jobs::list(connection, &listing)).await;
    listed.unwrap().into_iter().filter(|job| job.kind != "round").collect()
}

pub async fn applied(sandbox: &Sandbox) -> String {
    let (applyno, answer) = sandbox.apply_generated().await.unwrap();
    assert!(answer.is_accepted(), "{answer}");
    applyno
}

async fn opened(house: &House, applyno: &str) {
    let answer = house.sandbox.restore(applyno).await.unwrap();
    assert!(answer.is_accepted(), "{answer}");
    house.until(|platform| platform.delivery(applyno).is_some_and(|it| it.plaintext.is_some())).await;
}

on_both_databases! {
    async fn whatever_goes_wrong_on_each_step_one_guarantee_is_delivered(database: Database) {
        let house = House::open_with(database, QUICK).await;
        let acts = [
            Act::Status(500),
            Act::Html200,
            Act::Refuse("系统繁忙".to_owned()),
            Act::Reset,
            Act::HalfAnswer,
            Act::AcceptButReset,
        ];
        for act in acts {
            house.sandbox.script(on_every_step(&act));
            let applyno = house.issued().await;
            until_recorded(&house, &applyno, LetterKind::Ciphertext).await;
            house.sandbox.script(on_every_step(&act));
            opened(&house, &applyno).await;
            until_recorded(&house, &applyno, LetterKind::Merged).await;

            let delivery = delivery(&house, &applyno);
            assert!(delivery.exactly_once(), "{act:?}: {delivery:#?}");
            for letter in [Letter::Ciphertext, Letter::Plaintext] {
                let sent = slices(&house, &applyno, letter);
                assert_eq!(sent, expected_slices(&sent, &act), "{act:?}, {letter:?}");
            }
            // What took effect without a whole answer was said twice.
            let times = if matches!(act, Act::HalfAnswer | Act::AcceptButReset) { 2 } else { 1 };
            assert_eq!(notices(&delivery), times, "{act:?}");
            assert_eq!(delivery.ciphertext.unwrap().completions, times, "{act:?}");
            assert_eq!(delivery.plaintext.unwrap().completions, times, "{act:?}");
        }
    }

    async fn an_answer_that_comes_too_late_is_asked_for_again(database: Database) {
        let house = House::open_with(database, &format!("{QUICK}\n[delivery]\nexchange_seconds = 1")).await;
        house.sandbox.script(on_every_step(&Act::Late(1_500)));
        let applyno = house.issued().await;
        until_recorded(&house, &applyno, LetterKind::Ciphertext).await;
        opened(&house, &applyno).await;

        let delivery = delivery(&house, &applyno);
        assert!(delivery.exactly_once(), "{delivery:#?}");
        assert!(notices(&delivery) > 1, "{delivery:#?}");
        assert!(delivery.ciphertext.unwrap().completions > 1);
        assert!(slices(&house, &applyno, Letter::Ciphertext).contains(&(3, true)));
    }

    async fn after_an_outage_beyond_the_schedule_a_replay_delivers_what_was_given_up(database: Database) {
        // A breaker would spare the platform most of the calls.
        let brief = QUICK.replace("repeat_last = 100", "repeat_last = 2") + "[jobs.breaker]\ncalls = 0\n";
        let house = House::open_with(database, &brief).await;
        let outage = Fault { interface: None, ..Fault::on("", Act::Status(503)).always() };
        house.sandbox.script(vec![outage]);
        let mut applications = Vec::new();
        for _ in 0..2 {
            applications.push(applied(&house.sandbox).await);
        }
        let dead = until_stored("notices and uploads are given up", async || {
            Some(jobs_in(&house, JobState::Dead).await).filter(|dead| dead.len() == 4)
        })
        .await;
        for job in &dead {
            assert_eq!((job.cause.as_deref(), job.attempts), (Some("exhausted"), 4), "{job:?}");
            assert!(job.detail.as_deref().is_some_and(|detail| detail.contains("503")), "{job:?}");
        }

        house.sandbox.script(Vec::new());
        let store = gateway::open_store(&house.settings()).await.unwrap();
        let mut told = Vec::new();
        let which = ReplayArgs { job: Vec::new(), dead: true, platform: None, dry_run: false };
        replay::run(which, &store, Clock::system().now(), &mut told).await.unwrap();
        let told = String::from_utf8(told).unwrap();
        assert!(told.contains("4 of 4 jobs will be tried again"), "{told}");
        for applyno in &applications {
            until_recorded(&house, applyno, LetterKind::Ciphertext).await;
            assert!(delivery(&house, applyno).exactly_once());
        }
        assert!(jobs_in(&house, JobState::Dead).await.is_empty());
    }

    async fn an_opening_does_not_wait_for_a_letter_that_waits_for_another_attempt(database: Database) {
        let patient = QUICK.replacen("delays = [\"10ms\"]", "delays = [\"1h\"]", 1);
        let house = House::open_with(database, &patient).await;
        house.sandbox.script(vec![Fault::on("uploadbaohanfile", Act::Status(502)).nth(3)]);
        let applyno = applied(&house.sandbox).await;
        until_stored("the upload waits", async || {
            let waiting = jobs_in(&house, JobState::Ready).await;
            waiting.into_iter().find(|job| job.kind == "upload" && job.cause.is_some())
        })
        .await;
        assert!(delivery(&house, &applyno).ciphertext.is_none());
        opened(&house, &applyno).await;
        let delivery = delivery(&house, &applyno);
        assert!(delivery.exactly_once(), "{delivery:#?}");
        let arrived = (delivery.ciphertext.unwrap().at, delivery.plaintext.unwrap().at);
        assert!(arrived.0 < arrived.1, "{arrived:?}");
    }

    async fn pushes_that_come_twice_or_with_a_wrong_key_first_change_nothing(database: Database) {
        let house = House::open_with(database, QUICK).await;
        let twice = |interface| Fault::on(interface, Act::DuplicatePush);
        let wrong_first = Fault::on("baohanrestore", Act::WrongKeyFirst);
        for script in [vec![twice("baohanapply"), twice("baohanrestore")], vec![wrong_first]] {
            house.sandbox.script(script.clone());
            let applyno = house.restored().await;
            until_recorded(&house, &applyno, LetterKind::Merged).await;
            let delivery = delivery(&house, &applyno);
            assert!(delivery.exactly_once(), "{script:?}: {delivery:#?}");
            assert_eq!(notices(&delivery), 1, "{script:?}");
            let exchanges = house.sandbox.journal().of(&applyno);
            let pushed = exchanges.iter().filter(|exchange| exchange.direction == Direction::Pushed);
            let (accepted, refused): (Vec<_>, Vec<_>) =
                pushed.partition(|exchange| exchange.outcome == Outcome::Accepted);
            match script.len() {
                2 => assert_eq!((accepted.len(), refused.len()), (4, 0)),
                _ => assert_eq!((accepted.len(), refused.len()), (2, 1)),
            }
        }
    }
}
