//! What people do with the console, from page to page.

mod opening;
mod queue;
mod round;
mod search;
mod sign_in;
mod two_people;
