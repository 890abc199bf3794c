//! Maker and checker (经办, 复核): what one operator proposes is done when another has approved it, and not otherwise.
//!
//! A proposal holds all that is to be done, to the byte, sealed. Whoever approves says which digest they saw; what is carried
//! out is what that digest binds: payload, subject, maker, times. It is carried out once, in the transaction of the
//! approval, by the use cases that everybody else goes through, and judged by the state of that moment.
//!
//! Nobody decides about their own proposal: pages offer no button for it, [`approve`] refuses it, and so does a constraint
//! of the table. Two accounts of one person are two people here: that nobody has two is up to whoever administers users.

pub mod grants;
pub mod opening_keys;

mod carry_out;
mod decide;
mod options;
mod outlook;
mod payload;
mod preparation;
mod propose;
mod resend;
mod trail;

pub use decide::{Undecided, Verdict, approve, expire_old, refuse, withdraw};
pub use options::ProposalOptions;
pub use outlook::{Effect, Item, Outlook, outlook};
pub use payload::{KeptKey, PastedKey, Payload};
pub use propose::{Draft, Unproposable, propose};
pub use trail::By;

use std::sync::Arc;

use crate::casework::Platforms;
use crate::changes::Live;
use crate::store::proposals::Proposal;
use crate::store::{Connection, StoreError, proposals};

/// What proposals are judged and carried out with. Cheap to clone.
#[derive(Clone)]
pub struct Bench {
    pub platforms: Platforms,
    pub options: ProposalOptions,
    /// Tries changes and puts them in force.
    pub changes: Arc<Live>,
}

/// What a proposal would do; None where its row does not hold what was proposed then.
///
/// # Errors
/// When the database fails.
pub fn open(connection: &mut Connection, proposal: &Proposal) -> Result<Option<Payload>, StoreError> {
    let text = proposals::payload(connection, proposal)?;
    Ok(text.and_then(|text| Payload::from_text(&text)))
}

/// A fingerprint of a key by which people tell two of them apart; nobody can try keys out on it.
pub fn fingerprint(connection: &Connection, key: &KeptKey) -> String {
    proposals::key_fingerprint(connection, key.as_bytes())
}
