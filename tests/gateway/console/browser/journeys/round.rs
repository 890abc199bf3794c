//! Every page that needs nothing but a role is opened once, in both languages.

use baohan_gateway::access::Role;

use crate::console::browser::Browser;
use crate::console::{CONSOLE, noon};
use crate::faults::QUICK;
use crate::ground::Database;
use crate::house::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_whole_on_a_desk_and_on_a_phone_and_for_those_who_do_not_see_it() {
    let house = House::open_with(Database::Sqlite, &format!("{QUICK}{CONSOLE}")).await;
    noon(&house);
    house.restored().await;
    house.at_rest().await;
    let seen_by = [
        (Role::Auditor, "周审计", &["/audit", "/alarms", "/reconciliations", "/rules", "/rules/history"][..]),
        (
            Role::Maker,
            "王经办",
            &["/rules/templates", "/rules/explain", "/rules/entry", "/rules/secret", "/proposals"][..],
        ),
        (Role::Administrator, "孙管理", &["/users", "/users/new"][..]),
    ];
    for (role, name, places) in seen_by {
        let browser = Browser::of(&house.visitor(name, &[role]).await).await;
        for place in places {
            browser.go(place).await;
            browser.element("h1").await;
            browser.examine(place.trim_start_matches('/').replace('/', "-").as_str()).await;
        }
        browser.click(".languages a[lang=en]").await;
        browser.reads("Sign out").await;
        assert_eq!(
            &browser.place().await,
            places.last().unwrap(),
            "the page is the same in the other language"
        );
        browser.examine(&format!("{role}-english")).await;
        browser.close().await;
    }
}
