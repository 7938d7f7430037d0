//! What this device's actions say, those that are open and those that have ended.

use super::verdict::{Question, Verdict};
use super::{Facts, OpenOrder};
use crate::action::{ActionKind, Change, Condition, ConditionState, Task, infer};
use crate::explain::NextStep;
use crate::model::{MachineAction, MachineActionType, clean};

pub(super) fn same_action(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let ours = facts.open_orders.iter().find(|open| {
        Some(open.order.entry) != question.entry
            && open.order.machine.id == question.machine.id
            && same_task(&open.order.task, question.task)
            && !has_ended(open, facts.actions())
    });
    if let Some(OpenOrder {
        order,
        standing,
        outcome_unknown,
        action: _,
    }) = ours
    {
        let text = if *outcome_unknown {
            format!(
                "The outcome of {} is unknown; repeating could do it twice",
                order.entry
            )
        } else {
            format!(
                "Already requested from this console, {standing} ({})",
                order.entry
            )
        };
        return vec![Verdict::block(text, NextStep::ShowEntry(order.entry))];
    }
    let Task::Act { kind, .. } = question.task else {
        return Vec::new();
    };
    let active = open_actions(facts.actions()).find(|action| action.kind == kind.spec().wire_type);
    let verdict = match (active, facts.history_gap()) {
        (Some(action), _) => Verdict::block(
            format!(
                "{} is already under way, {}",
                capitalised(&noun(&action.kind)),
                requested_by(action)
            ),
            NextStep::ShowAction(action.id.clone()),
        ),
        (None, Some(gap)) => {
            Verdict::not_checked(format!("{}: {gap}", hangs_on_history(question.task)))
        }
        (None, None) => return Vec::new(),
    };
    vec![verdict]
}

/// What only the whole of a device's actions tells.
fn hangs_on_history(task: &Task) -> String {
    match task.change() {
        Change::Nothing => "whether this was requested before".to_owned(),
        Change::Sets(condition) => format!(
            "whether this or its opposite was requested before, and whether this device is already {}",
            condition.word().to_lowercase()
        ),
        Change::Clears(condition) => format!(
            "whether this or its opposite was requested before, whether this device is {}, and by whom",
            condition.word().to_lowercase()
        ),
    }
}

pub(super) fn opposite_action(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let opposite = question.task.kind().and_then(ActionKind::opposite);
    let Some(opposite) = opposite else {
        return Vec::new();
    };
    open_actions(facts.actions())
        .filter(|action| action.kind == opposite.spec().wire_type)
        .map(|action| {
            let text = format!(
                "The opposite is under way: {}, {}. Whichever ends last decides; most likely the device ends up “{}”",
                noun(&action.kind),
                requested_by(action),
                question.task.done(),
            );
            Verdict::warn(text).about_opposite(action.id.clone())
        })
        .collect()
}

pub(super) fn already(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let history = facts.actions();
    // What a missing action may have changed is not said: that it was not checked is.
    let is_whole = facts.history_gap().is_none();
    let is_contained = || match infer(Condition::Contained, history) {
        ConditionState::Yes(_) | ConditionState::Unclear(_) | ConditionState::Changing { .. } => {
            true
        }
        ConditionState::No(_) => infer(Condition::Isolated, history) == ConditionState::Unknown,
        ConditionState::Unknown => false,
    };
    let change = match question.task.change() {
        // A release is of whatever it lifts.
        Change::Clears(Condition::Isolated) if is_contained() => {
            Change::Clears(Condition::Contained)
        }
        change @ (Change::Sets(_) | Change::Clears(_) | Change::Nothing) => change,
    };
    match change {
        Change::Nothing => Vec::new(),
        Change::Sets(condition) => match infer(condition, history) {
            ConditionState::Yes(evidence) => vec![Verdict::warn(format!(
                "This device is already {} according to the action history{}",
                condition.word().to_lowercase(),
                by(evidence.by.as_deref())
            ))],
            ConditionState::Unclear(_) => vec![not_clear(condition)],
            ConditionState::No(_) | ConditionState::Changing { .. } | ConditionState::Unknown => {
                Vec::new()
            }
        },
        Change::Clears(_) if !is_whole => Vec::new(),
        Change::Clears(condition) => match infer(condition, history) {
            ConditionState::No(_) => vec![Verdict::warn(format!(
                "This device is not {} according to the action history",
                condition.word().to_lowercase()
            ))],
            ConditionState::Unknown => vec![Verdict::warn(format!(
                "The action history has no record of this device being {}",
                condition.word().to_lowercase()
            ))],
            ConditionState::Unclear(_) => vec![not_clear(condition)],
            ConditionState::Yes(_) | ConditionState::Changing { .. } => Vec::new(),
        },
    }
}

fn not_clear(condition: Condition) -> Verdict {
    Verdict::not_checked(format!(
        "whether this device is {}: the action history does not say which came last",
        condition.word().to_lowercase()
    ))
}

pub(super) fn recent_action(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    if !question.is_act() {
        return Vec::new();
    }
    let hour_ago = facts.now - jiff::SignedDuration::from_hours(1);
    facts
        .actions()
        .iter()
        .filter(|action| action.status.is_final() && action.created.is_some_and(|at| at > hour_ago))
        .max_by_key(|action| action.created)
        .map(|action| {
            Verdict::warn(format!(
                "In the last hour: {} ({}), {}",
                noun(&action.kind),
                action.status,
                requested_by(action)
            ))
        })
        .into_iter()
        .collect()
}

/// Whether history shows the end of an open order, which another account's entry never learns.
fn has_ended(open: &OpenOrder, history: &[MachineAction]) -> bool {
    open.action.as_ref().is_some_and(|id| {
        let mut known = history.iter();
        known.any(|action| action.id == *id && action.status.is_final())
    })
}

fn same_task(a: &Task, b: &Task) -> bool {
    match (a, b) {
        (Task::Act { kind: a, .. }, Task::Act { kind: b, .. }) => a == b,
        (Task::Cancel { action: a, .. }, Task::Cancel { action: b, .. }) => a == b,
        (Task::Act { .. }, Task::Cancel { .. }) | (Task::Cancel { .. }, Task::Act { .. }) => false,
    }
}

fn open_actions(history: &[MachineAction]) -> impl Iterator<Item = &MachineAction> {
    history.iter().filter(|action| !action.status.is_final())
}

fn requested_by(action: &MachineAction) -> String {
    match action
        .requestor
        .as_deref()
        .map(str::trim)
        .filter(|r| !r.is_empty())
    {
        Some(requestor) => format!("requested by {}", clean(requestor, 80)),
        None => "by an unknown requestor".into(),
    }
}

fn by(requestor: Option<&str>) -> String {
    requestor
        .map(|r| format!(", by {}", clean(r, 80)))
        .unwrap_or_default()
}

/// An action of this type in a sentence, with its article.
fn noun(kind: &MachineActionType) -> String {
    match (ActionKind::from_type(kind), kind) {
        (Some(kind), _) => kind.spec().noun.to_owned(),
        (None, MachineActionType::RunAntiVirusScan) => "an antivirus scan".to_owned(),
        (None, MachineActionType::CollectInvestigationPackage) => {
            "an investigation package collection".to_owned()
        }
        (None, MachineActionType::Offboard) => "an offboarding".to_owned(),
        (None, MachineActionType::LiveResponse) => "a live response session".to_owned(),
        (None, other) => format!("an action of type {}", clean(other.as_wire(), 40)),
    }
}

pub(super) fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + rest.as_str()
}
