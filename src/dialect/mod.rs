//! The platforms' languages, as data.
//!
//! A [`Table`] is one specification in a TOML file: its interfaces, their fields, and how messages are digested,
//! encrypted, answered and sent. A [`Profile`] is a table with one platform's settings applied. It turns bytes into a
//! typed [`Request`] ([`Profile::open`], the only way to a request, and it verifies before it interprets), answers
//! ([`Profile::success`], [`Profile::failure`]), and turns notices into bytes ([`Profile::compose`]).
//!
//! No platform is named in this room outside `tables/`: a platform that differs is another table, and an envelope or a
//! digest that no table can express is a variant of one enum in [`options`].

pub mod action;
pub mod answer;
mod body;
pub mod cipher;
pub mod compose;
mod digest;
pub mod explain;
mod json;
mod lexeme;
pub mod meaning;
mod moment;
pub mod open;
pub mod options;
mod payload;
pub mod profile;
pub mod registry;
pub mod rejection;
mod renaming;
pub mod reply;
pub mod request;
pub mod response;
mod room;
mod sealed;
mod soundness;
pub mod table;
mod wrapper;

pub use answer::{AbnormalSection, Answer, Verdict};
pub use cipher::{SectionKey, WrongKey};
pub use compose::{ComposeError, Message, Outgoing};
pub use open::Opened;
pub use profile::{PlatformOptions, Profile, ProfileError};
pub use registry::Registry;
pub use rejection::{Failure, Rejection, RejectionKind, Tolerance};
pub use request::{Query, Request, Subject};
pub use response::Response;
pub use sealed::SealedFields;
pub use table::{Table, TableError};
