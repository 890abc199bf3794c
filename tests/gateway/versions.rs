//! Replicas of two versions on one database, as there are during an upgrade.

use std::time::Duration;

use baohan_gateway::domain::identity::{GuaranteeId, PlatformId};
use baohan_gateway::store::jobs::{self, Lane, NewJob};
use serde_json::json;

use crate::house::{House, on_both_databases};

on_both_databases! {
    async fn a_job_that_only_a_newer_version_can_read_is_left_for_it_to_find(database: Database) {
        let soon = "[jobs.ordinary]\ndelays = [\"10ms\"]\nrepeat_last = 1000";
        let house = House::open_with(database, soon).await;
        let store = &house.gateway.assembly.store;
        let job = NewJob {
            platform: PlatformId::new("hainan"),
            lane: Lane::of_guarantee(&GuaranteeId::new("g1")),
            kind: "of-the-next-version".to_owned(),
            payload: json!({"of-the-next-version": {}}),
            deadline: "2030-01-01T00:00:00Z".parse().unwrap(),
            wait: Duration::ZERO,
        };
        let id = store.write(move |connection| jobs::enqueue(connection, &job)).await.unwrap();
        house.at_rest().await;
        let attempts = store.read({ let id = id.clone(); move |connection| jobs::attempts(connection, &id) }).await.unwrap();
        let outcomes: Vec<&str> = attempts.iter().map(|attempt| attempt.outcome.as_str()).collect();
        assert_eq!(outcomes, ["retry", "retry", "retry", "retry", "retry", "retry", "retry", "dead"]);
        let record = store.read(move |connection| jobs::find(connection, &id)).await.unwrap().unwrap();
        assert_eq!(record.cause.as_deref(), Some("unreadable"));
    }
}
