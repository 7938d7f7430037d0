//! The answers that each failure gives: what happened, was anything changed, what to do next (rule 5).

use jiff::Timestamp;

use crate::model::{EntryId, MachineActionId, Permission};

/// Whether a failed request may have changed something.
///
/// Computed in one place per subsystem, and used for both the wording and the decision whether to
/// retry, so that the two cannot disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    NothingChanged,
    Changed,
    Unknown,
}

impl Effect {
    /// The sentence on screen.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NothingChanged => "Nothing was changed",
            Self::Changed => "The change was made",
            Self::Unknown => "It is not known yet whether anything changed",
        }
    }
}

// Responses that do not concern the request itself.
pub const NO_LICENCE: &str = "Your organization's Defender licence does not cover this";
pub const SIGN_IN_NOT_ACCEPTED: &str =
    "Defender does not accept this sign-in, not even a renewed one";
pub const PROXY_WANTS_SIGN_IN: &str = "The network's proxy requires its own sign-in";
pub const ANSWERED_ON_THE_WAY: &str = "Something on the network answered instead of Defender";

/// The user's next step; the window turns it into a button or a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    None,
    TryAgain,
    Wait {
        until: Timestamp,
    },
    SignIn,
    AskForPermission(Permission),
    ShowAction(MachineActionId),
    ShowEntry(EntryId),
    /// Something outside the console; one sentence.
    Outside(Box<str>),
}

impl NextStep {
    /// The sentence on screen; empty when there is nothing to do.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::TryAgain => "Try again".into(),
            Self::Wait { .. } => "Wait: cordon retries on its own".into(),
            Self::SignIn => "Sign in again".into(),
            Self::AskForPermission(permission) => {
                format!(
                    "Ask an administrator for {permission}, for the portal role behind it, or for access to the device's group"
                )
            }
            Self::ShowAction(_) | Self::ShowEntry(_) => {
                "Check the action already in progress".into()
            }
            Self::Outside(words) => words.to_string(),
        }
    }
}

/// A step outside the console, in these words.
#[must_use]
pub fn outside(words: &str) -> NextStep {
    NextStep::Outside(words.into())
}

/// A failure in plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What happened: one sentence with the device's name and no jargon.
    pub headline: String,
    pub effect: Effect,
    pub next: NextStep,
    /// Code, service message, request id, host; safe to copy.
    pub details: Vec<String>,
}

impl Explanation {
    /// An explanation for a failure that changed nothing.
    #[must_use]
    pub fn harmless(headline: impl Into<String>, next: NextStep) -> Self {
        Self {
            headline: headline.into(),
            effect: Effect::NothingChanged,
            next,
            details: Vec::new(),
        }
    }

    /// Adds a detail.
    #[must_use]
    pub fn with(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    /// Whether anything was changed, and the next step, if any.
    #[must_use]
    pub fn effect_and_next(&self) -> String {
        sentences([self.effect.words(), &self.next.words()])
    }

    /// What happened, and the next step, if any.
    #[must_use]
    pub fn headline_and_next(&self) -> String {
        sentences([&*self.headline, &self.next.words()])
    }
}

/// Joins the non-empty parts to sentences.
pub fn sentences<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
    parts.collect::<Vec<_>>().join(". ")
}

/// Implemented by each subsystem's error.
pub trait Explain {
    fn explain(&self) -> Explanation;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_next_step_there_is_no_empty_sentence() {
        for (next, after, whole) in [
            (NextStep::None, "Nothing was changed", "The disk is full"),
            (
                NextStep::Outside(" ".into()),
                "Nothing was changed",
                "The disk is full",
            ),
            (
                NextStep::TryAgain,
                "Nothing was changed. Try again",
                "The disk is full. Try again",
            ),
        ] {
            let said = Explanation::harmless("The disk is full", next);
            assert_eq!(said.effect_and_next(), after);
            assert_eq!(said.headline_and_next(), whole);
        }
    }
}
