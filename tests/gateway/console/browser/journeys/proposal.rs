//! Maker and checker: a key that came by telephone is proposed by one and approved by another.

use baohan_gateway::access::Role;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;

use crate::console::CONSOLE;
use crate::console::browser::Browser;
use crate::faults::QUICK;
use crate::ground::Database;
use crate::house::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pasted_key_rescues_a_restoration_once_another_person_has_approved() {
    let settings = format!("{QUICK}{CONSOLE}[access]\nmaker_may_check = true\n");
    let house = House::open_with(Database::Sqlite, &settings).await;
    let applyno = house.issued().await;
    let refused = house.sandbox.restore_with_wrong_key(&applyno).await.unwrap();
    assert!(!refused.is_accepted(), "{refused}");
    let id = house.stored(&applyno).await.unwrap().id;
    let key = STANDARD.encode(house.sandbox.application(&applyno).unwrap().key);

    // Whoever makes may check too, but not this.
    let both = house.visitor("王经办", &[Role::Maker, Role::Checker]).await;
    let maker = Browser::of(&both).await;
    maker.go(&format!("/guarantees/{id}")).await;
    maker.click("a[href^='/proposals/new/key']").await;
    maker.write("#key", &STANDARD.encode([7; 16])).await;
    maker.write("#reason", "平台推送的密钥有误，改由电话提供").await;
    maker.click("form[action='/proposals/new/key'] button").await;
    maker.element("[role=alert]").await;
    maker.refused_with(422).await;
    maker.examine("proposal-wrong-key").await;
    maker.write("#key", &key).await;
    maker.click("form[action='/proposals/new/key'] button").await;
    maker.reads("王经办").await;
    maker.element("form[action$='/withdraw']").await;
    assert!(!maker.has("form[action$='/approve']").await, "nobody is offered to approve their own");
    maker.examine("proposal-own").await;
    let place = maker.place().await;
    let text = maker.text().await;
    let digest =
        text.split_whitespace().find(|word| word.len() == 64).expect("the digest of what is proposed");
    let own = both.post(&format!("{place}/approve"), &[("seen", digest), ("remark", "")]).await;
    assert_eq!(own.status, StatusCode::FORBIDDEN, "{}", own.text);

    let checker = Browser::of(&house.visitor("赵复核", &[Role::Checker]).await).await;
    checker.go("/proposals").await;
    checker.examine("proposals").await;
    checker.click(&format!("a[href='{place}']")).await;
    checker.element("form[action$='/approve']").await;
    checker.examine("proposal").await;
    checker.click("form[action$='/approve'] button.primary").await;
    house.until(|platform| platform.delivery(&applyno).is_some_and(|it| it.plaintext.is_some())).await;
    checker.reads("赵复核").await;
    checker.examine("proposal-done").await;
    maker.close().await;
    checker.close().await;
}
