//! What the institution's rules are, where each figure comes from, how a decision came about; and changes of rules, platform
//! secrets and templates, each tried, shown and proposed here, and put in force by somebody else's approval.

mod effects;
mod entry;
mod explain;
mod fields;
mod history;
mod overview;
mod proposing;
mod review;
mod secret;
mod template;
mod withdraw;

pub(super) use review::try_proposed;

use super::Route;

pub(super) fn routes() -> Vec<Route> {
    let parts = [
        overview::routes(),
        explain::routes(),
        entry::routes(),
        secret::routes(),
        template::routes(),
        withdraw::routes(),
        history::routes(),
        review::routes(),
    ];
    parts.into_iter().flatten().collect()
}
