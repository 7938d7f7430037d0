//! Comparison of requests on one device.

use super::catalogue::ActionKind;
use super::choice::Choice;
use super::hash::Sha1;
use super::order::Task;
use super::parameter::ParameterKind;
use super::spec::Recorded;
use crate::model::MachineAction;

/// Result of comparing an existing request on a device with a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sameness {
    Same,
    /// Same kind, different choice: selective instead of full isolation, or a longer scan.
    OtherVariant,
    /// The service does not report the type or the file.
    Unknown,
    Different,
}

impl Task {
    /// Compares an action of the service on the same device with this task.
    #[must_use]
    pub fn compared_with(&self, action: &MachineAction) -> Sameness {
        match self {
            Self::Cancel { action: wanted, .. } if *wanted == action.id => Sameness::Same,
            Self::Cancel { .. } => Sameness::Different,
            Self::Act { .. } if action.is_of_unknown_kind() => Sameness::Unknown,
            Self::Act { kind, .. } if action.kind != kind.spec().wire_type => Sameness::Different,
            Self::Act { kind, .. } => {
                let named = action.file_identifier.as_deref();
                let file = named.and_then(|text| Sha1::find(text).ok());
                self.compared(*kind, file.as_ref(), action.scope.as_deref())
            }
        }
    }

    /// Compares another order on the same device with this task.
    #[must_use]
    pub fn compared_with_task(&self, other: &Self) -> Sameness {
        match (self, other) {
            (Self::Act { kind, .. }, Self::Act { kind: theirs, .. })
                if kind == theirs && kind.is_tenant_wide() =>
            {
                self.compared_everywhere(other)
            }
            (Self::Act { kind, .. }, Self::Act { kind: theirs, .. })
                if kind.spec().wire_type == theirs.spec().wire_type =>
            {
                self.compared(*kind, other.file(), other.scope())
            }
            (Self::Cancel { action, .. }, Self::Cancel { action: theirs, .. })
                if action == theirs =>
            {
                Sameness::Same
            }
            (Self::Act { .. } | Self::Cancel { .. }, Self::Act { .. } | Self::Cancel { .. }) => {
                Sameness::Different
            }
        }
    }

    /// Compares tenant-wide orders. One file may have several indicators with different reactions.
    fn compared_everywhere(&self, other: &Self) -> Sameness {
        let about = |task: &Self| match task.indicator() {
            Some(id) => Some(id.as_str().to_owned()),
            None => task.file_hash().map(ToOwned::to_owned),
        };
        match (about(self), about(other)) {
            (Some(ours), Some(theirs)) if ours == theirs && self.reaction() == other.reaction() => {
                Sameness::Same
            }
            (Some(_), Some(_)) => Sameness::Different,
            (None, _) | (_, None) => Sameness::Unknown,
        }
    }

    /// The choice that distinguishes this request from others of its kind, if any.
    #[must_use]
    pub fn variant(&self) -> Option<&'static Choice> {
        match self {
            Self::Act { values, .. } => values.variant(),
            Self::Cancel { .. } => None,
        }
    }

    /// The action's `scope`, as the service reports it.
    fn scope(&self) -> Option<&str> {
        if let Some(tag) = self.tag() {
            return Some(tag);
        }
        let fixed = self.kind().and_then(|kind| kind.spec().fixed.first());
        let fixed = fixed.map(|(_, value)| *value);
        fixed.or(self.variant().map(|choice| choice.value))
    }

    /// Compares the targets of two requests of one kind.
    fn compared(&self, kind: ActionKind, file: Option<&Sha1>, scope: Option<&str>) -> Sameness {
        if kind.spec().record == Recorded::Machine {
            return match (self.tag(), scope) {
                (Some(ours), Some(theirs)) if ours == theirs => Sameness::Same,
                (Some(_), Some(_)) => Sameness::Different,
                (None, _) | (_, None) => Sameness::Unknown,
            };
        }
        let mut parameters = kind.spec().parameters.iter();
        if parameters.any(|parameter| parameter.kind == ParameterKind::Hash) {
            return match (self.file(), file) {
                (Some(ours), Some(theirs)) if ours == theirs => Sameness::Same,
                (Some(_), Some(_)) => Sameness::Different,
                (None, _) | (_, None) => Sameness::Unknown,
            };
        }
        match (self.variant(), scope) {
            // How the service reports a contained device is not documented.
            (None, _) | (_, None) => Sameness::Same,
            (Some(ours), Some(theirs)) if ours.value.eq_ignore_ascii_case(theirs) => Sameness::Same,
            (Some(_), Some(_)) => Sameness::OtherVariant,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::inputs::{FULL, ISOLATION_TYPE, SELECTIVE, SHA1};
    use super::super::parameter::{Value, Values};
    use super::*;
    use crate::model::{MachineActionId, MachineActionStatus, MachineActionType};

    const FILE_A: &str = "87662bc3d60e4200ceaf7aae249d1c343f4b83c9";
    const FILE_B: &str = "0123456789abcdef0123456789abcdef01234567";

    fn action(kind: MachineActionType, file: Option<&str>, scope: Option<&str>) -> MachineAction {
        let id = MachineActionId::parse("b89eb834").expect("a literal id");
        let mut action = MachineAction::bare(id, kind, MachineActionStatus::Pending);
        action.file_identifier = file.map(Into::into);
        action.scope = scope.map(Into::into);
        action
    }

    fn quarantine(file: &str) -> Task {
        let value = Value::Hash(Sha1::find(file).expect("a literal hash"));
        Task::Act {
            kind: ActionKind::StopAndQuarantineFile,
            values: [(&SHA1, value)].into(),
        }
    }

    fn isolation(choice: &'static Choice) -> Task {
        Task::Act {
            kind: ActionKind::Isolate,
            values: [(&ISOLATION_TYPE, Value::Choice(choice))].into(),
        }
    }

    fn plain(kind: ActionKind) -> Task {
        Task::Act {
            kind,
            values: Values::default(),
        }
    }

    #[test]
    fn requests_are_equal_only_for_the_same_file_and_isolation_type() {
        use MachineActionType::{Isolate, StopAndQuarantineFile, Unisolate};
        use Sameness::{Different, OtherVariant, Same, Unknown};
        let upper = FILE_A.to_uppercase();
        let sha256 = "a".repeat(64);
        let full = isolation(&FULL);
        for (task, kind, file, scope, expected) in [
            (
                quarantine(FILE_A),
                StopAndQuarantineFile,
                Some(&*upper),
                None,
                Same,
            ),
            (
                quarantine(FILE_A),
                StopAndQuarantineFile,
                Some(FILE_B),
                None,
                Different,
            ),
            (
                quarantine(FILE_A),
                StopAndQuarantineFile,
                None,
                None,
                Unknown,
            ),
            (
                quarantine(FILE_A),
                StopAndQuarantineFile,
                Some(&*sha256),
                None,
                Unknown,
            ),
            (full.clone(), Isolate, None, Some("full"), Same),
            (full.clone(), Isolate, None, None, Same),
            (full.clone(), Isolate, None, Some("Selective"), OtherVariant),
            (
                plain(ActionKind::Contain),
                Isolate,
                None,
                Some("Full"),
                Same,
            ),
            (full.clone(), Unisolate, None, None, Different),
            (
                full,
                MachineActionType::from_wire("Unknown"),
                None,
                None,
                Unknown,
            ),
        ] {
            let action = action(kind, file, scope);
            assert_eq!(task.compared_with(&action), expected, "{task:?} {action:?}");
        }
    }

    #[test]
    fn two_orders_compare_like_their_actions() {
        use Sameness::{Different, OtherVariant, Same, Unknown};
        let (a, b) = (quarantine(FILE_A), quarantine(FILE_B));
        let (full, selective) = (isolation(&FULL), isolation(&SELECTIVE));
        let button = plain(ActionKind::StopAndQuarantineFile);
        let contain = plain(ActionKind::Contain);
        for (ours, theirs, expected) in [
            (&a, &a, Same),
            (&a, &b, Different),
            (&button, &a, Unknown),
            (&full, &full, Same),
            (&full, &selective, OtherVariant),
            (&full, &a, Different),
            (&full, &contain, OtherVariant),
            (&contain, &full, Same),
        ] {
            assert_eq!(
                ours.compared_with_task(theirs),
                expected,
                "{ours:?} {theirs:?}"
            );
        }
    }
}
