//! The one way to open a form.

use std::sync::Arc;

use egui::Ui;
use jiff::{SignedDuration, Timestamp};

use super::form::{GivenEnd, Histories, OpenedFrom, OrderForm, Target};
use super::{left_out, ticket_field};
use crate::action::{ActionKind, Change, Condition, Draft, EXPIRES, Plan, Subject, Task, Value};
use crate::journal::Entry;
use crate::message::Command;
use crate::model::{MachineId, MachineRef, PanelPart, Permission, each_once};
use crate::state::{LeftOut, State};
use crate::ui::Cx;
use crate::ui::commands::acting_trouble;
use crate::ui::views::{Dialog, Views};

/// Default duration of a block.
const USUAL_BLOCK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Devices that a form leaves out and names.
const NAMED_AS_LEFT_OUT: usize = 4;
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
    let load = open(cx.state, cx.views, machines, subject, (time, cx.now), fill);
    cx.out.work.extend(load);
}

/// Opens the form of `subject` on `machines`, with the fields as `fill` leaves them; `time` is egui's. The
/// returned commands read the facts again.
#[must_use = "the commands read the devices again"]
pub fn open(
    state: &State,
    views: &mut Views,
    machines: &[MachineRef],
    subject: Subject,
    (time, now): (f64, Timestamp),
    fill: impl FnOnce(&mut Draft),
) -> Vec<Command> {
    let is_tenant_wide = matches!(&subject, Subject::Act(kind) if kind.is_tenant_wide());
    let everywhere = [MachineRef::every_device()];
    // Wherever it was begun.
    let machines = if is_tenant_wide {
        &everywhere
    } else {
        machines
    };
    let mut targets: Vec<Target> = Vec::new();
    for machine in machines {
        if targets.iter().all(|known| known.machine.id != machine.id) {
            match Target::new(machine.clone(), 0) {
                Ok(target) => targets.push(target),
                Err(error) => {
                    views.report_no_entropy(error);
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
    let given_end = set_end(&mut draft, state.at_service(now));
    let ids: Vec<_> = targets.iter().map(|t| t.machine.id.clone()).collect();
    let mut form = OrderForm::new(targets, draft, time);
    form.renamed = renamed;
    form.given_end = given_end;
    if form.draft.comment.is_empty() {
        let task = form.draft.task();
        ticket_field::begin(&mut form, state, views, &task, &ids);
    }
    let alerts = alerts_to_read(state, &form.draft, &ids);
    views.open(Dialog::Form(Box::new(form)));
    if is_tenant_wide {
        let may = !state.session.is_known_to_lack(&Permission::TiReadWrite);
        return may.then_some(Command::LoadIndicators).into_iter().collect();
    }
    let mut load = facts_to_read(ids);
    load.extend(alerts);
    load
}

/// Reads devices again whose history has made room for those of others while the form is open, and reads them
/// once: what one form takes is not to push itself out again and again.
pub fn read_what_has_gone(cx: &mut Cx<'_>, form: &mut OrderForm) {
    let is_gone = |id: &MachineId| cx.state.histories.get(id).is_none();
    let ids = form.machines().map(|machine| machine.id.clone());
    let gone: Vec<_> = ids.filter(is_gone).collect();
    if gone.is_empty() {
        form.histories = Histories::Known;
    } else if std::mem::replace(&mut form.histories, Histories::Awaited) == Histories::Known {
        cx.out.work.extend(facts_to_read(gone));
    }
}

/// Reads again what the guardrails ask about these devices.
fn facts_to_read(ids: Vec<MachineId>) -> Vec<Command> {
    match ids.as_slice() {
        [only] => vec![
            Command::LoadMachine(only.clone()),
            // A guardrail passes on what the service says.
            Command::LoadPart(only.clone(), PanelPart::AvailableActions),
        ],
        _ => vec![Command::LoadMachines(ids)],
    }
}

/// Opens the form of the first plan on `machines`, where another one can be chosen. The returned commands
/// read the facts again.
#[must_use = "the commands read the devices again"]
pub fn open_plan(
    state: &State,
    views: &mut Views,
    machines: &[MachineRef],
    time: f64,
) -> Vec<Command> {
    let Some(plan) = state.settings.plans.first() else {
        return Vec::new();
    };
    open_all_steps(state, views, plan, machines, time)
}

/// Opens the form of this plan on `machines`, where another one can be chosen.
fn open_all_steps(
    state: &State,
    views: &mut Views,
    plan: &Arc<Plan>,
    machines: &[MachineRef],
    time: f64,
) -> Vec<Command> {
    let all = |machine: &MachineRef| {
        (0..plan.steps.len()).map({
            let machine = machine.clone();
            move |step| (step, machine.clone())
        })
    };
    let orders = machines.iter().flat_map(all).collect();
    let load = open_steps(state, views, Arc::clone(plan), orders, time);
    if let Some(Dialog::Form(form)) = &mut views.dialog {
        form.chooses_plan = true;
    }
    load
}

/// Opens the form of the first plan on `machines`, unless this console only looks.
pub fn raise_plan(ui: &Ui, cx: &mut Cx<'_>, machines: &[MachineRef]) {
    if acting_trouble(cx.state).is_ok() {
        let time = ui.input(|input| input.time);
        let load = open_plan(cx.state, cx.views, machines, time);
        cx.out.work.extend(load);
    }
}

/// Opens the form of the plan with this name on the selected devices, else on the open one, unless this
/// console only looks.
pub fn raise_named_plan(ui: &Ui, cx: &mut Cx<'_>, name: &str) {
    let mut plans = cx.state.settings.plans.iter();
    let Some(plan) = plans.find(|plan| &*plan.name == name) else {
        return;
    };
    if acting_trouble(cx.state).is_err() {
        return;
    }
    let is_selection = !cx.views.bulk_selection.is_empty();
    let machines = if is_selection {
        cx.views.bulk_selection.clone()
    } else {
        cx.views.selected.clone().into_iter().collect()
    };
    let time = ui.input(|input| input.time);
    let load = open_all_steps(cx.state, cx.views, plan, &machines, time);
    if is_selection {
        mark_opened_from_selection(cx.views);
    }
    cx.out.work.extend(load);
}

/// Marks the form just opened as one for the selected devices.
pub fn mark_opened_from_selection(views: &mut Views) {
    if let Some(Dialog::Form(form)) = &mut views.dialog {
        form.opened_from = OpenedFrom::Selection;
    }
}

/// Notes which devices the form just opened leaves out, and why.
pub fn note_left_out(views: &mut Views, left_out: &[&LeftOut]) {
    let Some(Dialog::Form(form)) = &mut views.dialog else {
        return;
    };
    let named = left_out.iter().take(NAMED_AS_LEFT_OUT);
    let mut named: Vec<String> = named
        .map(|one| {
            let (name, tail) = (one.machine.quoted_name(), one.machine.id.tail());
            format!("{name} (…{tail}, {})", one.why)
        })
        .collect();
    let more = left_out.len() - named.len();
    if more > 0 {
        named.push(format!("and {more} more"));
    }
    form.not_included = (!named.is_empty()).then(|| format!("Not included: {}", named.join(", ")));
}

/// Takes devices out of the form which has just been opened, each for its reason: a person may put them back.
pub fn sets_aside(views: &mut Views, reasons: &[(MachineId, String)]) {
    if let Some(Dialog::Form(form)) = &mut views.dialog {
        left_out::set_aside(form, reasons);
    }
}

/// Opens the form of those orders of a plan that are to be sent again, each with its step, with the comment
/// that they were confirmed with.
pub fn raise_steps(ui: &Ui, cx: &mut Cx<'_>, plan: Arc<Plan>, orders: &[(usize, &Entry)]) {
    if acting_trouble(cx.state).is_err() {
        return;
    }
    let time = ui.input(|input| input.time);
    let steps = orders
        .iter()
        .map(|(step, entry)| (*step, entry.order.machine.clone()));
    let load = open_steps(cx.state, cx.views, plan, steps.collect(), time);
    if let (Some(Dialog::Form(form)), Some((_, first))) = (&mut cx.views.dialog, orders.first()) {
        first
            .order
            .comment
            .as_ref()
            .clone_into(&mut form.draft.comment);
        form.ticket.clear();
        form.offered_ticket = None;
        form.send_again(orders);
    }
    cx.out.work.extend(load);
}

/// Opens the form of orders of one kind that are to be sent again, with the text of the first.
pub fn raise_again(ui: &Ui, cx: &mut Cx<'_>, entries: &[&Entry]) {
    let Some(first) = entries.first() else {
        return;
    };
    let machines: Vec<_> = entries.iter().map(|e| e.order.machine.clone()).collect();
    let subject = Subject::of(&first.order.task);
    raise(ui, cx, &machines, subject, |draft| {
        draft.comment = first.order.comment.to_string();
        draft.refill(&first.order.task);
    });
    if let Some(Dialog::Form(form)) = &mut cx.views.dialog {
        let orders: Vec<_> = entries.iter().map(|entry| (0, *entry)).collect();
        form.send_again(&orders);
    }
}

/// Opens the form of some steps of a plan, each on its device.
fn open_steps(
    state: &State,
    views: &mut Views,
    plan: Arc<Plan>,
    mut orders: Vec<(usize, MachineRef)>,
    time: f64,
) -> Vec<Command> {
    let ids = each_once(orders.iter().map(|(_, machine)| machine.id.clone()));
    // Those of a device stand together.
    orders.sort_by_key(|(step, machine)| (ids.iter().position(|id| *id == machine.id), *step));
    let targets = orders.into_iter();
    let targets = targets.map(|(step, machine)| Target::new(machine, step));
    let targets: Vec<Target> = match targets.collect() {
        Ok(targets) => targets,
        Err(error) => {
            views.report_no_entropy(error);
            return Vec::new();
        }
    };
    let (Some(first), Some(step)) = (targets.first(), plan.steps.first()) else {
        return Vec::new();
    };
    let draft = Draft::new(first.entry, first.machine.clone(), Subject::Act(step.kind));
    let mut form = OrderForm::new(targets, draft, time);
    form.be_about(plan);
    let task = form.task();
    ticket_field::begin(&mut form, state, views, &task, &ids);
    views.open(Dialog::Form(Box::new(form)));
    facts_to_read(ids)
}

/// Gives a form that wants an end one of a week from now, by the service's clock, which ends it, unless it has one to come.
fn set_end(draft: &mut Draft, now: Timestamp) -> Option<GivenEnd> {
    if !draft.parameters().contains(&EXPIRES)
        || matches!(draft.value(&EXPIRES), Ok(Some(Value::Time(at))) if at > now)
    {
        return None;
    }
    let usual = Timestamp::from_second((now + USUAL_BLOCK).as_second().div_euclid(60) * 60).ok()?;
    let text = Value::Time(usual).text().into_owned();
    draft.set(&EXPIRES, text.clone());
    Some(GivenEnd { usual, text })
}

/// The contained ones among several devices to be released: their release is another action, on screen
/// and in the journal.
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
