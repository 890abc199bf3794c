//! The gateway's own alarms: raised once, told over every kind of channel, and over once.

mod chat;
mod mailbox;

use std::net::TcpListener;
use std::time::Duration;

use baohan_gateway::cli::alarms;
use baohan_gateway::clock::Clock;
use baohan_gateway::crypto::webhook::WebhookSecret;
use baohan_gateway::domain::identity::PlatformId;
use baohan_gateway::gateway::{Gateway, herald};
use baohan_gateway::settings;
use baohan_gateway::store::reach;
use clap::Parser;

use self::chat::Chat;
use self::mailbox::Mailbox;
use crate::house::{Database, House, PATIENCE, on_both_databases};
use crate::pushes::APPLICATION;

const OK: &str = r#"{"errcode":0,"errmsg":"ok"}"#;
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Looked at all the time; what has to do with the machine is left out, since it may be any.
const QUICK: &str = "[alarms]\nevery = \"50ms\"\ncalm = \"300ms\"\n\
    off = [\"disk-low\", \"database-busy\", \"archive-unavailable\", \"certificate-30d\", \"certificate-7d\"]\n";

async fn until(what: &str, condition: impl Fn() -> bool) {
    let clock = Clock::system();
    let begun = clock.now();
    while !condition() {
        assert!(clock.now().duration_since(begun).unsigned_abs() < PATIENCE, "it did not come true: {what}");
        clock.wait(Duration::from_millis(10)).await;
    }
}

/// Notes in the database that a platform is away since an hour ago, or that it is back.
async fn note_reach(house: &House, is_lost: bool) {
    let now = house.gateway.assembly.clock.now();
    let since = now.checked_sub(jiff::SignedDuration::from_hours(1)).unwrap();
    let platform = PlatformId::new(house.role.id());
    let noted = house.gateway.assembly.store.write(move |connection| match is_lost {
        true => reach::note_lost(connection, &platform, since, now).map(drop),
        false => reach::note_back(connection, &platform, now).map(drop),
    });
    noted.await.unwrap();
}

on_both_databases! {
    async fn two_gateways_tell_every_channel_once_that_it_began_and_once_that_it_is_over(database: Database) {
        let (wecom, dingtalk, events) = (Chat::start(OK), Chat::start(OK), Chat::start(""));
        let lark = Chat::start(r#"{"code":0,"msg":"success","data":{}}"#);
        let mailbox = Mailbox::start().await;
        let channels = format!(
            "{QUICK}\
             [alarms.channels.duty]\nkind = \"wecom\"\nurl = \"{}?key=k-1\"\n\
             [alarms.channels.operations]\nkind = \"dingtalk\"\nurl = \"{}?access_token=t-1\"\nsecret = \"SECabc\"\n\
             [alarms.channels.group]\nkind = \"lark\"\nurl = \"{}\"\nsecret = \"abc\"\n\
             [alarms.channels.events]\nkind = \"webhook\"\nurl = \"{}\"\nsecret = \"{SECRET}\"\n\
             [alarms.channels.manager]\nkind = \"mail\"\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\n\
             from = \"电子保函网关 <gateway@example.com>\"\nto = [\"a@example.com\", \"b@example.com\"]\n",
            wecom.url, dingtalk.url, lark.url, events.url, mailbox.port,
        );
        let house = House::open_with(database, &channels).await;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let second = Gateway::start_on(listener, house.settings(), Clock::system()).await.unwrap();

        note_reach(&house, true).await;
        let told = |times| {
            [&wecom, &dingtalk, &lark, &events].iter().all(|chat| chat.posts().len() >= times)
                && mailbox.letters().len() >= times
        };
        until("all were told that it began", || told(1)).await;
        let open = "gw_alarms_open{rule=\"platform-unreachable\",severity=\"warning\"} 1\n";
        let see = |gateway: &Gateway| gateway.assembly.metrics.encode().contains(open);
        until("both gateways see it", || see(&house.gateway) && see(&second)).await;
        house.at_rest().await;
        note_reach(&house, false).await;
        until("all were told that it is over", || told(2)).await;
        house.at_rest().await;

        for chat in [&wecom, &dingtalk, &lark, &events] {
            assert_eq!(chat.posts().len(), 2, "{:?}", chat.texts());
        }
        let ledger = house.ledger();
        let alarms = ledger.lines("SELECT rule || ' ' || subject || ' ' || severity AS line FROM alarms WHERE recovered_at IS NOT NULL");
        assert_eq!(alarms, ["platform-unreachable hainan warning"]);
        let [began, over] = wecom.texts().try_into().unwrap();
        assert!(began.contains("告警·注意】平台无法连通") && began.contains("1 小时"), "{began}");
        assert!(began.contains("deploy/runbook.md#platform-unreachable"), "{began}");
        assert!(over.contains("告警·已恢复】平台无法连通") && over.contains("恢复 Recovered"), "{over}");
        assert_eq!(wecom.posts()[0].query, "key=k-1");
        let query = &dingtalk.posts()[0].query;
        assert!(query.starts_with("access_token=t-1&timestamp=") && query.contains("&sign="), "{query}");
        assert!(lark.posts()[0].body["sign"].is_string(), "{:?}", lark.texts());
        let posts = events.posts();
        assert_eq!(posts[0].body["type"], "alarm.raised");
        assert_eq!(posts[1].body["type"], "alarm.recovered");
        assert_eq!(posts[0].body["data"]["id"], posts[1].body["data"]["id"]);
        let id = posts[0].header("webhook-id");
        let seconds = posts[0].header("webhook-timestamp").parse().unwrap();
        let expected = WebhookSecret::parse(SECRET).unwrap().sign(id, seconds, &posts[0].raw);
        assert_eq!(posts[0].header("webhook-signature"), expected);
        let letters = mailbox.letters();
        assert_eq!(letters.len(), 2);
        assert_eq!(letters[0].recipients, ["a@example.com", "b@example.com"]);
        assert!(letters[0].head.contains("Auto-Submitted: auto-generated"), "{}", letters[0].head);
        assert!(letters[0].text.contains("平台无法连通 / a platform can't be reached"), "{}", letters[0].text);
        second.stop().await;
    }

    async fn a_wrong_key_pages_others_reminds_and_rests_once_somebody_takes_it_on(database: Database) {
        let (duty, manager) = (Chat::start(OK), Chat::start(OK));
        let overrides = format!(
            "{QUICK}escalation = [\"manager\"]\n\
             [alarms.channels.duty]\nkind = \"wecom\"\nurl = \"{}\"\nseverities = [\"page\"]\n\
             [alarms.channels.manager]\nkind = \"wecom\"\nurl = \"{}\"\n",
            duty.url, manager.url
        );
        let house = House::open_with(database, &overrides).await;
        let clock = &house.gateway.assembly.clock;
        let applyno = house.issued().await;
        assert!(!house.sandbox.restore_with_wrong_key(&applyno).await.unwrap().is_accepted());
        until("duty is told", || duty.texts().iter().any(|it| it.contains("告警·紧急】开标密钥无法解密"))).await;
        assert!(manager.posts().is_empty(), "{:?}", manager.texts());

        clock.advance(Duration::from_secs(15 * 60));
        until("it is escalated", || manager.texts().iter().any(|it| it.contains("告警·升级"))).await;
        clock.advance(Duration::from_secs(4 * 3600));
        let reminded = |times| duty.texts().iter().filter(|it| it.contains("告警·仍未恢复")).count() >= times;
        until("duty is reminded", || reminded(1)).await;
        let (none_open, printed) = command(&house, &["list"]).await;
        let row = printed.lines().find(|line| line.contains("decrypt-failure")).unwrap();
        assert!(!none_open && row.contains("hainan") && row.ends_with("open, escalated"), "{printed}");
        let id = row.split(' ').next().unwrap().to_owned();
        assert!(command(&house, &["acknowledge", &id, "--by", "王工"]).await.0);
        assert!(!command(&house, &["acknowledge", &id, "--by", "李工"]).await.0);
        clock.advance(Duration::from_secs(5 * 3600));

        assert!(house.sandbox.restore(&applyno).await.unwrap().is_accepted());
        let is_over = |chat: &Chat| chat.texts().iter().any(|it| it.contains("告警·已恢复】开标密钥无法解密"));
        until("both are told that it is over", || is_over(&duty) && is_over(&manager)).await;
        house.at_rest().await;
        assert!(!reminded(2), "{:?}", duty.texts());
        let taken = house.ledger().lines("SELECT acknowledged_by AS line FROM alarms WHERE rule = 'decrypt-failure'");
        assert_eq!(taken, ["王工"]);
        let number = house.number(&applyno).await;
        let all = [duty.texts(), manager.texts()].concat().concat();
        assert!(!all.contains(&applyno) && !all.contains(&number), "{all}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_answered_200_with_a_code_is_sent_again_and_guarantees_go_on_meanwhile() {
    let chat = Chat::start(OK);
    chat.answer_once(200, r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#);
    chat.answer_once(500, "");
    let overrides = format!(
        "{QUICK}[jobs.alarms]\ndelays = [\"300ms\"]\nrepeat_last = 20\n\
         [alarms.channels.duty]\nkind = \"wecom\"\nurl = \"{}\"\n",
        chat.url
    );
    let house = House::open_with(Database::Sqlite, &overrides).await;
    note_reach(&house, true).await;
    until("the first attempt", || !chat.posts().is_empty()).await;
    house.issued().await;
    until("it was taken in the end", || chat.posts().len() >= 3).await;
    house.at_rest().await;
    let attempts = house.ledger().lines(
        "SELECT attempts.outcome || ' ' || COALESCE(attempts.detail, '') AS line FROM attempts \
         JOIN jobs ON jobs.id = attempts.job_id WHERE jobs.kind = 'alarm' ORDER BY number",
    );
    assert_eq!(attempts.len(), 3, "{attempts:?}");
    assert!(attempts[0].starts_with("retry") && attempts[0].contains("45009"), "{attempts:?}");
    assert!(attempts[1].contains("HTTP 500") && attempts[2].starts_with("done"), "{attempts:?}");
    assert!(!attempts.concat().contains(&chat.url), "an address lets others write there: {attempts:?}");
}

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: alarms::Args,
}

/// Runs `baohan alarms`; yields whether all is well, and what was printed.
async fn command(house: &House, line: &[&str]) -> (bool, String) {
    let args = Line::try_parse_from([&["alarms"], line].concat()).unwrap().args;
    let assembly = &house.gateway.assembly;
    let herald = herald(&house.settings(), &assembly.platforms, &assembly.clock).unwrap();
    let mut out = Vec::new();
    let well = alarms::run(args, &assembly.store, &herald, assembly.clock.now(), &mut out).await.unwrap();
    (well, String::from_utf8(out).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_database_knows_raises_alarms_and_ends_them() {
    let chat = Chat::start(OK);
    let overrides = format!("{QUICK}[alarms.channels.duty]\nkind = \"wecom\"\nurl = \"{}\"\n", chat.url);
    let house = House::open_with(Database::Sqlite, &overrides).await;
    let clock = &house.gateway.assembly.clock;
    let said = |words: &str| chat.texts().iter().filter(|it| it.contains(words)).count();
    let forged = APPLICATION.replace("800000.00", "1.00");
    for _ in 0..4 {
        assert_eq!(house.post("baohanapply", forged.clone()).await.status, 200);
    }
    until("forged pushes", || said("告警·注意】推送验签失败") == 1).await;
    clock.advance(Duration::from_secs(11 * 60));
    until("no forged pushes lately", || said("告警·已恢复】推送验签失败") == 1).await;

    house.issued().await;
    house.at_rest().await;
    house.ledger().execute("UPDATE jobs SET state = 'dead', cause = 'exhausted' WHERE kind = 'notify'");
    until("a dead job", || said("告警·注意】有任务已放弃") == 1).await;
    house.ledger().execute("UPDATE jobs SET cause = 'obsolete' WHERE kind = 'notify'");
    until("nobody has to act on it", || said("告警·已恢复】有任务已放弃") == 1).await;

    clock.advance(Duration::from_secs(13 * 24 * 3600));
    until("no push for days", || said("告警·注意】工作时间内没有推送") == 1).await;
    house.gateway.assembly.metrics.audit_chain(false);
    until("an audit trail that is not whole", || said("告警·紧急】审计链校验失败") == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_tries_every_channel_and_says_which_did_not_take_it() {
    let (well, ill) = (Chat::start(OK), Chat::start(r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#));
    let overrides = format!(
        "[alarms.channels.a-well]\nkind = \"wecom\"\nurl = \"{}\"\n\
         [alarms.channels.b-ill]\nkind = \"dingtalk\"\nurl = \"{}\"\n",
        well.url, ill.url
    );
    let house = House::open_with(Database::Sqlite, &overrides).await;
    let (all_well, printed) = command(&house, &["test"]).await;
    assert!(!all_well);
    assert_eq!(
        printed,
        "a-well: taken\nb-ill: the channel did not take it: code 93000: invalid webhook url\n"
    );
    assert!(well.texts()[0].contains("告警·测试"), "{:?}", well.texts());
    let (all_well, printed) = command(&house, &["test", "--channel", "a-well"]).await;
    assert_eq!((all_well, printed.as_str()), (true, "a-well: taken\n"));
}

#[test]
fn settings_of_alarms_that_do_not_fit_together_are_refused_with_their_key() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |text: &str| {
        let file = folder.path().join("alarms.toml");
        std::fs::write(&file, text).unwrap();
        let base = folder.path().join("base.toml");
        std::fs::write(
            &base,
            "[institution]\nname = \"某某\"\ncode = \"91460000MA0EXAMP7X\"\naddress = \"a\"\npostcode = \"570203\"\n\
             phone = \"1\"\nfax = \"1\"\nlegal_representative = \"b\"\ncourt = \"c\"\nkind = \"bank\"\n\
             verification_url = \"https://v.example.com/{number}\"\n",
        )
        .unwrap();
        let settings = settings::load(&[base, file]).unwrap();
        let clock = Clock::system();
        format!("{:#}", herald(&settings, &Default::default(), &clock).err().unwrap())
    };
    for (text, said) in [
        ("[alarms]\ncalm = \"20s\"\n", "alarms.calm: expected at least twice alarms.every"),
        ("[alarms]\noff = [\"no-such\"]\n", "found `no-such`"),
        ("[alarms]\nescalation = [\"boss\"]\n", "alarms.escalation: expected names of alarms.channels"),
        ("[alarms.channels.x]\nkind = \"wecom\"\n", "alarms.channels.x: url: expected an address"),
        (
            "[alarms.channels.x]\nkind = \"webhook\"\nurl = \"http://h\"\n",
            "alarms.channels.x: secret: expected `whsec_…`",
        ),
        ("[alarms.channels.x]\nkind = \"mail\"\nhost = \"h\"\nfrom = \"nobody\"\n", "alarms.channels.x.from"),
        ("[alarms.channels.x]\nkind = \"lark\"\nurl = \"h\"\nseverities = [\"loud\"]\n", "found `loud`"),
    ] {
        let error = refused(text);
        assert!(error.contains(said), "{text}: {error}");
    }
}
