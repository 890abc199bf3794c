//! The lane in which a job stands.

use std::fmt;

use crate::domain::identity::{GuaranteeId, PlatformId};

/// What no id of a guarantee begins with.
const ROUND: &str = "round/";

/// Nor with this.
const BESIDE: &str = "beside/";

/// Nor with this.
const HOUSE: &str = "house/";

/// Jobs of one lane run one after the other. A guarantee has one, and so has each round of a platform. Work for a
/// guarantee that may wait for hours without holding up the rest of it stands in a lane beside the guarantee's own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane(String);

impl Lane {
    pub fn of_guarantee(id: &GuaranteeId) -> Self {
        Self(id.to_string())
    }

    /// A second lane of a guarantee, for work of one sort; `name` has no slash.
    pub fn beside(id: &GuaranteeId, name: &str) -> Self {
        Self(format!("{BESIDE}{name}/{id}"))
    }

    /// Of work that comes back by the clock and is for no single guarantee.
    pub fn of_round(platform: &PlatformId, round: &str) -> Self {
        Self(format!("{ROUND}{platform}/{round}"))
    }

    /// Of work that is for no single guarantee and does not come back.
    pub fn of_house(name: &str) -> Self {
        Self(format!("{HOUSE}{name}"))
    }

    pub(super) fn stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whose lane it is, its own or one beside; None where it is no guarantee's.
    pub fn guarantee(&self) -> Option<GuaranteeId> {
        match self.0.strip_prefix(BESIDE) {
            Some(named) => named.split_once('/').map(|(_, id)| GuaranteeId::new(id)),
            None if self.0.starts_with(HOUSE) => None,
            None => self.round().is_none().then(|| GuaranteeId::new(&self.0)),
        }
    }

    /// The round's name; None where the lane is no round's.
    pub fn round(&self) -> Option<&str> {
        self.0.strip_prefix(ROUND)?.split_once('/').map(|(_, round)| round)
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_tells_whose_it_is() {
        let guarantee = GuaranteeId::generate();
        let lane = Lane::of_guarantee(&guarantee);
        assert_eq!((lane.guarantee(), lane.round()), (Some(guarantee.clone()), None));
        let beside = Lane::beside(&guarantee, "callbacks");
        assert_eq!(beside.as_str(), format!("beside/callbacks/{guarantee}"));
        assert_eq!((beside.guarantee(), beside.round()), (Some(guarantee.clone()), None));
        assert_ne!(beside, Lane::beside(&guarantee, "reminders"));
        let lane = Lane::of_round(&PlatformId::new("p"), "expiry");
        assert_eq!((lane.guarantee(), lane.round()), (None, Some("expiry")));
        assert_ne!(lane, Lane::of_round(&PlatformId::new("q"), "expiry"));
        let lane = Lane::of_house("callbacks/ping");
        assert_eq!((lane.guarantee(), lane.round()), (None, None));
    }
}
