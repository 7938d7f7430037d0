//! What a machine is inferred to be in. The service has no such property: it is worked out from
//! past actions, and shown as such (rule 9).

use jiff::Timestamp;

use super::catalogue::{ActionKind, Change};
use crate::model::{MachineAction, MachineActionId, MachineActionStatus};

/// A lasting effect of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Condition {
    Isolated,
    Restricted,
}

impl Condition {
    pub const ALL: [Self; 2] = [Self::Isolated, Self::Restricted];

    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Isolated => "Isolated",
            Self::Restricted => "Restricted",
        }
    }
}

/// The action that an inference rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    pub action: MachineActionId,
    pub since: Option<Timestamp>,
    pub by: Option<Box<str>>,
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
        let sets = match ActionKind::from_type(&action.kind).map(|kind| kind.spec().change) {
            Some(Change::Sets(c)) if c == condition => true,
            Some(Change::Clears(c)) if c == condition => false,
            Some(_) | None => continue,
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
}
