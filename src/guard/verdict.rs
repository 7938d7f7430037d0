//! What a guardrail is asked, and what it answers.

use crate::action::Task;
use crate::explain::NextStep;
use crate::model::{EntryId, MachineActionId, MachineRef};

/// What is judged.
pub struct Question<'a> {
    /// The entry of the order itself, so that it does not block itself.
    pub entry: Option<EntryId>,
    pub task: &'a Task,
    pub machine: &'a MachineRef,
    /// The tags that the review went by, for a record that leaves them out.
    pub reviewed_tags: Option<&'a [Box<str>]>,
}

impl Question<'_> {
    /// Whether the task requests a new action rather than cancelling one.
    pub(super) fn is_act(&self) -> bool {
        matches!(self.task, Task::Act { .. })
    }
}

/// Severity of a finding, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Information only: the order can be confirmed before it has been on screen.
    Note,
    /// A check that could not be made: neither good nor bad news.
    NotChecked,
    Warn,
    /// Forbids, until the person has typed the device's name.
    NameWanted,
    Block,
}

/// What a guardrail says about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The name of the guardrail.
    pub rail: &'static str,
    pub severity: Severity,
    /// One sentence.
    pub text: String,
    pub next: NextStep,
    /// An opposite action under way that this finding is about.
    pub opposite: Option<MachineActionId>,
}

impl Finding {
    /// The text without the request to type a name, or the note that it was typed.
    #[must_use]
    pub fn reason(&self) -> &str {
        reason(&self.text)
    }

    /// Whether this finding blocks the order; `is_named` says whether the device's name has been typed.
    pub(super) const fn forbids(&self, is_named: bool) -> bool {
        match self.severity {
            Severity::Note | Severity::NotChecked | Severity::Warn => false,
            Severity::NameWanted => !is_named,
            Severity::Block => true,
        }
    }
}

/// A finding before it has its rail's name.
pub struct Verdict {
    severity: Severity,
    text: String,
    next: NextStep,
    opposite: Option<MachineActionId>,
}

impl Verdict {
    fn new(severity: Severity, text: String) -> Self {
        Self {
            severity,
            text,
            next: NextStep::None,
            opposite: None,
        }
    }

    pub(super) fn warn(text: impl Into<String>) -> Self {
        Self::new(Severity::Warn, text.into())
    }

    /// What is good to know, and no reason against it.
    pub(super) fn note(text: impl Into<String>) -> Self {
        Self::new(Severity::Note, text.into())
    }

    /// A check that could not be made: `what` it was about, and why where that is known.
    pub(super) fn not_checked(what: impl std::fmt::Display) -> Self {
        Self::new(Severity::NotChecked, format!("Not checked: {what}"))
    }

    /// A check whose facts are still being read.
    pub(super) fn not_checked_yet(what: impl std::fmt::Display) -> Self {
        Self::new(Severity::NotChecked, format!("Not checked yet: {what}"))
    }

    /// Forbids until the device's name has been typed, for this reason.
    pub(super) fn name_wanted(reason: impl std::fmt::Display) -> Self {
        Self::new(Severity::NameWanted, format!("{reason}{TYPE_NAME}"))
    }

    /// Forbids until the word for all devices has been typed, for this reason.
    pub(super) fn word_wanted(reason: impl std::fmt::Display) -> Self {
        Self::new(Severity::NameWanted, format!("{reason}{TYPE_WORD}"))
    }

    pub(super) fn block(text: impl Into<String>, next: NextStep) -> Self {
        Self::new(Severity::Block, text.into()).next(next)
    }

    pub(super) fn next(self, next: NextStep) -> Self {
        Self { next, ..self }
    }

    /// Names the opposite action under way that it is about.
    pub(super) fn about_opposite(self, action: MachineActionId) -> Self {
        let opposite = Some(action);
        Self { opposite, ..self }
    }

    pub(super) fn named(self, rail: &'static str) -> Finding {
        let Self {
            severity,
            text,
            next,
            opposite,
        } = self;
        Finding {
            rail,
            severity,
            text,
            next,
            opposite,
        }
    }
}

/// What ends the sentence while the name has not been typed.
const TYPE_NAME: &str = ". Type its name to continue";

/// What ends it once the name was typed.
const NAME_TYPED: &str = ". Its name was typed";

/// What ends it among several devices, where no name can be typed.
const BY_ITSELF: &str = ". Leave it out, or order it separately";

/// The same of the word that stands for all devices.
const TYPE_WORD: &str = ". Type the word “everywhere” to continue";
const WORD_TYPED: &str = ". The word was typed";

/// The sentence of a [`Verdict::name_wanted`] once the name was typed.
pub(super) fn name_typed(text: &str) -> String {
    let typed = if text.ends_with(TYPE_WORD) {
        WORD_TYPED
    } else {
        NAME_TYPED
    };
    format!("{}{typed}", reason(text))
}

/// The sentence of a [`Verdict::name_wanted`] in a form for several devices.
pub(super) fn by_itself(text: &str) -> Option<String> {
    Some(format!("{}{BY_ITSELF}", text.strip_suffix(TYPE_NAME)?))
}

/// The sentence without what it says of the typed name.
pub(super) fn reason(text: &str) -> &str {
    let endings = [TYPE_NAME, NAME_TYPED, BY_ITSELF, TYPE_WORD, WORD_TYPED];
    let mut without = endings
        .iter()
        .filter_map(|ending| text.strip_suffix(ending));
    without.next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_the_same_before_and_after_the_name_was_typed() {
        let why = "Protected by your organisation";
        for wanted in [Verdict::name_wanted(why), Verdict::word_wanted(why)] {
            assert_eq!(reason(&wanted.text), why);
            assert_ne!(name_typed(&wanted.text), wanted.text);
            assert_eq!(reason(&name_typed(&wanted.text)), why);
        }
    }
}
