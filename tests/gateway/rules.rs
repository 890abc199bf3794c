//! Underwriting rules on a whole gateway: hours, the core system's time to answer, lists, and what is not covered any more.

use std::time::Duration;

use baohan_gateway::cli::demo::cast::{Actor, Role};
use baohan_gateway::clock::{Clock, china_date, to_wire};
use baohan_gateway::domain::{Event, Stage};
use baohan_gateway::institution::rules::Explanation;
use baohan_gateway::sandbox::hainan::{Act, Effect, Fault};
use baohan_gateway::store::events;
use baohan_gateway::store::jobs::{self, JobId, Revival};
use jiff::{SignedDuration, Timestamp};

use crate::house::{House, PATIENCE, on_both_databases};

const DUE: &str = "gw_alarms_total{kind=\"decision-due\"}";
const OVERDUE: &str = "gw_alarms_total{kind=\"decision-overdue\"}";

/// Hours that begin in two hours and last for three, and their beginning to the minute.
fn closed_now(more: &str) -> (String, Timestamp) {
    let later = |hours| Clock::system().now() + SignedDuration::from_hours(hours);
    let minute = |at: Timestamp| to_wire(at)[11..16].to_owned();
    let opens = later(2);
    let opens = opens - SignedDuration::from_secs(opens.as_second() % 60);
    let window = format!("{}-{}", minute(opens), minute(later(5)));
    let settings = format!("[platforms.hainan.underwriting]\nhours = [\"{window}\"]\n{more}");
    (settings, Timestamp::from_second(opens.as_second()).unwrap())
}

/// The ids of waiting jobs of a kind, oldest first.
fn waiting(house: &House, kind: &str) -> Vec<JobId> {
    let sql = format!("SELECT id AS line FROM jobs WHERE kind = '{kind}' AND state = 'ready' ORDER BY id");
    house.ledger().lines(&sql).into_iter().map(JobId::new).collect()
}

/// Waits until so many jobs of a kind wait for their time, and nothing else is left to be done.
async fn until_waiting(house: &House, kind: &str, count: usize) -> Vec<JobId> {
    let (clock, expected) = (Clock::system(), vec![format!("{kind} ready"); count]);
    let begun = clock.now();
    loop {
        let unfinished = house.ledger().unfinished_jobs();
        if unfinished == expected {
            return waiting(house, kind);
        }
        assert!(clock.now().duration_since(begun).unsigned_abs() < PATIENCE, "unfinished: {unfinished:?}");
        clock.wait(Duration::from_millis(10)).await;
    }
}

/// Lets a job begin that waits for its time, as `baohan replay` does.
async fn begin(house: &House, job: &JobId) {
    let job = job.clone();
    let store = &house.gateway.assembly.store;
    assert_eq!(store.write(move |c| jobs::revive(c, &job)).await.unwrap(), Revival::Hastened);
}

async fn applied(house: &House) -> String {
    let (applyno, answer) = house.sandbox.apply_generated().await.unwrap();
    assert!(answer.is_accepted(), "{answer}");
    applyno
}

async fn stage(house: &House, applyno: &str) -> Stage {
    house.stored(applyno).await.unwrap().stage
}

async fn explained(house: &House, applyno: &str) -> Explanation {
    let (guarantee, assembly) = (house.stored(applyno).await.unwrap(), &house.gateway.assembly);
    let platform = assembly.platforms.of(&guarantee.platform).unwrap();
    platform.rules.explain(&guarantee, assembly.clock.now())
}

/// Why an application was declined.
async fn reason<Platform>(house: &House<Platform>, applyno: &str) -> String {
    let id = house.stored(applyno).await.unwrap().id;
    let timeline = house.gateway.assembly.store.read(move |c| events::timeline(c, &id)).await.unwrap();
    let told = timeline.into_iter().find_map(|entry| match entry.event {
        Event::Declined { reason } => Some(reason),
        _ => None,
    });
    told.expect("it was declined")
}

on_both_databases! {
    async fn what_comes_at_night_is_decided_in_the_morning_and_holds_up_nothing(database: Database) {
        let (settings, opens) = closed_now("");
        let house = House::open_with(database, &settings).await;
        let applyno = applied(&house).await;
        let [job] = &until_waiting(&house, "consult-later", 1).await[..] else { panic!() };
        assert_eq!(stage(&house, &applyno).await, Stage::Applied);
        let id = house.stored(&applyno).await.unwrap().id;
        let wanted = job.clone();
        let record = house.gateway.assembly.store.read(move |c| jobs::find(c, &wanted)).await.unwrap().unwrap();
        assert_eq!(record.lane.as_str(), format!("beside/decisions/{id}"));
        let off = record.due_at.duration_since(opens).unsigned_abs();
        assert!(off < PATIENCE, "due at {}, opens at {opens}", record.due_at);
        // It stands in no lane that anything else needs.
        let explanation = explained(&house, &applyno).await;
        assert_eq!(explanation.hours.opens, Some(opens));

        // Begun too early it waits on.
        begin(&house, job).await;
        let again = loop {
            let waiting = until_waiting(&house, "consult-later", 1).await;
            // The one that was begun may be taken while one looks.
            if waiting.first().is_some_and(|first| first != job) { break waiting }
        };
        let clock = &house.gateway.assembly.clock;
        clock.advance(opens.duration_since(clock.now()).unsigned_abs() + Duration::from_secs(1));
        begin(&house, &again[0]).await;
        house.until(|platform| platform.delivery(&applyno).is_some_and(|it| it.ciphertext.is_some())).await;
        house.at_rest().await;
        assert_eq!(stage(&house, &applyno).await, Stage::Issued);
        assert!(house.sandbox.delivery(&applyno).unwrap().exactly_once());
        assert_eq!((house.counted(DUE), house.counted(OVERDUE)), (0, 0));
        assert_eq!(explained(&house, &applyno).await.differences, Some(Vec::new()));
    }

    async fn an_application_that_is_given_up_overnight_is_not_decided_in_the_morning(database: Database) {
        let (settings, opens) = closed_now("");
        let house = House::open_with(database, &settings).await;
        let applyno = applied(&house).await;
        let waits = until_waiting(&house, "consult-later", 1).await;
        house.decided(&applyno, &["waive"]).await;
        house.until(|platform| platform.delivery(&applyno).unwrap().notices.contains_key("giveupapply")).await;
        until_waiting(&house, "consult-later", 1).await;
        assert_eq!(stage(&house, &applyno).await, Stage::Waived);
        let clock = &house.gateway.assembly.clock;
        clock.advance(opens.duration_since(clock.now()).unsigned_abs() + Duration::from_secs(1));
        begin(&house, &waits[0]).await;
        house.at_rest().await;
        assert_eq!(stage(&house, &applyno).await, Stage::Waived);
        assert_eq!(house.counted(DUE), 0);
    }

    async fn an_application_that_the_platform_does_not_let_go_overnight_is_decided_after_all(database: Database) {
        let (settings, opens) = closed_now("");
        let house = House::open_with(database, &settings).await;
        house.sandbox.script(vec![Fault::on("giveupapply", Act::Refuse("该项目不允许放弃".to_owned()))]);
        let applyno = applied(&house).await;
        until_waiting(&house, "consult-later", 1).await;
        house.decided(&applyno, &["waive"]).await;
        // The question is put anew, and waits for the same hour.
        let waits = until_waiting(&house, "consult-later", 2).await;
        let clock = &house.gateway.assembly.clock;
        clock.advance(opens.duration_since(clock.now()).unsigned_abs() + Duration::from_secs(1));
        for job in &waits {
            begin(&house, job).await;
        }
        house.until(|platform| platform.delivery(&applyno).is_some_and(|it| it.ciphertext.is_some())).await;
        house.at_rest().await;
        assert_eq!(stage(&house, &applyno).await, Stage::Issued);
        assert!(house.sandbox.delivery(&applyno).unwrap().exactly_once());
    }

    async fn a_core_system_that_does_not_answer_in_time_is_reported_and_one_that_does_is_not(database: Database) {
        let callback = "[platforms.hainan.underwriting]\nmode = \"callback\"\nanswer_within = \"1h\"\n";
        let house = House::open_with(database, callback).await;
        let (answered, silent) = (applied(&house).await, applied(&house).await);
        let reminders = until_waiting(&house, "remind", 2).await;
        house.decided(&answered, &["decline", "--reason", "资信不足"]).await;
        house.until(|platform| platform.delivery(&answered).unwrap().approved == Some(false)).await;
        let lane_of = |job: &JobId| {
            let sql = format!("SELECT lane AS line FROM jobs WHERE id = '{}'", job.as_str());
            house.ledger().lines(&sql).remove(0)
        };
        let id = house.stored(&answered).await.unwrap().id.to_string();
        let (of_answered, of_silent): (Vec<_>, Vec<_>) =
            reminders.iter().partition(|job| lane_of(job) == format!("beside/reminders-underwriting/{id}"));
        assert_eq!((of_answered.len(), of_silent.len()), (1, 1));
        begin(&house, of_answered[0]).await;
        until_waiting(&house, "remind", 1).await;
        assert_eq!(house.counted(OVERDUE), 0);
        begin(&house, of_silent[0]).await;
        house.at_rest().await;
        assert_eq!((house.counted(OVERDUE), house.counted(DUE)), (1, 0));
        assert_eq!(stage(&house, &silent).await, Stage::Applied);
    }

    async fn a_reminder_comes_by_itself_when_the_time_is_over(database: Database) {
        let callback = "[platforms.hainan.underwriting]\nmode = \"callback\"\nanswer_within = \"100ms\"\n";
        let house = House::open_with(database, callback).await;
        applied(&house).await;
        house.at_rest().await;
        assert_eq!((house.counted(OVERDUE), house.counted(DUE)), (1, 0));
    }

    async fn a_question_that_is_put_anew_has_a_time_of_its_own(database: Database) {
        let callback = "[platforms.hainan.underwriting]\nsurrender = \"callback\"\nanswer_within = \"1h\"\n";
        let house = House::open_with(database, callback).await;
        let applyno = house.issued().await;
        house.at_rest().await;
        assert!(house.sandbox.surrender(&applyno).await.unwrap().is_accepted());
        let first = until_waiting(&house, "remind", 1).await.remove(0);
        house.decided(&applyno, &["refuse-surrender", "--reason", "项目即将开标"]).await;
        until_waiting(&house, "remind", 1).await;
        assert!(house.sandbox.surrender(&applyno).await.unwrap().is_accepted());
        let second = until_waiting(&house, "remind", 2).await.into_iter().find(|job| *job != first).unwrap();
        begin(&house, &first).await;
        until_waiting(&house, "remind", 1).await;
        assert_eq!(house.counted(OVERDUE), 0);
        begin(&house, &second).await;
        house.at_rest().await;
        assert_eq!(house.counted(OVERDUE), 1);
    }

    async fn who_is_on_the_blacklist_is_declined_in_words_that_fit_everybody(database: Database) {
        let settings = "[platforms.hainan.underwriting]\nblacklist = [\"91350100MA0EXAMP1B\"]\n";
        let house = House::open_with(database, settings).await;
        let mut application = house.sandbox.generate();
        application.biddercode = "91350100MA0EXAMP1B".to_owned();
        let applyno = application.applyno.clone();
        assert!(house.sandbox.apply(application).await.unwrap().is_accepted());
        house.noticed(&applyno, "baohannotice", 1).await;
        let effects: Vec<_> = house.sandbox.journal().of(&applyno).iter().filter_map(|it| it.effect.clone()).collect();
        assert_eq!(effects, [Effect::Declined]);
        assert_eq!(reason(&house, &applyno).await, "不符合承保条件");
        let explanation = explained(&house, &applyno).await;
        assert!(explanation.blacklist.listed && explanation.answers[0].ground.contains("黑名单"));
        house.issued().await;
    }

    async fn a_rule_for_a_time_prices_what_is_received_in_it(database: Database) {
        let today = china_date(Clock::system().now());
        let yesterday = today.yesterday().unwrap();
        let settings = format!(
            "[[rules]]\nname = \"over\"\nuntil = {yesterday}\nrate = \"0.009\"\n\
             [[rules]]\nname = \"now\"\nplatforms = [\"hainan\"]\nfrom = {yesterday}\nrate = \"0.0077\"\nrounding = \"yuan-up\"\n"
        );
        let house = House::open_with(database, &settings).await;
        let applyno = house.issued().await;
        let terms = house.stored(&applyno).await.unwrap().terms.unwrap();
        assert_eq!(terms.rate.to_string(), "0.0077");
        assert!(terms.premium.to_string().ends_with(".00"), "{}", terms.premium);
        assert_eq!(explained(&house, &applyno).await.differences, Some(Vec::new()));
    }

    async fn an_advance_whose_time_is_over_already_is_not_guaranteed(database: Database) {
        let house = House::<Actor>::with(Role::Neimenggu, database, "").await;
        let Actor::Procurement(platform) = &house.sandbox else { panic!("it is not for procurement") };
        let mut application = platform.generate();
        application.guarantee_start_date = Some("20240101".to_owned());
        application.guarantee_end_date = Some("20241231".to_owned());
        let number = application.application_id.clone();
        assert!(platform.apply(application).await.unwrap().is_accepted());
        house.at_rest().await;
        assert_eq!(house.stored(&number).await.unwrap().stage, Stage::Declined);
        assert_eq!(reason(&house, &number).await, "申请的担保止期 2024-12-31 已过，不能承保");
    }
}
