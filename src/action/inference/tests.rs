//! Inference of a machine's conditions from past actions.

use super::*;
use crate::model::MachineActionType;

#[test]
fn a_conditions_discriminant_is_its_position_in_all() {
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

/// A device without a sensor is cut off by the others, which is a separate condition.
#[test]
fn containment_is_not_isolation_and_a_release_lifts_it() {
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
fn missing_history_is_unknown_not_no() {
    assert_eq!(infer(Condition::Isolated, &[]), ConditionState::Unknown);
    let failed = [action(Isolate, Failed, 1, 2)];
    assert_eq!(infer(Condition::Isolated, &failed), ConditionState::Unknown);
}

#[test]
fn the_last_ended_action_wins() {
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
fn ties_go_to_the_later_request_and_stay_unclear_without_times() {
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
    // A release without a time may be the last action.
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
    fn the_result_does_not_depend_on_list_order(
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
fn condition_starts_at_earliest_set_since_last_release() {
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
        (&found.action, &*found.again),
        (&first.id, &[again.id.clone()][..])
    );
    assert_eq!(
        (found.since, found.by.as_deref()),
        (first.last_updated, Some("ann"))
    );
    // An action without a time starts no period.
    let mut timeless = by("bob", 35);
    (timeless.created, timeless.last_updated) = (None, None);
    let found = of(&[timeless.clone(), by("bob", 30), again.clone()]);
    assert_eq!(
        (found.since, &found.action),
        (first.last_updated, &first.id)
    );
    assert_eq!(found.again, [again.id, timeless.id]);
}

#[test]
fn an_unfinished_action_makes_the_condition_changing() {
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
fn a_release_ends_isolation_unless_only_containment_was_ordered() {
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
        "an unrecorded isolation"
    );
    assert!(!is_released(&[contain, release]));
}

#[test]
fn actions_in_progress_or_ended_are_picked_up_and_pending_ones_are_not() {
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
