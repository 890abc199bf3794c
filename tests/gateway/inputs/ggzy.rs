//! 公共资源交易金融服务支撑平台: an application in a form's field, and a list of all guarantees of some days.

use baohan_gateway::cli::demo::cast::Role;
use baohan_gateway::clock::{self, Clock};
use serde_json::{Map, Value, json};

use crate::files;
use crate::house::{House, on_both_databases};
use crate::pushes::{SUCCESS, client, reply_to};

const APPLYNO: &str = "18838030468";

on_both_databases! {
    async fn the_files_do_what_they_are_there_for(database: Database) {
        let house = House::with(Role::Ggzy, database, "").await.tender();
        let form = files::text(Role::Ggzy, "01-baohanapply.form");
        let address = reqwest::Url::parse(&format!("http://form/?{form}")).unwrap();
        let (name, application) = address.query_pairs().next().unwrap();
        assert_eq!(name, "requestData");
        house.sandbox.enter(files::application(Role::Ggzy, &application)).unwrap();
        let request = client().post(house.address("baohanapply"));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let reply = reply_to(request.body(form.clone())).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, SUCCESS));
        house.until(|platform| platform.delivery(APPLYNO).is_some_and(|it| it.ciphertext.is_some())).await;
        house.at_rest().await;
        let guarantee = house.stored(APPLYNO).await.unwrap();
        assert_eq!(guarantee.application.amount.to_string(), "120000.50");

        // Nothing was issued in March 2023.
        let file = files::text(Role::Ggzy, "02-checkbaohanlist.json");
        let answer = house.sandbox.push_raw("checkbaohanlist", file.as_bytes()).await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        assert_eq!(answer.data, json!({ "baohanlist": [] }));

        let mut today: Map<String, Value> = serde_json::from_str(&file).unwrap();
        let day = clock::china_date(Clock::system().now());
        today["startdate"] = day.yesterday().unwrap().to_string().into();
        today["enddate"] = day.to_string().into();
        today["sign"] = files::digest(Role::Ggzy, &today).into();
        let answer = house.sandbox.push_raw("checkbaohanlist", Value::Object(today).to_string()).await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        let list = answer.data["baohanlist"].as_array().unwrap();
        assert_eq!(list.len(), 1);
        assert_eq!(list[0]["applyno"], APPLYNO);
        assert_eq!(list[0]["baohanno"], house.number(APPLYNO).await);
    }
}
