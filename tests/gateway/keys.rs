//! Keys that are replaced under a gateway at work.

use std::time::Duration;

use baohan_gateway::crypto::keyring::Purpose;
use baohan_gateway::store::key_hierarchy;

use crate::house::{House, PATIENCE, on_both_databases};

on_both_databases! {
    async fn a_running_gateway_goes_over_to_a_new_key_and_opens_what_came_before(database: Database) {
        let house = House::open_with(database, "").await;
        let assembly = &house.gateway.assembly;
        let (store, now) = (&assembly.store, assembly.clock.now());
        let before = store.sealing_key();
        let first = house.issued().await;
        let ahead = Duration::from_secs(1);
        let rotated = store.write(move |c| key_hierarchy::rotate(c, Purpose::Sealing, now, ahead)).await.unwrap();
        assert_eq!(rotated.retired, [hex::encode(before)]);
        // Pushes come on, under the one key and then under the other.
        let goes_over = async {
            while store.sealing_key() == before {
                house.issued().await;
            }
        };
        tokio::time::timeout(PATIENCE, goes_over).await.unwrap();
        assert_eq!(hex::encode(store.sealing_key()), rotated.key);
        house.restored().await;
        assert!(house.sandbox.restore(&first).await.unwrap().is_accepted());
        house.until(|platform| platform.delivery(&first).is_some_and(|it| it.plaintext.is_some())).await;
        let usage = store.read(key_hierarchy::usage).await.unwrap();
        assert!(usage.contains_key(&hex::encode(before)) && usage.contains_key(&rotated.key), "{usage:?}");
    }
}
