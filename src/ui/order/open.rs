//! The one way to open a form.

use egui::Ui;

use super::form::{OrderForm, Target};
use super::ticket_field::preset;
use crate::action::{ActionKind, Change, Condition, Draft, Subject, Task};
use crate::message::Command;
use crate::model::{EntryId, MachineId, MachineRef, PanelPart};
use crate::state::State;
use crate::ui::Cx;
use crate::ui::commands::acting_trouble;
use crate::ui::views::{Dialog, Views};

/// Devices whose open alerts are asked for as a form opens.
const MAX_ALERTS_READ: usize = 10;

/// Opens the form of `subject` on `machines`, with the fields as `fill` leaves them, unless this
/// console only looks: whatever raises it says so.
pub fn raise(
    ui: &Ui,
    cx: &mut Cx<'_>,
    machines: &[MachineRef],
    subject: Subject,
    fill: impl FnOnce(&mut Draft),
) {
    if acting_trouble(cx.state).is_err() {
        return;
    }
    let time = ui.input(|input| input.time);
    let load = open(cx.state, cx.views, machines, subject, time, fill);
    cx.out.work.extend(load);
}

/// Opens the form of `subject` on `machines`, with the fields as `fill` leaves them. The
/// returned commands read the facts again.
#[must_use = "the commands read the devices again"]
pub fn open(
    state: &State,
    views: &mut Views,
    machines: &[MachineRef],
    subject: Subject,
    time: f64,
    fill: impl FnOnce(&mut Draft),
) -> Vec<Command> {
    let mut targets: Vec<Target> = Vec::new();
    for machine in machines {
        if targets.iter().all(|known| known.machine.id != machine.id) {
            match EntryId::random() {
                Ok(entry) => targets.push(Target {
                    entry,
                    machine: machine.clone(),
                }),
                Err(error) => {
                    views.no_random_numbers(error);
                    return Vec::new();
                }
            }
        }
    }
    let Some(first) = targets.first() else {
        return Vec::new();
    };
    let ids = targets.iter().map(|target| &target.machine.id);
    let mut renamed = releases_of_containments(state, &subject, ids);
    let subject = match renamed.first() {
        // All of them go by that name.
        Some((_, kind)) if renamed.len() == targets.len() => {
            let subject = Subject::Act(*kind);
            renamed.clear();
            subject
        }
        Some(_) | None => subject,
    };
    let mut draft = Draft::new(first.entry, first.machine.clone(), subject);
    fill(&mut draft);
    let ids: Vec<_> = targets.iter().map(|t| t.machine.id.clone()).collect();
    let mut form = OrderForm::new(targets, draft, time);
    form.renamed = renamed;
    if form.draft.comment.is_empty() {
        form.ticket = preset(state, views, &form.draft.task(), &ids).unwrap_or_default();
    }
    let alerts = alerts_to_read(state, &form.draft, &ids);
    views.open(Dialog::Form(Box::new(form)));
    let mut load = match ids.as_slice() {
        [only] => vec![
            Command::LoadMachine(only.clone()),
            // A guardrail passes on what the service says.
            Command::LoadPart(only.clone(), PanelPart::AvailableActions),
        ],
        _ => vec![Command::LoadMachines(ids)],
    };
    load.extend(alerts);
    load
}

/// Those of several devices to be released that are contained: what releases them goes by another name,
/// on screen and in the journal.
fn releases_of_containments<'a>(
    state: &State,
    subject: &Subject,
    ids: impl Iterator<Item = &'a MachineId>,
) -> Vec<(MachineId, ActionKind)> {
    let back = Condition::Contained.way_back();
    if *subject != Subject::Act(Condition::Isolated.way_back()) {
        return Vec::new();
    }
    let is_contained = |id: &&MachineId| {
        let conditions = state.actions.conditions(id);
        let shown = conditions.and_then(|c| c.ended(Condition::Contained).in_force());
        // Where the history does not reach back: without a sensor it can be nothing else.
        let machine = state.machine(id);
        shown.is_some() || machine.is_some_and(|machine| machine.is_unmanaged())
    };
    ids.filter(is_contained)
        .map(|id| (id.clone(), back))
        .collect()
}

/// Asks for the open alerts of devices whose containment is to be lifted or called off: the warning
/// about it tells them. Those of many devices would use up the calls for what else is read.
fn alerts_to_read(state: &State, draft: &Draft, ids: &[MachineId]) -> Vec<Command> {
    let lifts = match draft.task() {
        task @ Task::Act { .. } => matches!(task.change(), Change::Clears(_)),
        Task::Cancel { action_type, .. } => ActionKind::from_type(&action_type)
            .is_some_and(|kind| matches!(kind.spec().change, Change::Sets(_))),
    };
    if !lifts {
        return Vec::new();
    }
    let is_reading = |id: &&MachineId| {
        let panel = state.panels.get(id);
        panel.is_some_and(|panel| panel.alerts.loading)
    };
    let ids = ids.iter().filter(|id| !is_reading(id));
    ids.take(MAX_ALERTS_READ)
        .map(|id| Command::LoadPart(id.clone(), PanelPart::Alerts))
        .collect()
}
