//! What every failure has to answer: what happened, was anything changed, what to do next (rule 5).

use jiff::Timestamp;

use crate::model::{EntryId, MachineActionId, Permission};

/// Whether a request that went wrong may have changed something.
///
/// Computed in one place per subsystem, and used both for wording and for deciding what may be
/// repeated, so that the two cannot disagree.
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

/// Said of every answer that has nothing to do with the request.
pub const NO_LICENCE: &str = "Your organization's Defender licence does not cover this";
pub const SIGN_IN_NOT_ACCEPTED: &str =
    "Defender does not accept this sign-in, not even a renewed one";
pub const PROXY_WANTS_SIGN_IN: &str = "The network's proxy asks for a sign-in";
pub const ANSWERED_ON_THE_WAY: &str = "Something on the way to Defender answered instead of it";

/// What the person can do about it; the window turns it into a button or a sentence.
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

/// The step of these words.
#[must_use]
pub fn outside(words: &str) -> NextStep {
    NextStep::Outside(words.into())
}

/// A failure in words a tired person understands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What happened: one sentence, the device's name in it, no jargon.
    pub headline: String,
    pub effect: Effect,
    pub next: NextStep,
    /// Code, service message, request id, host; safe to copy.
    pub details: Vec<String>,
}

impl Explanation {
    /// An explanation of something that changed nothing.
    #[must_use]
    pub fn harmless(headline: impl Into<String>, next: NextStep) -> Self {
        Self {
            headline: headline.into(),
            effect: Effect::NothingChanged,
            next,
            details: Vec::new(),
        }
    }

    /// The same with one more detail.
    #[must_use]
    pub fn with(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    /// Whether anything was changed, and what to do next where there is something to do.
    #[must_use]
    pub fn effect_and_next(&self) -> String {
        sentences([self.effect.words(), &self.next.words()])
    }

    /// What happened, and what to do next where there is something to do.
    #[must_use]
    pub fn headline_and_next(&self) -> String {
        sentences([&*self.headline, &self.next.words()])
    }
}

/// The parts that say something, one after the other.
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
    fn nothing_to_do_leaves_no_empty_sentence() {
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
