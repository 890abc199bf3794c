//! Every push of every platform, spoiled in every way that needs no table's rule: each gets that platform's own failure,
//! is put on record and counted, and changes nothing.

use baohan_gateway::cli::demo::cast::{Actor, Role};
use baohan_gateway::dialect::action::Action;
use baohan_gateway::dialect::meaning::Meaning;
use baohan_gateway::dialect::table::{Direction, Interface};
use reqwest::Method;
use serde_json::Value;

use crate::house::{Database, House};
use crate::pushes::{JSON, client, failure, reply_to};
use crate::spoken::{About, Speaker};

/// More than any of the pushes is long.
const LONGEST_BODY: usize = 16_384;

const WRONG_DIGEST: &str = "sign 校验失败：报文摘要与报文内容不一致";

struct Case {
    name: &'static str,
    method: Method,
    body: String,
    code: &'static str,
    outcome: &'static str,
    message: String,
    /// As it is counted.
    counted: &'static str,
}

fn posted(
    name: &'static str,
    body: impl Into<String>,
    (code, outcome, counted): (&'static str, &'static str, &'static str),
    message: impl Into<String>,
) -> Case {
    let (body, message) = (body.into(), message.into());
    Case { name, method: Method::POST, body, code, outcome, message, counted }
}

/// A guarantee that nobody has.
fn nobody() -> About {
    About { application: "TB-NOBODY-1".to_owned(), guarantee: "BH-NOBODY-1".to_owned() }
}

/// A message with one of its outermost members changed and nothing else.
fn with(message: &str, member: &str, value: &str) -> String {
    let mut message: Value = serde_json::from_str(message).unwrap();
    message[member] = value.into();
    message.to_string()
}

fn spoiled(speaker: &Speaker<'_>, interface: &Interface) -> Vec<Case> {
    let sound = speaker.push(interface, &nobody(), &[]);
    let envelope = &speaker.table.envelope;
    let (account, time) = (&envelope.app_key, &envelope.timestamp);
    let twice = sound.replacen('{', &format!("{{\"{time}\":\"x\","), 1);
    let too_long = format!("报文过长，上限为 {LONGEST_BODY} 字节");
    let unsigned = ("101", "bad-digest", "bad_sign");
    let no_json = ("103", "not-json", "malformed");
    let mut cases = vec![
        posted("another digest", with(&sound, &envelope.digest, &"0".repeat(64)), unsigned, WRONG_DIGEST),
        posted("no digest", with(&sound, &envelope.digest, ""), unsigned, "sign 为必填项"),
        posted(
            "another account",
            with(&sound, account, "nobody"),
            ("101", "unknown-app-key", "unknown"),
            format!("{account} 未登记"),
        ),
        posted("a key twice", twice, ("103", "duplicate-field", "malformed"), format!("{time} 重复出现")),
        posted("no JSON", "hello", no_json, "报文不是 JSON 对象"),
        posted("nothing", "", no_json, "报文不是 JSON 对象"),
        posted("no end", sound.trim_end_matches('}'), no_json, "报文不是有效的 JSON 对象"),
        posted("too long", " ".repeat(LONGEST_BODY + 1), ("103", "too-large", "limited"), too_long),
    ];
    for method in [Method::GET, Method::PUT] {
        let (body, told) = (sound.clone(), ("103", "not-posted", "malformed"));
        cases.push(Case { method, ..posted("not posted", body, told, "请求方式应为 POST") });
    }
    let unknown = ("203", "refused", "refused");
    if !matches!(interface.does, Action::Apply | Action::Reconcile) {
        let words = match interface.field(Meaning::ApplicationNumber) {
            Some(_) => "业务流水号未找到对应的申请",
            None => "保函编号未找到对应的保函",
        };
        cases.push(posted("about nobody", sound, unknown, words));
    }
    cases
}

async fn send(house: &House<Actor>, speaker: &Speaker<'_>, path: &str, label: &str, case: Case) {
    let name = format!("{} {path}: {}", house.role.id(), case.name);
    let (platform, outcome) = (house.role.id(), case.counted);
    let counter = format!(
        r#"gw_inbound_requests_total{{platform="{platform}",interface="{label}",outcome="{outcome}"}}"#
    );
    let before = house.counted(&counter);
    let request = client().request(case.method, house.address(path)).header("content-type", JSON);
    let reply = reply_to(request.body(case.body)).await;
    house.assert_failed(&name, &reply, speaker.code(case.code), case.outcome, &case.message).await;
    assert_eq!(house.counted(&counter), before + 1, "{name}: {counter}");
    assert_eq!(house.ledger().state(), Vec::<String>::new(), "{name}");
}

/// How many pushes were sent.
async fn spoil_every_push(role: Role) -> usize {
    let limit = format!("[server]\nbody_bytes = {LONGEST_BODY}\n");
    let house = House::with(role, Database::Sqlite, &limit).await;
    let speaker = Speaker::of(&house);
    let mut sent = 0;
    for interface in speaker.interfaces() {
        for case in spoiled(&speaker, interface) {
            send(&house, &speaker, interface.path(), &interface.name, case).await;
            sent += 1;
        }
    }
    sent + misaddress(&house, &speaker).await
}

/// Pushes that are sound but for where they go.
async fn misaddress(house: &House<Actor>, speaker: &Speaker<'_>) -> usize {
    let first = speaker.interfaces().next().unwrap();
    let sound = speaker.push(first, &nobody(), &[]);
    let ours = speaker.table.interfaces.iter().filter(|it| it.direction == Direction::Out);
    let mut paths: Vec<&str> = ours.map(Interface::path).collect();
    // Some names go both ways.
    paths.retain(|path| speaker.interfaces().all(|it| it.path() != *path));
    paths.extend(["nothing", "%E4%BF%9D", "etc:passwd", first.path().get(1..).unwrap()]);
    for path in &paths {
        let told = ("103", "unknown-interface", "unknown");
        let case = posted("unknown interface", sound.as_str(), told, "接口不存在");
        send(house, speaker, path, "unknown", case).await;
    }
    if let Some(named) = &speaker.table.envelope.interface {
        for other in speaker.interfaces().skip(1) {
            let told = ("103", "unknown-interface", "unknown");
            let case = posted("another address", sound.as_str(), told, format!("{named} 与请求地址不一致"));
            send(house, speaker, other.path(), &other.name, case).await;
        }
    }
    let stranger = format!("http://{}/platforms/nowhere/{}", house.gateway.address, first.path());
    let reply = reply_to(client().post(stranger).header("content-type", JSON).body(sound)).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, failure("平台未接入").as_str()));
    assert!(house.ledger().state().is_empty());
    paths.len() + 1
}

macro_rules! of_every_platform {
    ($($name:ident: $role:expr, $interfaces:literal;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                assert!(spoil_every_push($role).await > $interfaces * 10);
            }
        )*
    };
}

of_every_platform! {
    a_spoiled_push_of_hainan_is_refused_in_its_own_way: Role::Hainan, 7;
    a_spoiled_push_of_jilin_is_refused_in_its_own_way: Role::Jilin, 7;
    a_spoiled_push_of_ggzy_is_refused_in_its_own_way: Role::Ggzy, 7;
    a_spoiled_push_of_zhangzhou_is_refused_in_its_own_way: Role::Zhangzhou, 5;
    a_spoiled_push_of_inner_mongolia_is_refused_by_its_own_codes: Role::Neimenggu, 6;
}
