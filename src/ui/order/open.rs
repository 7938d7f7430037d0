//! The only way to open a form.

use std::sync::Arc;

use egui::Ui;
use jiff::{SignedDuration, Timestamp};

use super::form::{FormTarget, GivenEnd, OpenedFrom, OrderForm};
use super::{left_out, ticket_field};
use crate::action::{ActionKind, Change, Condition, Draft, EXPIRES, Plan, Subject, Task, Value};
use crate::journal::Entry;
use crate::message::Command;
use crate::model::{
    MachineActionId, MachineActionType, MachineId, MachineRef, PanelPart, Permission, each_once,
};
use crate::state::{LeftOut, Remote, State};
use crate::ui::Cx;
use crate::ui::commands::acting_trouble;
use crate::ui::device::parts::is_fresh;
use crate::ui::views::{OpenDialog, Views};

/// Default duration of a block.
const USUAL_BLOCK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Maximum number of left-out devices that a form names.
const NAMED_AS_LEFT_OUT: usize = 4;
/// Maximum number of devices whose open alerts are read when a form opens.
const MAX_ALERTS_READ: usize = 10;

/// A form to be opened.
pub struct NewForm<'a> {
    pub of: Of,
    /// Fills in the initial values.
    pub fill: Box<dyn FnOnce(&mut Draft) + 'a>,
    /// Its ticket, instead of the default.
    pub ticket: Option<String>,
    pub opened_from: OpenedFrom,
    /// Devices that it does not include, which it names.
    pub left_out: &'a [&'a LeftOut],
    /// Devices that it leaves out, each for its reason, and that can be put back.
    pub set_aside: &'a [(MachineId, String)],
    /// The orders that it sends again, each with its step.
    pub again: Vec<(usize, &'a Entry)>,
}

/// Subject of a form.
pub enum Of {
    Subject(Subject, Vec<MachineRef>),
    /// All steps of the plan with this name, else of the first; another plan can be chosen.
    Plan(Option<Box<str>>, Vec<MachineRef>),
    /// Some steps of a plan, each on its device.
    Steps(Arc<Plan>, Vec<(usize, MachineRef)>),
}

impl<'a> NewForm<'a> {
    /// A form with empty fields.
    #[must_use]
    pub fn new(subject: Subject, machines: &[MachineRef]) -> Self {
        Self::of(Of::Subject(subject, machines.to_vec()))
    }

    /// The form that cancels a machine action.
    #[must_use]
    pub fn cancel(
        action: &MachineActionId,
        action_type: &MachineActionType,
        machine: MachineRef,
    ) -> Self {
        let subject = Subject::Cancel {
            action: action.clone(),
            action_type: action_type.clone(),
        };
        Self::of(Of::Subject(subject, vec![machine]))
    }

    /// The form of the plan with this name, else of the first.
    #[must_use]
    pub fn plan(name: Option<&str>, machines: &[MachineRef]) -> Self {
        Self::of(Of::Plan(name.map(Into::into), machines.to_vec()))
    }

    /// The form that sends these orders again, each with its plan step if there is one, with the text of
    /// the first. `None` without orders.
    #[must_use]
    pub fn again(plan: Option<Arc<Plan>>, orders: Vec<(usize, &'a Entry)>) -> Option<Self> {
        let first = &orders.first()?.1.order;
        let devices = orders.iter();
        let devices = devices.map(|(step, entry)| (*step, entry.order.machine.clone()));
        let of = match plan {
            Some(plan) => Of::Steps(plan, devices.collect()),
            None => Of::Subject(
                Subject::of(&first.task),
                devices.map(|(_, machine)| machine).collect(),
            ),
        };
        let is_of_plan = matches!(of, Of::Steps(..));
        let fill = move |draft: &mut Draft| {
            draft.comment = first.comment.to_string();
            if !is_of_plan {
                draft.refill(&first.task);
            }
        };
        Some(Self {
            fill: Box::new(fill),
            again: orders,
            ..Self::of(of)
        })
    }

    /// Marks it as opened for the devices ticked in the list.
    #[must_use]
    pub fn of_selection(self) -> Self {
        Self {
            opened_from: OpenedFrom::Selection,
            ..self
        }
    }

    fn of(of: Of) -> Self {
        Self {
            of,
            fill: Box::new(|_| {}),
            ticket: None,
            opened_from: OpenedFrom::default(),
            left_out: &[],
            set_aside: &[],
            again: Vec::new(),
        }
    }

    /// Opens it, unless this console is look-only, which the caller shows.
    pub fn raise(self, ui: &Ui, cx: &mut Cx<'_>) {
        if acting_trouble(cx.state).is_ok() {
            let time = ui.input(|input| input.time);
            let load = self.open(cx.state, cx.views, time, cx.now);
            cx.out.work.extend(load);
        }
    }

    /// Opens it at egui's `time`. The returned commands read the facts again.
    #[must_use = "the commands read the devices again"]
    pub fn open(self, state: &State, views: &mut Views, time: f64, now: Timestamp) -> Vec<Command> {
        let mut form = match form_of(self.of, self.fill, state, time) {
            Ok(Some(form)) => form,
            Ok(None) => return Vec::new(),
            Err(error) => {
                views.report_no_entropy(error);
                return Vec::new();
            }
        };
        let ids: Vec<_> = form.machines().map(|machine| machine.id.clone()).collect();
        let is_tenant_wide = form.draft.task().is_tenant_wide();
        let mut alerts = Vec::new();
        if form.plan.is_none() {
            form.given_end = set_end(&mut form.draft, state.at_service(now));
            alerts = alerts_to_read(state, &form.draft, &ids, now);
        }
        if form.draft.comment.is_empty() {
            let task = form.task();
            ticket_field::begin(&mut form, state, views, &task, &ids);
        }
        if let Some(ticket) = self.ticket {
            form.ticket = ticket;
        }
        form.opened_from = self.opened_from;
        form.not_included = not_included(self.left_out);
        left_out::set_aside(&mut form, self.set_aside);
        form.send_again(&self.again);
        views.open(OpenDialog::Form(Box::new(form)));
        if is_tenant_wide {
            let may = !state.session.is_known_to_lack(&Permission::TiReadWrite);
            return may.then_some(Command::LoadIndicators).into_iter().collect();
        }
        let mut load = facts_to_read(ids);
        load.extend(alerts);
        load
    }
}

/// The form with its initial values; `None` if it would have no target.
fn form_of(
    of: Of,
    fill: Box<dyn FnOnce(&mut Draft) + '_>,
    state: &State,
    time: f64,
) -> Result<Option<OrderForm>, getrandom::Error> {
    let (subject, machines) = match of {
        Of::Subject(subject, machines) => (subject, machines),
        Of::Steps(plan, orders) => return form_of_steps(plan, orders, fill, time),
        Of::Plan(name, machines) => {
            let mut plans = state.settings.plans.iter();
            let is_meant = |plan: &&Arc<Plan>| name.is_none() || name.as_ref() == Some(&plan.name);
            let Some(plan) = plans.find(is_meant) else {
                return Ok(None);
            };
            let all =
                |machine| (0..plan.steps.len()).map(move |step| (step, Clone::clone(machine)));
            let orders = machines.iter().flat_map(all).collect();
            let mut form = form_of_steps(Arc::clone(plan), orders, fill, time)?;
            if let Some(form) = &mut form {
                form.chooses_plan = true;
            }
            return Ok(form);
        }
    };
    let is_tenant_wide = matches!(&subject, Subject::Act(kind) if kind.is_tenant_wide());
    let machines = if is_tenant_wide {
        // Wherever it was opened.
        vec![MachineRef::every_device()]
    } else {
        machines
    };
    let mut targets: Vec<FormTarget> = Vec::new();
    for machine in machines {
        if targets.iter().all(|known| known.machine.id != machine.id) {
            targets.push(FormTarget::new(machine, 0)?);
        }
    }
    let Some(first) = targets.first() else {
        return Ok(None);
    };
    let ids = targets.iter().map(|target| &target.machine.id);
    let mut renamed = releases_of_containments(state, &subject, ids);
    let subject = match renamed.first() {
        // The form then has that name for all.
        Some((_, kind)) if renamed.len() == targets.len() => {
            let subject = Subject::Act(*kind);
            renamed.clear();
            subject
        }
        Some(_) | None => subject,
    };
    let mut draft = Draft::new(first.entry, first.machine.clone(), subject);
    fill(&mut draft);
    let mut form = OrderForm::new(targets, draft, time);
    form.renamed = renamed;
    Ok(Some(form))
}

/// The form of some steps of a plan, each on its device.
fn form_of_steps(
    plan: Arc<Plan>,
    mut orders: Vec<(usize, MachineRef)>,
    fill: Box<dyn FnOnce(&mut Draft) + '_>,
    time: f64,
) -> Result<Option<OrderForm>, getrandom::Error> {
    let ids = each_once(orders.iter().map(|(_, machine)| machine.id.clone()));
    // Orders on one device are adjacent.
    orders.sort_by_key(|(step, machine)| (ids.iter().position(|id| *id == machine.id), *step));
    let targets = orders.into_iter();
    let targets = targets.map(|(step, machine)| FormTarget::new(machine, step));
    let targets: Vec<FormTarget> = targets.collect::<Result<_, _>>()?;
    let (Some(first), Some(step)) = (targets.first(), plan.steps.first()) else {
        return Ok(None);
    };
    let mut draft = Draft::new(first.entry, first.machine.clone(), Subject::Act(step.kind));
    fill(&mut draft);
    let mut form = OrderForm::new(targets, draft, time);
    form.set_plan(plan);
    Ok(Some(form))
}

/// Names the devices that a form leaves out, with the reasons.
fn not_included(left_out: &[&LeftOut]) -> Option<String> {
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
    (!named.is_empty()).then(|| format!("Not included: {}", named.join(", ")))
}

/// Reads devices again whose histories were evicted while the form is open. Only once: the devices of a
/// large form must not keep evicting each other.
pub fn read_what_has_gone(cx: &mut Cx<'_>, form: &mut OrderForm) {
    let is_gone = |id: &MachineId| cx.state.histories.get(id).is_none();
    let ids = form.machines().map(|machine| machine.id.clone());
    let gone: Vec<_> = ids.filter(is_gone).collect();
    if gone.is_empty() {
        form.has_had_histories = true;
    } else if std::mem::take(&mut form.has_had_histories) {
        cx.out.work.extend(facts_to_read(gone));
    }
}

/// Reads the guardrails' facts about these devices again.
fn facts_to_read(ids: Vec<MachineId>) -> Vec<Command> {
    match ids.as_slice() {
        [only] => vec![
            Command::LoadMachine(only.clone()),
            // A guardrail shows the actions that the service offers.
            Command::LoadPart(only.clone(), PanelPart::AvailableActions),
        ],
        _ => vec![Command::LoadMachines(ids)],
    }
}

/// Sets the end time of a form that needs one to a week from now by the service's clock, unless it has one
/// that is ahead.
fn set_end(draft: &mut Draft, now: Timestamp) -> Option<GivenEnd> {
    if !draft.parameters().contains(&EXPIRES)
        || matches!(draft.value(&EXPIRES), Ok(Value::Time(at)) if at > now)
    {
        return None;
    }
    let usual = Timestamp::from_second((now + USUAL_BLOCK).as_second().div_euclid(60) * 60).ok()?;
    let text = Value::Time(usual).text().into_owned();
    draft.set(&EXPIRES, text.clone());
    Some(GivenEnd { usual, text })
}

/// The contained devices among several to release: on screen and in the journal, their release is another
/// action.
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
        // Without a sensor it can only be contained, even if the history does not reach back.
        let machine = state.machine(id);
        shown.is_some() || machine.is_some_and(|machine| machine.is_unmanaged())
    };
    ids.filter(is_contained)
        .map(|id| (id.clone(), back))
        .collect()
}

/// Requests the open alerts of devices whose containment is to be released or cancelled, for the warning
/// about it. Not for many devices, nor for those read just now, to spare the call budget.
fn alerts_to_read(state: &State, draft: &Draft, ids: &[MachineId], now: Timestamp) -> Vec<Command> {
    let lifts = match draft.task() {
        task @ Task::Act { .. } => matches!(task.change(), Change::Clears(_)),
        Task::Cancel { action_type, .. } => ActionKind::from_type(&action_type)
            .is_some_and(|kind| matches!(kind.spec().change, Change::Sets(_))),
    };
    if !lifts {
        return Vec::new();
    }
    // Even while a panel reads them, as its request may wait for a long time.
    let is_known = |id: &&MachineId| {
        let alerts = state.panels.get(id).map(|panel| &panel.alerts);
        is_fresh(alerts.and_then(Remote::read_at), now)
    };
    let ids = ids.iter().take(MAX_ALERTS_READ).filter(|id| !is_known(id));
    ids.cloned().map(Command::LoadAlertsToReview).collect()
}
