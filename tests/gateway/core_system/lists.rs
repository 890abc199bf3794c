//! Lists of guarantees: what is found, page by page, and what is told of questions that can't be answered.

use baohan_gateway::api::Scope;
use baohan_gateway::cli::demo::cast::{Actor, Role};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::{API, Core, Reply};
use crate::house::{Database, House, PATIENCE, on_both_databases};
use crate::operator::MANUAL;

/// The applications' numbers on a page.
fn numbers(reply: &Reply) -> Vec<&str> {
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    let items = reply.body["items"].as_array().unwrap();
    items.iter().map(|item| item["application_number"].as_str().unwrap()).collect()
}

async fn found(core: &Core, parameters: &[(&str, &str)]) -> Vec<String> {
    let said = parameters.iter().map(|(name, value)| {
        format!("{name}={}", percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC))
    });
    let said: Vec<String> = said.collect();
    let reply = core.get(&format!("/guarantees?{}", said.join("&"))).await;
    numbers(&reply).into_iter().map(str::to_owned).collect()
}

/// What is told of a wrong question.
async fn told(core: &Core, query: &str) -> String {
    let reply = core.get(&format!("/guarantees?{query}")).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (400, "invalid-parameter"), "{query}: {reply:?}");
    reply.body["detail"].as_str().unwrap().to_owned()
}

/// A house in which nothing is decided by itself, with some applications, oldest first.
async fn applied(database: Database, count: usize) -> (House, Vec<String>) {
    let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
    let mut applied = Vec::new();
    for _ in 0..count {
        let (applyno, answer) = house.sandbox.apply_generated().await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        applied.push(applyno);
    }
    house.at_rest().await;
    (house, applied)
}

on_both_databases! {
    async fn pages_follow_each_other_newest_first_without_a_gap_or_a_repetition(database: Database) {
        let (house, mut applied) = applied(database, 7).await;
        let core = house.core().await;
        applied.reverse();
        assert_eq!(numbers(&core.get("/guarantees").await), applied);

        let (mut seen, mut path, mut pages) = (Vec::new(), "/guarantees?limit=3&stage=applied".to_owned(), 0);
        loop {
            let response = core.request(Method::GET, &path).send().await.unwrap();
            let link = response.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
            let page: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
            pages += 1;
            for item in page["items"].as_array().unwrap() {
                seen.push(item["application_number"].as_str().unwrap().to_owned());
            }
            // What comes meanwhile is newer than everything that is still to be shown.
            house.sandbox.apply_generated().await.unwrap();
            let Some(link) = link else {
                assert_eq!(page["next_cursor"], Value::Null);
                break;
            };
            let next = link.strip_prefix("</api/v1").unwrap().strip_suffix(">; rel=\"next\"").unwrap();
            assert!(next.ends_with(&format!("&cursor={}", page["next_cursor"].as_str().unwrap())), "{link}");
            next.clone_into(&mut path);
        }
        assert_eq!((seen, pages), (applied, 3));
    }

    async fn guarantees_are_found_by_what_is_known_of_them(database: Database) {
        let (house, applied) = applied(database, 4).await;
        let core = house.core().await;
        house.decided(&applied[1], &["decline", "--reason", "资料不全"]).await;
        house.decided(&applied[2], &["approve"]).await;
        let (number, application) =
            (house.number(&applied[2]).await, house.sandbox.application(&applied[0]).unwrap());
        let name: String = application.biddername.chars().take(6).collect();
        let [first, second, third, fourth] = [0, 1, 2, 3].map(|place| vec![applied[place].clone()]);
        let both = [third.clone(), second.clone()].concat();
        let open = [fourth.clone(), first.clone()].concat();
        for (parameters, expected) in [
            (vec![("platform", "hainan"), ("stage", "declined")], &second),
            (vec![("stage", "approved"), ("stage", "declined"), ("stage", "approved")], &both),
            (vec![("stage", "expired")], &vec![]),
            (vec![("awaits", "underwriting")], &open),
            (vec![("awaits", "underwriting"), ("stage", "approved")], &vec![]),
            (vec![("awaits", "premium")], &third),
            (vec![("application_number", applied[3].as_str())], &fourth),
            (vec![("guarantee_number", number.as_str())], &third),
            (vec![("guarantee_number", number.as_str()), ("stage", "declined")], &vec![]),
            (vec![("applicant_code", application.biddercode.as_str())], &first),
            (vec![("applicant_name", name.as_str()), ("applicant_code", &application.biddercode)], &first),
            (vec![("applicant_name", "没有这个名字")], &vec![]),
            (vec![("received_from", "2099-01-01T00:00:00+08:00")], &vec![]),
            (vec![("received_until", "2001-01-01T00:00:00Z")], &vec![]),
            (vec![("opened_from", "2001-01-01T00:00:00Z")], &vec![]),
        ] {
            assert_eq!(found(&core, &parameters).await, *expected, "{parameters:?}");
        }
        // What changed last comes first.
        let changed = found(&core, &[("updated_from", "2001-01-01T00:00:00Z")]).await;
        assert_eq!((changed.len(), &changed[..2]), (4, both.as_slice()));
        // A moment is included as a beginning, and not as an end.
        let shown = core.get(&format!("/guarantees?application_number={}", applied[1])).await;
        let at = shown.body["items"][0]["updated_at"].as_str().unwrap().to_owned();
        assert_eq!(found(&core, &[("updated_from", &at)]).await, both);
        assert!(!found(&core, &[("updated_until", &at)]).await.contains(&applied[1]));
    }

    async fn a_secret_section_finds_its_guarantees_from_the_opening_on(database: Database) {
        let house = House::open_with(database, API).await;
        let (core, applyno) = (house.core().await, house.issued().await);
        let application = house.sandbox.application(&applyno).unwrap();
        let sealed = application.sealed().unwrap().biaoduanno;
        let by_section = [("section", application.section_number.as_str())];
        assert_eq!(found(&core, &by_section).await, Vec::<String>::new());
        assert_eq!(found(&core, &[("section", &sealed)]).await, Vec::<String>::new());
        assert!(house.sandbox.restore_with_wrong_key(&applyno).await.unwrap().code == "0");
        assert_eq!(found(&core, &by_section).await, Vec::<String>::new());
        assert!(house.sandbox.restore(&applyno).await.unwrap().is_accepted());
        assert_eq!(found(&core, &by_section).await, [applyno.as_str()]);
        let opened = [by_section[0], ("opened_from", "2001-01-01T00:00:00Z"), ("platform", "hainan")];
        assert_eq!(found(&core, &opened).await, [applyno]);
        assert_eq!(found(&core, &[("section", "HNGZ-0")]).await, Vec::<String>::new());
    }

    async fn a_section_that_is_no_secret_finds_its_guarantees_at_once(database: Database) {
        let house = House::with(Role::Zhangzhou, database, API).await;
        let core = house.core().await;
        let Actor::Tender(platform) = &house.sandbox else { panic!("another platform") };
        let (applyno, answer) = platform.apply_generated().await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        let section = platform.application(&applyno).unwrap().section_number;
        assert_eq!(found(&core, &[("section", &section)]).await, [applyno]);
        house.sandbox.wait_until(|all| all.iter().all(|it| it.issued), PATIENCE).await;
    }

    async fn a_wrong_question_is_answered_with_what_was_expected(database: Database) {
        let (house, _) = applied(database, 3).await;
        let core = house.core().await;
        let cursor = core.get("/guarantees?limit=1").await.body["next_cursor"].as_str().unwrap().to_owned();
        let half = &cursor[..cursor.len() / 2];
        for (query, expected) in [
            ("colour=red", "`colour`: unknown parameter, expected one of platform, stage"),
            ("stage=nowhere", "`stage`: expected one of applied, approved"),
            ("awaits=godot", "`awaits`: expected one of underwriting, premium"),
            ("platform=mars", "`platform`: expected one of hainan, found `mars`"),
            ("limit=0", "`limit`: expected a number from 1 to 200, found `0`"),
            ("limit=201", "`limit`: expected a number from 1 to 200"),
            ("limit=5&limit=6", "`limit`: expected it once, found it 2 times"),
            ("applicant_name=%E6%B5%B7%E5%8D%97", "`applicant_name`: expected how the name begins, in 4 characters"),
            ("section=", "`section`: expected 1 to 200 characters"),
            ("section=a%00b", "`section`: expected 1 to 200 characters without control characters"),
            ("received_from=yesterday", "`received_from`: expected a time with its offset"),
            ("opened_from=2026-06-03", "`opened_from`: expected a time with its offset"),
            (
                "updated_from=2026-06-03T00:00:00Z&updated_until=2026-06-03T00:00:00Z",
                "`updated_until`: expected a time after `updated_from`",
            ),
            ("cursor=x", "`cursor`: expected `next_cursor` of a page as it was"),
            (&format!("cursor={half}"), "`cursor`: expected `next_cursor` of a page as it was"),
            (&format!("cursor={cursor}&stage=applied"), "`cursor`: expected the filters of the page"),
        ] {
            let found = told(&core, query).await;
            assert!(found.starts_with(expected), "{query}: {found}");
        }
        // Pages of other lengths are pages of the same list.
        assert_eq!(numbers(&core.get(&format!("/guarantees?cursor={cursor}&limit=2")).await).len(), 2);
    }

    async fn reading_needs_its_scope(database: Database) {
        let house = House::open_with(database, API).await;
        let applyno = house.issued().await;
        let (id, core) = (house.id_of(&applyno).await, house.core_allowed("clerk", &[Scope::Underwrite]).await);
        let one = format!("/guarantees/{id}");
        let below = ["timeline", "documents", "documents/00"].map(|what| format!("{one}/{what}"));
        for path in ["/guarantees", "/platforms", &one, &below[0], &below[1], &below[2]] {
            let reply = core.get(path).await;
            assert_eq!((reply.status.as_u16(), reply.code()), (403, "forbidden"), "{path}");
        }
    }
}
