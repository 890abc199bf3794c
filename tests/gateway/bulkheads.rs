//! What one platform suffers, others do not feel; and what people and breakers keep from a platform arrives later, once.

use std::net::TcpListener;

use baohan_gateway::cli::platforms;
use baohan_gateway::clock::Clock;
use baohan_gateway::domain::guarantee::LetterKind;
use baohan_gateway::gateway::Gateway;
use baohan_gateway::sandbox::hainan::{Act, Direction, Fault, Platform, Sandbox, SandboxOptions};
use baohan_gateway::store::jobs::{self, JobState};
use clap::Parser;

use crate::faults::{QUICK, applied, jobs_in, until_stored};
use crate::house::{House, PATIENCE, on_both_databases};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: platforms::Args,
}

/// Runs `baohan platforms`; yields whether it was as asked, and what was printed.
async fn platforms(house: &House, words: &[&str]) -> (bool, String) {
    let args = Line::try_parse_from([&["platforms"], words].concat()).unwrap().args;
    let (settings, store, now) = (house.settings(), &house.gateway.assembly.store, Clock::system().now());
    let mut out = Vec::new();
    let done = platforms::run(args, &settings, store, now, &mut out).await.unwrap();
    (done, String::from_utf8(out).unwrap())
}

const PAUSE: &[&str] = &["pause", "hainan", "--by", "王工", "--reason", "平台夜间维护"];
const RESUME: &[&str] = &["resume", "hainan", "--by", "李工"];

/// Strikes every call.
fn every_call(act: Act) -> Fault {
    Fault { interface: None, ..Fault::on("", act).always() }
}

/// How many calls a platform has had.
fn calls(platform: &Platform) -> usize {
    platform.journal().count(|exchange| exchange.direction != Direction::Pushed)
}

/// A further platform in the settings.
fn section(id: &str, url: &str) -> String {
    format!(
        r#"
[platforms.{id}.wire]
dialect = "hainan-2024"
title = "另一平台（模拟）"
appkey = "{id}"
appsecret = "{id}-secret"
platform_codes = ["460000"]
base_url = "{url}"
[platforms.{id}.underwriting]
mode = "automatic"
rate = "0.004"
minimum_premium = "200.00"
smallest_amount = "1000.00"
largest_amount = "800000.00"
premium = {{ collection = "assumed", account = "46050100163600009999", bank = "示例银行海口分行" }}
"#
    )
}

/// A gateway in front of the same database and platform, on the address of the one that has stopped or on another.
async fn another(house: &House, address: &str) -> Gateway {
    let listener = TcpListener::bind(address).unwrap();
    Gateway::start_on(listener, house.settings(), Clock::system()).await.unwrap()
}

on_both_databases! {
    async fn an_opening_is_delivered_while_two_other_platforms_hang_every_call(database: Database) {
        const AT_ONCE: usize = 2;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let gateway = format!("http://{}/platforms", listener.local_addr().unwrap());
        let mut settings = format!("[jobs.worker]\nhouse_slots = 2\ncalls_per_platform = {AT_ONCE}\n");
        let mut hanging = Vec::new();
        for id in ["dead-1", "dead-2"] {
            let options = SandboxOptions::new(format!("{gateway}/{id}"), id, format!("{id}-secret"));
            let sandbox = Sandbox::start(options).await.unwrap();
            sandbox.script(vec![every_call(Act::Late(600_000))]);
            settings += &section(id, &sandbox.url());
            hanging.push(sandbox);
        }
        let house = House::open_on(listener, database, &settings).await;
        for sandbox in &hanging {
            for _ in 0..=AT_ONCE {
                applied(sandbox).await;
            }
        }
        for sandbox in &hanging {
            assert!(sandbox.wait_until(|platform| calls(platform) == AT_ONCE, PATIENCE).await);
        }

        for (applyno, answer) in house.sandbox.apply_many(4).await {
            assert!(answer.unwrap().is_accepted(), "{applyno}");
        }
        house.until(|platform| platform.deliveries().iter().all(|it| it.ciphertext.is_some())).await;
        for (applyno, answer) in house.sandbox.open_section().await {
            assert!(answer.unwrap().is_accepted(), "{applyno}");
        }
        house.until(|platform| platform.deliveries().iter().all(|it| it.plaintext.is_some())).await;
        assert!(house.sandbox.deliveries().iter().all(baohan_gateway::sandbox::hainan::Delivery::exactly_once));

        // All the while the same calls hang, and pushes of the platforms that hang are taken.
        let running = jobs_in(&house, JobState::Running).await;
        for (sandbox, id) in hanging.iter().zip(["dead-1", "dead-2"]) {
            assert_eq!(calls(sandbox), AT_ONCE);
            assert_eq!(running.iter().filter(|job| job.platform.as_str() == id).count(), AT_ONCE);
            applied(sandbox).await;
        }
    }

    async fn a_platform_that_fails_is_left_in_peace_and_gets_everything_once_when_it_is_back(database: Database) {
        let breaker = "[jobs.breaker]\ncalls = 3\nopen_for = \"300ms\"\nopen_for_at_most = \"300ms\"\n";
        let house = House::open_with(database, &format!("{QUICK}{breaker}")).await;
        house.sandbox.script(vec![every_call(Act::Status(503))]);
        let mut applications = Vec::new();
        for _ in 0..3 {
            applications.push(applied(&house.sandbox).await);
        }
        let state = || house.counted("gw_breaker_state{platform=\"hainan\"}");
        until_stored("the breaker opens", async || (state() == 2).then_some(())).await;
        house.sandbox.script(Vec::new());
        house.until(|platform| platform.deliveries().iter().all(|it| it.ciphertext.is_some())).await;
        house.at_rest().await;
        assert_eq!(state(), 0);
        for applyno in &applications {
            assert!(house.sandbox.delivery(applyno).unwrap().exactly_once());
        }
        assert!(jobs_in(&house, JobState::Dead).await.is_empty());
    }

    async fn while_a_platform_is_paused_its_pushes_are_accepted_and_letters_made_and_nothing_is_sent(database: Database) {
        let mut house = House::open_with(database, QUICK).await;
        let opened = house.issued().await;
        house.at_rest().await;
        let before = calls(&house.sandbox);
        let (done, said) = platforms(&house, PAUSE).await;
        assert!(done, "{said}");
        let (again, said) = platforms(&house, PAUSE).await;
        assert!(!again && said.contains("paused already") && said.contains("王工: 平台夜间维护"), "{said}");

        let applied = applied(&house.sandbox).await;
        let sealed = async |house: &House, applyno: &str, letter| {
            until_stored("a letter is made", async || {
                house.stored(applyno).await?.letter(letter).cloned()
            })
            .await
        };
        sealed(&house, &applied, LetterKind::Ciphertext).await;
        // A gateway that is started anew keeps to it, and so does a second replica, where the database allows for one.
        let settings = house.settings();
        let address = house.gateway.address.to_string();
        let beside = another(&house, "127.0.0.1:0").await;
        std::mem::replace(&mut house.gateway, beside).stop().await;
        let serving = another(&house, &address).await;
        let beside = std::mem::replace(&mut house.gateway, serving);
        let replica = match settings.store.url.expose().starts_with("postgres") {
            true => Some(beside),
            false => {
                beside.stop().await;
                None
            }
        };

        assert!(house.sandbox.restore(&opened).await.unwrap().is_accepted());
        sealed(&house, &opened, LetterKind::Merged).await;
        let alarms = || house.counted("gw_alarms_total{kind=\"paused-at-opening\"}");
        until_stored("people are told of the opening", async || (alarms() > 0).then_some(())).await;
        assert_eq!(house.counted("gw_platform_paused{platform=\"hainan\"}"), 1);
        let waiting = jobs_in(&house, JobState::Ready).await;
        assert!(waiting.len() >= 3 && waiting.iter().all(|job| job.attempts == 0), "{waiting:?}");
        let (_, listed) = platforms(&house, &["list"]).await;
        let row = listed.lines().find(|line| line.starts_with("hainan ")).unwrap();
        assert!(row.contains("平台夜间维护") && row.contains(&format!(" {} ", waiting.len())), "{listed}");
        assert_eq!(calls(&house.sandbox), before, "something was sent");

        let (done, said) = platforms(&house, RESUME).await;
        assert!(done && said.contains("王工: 平台夜间维护"), "{said}");
        assert!(!platforms(&house, RESUME).await.0);
        house.until(|platform| platform.delivery(&opened).unwrap().plaintext.is_some()).await;
        house.until(|platform| platform.delivery(&applied).unwrap().ciphertext.is_some()).await;
        house.at_rest().await;
        assert!(house.sandbox.deliveries().iter().all(baohan_gateway::sandbox::hainan::Delivery::exactly_once));
        assert_eq!(alarms(), 1);
        if let Some(replica) = replica {
            replica.stop().await;
        }
    }

    async fn an_upload_stops_between_two_slices_when_its_platform_is_paused_and_goes_on_where_it_was(database: Database) {
        let house = House::open_with(database, QUICK).await;
        house.sandbox.script(vec![Fault::on("uploadbaohanfile", Act::Late(1_000)).nth(2)]);
        let applyno = applied(&house.sandbox).await;
        let sent = |platform: &Platform| platform.journal().count(|it| it.interface == "uploadbaohanfile");
        house.until(|platform| sent(platform) == 2).await;
        assert!(platforms(&house, PAUSE).await.0);
        let upload = until_stored("the upload is handed back", async || {
            let waiting = jobs_in(&house, JobState::Ready).await;
            waiting.into_iter().find(|job| job.kind == "upload")
        })
        .await;
        let id = upload.id.clone();
        let attempts = house.gateway.assembly.store.read(move |c| jobs::attempts(c, &id)).await.unwrap();
        assert_eq!(attempts.last().unwrap().outcome, "released");
        assert_eq!(sent(&house.sandbox), 2);
        assert!(platforms(&house, RESUME).await.0);
        house.until(|platform| platform.delivery(&applyno).unwrap().ciphertext.is_some()).await;
        house.at_rest().await;
        let again = house.sandbox.journal().count(|it| it.interface == "uploadbaohanfile" && it.duplicate);
        assert_eq!(again, 0, "a slice was sent twice");
    }

    async fn a_notice_that_is_refused_for_ever_does_not_keep_the_opening_from_being_delivered(database: Database) {
        let patient = QUICK.replace("repeat_last = 100", "repeat_last = 10000");
        let by_hand = "[platforms.hainan.underwriting]\nsurrender = \"manual\"\n";
        let house = House::open_with(database, &format!("{patient}{by_hand}")).await;
        let applyno = house.issued().await;
        assert!(house.sandbox.surrender(&applyno).await.unwrap().is_accepted());
        house.sandbox.script(vec![Fault::on("quitnotice", Act::Refuse("系统繁忙".to_owned())).always()]);
        house.decided(&applyno, &["refuse-surrender", "--reason", "项目即将开标"]).await;
        let refused = until_stored("the notice is refused again and again", async || {
            let waiting = jobs_in(&house, JobState::Ready).await;
            waiting.into_iter().find(|job| job.cause.as_deref() == Some("rejected") && job.attempts > 6)
        })
        .await;
        let outcomes = async || {
            let id = refused.id.clone();
            let attempts = house.gateway.assembly.store.read(move |c| jobs::attempts(c, &id)).await.unwrap();
            attempts.into_iter().map(|attempt| attempt.outcome).collect::<Vec<_>>()
        };
        assert!(!outcomes().await.contains(&"stepped-aside".to_owned()), "nothing urgent waits behind it");

        assert!(house.sandbox.restore(&applyno).await.unwrap().is_accepted());
        house.until(|platform| platform.delivery(&applyno).unwrap().plaintext.is_some()).await;
        // Once for the letter that was to be made, and once for what hands it over, unless that was quicker.
        let aside = outcomes().await.iter().filter(|it| *it == "stepped-aside").count();
        assert!(aside > 0);
        let told = house.counted("gw_alarms_total{kind=\"job-rejected\"}");
        assert_eq!(told, 1 + u64::try_from(aside).unwrap());
        // It is tried on, and arrives when the platform takes it.
        house.sandbox.script(Vec::new());
        house.noticed(&applyno, "quitnotice", 1).await;
        assert!(house.sandbox.delivery(&applyno).unwrap().exactly_once());
    }
}
