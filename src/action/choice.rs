//! What a parameter offers to choose from.

/// One value of a [`ParameterKind::Choice`](super::ParameterKind::Choice).
#[derive(Debug, PartialEq, Eq)]
pub struct Choice {
    /// As the service wants it, and as it comes back in the action's `scope`.
    pub value: &'static str,
    /// On screen.
    pub word: &'static str,
    /// The name in `availableMachineActions`, where it is not the action's own.
    pub available_as: Option<&'static str>,
    /// What is said with it in the place of the action's own words.
    pub words: ChoiceWords,
}

/// What is said of an action with one of its choices, where its row says something else.
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
