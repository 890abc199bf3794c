//! The same push several times at once, as platforms that lose patience send it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::future::join_all;

use crate::house::{House, on_both_databases};
use crate::pushes::{APPLICATION, APPLYNO, RESTORATION, SUCCESS, altered};

const AT_ONCE: usize = 16;

/// Pushes one content many times at once, each with its own time and digest; all must be answered alike.
async fn push_at_once(house: &House, interface: &str, push: &str) {
    let times = (0..AT_ONCE).map(|n| format!("2024-06-03 09:15:{n:02}"));
    let pushes = times.map(|time| house.sandbox.push_raw(interface, altered(push, &[("timestamp", &time)])));
    for answer in join_all(pushes).await {
        assert_eq!(answer.unwrap().body, SUCCESS, "{interface}");
    }
}

/// One push was carried out, and the others repeated it.
fn assert_one_accepted(outcomes: &[String]) {
    let mut outcomes = outcomes.to_vec();
    outcomes.sort();
    assert_eq!(outcomes.len(), AT_ONCE);
    assert_eq!(outcomes[0], "accepted");
    assert!(outcomes[1..].iter().all(|outcome| outcome == "duplicate"), "{outcomes:?}");
}

on_both_databases! {
    async fn one_guarantee_comes_of_identical_applications_at_once(database: Database) {
        let house = House::open_with(database, crate::operator::MANUAL).await;
        push_at_once(&house, "baohanapply", APPLICATION).await;
        house.at_rest().await;
        assert_one_accepted(&house.ledger().outcomes());
        assert_eq!(house.ledger().jobs(), ["consult"]);
        assert_eq!(house.timeline(APPLYNO).await, ["收到投保申请"]);
        let stored = "SELECT application_number AS line FROM guarantees";
        assert_eq!(house.ledger().lines(stored), [APPLYNO]);
    }

    async fn one_restoration_comes_of_identical_keys_at_once(database: Database) {
        let house = House::open(database).await;
        let applyno = house.issued().await;
        house.at_rest().await;
        let application = house.sandbox.application(&applyno).unwrap();
        let key = BASE64.encode(application.key);
        let number = house.number(&applyno).await;
        let fields = [("applyno", applyno.as_str()), ("baohanno", &number), ("key", &key)];
        push_at_once(&house, "baohanrestore", &altered(RESTORATION, &fields)).await;
        assert_one_accepted(&house.ledger().outcomes()[1..]);
        house.until(|platform| platform.delivery(&applyno).unwrap().plaintext.is_some()).await;
        house.at_rest().await;
        assert_eq!(
            house.ledger().jobs(),
            ["consult", "make-letter", "make-letter", "notify", "upload", "upload"]
        );
        assert!(house.sandbox.delivery(&applyno).unwrap().exactly_once());
    }
}
