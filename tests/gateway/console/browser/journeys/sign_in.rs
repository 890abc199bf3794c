//! Somebody signs in for the first time, and a second time with a code.

use std::time::Duration;

use baohan_gateway::access::Role;

use crate::console::CONSOLE;
use crate::console::browser::Browser;
use crate::console::guest::Device;
use crate::ground::Database;
use crate::house::House;

/// A driver types no Chinese into a field for passwords, as an input method would not either.
const PASSWORD: &str = "over seven hills and back";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_new_chooses_a_password_sets_up_a_device_and_signs_in_with_its_codes() {
    let house = House::open_with(Database::Sqlite, CONSOLE).await;
    let initial = house.invite("zhang.san", &[Role::Auditor]).await;
    let browser = Browser::open(&house.guest().base).await;

    browser.go("/queue").await;
    browser.write("#name", "zhang.san").await;
    browser.write("#password", &initial).await;
    browser.examine("sign-in").await;
    browser.click("main button.primary").await;
    browser.write("#password", PASSWORD).await;
    browser.write("#again", PASSWORD).await;
    browser.examine("sign-in-new-password").await;
    browser.click("main button.primary").await;
    let device = Device::of(&browser.element("#secret").await.text().await.unwrap());
    browser.examine("sign-in-enrolment").await;
    browser.write("#code", &house.code(&device)).await;
    browser.click("main button.primary").await;
    browser.element("#recovery-codes li:nth-child(10)").await;
    browser.examine("sign-in-recovery-codes").await;
    browser.click("main a.button.primary").await;
    browser.reads("任务队列").await;
    assert_eq!(browser.place().await, "/queue", "the page that was asked for");

    browser.go("/account").await;
    browser.examine("account").await;
    browser.go("/users").await;
    browser.examine("users").await;
    browser.click(".who button").await;
    browser.element("#password").await;
    house.gateway.assembly.clock.advance(Duration::from_secs(60));
    browser.write("#name", "zhang.san").await;
    browser.write("#password", PASSWORD).await;
    browser.click("main button.primary").await;
    browser.element("#code").await;
    browser.examine("sign-in-code").await;
    browser.write("#code", &house.code(&device)).await;
    browser.click("main button.primary").await;
    browser.element("nav.parts").await;
    browser.close().await;
}
