//! 漳州: an application of which eighteen fields are under the agreed key, and the pull of the guarantee.

use baohan_gateway::cli::demo::cast::Role;
use baohan_gateway::cli::demo::clerk::Clerk;
use serde_json::{Value, json};

use crate::files::{self, filled};
use crate::house::{House, PATIENCE, on_both_databases};

const APPLYNO: &str = "ZZ20230509083000123";

on_both_databases! {
    async fn the_files_do_what_they_are_there_for(database: Database) {
        let house = House::with(Role::Zhangzhou, database, "").await.tender();
        let clerk = Clerk::at(&house.gateway);
        let application = files::text(Role::Zhangzhou, "01-baohanapply.json");
        house.sandbox.enter(files::application(Role::Zhangzhou, &application)).unwrap();
        let reply = house.post("baohanapply", application).await;
        let answer: Value = serde_json::from_str(&reply.body).unwrap();
        let page = format!("https://insurer.example.com/pay?application={APPLYNO}");
        assert_eq!(answer, json!({ "code": "1", "message": "成功", "Payurl": page }));
        house.until(|platform| platform.delivery(APPLYNO).is_some_and(|it| it.approved == Some(true))).await;
        clerk.go_home(&house.gateway, PATIENCE).await.unwrap();

        let number = house.number(APPLYNO).await;
        let pull = filled(Role::Zhangzhou, &files::text(Role::Zhangzhou, "02-getbaohaninfo.json"), &number);
        // The platform looks at every field, file and MD5 before it is content.
        let first = house.sandbox.push_raw("getbaohaninfo", pull.clone()).await.unwrap();
        assert!(first.is_accepted(), "{first}");
        assert_eq!(first.data.as_object().unwrap().len(), 27);
        let again = house.sandbox.push_raw("getbaohaninfo", pull).await.unwrap();
        assert!(again.is_accepted(), "{again}");
        assert_eq!(again.data, first.data);
        house.at_rest().await;
        assert!(house.sandbox.delivery(APPLYNO).unwrap().exactly_once());
    }
}
