//! What a machine is inferred to be in. The service has no such property: it is worked out from
//! past actions, and shown as such (rule 9).

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

    /// Whether one and the same request ends both: a release lifts an isolation and a containment.
    #[must_use]
    pub fn ends_with(self, other: Self) -> bool {
        let release = |condition: Self| &condition.way_back().spec().wire_type;
        release(self) == release(other)
    }

    /// Whether an action sets or clears it.
    fn is_set_by(self, action: &MachineAction, history: &[MachineAction]) -> Option<bool> {
        let contains = |action: &MachineAction| ActionKind::of(action) == Some(ActionKind::Contain);
        let isolates = |action: &MachineAction| ActionKind::of(action) == Some(ActionKind::Isolate);
        match ActionKind::of(action)?.spec().change {
            Change::Sets(condition) => (condition == self).then_some(true),
            // A release lifts either. It says nothing about containing where nobody did that, and
            // nothing about isolation where containing is all that was done.
            Change::Clears(Self::Isolated | Self::Contained) if self == Self::Contained => {
                history.iter().any(contains).then_some(false)
            }
            Change::Clears(Self::Isolated | Self::Contained) if self == Self::Isolated => {
                let is_of_containing =
                    history.iter().any(contains) && !history.iter().any(isolates);
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
    /// The newest that made it so.
    pub action: MachineActionId,
    /// Since when it has been so, without a break: setting once more what is in force begins nothing anew.
    pub since: Option<Timestamp>,
    /// Who requested the newest.
    pub by: Option<Box<str>>,
    /// Who requested the one that began it, where that was somebody else; empty where nobody is named.
    pub begun_by: Option<Box<str>>,
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
    /// It was set and lifted, and history does not say which came last. The evidence is of the
    /// setting.
    Unclear(Evidence),
    /// History holds nothing about it: never read as "no".
    Unknown,
}

impl ConditionState {
    /// What set the condition, while it is or may be in force.
    #[must_use]
    pub const fn in_force(&self) -> Option<&Evidence> {
        match self {
            Self::Yes(evidence) | Self::Unclear(evidence) => Some(evidence),
            Self::No(_) | Self::Changing { .. } | Self::Unknown => None,
        }
    }
}

/// What a machine's actions say about each condition.
#[derive(Debug, Clone)]
pub struct Conditions {
    states: [ConditionState; Condition::ALL.len()],
    ended: [ConditionState; Condition::ALL.len()],
    opposed: [Option<Evidence>; Condition::ALL.len()],
    /// How many actions of any kind have not ended.
    pub open_actions: usize,
}

impl Conditions {
    /// Infers all of them.
    #[must_use]
    pub fn of(history: &[MachineAction]) -> Self {
        Self {
            states: Condition::ALL.map(|condition| infer(condition, history)),
            ended: Condition::ALL.map(|condition| infer_ended(condition, history)),
            opposed: Condition::ALL.map(|condition| opposed(condition, history)),
            open_actions: (history.iter().filter(|action| !action.status.is_final())).count(),
        }
    }

    /// As [`infer`] says it.
    #[must_use]
    pub const fn state(&self, condition: Condition) -> &ConditionState {
        &self.states[condition as usize]
    }

    /// What has not ended either and is against the newest change that has not: whichever of the two
    /// ends last decides.
    #[must_use]
    pub const fn opposed(&self, condition: Condition) -> Option<&Evidence> {
        self.opposed[condition as usize].as_ref()
    }

    /// As [`infer_ended`] says it.
    #[must_use]
    pub const fn ended(&self, condition: Condition) -> &ConditionState {
        &self.ended[condition as usize]
    }
}

/// Infers a condition from a machine's actions, in any order. Actions finish out of order, so the
/// one that ended last decides; an unfinished one makes the state "changing".
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

/// The newest change that has not ended, or the newest one in this direction.
fn newest_open(
    condition: Condition,
    history: &[MachineAction],
    wanted: Option<bool>,
) -> Option<(&MachineAction, bool)> {
    let open = history.iter().filter(|action| !action.status.is_final());
    let open = open.filter_map(|action| Some((action, condition.is_set_by(action, history)?)));
    let open = open.filter(|(_, to)| wanted.is_none_or(|wanted| wanted == *to));
    // Where the times say nothing, the id decides: another order of the list must not.
    open.max_by_key(|(action, _)| (action.created, action.id.as_str()))
}

/// The newest open change against the newest of all.
fn opposed(condition: Condition, history: &[MachineAction]) -> Option<Evidence> {
    let (_, to) = newest_open(condition, history, None)?;
    let (against, _) = newest_open(condition, history, Some(!to))?;
    Some(Evidence::of(against))
}

/// As [`infer`], as if what has not ended had never been requested: what is in force meanwhile.
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
    match (last(true), last(false)) {
        (Some(set), _) if is_last_of_all(set, true) => {
            let unbroken = changes().filter(|(action, sets)| *sets && is_last_of_all(action, true));
            let unbroken = unbroken.filter(|(action, _)| ended(action).is_some());
            let first = unbroken.min_by_key(|(action, _)| (ended(action), action.created));
            ConditionState::Yes(Evidence::of(set).begun_with(first.map_or(set, |(first, _)| first)))
        }
        (_, Some(cleared)) if is_last_of_all(cleared, false) => {
            ConditionState::No(Evidence::of(cleared))
        }
        (Some(set), _) => ConditionState::Unclear(Evidence::of(set)),
        (None, _) => ConditionState::Unknown,
    }
}

/// Which of two successes came later; `None` where the service does not say.
fn later(one: &MachineAction, other: &MachineAction) -> Option<Ordering> {
    let by_end = ended(one)?.cmp(&ended(other)?);
    if by_end.is_ne() {
        return Some(by_end);
    }
    Some(one.created?.cmp(&other.created?))
}

impl Evidence {
    fn of(action: &MachineAction) -> Self {
        Self {
            action: action.id.clone(),
            since: ended(action),
            by: filled(action.requestor.as_deref()).map(Into::into),
            begun_by: None,
            is_picked_up: action.status == MachineActionStatus::InProgress
                || action.status.is_final(),
        }
    }

    /// The same of what another action has begun, and this one only set once more.
    fn begun_with(self, first: &MachineAction) -> Self {
        let first_by = filled(first.requestor.as_deref()).unwrap_or_default();
        let is_another = first_by != self.by.as_deref().unwrap_or_default();
        Self {
            since: ended(first).or(self.since),
            begun_by: is_another.then(|| first_by.into()),
            ..self
        }
    }
}

fn ended(action: &MachineAction) -> Option<Timestamp> {
    action.last_updated.or(action.created)
}

#[cfg(test)]
thread_local! {
    /// How often anything was inferred on this thread: a frame in which nothing has changed infers nothing.
    pub static INFERENCES: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MachineActionType;

    #[test]
    fn a_condition_is_where_its_list_has_it() {
        for (place, condition) in Condition::ALL.into_iter().enumerate() {
            assert_eq!(condition as usize, place, "{condition:?}");
        }
    }

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
    fn ties_go_to_the_later_request_and_are_unknown_without_times() {
        let timeless = |kind| {
            let mut action = action(kind, Succeeded, 1, 1);
            (action.created, action.last_updated) = (None, None);
            action
        };
        let of = |history: &[MachineAction]| infer(Condition::Isolated, history);
        let is_unclear = |history: &[MachineAction]| matches!(of(history), ConditionState::Unclear(evidence) if evidence.action == history[0].id);
        let tie = [
            action(Isolate, Succeeded, 10, 50),
            action(Unisolate, Succeeded, 1, 50),
        ];
        assert!(matches!(of(&tie), ConditionState::Yes(_)));
        let both = [timeless(Isolate), timeless(Unisolate)];
        assert!(is_unclear(&both), "{:?}", of(&both));
        let same = [
            action(Isolate, Succeeded, 1, 50),
            action(Unisolate, Succeeded, 1, 50),
        ];
        assert!(is_unclear(&same), "{:?}", of(&same));
        // A release at an unknown time may be the last of all.
        let one = [
            action(Isolate, Succeeded, 1, 50),
            action(Unisolate, Succeeded, 1, 20),
            timeless(Unisolate),
        ];
        assert!(is_unclear(&one), "{:?}", of(&one));
        assert!(matches!(of(&both[..1]), ConditionState::Yes(_)));
        assert!(matches!(of(&both[1..]), ConditionState::No(_)));
        let pending = action(Unisolate, Pending, 60, 60);
        let meanwhile = [tie[0].clone(), pending];
        assert!(matches!(of(&meanwhile), ConditionState::Changing { .. }));
        let ended = infer_ended(Condition::Isolated, &meanwhile);
        assert_eq!(
            ended.in_force().map(|evidence| &evidence.action),
            Some(&tie[0].id)
        );
    }

    proptest::proptest! {
        #[test]
        fn the_order_of_the_list_decides_nothing(
            actions in proptest::collection::vec(
                (0..4_usize, 0..3_usize, proptest::option::of(0..3_i64), proptest::option::of(0..3_i64)),
                0..6,
            ),
            turns in 0..6_usize,
        ) {
            let kinds = [Isolate, Unisolate, MachineActionType::RestrictCodeExecution, Isolate];
            let at = |at: Option<i64>| at.and_then(|at| Timestamp::from_second(at).ok());
            let built = actions.iter().enumerate().map(|(n, (kind, status, created, updated))| {
                let id = MachineActionId::parse(&format!("a-{n}")).expect("a literal id");
                let status = [Succeeded, Pending, Failed][*status].clone();
                let mut action = MachineAction::bare(id, kinds[*kind].clone(), status);
                action.scope = (*kind == 3).then(|| "UnManagedDevice".into());
                (action.created, action.last_updated) = (at(*created), at(*updated));
                action
            });
            let history: Vec<_> = built.collect();
            let mut turned = history.clone();
            turned.rotate_left(turns.min(history.len()));
            let reversed: Vec<_> = turned.iter().rev().cloned().collect();
            for condition in Condition::ALL {
                let found = infer(condition, &history);
                proptest::prop_assert_eq!(&infer(condition, &turned), &found);
                proptest::prop_assert_eq!(&infer(condition, &reversed), &found);
            }
        }
    }

    #[test]
    fn it_has_been_so_since_the_first_of_those_without_a_release_between_them() {
        let by = |who: &str, at| {
            let mut action = action(Isolate, Succeeded, at, at);
            action.requestor = Some(who.into());
            action
        };
        let of = |history: &[MachineAction]| {
            let state = infer(Condition::Isolated, history);
            let ConditionState::Yes(evidence) = state else {
                panic!("{state:?}")
            };
            evidence
        };
        let (old, first, again) = (by("ann", 1), by("ann", 30), by("bob", 40));
        let release = action(Unisolate, Succeeded, 20, 20);
        let found = of(&[old, release, first.clone(), again.clone()]);
        assert_eq!(
            (&found.action, found.since),
            (&again.id, first.last_updated)
        );
        assert_eq!(
            (found.by.as_deref(), found.begun_by.as_deref()),
            (Some("bob"), Some("ann"))
        );
        // By the same person it is one isolation; one at an unknown time begins nothing.
        let mut timeless = by("bob", 35);
        (timeless.created, timeless.last_updated) = (None, None);
        let found = of(&[timeless, by("bob", 30), again]);
        assert_eq!((found.since, found.begun_by), (first.last_updated, None));
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
