//! What people do with the console, from page to page.

mod opening;
mod proposal;
mod queue;
mod search;
mod sign_in;
