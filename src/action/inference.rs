//! Inferred conditions of a machine. The service does not report them: they are inferred from past
//! actions and shown as such (rule 9).

use std::cmp::Ordering;

use jiff::Timestamp;

use super::catalogue::ActionKind;
use super::condition::Condition;
use super::spec::Change;
use crate::model::{MachineAction, MachineActionId, MachineActionStatus, filled};

impl Condition {
    /// The action that ends it.
    #[must_use]
    pub const fn way_back(self) -> ActionKind {
        match self {
            Self::Isolated => ActionKind::Unisolate,
            Self::Restricted => ActionKind::UnrestrictCodeExecution,
            Self::Contained => ActionKind::ReleaseContainment,
        }
    }

    /// Whether one request ends both: a release lifts an isolation and a containment.
    #[must_use]
    pub fn ends_with(self, other: Self) -> bool {
        let release = |condition: Self| &condition.way_back().spec().wire_type;
        release(self) == release(other)
    }

    /// Whether an action sets or clears it.
    fn is_set_by(self, action: &MachineAction, history: &[MachineAction]) -> Option<bool> {
        let change = |action| Some(ActionKind::of(action)?.spec().change);
        let was_set = |condition| {
            let mut changes = history.iter().map(change);
            changes.any(|change| change == Some(Change::Sets(condition)))
        };
        match change(action)? {
            Change::Sets(condition) => (condition == self).then_some(true),
            // A release lifts either. It proves nothing about containment if nobody contained the
            // device, nor about isolation if only containment was ordered.
            Change::Clears(Self::Isolated | Self::Contained) if self == Self::Contained => {
                was_set(Self::Contained).then_some(false)
            }
            Change::Clears(Self::Isolated | Self::Contained) if self == Self::Isolated => {
                let is_of_containing = was_set(Self::Contained) && !was_set(Self::Isolated);
                (!is_of_containing).then_some(false)
            }
            Change::Clears(condition) => (condition == self).then_some(false),
            Change::Nothing => None,
        }
    }
}

/// Maximum number of listed repetitions of a condition in force, newest first.
pub const MAX_REPEATS: usize = 3;

/// The action that supports an inference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The action that set it.
    pub action: MachineActionId,
    /// Start of the unbroken period in force; a repetition does not restart it.
    pub since: Option<Timestamp>,
    /// The requestor.
    pub by: Option<Box<str>>,
    /// Later actions that set it again, oldest first; it is in force for their reasons as well.
    pub again: Vec<MachineActionId>,
    /// Whether the service reported that the device has started or finished it. A *Pending* one may
    /// wait for days, and an unknown status proves nothing.
    pub is_picked_up: bool,
}

/// State of a condition, as inferred from the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConditionState {
    Yes(Evidence),
    No(Evidence),
    /// An action that sets or clears it has not ended.
    Changing {
        to: bool,
        evidence: Evidence,
    },
    /// Set and lifted in unknown order. The evidence is the setting action.
    Unclear(Evidence),
    /// No evidence in the history: never read as "no".
    Unknown,
}

impl ConditionState {
    /// The action that set the condition, if it is or may be in force.
    #[must_use]
    pub const fn in_force(&self) -> Option<&Evidence> {
        match self {
            Self::Yes(evidence) | Self::Unclear(evidence) => Some(evidence),
            Self::No(_) | Self::Changing { .. } | Self::Unknown => None,
        }
    }
}

/// State of each condition, as inferred from a machine's actions.
#[derive(Debug, Clone)]
pub struct Conditions {
    states: [ConditionState; Condition::ALL.len()],
    ended: [ConditionState; Condition::ALL.len()],
    opposed: [Option<Evidence>; Condition::ALL.len()],
    /// Number of unfinished actions of any kind.
    pub open_actions: usize,
}

impl Conditions {
    /// Infers all conditions.
    #[must_use]
    pub fn of(history: &[MachineAction]) -> Self {
        Self {
            states: Condition::ALL.map(|condition| infer(condition, history)),
            ended: Condition::ALL.map(|condition| infer_ended(condition, history)),
            opposed: Condition::ALL.map(|condition| opposed(condition, history)),
            open_actions: (history.iter().filter(|action| !action.status.is_final())).count(),
        }
    }

    /// The state by [`infer`].
    #[must_use]
    pub const fn state(&self, condition: Condition) -> &ConditionState {
        &self.states[condition as usize]
    }

    /// A pending change opposed to the newest pending one; the last to end wins.
    #[must_use]
    pub const fn opposed(&self, condition: Condition) -> Option<&Evidence> {
        self.opposed[condition as usize].as_ref()
    }

    /// The state by [`infer_ended`].
    #[must_use]
    pub const fn ended(&self, condition: Condition) -> &ConditionState {
        &self.ended[condition as usize]
    }
}

/// Infers a condition from a machine's actions, in any order. Actions finish out of order, so the
/// last one to end wins; an unfinished one makes the state "changing".
#[must_use]
pub fn infer(condition: Condition, history: &[MachineAction]) -> ConditionState {
    #[cfg(test)]
    INFERENCES.with(|count| count.set(count.get() + 1));
    match newest_open(condition, history, None) {
        Some((action, to)) => ConditionState::Changing {
            to,
            evidence: Evidence::of(action),
        },
        None => infer_ended(condition, history),
    }
}

/// The newest unfinished change, or the newest in this direction.
fn newest_open(
    condition: Condition,
    history: &[MachineAction],
    wanted: Option<bool>,
) -> Option<(&MachineAction, bool)> {
    let open = history.iter().filter(|action| !action.status.is_final());
    let open = open.filter_map(|action| Some((action, condition.is_set_by(action, history)?)));
    let open = open.filter(|(_, to)| wanted.is_none_or(|wanted| wanted == *to));
    // Equal times are resolved by id, independently of the list's order.
    open.max_by_key(|(action, _)| (action.created, action.id.as_str()))
}

/// The newest open change opposed to the newest one.
fn opposed(condition: Condition, history: &[MachineAction]) -> Option<Evidence> {
    let (_, to) = newest_open(condition, history, None)?;
    let (against, _) = newest_open(condition, history, Some(!to))?;
    Some(Evidence::of(against))
}

/// [`infer`] from ended actions only: the state in force meanwhile.
#[must_use]
pub fn infer_ended(condition: Condition, history: &[MachineAction]) -> ConditionState {
    #[cfg(test)]
    INFERENCES.with(|count| count.set(count.get() + 1));
    let succeeded = |action: &&MachineAction| action.status == MachineActionStatus::Succeeded;
    let changes = || {
        let ended = history.iter().filter(succeeded);
        ended.filter_map(|action| Some((action, condition.is_set_by(action, history)?)))
    };
    let last = |to: bool| {
        let of_kind = changes().filter(|(_, sets)| *sets == to);
        of_kind
            .map(|(action, _)| action)
            .max_by_key(|action| (ended(action), action.created, action.id.as_str()))
    };
    let is_last_of_all = |action: &MachineAction, to: bool| {
        let mut others = changes().filter(|(_, sets)| *sets != to);
        others.all(|(other, _)| later(action, other) == Some(Ordering::Greater))
    };
    let is_lifted = |action: &MachineAction| {
        let mut others = changes().filter(|(_, sets)| !sets);
        others.any(|(other, _)| later(other, action) == Some(Ordering::Greater))
    };
    let set_by = |holds: &dyn Fn(&MachineAction) -> bool| {
        let set = changes().filter(|(action, sets)| *sets && holds(action));
        Evidence::of_all(set.map(|(action, _)| action).collect())
    };
    let state = match (last(true), last(false)) {
        (Some(set), _) if is_last_of_all(set, true) => {
            set_by(&|action| is_last_of_all(action, true)).map(ConditionState::Yes)
        }
        (_, Some(cleared)) if is_last_of_all(cleared, false) => {
            Some(ConditionState::No(Evidence::of(cleared)))
        }
        (Some(_), _) => set_by(&|action| !is_lifted(action)).map(ConditionState::Unclear),
        (None, _) => None,
    };
    state.unwrap_or(ConditionState::Unknown)
}

/// Order in time of two successes; `None` if the service does not report it.
fn later(one: &MachineAction, other: &MachineAction) -> Option<Ordering> {
    let by_end = ended(one)?.cmp(&ended(other)?);
    if by_end.is_ne() {
        return Some(by_end);
    }
    Some(one.created?.cmp(&other.created?))
}

/// A name cut to a readable length, as each inference keeps one.
fn shortened(name: &str) -> Box<str> {
    const LONGEST: usize = 1_000;
    name[..name.floor_char_boundary(LONGEST)].into()
}

impl Evidence {
    /// Evidence from a single action.
    #[must_use]
    pub fn of(action: &MachineAction) -> Self {
        Self {
            action: action.id.clone(),
            since: ended(action),
            by: filled(action.requestor.as_deref()).map(shortened),
            again: Vec::new(),
            is_picked_up: action.status == MachineActionStatus::InProgress
                || action.status.is_final(),
        }
    }

    /// Evidence from several actions that set it without a break. An action without a time starts no period.
    fn of_all(mut set: Vec<&MachineAction>) -> Option<Self> {
        set.sort_by_key(|action| {
            let end = ended(action);
            (end.is_none(), end, action.created, action.id.as_str())
        });
        let (first, again) = set.split_first()?;
        Some(Self {
            again: again.iter().map(|action| action.id.clone()).collect(),
            ..Self::of(first)
        })
    }

    /// The actions that set it during the unbroken period, oldest first; the condition belongs to their requestors.
    pub fn actions(&self) -> impl Iterator<Item = &MachineActionId> {
        std::iter::once(&self.action).chain(&self.again)
    }
}

fn ended(action: &MachineAction) -> Option<Timestamp> {
    action.last_updated.or(action.created)
}

#[cfg(test)]
thread_local! {
    /// Number of inferences on this thread; an unchanged frame makes none.
    pub static INFERENCES: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
mod tests;
