//! An opening as people watch it: the pages change by themselves.

use baohan_gateway::access::Role;

use crate::console::CONSOLE;
use crate::console::browser::Browser;
use crate::faults::QUICK;
use crate::ground::Database;
use crate::house::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_opening_is_watched_on_a_page_that_nobody_loads_again() {
    let house = House::open_with(Database::Sqlite, &format!("{QUICK}{CONSOLE}")).await;
    let mut applications = Vec::new();
    for _ in 0..4 {
        applications.push(house.issued().await);
    }
    let operator = house.visitor("李工", &[Role::Operations]).await;
    let overview = Browser::of(&operator).await;
    overview.go("/").await;
    overview.reads("总览").await;
    overview.examine("overview-before").await;
    let board = Browser::of(&operator).await;
    board.go("/openings").await;
    board.examine("openings-before").await;

    let last = applications.pop().unwrap();
    for applyno in &applications {
        assert!(house.sandbox.restore(applyno).await.unwrap().is_accepted());
    }
    board.element("article.opening a").await;
    overview.reads("3").await;
    let wrong = house.sandbox.restore_with_wrong_key(&last).await.unwrap();
    assert!(!wrong.is_accepted(), "{wrong}");
    for applyno in &applications {
        house.until(|platform| platform.delivery(applyno).is_some_and(|it| it.plaintext.is_some())).await;
    }
    house.at_rest().await;
    board.examine("openings").await;
    board.click("article.opening a").await;
    board.element("#section").await;
    board.examine("opening").await;
    overview.examine("overview").await;

    // The last key comes, and the page knows of it without being asked.
    assert!(house.sandbox.restore(&last).await.unwrap().is_accepted());
    board.go("/openings").await;
    board.reads("已全部送达").await;
    overview.close().await;
    board.close().await;
}
