//! What the device is inferred to be in, and the action that this rests on.

use egui::{Ui, accesskit};
use jiff::Timestamp;

use super::machine_actions::status_look;
use super::machine_detail::{row_ui, told, value_ui};
use super::theme::{Role, TokensExt as _};
use super::widgets::{Icon, badge, copyable_ui, foldable_ui, section_ui};
use super::{Cx, words};
use crate::action::{Condition, ConditionState, Evidence, infer};
use crate::model::{MachineAction, MachineRef, clean};

/// Shows what the device is inferred to be in.
pub fn state_ui(ui: &mut Ui, cx: &Cx<'_>, machine: &MachineRef) {
    section_ui(ui, "State");
    let history = cx.state.history(&machine.id);
    let reading = cx.state.histories.get(&machine.id);
    for condition in Condition::ALL {
        let inferred = history.map(|history| infer(condition, history));
        // Only of devices without a sensor, and said where there is something to be said.
        if condition == Condition::Contained
            && matches!(inferred, None | Some(ConditionState::Unknown))
        {
            continue;
        }
        let (icon, role, words) = if let Some(inferred) = &inferred {
            condition_words(condition, inferred, cx)
        } else {
            let why = reading.and_then(|reading| reading.failure.as_ref());
            let word = condition.word();
            let words = match why {
                Some(failure) => format!(
                    "{word}: not checked: actions could not be read: {}",
                    failure.headline
                ),
                None if reading.is_some_and(|reading| reading.loading) => {
                    format!("{word}: not checked yet: reading the actions…")
                }
                None => format!("{word}: not checked: actions were not read yet"),
            };
            (Icon::Unknown, Role::Unknown, words)
        };
        let response = badge(ui, icon, role, &words);
        ui.ctx().accesskit_node_builder(response.id, |node| {
            node.set_live(accesskit::Live::Polite);
        });
        if let Some(action) = inferred.and_then(|state| evidence(&state, cx, machine)) {
            evidence_ui(ui, cx, action);
        }
    }
}

fn condition_words(
    condition: Condition,
    state: &ConditionState,
    cx: &Cx<'_>,
) -> (Icon, Role, String) {
    let word = condition.word();
    let lower = word.to_lowercase();
    let by = |evidence: &Evidence| {
        let by = evidence.by.as_deref().filter(|by| !by.is_empty());
        by.map_or_else(String::new, |by| format!(", by {}", clean(by, 80)))
    };
    match state {
        ConditionState::Yes(evidence) => {
            let since = evidence.since.map_or_else(String::new, |since| {
                let clock = short_local(since, cx);
                format!(" since {clock} ({})", words::ago(since, cx.now))
            });
            let icon = match condition {
                Condition::Isolated => Icon::Isolated,
                Condition::Restricted => Icon::Restricted,
                Condition::Contained => Icon::Contained,
            };
            let words = format!("{word}{since}{}, as far as history shows", by(evidence));
            (icon, Role::Caution, words)
        }
        ConditionState::No(_) => (
            Icon::Info,
            Role::Neutral,
            format!("Not {lower}, as far as history shows"),
        ),
        ConditionState::Changing { to: true, evidence } => (
            Icon::InProgress,
            Role::Accent,
            format!("Being {lower}{}", by(evidence)),
        ),
        ConditionState::Changing {
            to: false,
            evidence,
        } => {
            let verb = match condition {
                Condition::Isolated | Condition::Contained => "released",
                Condition::Restricted => "unrestricted",
            };
            (
                Icon::InProgress,
                Role::Accent,
                format!("Being {verb}{}", by(evidence)),
            )
        }
        ConditionState::Unknown => (
            Icon::Unknown,
            Role::Stale,
            format!("Not known whether {lower}: history shows nothing"),
        ),
    }
}

/// Today's times without their date.
fn short_local(at: Timestamp, cx: &Cx<'_>) -> String {
    let (then, today) = (
        at.to_zoned(cx.zone.clone()),
        cx.now.to_zoned(cx.zone.clone()),
    );
    let format = if then.date() == today.date() {
        "%H:%M"
    } else {
        "%Y-%m-%d %H:%M"
    };
    then.strftime(format).to_string()
}

/// The action that a state rests on, as it is known.
fn evidence<'a>(
    state: &ConditionState,
    cx: &Cx<'a>,
    machine: &MachineRef,
) -> Option<&'a MachineAction> {
    match state {
        ConditionState::Yes(evidence)
        | ConditionState::No(evidence)
        | ConditionState::Changing { evidence, .. } => {
            cx.state.action(&machine.id, &evidence.action)
        }
        ConditionState::Unknown => None,
    }
}

fn evidence_ui(ui: &mut Ui, cx: &Cx<'_>, action: &MachineAction) {
    let label = format!("Evidence: {}, {}", action.kind, action.status);
    foldable_ui(ui, &label, |ui| {
        ui.spacing_mut().item_spacing.y = ui.tokens().space.xs;
        let kind = match action.scope.as_deref() {
            Some(scope) => format!("{} ({})", action.kind, clean(scope, 40)),
            None => action.kind.to_string(),
        };
        value_ui(ui, "Type", &kind);
        row_ui(ui, "Status", |ui| {
            let (icon, role) = status_look(&action.status);
            badge(ui, icon, role, &action.status.to_string());
        });
        value_ui(ui, "Requested by", &told(action.requestor.as_deref()));
        value_ui(ui, "Through", &told(action.request_source.as_deref()));
        value_ui(ui, "Comment", &told(action.requestor_comment.as_deref()));
        value_ui(ui, "Created", &both_times(action.created, cx));
        value_ui(ui, "Last update", &both_times(action.last_updated, cx));
        row_ui(ui, "Action id", |ui| {
            copyable_ui(ui, "action id", action.id.as_str());
        });
    });
}

/// Local and UTC, for a ticket or a call to another time zone.
fn both_times(at: Option<Timestamp>, cx: &Cx<'_>) -> String {
    at.map_or_else(
        || told(None),
        |at| {
            let (local, utc) = (words::local_time(at, cx.zone), words::utc_time(at));
            format!("{local} · {utc}")
        },
    )
}
