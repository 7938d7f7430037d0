//! Inferred state of the device, with its evidence.

use egui::{Align, Layout, RichText, Ui, vec2};
use jiff::Timestamp;

use super::state_hint::{self, waiting_words};
use crate::action::{Condition, ConditionState, Evidence, MAX_REPEATS};
use crate::guard::BOTH_WAYS;
use crate::model::{MachineAction, MachineRef, first_upper, requestor_name, requestors};
use crate::search::DeviceState;
use crate::ui::activity::attention;
use crate::ui::device::actions::action_name;
use crate::ui::device::facts::{or_unknown, row_ui, unknown, value_ui};
use crate::ui::look;
use crate::ui::theme::{Role, TokensExt as _};
use crate::ui::widgets::{
    Icon, TipExt as _, UiExt as _, badge, copyable_ui, foldable_ui, icon, live_badge, section_ui,
};
use crate::ui::{Cx, words};

/// Source of every line of the state.
const NOTE: &str =
    "As far as the action history shows; a release on the device itself does not show";

/// Note above an incomplete state.
const INCOMPLETE: &str = "Isolation and restriction not fully checked: part of this device's action history is missing or unreadable";

/// Shows the inferred state.
pub fn state_ui(ui: &mut Ui, cx: &Cx<'_>, machine: &MachineRef) {
    section_ui(ui, "State");
    if let Some(entry) = cx.state.attention_on(&machine.id) {
        let (icon, role, outcome) = attention::mark(entry, cx.state);
        let title = entry.order.task.title();
        let words = format!("{title}: {outcome}, needs attention: see Activity");
        badge(ui, icon, role, &words);
    }
    let Some(history) = cx.state.history(&machine.id) else {
        live_badge(ui, Icon::Unfamiliar, Role::Unknown, &unchecked(cx, machine));
        return;
    };
    if !history.is_complete {
        let said = look::not_checked_ui(ui, INCOMPLETE);
        ui.announce(&said);
    }
    let conditions = cx.state.actions.conditions(&machine.id);
    let states = Condition::ALL.map(|condition| {
        let state = conditions.map(|conditions| conditions.state(condition));
        let phase = conditions.map(|conditions| conditions.phase(condition));
        let state = state.unwrap_or(&ConditionState::Unknown);
        (condition, state, phase.unwrap_or_default())
    });
    let record = cx.state.machine(&machine.id);
    let is_unmanaged = record.is_some_and(|record| record.is_unmanaged());
    let mut unknown = Vec::new();
    for (condition, state, phase) in states {
        let word = phase.word(condition);
        let opposed = conditions.and_then(|conditions| conditions.opposed(condition));
        let Some(words) = condition_words(word, state, opposed, cx, machine) else {
            // Devices without a sensor are contained, all others isolated and restricted.
            if is_unmanaged == (condition == Condition::Contained) && history.is_complete {
                unknown.push(condition.noun());
            }
            continue;
        };
        let look = look::condition(condition, phase);
        known_ui(ui, cx, machine, state, (look.icon, look.role, &words));
    }
    if !unknown.is_empty() {
        let what = unknown.join(" and ").to_lowercase();
        let words = format!(
            "{} unknown: no {} in the action history",
            first_upper(&what),
            unknown.join(" or ").to_lowercase()
        );
        live_badge(ui, Icon::Unfamiliar, Role::Unknown, &words);
    }
    if states
        .iter()
        .any(|(_, state, _)| **state != ConditionState::Unknown)
    {
        ui.small_label(NOTE);
    }
}

/// Shows a known condition: what, since when, and by whose actions.
fn known_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    machine: &MachineRef,
    state: &ConditionState,
    (icon, role, said): (Icon, Role, &str),
) {
    let actions = evidence(state, cx, machine);
    let newest = actions.last();
    let is_own = newest.is_some_and(|newest| cx.state.entries.creator_of(&newest.id).is_some());
    let said = if is_own {
        // The row of this console's order announces its outcome.
        badge(ui, icon, role, said)
    } else {
        live_badge(ui, icon, role, said)
    };
    if let ConditionState::Yes(evidence) = state
        && let Some(since) = evidence.since
    {
        said.tip(words::utc_time(since));
    }
    let omitted = actions.len().saturating_sub(MAX_REPEATS);
    let all = actions.into_iter().enumerate();
    for (_, action) in all.filter(|(n, _)| *n == 0 || *n >= omitted) {
        ui.push_id(action.id.as_str(), |ui| evidence_ui(ui, cx, action));
    }
}

/// Shows the state in one line beside the name, the most important first. The line is always there, so that
/// what is below stays under the pointer.
pub fn brief_ui(ui: &mut Ui, cx: &Cx<'_>, machine: &MachineRef) {
    let tokens = ui.tokens();
    let state = DeviceState::known(cx.state, &machine.id);
    let (condition, phase) = state.lead();
    let look = look::condition(condition, phase);
    let known = cx.state.actions.conditions(&machine.id);
    let words = Condition::ALL.into_iter().filter_map(|condition| {
        let known = known?;
        let word = known.phase(condition).word(condition);
        let opposed = known.opposed(condition);
        condition_words(word, known.state(condition), opposed, cx, machine)
    });
    let mut words: Vec<_> = words.collect();
    if cx.state.history(&machine.id).is_none() {
        words.push("state not checked yet".to_owned());
    } else if words.is_empty() {
        words.push(state_hint::UNKNOWN.to_owned());
    }
    let size = vec2(ui.available_width(), tokens.height.icon);
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_size(size);
        icon(ui, look.icon, tokens.colour(look.role));
        let words = first_upper(&words.join(" · "));
        ui.truncated(RichText::new(words).color(tokens.colour(look.role)));
    });
}

/// Why the state is unknown.
fn unchecked(cx: &Cx<'_>, machine: &MachineRef) -> String {
    let reading = cx.state.histories.get(&machine.id);
    match reading.and_then(|reading| reading.failure.as_ref()) {
        Some(failure) => format!(
            "Isolation and restriction not checked: the action history could not be read: {}",
            failure.headline
        ),
        None if reading.is_some_and(|reading| reading.loading) => {
            "Isolation and restriction not checked yet: reading the action history…".to_owned()
        }
        None => "Isolation and restriction not checked: action history not read yet".to_owned(),
    }
}

/// Wording of a condition, with requestor and time; `None` if unknown.
fn condition_words(
    word: &str,
    state: &ConditionState,
    opposed: Option<&Evidence>,
    cx: &Cx<'_>,
    machine: &MachineRef,
) -> Option<String> {
    let by = |evidence: &Evidence| requestor_name(evidence.by.as_deref()).into_owned();
    match state {
        ConditionState::Unknown => None,
        ConditionState::No(_) | ConditionState::Unclear(_) => Some(word.to_owned()),
        ConditionState::Yes(evidence) => {
            let since = evidence.since.map_or_else(String::new, |since| {
                let (now, zone) = (cx.service_now(), &cx.state.zone);
                let since = words::since_text(since, now, zone, &words::ago(since, now));
                format!(" {since}")
            });
            let set = self::evidence(state, cx, machine).into_iter();
            let by = requestors(set.map(|action| requestor_name(action.requestor.as_deref())));
            Some(format!("{word}{since}, by {by}"))
        }
        ConditionState::Changing { evidence, .. } if let Some(against) = opposed => {
            let (newest, other) = (by(evidence), by(against));
            Some(format!(
                "{word}. {BOTH_WAYS}. The newest requested by {newest}, the other by {other}"
            ))
        }
        ConditionState::Changing { evidence, .. } if evidence.is_picked_up => {
            Some(format!("{word} Requested by {}", by(evidence)))
        }
        ConditionState::Changing { evidence, .. } => {
            let record = cx.state.machine(&machine.id).map(AsRef::as_ref);
            let waits = waiting_words(record, &cx.state.policy, cx.service_now());
            Some(format!("{word}: {waits}. Requested by {}", by(evidence)))
        }
    }
}

/// The known actions that a state was inferred from.
fn evidence<'a>(
    state: &ConditionState,
    cx: &Cx<'a>,
    machine: &MachineRef,
) -> Vec<&'a MachineAction> {
    let evidence = match state {
        ConditionState::Yes(evidence)
        | ConditionState::No(evidence)
        | ConditionState::Unclear(evidence)
        | ConditionState::Changing { evidence, .. } => Some(evidence),
        ConditionState::Unknown => None,
    };
    let actions = evidence.into_iter().flat_map(Evidence::actions);
    (actions.filter_map(|id| cx.state.action(&machine.id, id))).collect()
}

fn evidence_ui(ui: &mut Ui, cx: &Cx<'_>, action: &MachineAction) {
    let status = look::action_status(&action.status).word;
    let label = format!("Evidence: {}, {status}", action_name(action));
    foldable_ui(ui, &label, |ui| {
        ui.spacing_mut().item_spacing.y = ui.tokens().space.xs;
        value_ui(ui, "Type", &action_name(action));
        row_ui(ui, "Status", |ui| {
            look::action_status(&action.status).badge_ui(ui);
        });
        value_ui(ui, "Requested by", &or_unknown(action.requestor.as_deref()));
        value_ui(ui, "Source", &or_unknown(action.request_source.as_deref()));
        value_ui(
            ui,
            "Comment",
            &or_unknown(action.requestor_comment.as_deref()),
        );
        value_ui(ui, "Created", &both_times(action.created, cx));
        value_ui(ui, "Last update", &both_times(action.last_updated, cx));
        row_ui(ui, "Action id", |ui| {
            copyable_ui(ui, "action id", action.id.as_str());
        });
    });
}

fn both_times(at: Option<Timestamp>, cx: &Cx<'_>) -> String {
    at.map_or_else(unknown, |at| words::local_and_utc(at, &cx.state.zone))
}
