//! All that the core system reads of one guarantee, and what it can't read yet.

use baohan_gateway::api::Scope;
use baohan_gateway::cli::demo::cast::{Actor, Role};
use baohan_gateway::cli::demo::clerk::Clerk;
use baohan_gateway::domain::Guarantee;
use baohan_gateway::domain::identity::{GuaranteeId, PlatformId};
use baohan_gateway::store::guarantees;
use baohan_gateway::store::pauses::{self, Pause};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{API, reply_to};
use crate::house::{House, PATIENCE, on_both_databases};
use crate::operator::MANUAL;

/// What stands sealed in an application.
fn secrets(application: &baohan_gateway::sandbox::hainan::Application) -> [&str; 4] {
    let code = application.beneficiary_code.as_deref().unwrap();
    [&application.section_number, &application.section_name, &application.beneficiary, code]
}

/// Every number in a document of JSON.
fn numbers(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Number(_) => found.push(at.to_owned()),
        Value::Array(items) => items.iter().for_each(|item| numbers(item, at, found)),
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| numbers(member, &format!("{at}/{name}"), found));
        }
        _ => {}
    }
}

on_both_databases! {
    async fn section_and_beneficiary_are_ciphertext_before_the_opening_and_plain_after_it(database: Database) {
        let house = House::open_with(database, API).await;
        let (core, applyno) = (house.core().await, house.issued().await);
        house.at_rest().await;
        let application = house.sandbox.application(&applyno).unwrap();
        let (id, sealed) = (house.id_of(&applyno).await, application.sealed().unwrap());
        let paths = ["", "/timeline?include=messages,jobs", "/documents"];
        for path in paths.map(|path| format!("/guarantees/{id}{path}")) {
            let said = core.get(&path).await.body.to_string();
            for secret in secrets(&application) {
                assert!(!said.contains(secret), "{path} tells {secret}");
            }
        }
        let listed = core.get("/guarantees").await.body.to_string();
        assert!(secrets(&application).iter().all(|secret| !listed.contains(secret)));

        let before = core.get(&format!("/guarantees/{id}")).await.body;
        assert_eq!(before["section"], Value::Null);
        let sent = &before["application"];
        assert_eq!(sent["secrecy"], "until-opening");
        assert_eq!(sent["section_number"], json!({"text": sealed.biaoduanno, "ciphertext": true}));
        assert_eq!(sent["section_name"], json!({"text": sealed.biaoduanname, "ciphertext": true}));
        assert_eq!(sent["beneficiary"], json!({"text": sealed.zbr, "ciphertext": true}));

        assert!(house.sandbox.restore(&applyno).await.unwrap().is_accepted());
        house.until(|platform| platform.delivery(&applyno).is_some_and(|it| it.plaintext.is_some())).await;
        house.at_rest().await;
        let after = core.get(&format!("/guarantees/{id}")).await.body;
        assert_eq!(after["application"], before["application"]);
        let [number, name, beneficiary, code] = secrets(&application);
        let plain = json!({"number": number, "name": name, "beneficiary": beneficiary, "beneficiary_code": code,
            "particulars": {}});
        assert_eq!(after["section"], plain);
    }

    async fn a_guarantee_shows_all_that_happened_to_it_in_money_as_text_and_times_of_one_form(database: Database) {
        let house = House::open_with(database, API).await;
        let core = house.core().await;
        let applyno = house.restored().await;
        house.at_rest().await;
        assert!(house.sandbox.claim(&applyno).await.unwrap().is_accepted());
        assert!(house.sandbox.invoice(&applyno, "1").await.unwrap().is_accepted());
        house.at_rest().await;
        let (id, application) = (house.id_of(&applyno).await, house.sandbox.application(&applyno).unwrap());
        let reply = core.get(&format!("/guarantees/{id}")).await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        let shown = reply.body;
        let stored = house.stored(&applyno).await.unwrap();
        let terms = stored.terms.as_ref().unwrap();

        assert_eq!(shown["application"]["applicant"], json!({"name": application.biddername, "code": application.biddercode}));
        assert_eq!(shown["application"]["contact"], json!({"name": application.jbrname, "phone": application.jbrphone}));
        assert_eq!(shown["amount"], application.bond);
        assert_eq!(shown["stage"], "restored");
        assert!(shown["awaits"].as_array().unwrap().contains(&json!("claim")), "{shown:#}");
        assert!(shown["legal_acts"].as_array().unwrap().contains(&json!("answer-claim")), "{shown:#}");
        assert_eq!(shown["terms"]["premium"], terms.premium.to_string());
        assert_eq!(shown["terms"]["rate"], terms.rate.to_string());
        let kinds: Vec<_> = shown["letters"].as_array().unwrap().iter().map(|it| it["kind"].clone()).collect();
        assert_eq!(kinds, ["ciphertext", "merged"]);
        assert_eq!(shown["letters"][1]["digest"], stored.merged_letter.as_ref().unwrap().document.to_string());
        for letter in shown["letters"].as_array().unwrap() {
            assert!(letter["delivered_at"].is_string() && letter["md5"].as_str().unwrap().len() == 32, "{letter}");
        }
        let last = terms.validity.bounds(stored.issued_letter.as_ref().unwrap().sealed_at).1;
        assert_eq!(shown["terms"]["validity"]["last_moment"], last.to_string());
        assert_eq!(shown["opening"]["deadline"], stored.opening.unwrap().deadline.to_string());
        assert_eq!(shown["claim"]["reason"], json!(stored.claim.unwrap().request.reason));
        assert_eq!(shown["invoice"]["outcome"], "asked");
        assert_eq!(shown["paid_on_claims"], "0.00");
        assert!(shown["updated_at"].as_str() > shown["received_at"].as_str());
        let mut counts = Vec::new();
        numbers(&shown, "", &mut counts);
        assert_eq!(counts, ["/letters/size", "/letters/size", "/terms/validity/days_after_bid_validity", "/version"]);
    }

    async fn people_of_a_dossier_are_shown_to_those_who_keep_dossiers_alone(database: Database) {
        let house = House::with(Role::Zhangzhou, database, API).await;
        let clerk = Clerk::at(&house.gateway);
        for (applyno, answer) in house.sandbox.apply_many(1).await {
            assert!(answer.unwrap().is_accepted(), "{applyno}");
        }
        assert!(house.sandbox.wait_until(|all| all.iter().all(|it| it.issued), PATIENCE).await);
        clerk.go_home(&house.gateway, PATIENCE).await.unwrap();
        let applyno = house.sandbox.received()[0].application.clone();
        let (id, stored) = (house.id_of(&applyno).await, house.stored(&applyno).await.unwrap());
        let dossier = stored.dossier.unwrap();
        let person = dossier.legal_representative_id.clone().unwrap();
        let reader = house.core_allowed("reader", &[Scope::Read]).await;
        let keeper = house.core_allowed("keeper", &[Scope::Read, Scope::Dossiers]).await;
        let (seen, known) =
            (reader.get(&format!("/guarantees/{id}")).await, keeper.get(&format!("/guarantees/{id}")).await);
        assert!(!seen.body.to_string().contains(&person) && seen.body["dossier"].get("people").is_none());
        assert_eq!(known.body["dossier"]["people"]["legal_representative_id"], person);
        assert_eq!(seen.body["dossier"]["licence"]["md5"], dossier.licence.unwrap().md5);
        // Where nothing is secret, the section is plain from the start.
        let Actor::Tender(platform) = &house.sandbox else { panic!("another platform") };
        let application = platform.application(&applyno).unwrap();
        assert_eq!(seen.body["section"]["number"], application.section_number);
        assert_eq!(seen.body["section"]["beneficiary"], application.beneficiary);
        assert_eq!(seen.body["application"]["secrecy"], "none");
        assert_eq!(seen.body["application"]["section_number"]["ciphertext"], true);
        assert_eq!(seen.body["letters"][0]["kind"], "plaintext");
    }

    async fn a_version_that_is_known_is_not_sent_again(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        house.at_rest().await;
        let (core, path) = (house.core().await, format!("/guarantees/{}", house.id_of(&applyno).await));
        let tag = core.get(&path).await.etag.unwrap();
        let asked = async |tags: &str| {
            let reply = reply_to(core.request(Method::GET, &path).header("If-None-Match", tags)).await;
            assert_eq!(reply.etag.as_deref().is_some_and(|etag| etag == tag), tags != "\"0\"" || reply.status == StatusCode::OK);
            reply.status.as_u16()
        };
        for (tags, status) in [(tag.as_str(), 304), ("*", 304), ("\"0\"", 200), (&format!("\"0\", W/{tag}"), 304)] {
            assert_eq!(asked(tags).await, status, "{tags}");
        }
        house.decided(&applyno, &["approve"]).await;
        assert_ne!(core.get(&path).await.etag.unwrap(), tag);
    }

    async fn what_is_no_guarantee_or_one_of_a_platform_that_is_gone_is_not_found(database: Database) {
        let house = House::open_with(database, API).await;
        let (core, applyno) = (house.core().await, house.issued().await);
        house.at_rest().await;
        let id = house.id_of(&applyno).await;
        assert_eq!(core.get(&format!("/guarantees/{}", id.to_uppercase())).await.status, StatusCode::OK);
        let none = uuid::Uuid::now_v7().to_string();
        let missing = async |id: &str| {
            for below in ["", "/timeline", "/documents", "/documents/00"] {
                let reply = core.get(&format!("/guarantees/{id}{below}")).await;
                assert_eq!((reply.status.as_u16(), reply.code()), (404, "not-found"), "{id}{below}");
            }
        };
        for id in [none.as_str(), "1", "%00", "%E6%B5%B7", "..%2F.."] {
            missing(id).await;
        }
        let stranger = Guarantee {
            id: GuaranteeId::generate(),
            platform: PlatformId::new("elsewhere"),
            ..house.stored(&applyno).await.unwrap()
        };
        let (of_stranger, at) = (stranger.id.to_string(), stranger.received_at);
        let insert = house.gateway.assembly.store.write(move |c| guarantees::insert(c, &stranger, at));
        insert.await.unwrap();
        missing(&of_stranger).await;
        let listed = core.get("/guarantees").await.body;
        let items = listed["items"].as_array().unwrap();
        assert_eq!((items.len(), &items[0]["id"]), (1, &json!(id)));
    }

    async fn a_timeline_tells_events_in_order_and_on_demand_messages_and_jobs(database: Database) {
        let house = House::open_with(database, API).await;
        let (core, applyno) = (house.core().await, house.restored().await);
        house.at_rest().await;
        let path = format!("/guarantees/{}/timeline", house.id_of(&applyno).await);
        let plain = core.get(&path).await.body;
        let events = plain["events"].as_array().unwrap();
        let titles: Vec<_> = events.iter().map(|event| event["title"].as_str().unwrap()).collect();
        assert_eq!(titles, house.timeline(&applyno).await);
        let counted: Vec<_> = events.iter().map(|event| event["number"].as_u64().unwrap()).collect();
        assert_eq!(counted, (1..=u64::try_from(events.len()).unwrap()).collect::<Vec<_>>());
        let kept = house.ledger().lines("SELECT kind AS line FROM events ORDER BY number");
        let kinds: Vec<_> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, kept);
        let bond = house.sandbox.application(&applyno).unwrap().bond;
        assert_eq!(events[0]["data"], json!({"amount": bond}));
        assert_eq!(events[1]["data"]["guarantee_number"], house.number(&applyno).await);
        assert!(plain.get("messages").is_none() && plain.get("jobs").is_none());

        let whole = core.get(&format!("{path}?include=jobs,messages")).await.body;
        let messages = whole["messages"].as_array().unwrap();
        let first = &messages[0];
        assert_eq!((&first["direction"], &first["interface"], &first["outcome"]), (&json!("in"), &json!("baohanapply"), &json!("accepted")));
        assert!(first["size"].as_u64().unwrap() > 100 && first.get("body").is_none(), "{first}");
        let jobs = whole["jobs"].as_array().unwrap();
        assert!(jobs.len() > 4 && jobs.iter().all(|job| job["state"] == "done" && job["due_at"].is_null()), "{jobs:#?}");
        assert_eq!((&jobs[0]["kind"], &jobs[0]["attempts"]), (&json!("consult"), &json!(1)));
        let wrong = core.get(&format!("{path}?include=everything")).await;
        assert_eq!((wrong.status.as_u16(), wrong.code()), (400, "invalid-parameter"));
    }

    async fn platforms_tell_what_they_ask_and_what_they_can_be_told(database: Database) {
        let house = House::open_with(database, API).await;
        let listed = house.core().await.get("/platforms").await.body;
        let [hainan] = listed["items"].as_array().unwrap().as_slice() else { panic!("{listed}") };
        let told = [&hainan["id"], &hainan["unreachable_since"], &hainan["paused_since"]];
        assert_eq!(told, [&json!("hainan"), &Value::Null, &Value::Null]);
        let (secrecy, product, format) = (&hainan["secrecy"], &hainan["product"], &hainan["letter_format"]);
        assert_eq!((secrecy, product, format), (&json!("until-opening"), &json!("bid-bond"), &json!("ofd")));
        assert!(hainan["told"].as_array().unwrap().contains(&json!("claim-result")), "{hainan}");
        assert!(hainan["asks"].as_array().unwrap().contains(&json!("restore")), "{hainan}");
        let (platform, since) = (PlatformId::new("hainan"), "2026-11-22T04:00:00Z");
        let (by, reason) = ("王工".to_owned(), "平台维护".to_owned());
        let pause = Pause { platform, since: since.parse().unwrap(), by, reason, resumed: None };
        house.gateway.assembly.store.write(move |c| pauses::begin(c, &pause)).await.unwrap();
        let listed = house.core().await.get("/platforms").await.body;
        assert_eq!(listed["items"][0]["paused_since"], since, "{listed}");
    }
}
