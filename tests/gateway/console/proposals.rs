//! Maker and checker: what one proposes is done once another approves it, and in no other way.

use baohan_gateway::access::{Operator, Role};
use baohan_gateway::casework::decisions::Decision;
use baohan_gateway::domain::Stage;
use baohan_gateway::domain::guarantee::LetterKind;
use baohan_gateway::proposals::{
    self as maker_checker, Bench, By, Draft, Payload, Undecided, Verdict, grants,
};
use baohan_gateway::store::audit;
use baohan_gateway::store::proposals::{self, Proposal, ProposalId, State, Subject};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;

use super::CONSOLE;
use super::visitor::Visitor;
use crate::house::{House, on_both_databases};

const MAKER: &[Role] = &[Role::Maker];
const CHECKER: &[Role] = &[Role::Checker];
const BOTH: &[Role] = &[Role::Maker, Role::Checker];

fn person(name: &str, roles: &[Role]) -> By {
    let operator = Operator { id: format!("user-{name}"), name: name.to_owned(), roles: roles.to_vec() };
    By { operator, address: None }
}

impl House {
    fn bench(&self) -> Bench {
        let assembly = &self.gateway.assembly;
        let (platforms, changes) = (assembly.platforms.clone(), assembly.changes.clone());
        Bench { platforms, options: self.settings().proposals, changes }
    }

    async fn subject(&self, applyno: &str) -> Subject {
        Subject::Guarantee(self.stored(applyno).await.unwrap().id)
    }

    /// A surrender that was agreed with the applicant, proposed.
    async fn surrender_proposed(&self, applyno: &str, by: &By) -> Proposal {
        let decision = Decision::Surrender { reason: "投标人不再参加投标".to_owned() };
        self.proposed(self.subject(applyno).await, Payload::Decision { decision }, by).await
    }

    async fn proposed(&self, subject: Subject, payload: Payload, by: &By) -> Proposal {
        let (bench, by, at) = (self.bench(), by.clone(), self.gateway.assembly.clock.now());
        let draft = Draft { subject, payload, reason: "电话确认".to_owned() };
        let made =
            self.gateway.assembly.store.write(move |c| maker_checker::propose(c, &bench, &draft, &by, at));
        made.await.unwrap().unwrap()
    }

    async fn approved(&self, proposal: &Proposal, by: &By) -> Result<Proposal, Undecided> {
        let (bench, by, at) = (self.bench(), by.clone(), self.gateway.assembly.clock.now());
        let verdict =
            Verdict {
                id: proposal.id.clone(), seen: proposal.digest.clone(), remark: "已核对".to_owned()
            };
        let decided =
            self.gateway.assembly.store.write(move |c| maker_checker::approve(c, &bench, &verdict, &by, at));
        decided.await.unwrap()
    }

    async fn known(&self, id: &ProposalId) -> Proposal {
        let id = id.clone();
        self.gateway.assembly.store.read(move |c| proposals::find(c, &id)).await.unwrap().unwrap()
    }

    /// The acts on proposals that the audit trail has, oldest first, with all that it says of them.
    async fn on_record(&self) -> Vec<(String, String)> {
        let filter = audit::Filter { limit: 100, ..audit::Filter::default() };
        let found = self.gateway.assembly.store.read(move |c| audit::list(c, &filter)).await.unwrap();
        found.into_iter().rev().map(|it| (it.action.clone(), format!("{it:?}"))).collect()
    }

    /// The bytes of all columns of a table, as the database has them, in hexadecimal.
    fn bytes(&self, table: &str, columns: &[&str]) -> String {
        let sqlite = !self.settings().store.url.expose().starts_with("postgres");
        let column = |name: &&str| match (sqlite, name.strip_prefix("text:")) {
            (true, text) => format!("hex({})", text.unwrap_or(name)),
            (false, Some(text)) => format!("encode(convert_to({text}, 'UTF8'), 'hex')"),
            (false, None) => format!("encode({name}, 'hex')"),
        };
        let columns: Vec<String> =
            columns.iter().map(|name| format!("COALESCE({}, '')", column(name))).collect();
        let sql = format!("SELECT {} AS line FROM {table}", columns.join(" || "));
        self.ledger().lines(&sql).join("\n").to_ascii_lowercase()
    }
}

/// Fills in the form for a key.
async fn paste(visitor: &Visitor, guarantee: &str, key: &str) -> super::visitor::Page {
    let fields = [
        ("guarantee", guarantee),
        ("key", key),
        ("iv", ""),
        ("opened_at", "2026-06-24T09:30"),
        ("reason", "平台电话告知密钥"),
    ];
    visitor.post("/proposals/new/key", &fields).await
}

/// What `baohan proposals …` prints.
async fn run(house: &House, line: &[&str]) -> String {
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_baohan"));
    program.arg("-s").arg(&house.settings).arg("-s").arg(&house.overrides).arg("proposals").args(line);
    let output = tokio::task::spawn_blocking(move || program.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What stands in a hidden field of a page.
fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page
        .split_once(&format!("name=\"{name}\" value=\""))
        .unwrap_or_else(|| panic!("no {name} in {page}"));
    rest.split_once('"').unwrap().0.to_owned()
}

on_both_databases! {
    async fn a_pasted_key_that_another_approves_rescues_a_restoration_that_failed(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        let applyno = house.issued().await;
        let answer = house.sandbox.restore_with_wrong_key(&applyno).await.unwrap();
        assert!(!answer.is_accepted(), "{answer}");
        house.sandbox.open_without_a_push(&applyno).unwrap();
        let id = house.stored(&applyno).await.unwrap().id.to_string();
        let key = house.sandbox.application(&applyno).unwrap().key;
        let text = STANDARD.encode(key);
        let (maker, checker) = (house.visitor("经办", MAKER).await, house.visitor("复核", CHECKER).await);

        let page = maker.get(&format!("/proposals/new/key?guarantee={id}")).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        let page = paste(&maker, &id, &STANDARD.encode([7; 16])).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.text.contains("key 不能还原该保函的密文"), "{}", page.text);
        assert!(house.ledger().lines("SELECT id AS line FROM proposals").is_empty());
        assert!(house.on_record().await.is_empty());

        let page = paste(&maker, &id, &text).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
        let place = page.location().to_owned();
        let page = maker.get(&place).await;
        assert!(!page.text.contains("/approve"), "no button for one's own: {}", page.text);
        assert!(!page.text.contains(&text), "{}", page.text);
        // The same once more is no second proposal.
        let again = paste(&maker, &id, &text).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", again.text);

        let page = checker.get(&place).await;
        assert!(page.text.contains("保函已出具 → 已开标待还原"), "{}", page.text);
        assert!(checker.get("/proposals").await.text.contains(&place));
        assert!(checker.get("/proposals/count").await.text.contains(">1<"));
        let seen = hidden(&page.text, "seen");
        // Whoever only makes has no way to approve.
        let refused = maker.post(&format!("{place}/approve"), &[("seen", &seen)]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert_eq!(house.stored(&applyno).await.unwrap().stage, Stage::Issued);
        let done = checker.post(&format!("{place}/approve"), &[("seen", &seen), ("remark", "已核对")]).await;
        assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, place.as_str()), "{}", done.text);
        house.until(|platform| platform.delivery(&applyno).is_some_and(|it| it.plaintext.is_some())).await;
        assert!(checker.get(&place).await.text.contains("已批准并执行"));

        let trail = house.on_record().await;
        let acts: Vec<&str> = trail.iter().map(|(action, _)| action.as_str()).collect();
        assert_eq!(acts, ["proposal.make", "proposal.approve"]);
        let stored = [
            house.bytes("proposals", &["payload", "reason", "conclusion", "text:digest", "text:kind", "text:subject"]),
            house.bytes("audit_entries", &["detail"]),
            trail.into_iter().map(|(_, entry)| hex::encode(entry)).collect(),
        ];
        for form in [hex::encode(key), hex::encode(hex::encode(key)), hex::encode(&text)] {
            assert!(stored.iter().all(|bytes| !bytes.is_empty() && !bytes.contains(&form)));
        }
    }

    async fn keys_of_a_section_are_pasted_as_a_list_and_a_wrong_line_stops_all(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        let (one, two) = (house.issued().await, house.issued().await);
        let (maker, checker) = (house.visitor("经办", MAKER).await, house.visitor("复核", CHECKER).await);
        let line = |applyno: &str, key: [u8; 16]| format!("{applyno}\t{}", STANDARD.encode(key));
        let right = |applyno: &str| line(applyno, house.sandbox.application(applyno).unwrap().key);
        let paste = async |list: String| {
            let fields = [
                ("platform", "hainan"),
                ("keys", list.as_str()),
                ("opened_at", "2026-06-24T09:30:00"),
                ("reason", "平台邮件"),
            ];
            maker.post("/proposals/new/keys", &fields).await
        };
        let page = paste(format!("{}\n{}\nA0,{}", right(&one), line(&two, [7; 16]), "x")).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.text.contains("第 2 行") && page.text.contains("第 3 行"), "{}", page.text);
        assert!(!page.text.contains("第 1 行") && !page.text.contains(&STANDARD.encode([7; 16])));
        let page = paste(format!("{}\r\n\r\n{}\r\n", right(&one), right(&two))).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
        let place = page.location().to_owned();
        house.sandbox.open_without_a_push(&two).unwrap();
        // One of them is opened by the platform after all: the other is still to be done.
        assert!(house.sandbox.restore(&one).await.unwrap().is_accepted());
        let seen = hidden(&checker.get(&place).await.text, "seen");
        let done = checker.post(&format!("{place}/approve"), &[("seen", &seen)]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
        house.until(|platform| platform.delivery(&two).is_some_and(|it| it.plaintext.is_some())).await;
        let page = checker.get(&place).await.text;
        assert!(page.contains("已批准并执行") && page.contains("保函已开标还原"), "{page}");
    }

    async fn nobody_approves_what_they_have_proposed(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        let applyno = house.issued().await;
        let visitor = house.visitor("多面手", BOTH).await;
        let mut me = person("多面手", BOTH);
        me.operator.id = visitor.user.clone();
        let proposal = house.surrender_proposed(&applyno, &me).await;
        let place = format!("/proposals/{}", proposal.id);

        let page = visitor.get(&place).await;
        assert!(!page.text.contains("/approve") && page.text.contains("/withdraw"), "{}", page.text);
        let page = visitor.post(&format!("{place}/approve"), &[("seen", &proposal.digest)]).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        assert_eq!(house.approved(&proposal, &me).await, Err(Undecided::Own));
        let settle = |state: &str, by: &str| {
            format!("UPDATE proposals SET state = '{state}', decided_at = 1, decided_by = {by}, decider_name = 'x'")
        };
        for (state, by) in [
            ("approved", format!("'{}'", visitor.user)),
            ("refused", format!("'{}'", visitor.user)),
            ("failed", format!("'{}'", visitor.user)),
            ("approved", "NULL".to_owned()),
            ("withdrawn", "'another'".to_owned()),
            ("done", "'another'".to_owned()),
        ] {
            house.ledger().refuses(&settle(state, &by));
        }
        assert_eq!(house.known(&proposal.id).await.state, State::Open);
        assert_eq!(house.stored(&applyno).await.unwrap().stage, Stage::Issued);
        let page = visitor.post(&format!("{place}/withdraw"), &[]).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER);
        assert_eq!(house.known(&proposal.id).await.state, State::Withdrawn);
        let checker = person("复核", CHECKER);
        assert_eq!(house.approved(&proposal, &checker).await, Err(Undecided::Ended(State::Withdrawn)));
    }

    async fn what_was_changed_in_the_database_is_not_carried_out(database: Database) {
        let house = House::open(database).await;
        let (one, two) = (house.issued().await, house.issued().await);
        let (maker, checker) = (person("经办", MAKER), person("复核", CHECKER));
        let first = house.surrender_proposed(&one, &maker).await;
        let second = house.surrender_proposed(&two, &maker).await;
        let unseen = Proposal { digest: second.digest.clone(), ..first.clone() };
        assert_eq!(house.approved(&unseen, &checker).await, Err(Undecided::Changed));
        let changes = [
            format!("payload = (SELECT payload FROM proposals WHERE id = '{}')", second.id),
            format!("subject = '{}'", second.subject.id()),
            "made_by = 'user-another'".to_owned(),
            "expires_at = expires_at + 1".to_owned(),
            "version = 7".to_owned(),
            "kind = 'act-waive'".to_owned(),
        ];
        let kept = ["payload", "subject", "made_by", "expires_at", "version", "kind"].join(", ");
        house.ledger().execute(&format!("CREATE TABLE kept AS SELECT id, {kept} FROM proposals"));
        for change in changes {
            let (column, _) = change.split_once(' ').unwrap();
            house.ledger().execute(&format!("UPDATE proposals SET {change} WHERE id = '{}'", first.id));
            assert_eq!(house.approved(&first, &checker).await, Err(Undecided::Changed), "{change}");
            house.ledger().execute(&format!(
                "UPDATE proposals SET {column} = (SELECT {column} FROM kept WHERE kept.id = proposals.id)"
            ));
        }
        for applyno in [&one, &two] {
            assert_eq!(house.stored(applyno).await.unwrap().stage, Stage::Issued);
        }
        assert!(house.on_record().await.iter().filter(|(action, _)| action == "proposal.changed").count() >= 6);
        // Put back as it was, it is what was proposed.
        assert_eq!(house.approved(&first, &checker).await.unwrap().state, State::Approved);
        assert_eq!(house.stored(&one).await.unwrap().stage, Stage::Surrendered);
    }

    async fn two_who_approve_at_once_have_one_effect(database: Database) {
        let house = House::open(database).await;
        let applyno = house.issued().await;
        let proposal = house.surrender_proposed(&applyno, &person("经办", MAKER)).await;
        let (one, two) = (person("甲", CHECKER), person("乙", CHECKER));
        let (first, second) = tokio::join!(house.approved(&proposal, &one), house.approved(&proposal, &two));
        let mut outcomes = [first.map(|it| it.state), second.map(|it| it.state)];
        outcomes.sort_by_key(Result::is_err);
        assert_eq!(outcomes, [Ok(State::Approved), Err(Undecided::Ended(State::Approved))]);
        assert_eq!(house.approved(&proposal, &one).await, Err(Undecided::Ended(State::Approved)));
        let listed = run(&house, &["list", "--all"]).await;
        assert!(listed.contains(proposal.id.as_str()) && listed.contains("approved"), "{listed}");
        assert!(!run(&house, &["list"]).await.contains(proposal.id.as_str()), "it is not open");
        let shown = run(&house, &["show", proposal.id.as_str()]).await;
        assert!(shown.contains("电话确认") && shown.contains("remark  已核对"), "{shown}");
        let titles = house.timeline(&applyno).await;
        assert_eq!(titles.iter().filter(|title| **title == "已退保").count(), 1, "{titles:?}");
    }

    async fn what_has_become_impossible_fails_and_what_is_late_expires(database: Database) {
        let house = House::open_with(database, "[proposals]\nexpires = \"5s\"\nkeys_expire = \"0s\"\n").await;
        let applyno = house.issued().await;
        let (maker, checker) = (person("经办", MAKER), person("复核", CHECKER));
        let opened_at = house.gateway.assembly.clock.now();
        let key = baohan_gateway::secret::Secret::new(STANDARD.encode(house.sandbox.application(&applyno).unwrap().key));
        let (bench, id) = (house.bench(), house.stored(&applyno).await.unwrap().id);
        let none = baohan_gateway::secret::Secret::new("");
        let payload = house.gateway.assembly.store.read(move |c| {
            maker_checker::opening_keys::for_guarantee(c, &bench, &id, (&key, &none), opened_at, opened_at)
        });
        let late = house.proposed(house.subject(&applyno).await, payload.await.unwrap().unwrap(), &maker).await;
        assert_eq!(house.approved(&late, &checker).await, Err(Undecided::Expired));
        let expired = house.known(&late.id).await;
        assert_eq!((expired.state, expired.decided_by), (State::Expired, None));
        let (act, entry) = house.on_record().await.pop().unwrap();
        assert!(act == "proposal.expire" && entry.contains("House"), "{entry}");

        let proposal = house.surrender_proposed(&applyno, &maker).await;
        assert!(house.sandbox.restore(&applyno).await.unwrap().is_accepted());
        house.at_rest().await;
        let before = house.ledger().state();
        let failed = house.approved(&proposal, &checker).await.unwrap();
        assert_eq!(failed.state, State::Failed);
        assert_eq!(failed.conclusion.outcome[0].refused.as_deref(), Some("已开标，不能退保"));
        assert_eq!(house.ledger().state(), before);
    }

    async fn a_look_is_granted_to_its_maker_alone_and_each_look_is_noted(database: Database) {
        let house = House::open(database).await;
        let applyno = house.issued().await;
        let (maker, checker) = (person("经办", MAKER), person("复核", CHECKER));
        let subject = house.subject(&applyno).await;
        let message = house.ledger().lines("SELECT id AS line FROM messages WHERE guarantee_id IS NOT NULL").remove(0);
        let look = async |by: &By, subject: &Subject, minutes: i64| {
            let at = house.gateway.assembly.clock.now().saturating_add(jiff::SignedDuration::from_mins(minutes)).unwrap();
            let (by, subject) = (by.clone(), subject.clone());
            let looked = house.gateway.assembly.store.write(move |c| grants::look(c, &by, &subject, at));
            looked.await.unwrap().is_some()
        };
        let of_message = Subject::Message(message);
        let proposal = house.proposed(subject.clone(), Payload::Unmask { minutes: 15 }, &maker).await;
        assert!(!look(&maker, &subject, 0).await, "not before another has approved it");
        let approved = house.approved(&proposal, &checker).await.unwrap();
        assert!(approved.holds_until.is_some());
        assert!(look(&maker, &subject, 0).await && look(&maker, &of_message, 0).await);
        assert!(!look(&checker, &subject, 0).await, "nobody but its maker");
        assert!(!look(&maker, &subject, 16).await, "not for ever");
        let looks = house.on_record().await.into_iter().filter(|(action, _)| action == "unmask.look").count();
        assert_eq!(looks, 2);
    }

    async fn a_delivered_letter_is_sent_again_and_jobs_are_discarded_by_two(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        let applyno = house.restored().await;
        house.at_rest().await;
        let (maker, checker) = (person("经办", MAKER), person("复核", CHECKER));
        let again = Payload::ResendLetter { letter: LetterKind::Merged };
        let proposal = house.proposed(house.subject(&applyno).await, again, &maker).await;
        assert_eq!(house.approved(&proposal, &checker).await.unwrap().state, State::Approved);
        let twice = |it: baohan_gateway::sandbox::hainan::Delivery| it.plaintext.is_some_and(|it| it.completions == 2);
        house.until(|platform| platform.delivery(&applyno).is_some_and(twice)).await;

        let (maker, checker) = (house.visitor("经办", MAKER).await, house.visitor("复核", CHECKER).await);
        let round = house.ledger().lines("SELECT id AS line FROM jobs WHERE kind = 'round' AND state = 'ready'").remove(0);
        let fields = [("action", "discard"), ("job", round.as_str()), ("reason", "平台已停用")];
        let page = maker.post("/proposals/jobs", &fields).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
        let place = page.location().to_owned();
        let seen = hidden(&checker.get(&place).await.text, "seen");
        let page = checker.post(&format!("{place}/approve"), &[("seen", &seen)]).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
        let ended = house.ledger().lines(&format!("SELECT state || ' ' || cause || ' ' || detail AS line FROM jobs WHERE id = '{round}'"));
        assert_eq!(ended, ["done discarded 平台已停用"]);
    }

    async fn an_act_by_hand_is_filled_in_a_form_and_refused_with_a_reason(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        let applyno = house.issued().await;
        let id = house.stored(&applyno).await.unwrap().id.to_string();
        let (maker, checker) = (house.visitor("经办", MAKER).await, house.visitor("复核", CHECKER).await);
        let page = maker.get(&format!("/proposals/new/act?guarantee={id}&act=surrender")).await;
        assert!(page.text.contains("name=\"said\"") && page.text.contains("act=surrender"), "{}", page.text);
        assert!(!page.text.contains("act=approve"), "only what may be done now: {}", page.text);
        let mut fields = vec![("guarantee", id.as_str()), ("act", "surrender"), ("said", ""), ("reason", "客户来函")];
        let page = maker.post("/proposals/new/act", &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", page.text);
        fields[2].1 = "投标人不再参加投标";
        let page = maker.post("/proposals/new/act", &fields).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
        let place = page.location().to_owned();
        let page = checker.get(&place).await;
        assert!(page.text.contains("保函已出具 → 已退保") && page.text.contains("客户来函"), "{}", page.text);
        let seen = hidden(&page.text, "seen");
        let refuse = format!("{place}/refuse");
        let page = checker.post(&refuse, &[("seen", &seen), ("remark", " ")]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        let page = checker.post(&refuse, &[("seen", &seen), ("remark", "来函未盖章")]).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER);
        assert!(maker.get(&place).await.text.contains("来函未盖章"));
        let file = maker.get("/proposals/export?show=decided&format=csv").await;
        assert!(file.text.contains("来函未盖章") && file.text.contains("协议退保"), "{}", file.text);
        assert_eq!(house.stored(&applyno).await.unwrap().stage, Stage::Issued);
    }
}
