//! Choices of a parameter.

/// One value of a [`ParameterKind::Choice`](super::ParameterKind::Choice).
#[derive(Debug, PartialEq, Eq)]
pub struct Choice {
    /// The value on the wire, returned in the action's `scope`.
    pub value: &'static str,
    /// Label on screen.
    pub word: &'static str,
    /// Name in `availableMachineActions`, if different from the action's.
    pub available_as: Option<&'static str>,
    /// Wording that overrides the action's.
    pub words: ChoiceWords,
}

impl Choice {
    /// A choice worded like its action.
    pub(super) const fn plain(value: &'static str, word: &'static str) -> Self {
        Self {
            value,
            word,
            available_as: None,
            words: ChoiceWords::NONE,
        }
    }
}

/// Wording of an action with this choice; unset texts are the action's.
#[derive(Debug, PartialEq, Eq)]
pub struct ChoiceWords {
    pub title: Option<&'static str>,
    pub verb: Option<&'static str>,
    pub done: Option<&'static str>,
    pub consequence: Option<&'static str>,
}

impl ChoiceWords {
    /// The action's wording.
    pub const NONE: Self = Self {
        title: None,
        verb: None,
        done: None,
        consequence: None,
    };
}
