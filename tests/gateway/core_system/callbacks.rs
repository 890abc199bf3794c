//! What the core system is told: everything once and in order, signed, whatever becomes of it meanwhile.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use baohan_gateway::api::Scope;
use baohan_gateway::cli::replay::{self, ReplayArgs};
use baohan_gateway::clock::Clock;
use baohan_gateway::sandbox::hainan::{Act, Fault};
use baohan_gateway::store::reach;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::receiver::{Answer, Receiver, SECRETS, free_address, signature};
use super::{API, Core};
use crate::house::{House, PATIENCE, on_both_databases};
use crate::operator::MANUAL;

/// A life from application to restoration.
const LIFE: [&str; 8] = [
    "application.received",
    "application.approved",
    "premium.paid",
    "guarantee.issued",
    "guarantee.delivered",
    "guarantee.opened",
    "guarantee.restored",
    "guarantee.restoration-delivered",
];

/// Settings for callbacks to this address, tried again soon and as often as needed.
fn told(address: SocketAddr) -> String {
    told_by(address, "delays = [\"20ms\"]\nrepeat_last = 10000")
}

fn told_by(address: SocketAddr, schedule: &str) -> String {
    format!(
        "{API}[callbacks]\nurl = \"http://{address}/callbacks\"\nsecret = \"whsec_{}\"\n\
         [callbacks.schedule]\n{schedule}\n",
        SECRETS[0]
    )
}

/// The types of what was told of each guarantee, with the numbers of the events.
fn by_guarantee(receiver: &Receiver) -> BTreeMap<String, Vec<(String, i64)>> {
    let mut told = BTreeMap::<_, Vec<_>>::new();
    for one in receiver.taken() {
        let number = one.body["data"]["event"].as_i64().unwrap();
        told.entry(one.about().to_owned()).or_default().push((one.kind().to_owned(), number));
    }
    told
}

fn whole_life() -> Vec<(String, i64)> {
    (1..).zip(LIFE).map(|(number, kind)| (kind.to_owned(), number)).collect()
}

/// Applies and issues, and opens once it is known that the first letter has arrived; waits for the letter in plain text.
async fn lived(house: &House) -> String {
    let applyno = house.issued().await;
    let (clock, begun) = (Clock::system(), Clock::system().now());
    let arrived = async || house.stored(&applyno).await?.issued_letter?.delivered_at;
    while arrived().await.is_none() {
        assert!(
            clock.now().duration_since(begun).unsigned_abs() < PATIENCE,
            "the letter's arrival is not recorded"
        );
        clock.wait(Duration::from_millis(10)).await;
    }
    let answer = house.sandbox.restore(&applyno).await.unwrap();
    assert!(answer.is_accepted(), "{answer}");
    house.until(|platform| platform.delivery(&applyno).is_some_and(|it| it.plaintext.is_some())).await;
    applyno
}

/// Everything that a filter of the list finds, in small pages.
async fn listed(core: &Core, filter: &str) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = core.get(&format!("/callbacks?limit=3{filter}{cursor}")).await;
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        let items = page.body["items"].as_array().unwrap();
        assert!(items.len() <= 3);
        found.extend(items.iter().cloned());
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

on_both_databases! {
    async fn each_event_is_told_once_in_order_and_signed(database: Database) {
        let receiver = Receiver::start();
        let house = House::open_with(database, &told(receiver.address)).await;
        let applyno = lived(&house).await;
        receiver.until_taken(LIFE[7]).await;
        house.at_rest().await;
        let id = house.id_of(&applyno).await;
        assert_eq!(by_guarantee(&receiver), BTreeMap::from([(id.clone(), whole_life())]));

        let (attempts, now) = (receiver.attempts(), Clock::system().now().as_second());
        assert_eq!(attempts.len(), LIFE.len(), "none came twice");
        for attempt in &attempts {
            assert_eq!(attempt.signatures, [signature(SECRETS[0], attempt)]);
            assert!((now - attempt.timestamp).abs() < 60, "{attempt:?}");
        }
        let data = |index: usize| attempts[index].body["data"].clone();
        assert_eq!((&data(0)["platform"], &data(0)["application_number"]), (&json!("hainan"), &json!(applyno)));
        assert_eq!((&data(0)["guarantee_number"], &data(0)["stage"]), (&Value::Null, &json!("applied")));
        let amount = house.stored(&applyno).await.unwrap().application.amount.to_string();
        assert_eq!(data(0)["details"], json!({"amount": amount}));
        assert_eq!(data(7)["guarantee_number"], house.number(&applyno).await);
        assert_eq!((&data(7)["stage"], &data(7)["details"]), (&json!("restored"), &json!({"letter": "merged"})));

        let core = house.core().await;
        let shown = core.get(&format!("/guarantees/{id}")).await;
        assert_eq!(shown.body["version"], data(7)["version"]);
        let all = listed(&core, "&state=delivered").await;
        let ids: Vec<&str> = all.iter().rev().map(|it| it["id"].as_str().unwrap()).collect();
        assert_eq!(ids, attempts.iter().map(|it| it.id.as_str()).collect::<Vec<_>>());
        let detail = core.get(&format!("/callbacks/{}", ids[2])).await.body;
        assert_eq!((&detail["type"], &detail["attempts"]), (&json!("premium.paid"), &json!(1)));
        assert_eq!((&detail["body"], &detail["history"][0]["outcome"]), (&attempts[2].body, &json!("done")));
    }

    async fn a_core_system_that_is_away_hears_of_everything_in_order_and_holds_up_no_opening(database: Database) {
        let address = free_address();
        let house = House::open_with(database, &told(address)).await;
        for _ in 0..2 {
            lived(&house).await;
        }
        let core = house.core().await;
        assert_eq!(listed(&core, "&state=pending").await.len(), 2 * LIFE.len());
        let receiver = Receiver::on(address);
        receiver.until(|all| all.iter().filter(|it| it.kind() == LIFE[7]).count() == 2).await;
        house.at_rest().await;
        let told = by_guarantee(&receiver);
        assert_eq!(told.len(), 2);
        assert!(told.values().all(|one| *one == whole_life()), "{told:?}");
        assert_eq!(listed(&core, "&state=pending").await, Vec::<Value>::new());
    }

    async fn a_core_system_that_never_answers_takes_no_slot_of_other_work(database: Database) {
        let receiver = Receiver::start();
        receiver.answers(|_| Answer::Never);
        let slots = "[jobs.worker]\nhouse_slots = 2\ncalls_per_platform = 2\ndrain = \"0s\"\n";
        let settings = told(receiver.address).replace("[callbacks]", "[callbacks]\nat_once = 2\ntimeout = \"10m\"");
        let house = House::open_with(database, &format!("{settings}{slots}")).await;
        for _ in 0..3 {
            lived(&house).await;
        }
        receiver.until(|all| all.len() >= 2).await;
        assert!(receiver.taken().is_empty());
        assert_eq!(receiver.attempts().len(), 2, "no more than two at once");
    }

    async fn while_two_secrets_are_valid_each_callback_is_signed_with_both(database: Database) {
        let receiver = Receiver::start();
        let both = format!("[callbacks]\nprevious_secret = \"whsec_{}\"", SECRETS[1]);
        let settings = told(receiver.address).replace("[callbacks]", &both);
        let house = House::open_with(database, &format!("{settings}{MANUAL}")).await;
        house.sandbox.apply_generated().await.unwrap();
        let attempt = receiver.until_taken(LIFE[0]).await;
        assert_eq!(attempt.signatures, SECRETS.map(|secret| signature(secret, &attempt)));
    }

    async fn an_attempt_that_fails_is_repeated_with_the_same_id_and_bytes_and_signed_anew(database: Database) {
        let receiver = Receiver::start();
        let mut answers = vec![
            Answer::Status(204), Answer::Status(302), Answer::Later(503, 1), Answer::Status(404), Answer::Status(500),
        ];
        receiver.answers(move |_| answers.pop().unwrap_or(Answer::Status(200)));
        let house = House::open_with(database, &format!("{}{MANUAL}", told(receiver.address))).await;
        house.sandbox.apply_generated().await.unwrap();
        receiver.until_taken(LIFE[0]).await;
        house.at_rest().await;
        let attempts = receiver.attempts();
        assert_eq!(attempts.len(), 5);
        for attempt in &attempts {
            assert_eq!((&attempt.id, &attempt.raw), (&attempts[0].id, &attempts[0].raw));
            assert_eq!(attempt.signatures, [signature(SECRETS[0], attempt)]);
        }
        let core = house.core().await;
        let detail = core.get(&format!("/callbacks/{}", attempts[0].id)).await.body;
        let history: Vec<&str> =
            detail["history"].as_array().unwrap().iter().map(|it| it["detail"].as_str().unwrap_or("")).collect();
        let status = |status: u16, cause: &str| format!("{cause}: the core system answered HTTP {status}");
        let expected =
            [status(500, "rejected"), status(404, "rejected"), status(503, "unreachable"), status(302, "rejected")];
        assert_eq!(history[..4], expected);
    }

    async fn a_callback_that_was_given_up_is_seen_and_sent_again_and_holds_up_none_behind_it(database: Database) {
        let receiver = Receiver::start();
        receiver.answers(|attempt| Answer::Status(if attempt.kind() == LIFE[0] { 410 } else { 204 }));
        let house = House::open_with(database, &told(receiver.address)).await;
        let applyno = lived(&house).await;
        receiver.until_taken(LIFE[7]).await;
        house.at_rest().await;
        assert_eq!(receiver.types(), LIFE[1..]);
        assert_eq!(house.counted("gw_alarms_total{kind=\"job-dead\"}"), 1);

        let core = house.core().await;
        let dead = listed(&core, "&state=dead").await;
        assert_eq!(dead.len(), 1);
        assert_eq!((&dead[0]["type"], &dead[0]["cause"]), (&json!(LIFE[0]), &json!("rejected")));
        assert!(dead[0]["detail"].as_str().unwrap().contains("410"), "{dead:?}");
        let jobs = core.get("/jobs").await.body;
        assert_eq!(jobs["items"][0]["platform"], "core-system");
        assert_eq!(jobs["items"][0]["guarantee_id"], house.id_of(&applyno).await);

        receiver.answers(|_| Answer::Status(204));
        let id = dead[0]["id"].as_str().unwrap();
        let (path, key) = (format!("/callbacks/{id}/replay"), "again");
        let replayed = core.post_as(key, &path, json!({})).await;
        assert_eq!((replayed.status, &replayed.body["state"]), (StatusCode::OK, &json!("pending")));
        let late = receiver.until_taken(LIFE[0]).await;
        assert_eq!(late.id, id);
        house.at_rest().await;
        assert!(core.post_as(key, &path, json!({})).await.again);
        assert_eq!(receiver.taken().len(), LIFE.len());
    }

    async fn the_programs_replay_revives_callbacks_too(database: Database) {
        let receiver = Receiver::start();
        receiver.answers(|_| Answer::Status(500));
        let settings = told_by(receiver.address, "delays = []");
        let house = House::open_with(database, &format!("{settings}{MANUAL}")).await;
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        house.at_rest().await;
        receiver.answers(|_| Answer::Status(204));
        let args = ReplayArgs {
            job: Vec::new(), dead: true, platform: Some("core-system".to_owned()), dry_run: false,
        };
        let mut out = Vec::new();
        replay::run(args, &house.gateway.assembly.store, house.gateway.assembly.clock.now(), &mut out).await.unwrap();
        let printed = String::from_utf8(out).unwrap();
        let whose = format!("callback for core-system, guarantee {}: dead", house.id_of(&applyno).await);
        assert!(printed.contains(&whose) && printed.contains("HTTP 500"), "{printed}");
        receiver.until_taken(LIFE[0]).await;
    }

    async fn a_time_that_the_core_system_has_lost_is_told_again(database: Database) {
        let receiver = Receiver::start();
        let house = House::open_with(database, &told(receiver.address)).await;
        let before = Clock::system().now();
        lived(&house).await;
        receiver.until_taken(LIFE[7]).await;
        house.at_rest().await;
        let (core, after) = (house.core().await, Clock::system().now());
        let first = receiver.taken();
        let wish = json!({"from": before, "until": after, "types": [LIFE[3], LIFE[0]]});
        let replayed = core.post("/callbacks/replay", wish).await;
        assert_eq!((replayed.status, replayed.body), (StatusCode::OK, json!({"replayed": 2, "next_cursor": null})));
        house.at_rest().await;
        let again: Vec<_> = receiver.taken().into_iter().skip(LIFE.len()).map(|it| (it.id, it.raw)).collect();
        let expected = [0, 3].map(|index: usize| (first[index].id.clone(), first[index].raw.clone()));
        assert_eq!(again, expected);
        let none = core.post("/callbacks/replay", json!({"from": before, "until": after, "state": "dead"})).await;
        assert_eq!(none.body["replayed"], 0);
        for (wrong, pointer) in [
            (json!({"from": after, "until": before}), "/until"),
            (json!({"from": before, "until": after, "types": ["nothing"]}), "/types/0"),
            (json!({"from": before, "until": after, "state": "pending"}), "/state"),
            (json!({"from": before, "until": after, "cursor": "x"}), "/cursor"),
            (json!({"from": before}), "/until"),
        ] {
            let refused = core.post("/callbacks/replay", wrong).await;
            assert_eq!((refused.code(), &refused.body["pointer"]), ("invalid-body", &json!(pointer)));
        }
    }

    async fn only_the_types_that_are_wanted_are_told_and_a_test_always_is(database: Database) {
        let receiver = Receiver::start();
        let some = "[callbacks]\nevents = [\"guarantee.issued\"]";
        let settings = told(receiver.address).replace("[callbacks]\n", &format!("{some}\n"));
        let house = House::open_with(database, &settings).await;
        lived(&house).await;
        let core = house.core().await;
        let test = core.post("/callbacks/test", json!({})).await;
        assert_eq!((test.status, &test.body["type"]), (StatusCode::ACCEPTED, &json!("ping")));
        let ping = receiver.until_taken("ping").await;
        assert_eq!((json!(ping.id), &ping.body["data"]), (test.body["id"].clone(), &json!({"details": {}})));
        house.at_rest().await;
        let mut types = receiver.types();
        types.sort();
        assert_eq!(types, ["guarantee.issued", "ping"]);
    }

    async fn without_an_address_nothing_is_stored_for_callbacks(database: Database) {
        let house = House::open_with(database, API).await;
        lived(&house).await;
        house.at_rest().await;
        let ledger = house.ledger();
        assert!(ledger.lines("SELECT id AS line FROM callbacks").is_empty());
        assert!(!ledger.jobs().contains(&"callback".to_owned()));
        let test = house.core().await.post("/callbacks/test", json!({})).await;
        assert_eq!((test.status.as_u16(), test.code()), (409, "illegal-state"));
    }

    async fn a_job_that_was_given_up_is_told_shown_and_tried_again(database: Database) {
        let receiver = Receiver::start();
        let once = "[jobs.ordinary]\ndelays = []\n";
        let house = House::open_with(database, &format!("{}{once}", told(receiver.address))).await;
        house.sandbox.script(vec![Fault::on("baohannotice", Act::Refuse("系统维护".to_owned()))]);
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        let dead = receiver.until_taken("job.dead").await;
        let data = &dead.body["data"];
        assert_eq!((&data["platform"], data["guarantee_id"].as_str()), (&json!("hainan"), Some(&*house.id_of(&applyno).await)));
        let details = &data["details"];
        assert_eq!((&details["kind"], &details["cause"]), (&json!("notify"), &json!("exhausted")));
        assert!(!String::from_utf8_lossy(&dead.raw).contains("系统维护"), "the platform's words are not told");

        let core = house.core().await;
        let id = details["job_id"].as_str().unwrap();
        let jobs = core.get("/jobs?state=dead&platform=hainan&kind=notify").await.body;
        assert_eq!(jobs["items"].as_array().unwrap().len(), 1);
        assert_eq!(jobs["items"][0]["id"], id);
        let job = core.get(&format!("/jobs/{id}")).await.body;
        assert!(job["detail"].as_str().unwrap().contains("系统维护"), "{job}");
        assert_eq!((&job["state"], &job["history"][0]["outcome"]), (&json!("dead"), &json!("dead")));
        let replayed = core.post(&format!("/jobs/{id}/replay"), json!({})).await;
        assert_eq!((replayed.status, &replayed.body["state"]), (StatusCode::OK, &json!("ready")));
        house.noticed(&applyno, "baohannotice", 1).await;
        let done = core.post(&format!("/jobs/{id}/replay"), json!({})).await;
        assert_eq!((done.status.as_u16(), done.code()), (409, "illegal-state"));
        assert_eq!(core.get(&format!("/jobs?state=done&guarantee={}", house.id_of(&applyno).await)).await.status, 200);
    }

    async fn a_platform_that_is_lost_and_comes_back_is_told_once_each(database: Database) {
        let receiver = Receiver::start();
        let quick = "[jobs]\nunreachable_after = \"10ms\"\n[jobs.ordinary]\ndelays = [\"10ms\"]\nrepeat_last = 1000\n";
        let house = House::open_with(database, &format!("{}{quick}", told(receiver.address))).await;
        house.sandbox.script(vec![Fault::on("baohannotice", Act::Status(502)).always()]);
        house.sandbox.apply_generated().await.unwrap();
        let lost = receiver.until_taken("platform.unreachable").await;
        assert_eq!(lost.body["data"]["platform"], "hainan");
        let store = house.gateway.assembly.store.clone();
        assert_eq!(store.read(reach::unreachable).await.unwrap().len(), 1);

        house.sandbox.script(Vec::new());
        let back = receiver.until_taken("platform.recovered").await;
        assert_eq!(back.body["data"]["details"], lost.body["data"]["details"]);
        house.at_rest().await;
        let types = receiver.types();
        let times = |kind: &str| types.iter().filter(|it| *it == kind).count();
        assert_eq!((times("platform.unreachable"), times("platform.recovered")), (1, 1));
        assert_eq!(house.counted("gw_alarms_total{kind=\"platform-unreachable\"}"), 1);
        assert!(store.read(reach::unreachable).await.unwrap().is_empty());
    }

    async fn callbacks_are_listed_for_those_who_may_and_by_what_there_is(database: Database) {
        let receiver = Receiver::start();
        let house = House::open_with(database, &format!("{}{MANUAL}", told(receiver.address))).await;
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        house.sandbox.apply_generated().await.unwrap();
        house.at_rest().await;
        let (core, id) = (house.core().await, house.id_of(&applyno).await);
        assert_eq!(listed(&core, &format!("&guarantee={id}")).await.len(), 1);
        assert_eq!(listed(&core, "&type=application.received").await.len(), 2);
        assert_eq!(listed(&core, "&type=claim.received").await.len(), 0);
        assert_eq!(listed(&core, "&from=2020-01-01T00:00:00Z&until=2020-01-02T00:00:00Z").await.len(), 0);
        assert_eq!(listed(&core, "&from=2020-01-01T00:00:00Z").await.len(), 2);
        for wrong in [
            "state=lost", "type=lost", "guarantee=1", "from=yesterday", "cursor=1", "limit=0", "limit=501", "sort=id",
        ] {
            let refused = core.get(&format!("/callbacks?{wrong}")).await;
            assert_eq!((refused.status.as_u16(), refused.code()), (400, "invalid-parameter"), "{wrong}");
        }
        for unknown in ["/callbacks/none", "/jobs/none"] {
            assert_eq!(core.get(unknown).await.code(), "not-found");
            assert_eq!(core.post(&format!("{unknown}/replay"), json!({})).await.code(), "not-found");
        }
        let reader = house.core_allowed("reader", &[Scope::Read]).await;
        for path in ["/callbacks", "/callbacks/none", "/jobs", "/jobs/none"] {
            assert_eq!(reader.get(path).await.code(), "forbidden", "{path}");
        }
        for path in ["/callbacks/test", "/callbacks/none/replay", "/jobs/none/replay"] {
            assert_eq!(reader.post(path, json!({})).await.code(), "forbidden", "{path}");
        }
    }
}
