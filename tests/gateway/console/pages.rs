//! What holds for every page.

use baohan_gateway::access::Role;
use reqwest::{StatusCode, header};

use super::CONSOLE;
use crate::house::{House, on_both_databases};

on_both_databases! {
    async fn whoever_is_not_signed_in_is_sent_to_the_sign_in_page_and_back(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        let mut visitor = house.visitor("李工", &[Role::Operations]).await;
        assert_eq!(visitor.get("/?part=2").await.status, StatusCode::OK);
        visitor.cookie = "baohan=forged".to_owned();
        let page = visitor.get("/?part=2").await;
        assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/sign-in?back=%2F%3Fpart%3D2"));
    }

    async fn a_page_runs_only_our_own_scripts_and_is_kept_by_nobody(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        let visitor = house.visitor("李工", &[Role::Operations]).await;
        for place in ["/", "/no-such-page"] {
            let page = visitor.get(place).await;
            let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{place}: {policy}");
            assert_eq!(page.headers[header::CACHE_CONTROL], "no-store", "{place}");
        }
    }

    async fn an_administrator_of_users_sees_no_business_data(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        let visitor = house.visitor("管理员", &[Role::Administrator]).await;
        assert_eq!(visitor.get("/").await.status, StatusCode::FORBIDDEN);
    }
}
