//! The use case "a push arrives": open it, know it again, decide, store everything, and only then answer.

mod case;
mod entry;
mod filing;
pub mod http;
pub mod inquiry;
mod outcome;
mod push;
mod receive;
mod recognition;
pub(crate) mod replays;
mod request;

pub use push::{Body, Push};
pub use receive::Intake;
pub use recognition::{Recognition, recognise};
pub use request::{Prepared, prepare};
