//! The process's clock jumps between any two steps of a life. Leases and waits go by the database's clock, which
//! `tests/store/clock_jumps.rs` sets back.

use std::time::Duration;

use super::{BRISK, SLICES, assert_lived_once, live_through};
use crate::house::{House, on_both_databases};

const HOUR: u64 = 3_600;

on_both_databases! {
    async fn a_clock_that_jumps_at_every_step_changes_nothing(database: Database) {
        let house = House::open_with(database, &format!("{BRISK}{SLICES}")).await;
        let clock = house.gateway.assembly.clock.clone();
        // The seal is valid from today on.
        clock.advance(Duration::from_secs(100 * HOUR));
        // Hours, forward or backward.
        for jumps in [[-1, -1, -1], [24, -2, 3], [-30, 48, -25]] {
            let mut left = jumps.iter();
            let jump = || {
                let hours: i64 = *left.next().unwrap();
                let by = Duration::from_secs(hours.unsigned_abs() * HOUR);
                if hours < 0 { clock.set_back(by) } else { clock.advance(by) }
            };
            let applyno = live_through(&house, jump).await;
            assert_lived_once(&house, &applyno, &format!("{jumps:?}")).await;
        }
    }
}
