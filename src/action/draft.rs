//! The content of the form and its conversion to an [`Order`].

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::catalogue::ActionKind;
use super::hash::Sha1Error;
use super::order::{MAX_COMMENT_CHARS, Order, Task};
use super::parameter::{Parameter, ParameterError, ParameterKind, Value};
use super::plan_step::PlanStep;
use crate::model::{EntryId, MachineActionId, MachineActionType, MachineRef};

/// Subject of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    Act(ActionKind),
    Cancel {
        action: MachineActionId,
        action_type: MachineActionType,
    },
}

impl Subject {
    #[must_use]
    pub fn of(task: &Task) -> Self {
        match task {
            Task::Act { kind, .. } => Self::Act(*kind),
            Task::Cancel {
                action,
                action_type,
            } => Self::Cancel {
                action: action.clone(),
                action_type: action_type.clone(),
            },
        }
    }
}

/// The text of an action form. Editing it has no side effects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Generated when the form opens, displayed, and sent as the tag.
    pub entry: EntryId,
    pub machine: MachineRef,
    pub subject: Subject,
    pub comment: String,
    /// The text of each edited field, by the parameter's wire name.
    pub values: BTreeMap<&'static str, String>,
    /// The device name typed to confirm a protected device.
    pub typed_name: String,
    /// First entry of the batch, if several orders are confirmed together.
    pub batch: Option<EntryId>,
    /// The plan step that the form is for, if any.
    pub plan: Option<PlanStep>,
}

/// Why a form is incomplete; displayed beside its field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    #[error("Write why: the journal keeps your comment")]
    CommentMissing,
    #[error("{chars} characters: at most {MAX_COMMENT_CHARS}")]
    CommentTooLong { chars: usize },
    #[error(transparent)]
    Parameter(#[from] ParameterError),
}

impl Draft {
    /// Creates an empty form.
    #[must_use]
    pub fn new(entry: EntryId, machine: MachineRef, subject: Subject) -> Self {
        Self {
            entry,
            machine,
            subject,
            comment: String::new(),
            values: BTreeMap::new(),
            typed_name: String::new(),
            batch: None,
            plan: None,
        }
    }

    /// A copy of the form for another machine.
    #[must_use]
    pub fn about(&self, entry: EntryId, machine: MachineRef) -> Self {
        Self {
            entry,
            machine,
            ..self.clone()
        }
    }

    /// Whether the user has typed this device's name, or the last four characters of its id.
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

    /// The comment, which the service requires.
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

    /// The text of one field.
    #[must_use]
    pub fn text(&self, parameter: &Parameter) -> &str {
        let touched = self.values.get(parameter.wire_name);
        touched.map_or(parameter.preset(), String::as_str)
    }

    /// Sets the text of one field.
    pub fn set(&mut self, parameter: &Parameter, text: impl Into<String>) {
        self.values.insert(parameter.wire_name, text.into());
    }

    /// Copies the task's values into the form's matching fields.
    pub fn refill(&mut self, task: &Task) {
        if let Task::Act { values, .. } = task {
            let known = self.parameters();
            for (parameter, value) in values.iter().filter(|(p, _)| known.contains(p)) {
                self.set(parameter, value.text());
            }
        }
    }

    /// Fills each field with a sample value, for the self-test.
    pub fn fill_examples(&mut self) {
        for parameter in self.parameters() {
            self.set(parameter, parameter.example());
        }
    }

    /// The parsed value of one field.
    ///
    /// # Errors
    /// The mistake in the field's text.
    pub fn value(&self, parameter: &Parameter) -> Result<Value, ParameterError> {
        parameter.parse(self.text(parameter))
    }

    /// The field for a file's hash, if the form has one.
    #[must_use]
    pub fn hash_field(&self) -> Option<&'static Parameter> {
        let mut parameters = self.parameters().iter();
        parameters.find(|field| matches!(field.kind, ParameterKind::Hash | ParameterKind::AnyHash))
    }

    /// The hash to look the file up by: SHA-1 or SHA-256.
    #[must_use]
    pub fn file_hash(&self) -> Option<Box<str>> {
        match self.value(self.hash_field()?) {
            Ok(Value::Hash(sha1)) => Some(sha1.as_str().into()),
            Ok(Value::Sha256(digits)) | Err(ParameterError::Hash(Sha1Error::Sha256 { digits })) => {
                Some(digits)
            }
            Ok(_) | Err(_) => None,
        }
    }

    /// The typed path of a local file to hash.
    #[must_use]
    pub fn file_path(&self) -> Option<PathBuf> {
        match self.value(self.hash_field()?) {
            Err(ParameterError::Hash(Sha1Error::Path(path))) => Some(path),
            Ok(_) | Err(_) => None,
        }
    }

    /// The task so far; fields that cannot be parsed are left out.
    #[must_use]
    pub fn task(&self) -> Task {
        match &self.subject {
            Subject::Act(kind) => Task::Act {
                kind: *kind,
                values: self
                    .parameters()
                    .iter()
                    .filter_map(|p| Some((p, self.value(p).ok()?)))
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

    /// Parses the form into an order.
    ///
    /// # Errors
    /// All missing or invalid fields, in form order.
    pub fn parse(&self) -> Result<Order, Vec<DraftError>> {
        let wrong = |parameter| self.value(parameter).err().map(DraftError::from);
        let errors = self.parameters().iter().filter_map(wrong);
        let errors: Vec<_> = errors.chain(self.comment().err()).collect();
        match self.comment() {
            Ok(comment) if errors.is_empty() => Ok(Order {
                entry: self.entry,
                machine: self.machine.clone(),
                comment: comment.into(),
                batch: self.batch,
                plan: self.plan.clone(),
                task: self.task(),
            }),
            Ok(_) | Err(_) => Err(errors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::hash::Sha1Error;
    use super::super::inputs::SHA1;
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
    fn all_missing_fields_are_reported_together() {
        let draft = draft(ActionKind::StopAndQuarantineFile);
        assert_eq!(
            draft.parse(),
            Err(vec![
                DraftError::Parameter(ParameterError::Hash(Sha1Error::Missing)),
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
        assert_eq!(order.body()[1], ("IsolationType", "Full".into()));
    }

    #[test]
    fn quarantine_with_an_incomplete_hash_is_rejected() {
        let mut draft = draft(ActionKind::StopAndQuarantineFile);
        draft.comment = "alert 1234".into();
        draft.set(&SHA1, "87662bc3");
        let errors = draft.parse().expect_err("half a hash");
        assert!(
            matches!(errors.as_slice(), [DraftError::Parameter(_)]),
            "{errors:?}"
        );
    }
}
