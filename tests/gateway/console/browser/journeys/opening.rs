//! An opening as people watch it: the pages change by themselves.

use baohan_gateway::access::Role;

use crate::console::browser::Browser;
use crate::console::{CONSOLE, noon, openings};
use crate::faults::QUICK;
use crate::ground::Database;
use crate::house::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_opening_is_watched_on_pages_that_nobody_loads_again() {
    let house = House::open_with(Database::Sqlite, &format!("{QUICK}{CONSOLE}")).await;
    noon(&house);
    let applied = openings::sealed(&house, 6, true).await;
    let operator = house.visitor("李工", &[Role::Operations]).await;
    let overview = Browser::of(&operator).await;
    overview.go("/").await;
    overview.examine("overview-before").await;
    let board = Browser::of(&operator).await;
    board.go("/openings").await;
    board.examine("openings-before").await;

    let (early, late) = applied.split_at(4);
    for application in early {
        assert!(house.sandbox.restore(&application.applyno).await.unwrap().is_accepted());
    }
    let wrong = house.sandbox.restore_with_wrong_key(&late[0].applyno).await.unwrap();
    assert!(!wrong.is_accepted(), "{wrong}");
    let delivered = |count: usize| {
        format!(
            "[...document.querySelectorAll('article.opening b')].some((it) => it.textContent === '{count}')"
        )
    };
    board.holds(&format!("return {}", delivered(4))).await;
    overview.reads("4 / 6").await;
    house.at_rest().await;
    board.examine("openings").await;
    overview.examine("overview").await;
    board.click("article.opening h3 a").await;
    board.element("#section").await;
    board.examine("opening").await;

    for application in late {
        assert!(house.sandbox.restore(&application.applyno).await.unwrap().is_accepted());
    }
    board.reads("全部送达").await;
    board.examine("opening-done").await;
    overview.reads("6 / 6").await;
    overview.close().await;
    board.close().await;
}
