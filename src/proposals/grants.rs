//! Who may see now what is masked otherwise: whoever proposed so, once another has approved it, for some minutes.

use jiff::Timestamp;
use serde_json::json;

use super::By;
use crate::access::Operator;
use crate::store::audit::{self, Entry};
use crate::store::proposals::{ProposalId, Subject};
use crate::store::{Connection, StoreError, messages, proposals};

/// A right to see personal data or a raw message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub proposal: ProposalId,
    pub until: Timestamp,
}

/// Whether somebody may see a guarantee's personal data, or a message, at this moment. A grant for a guarantee holds for its
/// messages too. Whoever then looks is noted by [`note_look`], in a transaction that writes.
///
/// # Errors
/// When the database fails.
pub fn may_see(
    connection: &mut Connection,
    operator: &Operator,
    subject: &Subject,
    at: Timestamp,
) -> Result<Option<Grant>, StoreError> {
    let mut held = proposals::held(connection, &operator.id, subject, at)?;
    if let (None, Subject::Message(id)) = (&held, subject) {
        let guarantee = messages::find(connection, id)?.and_then(|message| message.header.guarantee);
        if let Some(guarantee) = guarantee {
            held = proposals::held(connection, &operator.id, &Subject::Guarantee(guarantee), at)?;
        }
    }
    Ok(held.and_then(|proposal| {
        let until = proposal.holds_until?;
        Some(Grant { proposal: proposal.id, until })
    }))
}

/// Notes that somebody looked by a grant, and at what.
///
/// # Errors
/// When the database fails.
pub fn note_look(
    connection: &mut Connection,
    grant: &Grant,
    by: &By,
    subject: &Subject,
    at: Timestamp,
) -> Result<(), StoreError> {
    let entry = Entry {
        actor: by.actor(),
        address: by.address,
        action: "unmask.look",
        subject: (subject.kind(), subject.id().to_owned()),
        detail: json!({ "proposal": grant.proposal.as_str() }),
        before: None,
        after: None,
    };
    audit::append(connection, &entry, at).map(drop)
}

/// Grants and notes in one: None where there is no right to see it, and then nothing is noted.
///
/// # Errors
/// When the database fails.
pub fn look(
    connection: &mut Connection,
    by: &By,
    subject: &Subject,
    at: Timestamp,
) -> Result<Option<Grant>, StoreError> {
    let grant = may_see(connection, &by.operator, subject, at)?;
    if let Some(grant) = &grant {
        note_look(connection, grant, by, subject, at)?;
    }
    Ok(grant)
}
