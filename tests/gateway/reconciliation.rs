//! Statements of a real gateway's guarantees, and a platform's file compared with them, over the interface.

use std::io::Cursor;
use std::time::Duration;

use baohan_gateway::api::Scope;
use baohan_gateway::clock;
use baohan_gateway::domain::identity::PlatformId;
use baohan_gateway::reconciliation::Movement;
use baohan_gateway::reconciliation::statement::{Period, Statement};
use calamine::{Data, Reader, Xlsx};
use encoding_rs::GBK;
use jiff::Timestamp;
use jiff::civil::Date;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::claims;
use crate::core_system::{API, Core, Reply, reply_to};
use crate::house::{House, PATIENCE, on_both_databases};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Moves the gateway to the next noon in China, so that no test meets midnight; yields the day.
fn noon(house: &House) -> Date {
    let clock = &house.gateway.assembly.clock;
    let day = clock::china_date(clock.now()).tomorrow().unwrap();
    let noon = clock::china_midnight(day) + jiff::SignedDuration::from_hours(12);
    clock.advance(Duration::try_from(noon.duration_since(clock.now())).unwrap());
    day
}

/// Hands in a platform's statement.
async fn hand_in(core: &Core, day: Date, file: &[u8]) -> Reply {
    let path = format!("/reconciliations?platform=hainan&date={day}&name=list.csv&by=%E5%BC%A0%E4%B8%89");
    let request =
        core.request(Method::POST, &path).header("Idempotency-Key", uuid::Uuid::now_v7().to_string());
    reply_to(request.header(header::CONTENT_TYPE, "text/csv").body(file.to_vec())).await
}

/// A platform's file in GBK: number, amount, premium, state.
fn file(rows: &[(String, &str, &str, &str)]) -> Vec<u8> {
    let mut text = "保函编号,保证金金额,保费,状态\n".to_owned();
    for (number, amount, premium, state) in rows {
        text.push_str(&format!("{number},{amount},{premium},{state}\n"));
    }
    GBK.encode(&text).0.into_owned()
}

async fn bytes(core: &Core, path: &str, accept: &str) -> (StatusCode, String, Vec<u8>) {
    let response = core.request(Method::GET, path).header(header::ACCEPT, accept).send().await.unwrap();
    let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    (response.status(), kind, response.bytes().await.unwrap().to_vec())
}

fn total<'a>(statement: &'a Value, movement: &str) -> &'a Value {
    let totals = statement["totals"].as_array().unwrap();
    totals.iter().find(|it| it["movement"] == movement).unwrap()
}

fn kinds(differences: &Value) -> Vec<(String, String)> {
    let name = |it: &Value| {
        let side = if it["ours"].is_null() { &it["theirs"] } else { &it["ours"] };
        side["guarantee_number"].as_str().unwrap().to_owned()
    };
    let items = differences["items"].as_array().unwrap();
    items.iter().map(|it| (it["kind"].as_str().unwrap().to_owned(), name(it))).collect()
}

on_both_databases! {
    async fn a_day_is_told_as_json_csv_and_a_workbook(database: Database) {
        let house = House::open_with(database, API).await;
        let day = noon(&house);
        let (paid, gone) = (house.issued().await, house.issued().await);
        house.at_rest().await;
        assert!(house.sandbox.claim(&paid).await.unwrap().is_accepted());
        claims::answer(&house, &paid, "paid", Value::Null).await;
        assert!(house.sandbox.surrender(&gone).await.unwrap().is_accepted());
        house.at_rest().await;

        let core = house.core().await;
        let path = format!("/statements/hainan/{day}");
        let told = core.get(&path).await.body;
        assert_eq!((&told["platform"], &told["complete"]), (&json!("hainan"), &json!(false)));
        let counts = ["premium", "issued", "surrendered", "claim-paid", "cancelled", "expired"]
            .map(|movement| total(&told, movement)["count"].as_u64().unwrap());
        assert_eq!(counts, [2, 2, 1, 1, 0, 0]);
        assert_eq!(total(&told, "claim-paid")["paid"], "20000.00");
        let lines = told["lines"].as_array().unwrap();
        let claim = lines.iter().find(|line| line["movement"] == "claim-paid").unwrap();
        assert_eq!((&claim["application_number"], &claim["paid"]), (&json!(paid), &json!("20000.00")));
        let guarantee = house.stored(&paid).await.unwrap();
        assert_eq!(claim["premium"], guarantee.terms.unwrap().premium.to_string());
        let left = lines.iter().find(|line| line["application_number"] == json!(gone)).unwrap();
        assert_eq!(left["stage"], "surrendered", "as it is at the end of the day");

        let (status, kind, csv) = bytes(&core, &path, "text/csv").await;
        assert_eq!((status, kind.as_str()), (StatusCode::OK, "text/csv; charset=utf-8"));
        let csv = String::from_utf8(csv).unwrap();
        assert!(csv.starts_with("\u{feff}日期,业务类型,"), "{csv}");
        assert_eq!(csv.matches("\r\n").count(), 1 + lines.len());
        let (_, kind, book) = bytes(&core, &path, XLSX).await;
        assert_eq!(kind, XLSX);
        let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(book)).unwrap();
        let sheet = book.worksheet_range("明细").unwrap();
        assert_eq!(sheet.height(), 1 + lines.len());
        let number = house.number(&paid).await;
        assert!(sheet.rows().any(|row| row[3] == Data::String(number.clone())));
        assert_eq!(bytes(&core, &path, "image/png").await.0, StatusCode::NOT_ACCEPTABLE);
    }

    async fn a_statement_that_nobody_can_ask_for_is_refused(database: Database) {
        let house = House::open_with(database, API).await;
        let day = noon(&house);
        let core = house.core().await;
        let tomorrow = day.tomorrow().unwrap();
        for (path, code) in [
            (format!("/statements/nowhere/{day}"), "not-found"),
            ("/statements/hainan/yesterday".to_owned(), "invalid-parameter"),
            (format!("/statements/hainan/{tomorrow}"), "invalid-parameter"),
            (format!("/statements/hainan/{day}?until=2020-01-01"), "invalid-parameter"),
            (format!("/statements/hainan/{day}?from=2020-01-01"), "invalid-parameter"),
            ("/reconciliations/nothing".to_owned(), "not-found"),
            ("/reconciliations/nothing/differences".to_owned(), "not-found"),
            ("/reconciliations?limit=0".to_owned(), "invalid-parameter"),
        ] {
            assert_eq!(core.get(&path).await.code(), code, "{path}");
        }
        let others: Vec<Scope> = Scope::ALL.into_iter().filter(|it| *it != Scope::Reconcile).collect();
        let stranger = house.core_allowed("stranger", &others).await;
        for path in [format!("/statements/hainan/{day}"), "/reconciliations".to_owned()] {
            assert_eq!(stranger.get(&path).await.code(), "forbidden", "{path}");
        }
        assert_eq!(hand_in(&stranger, day, &file(&[])).await.code(), "forbidden");
    }

    async fn a_platforms_file_is_compared_explained_and_signed_for(database: Database) {
        let house = House::open_with(database, API).await;
        let day = noon(&house);
        let mut numbers = Vec::new();
        for _ in 0..4 {
            let applyno = house.issued().await;
            numbers.push(house.number(&applyno).await);
        }
        house.at_rest().await;
        let store = &house.gateway.assembly.store;
        let told = Statement::read(store, &PlatformId::new("hainan"), Period::day(day)).await.unwrap();
        let issued: Vec<_> = told.lines.iter().filter(|line| line.movement == Movement::Issued).collect();
        let said = |number: &String| {
            let line = issued.iter().find(|it| it.number.as_ref().is_some_and(|it| it.as_str() == number)).unwrap();
            (line.amount.to_string(), line.premium.unwrap().to_string())
        };
        let texts: Vec<(String, String)> = numbers.iter().map(said).collect();
        let row = |index: usize, state| (numbers[index].clone(), texts[index].0.as_str(), texts[index].1.as_str(), state);
        let core = house.core().await;

        // Both agree.
        let all: Vec<_> = (0..4).map(|index| row(index, "已出函")).collect();
        let agreed = hand_in(&core, day, &file(&all)).await;
        assert_eq!(agreed.status, StatusCode::CREATED, "{agreed:?}");
        assert_eq!((&agreed.body["ours"], &agreed.body["theirs"], &agreed.body["differences"]), (&json!(4), &json!(4), &json!([])));

        // One is missing, one has another amount, one another state, and one is not ours.
        let mut rows = vec![row(1, "已出函"), row(2, "已退保"), row(3, "已出函")];
        rows[0].1 = "1.00";
        rows.push(("BH-STRANGER".to_owned(), "1.00", "1.00", "已出函"));
        let bytes = file(&rows);
        let differing = hand_in(&core, day, &bytes).await.body;
        let id = differing["id"].as_str().unwrap();
        assert_eq!((&differing["generation"], &differing["unexplained"]), (&json!(2), &json!(4)));
        assert_eq!(core.get(&format!("/reconciliations/{}", agreed.body["id"].as_str().unwrap())).await.body["superseded_by"], id);
        let mut expected = vec![
            ("only-ours".to_owned(), numbers[0].clone()),
            ("amount".to_owned(), numbers[1].clone()),
            ("state".to_owned(), numbers[2].clone()),
            ("only-theirs".to_owned(), "BH-STRANGER".to_owned()),
        ];
        expected.sort_by(|a, b| a.1.cmp(&b.1));
        let differences = core.get(&format!("/reconciliations/{id}/differences")).await.body;
        assert_eq!(kinds(&differences), expected);
        let again = hand_in(&core, day, &bytes).await;
        assert_eq!((again.status, &again.body), (StatusCode::OK, &differing), "the same file is compared once");

        // Open differences are a metric until somebody explains them or signs.
        let metric = |kind: &str| house.counted(&format!("gw_reconcile_differences{{platform=\"hainan\",kind=\"{kind}\"}}"));
        let wait_for = async |value: u64| {
            let clock = clock::Clock::system();
            let begun: Timestamp = clock.now();
            while metric("amount") != value {
                assert!(clock.now().duration_since(begun).unsigned_abs() < PATIENCE, "not {value}");
                clock.wait(Duration::from_millis(20)).await;
            }
        };
        wait_for(1).await;
        let amount = 1 + expected.iter().position(|(kind, _)| kind == "amount").unwrap();
        let remark = json!({"difference": amount, "by": "李四", "remark": "平台录入有误，已更正"});
        let remarked = core.post(&format!("/reconciliations/{id}/remarks"), remark.clone()).await;
        assert_eq!(remarked.body["unexplained"], 3, "{remarked:?}");
        wait_for(0).await;
        assert_eq!(metric("state"), 1);
        let page = core.get(&format!("/reconciliations/{id}/differences?cursor={}&limit=1", amount - 1)).await.body;
        assert_eq!(page["items"][0]["remarks"][0]["remark"], "平台录入有误，已更正");

        let sign = async |body: Value| core.post(&format!("/reconciliations/{id}/sign-off"), body).await;
        let silent = sign(json!({"by": "王五"})).await;
        assert_eq!((silent.status.as_u16(), silent.code()), (422, "refused-content"));
        let signed = sign(json!({"by": "王五", "remark": "其余三笔次日核对"})).await;
        assert_eq!((signed.status, &signed.body["signature"]["by"]), (StatusCode::OK, &json!("王五")), "{signed:?}");
        assert_eq!(sign(json!({"by": "赵六", "remark": "再签"})).await.code(), "illegal-state");
        let late = core.post(&format!("/reconciliations/{id}/remarks"), remark).await;
        assert_eq!(late.code(), "illegal-state");
        let old = agreed.body["id"].as_str().unwrap();
        let superseded = core.post(&format!("/reconciliations/{old}/sign-off"), json!({"by": "王五"})).await;
        assert_eq!(superseded.code(), "illegal-state");
        let listed = core.get(&format!("/reconciliations?platform=hainan&date={day}&limit=1")).await.body;
        assert_eq!((&listed["items"][0]["id"], &listed["next_cursor"]), (&json!(id), &json!(id)));
        let rest = core.get(&format!("/reconciliations?cursor={id}")).await.body;
        assert_eq!((&rest["items"][0]["id"], &rest["next_cursor"]), (&json!(old), &Value::Null));
    }

    async fn a_file_with_a_bad_row_is_refused_as_a_whole(database: Database) {
        let house = House::open_with(database, &format!("{API}[reconciliation]\nfile_bytes = 2000\n")).await;
        let (day, core) = (noon(&house), house.core().await);
        let bad = file(&[("BH1".to_owned(), "1.00", "1.00", "已出函"), ("BH2".to_owned(), "很多", "1.00", "已出函")]);
        let refused = hand_in(&core, day, &bad).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (422, "refused-content"));
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains("line 3, column `保证金金额`") && detail.contains("`很多`"), "{detail}");
        assert_eq!(hand_in(&core, day, &[b'x'; 2001]).await.code(), "body-too-large");
        assert_eq!(hand_in(&core, day.tomorrow().unwrap(), &bad).await.code(), "invalid-parameter");
        assert_eq!(core.get("/reconciliations").await.body["items"], json!([]));
    }
}
