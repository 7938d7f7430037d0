//! Phase of a condition, as named by list, search and panel.

use super::condition::Condition;
use super::inference::{ConditionState, Conditions};

/// Phase of a condition, without its evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConditionPhase {
    /// No evidence in the history: never read as "no".
    #[default]
    Unknown,
    No,
    Yes,
    /// Set and lifted, in unknown order.
    Unclear,
    /// An accepted action will set or clear it; the device has not started.
    Pending {
        to: bool,
        /// Whether it is in force meanwhile, as far as the history shows.
        holds: bool,
    },
    /// The device is carrying it out.
    UnderWay {
        to: bool,
        /// Whether it is in force meanwhile, as in [`Self::Pending`].
        holds: bool,
    },
    /// Both setting and lifting are under way; the last to end wins.
    BothWays,
}

const PENDING: ConditionPhase = ConditionPhase::Pending {
    to: true,
    holds: false,
};
/// Requested again while in force.
const PENDING_AGAIN: ConditionPhase = ConditionPhase::Pending {
    to: true,
    holds: true,
};
/// Being carried out again while in force.
const UNDER_WAY_AGAIN: ConditionPhase = ConditionPhase::UnderWay {
    to: true,
    holds: true,
};
const STILL: ConditionPhase = ConditionPhase::Pending {
    to: false,
    holds: true,
};
/// A pending release of a condition that is not known to be in force.
const WAY_BACK: ConditionPhase = ConditionPhase::Pending {
    to: false,
    holds: false,
};

impl ConditionPhase {
    /// The phase of an inferred state; `holds` is whether it is in force while it changes.
    #[must_use]
    pub fn of(state: &ConditionState, holds: bool) -> Self {
        match state {
            ConditionState::Unknown => Self::Unknown,
            ConditionState::No(_) => Self::No,
            ConditionState::Yes(_) => Self::Yes,
            ConditionState::Unclear(_) => Self::Unclear,
            ConditionState::Changing { to, evidence } if evidence.is_picked_up => {
                Self::UnderWay { to: *to, holds }
            }
            ConditionState::Changing { to, .. } => Self::Pending { to: *to, holds },
        }
    }

    /// Whether it is in force or an action on it is under way.
    #[must_use]
    pub const fn is_of_note(self) -> bool {
        !matches!(self, Self::Unknown | Self::No)
    }

    /// Whether an action on it has not ended.
    #[must_use]
    pub const fn is_changing(self) -> bool {
        matches!(
            self,
            Self::Pending { .. } | Self::UnderWay { .. } | Self::BothWays
        )
    }

    /// The word for a condition in this phase.
    #[must_use]
    pub const fn word(self, condition: Condition) -> &'static str {
        use Condition::{Contained, Isolated, Restricted};
        match (self, condition) {
            (Self::Unknown, _) => "Unknown",
            (Self::No, Isolated) => "Not isolated",
            (Self::No, Restricted) => "Unrestricted",
            (Self::No, Contained) => "Not contained",
            (Self::Yes, condition) => condition.word(),
            (Self::Unclear, Isolated) => "Isolated or released: not sure",
            (Self::Unclear, Restricted) => "Restricted or unrestricted: not sure",
            (Self::Unclear, Contained) => "Contained or released: not sure",
            (PENDING, Isolated) => "Isolation pending",
            (PENDING_AGAIN, Isolated) => "Isolated, isolation pending",
            (PENDING, Restricted) => "Restriction pending",
            (PENDING_AGAIN, Restricted) => "Restricted, restriction pending",
            (PENDING, Contained) => "Containment pending",
            (PENDING_AGAIN, Contained) => "Contained, containment pending",
            (STILL, Isolated) => "Still isolated, release pending",
            (STILL, Restricted) => "Still restricted, lifting pending",
            (STILL, Contained) => "Still contained, release pending",
            (WAY_BACK, Isolated | Contained) => "Release pending",
            (WAY_BACK, Restricted) => "Lifting pending",
            (UNDER_WAY_AGAIN, Isolated) => "Isolated, isolating again…",
            (Self::UnderWay { to: true, .. }, Isolated) => "Isolating…",
            (UNDER_WAY_AGAIN, Restricted) => "Restricted, restricting again…",
            (Self::UnderWay { to: true, .. }, Restricted) => "Restricting…",
            (UNDER_WAY_AGAIN, Contained) => "Contained, containing again…",
            (Self::UnderWay { to: true, .. }, Contained) => "Containing…",
            (Self::UnderWay { to: false, .. }, Isolated | Contained) => "Releasing…",
            (Self::UnderWay { to: false, .. }, Restricted) => "Unrestricting…",
            (Self::BothWays, Isolated) => "Isolation and release both under way",
            (Self::BothWays, Restricted) => "Restriction and lifting both under way",
            (Self::BothWays, Contained) => "Containment and release both under way",
        }
    }

    /// Whether it is in force and being set again.
    #[must_use]
    pub const fn is_repeated(self) -> bool {
        matches!(self, PENDING_AGAIN | UNDER_WAY_AGAIN)
    }

    /// Short word that leaves out the state in force meanwhile: for the search and narrow columns.
    #[must_use]
    pub const fn short_word(self, condition: Condition) -> &'static str {
        match (self, condition) {
            (Self::Pending { to, .. }, _) => Self::Pending { to, holds: false }.word(condition),
            (Self::UnderWay { to, .. }, _) => Self::UnderWay { to, holds: false }.word(condition),
            (Self::BothWays, Condition::Isolated) => "Isolation and release",
            (Self::BothWays, Condition::Restricted) => "Restriction and lifting",
            (Self::BothWays, Condition::Contained) => "Containment and release",
            _ => self.word(condition),
        }
    }
}

impl Conditions {
    #[must_use]
    pub fn phase(&self, condition: Condition) -> ConditionPhase {
        if self.opposed(condition).is_some() {
            return ConditionPhase::BothWays;
        }
        let holds = self.ended(condition).in_force().is_some();
        ConditionPhase::of(self.state(condition), holds)
    }
}
