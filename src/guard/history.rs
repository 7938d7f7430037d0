//! Guardrails on the device's action history, open and ended actions alike.

use jiff::Timestamp;

use super::verdict::{Ages, Question, Reason, Verdict};
use super::{Facts, OpenOrder, Ownership, ownership};
use crate::action::{
    ActionKind, Change, Condition, ConditionState, Evidence, MAX_REPEATS, Recorded, Sameness, Task,
    action_noun, infer, infer_ended,
};
use crate::explain::NextStep;
use crate::model::{
    MachineAction, MachineActionId, clean, clock_text, filled, first_upper, normal, requestor_name,
    since_text, tag_last,
};

/// Effect of opposite requests that are both open.
pub const BOTH_WAYS: &str = "The last one to finish takes effect";

/// Maximum number of other people's open actions that are listed, newest first.
const MAX_UNDER_WAY: usize = 3;

pub(super) fn same_action(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    if let Some(verdict) = own_order(question, facts) {
        return vec![verdict];
    }
    if !question.is_act() || question.task.is_tenant_wide() {
        return Vec::new();
    }
    let first = |sameness| {
        let mut open = open_actions(facts.actions());
        open.find(|action| question.task.compared_with(action) == sameness)
    };
    let verdict = if let Some(action) = first(Sameness::Same) {
        let noun = first_upper(&action_noun(action));
        let text = format!("{noun} is already under way{}", requested_by(action, facts));
        Some(Verdict::block(
            text,
            NextStep::ShowAction(action.id.clone()),
        ))
    } else if let Some(action) = first(Sameness::OtherVariant) {
        let scope = clean(action.scope.as_deref().unwrap_or_default(), 40);
        let text = format!(
            "{} of type {scope} is already under way{}. Cancel it, or wait until it has ended, to {} in another way",
            first_upper(&action_noun(action)),
            requested_by(action, facts),
            question.task.infinitive()
        );
        Some(Verdict::block(
            text,
            NextStep::ShowAction(action.id.clone()),
        ))
    } else {
        // Without a file there is nothing to compare.
        let is_of_our_kind = |action: &&MachineAction| {
            let kind = question.task.kind().map(|kind| &kind.spec().wire_type);
            question.task.file().is_some() && kind == Some(&action.kind)
        };
        first(Sameness::Unknown)
            .filter(is_of_our_kind)
            .map(|action| {
                Verdict::not_checked(format!(
                    "whether this is under way already: {}{}, does not name its file",
                    action_noun(action),
                    requested_by(action, facts)
                ))
            })
    };
    let gap = || {
        let gap = facts.history_gap()?;
        let text = format!("{}: {gap}", depends_on_history(question.task));
        Some(Verdict::not_checked(text))
    };
    verdict.or_else(gap).into_iter().collect()
}

/// The facts that only the device's complete history shows.
fn depends_on_history(task: &Task) -> String {
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

/// An open order of this console that this one would repeat.
fn own_order(question: &Question<'_>, facts: &Facts<'_>) -> Option<Verdict> {
    let repeats = |open: &&OpenOrder| {
        let sameness = question.task.compared_with_task(&open.order.task);
        matches!(sameness, Sameness::Same | Sameness::OtherVariant)
            && !has_ended(open, facts.actions())
    };
    let open = other_orders(question, facts).find(repeats)?;
    let entry = open.order.entry;
    if open.outcome_unknown && question.task.record() == Recorded::Investigation {
        // It has no tag, so the outcome may stay unknown; at worst the device is examined twice.
        let text = format!(
            "The outcome of {entry} is unknown, and may stay so: sending this may start a second investigation"
        );
        return Some(Verdict::warn(text).next(NextStep::ShowEntry(entry)));
    }
    let text = if open.outcome_unknown {
        format!("The outcome of {entry} is unknown; repeating could do it twice")
    } else {
        let ours = open.order.task.variant();
        let asked = question.task.variant();
        let scope = ours.filter(|_| asked.is_some() && ours != asked);
        let scope = scope.map_or(String::new(), |choice| {
            format!(" with type {}", choice.word)
        });
        format!(
            "Already requested from this console{scope}, {} ({entry})",
            open.status
        )
    };
    Some(Verdict::block(text, NextStep::ShowEntry(entry)))
}

/// Open orders of this console on this device, other than the one in question.
fn other_orders<'a>(
    question: &'a Question<'_>,
    facts: &'a Facts<'_>,
) -> impl Iterator<Item = &'a OpenOrder> {
    let orders = facts.open_orders.iter();
    orders.filter(|open| Some(open.order.entry) != question.entry)
}

pub(super) fn opposite_action(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let Some(opposite) = question.task.kind().and_then(ActionKind::opposite) else {
        return Vec::new();
    };
    let history = facts.actions();
    let under_way = open_actions(history)
        .filter(|action| action.kind == opposite.spec().wire_type)
        .map(|action| {
            let text = format!(
                "The opposite is under way: {}{}. {BOTH_WAYS}; most likely the device ends up “{}”",
                action_noun(action),
                requested_by(action, facts),
                question.task.done(),
            );
            Verdict::warn(text).about_opposite(action.id.clone())
        });
    let is_shown = |open: &&OpenOrder| {
        let mut shown = history.iter().map(|action| &action.id);
        shown.any(|id| Some(id) == open.action.as_ref())
    };
    let ordered = other_orders(question, facts)
        .filter(|open| {
            let ordered = open.order.task.kind().map(|kind| &kind.spec().wire_type);
            ordered == Some(&opposite.spec().wire_type)
        })
        .filter(|open| !is_shown(open))
        .map(|open| {
            let status = if open.outcome_unknown {
                "has no known outcome"
            } else {
                "has not ended"
            };
            let entry = open.order.entry;
            Verdict::warn(format!(
                "The opposite was ordered from this console: {} ({entry}) {status}, and may still take effect",
                opposite.spec().a_noun()
            ))
            .next(NextStep::ShowEntry(entry))
        });
    under_way.chain(ordered).collect()
}

/// Whether the device already has the tag that is to be added, or none to be removed.
pub(super) fn tag(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let Some(tag) = question.task.tag() else {
        return Vec::new();
    };
    let shown = clean(tag, 80);
    let known = facts.machine.map(|machine| machine.machine_tags.as_deref());
    let Some(Some(tags)) = known else {
        let why = match known {
            Some(_) => "its record does not say which it has".to_owned(),
            None => facts.record_gap(),
        };
        let what = format!("whether the device has this tag: {why}");
        return vec![Verdict::not_checked(what)];
    };
    let has_it = tags.iter().any(|known| **known == *tag);
    let alike = tags.iter().find(|known| normal(known) == normal(tag));
    let alike = alike.map(|known| clean(known, 80));
    let text = match (question.task.removes().is_none(), has_it, alike) {
        (true, true, _) => format!("The device already has the tag “{shown}”"),
        (true, false, Some(alike)) => {
            format!("The device has the tag “{alike}”, not “{shown}”: tags are case-sensitive")
        }
        (false, false, Some(alike)) => format!(
            "The device has no tag “{shown}”, but it has “{alike}”: tags are case-sensitive"
        ),
        (false, false, None) => format!("The device has no tag “{shown}”"),
        (true, false, None) | (false, true, _) => return Vec::new(),
    };
    vec![Verdict::warn(text)]
}

pub(super) fn already(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let history = facts.actions();
    // No finding about what a missing action may have changed: an incomplete history is reported elsewhere.
    let is_whole = facts.history_gap().is_none();
    let is_contained = || match infer(Condition::Contained, history) {
        ConditionState::Yes(_) | ConditionState::Unclear(_) | ConditionState::Changing { .. } => {
            true
        }
        ConditionState::No(_) => infer(Condition::Isolated, history) == ConditionState::Unknown,
        ConditionState::Unknown => false,
    };
    let change = match question.task.change() {
        // A release lifts a containment as well.
        Change::Clears(Condition::Isolated) if is_contained() => {
            Change::Clears(Condition::Contained)
        }
        change @ (Change::Sets(_) | Change::Clears(_) | Change::Nothing) => change,
    };
    let (condition, is_set) = match change {
        Change::Sets(condition) => (condition, true),
        Change::Clears(condition) if is_whole => (condition, false),
        Change::Clears(_) | Change::Nothing => return Vec::new(),
    };
    let word = condition.word().to_lowercase();
    let verdict = match (infer(condition, history), is_set) {
        (ConditionState::Yes(evidence), true) => Verdict::warn(Reason::aging(facts.now, |ages| {
            let since = history_text(&evidence, facts, ages, |action| by_whom(action, facts));
            format!("Already {word}, as far as the action history shows: {since}")
        })),
        (ConditionState::No(_), false) => Verdict::warn(format!(
            "This device is not {word} according to the action history"
        )),
        (ConditionState::Unknown, false) => Verdict::warn(format!(
            "The action history has no record of this device being {word}"
        )),
        (ConditionState::Unclear(_), _) => Verdict::not_checked(format!(
            "whether this device is {word}: the action history does not say which came last"
        )),
        (ConditionState::No(_) | ConditionState::Unknown, true)
        | (ConditionState::Yes(_), false)
        | (ConditionState::Changing { .. }, _) => return Vec::new(),
    };
    vec![verdict]
}

/// The requestor of an action, in words for the signed-in user.
fn by_whom(action: &MachineAction, facts: &Facts<'_>) -> String {
    match ownership(action, facts.session.account(), facts.own_actions) {
        Ownership::Mine => "by you".to_owned(),
        Ownership::NotOurs | Ownership::Unknown => {
            format!("by {}", requestor_name(action.requestor.as_deref()))
        }
    }
}

/// Since when, by whom and why, for each action that set the condition: `since 03:24 +00:00, 49 min ago, by
/// sam@contoso.com: “beacon”; again at 04:02 +00:00, by you: “the same”`.
pub(super) fn history_text(
    evidence: &Evidence,
    facts: &Facts<'_>,
    ages: Ages,
    by: impl Fn(&MachineAction) -> String,
) -> String {
    let known = |id: &MachineActionId| facts.actions().iter().find(|action| action.id == *id);
    let mut text = since(evidence.since, facts, ages);
    if let Some(first) = known(&evidence.action) {
        text = format!("{text}, {}: {}", by(first), why(first));
    }
    let omitted = evidence.again.len().saturating_sub(MAX_REPEATS);
    if omitted > 0 {
        text = format!("{text}; again {omitted} times");
    }
    for again in evidence.again.iter().skip(omitted).filter_map(known) {
        let at = Evidence::of(again).since.map_or_else(
            || "an unknown time".to_owned(),
            |at| clock_text(at, facts.now, facts.zone),
        );
        text = format!("{text}; again at {at}, {}: {}", by(again), why(again));
    }
    text
}

/// Whether another guardrail reports this action in full: it set the condition that the task sets again or
/// lifts.
fn is_shown_elsewhere(action: &MachineAction, question: &Question<'_>, facts: &Facts<'_>) -> bool {
    let history = facts.actions();
    let conditions: &[Condition] = match question.task.change() {
        Change::Clears(Condition::Isolated | Condition::Contained) => {
            &[Condition::Isolated, Condition::Contained]
        }
        Change::Sets(condition) | Change::Clears(condition) => &[condition],
        Change::Nothing => &[],
    };
    conditions.iter().any(|condition| {
        let state = match question.task.change() {
            Change::Sets(_) => infer(*condition, history),
            Change::Clears(_) | Change::Nothing => infer_ended(*condition, history),
        };
        (state.in_force()).is_some_and(|set| set.actions().any(|id| *id == action.id))
    })
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
        .filter(|action| {
            ownership(action, facts.session.account(), facts.own_actions) != Ownership::Mine
        })
        .filter(|action| !is_shown_elsewhere(action, question, facts))
        .max_by_key(|action| action.created)
        .map(|action| {
            let at = action.created.unwrap_or(facts.now);
            Verdict::warn(format!(
                "In the last hour: {} ({}) at {}{}",
                action_noun(action),
                action.status.word(),
                clock_text(at, facts.now, facts.zone),
                requested_by(action, facts)
            ))
        })
        .into_iter()
        .collect()
}

/// Other people's actions under way on this device that are neither the same nor the opposite, such as a live
/// response session or an evidence collection, at any age.
pub(super) fn under_way(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let Some(kind) = question.task.kind() else {
        return Vec::new();
    };
    let opposite = kind.opposite().map(|kind| &kind.spec().wire_type);
    let is_shown_elsewhere = |action: &MachineAction| match question.task.compared_with(action) {
        Sameness::Same | Sameness::OtherVariant => true,
        Sameness::Unknown => action.kind == kind.spec().wire_type,
        Sameness::Different => Some(&action.kind) == opposite,
    };
    let is_mine = |action: &MachineAction| {
        ownership(action, facts.session.account(), facts.own_actions) == Ownership::Mine
    };
    let mut open: Vec<_> = open_actions(facts.actions())
        .filter(|action| !is_shown_elsewhere(action) && !is_mine(action))
        .collect();
    open.sort_by_key(|action| std::cmp::Reverse(action.created));
    let weigh = |reason: Reason| {
        if question.task.risk().takes_away() {
            Verdict::warn(reason)
        } else {
            Verdict::note(reason)
        }
    };
    let more = open.len().saturating_sub(MAX_UNDER_WAY);
    let more = (more > 0).then(|| weigh(format!("More actions under way: {more}").into()));
    let listed = open.into_iter().take(MAX_UNDER_WAY).map(|action| {
        let by = action.requested_by();
        let by = by.map_or_else(String::new, |by| format!(" by {by}"));
        weigh(Reason::aging(facts.now, |ages| {
            let since = since(action.created, facts, ages);
            format!("Under way: {}{by} {since}", action_noun(action))
        }))
    });
    listed.chain(more).collect()
}

/// Whether history shows that an open order has ended: another account's entry is never updated.
fn has_ended(open: &OpenOrder, history: &[MachineAction]) -> bool {
    open.action.as_ref().is_some_and(|id| {
        let mut known = history.iter();
        known.any(|action| action.id == *id && action.status.is_final())
    })
}

fn open_actions(history: &[MachineAction]) -> impl Iterator<Item = &MachineAction> {
    history.iter().filter(|action| !action.status.is_final())
}

/// The clause that names the requestor; empty where the service cannot report one.
fn requested_by(action: &MachineAction, facts: &Facts<'_>) -> String {
    let by = match ownership(action, facts.session.account(), facts.own_actions) {
        Ownership::Mine => Some("you".into()),
        Ownership::NotOurs | Ownership::Unknown => action.requested_by(),
    };
    by.map_or_else(String::new, |by| format!(", requested by {by}"))
}

/// The start of the condition: `since 04:13 +00:00, 49 min ago`.
fn since(at: Option<Timestamp>, facts: &Facts<'_>, ages: Ages) -> String {
    at.map_or_else(
        || "since an unknown time".to_owned(),
        |at| since_text(at, facts.now, facts.zone, &ages.of(at)),
    )
}

/// The reason given for an action.
pub(super) fn why(action: &MachineAction) -> String {
    match filled(action.requestor_comment.as_deref()) {
        Some(comment) => format!("“{}”", clean(&tag_last(comment), 200)),
        None => "no reason given".to_owned(),
    }
}
