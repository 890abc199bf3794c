//! Settings that change while a letter is on its way.

use std::net::TcpListener;

use baohan_gateway::clock::Clock;
use baohan_gateway::gateway::Gateway;
use baohan_gateway::sandbox::hainan::{Act, Fault};
use baohan_gateway::settings;

use crate::house::{House, on_both_databases};

fn cut(slice_bytes: usize) -> String {
    format!("[platforms.hainan.wire.upload]\nslice_bytes = {slice_bytes}\n")
}

on_both_databases! {
    async fn a_letter_arrives_though_it_is_cut_otherwise_than_when_its_upload_began(database: Database) {
        let mut house = House::open_with(database, &cut(60_000)).await;
        house.sandbox.script(vec![Fault {
            interface: Some("uploadbaohanfile".to_owned()),
            nth: 2,
            repeat: true,
            every: None,
            act: Act::Status(500),
        }]);
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        let uploads = |platform: &baohan_gateway::sandbox::hainan::Platform| {
            platform.journal().all().iter().filter(|it| it.interface == "uploadbaohanfile").count()
        };
        house.until(|platform| uploads(platform) >= 2).await;

        let before = std::fs::read_to_string(&house.overrides).unwrap();
        std::fs::write(&house.overrides, before.replace(&cut(60_000), &cut(100_000))).unwrap();
        let restarted = settings::load(&[house.settings.clone(), house.overrides.clone()]).unwrap();
        house.gateway.stop().await;
        house.sandbox.script(Vec::new());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        house.gateway = Gateway::start_on(listener, restarted, Clock::system()).await.unwrap();

        let stored = async |applyno: &str| house.stored(applyno).await.unwrap().issued_letter.unwrap();
        house.until(|platform| platform.delivery(&applyno).is_some_and(|it| it.ciphertext.is_some())).await;
        let deadline = std::time::Instant::now() + crate::house::PATIENCE;
        while stored(&applyno).await.delivered_at.is_none() {
            assert!(std::time::Instant::now() < deadline, "the gateway never learned that the letter arrived");
            tokio::task::yield_now().await;
        }
        assert!(house.sandbox.delivery(&applyno).unwrap().exactly_once());
        house.gateway.stop().await;
    }
}
