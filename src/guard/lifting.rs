//! Releases and cancellations of what anyone ordered: it may still be needed.

use super::history::{history_text, why};
use super::verdict::{Question, Reason, Verdict};
use super::{Facts, KnownAlerts, Ownership, ownership};
use crate::action::{
    ActionKind, Change, Condition, Evidence, Task, action_noun, infer_ended, type_noun,
};
use crate::model::{
    MachineAction, MachineActionId, MachineActionType, clock_text, each_once, first_upper, normal,
    requestor_name, without_tag,
};

/// Reports who set the condition, since when and why, and open alerts; never harder than a warning (rule 10).
pub(super) fn check(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    match question.task {
        Task::Cancel {
            action,
            action_type,
        } => cancellation(action, action_type, facts),
        Task::Act { .. } => lifting(question.task, facts),
    }
}

/// The action that is cancelled: the request contains only its id.
fn cancellation(
    id: &MachineActionId,
    action_type: &MachineActionType,
    facts: &Facts<'_>,
) -> Vec<Verdict> {
    let kind = ActionKind::from_type(action_type);
    let contains = kind.is_some_and(|kind| matches!(kind.spec().change, Change::Sets(_)));
    if let Some(action) = facts.actions().iter().find(|action| action.id == *id) {
        let (whose, by) = whose(action, facts);
        let is_others = contains && whose != Ownership::Mine;
        let what = first_upper(&action_noun(action));
        let reason = Reason::aging(facts.now, |ages| {
            let at = action.created.map_or_else(
                || "at an unknown time".to_owned(),
                |at| {
                    let clock = clock_text(at, facts.now, facts.zone);
                    format!("at {clock}, {}", ages.of(at))
                },
            );
            let reason = why(action);
            let text = format!("{what} requested {at}, {by}: {reason}. Action id {id}");
            if is_others {
                format!("{text}. {}", alerts(facts))
            } else {
                text
            }
        });
        return vec![if is_others {
            Verdict::warn(reason)
        } else {
            Verdict::note(reason)
        }];
    }
    let named = Verdict::note(format!(
        "Cancels the {} with the action id {id}",
        type_noun(action_type)
    ));
    let is_own = facts.own_actions.iter().any(|own| own.action == *id);
    let unread = (contains && !is_own).then(|| {
        Verdict::not_checked(format!(
            "whose request this cancels: {}",
            facts
                .history_gap()
                .unwrap_or_else(|| "it is not among this device's actions".to_owned())
        ))
    });
    std::iter::once(named).chain(unread).collect()
}

/// The conditions that a release lifts, even while other actions are pending.
fn lifting(task: &Task, facts: &Facts<'_>) -> Vec<Verdict> {
    let conditions: &[Condition] = match task.change() {
        // A release lifts both.
        Change::Clears(Condition::Isolated | Condition::Contained) => {
            &[Condition::Isolated, Condition::Contained]
        }
        Change::Clears(Condition::Restricted) => &[Condition::Restricted],
        Change::Sets(_) | Change::Nothing => return Vec::new(),
    };
    let history = facts.actions();
    let in_force = conditions.iter().filter_map(|condition| {
        let state = infer_ended(*condition, history);
        Some(about(state.in_force()?, condition.word(), facts))
    });
    // Missing actions, perhaps someone else's, are reported once, by the guardrail on the same action.
    in_force.collect()
}

/// Since when, by whom and why the condition is in force: a warning where any request was someone else's, or
/// there are several reasons, one of which may still hold.
fn about(evidence: &Evidence, what: &str, facts: &Facts<'_>) -> Verdict {
    let words = Reason::aging(facts.now, |ages| {
        let account = history_text(evidence, facts, ages, |action| whose(action, facts).1);
        format!("{what} {account}. {}", alerts(facts))
    });
    let set_by = |id: &MachineActionId| facts.actions().iter().find(|action| action.id == *id);
    let set: Vec<_> = evidence.actions().filter_map(set_by).collect();
    let has_one_reason = each_once(set.iter().map(|action| reason(action, facts))).len() == 1;
    match Ownership::of_all(set.iter().map(|action| whose(action, facts).0)) {
        Some(Ownership::Mine) if has_one_reason => Verdict::note(words),
        Some(Ownership::Mine | Ownership::NotOurs | Ownership::Unknown) | None => {
            Verdict::warn(words)
        }
    }
}

/// The reason for an action, for comparison: its ticket, else the text.
fn reason(action: &MachineAction, facts: &Facts<'_>) -> String {
    let comment = action.requestor_comment.as_deref().unwrap_or_default();
    let written = without_tag(comment);
    let ticket = facts.tickets.find(written, |_| false);
    normal(ticket.unwrap_or(written))
}

/// The ownership of an action, and its wording.
fn whose(action: &MachineAction, facts: &Facts<'_>) -> (Ownership, String) {
    let by = requestor_name(action.requestor.as_deref());
    let whose = ownership(action, facts.session.account(), facts.own_actions);
    let words = match whose {
        Ownership::Mine => "by you".to_owned(),
        Ownership::NotOurs => format!("by {by}, not by you"),
        Ownership::Unknown => format!("by {by}, perhaps not by you"),
    };
    (whose, words)
}

/// The number of open alerts, in words.
fn alerts(facts: &Facts<'_>) -> String {
    match facts.alerts {
        KnownAlerts::NotChecked => "Open alerts: not checked".to_owned(),
        KnownAlerts::Failed(why) => format!("Open alerts not checked: {why}"),
        KnownAlerts::Reading => "Open alerts: not checked yet".to_owned(),
        KnownAlerts::Open(0) => "No open alerts".to_owned(),
        KnownAlerts::Open(1) => "1 open alert".to_owned(),
        KnownAlerts::Open(several) => format!("{several} open alerts"),
        KnownAlerts::AtLeast(count) => format!("At least {count} open alerts"),
    }
}
