//! What may be changed while the gateway runs: secrets of platforms, underwriting rules, templates of letters. The settings
//! files stay the base; what two people have agreed on stands above them, in the database, for all replicas.
//!
//! A [`Change`] is tried by [`Live::try_out`] before it is proposed and again before it is adopted. [`adopt`] puts it in force
//! within the transaction that closes its proposal. Each replica notices that by the count of adoptions, builds platforms and
//! press anew from its [`Base`] and the [`Overlay`], and puts them in place of the former; work that has begun ends as it began.
//! A replica that can't do so keeps what it has, and says so loudly.

mod adoption;
mod base;
mod change;
mod dry_run;
mod live;
mod overlay;
mod refusal;
mod subject;
#[cfg(test)]
mod tests;
mod timeline;
mod trial;

pub use adoption::{Approval, adopt, examine};
pub use base::Base;
pub use change::{Change, Content, Item, Withdrawal, propose_secret};
pub use dry_run::{DryRun, Outcome, Shift};
pub use live::{Live, Printing};
pub use overlay::{Held, Overlay, Version};
pub use refusal::Refusal;
pub use subject::{SecretKey, Subject};
pub use trial::{Effects, FormEffect};
