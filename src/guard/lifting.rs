//! Lifting what someone else ordered: they may still need it.

use super::verdict::{Question, Verdict};
use super::{AlertsLook, Facts, Ownership, ownership};
use crate::action::{ActionKind, Change, Condition, Task, action_noun, infer_ended};
use crate::model::{
    MachineAction, MachineActionId, MachineActionType, age_text, clean, filled, first_upper,
    requestor_name,
};

/// Warns with who, when and why, and with the alerts that are open; never harder (rule 10).
pub(super) fn check(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    match question.task {
        Task::Cancel {
            action,
            action_type,
        } => calling_off(action, action_type, facts)
            .into_iter()
            .collect(),
        Task::Act { .. } => lifting(question.task, facts),
    }
}

/// What calling an action off says about the one who requested it.
fn calling_off(
    id: &MachineActionId,
    action_type: &MachineActionType,
    facts: &Facts<'_>,
) -> Option<Verdict> {
    let kind = ActionKind::from_type(action_type)?;
    let Change::Sets(_) = kind.spec().change else {
        return None;
    };
    if let Some(action) = facts.actions().iter().find(|action| action.id == *id) {
        let what = format!("{} pending", first_upper(&action_noun(action)));
        return warning(action, &what, facts);
    }
    let is_own = facts.own_actions.iter().any(|own| own.action == *id);
    (!is_own).then(|| {
        Verdict::not_checked(format!(
            "whose request this cancels: {}",
            facts
                .history_gap()
                .unwrap_or("it is not among this device's actions")
        ))
    })
}

/// What a release takes away, whatever else is pending.
fn lifting(task: &Task, facts: &Facts<'_>) -> Vec<Verdict> {
    let conditions: &[Condition] = match task.change() {
        // A release lifts either.
        Change::Clears(Condition::Isolated | Condition::Contained) => {
            &[Condition::Isolated, Condition::Contained]
        }
        Change::Clears(Condition::Restricted) => &[Condition::Restricted],
        Change::Sets(_) | Change::Nothing => return Vec::new(),
    };
    let history = facts.actions();
    let in_force = conditions.iter().filter_map(|condition| {
        let state = infer_ended(*condition, history);
        let evidence = state.in_force()?;
        let action = history.iter().find(|a| a.id == evidence.action)?;
        warning(action, condition.word(), facts)
    });
    // That what is missing may be somebody else's is said once, where it is asked for the same action.
    in_force.collect()
}

fn warning(action: &MachineAction, what: &str, facts: &Facts<'_>) -> Option<Verdict> {
    let by = requestor_name(action.requestor.as_deref());
    let whose = match ownership(action, facts.session.account(), facts.own_actions) {
        Ownership::Mine => return None,
        Ownership::NotOurs => "not by you",
        Ownership::Unknown => "perhaps not by you",
    };
    let at = action.last_updated.or(action.created);
    let when = at.map_or_else(
        || "at an unknown time".to_owned(),
        |at| age_text(facts.now.duration_since(at).as_secs()),
    );
    let why = match filled(action.requestor_comment.as_deref()) {
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
