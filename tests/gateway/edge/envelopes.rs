//! Questions in a digital envelope (内蒙古 10.3, 10.4), which anybody can make who has the institution's public key.

use std::net::TcpListener;

use baohan_gateway::cli::demo::cast::{Actor, Role};
use baohan_gateway::clock::Clock;
use baohan_gateway::gateway::Gateway;

use crate::house::{Database, House};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_in_an_envelope_is_answered_to_listed_addresses_alone_and_so_often() {
    let limit = "[platforms.neimenggu.edge]\nenveloped_per_minute = 2\n";
    let house = House::with(Role::Neimenggu, Database::Sqlite, limit).await;
    let Actor::Procurement(platform) = &house.sandbox else { panic!("another platform") };
    let (application, answer) = platform.apply_generated().await.unwrap();
    assert!(answer.is_accepted(), "{answer}");
    house.at_rest().await;
    let asked = async || platform.verify(&application, b"no letter").await.unwrap();
    let told: Vec<String> =
        vec![asked().await, asked().await, asked().await].into_iter().map(|answer| answer.message).collect();
    assert_ne!(told[1], "系统繁忙，请稍后重试");
    assert_eq!(told[2], "系统繁忙，请稍后重试");
    assert_eq!(house.ended("limited"), 1);
    // Messages with a digest go on.
    let (_, answer) = platform.apply_generated().await.unwrap();
    assert!(answer.is_accepted(), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_list_of_addresses_a_gateway_that_answers_envelopes_does_not_start() {
    let house = House::with(Role::Neimenggu, Database::Sqlite, "").await;
    let mut settings = house.settings();
    settings.platforms.get_mut("neimenggu").unwrap().edge.allow = Default::default();
    let start = async |settings| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Gateway::start_on(listener, settings, Clock::system()).await
    };
    let refused = start(settings.clone()).await.err().unwrap().to_string();
    assert!(refused.starts_with("platforms.neimenggu.edge.allow: expected the addresses"), "{refused}");
    let off = toml::from_str("accept_enveloped = false").unwrap();
    settings.platforms.get_mut("neimenggu").unwrap().wire.payload = off;
    assert!(start(settings).await.is_ok());
}
