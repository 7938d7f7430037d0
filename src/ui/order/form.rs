//! The data of an open action form, for one device or several, and the one way to open it.

use super::exposure::Exposure;
use super::judged::Judged;
use super::ticket;
use crate::action::{ActionKind, Change, Condition, Draft, Subject, Task};
use crate::message::Command;
use crate::model::{EntryId, MachineId, MachineRef, PanelPart};
use crate::state::State;
use crate::ui::views::{Dialog, Views};

/// Devices whose open alerts are asked for as a form opens.
const MAX_ALERTS_READ: usize = 10;

/// An action form with its review.
#[derive(Debug)]
pub struct OrderForm {
    /// What the devices have in common: the fields, of no machine in particular.
    pub draft: Draft,
    /// Each machine with the entry that its order will be.
    pub targets: Vec<Target>,
    /// Those on which the form's action goes by another name: a release of what is contained.
    pub renamed: Vec<(MachineId, ActionKind)>,
    /// Devices that were taken out of this form by hand.
    pub left_out: Vec<MachineRef>,
    /// Whether it was opened from the devices ticked in the list.
    pub from_selection: bool,
    /// The ticket, which leads the comment that is sent.
    pub ticket: String,
    /// How many devices there are, as the person types it.
    pub number: String,
    /// egui's time when the dialog appeared.
    pub opened_at: f64,
    /// egui's time when it appeared or its findings last changed; the buttons work a moment later.
    pub armed_at: f64,
    /// How high the list of what was found would be with all that was in it when the form had settled.
    pub list_height: Option<f32>,
    /// Which devices and findings have been on screen.
    pub exposure: Exposure,
    /// The template that the comment comes from and the text it gave: as long as the comment is
    /// that text, another template or another ticket may replace it.
    pub from_template: Option<(String, String)>,
    /// The SHA-1 that was last looked up from here.
    pub looked_up: Option<Box<str>>,
    /// Why the last try to confirm did not work; typed text survives it.
    pub error: Option<String>,
    /// The safe button takes the keyboard in the next frame, as it does when the form opens.
    pub keep_takes_focus: bool,
    pub(super) judged: Judged,
}

/// One device of the form.
#[derive(Debug)]
pub struct Target {
    pub entry: EntryId,
    pub machine: MachineRef,
}

/// The ticket of an earlier form, and the devices it was used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedTicket {
    pub text: String,
    pub machines: Vec<MachineId>,
}

impl OrderForm {
    /// An empty form about these devices.
    #[must_use]
    pub fn new(targets: Vec<Target>, draft: Draft, time: f64) -> Self {
        Self {
            draft,
            targets,
            renamed: Vec::new(),
            left_out: Vec::new(),
            from_selection: false,
            ticket: String::new(),
            number: String::new(),
            opened_at: time,
            armed_at: time,
            list_height: None,
            exposure: Exposure::default(),
            from_template: None,
            looked_up: None,
            error: None,
            keep_takes_focus: false,
            judged: Judged::default(),
        }
    }

    /// The draft of each device, with the comment as it will be sent.
    pub fn drafts(&self) -> impl Iterator<Item = Draft> {
        let first = self.targets.first().map(|first| first.entry);
        let batch = first.filter(|_| self.targets.len() > 1);
        let comment = ticket::leading(&self.ticket, &self.draft.comment);
        self.targets.iter().map(move |target| {
            let mut renamed = self.renamed.iter();
            let renamed = renamed.find(|(id, _)| *id == target.machine.id);
            let subject = renamed.map(|(_, kind)| Subject::Act(*kind));
            Draft {
                batch,
                comment: comment.clone(),
                subject: subject.unwrap_or_else(|| self.draft.subject.clone()),
                ..self.draft.about(target.entry, target.machine.clone())
            }
        })
    }

    /// Whether closing the form would lose something that a person has entered.
    #[must_use]
    pub fn has_input(&self) -> bool {
        let draft = &self.draft;
        let fields = draft.parameters().iter().filter(|field| field.is_typed());
        let typed = [&*draft.comment, &draft.typed_name, &self.number];
        let mut typed = typed
            .into_iter()
            .chain(fields.map(|field| draft.text(field)));
        typed.any(|text| !text.trim().is_empty())
    }

    /// The only device, where there is one.
    #[must_use]
    pub fn only(&self) -> Option<&MachineRef> {
        match self.targets.as_slice() {
            [only] => Some(&only.machine),
            _ => None,
        }
    }

    /// The ticket as it will be offered to the next form.
    #[must_use]
    pub fn used_ticket(&self) -> Option<UsedTicket> {
        let text = match ticket::clean_ticket(&self.ticket) {
            typed if !typed.is_empty() => typed,
            _ => ticket::find(&self.draft.comment, |_| false)?.to_owned(),
        };
        let machines = self.targets.iter().map(|target| target.machine.id.clone());
        Some(UsedTicket {
            text,
            machines: machines.collect(),
        })
    }
}

/// Opens the form of `subject` on `machines`, with the fields as `fill` leaves them. What is
/// returned has the facts read again.
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
        form.ticket = ticket::preset(state, views, &ids).unwrap_or_default();
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
