//! Whether somebody may see what is covered otherwise: by a grant that another has approved. Each look is put on record.

use jiff::Timestamp;
use serde::Deserialize;

use crate::console::acting::Acting;
use crate::console::{Console, Failure};
use crate::proposals::{By, grants};
use crate::store::proposals::Subject;

/// The part of a page's query that says how much is to be shown.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wish {
    /// `failures` for those entries of a timeline alone.
    pub show: String,
    /// `1` for what is covered otherwise.
    pub uncovered: String,
}

/// What somebody may see, and sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    Covered,
    /// There is a grant until then, which is not made use of.
    Granted(Timestamp),
    /// It is made use of.
    Lifted(Timestamp),
}

impl Sight {
    pub fn is_lifted(self) -> bool {
        matches!(self, Self::Lifted(_))
    }

    pub fn is_granted(self) -> bool {
        matches!(self, Self::Granted(_))
    }

    /// Until when a grant holds.
    pub fn until(self) -> Option<Timestamp> {
        match self {
            Self::Covered => None,
            Self::Granted(until) | Self::Lifted(until) => Some(until),
        }
    }
}

/// Looks for a grant; notes the look where it is made use of.
///
/// # Errors
/// When the database fails.
pub(super) async fn sight(
    console: &Console,
    acting: Acting,
    subject: Subject,
    wish: &Wish,
) -> Result<Sight, Failure> {
    let at = console.clock.now();
    let by = By::from(acting);
    if wish.uncovered == "1" {
        let seen = console.store.write(move |connection| grants::look(connection, &by, &subject, at)).await?;
        return Ok(seen.map_or(Sight::Covered, |grant| Sight::Lifted(grant.until)));
    }
    let operator = by.operator;
    let held =
        console.store.read(move |connection| grants::may_see(connection, &operator, &subject, at)).await?;
    Ok(held.map_or(Sight::Covered, |grant| Sight::Granted(grant.until)))
}
