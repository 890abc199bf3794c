//! From an opened push to the command that it means for the guarantee it names.

use jiff::Timestamp;

use crate::casework::restoration;
use crate::dialect::{Opened, Profile, Request, SectionKey};
use crate::domain::{Command, Guarantee};

/// A command, and the key to keep if it is carried out.
pub struct Prepared {
    pub command: Command,
    pub key: Option<SectionKey>,
}

/// None for a question, which is answered and changes nothing here.
pub fn prepare(
    profile: &Profile,
    opened: &Opened,
    known: Option<&Guarantee>,
    at: Timestamp,
) -> Option<Prepared> {
    let plain = |command| Prepared { command, key: None };
    Some(match &opened.request {
        Request::Apply(application) => {
            plain(Command::Apply { application: application.clone(), replace: profile.replacement() })
        }
        Request::Restore { guarantee, opened_at, key } => {
            let command = restoration::command(profile, known, guarantee.clone(), *opened_at, key, at);
            Prepared { command, key: Some(key.clone()) }
        }
        Request::RequestInvoice { guarantee, request } => {
            plain(Command::RequestInvoice { guarantee: guarantee.clone(), request: request.clone() })
        }
        Request::RequestSurrender { guarantee, reason } => {
            plain(Command::RequestSurrender { guarantee: guarantee.clone(), reason: reason.clone() })
        }
        Request::Cancel { guarantee, cancellation } => {
            plain(Command::Cancel { guarantee: guarantee.clone(), cancellation: cancellation.clone() })
        }
        Request::Claim { guarantee, request } => {
            plain(Command::Claim { guarantee: guarantee.clone(), request: request.clone() })
        }
        Request::Waive => plain(Command::Waive),
        Request::CancelOrder { reason } => plain(Command::CancelOrder { reason: reason.clone() }),
        Request::Ask(_) => return None,
    })
}
