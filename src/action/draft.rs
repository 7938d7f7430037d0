//! The content of the form, and how it becomes an [`Order`].

use super::catalogue::ActionKind;
use super::order::{MAX_COMMENT_CHARS, Order, Task};
use super::parameter::{IsolationType, Parameter, Sha1, Sha1Error, Value};
use crate::model::{EntryId, MachineActionId, MachineActionType, MachineRef};

/// What a form is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    Act(ActionKind),
    Cancel {
        action: MachineActionId,
        action_type: MachineActionType,
    },
}

/// The text in an action form. Editing it changes nothing but this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Made when the form opens, shown, and sent as the tag.
    pub entry: EntryId,
    pub machine: MachineRef,
    pub subject: Subject,
    pub comment: String,
    pub isolation_type: IsolationType,
    pub sha1: String,
    /// The device's name as the person types it, where a protected device wants that.
    pub typed_name: String,
    /// The first of those that are to be confirmed together, where there are several.
    pub batch: Option<EntryId>,
}

/// Why a form is not complete yet; shown beside its field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    #[error("Write why: the service requires a comment")]
    CommentMissing,
    #[error("{chars} characters: at most {MAX_COMMENT_CHARS}")]
    CommentTooLong { chars: usize },
    #[error(transparent)]
    Sha1(#[from] Sha1Error),
}

impl Draft {
    /// An empty form.
    #[must_use]
    pub fn new(entry: EntryId, machine: MachineRef, subject: Subject) -> Self {
        Self {
            entry,
            machine,
            subject,
            comment: String::new(),
            isolation_type: IsolationType::Full,
            sha1: String::new(),
            typed_name: String::new(),
            batch: None,
        }
    }

    /// The same form about another machine.
    #[must_use]
    pub fn about(&self, entry: EntryId, machine: MachineRef) -> Self {
        Self {
            entry,
            machine,
            ..self.clone()
        }
    }

    /// Whether the person has typed this device's name, or the last four characters of its id.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.machine.is_named_by(&self.typed_name)
    }

    /// The fields of this form besides the comment.
    #[must_use]
    pub fn parameters(&self) -> &'static [Parameter] {
        match &self.subject {
            Subject::Act(kind) => kind.spec().parameters,
            Subject::Cancel { .. } => &[],
        }
    }

    /// The comment, or why it cannot be sent. The service refuses a missing one.
    ///
    /// # Errors
    /// When it is blank or too long.
    pub fn comment(&self) -> Result<&str, DraftError> {
        let comment = self.comment.trim();
        let chars = comment.chars().count();
        if !comment.chars().any(char::is_alphanumeric) {
            Err(DraftError::CommentMissing)
        } else if chars > MAX_COMMENT_CHARS {
            Err(DraftError::CommentTooLong { chars })
        } else {
            Ok(comment)
        }
    }

    /// The typed value of one field.
    ///
    /// # Errors
    /// What is wrong with the field's text.
    pub fn value(&self, parameter: Parameter) -> Result<Value, DraftError> {
        match parameter {
            Parameter::IsolationType => Ok(Value::IsolationType(self.isolation_type)),
            Parameter::Sha1 => Ok(Value::Sha1(Sha1::find(&self.sha1)?)),
        }
    }

    /// The SHA-1 in the form, if it is about a file and one can be read.
    #[must_use]
    pub fn file_sha1(&self) -> Option<Sha1> {
        let has_field = self.parameters().contains(&Parameter::Sha1);
        has_field.then(|| Sha1::find(&self.sha1).ok()).flatten()
    }

    /// The task as far as it is known; fields that cannot be read are left out.
    #[must_use]
    pub fn task(&self) -> Task {
        match &self.subject {
            Subject::Act(kind) => Task::Act {
                kind: *kind,
                values: self
                    .parameters()
                    .iter()
                    .filter_map(|p| self.value(*p).ok())
                    .collect(),
            },
            Subject::Cancel {
                action,
                action_type,
            } => Task::Cancel {
                action: action.clone(),
                action_type: action_type.clone(),
            },
        }
    }

    /// The order this form makes.
    ///
    /// # Errors
    /// Everything that is missing or cannot be read, in the order of the form.
    pub fn parse(&self) -> Result<Order, Vec<DraftError>> {
        let errors: Vec<_> = (self
            .parameters()
            .iter()
            .filter_map(|p| self.value(*p).err()))
        .chain(self.comment().err())
        .collect();
        match self.comment() {
            Ok(comment) if errors.is_empty() => Ok(Order {
                entry: self.entry,
                machine: self.machine.clone(),
                comment: comment.into(),
                batch: self.batch,
                task: self.task(),
            }),
            Ok(_) | Err(_) => Err(errors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MachineId;

    fn draft(kind: ActionKind) -> Draft {
        let machine = MachineRef {
            id: MachineId::parse("a1").expect("a literal id"),
            dns_name: None,
        };
        Draft::new(
            EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag"),
            machine,
            Subject::Act(kind),
        )
    }

    #[test]
    fn a_blank_comment_is_missing() {
        for blank in ["", "   ", "\n\t", "\u{a0}", "\u{200b}", "..."] {
            let mut draft = draft(ActionKind::Unisolate);
            draft.comment = blank.into();
            assert_eq!(
                draft.parse(),
                Err(vec![DraftError::CommentMissing]),
                "{blank:?}"
            );
        }
    }

    #[test]
    fn every_gap_is_named_at_once() {
        let draft = draft(ActionKind::StopAndQuarantineFile);
        assert_eq!(
            draft.parse(),
            Err(vec![
                DraftError::Sha1(Sha1Error::Missing),
                DraftError::CommentMissing
            ])
        );
    }

    #[test]
    fn the_tag_comes_first_in_the_comment() {
        let mut draft = draft(ActionKind::Isolate);
        draft.comment = "  alert 1234 ".into();
        let order = draft.parse().expect("complete");
        assert_eq!(order.comment_to_send(), "[cdn-7F3K2Q9M] alert 1234");
        assert_eq!(order.body()[1], ("IsolationType", "Full".to_owned()));
    }

    #[test]
    fn a_comment_alone_orders_no_quarantine() {
        let mut draft = draft(ActionKind::StopAndQuarantineFile);
        draft.comment = "alert 1234".into();
        draft.sha1 = "87662bc3".into();
        let errors = draft.parse().expect_err("half a hash");
        assert!(
            matches!(errors.as_slice(), [DraftError::Sha1(_)]),
            "{errors:?}"
        );
    }
}
