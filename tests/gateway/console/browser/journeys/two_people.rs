//! What takes two people: one proposes, another approves.

use baohan_gateway::access::Role;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;

use crate::console::CONSOLE;
use crate::console::browser::Browser;
use crate::ground::Database;
use crate::house::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_one_pastes_and_another_approves_rescues_a_restoration_that_failed() {
    let house = House::open_with(Database::Sqlite, CONSOLE).await;
    let applyno = house.issued().await;
    assert!(!house.sandbox.restore_with_wrong_key(&applyno).await.unwrap().is_accepted());
    house.sandbox.open_without_a_push(&applyno).unwrap();
    let guarantee = house.stored(&applyno).await.unwrap().id;
    let right = STANDARD.encode(house.sandbox.application(&applyno).unwrap().key);
    let both = house.visitor("王经办", &[Role::Maker, Role::Checker]).await;
    let checker = house.visitor("赵复核", &[Role::Checker]).await;

    let maker = Browser::of(&both).await;
    maker.go(&format!("/proposals/new/key?guarantee={guarantee}")).await;
    maker.examine("proposal-key").await;
    paste(&maker, &STANDARD.encode([7; 16])).await;
    maker.reads("key 不能还原该保函的密文").await;
    // A form that was not taken is answered as such, which a browser notes.
    assert!(maker.complaints().await.iter().all(|it| it.contains("422")));
    paste(&maker, &right).await;
    maker.reads("须由其他人复核").await;
    maker.examine("proposal-own").await;
    assert!(!maker.has("form[action$='/approve']").await, "no button to approve what is one's own");
    let place = maker.place().await;
    let forced = both.post(&format!("{place}/approve"), &[("seen", "")]).await;
    assert_eq!(forced.status, StatusCode::FORBIDDEN, "{}", forced.text);
    maker.close().await;

    let browser = Browser::of(&checker).await;
    browser.go("/proposals").await;
    browser.reads("粘贴开标密钥").await;
    browser.examine("proposals").await;
    browser.click(&format!("a[href='{place}']")).await;
    browser.reads("保函已出具 → 已开标待还原").await;
    browser.examine("proposal-to-decide").await;
    browser.write("#remark", "已与平台核对").await;
    browser.click("form[action$='/approve'] button.primary").await;
    browser.reads("已批准并执行").await;
    browser.examine("proposal-done").await;
    house.until(|platform| platform.delivery(&applyno).is_some_and(|it| it.plaintext.is_some())).await;
    browser.close().await;
}

/// Fills in the form of a key. Of a field for a moment, the browser takes what its own picker would set.
async fn paste(browser: &Browser, key: &str) {
    browser.write("#key", key).await;
    browser.write("#reason", "平台电话告知密钥").await;
    let moment = "document.querySelector('#opened_at').value = '2026-06-24T09:30:00'";
    browser.client.execute(moment, Vec::new()).await.unwrap();
    browser.click("form[action='/proposals/new/key'] button.primary").await;
}
