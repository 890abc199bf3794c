//! The console over real HTTP.

mod accounts;
mod alarms;
mod audit;
mod browser;
mod guarantees;
pub mod guest;
mod letters;
mod openings;
mod overview;
mod pages;
mod proposals;
mod provider;
mod queue;
mod reconciliation;
mod routes;
mod sign_in;
pub mod visitor;

use std::time::Duration;

use baohan_gateway::clock;
use jiff::civil::Date;

use crate::house::House;

/// A gateway with a console.
pub const CONSOLE: &str = "[console]\nlisten = \"127.0.0.1:0\"\n";

/// Moves the gateway to the next noon in China, so that no test meets midnight; yields the day.
pub fn noon(house: &House) -> Date {
    let clock = &house.gateway.assembly.clock;
    let day = clock::china_date(clock.now()).tomorrow().unwrap();
    let noon = clock::china_midnight(day) + jiff::SignedDuration::from_hours(12);
    clock.advance(Duration::try_from(noon.duration_since(clock.now())).unwrap());
    day
}
