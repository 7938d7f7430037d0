//! A guardrail's input and output.

use jiff::Timestamp;

use crate::action::Task;
use crate::explain::NextStep;
use crate::model::{EntryId, IN_THE_FUTURE, MachineActionId, MachineRef, age_text};

/// The task to judge.
pub struct Question<'a> {
    /// The entry of the order itself, so that it does not block itself.
    pub entry: Option<EntryId>,
    pub task: &'a Task,
    pub machine: &'a MachineRef,
    /// The reviewed tags, for a record that omits them.
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
    /// Blocks until the user has typed the device's name.
    NameWanted,
    Block,
}

/// A guardrail's statement about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The name of the guardrail.
    pub rail: &'static str,
    pub severity: Severity,
    /// One sentence, without the request.
    pub reason: String,
    /// The reason without its ages, if it has any.
    lasting: Option<String>,
    /// The request of a [`Severity::NameWanted`].
    request: Option<Request>,
    pub next: NextStep,
    /// The opposite action under way that this finding is about.
    pub opposite: Option<MachineActionId>,
}

/// A request to the user, and whether it was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    TypeName,
    NameTyped,
    /// Leaving the device out of a form for several, where no name can be typed.
    LeaveOut,
    /// The word for all devices.
    TypeWord,
    WordTyped,
}

impl Request {
    /// The end of the sentence.
    const fn words(self) -> &'static str {
        match self {
            Self::TypeName => ". Type its name to continue",
            Self::NameTyped => ". Its name was typed",
            Self::LeaveOut => ". Leave it out, or order it separately",
            Self::TypeWord => ". Type the word “everywhere” to continue",
            Self::WordTyped => ". The word was typed",
        }
    }
}

impl Finding {
    #[must_use]
    pub fn text(&self) -> String {
        let request = self.request.map_or("", Request::words);
        format!("{}{request}", self.reason)
    }

    /// The part of the reason that does not change with age: who has read it once need not read it again.
    #[must_use]
    pub fn lasting_reason(&self) -> &str {
        self.lasting.as_ref().unwrap_or(&self.reason)
    }

    /// Puts a heading before the reason, such as the steps of the plan that the finding belongs to.
    pub fn put_under(&mut self, heading: &str) {
        for reason in std::iter::once(&mut self.reason).chain(&mut self.lasting) {
            *reason = format!("{heading}: {reason}");
        }
    }

    /// The finding once the required name or word was typed.
    pub(super) fn typed(mut self) -> Self {
        self.request = self.request.map(|request| match request {
            Request::TypeName | Request::NameTyped | Request::LeaveOut => Request::NameTyped,
            Request::TypeWord | Request::WordTyped => Request::WordTyped,
        });
        self
    }

    /// The finding in a form for several devices.
    pub(super) fn among_several(mut self) -> Self {
        if self.request == Some(Request::TypeName) {
            self.request = Some(Request::LeaveOut);
        }
        self
    }

    /// Whether this finding blocks the order, given whether the device's name has been typed.
    pub(super) const fn forbids(&self, is_named: bool) -> bool {
        match self.severity {
            Severity::Note | Severity::NotChecked | Severity::Warn => false,
            Severity::NameWanted => !is_named,
            Severity::Block => true,
        }
    }
}

/// Whether a reason includes ages or omits them.
#[derive(Clone, Copy)]
pub(super) struct Ages {
    now: Timestamp,
    are_shown: bool,
}

impl Ages {
    /// The age of `at`, in words. A future time stays, as it does not pass by itself.
    pub(super) fn of(self, at: Timestamp) -> String {
        let secs = self.now.duration_since(at).as_secs();
        if self.are_shown || age_text(secs) == IN_THE_FUTURE {
            age_text(secs)
        } else {
            String::new()
        }
    }
}

/// A reason, with its part that does not change with age.
pub(super) struct Reason {
    text: String,
    lasting: Option<String>,
}

impl Reason {
    /// A reason that mentions ages.
    pub(super) fn aging(now: Timestamp, words: impl Fn(Ages) -> String) -> Self {
        let ages = |are_shown| Ages { now, are_shown };
        Self {
            text: words(ages(true)),
            lasting: Some(words(ages(false))),
        }
    }
}

impl<T: Into<String>> From<T> for Reason {
    fn from(text: T) -> Self {
        Self {
            text: text.into(),
            lasting: None,
        }
    }
}

/// A finding that is not yet credited to a guardrail.
pub struct Verdict {
    severity: Severity,
    reason: Reason,
    request: Option<Request>,
    next: NextStep,
    opposite: Option<MachineActionId>,
}

impl Verdict {
    fn new(severity: Severity, reason: impl Into<Reason>) -> Self {
        Self {
            severity,
            reason: reason.into(),
            request: None,
            next: NextStep::None,
            opposite: None,
        }
    }

    pub(super) fn warn(text: impl Into<Reason>) -> Self {
        Self::new(Severity::Warn, text)
    }

    /// Information that does not speak against the order.
    pub(super) fn note(text: impl Into<Reason>) -> Self {
        Self::new(Severity::Note, text)
    }

    /// A check that could not be made: `what` it was about, and why if known.
    pub(super) fn not_checked(what: impl std::fmt::Display) -> Self {
        Self::new(Severity::NotChecked, format!("Not checked: {what}"))
    }

    /// A check whose facts are still being read.
    pub(super) fn not_checked_yet(what: impl std::fmt::Display) -> Self {
        Self::new(Severity::NotChecked, format!("Not checked yet: {what}"))
    }

    /// Blocks until the device's name has been typed, for this reason.
    pub(super) fn name_wanted(reason: impl Into<Reason>) -> Self {
        let request = Some(Request::TypeName);
        let verdict = Self::new(Severity::NameWanted, reason);
        Self { request, ..verdict }
    }

    /// Blocks until the word for all devices has been typed, for this reason.
    pub(super) fn word_wanted(reason: impl Into<Reason>) -> Self {
        let request = Some(Request::TypeWord);
        let verdict = Self::new(Severity::NameWanted, reason);
        Self { request, ..verdict }
    }

    pub(super) fn block(text: impl Into<Reason>, next: NextStep) -> Self {
        Self::new(Severity::Block, text).next(next)
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
            reason: Reason { text, lasting },
            request,
            next,
            opposite,
        } = self;
        Finding {
            rail,
            severity,
            reason: text,
            lasting,
            request,
            next,
            opposite,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_is_the_same_before_and_after_its_request_is_met() {
        let why = "Protected by your organisation";
        for (wanted, asked, typed, among_several) in [
            (
                Verdict::name_wanted(why),
                ". Type its name to continue",
                ". Its name was typed",
                ". Leave it out, or order it separately",
            ),
            (
                Verdict::word_wanted(why),
                ". Type the word “everywhere” to continue",
                ". The word was typed",
                ". Type the word “everywhere” to continue",
            ),
        ] {
            let finding = wanted.named("rail");
            assert_eq!(finding.text(), format!("{why}{asked}"));
            let said = |finding: Finding| (finding.reason.clone(), finding.text());
            let after = finding.clone().typed();
            assert_eq!(said(after), (why.to_owned(), format!("{why}{typed}")));
            let after = finding.among_several();
            assert_eq!(
                said(after),
                (why.to_owned(), format!("{why}{among_several}"))
            );
        }
    }

    /// A reason may itself end like a request for a name.
    #[test]
    fn words_of_a_reason_are_no_request() {
        let why = "Its tag is “x. Type its name to continue";
        let finding = Verdict::warn(why).named("rail");
        assert_eq!(finding.clone().among_several().text(), why);
        assert_eq!(finding.typed().text(), why);
    }
}
