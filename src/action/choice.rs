//! Choices of a parameter.

/// One value of a [`ParameterKind::Choice`](super::ParameterKind::Choice).
#[derive(Debug, PartialEq, Eq)]
pub struct Choice {
    /// The value on the wire, which comes back in the action's `scope`.
    pub value: &'static str,
    /// On screen.
    pub word: &'static str,
    /// The name in `availableMachineActions`, where it is not the action's own.
    pub available_as: Option<&'static str>,
    /// Wording that overrides the action's own.
    pub words: ChoiceWords,
}

impl Choice {
    /// One that is worded as the action is.
    pub(super) const fn plain(value: &'static str, word: &'static str) -> Self {
        Self {
            value,
            word,
            available_as: None,
            words: ChoiceWords::NONE,
        }
    }
}

/// Wording of an action with this choice, where it differs from the action's own.
#[derive(Debug, PartialEq, Eq)]
pub struct ChoiceWords {
    pub title: Option<&'static str>,
    pub verb: Option<&'static str>,
    pub done: Option<&'static str>,
    pub consequence: Option<&'static str>,
}

impl ChoiceWords {
    /// The action's own words.
    pub const NONE: Self = Self {
        title: None,
        verb: None,
        done: None,
        consequence: None,
    };
}
