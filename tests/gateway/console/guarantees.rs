//! Operators and guarantees: whatever somebody knows of one finds it, its page tells all that happened in order, and nobody's
//! personal data is shown.

use baohan_gateway::access::Role;
use baohan_gateway::sandbox::hainan::{Act, Fault};
use baohan_gateway::store::jobs::JobState;
use reqwest::StatusCode;
use serde_json::{Map, Value};

use super::CONSOLE;
use super::visitor::Visitor;
use crate::faults::{QUICK, applied, jobs_in, until_stored};
use crate::house::{House, on_both_databases};
use crate::operator::MANUAL;
use crate::pushes::{APPLICATION, APPLYNO, altered, credential, digest};

/// A text as an address has it.
fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Where the search box leads with a text; the list itself where it leads to no single page.
async fn found(visitor: &Visitor, text: &str) -> Result<String, String> {
    let page = visitor.get(&format!("/guarantees?q={}", encoded(text))).await;
    match page.status {
        StatusCode::SEE_OTHER => Ok(page.location().to_owned()),
        StatusCode::OK => Err(page.text),
        other => panic!("{text}: {other}\n{}", page.text),
    }
}

/// The value of a form's hidden field.
fn hidden(page: &str, name: &str) -> String {
    let (_, field) =
        page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("{page}"));
    field.split('"').next().unwrap().to_owned()
}

/// The titles of the entries of one sort, as they stand on the page.
fn titles(page: &str, sort: &str) -> Vec<String> {
    let entries = page.split("<li id=\"").skip(1).filter(|entry| entry.starts_with(sort));
    let title = |entry: &str| {
        let (_, title) = entry.split_once("<b>")?;
        title.split_once("</b>").map(|(title, _)| title.to_owned())
    };
    entries.map(|entry| title(entry).unwrap_or_else(|| panic!("no title in {entry}"))).collect()
}

on_both_databases! {
    async fn whatever_is_known_of_a_guarantee_finds_it(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        let applyno = house.restored().await;
        house.at_rest().await;
        let operator = house.visitor("李工", &[Role::Operations]).await;
        let (stored, told) = (house.stored(&applyno).await.unwrap(), house.sandbox.application(&applyno).unwrap());
        let place = format!("/guarantees/{}", stored.id);

        let number = house.number(&applyno).await;
        for key in [applyno.as_str(), &number, stored.id.as_str(), &format!("  {applyno} ")] {
            assert_eq!(found(&operator, key).await.as_deref(), Ok(place.as_str()), "{key}");
        }
        let middle: String = told.biddername.chars().skip(3).take(4).collect();
        let listed = [
            told.biddercode.as_str(),
            &told.biddercode[..10],
            &told.biddercode[..14].to_lowercase(),
            &told.biddername,
            &middle,
            &told.section_number,
        ];
        for key in listed {
            let list = found(&operator, key).await.unwrap_err();
            assert!(list.contains(&place), "{key}\n{list}");
        }
        for other in ["TB-nobody", "9999999999", "没有这个名称", "%", "__________"] {
            let list = found(&operator, other).await.unwrap_err();
            assert!(!list.contains(&place) && list.contains("没有找到"), "{other}\n{list}");
        }

        let lines = house.ledger().lines("SELECT id || ' ' || request_id AS line FROM messages WHERE guarantee_id IS NOT NULL");
        for line in &lines {
            let (message, request) = line.split_once(' ').unwrap();
            assert_eq!(found(&operator, message).await, Ok(format!("/messages/{message}")));
            assert_eq!(found(&operator, request).await, Ok(format!("{place}#message-{message}")));
        }
    }

    async fn a_section_is_found_only_once_its_number_may_be_read(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        let applyno = house.issued().await;
        let operator = house.visitor("李工", &[Role::Operations]).await;
        let (id, told) = (house.stored(&applyno).await.unwrap().id, house.sandbox.application(&applyno).unwrap());
        let page = operator.get(&format!("/guarantees/{id}")).await;
        for secret in [&told.section_number, &told.section_name, &told.beneficiary] {
            assert!(!page.text.contains(secret.as_str()), "{secret} before the opening");
        }
        assert!(!found(&operator, &told.section_number).await.unwrap_err().contains(id.as_str()));

        house.sandbox.restore(&applyno).await.unwrap();
        assert!(found(&operator, &told.section_number).await.unwrap_err().contains(id.as_str()));
        let page = operator.get(&format!("/guarantees/{id}")).await;
        for open in [&told.section_number, &told.section_name, &told.beneficiary] {
            assert!(page.text.contains(open.as_str()), "{open} after the opening");
        }
    }

    async fn a_whole_life_is_told_once_and_in_order_without_personal_data(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        let applyno = house.restored().await;
        for answer in [house.sandbox.invoice(&applyno, "1").await, house.sandbox.claim(&applyno).await] {
            assert!(answer.unwrap().is_accepted());
        }
        house.at_rest().await;
        let operator = house.visitor("李工", &[Role::Operations]).await;
        let (id, told) = (house.stored(&applyno).await.unwrap().id, house.sandbox.application(&applyno).unwrap());
        let page = operator.get(&format!("/guarantees/{id}")).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        assert_eq!(titles(&page.text, "event-"), house.timeline(&applyno).await);
        assert!(!page.text.contains("/live"), "a guarantee at rest is not asked for again");
        for letter in ["密文保函</a>", "明文保函（含密文保函）</a>"] {
            assert!(page.text.contains(letter), "{letter}");
        }

        let mut pages = vec![page.text];
        let ids = house.ledger().lines("SELECT id AS line FROM messages");
        for message in &ids {
            pages.push(operator.get(&format!("/messages/{message}")).await.text);
        }
        pages.push(operator.get("/guarantees").await.text);
        let personal = [
            told.jbrname.as_str(),
            &told.jbrphone,
            "46050100163600009876",
            "46050100163600001234",
            "王某某",
            "13900001111",
            "0898-65300000",
            "caiwu@example.com",
            &credential("appsecret"),
        ];
        for page in &pages {
            for text in personal {
                assert!(!page.contains(text), "{text} in\n{page}");
            }
        }
        let masked = format!("{}****{}", &told.jbrphone[..3], &told.jbrphone[7..]);
        assert!(pages[0].contains(&masked), "{masked}");
    }

    async fn a_digest_that_does_not_match_is_explained_without_the_secret(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        let operator = house.visitor("李工", &[Role::Operations]).await;
        // The platform leaves a field out of its digest.
        let mut fields: Map<String, Value> = serde_json::from_str(APPLICATION).unwrap();
        let name = fields.remove("jbrname").unwrap();
        let made = digest(&fields);
        fields.insert("jbrname".to_owned(), name);
        fields.insert("sign".to_owned(), made.into());
        let reply = house.post("baohanapply", Value::Object(fields).to_string()).await;
        let place = found(&operator, &reply.request_id).await.unwrap();
        let page = operator.get(&place).await.text;
        assert!(page.contains("字段 jbrname 不参与签名"), "{page}");
        assert!(page.contains("<del>jbrname=林*&#38;</del>"), "{page}");
        assert!(page.contains("appsecret=***") && !page.contains(&credential("appsecret")), "{page}");

        let changed = APPLICATION.replace("800000.00", "1.00");
        let forged: Map<String, Value> = serde_json::from_str(&changed).unwrap();
        let reply = house.post("baohanapply", changed).await;
        let page = operator.get(&found(&operator, &reply.request_id).await.unwrap()).await.text;
        assert!(page.contains("多半是密钥（appsecret）不同") && page.contains("摘要校验失败"), "{page}");
        assert!(!page.contains(&credential("appsecret")), "{page}");
        assert!(!page.contains(&digest(&forged)), "the page signs no message: {page}");
        assert!(!page.contains("13800000001") && page.contains("138****0001"), "{page}");
    }

    async fn a_name_that_is_a_script_is_a_name(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        let name = "<script>alert(1)</script>有限公司";
        let push = altered(APPLICATION, &[("biddername", name)]);
        let reply = house.post("baohanapply", push).await;
        assert!(reply.body.contains("\"1\""), "{}", reply.body);
        let operator = house.visitor("李工", &[Role::Operations]).await;
        let id = house.stored(APPLYNO).await.unwrap().id;
        let message = house.ledger().messages(&reply.request_id).remove(0);
        let place = format!("/guarantees?q={}", encoded("<script>"));
        for place in [place, format!("/guarantees/{id}"), format!("/messages/{message}")] {
            let page = operator.get(&place).await.text;
            assert!(!page.contains("<script>alert"), "{place}\n{page}");
            assert!(page.contains("&#60;script&#62;alert(1)"), "{place}\n{page}");
        }
    }

    async fn filters_are_in_the_address_and_pages_follow_each_other(database: Database) {
        // A person is to underwrite, so that no letter is made.
        let house = House::open_with(database, &format!("{MANUAL}{CONSOLE}")).await;
        assert_eq!(house.sandbox.apply_many(52).await.len(), 52);
        let operator = house.visitor("李工", &[Role::Operations, Role::Auditor]).await;
        let count = |page: &str| page.matches("href=\"/guarantees/0").count();

        let first = operator.get("/guarantees?stage=applied&platform=hainan").await.text;
        assert_eq!(count(&first), 50, "{first}");
        let next = first.split("<a href=\"").find(|link| link.contains("rel=\"next\"")).unwrap();
        let next = next.split('"').next().unwrap().replace("&#38;", "&");
        assert!(next.starts_with("/guarantees?platform=hainan&stage=applied&behind="), "{next}");
        let second = operator.get(&next).await.text;
        assert_eq!(count(&second), 2, "{second}");
        assert!(!second.contains("rel=\"next\"") && second.contains("value=\"applied\" selected"), "{second}");
        let on = |page: &str, id: &str| page.contains(&format!("href=\"/guarantees/{id}\""));
        for id in house.ledger().lines("SELECT id AS line FROM guarantees") {
            assert_ne!(on(&first, &id), on(&second, &id), "{id} stands on one page");
        }

        for (query, expected) in [
            ("awaits=underwriting", 50),
            ("awaits=claim", 0),
            ("stage=restored", 0),
            ("opened_from=2000-01-01", 0),
            ("received_from=2000-01-01", 50),
            ("received_to=2000-01-01", 0),
            ("undelivered=1", 0),
            ("dead=1", 0),
            ("sort=opened", 0),
            ("sort=updated", 50),
            ("platform=nobody", 0),
        ] {
            let page = operator.get(&format!("/guarantees?{query}")).await.text;
            assert_eq!(count(&page), expected, "{query}\n{page}");
        }
        for wrong in ["stage=x", "received_from=x", "behind=x"] {
            let page = operator.get(&format!("/guarantees?{wrong}")).await;
            assert_eq!(page.status, StatusCode::BAD_REQUEST, "{wrong}");
        }
        let file = operator.get("/guarantees/export?stage=applied&format=csv").await;
        assert_eq!(file.text.trim_end().lines().count(), 53, "{}", file.text);
        let applyno = house.sandbox.applications()[0].clone();
        let one = operator.get(&format!("/guarantees/export?q={applyno}&format=csv")).await;
        assert!(one.text.contains(&applyno) && one.text.trim_end().lines().count() == 2, "{}", one.text);
    }

    async fn a_job_that_was_given_up_stands_on_top_and_is_tried_again_from_there(database: Database) {
        let brief = QUICK.replace("repeat_last = 100", "repeat_last = 1") + "[jobs.breaker]\ncalls = 0\n" + CONSOLE;
        let house = House::open_with(database, &brief).await;
        house.sandbox.script(vec![Fault { interface: None, ..Fault::on("", Act::Status(503)).always() }]);
        let applyno = applied(&house.sandbox).await;
        let given_up = async || Some(jobs_in(&house, JobState::Dead).await).filter(|dead| dead.len() == 2);
        let dead = until_stored("jobs are given up", given_up).await;
        let operator = house.visitor("李工", &[Role::Operations]).await;
        let id = house.stored(&applyno).await.unwrap().id;
        let place = format!("/guarantees/{id}");

        let page = operator.get(&place).await.text;
        assert_eq!(page.matches("任务已放弃").count(), 2, "{page}");
        assert!(page.contains("重试次数用尽") && page.contains("503"), "{page}");
        let failures = operator.get(&format!("{place}?show=failures")).await.text;
        assert_eq!(titles(&failures, "event-"), Vec::<String>::new());
        assert!(failures.contains("HTTP 状态异常") && failures.contains("show=failures\" aria-current"), "{failures}");
        let listed = operator.get("/guarantees?dead=1").await.text;
        assert!(listed.contains(&place), "{listed}");

        house.sandbox.script(Vec::new());
        let elsewhere = format!("/guarantees/{}/jobs/{}/retry", uuid::Uuid::now_v7(), dead[0].id);
        assert_eq!(operator.post(&elsewhere, &[]).await.status, StatusCode::NOT_FOUND);
        for job in &dead {
            let done = operator.post(&format!("{place}/jobs/{}/retry", job.id), &[]).await;
            assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, place.as_str()));
        }
        let moving = operator.get(&format!("{place}/live")).await.text;
        assert!(moving.starts_with("<div id=\"guarantee\""), "{moving}");
        house.until(|platform| platform.delivery(&applyno).is_some_and(|it| it.ciphertext.is_some())).await;
        house.at_rest().await;
        let page = operator.get(&place).await.text;
        assert_eq!(page.matches("任务已放弃").count(), 0, "{page}");
        assert_eq!(titles(&page, "act-"), ["李工 · 重试任务", "李工 · 重试任务"]);
    }

    async fn what_is_covered_is_shown_to_whom_another_granted_it_and_each_look_is_on_record(database: Database) {
        let house = House::open_with(database, &format!("{MANUAL}{CONSOLE}")).await;
        house.post("baohanapply", APPLICATION).await;
        let maker = house.visitor("经办甲", &[Role::Maker]).await;
        let checker = house.visitor("复核乙", &[Role::Checker]).await;
        let id = house.stored(APPLYNO).await.unwrap().id;
        let (place, phone) = (format!("/guarantees/{id}"), "13800000001");
        let uncovered = async |visitor: &Visitor| {
            visitor.get(&format!("{place}?uncovered=1")).await.text.contains(phone)
        };
        assert!(!uncovered(&maker).await, "nobody has granted it");

        let fields = [("guarantee", id.as_str()), ("reason", "核对联系人")];
        let proposed = maker.post("/proposals/new/look", &fields).await;
        let proposal = proposed.location().to_owned();
        let page = maker.get(&place).await.text;
        assert!(page.contains(&format!("href=\"{proposal}\">待复核")), "{page}");
        let seen = hidden(&checker.get(&proposal).await.text, "seen");
        checker.post(&format!("{proposal}/approve"), &[("seen", &seen), ("remark", "已核对")]).await;

        assert!(!maker.get(&place).await.text.contains(phone), "covered unless asked for");
        assert!(uncovered(&maker).await && !uncovered(&checker).await);
        let message = house.ledger().lines("SELECT id AS line FROM messages WHERE direction = 'in'").remove(0);
        let covered = maker.get(&format!("/messages/{message}")).await.text;
        assert!(!covered.contains(phone) && covered.contains("uncovered=1"), "{covered}");
        let open = maker.get(&format!("/messages/{message}?uncovered=1")).await.text;
        assert!(open.contains(phone) && open.contains("林某某"), "{open}");
        let acts = titles(&maker.get(&place).await.text, "act-");
        assert_eq!(acts, ["经办甲 · 查看未遮盖内容"], "the look at the message is on the message's record");
    }
}
