//! One action on one machine, typed and complete.

use super::catalogue::{ActionKind, CANCEL_PERMISSIONS, Change, Risk};
use super::condition::Condition;
use super::parameter::{IsolationType, Sha1, Value};
use crate::model::{EntryId, MachineActionId, MachineActionType, MachineRef, Permission};

/// The service names no limit for comments; this one keeps the whole request small.
pub const MAX_COMMENT_CHARS: usize = 1_000;

/// One thing to ask of the service. Its entry id is its tag: with it the service's record and
/// ours are matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub entry: EntryId,
    pub machine: MachineRef,
    /// What the person wrote: not blank, without white space around it.
    pub comment: Box<str>,
    /// The first of those that were confirmed together, where there were several.
    pub batch: Option<EntryId>,
    pub task: Task,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    Act {
        kind: ActionKind,
        values: Box<[Value]>,
    },
    /// Stop an action in flight. Makes no new action; its tag comes back in the cancelled one.
    Cancel {
        action: MachineActionId,
        action_type: MachineActionType,
    },
}

impl Task {
    /// The kind of action, if this is one.
    #[must_use]
    pub const fn kind(&self) -> Option<ActionKind> {
        match self {
            Self::Act { kind, .. } => Some(*kind),
            Self::Cancel { .. } => None,
        }
    }

    /// Whether it cancels this action.
    #[must_use]
    pub fn cancels(&self, cancelled: &MachineActionId) -> bool {
        matches!(self, Self::Cancel { action, .. } if action == cancelled)
    }

    /// Whether a success of this task brings about what the other was to bring about.
    #[must_use]
    pub fn makes_up_for(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Act { kind: one, .. }, Self::Act { kind: two, .. }) => {
                one == two && self.change() == other.change() && self.file() == other.file()
            }
            (Self::Cancel { .. }, Self::Cancel { action, .. }) => self.cancels(action),
            (Self::Act { .. }, Self::Cancel { .. }) | (Self::Cancel { .. }, Self::Act { .. }) => {
                false
            }
        }
    }

    /// Any one of these suffices.
    #[must_use]
    pub fn permissions(&self) -> &'static [Permission] {
        match self {
            Self::Act { kind, .. } => std::slice::from_ref(&kind.spec().permission),
            Self::Cancel { .. } => CANCEL_PERMISSIONS,
        }
    }

    #[must_use]
    pub const fn risk(&self) -> Risk {
        match self {
            Self::Act { kind, .. } => kind.spec().risk,
            Self::Cancel { .. } => Risk::Routine,
        }
    }

    /// Whether it contains a device without a sensor, which goes the way of an isolation.
    #[must_use]
    pub fn contains(&self) -> bool {
        let contain = Value::IsolationType(IsolationType::UnManagedDevice);
        matches!(self, Self::Act { values, .. } if values.contains(&contain))
    }

    /// Whether it leaves some applications connected.
    #[must_use]
    pub fn is_selective(&self) -> bool {
        let selective = Value::IsolationType(IsolationType::Selective);
        matches!(self, Self::Act { values, .. } if values.contains(&selective))
    }

    /// The file that it is about.
    #[must_use]
    pub fn file(&self) -> Option<&Sha1> {
        let Self::Act { values, .. } = self else {
            return None;
        };
        values.iter().find_map(|value| match value {
            Value::Sha1(sha1) => Some(sha1),
            Value::IsolationType(_) => None,
        })
    }

    /// Whether it cuts a device off its network.
    #[must_use]
    pub fn cuts_off(&self) -> bool {
        matches!(
            self.change(),
            Change::Sets(Condition::Isolated | Condition::Contained)
        )
    }

    /// What a success means for the machine's condition.
    #[must_use]
    pub fn change(&self) -> Change {
        match self {
            Self::Act { .. } if self.contains() => Change::Sets(Condition::Contained),
            Self::Act { kind, .. } => kind.spec().change,
            Self::Cancel { .. } => Change::Nothing,
        }
    }

    /// The heading of form, row and export.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Act { .. } if self.contains() => "Contain device".to_owned(),
            Self::Act { kind, .. } => kind.spec().title.to_owned(),
            Self::Cancel { action_type, .. } => match ActionKind::from_type(action_type) {
                Some(kind) => format!("Cancel “{}”", kind.spec().title),
                None => format!("Cancel {action_type}"),
            },
        }
    }

    /// For "You are not allowed to …", with the device's name after it.
    #[must_use]
    pub const fn infinitive(&self) -> &'static str {
        match self {
            Self::Act { kind, .. } => kind.spec().infinitive,
            Self::Cancel { .. } => "cancel an action on",
        }
    }

    /// The word for success.
    #[must_use]
    pub fn done(&self) -> &'static str {
        match self {
            Self::Act { .. } if self.contains() => Condition::Contained.word(),
            Self::Act { kind, .. } => kind.spec().done,
            Self::Cancel { .. } => "Action cancelled",
        }
    }

    /// One sentence on what happens then.
    #[must_use]
    pub fn consequence(&self) -> &'static str {
        match self {
            Self::Act { .. } if self.contains() => {
                "The devices that Defender manages drop all traffic to and from it. That takes up to five minutes to spread"
            }
            Self::Act { kind, .. } => kind.spec().consequence,
            Self::Cancel { .. } => {
                "Takes the action back, if the device has not carried it out yet"
            }
        }
    }

    /// What the confirm button says, with the device pinned: `Isolate “FIN-LT-042” (…9c07)`.
    #[must_use]
    pub fn confirm_label(&self, machine: &MachineRef) -> String {
        format!("{} {}", self.verb(), machine.quoted())
    }

    /// The words before the device's name on the confirm button.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Act { .. } if self.contains() => "Contain",
            Self::Act { kind, .. } => kind.spec().verb,
            Self::Cancel { .. } => "Cancel the action on",
        }
    }

    /// What the safe button says.
    #[must_use]
    pub const fn keep_label(&self) -> &'static str {
        match self {
            Self::Act { kind, .. } => kind.spec().keep,
            Self::Cancel { .. } => "Don't cancel",
        }
    }
}

impl Order {
    /// The comment exactly as it leaves: the tag first, then the person's text.
    #[must_use]
    pub fn comment_to_send(&self) -> String {
        format!("[{}] {}", self.entry, self.comment)
    }

    /// Name and value of each property of the request body, in order.
    #[must_use]
    pub fn body(&self) -> Vec<(&'static str, String)> {
        let mut body = vec![("Comment", self.comment_to_send())];
        if let Task::Act { values, .. } = &self.task {
            body.extend(
                values
                    .iter()
                    .map(|v| (v.parameter().wire_name(), v.as_wire().to_owned())),
            );
            body.push(("ExternalId", self.entry.to_string()));
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MachineId;

    #[test]
    fn containing_goes_the_way_of_an_isolation_under_words_of_its_own() {
        let isolate = |how| Task::Act {
            kind: ActionKind::Isolate,
            values: Box::new([Value::IsolationType(how)]),
        };
        let machine = MachineRef {
            id: MachineId::parse("a19c07").expect("a literal id"),
            dns_name: Some("FIN-LT-042".into()),
        };
        let words = |how| {
            let task = isolate(how);
            (task.title(), task.done(), task.confirm_label(&machine))
        };
        for how in [IsolationType::Full, IsolationType::Selective] {
            assert_eq!(
                words(how),
                (
                    "Isolate device".to_owned(),
                    "Isolated",
                    "Isolate “FIN-LT-042” (…9c07)".to_owned()
                )
            );
            assert_eq!(
                isolate(how).consequence(),
                ActionKind::Isolate.spec().consequence
            );
        }
        let contain = IsolationType::UnManagedDevice;
        assert_eq!(
            words(contain),
            (
                "Contain device".to_owned(),
                "Contained",
                "Contain “FIN-LT-042” (…9c07)".to_owned()
            )
        );
        let consequence = isolate(contain).consequence();
        assert!(consequence.starts_with("The devices that Defender manages drop all traffic"));
    }
}
