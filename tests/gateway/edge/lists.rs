//! Who may push for a platform, by address.

use crate::house::{Database, House, on_both_databases};
use crate::operator::MANUAL;
use crate::pushes::{APPLICATION, JSON, Reply, SUCCESS, client, reply_to};

/// The platform is elsewhere; a proxy is here.
const ELSEWHERE: &str = "[platforms.hainan.edge]\nallow = [\"203.0.113.0/24\"]\n";
const PROXY: &str = "[server]\nproxies = [\"127.0.0.0/8\"]\n";

async fn forwarded(house: &House, path: &str, header: &str) -> Reply {
    let address = format!("http://{}/platforms/{path}", house.gateway.address);
    let request = client().post(address).header("content-type", JSON).header("x-forwarded-for", header);
    reply_to(request.body(APPLICATION)).await
}

on_both_databases! {
    async fn whoever_is_on_no_list_is_told_nothing_and_leaves_no_bytes_behind(database: Database) {
        let house = House::open_with(database, &format!("{MANUAL}{ELSEWHERE}")).await;
        // Nobody's word but a proxy's counts for where somebody is.
        for (path, header) in [("hainan/baohanapply", "203.0.113.7"), ("hainan", ""), ("nowhere/x", "")] {
            let reply = forwarded(&house, path, header).await;
            assert_eq!((reply.status, reply.body.as_str()), (403, ""), "{path}");
            let record = house.record(&reply.request_id).await;
            assert_eq!((record.header.outcome.as_str(), record.header.size), ("forbidden", 0), "{path}");
            assert_eq!(record.header.peer.as_deref(), Some("127.0.0.1"));
            assert!(record.answer.is_none());
        }
        assert_eq!(house.ended("forbidden"), 3);
        assert!(house.ledger().state().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_proxy_of_the_settings_the_last_foreign_hop_counts() {
    let house = House::open_with(Database::Sqlite, &format!("{MANUAL}{PROXY}{ELSEWHERE}")).await;
    for header in ["198.51.100.1", "203.0.113.7, 198.51.100.1", "203.0.113.7, nonsense", ""] {
        let reply = forwarded(&house, "hainan/baohanapply", header).await;
        assert_eq!((reply.status, reply.body.as_str()), (403, ""), "{header}");
    }
    assert!(house.ledger().state().is_empty());
    let reply = forwarded(&house, "hainan/baohanapply", "198.51.100.1, 203.0.113.7, 127.0.0.2").await;
    assert_eq!((reply.status, reply.body.as_str()), (200, SUCCESS));
    assert_eq!(house.record(&reply.request_id).await.header.peer.as_deref(), Some("203.0.113.7"));
}
