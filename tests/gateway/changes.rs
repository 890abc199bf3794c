//! Changes of secrets, rules and templates while a gateway runs: in force without a restart, in every process, explained,
//! withdrawn, and seen by nobody who must not.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use baohan_gateway::access::Role as Operators;
use baohan_gateway::casework::sections;
use baohan_gateway::changes::{
    Approval, Change, Content, Effects, Item, Live, Refusal, SecretKey, Subject, Withdrawal, adopt,
    propose_secret,
};
use baohan_gateway::cli::demo::cast::{Actor, Role};
use baohan_gateway::clock::{Clock, china_date, to_wire};
use baohan_gateway::domain::Stage;
use baohan_gateway::domain::identity::PlatformId;
use baohan_gateway::gateway::Gateway;
use baohan_gateway::secret::Secret;
use baohan_gateway::store::audit::Actor as Whose;
use baohan_gateway::store::changes;
use baohan_gateway::store::proposals::{self, ProposalId};
use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;

use crate::console::CONSOLE;
use crate::house::{Database, House, PATIENCE, on_both_databases};
use crate::serving::{program, said};
use crate::traces::{Planted, Traces};

const BUILT_IN: &str = include_str!("../../templates/bid-bond-insurance.typ");

fn approval(proposal: &str) -> Approval {
    Approval {
        made_by: "张三".to_owned(),
        approved_by: "李四".to_owned(),
        proposal: proposal.to_owned(),
        actor: Whose::Operator { id: "user-2".to_owned(), name: "李四".to_owned() },
        address: None,
    }
}

fn appsecret() -> Subject {
    Subject::Secret { platform: PlatformId::new("hainan"), key: SecretKey::AppSecret }
}

fn rule(after: i64, keys: &str, from: jiff::civil::Date) -> Change {
    let content = Content::Rule { keys: keys.to_owned(), from };
    Change::new(vec![Item { subject: Subject::Rule { name: "season".to_owned() }, after, content }], "旺季")
}

fn template(text: &str) -> Change {
    let subject = Subject::Template { name: "bid-bond-insurance.typ".to_owned() };
    Change::new(
        vec![Item { subject, after: 0, content: Content::Template { text: text.to_owned() } }],
        "新版条款",
    )
}

impl House {
    fn live(&self) -> &Arc<Live> {
        &self.gateway.assembly.changes
    }

    async fn secret_change(&self, secret: &str, accept_old_until: Option<Timestamp>) -> Change {
        let secret = Secret::new(secret);
        let item = self.gateway.assembly.store.write(move |connection| {
            propose_secret(
                connection,
                &PlatformId::new("hainan"),
                SecretKey::AppSecret,
                &secret,
                accept_old_until,
            )
        });
        Change::new(vec![item.await.unwrap()], "平台更换密钥")
    }

    async fn refused(&self, change: &Change) -> Refusal {
        self.live().try_out(change).await.unwrap().unwrap_err()
    }

    /// Tries and adopts, as approving a proposal does, and lets this process take it over.
    async fn adopted(&self, change: &Change) -> Effects {
        let effects = self.live().try_out(change).await.unwrap().unwrap();
        let (live, change, at) = (Arc::clone(self.live()), change.clone(), self.gateway.assembly.clock.now());
        let proposal = format!("proposal-{at}");
        let write = self
            .gateway
            .assembly
            .store
            .write(move |connection| adopt(connection, &live, &change, &approval(&proposal), at));
        write.await.unwrap().unwrap();
        self.live().refresh().await.unwrap();
        effects
    }

    async fn push_is_accepted(&self) -> bool {
        self.sandbox.apply_generated().await.unwrap().1.is_accepted()
    }
}

async fn until(condition: impl Fn() -> bool) {
    let clock = Clock::system();
    let begun = clock.now();
    while !condition() {
        assert!(clock.now().duration_since(begun).unsigned_abs() < PATIENCE, "it did not come true");
        clock.wait(Duration::from_millis(20)).await;
    }
}

on_both_databases! {
    async fn a_changed_secret_holds_for_the_next_push_the_former_for_as_long_as_was_said_and_withdrawn_the_settings_own(database: Database) {
        let wrong = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(wrong.path(), "not-what-the-platform-has").unwrap();
        let settings = format!("[platforms.hainan.wire]\nappsecret_file = {:?}\n", wrong.path());
        let house = House::open_with(database, &settings).await;
        assert!(!house.push_is_accepted().await);
        let right = house.credentials.appsecret.expose().to_owned();
        house.adopted(&house.secret_change(&right, None).await).await;
        // Both ways: pushes are believed, and the platform believes our notices.
        house.issued().await;
        house.at_rest().await;

        let until = house.gateway.assembly.clock.now() + SignedDuration::from_mins(10);
        let change = house.secret_change("the-next-secret-of-the-platform", Some(until)).await;
        house.adopted(&change).await;
        let (applyno, answer) = house.sandbox.apply_generated().await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        let tolerated = "SELECT tolerances AS line FROM messages WHERE tolerances LIKE '%former-secret%'";
        assert_eq!(house.ledger().lines(tolerated).len(), 1);
        assert_eq!(house.stored(&applyno).await.unwrap().application.number.as_str(), applyno);
        house.gateway.assembly.clock.advance(Duration::from_secs(601));
        assert!(!house.push_is_accepted().await);

        let content = Content::AsInSettings(Withdrawal::default());
        let withdrawal = |after| Item { subject: appsecret(), after, content: content.clone() };
        house.adopted(&Change::new(vec![withdrawal(2)], "撤回")).await;
        assert!(house.live().overlay().standing().is_empty());
        assert!(!house.push_is_accepted().await, "the settings' own secret is the wrong one");
        let refusal = house.refused(&Change::new(vec![withdrawal(3)], "撤回")).await;
        assert!(matches!(refusal, Refusal::NothingToWithdraw(_)), "{refusal}");

        // What the secrets were is in no table in the clear, and neither is it in a proposal.
        let shown = serde_json::to_string(&change).unwrap() + &format!("{change:?} {:?}", house.live().overlay());
        let stored = house.ledger().lines("SELECT kind || subject || digest || coalesce(previous, '') AS line FROM changes WHERE digest IS NOT NULL");
        assert_eq!(stored.len(), 2);
        for secret in [right.as_str(), "the-next-secret"] {
            assert!(!shown.contains(secret) && !stored.concat().contains(secret));
        }
    }

    async fn another_gateway_on_the_same_database_follows_and_one_that_starts_later_begins_with_it(database: Database) {
        let house = House::open(database).await;
        let start = async || {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            Gateway::start_on(listener, house.settings(), Clock::system()).await.unwrap()
        };
        let other = start().await;
        let today = china_date(Clock::system().now());
        house.adopted(&rule(0, "rate = \"0.0077\"", today)).await;
        let priced = |gateway: &Gateway| {
            let platform = gateway.assembly.platforms.of(&PlatformId::new("hainan")).unwrap();
            platform.rules.figures(today).rate.value.0.to_string()
        };
        until(|| priced(&other) == "0.0077").await;
        let third = start().await;
        assert_eq!(priced(&third), "0.0077");
        for gateway in [other, third] {
            gateway.stop().await;
        }
        let applyno = house.issued().await;
        assert_eq!(house.stored(&applyno).await.unwrap().terms.unwrap().rate.to_string(), "0.0077");
    }

    async fn a_gateway_that_can_not_use_what_was_adopted_goes_on_with_what_it_had_and_says_so(database: Database) {
        let house = House::open(database).await;
        let broken = changes::NewVersion {
            kind: "rule",
            subject: "of-another-house",
            body: br#"{"rule": {"keys": "platforms = ['nowhere']\nrate = '0.5'", "from": "2026-01-01", "reason": ""}}"#,
            digest: Some("d"),
            made_by: "张三",
            approved_by: "李四",
            proposal: "p",
        };
        let at = house.gateway.assembly.clock.now();
        house.gateway.assembly.store.write(move |c| changes::append(c, &broken, at)).await.unwrap();
        house.live().ring();
        until(|| house.counted("gw_changes_behind") == 1).await;
        assert_eq!(house.counted("gw_alarms_total{kind=\"changes-not-taken-over\"}"), 1);
        house.issued().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_is_tried_on_the_last_applications_holds_from_its_day_and_leaves_the_past_explained() {
    let house = House::open(Database::Sqlite).await;
    let applyno = house.issued().await;
    let before = house.stored(&applyno).await.unwrap();
    let (clock, hainan) = (&house.gateway.assembly.clock, PlatformId::new("hainan"));
    let today = china_date(clock.now());
    let tomorrow = today.tomorrow().unwrap();

    let effects =
        house.live().try_out(&rule(0, "rate = \"0.0199\"\nminimum_premium = \"9000\"", tomorrow)).await;
    let dry_run = effects.unwrap().unwrap().rules.unwrap();
    assert_eq!((dry_run.looked_at, dry_run.shifts.len()), (1, 1));
    assert_eq!(dry_run.shifts[0].application.as_str(), applyno);
    assert_ne!(dry_run.shifts[0].before.premium, dry_run.shifts[0].after.premium);

    let refused = async |keys: &str, from| house.refused(&rule(0, keys, from)).await.to_string();
    let smallest = refused("smallest_amount = \"99999999\"", tomorrow).await;
    assert!(smallest.contains("smallest_amount") && smallest.contains("season@1"), "{smallest}");
    assert!(refused("rate = \"2\"", tomorrow).await.contains("below 1"));
    assert!(refused("blacklist_file = \"/etc/shadow\"", tomorrow).await.contains("blacklist_file"));
    assert!(refused("platforms = [\"nowhere\"]\nrate = \"0.1\"", tomorrow).await.contains("`nowhere`"));
    assert!(refused("rate = \"0.1\"", today.yesterday().unwrap()).await.contains("keeps its rules"));

    let (live, untried, at) = (Arc::clone(house.live()), rule(0, "rate = \"0.0199\"", tomorrow), clock.now());
    let adopting = house.gateway.assembly.store.write(move |connection| {
        let one = Approval { approved_by: "张三".to_owned(), ..approval("p") };
        let by_one = adopt(connection, &live, &untried, &one, at)?.unwrap_err();
        let untried = adopt(connection, &live, &untried, &approval("p"), at)?.unwrap_err();
        Ok([by_one.to_string(), untried.to_string()])
    });
    let [by_one, untried] = adopting.await.unwrap();
    assert!(by_one.contains("the same person") && untried.contains("not tried"), "{by_one}; {untried}");
    house.adopted(&rule(0, "rate = \"0.0199\"", tomorrow)).await;
    let overtaken = house.refused(&rule(0, "rate = \"0.02\"", tomorrow)).await;
    assert!(matches!(overtaken, Refusal::Overtaken { expected: 0, found: 1, .. }), "{overtaken}");
    let platform = house.gateway.assembly.platforms.of(&hainan).unwrap();
    let explanation = platform.rules.explain(&before, clock.now());
    assert_eq!(
        explanation.differences,
        Some(Vec::new()),
        "what was decided is explained by the rules of its day"
    );
    let figures = |day| platform.rules.figures(day).rate;
    assert_ne!(figures(today).value.0.to_string(), "0.0199");
    assert_eq!(figures(tomorrow).value.0.to_string(), "0.0199");
    assert!(figures(tomorrow).source.to_string().contains("season@1"), "{}", figures(tomorrow).source);

    // The program's other commands see the same.
    let files = [house.settings.clone(), house.overrides.clone()];
    let checked = said(program(&files, &[]).arg("check"));
    assert!(String::from_utf8_lossy(&checked).contains("rule season, version 1, by 张三 and 李四"));
    let changes = said(program(&files, &[]).args(["changes", "list"]));
    assert!(String::from_utf8_lossy(&changes).contains("rule season, version 1: above the settings from"));
    let listed = said(program(&files, &[]).args(["rules", "list", "--on", &tomorrow.to_string()]));
    assert!(String::from_utf8_lossy(&listed).contains("张三 经办，李四 复核，旺季"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_template_is_tried_on_every_letter_before_it_is_used_and_withdrawn_without_a_trace() {
    let house = House::open(Database::Sqlite).await;
    let refused = async |text: &str| house.refused(&template(text)).await;
    let cases = [
        (BUILT_IN.replace("#print(", "#prinnt("), "line"),
        (
            BUILT_IN
                .replace("amount-rows(letter)", "issuer-rows(letter)")
                .replace("letter.amount_words", "letter.amount"),
            "`amount_words`",
        ),
        (BUILT_IN.replace("投标保证保险凭证", "投标保证保险凭证\u{1f600}"), "U+1F600"),
    ];
    for (text, why) in &cases {
        assert_ne!(text, BUILT_IN);
        let refusal = refused(text).await;
        assert!(refusal.to_string().contains(why), "{why}: {refusal}");
        assert!(refusal.zh().starts_with("模板试排未通过"), "{}", refusal.zh());
    }
    assert!(matches!(refused(BUILT_IN).await, Refusal::NoDifference(_)));

    let press = house.live().printing.current.get();
    let changed = BUILT_IN.replace("投标保证保险凭证", "投标保证保险凭证（新版）");
    house.adopted(&template(&changed)).await;
    let now = house.live().printing.current.get();
    let title = |press: &baohan_gateway::document::Press| {
        press.templates().find(|(name, _)| *name == "bid-bond-insurance.typ").unwrap().1.contains("新版")
    };
    assert!(title(&now) && !title(&press), "what is being printed is printed on what it was begun on");
    let applyno = house.issued().await;
    assert_eq!(house.stored(&applyno).await.unwrap().stage, Stage::Issued);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_proposed_in_a_form_put_in_force_by_somebody_elses_approval_and_shown_to_nobody() {
    let house = House::open_with(Database::Sqlite, CONSOLE).await;
    let maker = house.visitor("张三", &[Operators::Maker, Operators::Checker]).await;
    let checker = house.visitor("李四", &[Operators::Checker]).await;
    const NEXT: &str = "the-next-secret-of-the-platform";
    let later = to_wire(Clock::system().now() + SignedDuration::from_hours(2)).replace(' ', "T");
    let fields = |secret| {
        [("platform", "hainan"), ("appsecret", secret), ("overlap", &later), ("reason", "平台更换密钥")]
    };
    let nothing = maker.post("/rules/secret", &fields("")).await;
    assert!(nothing.text.contains("没有任何变更内容"), "{}", nothing.text);
    let sent = maker.post("/rules/secret", &fields(NEXT)).await;
    let place = sent.location().to_owned();
    assert!(place.starts_with("/rules/proposals/"), "{place} {}", sent.text);
    let id = place.rsplit('/').next().unwrap().to_owned();
    let wanted = ProposalId::new(id.clone());
    let found = house.gateway.assembly.store.read(move |c| proposals::find(c, &wanted)).await.unwrap();
    let seen = found.unwrap().digest;
    let decision = [("seen", seen.as_str()), ("remark", "已核对")];
    let approve = format!("/proposals/{id}/approve");
    assert_eq!(maker.post(&approve, &decision).await.status, StatusCode::FORBIDDEN);
    assert_eq!(house.live().overlay().generation(), 0);

    let mut pages = vec![checker.get(&place).await.text, checker.get(&format!("/proposals/{id}")).await.text];
    assert!(pages[0].contains("可以使用"), "{}", pages[0]);
    let approved = checker.post(&approve, &decision).await;
    assert_eq!(approved.status, StatusCode::SEE_OTHER, "{}", approved.text);
    until(|| house.live().overlay().generation() == 1).await;
    for place in ["/rules", "/rules/history", "/rules/secret", &place, &format!("/proposals/{id}")] {
        pages.push(maker.get(place).await.text);
    }
    assert!(pages[2].contains("hainan/appsecret") && pages[3].contains("李四"), "{}", pages[2]);
    assert!(pages.iter().all(|page| !page.contains(NEXT)));
    let mut traces = Traces::default();
    traces.add_folder(house.folder.path(), &["keys", "master.key", "hainan.appsecret"]);
    traces.assert_free_of(&[Planted::new("the new secret", NEXT)], |_| false);
    // The platform still signs with the former one.
    assert!(house.push_is_accepted().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_show_rules_with_their_sources_what_a_change_would_do_and_what_a_template_would_print() {
    let house = House::open_with(Database::Sqlite, CONSOLE).await;
    let maker = house.visitor("张三", &[Operators::Maker]).await;
    let applyno = house.issued().await;
    let tomorrow = china_date(Clock::system().now()).tomorrow().unwrap().to_string();
    let entry = |step, keys| {
        [("name", "season"), ("from", tomorrow.as_str()), ("keys", keys), ("reason", "旺季"), ("step", step)]
    };
    let tried =
        maker.post("/rules/entry", &entry("try", "rate = \"0.0199\"\nminimum_premium = \"9000\"")).await;
    assert!(tried.text.contains(&applyno) && tried.text.contains("提交复核"), "{}", tried.text);
    let wrong = maker.post("/rules/entry", &entry("propose", "rate = \"2\"")).await;
    assert!(wrong.text.contains("season") && wrong.text.contains("below 1"), "{}", wrong.text);
    let sent = maker.post("/rules/entry", &entry("propose", "rate = \"0.0199\"")).await;
    assert!(sent.location().starts_with("/rules/proposals/"), "{}", sent.text);
    let review = maker.get(sent.location()).await.text;
    assert!(review.contains("0.0199") && review.contains("试算申请"), "{review}");

    let explained = maker.get(&format!("/rules/explain?platform=hainan&application={applyno}")).await.text;
    assert!(explained.contains("与规则一致") && explained.contains("平台设置"), "{explained}");
    let none = maker.get("/rules/explain?platform=hainan&application=nothing").await.text;
    assert!(none.contains("没有此申请"), "{none}");

    let changed = BUILT_IN.replace("投标保证保险凭证", "投标保证保险凭证（新版）");
    let template = |step, text| {
        [("name", "bid-bond-insurance.typ"), ("text", text), ("reason", "新版条款"), ("step", step)]
    };
    let printed = maker.post("/rules/template", &template("try", &changed)).await;
    assert!(printed.text.matches("data:image/png;base64,").count() >= 2, "{}", printed.text);
    let broken = maker.post("/rules/template", &template("try", "#nothing")).await;
    assert!(broken.text.contains("模板试排未通过") && !broken.text.contains("data:image"), "{}", broken.text);
    for place in ["/rules/templates", "/rules/history", "/rules"] {
        assert_eq!(maker.get(place).await.status, StatusCode::OK, "{place}");
    }
    let text = maker.get("/rules/templates/bid-bond-insurance.typ/text").await.text;
    assert_eq!(text, BUILT_IN);
    assert_eq!(maker.get("/rules/templates/none.typ/text").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_section_that_came_before_its_agreed_key_was_changed_is_still_opened_by_the_former() {
    let manual = "[platforms.zhangzhou.underwriting]\nmode = \"manual\"\n";
    let house = House::<Actor>::with(Role::Zhangzhou, Database::Sqlite, manual).await.tender();
    let (applyno, answer) = house.sandbox.apply_generated().await.unwrap();
    assert!(answer.is_accepted(), "{answer}");
    let (id, guarantee) = (PlatformId::new("zhangzhou"), house.stored(&applyno).await.unwrap());
    let readable = async || {
        let (platform, of) = (house.gateway.assembly.platforms.of(&id).unwrap(), guarantee.clone());
        let read = house.gateway.assembly.store.read(move |c| sections::revealed(c, &platform, &of));
        read.await.unwrap().map(|mut section| std::mem::take(&mut section.number))
    };
    let before = readable().await;
    assert!(before.is_some());
    let (platform, other) = (id.clone(), Secret::new(hex::encode([7; 16])));
    let item =
        house.gateway.assembly.store.read(move |connection| {
            propose_secret(connection, &platform, SecretKey::AgreedKey, &other, None)
        });
    house.adopted(&Change::new(vec![item.await.unwrap()], "更换约定密钥")).await;
    assert_eq!(readable().await, before);
    assert!(!house.push_is_accepted().await, "what comes now has to be encrypted under the new one");
}
