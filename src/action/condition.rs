//! What a machine is inferred to be in. The service has no such property: it is worked out from
//! past actions, and shown as such (rule 9).

use jiff::Timestamp;

use super::catalogue::{ActionKind, Change};
use super::parameter::IsolationType;
use crate::model::{MachineAction, MachineActionId, MachineActionStatus};

/// A lasting effect of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Condition {
    Isolated,
    Restricted,
    /// A device without a sensor, which the managed ones keep away from.
    Contained,
}

impl Condition {
    pub const ALL: [Self; 3] = [Self::Isolated, Self::Restricted, Self::Contained];

    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Isolated => "Isolated",
            Self::Restricted => "Restricted",
            Self::Contained => "Contained",
        }
    }

    /// The action that ends it.
    #[must_use]
    pub const fn way_back(self) -> ActionKind {
        match self {
            Self::Isolated | Self::Contained => ActionKind::Unisolate,
            Self::Restricted => ActionKind::UnrestrictCodeExecution,
        }
    }

    /// Whether an action sets or clears it.
    fn is_set_by(self, action: &MachineAction, history: &[MachineAction]) -> Option<bool> {
        let contained = |action: &MachineAction| {
            let contain = IsolationType::UnManagedDevice.as_wire();
            let mut scope = action.scope.iter();
            scope.any(|scope| scope.eq_ignore_ascii_case(contain))
        };
        let isolates = |action: &MachineAction| {
            action.kind == ActionKind::Isolate.spec().wire_type && !contained(action)
        };
        match ActionKind::from_type(&action.kind)?.spec().change {
            Change::Sets(Self::Isolated) if contained(action) => {
                (self == Self::Contained).then_some(true)
            }
            Change::Sets(condition) => (condition == self).then_some(true),
            // A release lifts either. It says nothing about containing where nobody did that, and
            // nothing about isolation where containing is all that was done.
            Change::Clears(Self::Isolated) if self == Self::Contained => {
                history.iter().any(contained).then_some(false)
            }
            Change::Clears(Self::Isolated) if self == Self::Isolated => {
                let is_of_containing =
                    history.iter().any(contained) && !history.iter().any(isolates);
                (!is_of_containing).then_some(false)
            }
            Change::Clears(condition) => (condition == self).then_some(false),
            Change::Nothing => None,
        }
    }
}

/// The action that an inference rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    pub action: MachineActionId,
    pub since: Option<Timestamp>,
    pub by: Option<Box<str>>,
    /// Whether the service said that the device has begun or ended it. One that is *Pending* may wait
    /// for days, and an unknown status proves nothing.
    pub is_picked_up: bool,
}

/// What history says about a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConditionState {
    Yes(Evidence),
    No(Evidence),
    /// An action that sets or clears it has not ended.
    Changing {
        to: bool,
        evidence: Evidence,
    },
    /// History holds nothing about it: never read as "no".
    Unknown,
}

/// Infers a condition from a machine's actions, in any order. Actions finish out of order, so the
/// one that ended last decides; an unfinished one makes the state "changing".
#[must_use]
pub fn infer(condition: Condition, history: &[MachineAction]) -> ConditionState {
    let mut last: Option<(&MachineAction, bool)> = None;
    let mut open: Option<(&MachineAction, bool)> = None;
    for action in history {
        let Some(sets) = condition.is_set_by(action, history) else {
            continue;
        };
        if !action.status.is_final() {
            if open.is_none_or(|(other, _)| other.created <= action.created) {
                open = Some((action, sets));
            }
        } else if action.status == MachineActionStatus::Succeeded
            && last.is_none_or(|(other, _)| ended(other) <= ended(action))
        {
            last = Some((action, sets));
        }
    }
    let evidence = |action: &MachineAction| Evidence {
        action: action.id.clone(),
        since: ended(action),
        by: action.requestor.as_deref().map(|r| r.trim().into()),
        is_picked_up: action.status == MachineActionStatus::InProgress || action.status.is_final(),
    };
    match (open, last) {
        (Some((action, to)), _) => ConditionState::Changing {
            to,
            evidence: evidence(action),
        },
        (None, Some((action, true))) => ConditionState::Yes(evidence(action)),
        (None, Some((action, false))) => ConditionState::No(evidence(action)),
        (None, None) => ConditionState::Unknown,
    }
}

fn ended(action: &MachineAction) -> Option<Timestamp> {
    action.last_updated.or(action.created)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MachineActionType;

    fn action(
        kind: MachineActionType,
        status: MachineActionStatus,
        created: i64,
        updated: i64,
    ) -> MachineAction {
        let id = MachineActionId::parse(&format!("a-{created}")).expect("a literal id");
        let mut action = MachineAction::bare(id, kind, status);
        action.created = Timestamp::from_second(created).ok();
        action.last_updated = Timestamp::from_second(updated).ok();
        action
    }

    use MachineActionStatus::{Failed, Pending, Succeeded};
    use MachineActionType::{Isolate, Unisolate};

    /// A device without a sensor is cut off by the others: a state of its own.
    #[test]
    fn containing_is_no_isolation_and_a_release_lifts_it() {
        let contain = |status, at| {
            let mut action = action(Isolate, status, at, at);
            action.scope = Some("UnManagedDevice".into());
            action
        };
        let is_yes = |state| matches!(state, ConditionState::Yes(_));
        let mut history = vec![contain(Succeeded, 1)];
        assert!(is_yes(infer(Condition::Contained, &history)));
        assert_eq!(
            infer(Condition::Isolated, &history),
            ConditionState::Unknown
        );
        history.push(action(Unisolate, Pending, 2, 2));
        assert_eq!(
            infer(Condition::Isolated, &history),
            ConditionState::Unknown
        );
        history.push(action(Unisolate, Succeeded, 2, 2));
        history.remove(1);
        assert!(matches!(
            infer(Condition::Contained, &history),
            ConditionState::No(_)
        ));
        let isolated = [
            action(Isolate, Succeeded, 1, 1),
            action(Unisolate, Succeeded, 2, 2),
        ];
        assert_eq!(
            infer(Condition::Contained, &isolated),
            ConditionState::Unknown
        );
        assert!(matches!(
            infer(Condition::Contained, &[contain(Pending, 3)]),
            ConditionState::Changing { to: true, .. }
        ));
    }

    #[test]
    fn no_history_is_unknown_never_no() {
        assert_eq!(infer(Condition::Isolated, &[]), ConditionState::Unknown);
        let failed = [action(Isolate, Failed, 1, 2)];
        assert_eq!(infer(Condition::Isolated, &failed), ConditionState::Unknown);
    }

    #[test]
    fn the_action_that_ended_last_decides() {
        // Ordered first, but carried out after the release.
        let history = [
            action(Isolate, Succeeded, 1, 50),
            action(Unisolate, Succeeded, 10, 20),
        ];
        assert!(matches!(
            infer(Condition::Isolated, &history),
            ConditionState::Yes(_)
        ));
        assert_eq!(
            infer(Condition::Restricted, &history),
            ConditionState::Unknown
        );
    }

    #[test]
    fn an_unfinished_action_makes_it_changing() {
        let history = [
            action(Unisolate, Pending, 30, 30),
            action(Isolate, Succeeded, 1, 50),
        ];
        assert!(matches!(
            infer(Condition::Isolated, &history),
            ConditionState::Changing { to: false, .. }
        ));
    }

    #[test]
    fn a_release_is_of_the_isolation_unless_containing_is_all_that_was_done() {
        let mut contain = action(Isolate, Succeeded, 1, 1);
        contain.scope = Some("UnManagedDevice".into());
        let isolate = action(Isolate, Succeeded, 2, 2);
        let release = action(Unisolate, Succeeded, 3, 3);
        let is_released = |history: &[MachineAction]| {
            matches!(infer(Condition::Isolated, history), ConditionState::No(_))
        };
        assert!(is_released(&[contain.clone(), isolate, release.clone()]));
        assert!(
            is_released(std::slice::from_ref(&release)),
            "of what is not on record"
        );
        assert!(!is_released(&[contain, release]));
    }

    #[test]
    fn pending_is_not_picked_up_and_what_is_in_progress_or_has_ended_is() {
        for (status, expected) in [
            (Pending, false),
            (MachineActionStatus::from_wire("Queued"), false),
            (MachineActionStatus::InProgress, true),
            (Succeeded, true),
        ] {
            let state = infer(
                Condition::Isolated,
                &[action(Isolate, status.clone(), 1, 1)],
            );
            let (ConditionState::Changing { evidence, .. } | ConditionState::Yes(evidence)) = state
            else {
                panic!("{status}: {state:?}")
            };
            assert_eq!(evidence.is_picked_up, expected, "{status}");
        }
    }
}
