//! A guarantee is found by what people know of it, and its life and letters are looked at.

use baohan_gateway::access::Role;

use crate::console::CONSOLE;
use crate::console::browser::Browser;
use crate::faults::QUICK;
use crate::ground::Database;
use crate::house::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guarantee_is_found_from_any_page_and_its_letter_is_seen_page_by_page() {
    let house = House::open_with(Database::Sqlite, &format!("{QUICK}{CONSOLE}")).await;
    let applyno = house.restored().await;
    house.issued().await;
    house.at_rest().await;

    let browser = Browser::of(&house.visitor("周会计", &[Role::Auditor]).await).await;
    browser.go("/guarantees").await;
    browser.examine("guarantees").await;
    browser.write("#quick-search", &applyno).await;
    browser.element("#quick-search").await.send_keys("\u{e007}").await.unwrap();
    browser.reads("还原").await;
    browser.element(".timeline").await;
    browser.examine("guarantee").await;

    browser.click("a[href*='/documents/']").await;
    let pictures = "img[src*='/pages/']";
    browser.element(pictures).await;
    // A picture that can't be drawn has no size.
    let drawn = "return [...document.images].every((it) => it.complete && it.naturalWidth > 0)";
    browser.holds(drawn).await;
    browser.examine("letter").await;

    browser.go("/guarantees?q=没有这样的企业").await;
    browser.examine("guarantees-none").await;
    browser.close().await;
}
