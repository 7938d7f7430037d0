//! Lifting what somebody else has ordered: they may still need it.

use super::history::{capitalised, noun};
use super::verdict::{Question, Verdict};
use super::{AlertsLook, Facts, Ownership, ownership};
use crate::action::{ActionKind, Change, Condition, ConditionState, Task, infer};
use crate::model::{MachineAction, age_text, clean};

/// Warns with who, when and why, and with the alerts that are open; never harder (rule 10).
pub(super) fn check(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let history = facts.actions();
    if let (Task::Cancel { action, .. }, Some(gap)) = (question.task, facts.history_gap())
        && !history.iter().any(|known| known.id == *action)
    {
        return vec![Verdict::not_checked(format!(
            "what is cancelled, and whose request it is: {gap}"
        ))];
    }
    lifted(question.task, history)
        .into_iter()
        .filter_map(|(action, what)| warning(action, &what, facts))
        .collect()
}

/// What the task would lift or call off, each with the words for it.
fn lifted<'a>(task: &Task, history: &'a [MachineAction]) -> Vec<(&'a MachineAction, String)> {
    let find = |id| history.iter().find(|action| action.id == id);
    if let Task::Cancel { action, .. } = task {
        let sets = |kind: ActionKind| matches!(kind.spec().change, Change::Sets(_));
        return find(action.clone())
            .filter(|action| ActionKind::from_type(&action.kind).is_some_and(sets))
            .map(|action| {
                (
                    action,
                    format!("{} pending", capitalised(&noun(&action.kind))),
                )
            })
            .into_iter()
            .collect();
    }
    let conditions: &[Condition] = match task.change() {
        // A release lifts either.
        Change::Clears(Condition::Isolated | Condition::Contained) => {
            &[Condition::Isolated, Condition::Contained]
        }
        Change::Clears(Condition::Restricted) => &[Condition::Restricted],
        Change::Sets(_) | Change::Nothing => &[],
    };
    let in_force = |condition: &Condition| match infer(*condition, history) {
        ConditionState::Yes(evidence) => {
            Some((find(evidence.action)?, condition.word().to_owned()))
        }
        ConditionState::No(_) | ConditionState::Changing { .. } | ConditionState::Unknown => None,
    };
    conditions.iter().filter_map(in_force).collect()
}

fn warning(action: &MachineAction, what: &str, facts: &Facts<'_>) -> Option<Verdict> {
    let requestor = action.requestor.as_deref().map(str::trim);
    let by = match requestor.filter(|requestor| !requestor.is_empty()) {
        Some(requestor) => clean(requestor, 80).into_owned(),
        None => "an unknown requestor".to_owned(),
    };
    let whose = match ownership(action, facts.session.account(), facts.own_actions) {
        Ownership::Mine => return None,
        Ownership::SomeoneElses => "not by you",
        Ownership::Unknown => "perhaps not by you",
    };
    let at = action.last_updated.or(action.created);
    let when = at.map_or_else(
        || "at an unknown time".to_owned(),
        |at| age_text(facts.now.duration_since(at).as_secs()),
    );
    let comment = action.requestor_comment.as_deref().map(str::trim);
    let why = match comment.filter(|comment| !comment.is_empty()) {
        Some(comment) => format!("“{}”", clean(comment, 200)),
        None => "no reason given".to_owned(),
    };
    let alerts = match facts.alerts {
        AlertsLook::NotChecked => "Open alerts: not checked".to_owned(),
        AlertsLook::Reading => "Open alerts: not checked yet".to_owned(),
        AlertsLook::Open(0) => "No open alerts".to_owned(),
        AlertsLook::Open(1) => "1 open alert".to_owned(),
        AlertsLook::Open(several) => format!("{several} open alerts"),
        AlertsLook::AtLeast(count) => format!("At least {count} open alerts"),
    };
    let text = format!("{what}: by {by}, {when}, {whose}: {why}. {alerts}");
    Some(Verdict::warn(text))
}
