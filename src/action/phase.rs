//! A condition's phase, as the list, the search and the panel name it.

use super::condition::{Condition, ConditionState};

/// The state of a condition, without its evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// The history holds nothing about it: never read as "no".
    #[default]
    Unknown,
    No,
    Yes,
    /// It was set and lifted, and which came last is unknown.
    Unclear,
    /// An action that sets or clears it was accepted; the device has not started it.
    Pending {
        to: bool,
    },
    /// The device is carrying it out.
    UnderWay {
        to: bool,
    },
}

impl Phase {
    /// The phase of what was inferred.
    #[must_use]
    pub fn of(state: &ConditionState) -> Self {
        match state {
            ConditionState::Unknown => Self::Unknown,
            ConditionState::No(_) => Self::No,
            ConditionState::Yes(_) => Self::Yes,
            ConditionState::Unclear(_) => Self::Unclear,
            ConditionState::Changing { to, evidence } if evidence.is_picked_up => {
                Self::UnderWay { to: *to }
            }
            ConditionState::Changing { to, .. } => Self::Pending { to: *to },
        }
    }

    /// Whether it holds or an action on it has not ended.
    #[must_use]
    pub const fn is_of_note(self) -> bool {
        !matches!(self, Self::Unknown | Self::No)
    }

    /// Whether an action on it has not ended.
    #[must_use]
    pub const fn is_changing(self) -> bool {
        matches!(self, Self::Pending { .. } | Self::UnderWay { .. })
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
            (Self::Pending { to: true }, Isolated) => "Isolation pending",
            (Self::Pending { to: true }, Restricted) => "Restriction pending",
            (Self::Pending { to: true }, Contained) => "Containment pending",
            (Self::Pending { to: false }, Isolated) => "Still isolated, release pending",
            (Self::Pending { to: false }, Restricted) => "Still restricted, lifting pending",
            (Self::Pending { to: false }, Contained) => "Still contained, release pending",
            (Self::UnderWay { to: true }, Isolated) => "Isolating…",
            (Self::UnderWay { to: true }, Restricted) => "Restricting…",
            (Self::UnderWay { to: true }, Contained) => "Containing…",
            (Self::UnderWay { to: false }, Isolated | Contained) => "Releasing…",
            (Self::UnderWay { to: false }, Restricted) => "Unrestricting…",
        }
    }

    /// The word without what else still holds: for a narrow column and for the search.
    #[must_use]
    pub const fn short_word(self, condition: Condition) -> &'static str {
        match (self, condition) {
            (Self::Pending { to: false }, Condition::Restricted) => "Lifting pending",
            (Self::Pending { to: false }, Condition::Isolated | Condition::Contained) => {
                "Release pending"
            }
            (phase, condition) => phase.word(condition),
        }
    }
}
