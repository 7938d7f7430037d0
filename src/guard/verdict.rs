//! What a guardrail is asked, and what it answers.

use jiff::Timestamp;

use crate::action::Task;
use crate::explain::NextStep;
use crate::model::{EntryId, IN_THE_FUTURE, MachineActionId, MachineRef, age_text};

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
    /// One sentence, without what it asks for.
    pub reason: String,
    /// The same without what time alone changes in it, where it tells an age.
    lasting: Option<String>,
    /// What a [`Severity::NameWanted`] asks for.
    request: Option<Request>,
    pub next: NextStep,
    /// An opposite action under way that this finding is about.
    pub opposite: Option<MachineActionId>,
}

/// What a finding asks of the person, and whether it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    TypeName,
    NameTyped,
    /// Among several devices, where no name can be typed.
    LeaveOut,
    /// The word that stands for all devices.
    TypeWord,
    WordTyped,
}

impl Request {
    /// What ends the sentence.
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
    /// The sentence on screen.
    #[must_use]
    pub fn text(&self) -> String {
        let request = self.request.map_or("", Request::words);
        format!("{}{request}", self.reason)
    }

    /// What stays of the reason while it only grows older: one who has read it has read it a minute later too.
    #[must_use]
    pub fn lasting_reason(&self) -> &str {
        self.lasting.as_ref().unwrap_or(&self.reason)
    }

    /// Puts a heading before the reason, as the steps of a plan that the finding belongs to.
    pub fn put_under(&mut self, heading: &str) {
        for reason in std::iter::once(&mut self.reason).chain(&mut self.lasting) {
            *reason = format!("{heading}: {reason}");
        }
    }

    /// The finding once the name or word that it asks for was typed.
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

    /// Whether this finding blocks the order; `is_named` says whether the device's name has been typed.
    pub(super) const fn forbids(&self, is_named: bool) -> bool {
        match self.severity {
            Severity::Note | Severity::NotChecked | Severity::Warn => false,
            Severity::NameWanted => !is_named,
            Severity::Block => true,
        }
    }
}

/// What tells ages in a reason, or leaves them out.
#[derive(Clone, Copy)]
pub(super) struct Ages {
    now: Timestamp,
    are_told: bool,
}

impl Ages {
    /// How long ago something was. A time to come is news that does not pass by itself.
    pub(super) fn of(self, at: Timestamp) -> String {
        let secs = self.now.duration_since(at).as_secs();
        if self.are_told || age_text(secs) == IN_THE_FUTURE {
            age_text(secs)
        } else {
            String::new()
        }
    }
}

/// A reason, and what stays of it while it grows older.
pub(super) struct Reason {
    text: String,
    lasting: Option<String>,
}

impl Reason {
    /// A reason that tells ages.
    pub(super) fn aging(now: Timestamp, words: impl Fn(Ages) -> String) -> Self {
        let ages = |are_told| Ages { now, are_told };
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

/// A finding before it has its rail's name.
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

    /// What is good to know, and no reason against it.
    pub(super) fn note(text: impl Into<Reason>) -> Self {
        Self::new(Severity::Note, text)
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
    pub(super) fn name_wanted(reason: impl Into<Reason>) -> Self {
        let request = Some(Request::TypeName);
        let verdict = Self::new(Severity::NameWanted, reason);
        Self { request, ..verdict }
    }

    /// Forbids until the word for all devices has been typed, for this reason.
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
    fn a_reason_is_the_same_before_and_after_what_it_asks_for_was_typed() {
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
    fn words_of_a_reason_ask_for_nothing() {
        let why = "Its tag is “x. Type its name to continue";
        let finding = Verdict::warn(why).named("rail");
        assert_eq!(finding.clone().among_several().text(), why);
        assert_eq!(finding.typed().text(), why);
    }
}
