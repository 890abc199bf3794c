//! Several processes on one PostgreSQL: the work divided between them, one that dies, one restarted after the other, and
//! all begun at once.

use std::time::Duration;

use baohan_gateway::sandbox::hainan::{Letter, Platform};
use baohan_gateway::store::jobs::JobState;

use crate::balancer::Balancer;
use crate::ground::Database;
use crate::premises::{Part, Premises, Process, free_address};
use crate::receiver::{Answer, Receiver, SECRETS};

fn all_restored(platform: &Platform) -> bool {
    platform.deliveries().iter().all(|delivery| delivery.plaintext.is_some())
}

/// Has a process end in order.
async fn stop(premises: &Premises, mut process: Process) {
    process.signal("TERM");
    let status = premises.until("the process has ended", async || process.ended()).await;
    assert!(status.success(), "{status}: {}", process.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_answers_while_another_works_and_neither_misses_the_other() {
    let premises = Premises::found(Database::Postgres).await;
    let (answering, working) =
        (Part { role: Some("api"), ..Part::default() }, Part { role: Some("worker"), ..Part::default() });
    let api = premises.start_as(&answering, premises.address()).await;
    assert!(api.get("/readyz").contains(r#""role":"api""#), "{}", api.get("/readyz"));
    let applyno = premises.applied().await;
    stop(&premises, api).await;
    assert_eq!(premises.jobs_left(&premises.store()).await, [(JobState::Ready, "1 consult".to_owned())]);
    let attempts = "SELECT job_id AS line FROM attempts";
    assert_eq!(premises.ledger().lines(attempts), Vec::<String>::new(), "who answers does no jobs");

    let worker = premises.start_as(&working, free_address()).await;
    assert!(worker.get("/readyz").contains(r#""role":"worker""#), "{}", worker.get("/readyz"));
    assert!(worker.get("/livez").starts_with("HTTP/1.1 200"));
    for path in ["/platforms/hainan/baohanapply", "/files/x"] {
        let answer = worker.get(path);
        assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("接口地址不存在"), "{path}: {answer}");
    }
    premises.until_delivered(&applyno, Letter::Ciphertext).await;
    premises.until_idle().await;

    let api = premises.start_as(&answering, premises.address()).await;
    assert!(premises.sandbox.restore(&applyno).await.unwrap().is_accepted());
    api.kill();
    premises.until_delivered(&applyno, Letter::Plaintext).await;
    let _api = premises.start_as(&answering, premises.address()).await;
    assert!(premises.sandbox.duplicate(&applyno, "baohanrestore").await.unwrap().is_accepted());
    premises.until_idle().await;
    premises.assert_exactly_once(&[applyno]);
}

/// Short, so that the test is; the time until a takeover grows with it.
const LEASE: &str = "[jobs.worker]\nlease = \"2s\"\npoll = \"50ms\"\n";

/// How long after the death of their worker jobs were claimed by another, in milliseconds.
const RECOVERY: &str = "SELECT CAST((next.started_at - {died}) / 1000 AS TEXT) AS line FROM attempts lost \
    JOIN attempts next ON next.job_id = lost.job_id AND next.number = lost.number + 1 \
    WHERE lost.outcome = 'lease-expired' ORDER BY 1";

#[expect(clippy::print_stdout, reason = "how long a takeover takes is a figure of deploy/RELIABILITY.md")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_replica_held_that_dies_in_an_opening_is_done_once_by_the_others() {
    const OTHERS: u32 = 5;
    let premises = Premises::found(Database::Postgres).await;
    let part = Part { further: LEASE, ..Part::default() };
    let victim = premises.start_as(&part, premises.address()).await;
    let held = premises.applied().await;
    premises.sandbox.apply_many(OTHERS).await;
    let all_issued =
        |platform: &Platform| platform.deliveries().iter().all(|delivery| delivery.ciphertext.is_some());
    premises.until_platform("all are issued", all_issued).await;
    premises.until_idle().await;
    // While it is alone, it is sure to be the one that waits for this answer, which never comes.
    premises.leave_unanswered("uploadbaohanfile", 1);
    assert!(premises.sandbox.restore(&held).await.unwrap().is_accepted());
    premises.until_unanswered(&held, "uploadbaohanfile").await;
    let _survivors =
        [premises.start_as(&part, free_address()).await, premises.start_as(&part, free_address()).await];

    let opened = premises.sandbox.open_section().await;
    assert_eq!(opened.len(), usize::try_from(OTHERS).unwrap());
    let died = premises.clock.now().as_microsecond();
    victim.kill();
    assert!(opened.iter().all(|(_, answer)| answer.as_ref().unwrap().is_accepted()), "{opened:?}");
    premises.until_platform("all are restored", all_restored).await;
    premises.until_idle().await;
    premises.assert_exactly_once(&premises.sandbox.applications());
    let recovered = premises.ledger().lines(&RECOVERY.replace("{died}", &died.to_string()));
    println!("lease 2s, poll 50ms: jobs of a dead replica were taken over after {} ms", recovered.join(", "));
    assert!(!recovered.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_are_restarted_one_after_the_other_leave_no_push_unanswered() {
    const APPLICATIONS: usize = 6;
    let premises = Premises::found(Database::Postgres).await;
    let part = Part { server: "drain_announce = \"1s\"", ..Part::default() };
    let addresses = [free_address(), free_address()];
    let mut replicas = vec![premises.spawn(&part, addresses[0]), premises.spawn(&part, addresses[1])];
    for replica in &mut replicas {
        premises.until_ready(replica).await;
    }
    let _balancer = Balancer::start(premises.address(), &addresses);

    // Applications, their openings, and everything again and again.
    let pushing = async {
        let mut pushed = 0;
        loop {
            let all = premises.sandbox.deliveries();
            let waits = all.iter().find(|it| it.ciphertext.is_some() && !it.opened);
            let answer = match (waits, all.get(pushed % all.len().max(1))) {
                (Some(delivery), _) => premises.sandbox.restore(&delivery.applyno).await,
                (None, Some(delivery)) if pushed % 8 != 0 || all.len() == APPLICATIONS => {
                    let interface = if delivery.opened { "baohanrestore" } else { "baohanapply" };
                    premises.sandbox.duplicate(&delivery.applyno, interface).await
                }
                (None, _) => premises.sandbox.apply_generated().await.map(|(_, answer)| answer),
            };
            let answer = answer.unwrap_or_else(|error| panic!("push {pushed} was not answered: {error:#}"));
            assert!(answer.is_accepted(), "push {pushed}: {answer}");
            pushed += 1;
            premises.clock.wait(Duration::from_millis(10)).await;
        }
    };
    let restarting = async {
        for address in addresses {
            stop(&premises, replicas.remove(0)).await;
            replicas.push(premises.start_as(&part, address).await);
        }
        let done =
            |platform: &Platform| platform.deliveries().len() == APPLICATIONS && all_restored(platform);
        premises.until_platform("all are restored", done).await;
    };
    tokio::select! {
        () = pushing => {}
        () = restarting => {}
    }
    premises.until_idle().await;
    premises.assert_exactly_once(&premises.sandbox.applications());
    // What ran when a replica was told to stop was finished or handed back, so that nobody waited for a lease to run out.
    let lost = "SELECT job_id AS line FROM attempts WHERE outcome = 'lease-expired'";
    assert_eq!(premises.ledger().lines(lost), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_start_together_on_an_empty_database_all_come_up() {
    let premises = Premises::found(Database::Postgres).await;
    let addresses = [premises.address(), free_address(), free_address()];
    let mut replicas = addresses.map(|address| premises.spawn(&Part::default(), address));
    for replica in &mut replicas {
        premises.until_ready(replica).await;
    }
    let applyno = premises.applied().await;
    premises.until_delivered(&applyno, Letter::Ciphertext).await;
    // Each of the platform's rounds was sown once.
    let rounds =
        "SELECT lane AS line FROM jobs WHERE kind = 'round' AND state IN ('ready', 'running') ORDER BY lane";
    let mut sown = premises.ledger().lines(rounds);
    let all = sown.len();
    sown.dedup();
    assert!(all > 0 && sown.len() == all, "{sown:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callbacks_that_a_dead_replica_left_waiting_for_hours_are_sent_when_the_core_system_is_back() {
    let premises = Premises::found(Database::Postgres).await;
    let receiver = Receiver::start();
    receiver.answers(|_| Answer::Status(503));
    let told = format!(
        "[callbacks]\nurl = \"http://{}/callbacks\"\nsecret = \"whsec_{}\"\n[callbacks.schedule]\ndelays = [\"2h\"]\n",
        receiver.address, SECRETS[0]
    );
    let process = premises.start_with(&told, premises.address()).await;
    let first = premises.applied().await;
    premises.until_delivered(&first, Letter::Ciphertext).await;
    let waiting = "SELECT id AS line FROM jobs WHERE kind = 'callback' AND cause IS NOT NULL";
    premises
        .until("a callback waits", async || (!premises.ledger().lines(waiting).is_empty()).then_some(()))
        .await;
    process.kill();

    receiver.answers(|_| Answer::Status(204));
    let _process = premises.start_with(&told, premises.address()).await;
    let second = premises.applied().await;
    premises.until_delivered(&second, Letter::Ciphertext).await;
    receiver
        .until(|all| all.iter().filter(|it| it.taken && it.kind() == "guarantee.delivered").count() == 2)
        .await;
}
