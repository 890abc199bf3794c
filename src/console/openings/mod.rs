//! The opening board: each tender section whose bids are opened, from the first key to the last delivered letter.
//!
//! A section's name is shown from its key on. What waits for its opening belongs to no section that anybody can name, and
//! is shown as that.

mod board;
mod card;
mod names;
mod section;
mod takeaway;

use jiff::SignedDuration;

pub(super) use board::{Today, look};
pub(super) use card::Card;
pub use names::SectionNames;

use super::language::Language;
use super::{Need, Route};
use crate::access::Permission;

pub(super) fn routes() -> Vec<Route> {
    let see = Need::Permission(Permission::SeeBusiness);
    vec![
        Route::get("/openings", see, board::get),
        Route::get("/openings/live", see, board::live),
        Route::get("/openings/{platform}/{section}", see, section::get),
        Route::get("/openings/{platform}/{section}/live", see, section::live),
        Route::get(
            "/openings/{platform}/{section}/export",
            Need::Permission(Permission::Export),
            takeaway::get,
        ),
    ]
}

/// How long something took: to the tenth of a second, or in minutes and seconds where it is more than two minutes.
pub(super) fn took(span: SignedDuration, language: Language) -> String {
    let tenths = span.as_millis().max(0) / 100;
    let second = match language {
        Language::Chinese => "秒",
        Language::English => "s",
    };
    match tenths {
        0..1200 => format!("{}.{} {second}", tenths / 10, tenths % 10),
        1200..36_000 => format!("{}:{:02}", tenths / 600, tenths / 10 % 60),
        _ => super::values::span(span, language),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_is_told_as_finely_as_it_matters() {
        let told = |millis| took(SignedDuration::from_millis(millis), Language::English);
        assert_eq!(
            [told(80), told(12_345), told(119_999), told(125_000), told(7_200_000)],
            ["0.0 s", "12.3 s", "119.9 s", "2:05", "2 h"]
        );
    }
}
