//! The data of an open action form, for one device or several.

use std::sync::Arc;

use egui::Id;
use jiff::Timestamp;

use super::file_section::FileSection;
use super::kept_texts::Began;
use super::seen_items::SeenItems;
use super::ticket::fill;
use crate::action::{ActionKind, Draft, Parameter, ParameterKind, Plan, Subject, Task};
use crate::guard::{self, Review};
use crate::journal::Entry;
use crate::model::{EntryId, Machine, MachineId, MachineRef, clean_ticket, leading};
use crate::state::State;

/// An action form with its review.
#[derive(Debug)]
pub struct OrderForm {
    /// The draft shared by all devices (the fields, without a machine). In a plan it is the draft of the
    /// step with a file, else of the first.
    pub(in crate::ui) draft: Draft,
    /// Each machine with the entry of its order; in a plan one per step, those of a machine adjacent.
    pub(in crate::ui) targets: Vec<FormTarget>,
    /// The ordered plan, if it is one.
    pub(in crate::ui) plan: Option<Arc<Plan>>,
    /// Whether another plan can be chosen.
    pub(super) chooses_plan: bool,
    /// Devices on which the action is a release from containment instead.
    pub(super) renamed: Vec<(MachineId, ActionKind)>,
    /// Why similar devices are not in the form.
    pub(super) not_included: Option<String>,
    /// Targets left out by hand that can be put back: all orders of a device, or some steps.
    pub(in crate::ui) left_out: Vec<FormTarget>,
    /// The end time that the form has filled in, if it has one.
    pub(super) given_end: Option<GivenEnd>,
    pub(super) opened_from: OpenedFrom,
    /// The ticket, which is prefixed to the comment.
    pub(in crate::ui) ticket: String,
    /// The ticket that the comment names, if any.
    ticket_in_comment: String,
    /// A ticket offered by a button, if the form does not start with one.
    pub(super) offered_ticket: Option<String>,
    /// Number of devices, typed for confirmation.
    pub(super) number: String,
    /// egui's time when the dialog appeared.
    pub(super) opened_at: f64,
    /// egui's time when it appeared or its findings last changed; the buttons are armed a moment later.
    pub(super) armed_at: f64,
    pub(super) measures: Measures,
    /// Devices and findings that have been on screen.
    pub(super) seen_items: SeenItems,
    /// The template that the comment comes from, and its text: until the comment is edited, another
    /// template or ticket may replace it.
    pub(super) from_template: Option<(String, String)>,
    /// Its subject when opened; `None` before it was drawn.
    pub(super) began: Option<Began>,
    /// State of the file section.
    pub(super) file: FileSection,
    /// Whether every device's history has been known since they were last read.
    pub(super) has_had_histories: bool,
    /// Why the last attempt to confirm failed; typed text is kept.
    pub(super) error: Option<String>,
    /// The button that gets the focus in the next frame.
    pub(super) next_focus: Option<NextFocus>,
    judged: Judged,
}

/// Heights and scroll position of the last frame, in points. They keep the fields under the pointer while
/// the findings above them grow.
#[derive(Debug, Default)]
pub struct Measures {
    /// Full height of the findings list.
    pub list_content: Option<f32>,
    /// Height at which it is drawn. After the form has settled it changes only as far as scrolling can keep
    /// the fields in place.
    pub list_height: Option<f32>,
    /// Growth of the list since the form settled.
    pub grown: f32,
    /// Growth in this pass, by which the view is scrolled.
    pub grown_by: f32,
    /// Scroll offset.
    pub scrolled: f32,
    /// Height of the fields with their accessories.
    pub body_height: Option<f32>,
}

/// A button that gets the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextFocus {
    /// The safe button, as when the form opens.
    Keep,
    /// The button that leaves out blocked devices.
    LeaveOut,
}

/// The last reviews, one per device.
#[derive(Debug, Default)]
struct Judged {
    from: Option<ReviewInputs>,
    reviews: Arc<[Review]>,
}

/// Inputs of the reviews.
#[derive(Debug, PartialEq)]
struct ReviewInputs {
    revision: u64,
    /// Ages are worded to the minute.
    minute: i64,
    draft: Draft,
    ticket: String,
    targets: Vec<EntryId>,
}

impl ReviewInputs {
    fn of(form: &OrderForm, state: &State, now: Timestamp) -> Self {
        Self {
            revision: state.revision(),
            minute: now.as_second().div_euclid(60),
            draft: form.draft.clone(),
            ticket: form.ticket.clone(),
            targets: form.targets.iter().map(|target| target.entry).collect(),
        }
    }
}

/// Origin of a form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OpenedFrom {
    #[default]
    Anywhere,
    /// The devices ticked in the list.
    Selection,
    /// Another form, which it replaces once confirmed.
    OtherForm,
}

/// An end time filled in by the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenEnd {
    /// The default end, unless a later one is needed.
    pub usual: Timestamp,
    /// The text put into the field.
    pub text: String,
}

/// One device of the form, or one step of a plan on it.
#[derive(Debug)]
pub struct FormTarget {
    pub entry: EntryId,
    pub machine: MachineRef,
    /// Step of the plan, from 0.
    pub step: usize,
    /// The entry that it sends again.
    pub replaces: Option<EntryId>,
    /// Why it was left out, if there was a reason.
    pub left_out_for: Option<String>,
}

impl FormTarget {
    /// Creates a target with a new entry.
    ///
    /// # Errors
    /// If the system provides no random numbers: its order would have no tag.
    pub fn new(machine: MachineRef, step: usize) -> Result<Self, getrandom::Error> {
        let entry = EntryId::random()?;
        Ok(Self {
            entry,
            machine,
            step,
            replaces: None,
            left_out_for: None,
        })
    }
}

/// Id and size class of a drawn form.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub id: Id,
    /// Whether the window is so low that only the essentials keep their place.
    pub is_tiny: bool,
}

/// The ticket of an earlier form, and the devices it was used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedTicket {
    pub text: String,
    pub machines: Vec<MachineId>,
}

impl OrderForm {
    /// Creates an empty form for these devices.
    #[must_use]
    pub fn new(targets: Vec<FormTarget>, draft: Draft, time: f64) -> Self {
        Self {
            draft,
            targets,
            plan: None,
            chooses_plan: false,
            renamed: Vec::new(),
            not_included: None,
            left_out: Vec::new(),
            given_end: None,
            opened_from: OpenedFrom::default(),
            ticket: String::new(),
            ticket_in_comment: String::new(),
            offered_ticket: None,
            number: String::new(),
            opened_at: time,
            armed_at: time,
            measures: Measures::default(),
            seen_items: SeenItems::default(),
            from_template: None,
            began: None,
            file: FileSection::default(),
            has_had_histories: false,
            error: None,
            next_focus: None,
            judged: Judged::default(),
        }
    }

    /// Adds a device.
    ///
    /// # Errors
    /// If the system provides no random numbers: its order would have no tag.
    pub fn add(&mut self, machine: &MachineRef) -> Result<(), getrandom::Error> {
        let steps = self.plan.as_ref().map_or(1, |plan| plan.steps.len());
        self.left_out.retain(|gone| gone.machine.id != machine.id);
        for step in 0..steps {
            self.targets.push(FormTarget::new(machine.clone(), step)?);
        }
        Ok(())
    }

    /// Turns it into the form of a plan, with every step on every device.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn take_plan(&mut self, plan: Arc<Plan>) -> Result<(), getrandom::Error> {
        let machines: Vec<_> = self.machines().cloned().collect();
        self.set_plan(plan);
        self.targets.clear();
        self.left_out.clear();
        for machine in machines {
            self.add(&machine)?;
        }
        Ok(())
    }

    /// Turns it into the form of a plan, keeping its steps.
    pub fn set_plan(&mut self, plan: Arc<Plan>) {
        let of_file = |parameter: &Parameter| parameter.kind == ParameterKind::Hash;
        let mut steps = plan.steps.iter();
        let step = steps.find(|step| step.kind.spec().parameters.iter().any(of_file));
        if let Some(step) = step.or(plan.steps.first()) {
            self.draft.subject = Subject::Act(step.kind);
            // A hash from the plan is looked up like a typed one.
            let field = self.draft.hash_field();
            let given = field.and_then(|field| Some((field, step.given.get(field.wire_name)?)));
            if let Some((field, given)) = given {
                self.draft.set(field, given);
            }
        }
        self.plan = Some(plan);
    }

    /// Notes the entries, each with its step, that this form sends again.
    pub fn send_again(&mut self, entries: &[(usize, &Entry)]) {
        for target in &mut self.targets {
            let mut entries = entries.iter();
            let is_its = |(step, entry): &&(usize, &Entry)| {
                *step == target.step && entry.order.machine.id == target.machine.id
            };
            target.replaces = entries.find(is_its).map(|(_, entry)| entry.id());
        }
    }

    /// The entries that it sends again and that need attention, to be acknowledged.
    #[must_use]
    pub fn replaced(&self, state: &State) -> Vec<(EntryId, &'static str)> {
        let replaced = self.targets.iter().filter_map(|target| target.replaces);
        let entries = replaced.filter_map(|id| state.entry(id));
        let unread = entries.filter(|entry| state.entries.needs_attention(entry));
        unread.map(|e| (e.id(), e.status().key())).collect()
    }

    /// The devices, each once.
    pub fn machines(&self) -> impl Iterator<Item = &MachineRef> {
        let groups = self.targets.chunk_by(|a, b| a.machine.id == b.machine.id);
        groups.filter_map(|group| Some(&group.first()?.machine))
    }

    /// Number of devices.
    #[must_use]
    pub fn count(&self) -> usize {
        self.machines().count()
    }

    /// The fields besides the comment.
    #[must_use]
    pub fn parameters(&self) -> Vec<&'static Parameter> {
        match &self.plan {
            Some(plan) => plan.asked(|step| self.sends(step)),
            None => self.draft.parameters().iter().collect(),
        }
    }

    /// Whether a step of the plan, from 0, is sent to any device.
    #[must_use]
    pub fn sends(&self, step: usize) -> bool {
        self.targets.iter().any(|target| target.step == step)
    }

    /// Number of the plan's steps that are sent, and of all its steps on these devices.
    #[must_use]
    pub fn extent(&self) -> (usize, usize) {
        let steps = self.plan.as_ref().map_or(1, |plan| plan.steps.len());
        (self.targets.len(), steps * self.count())
    }

    /// The task; for a plan, the most harmful step that is sent.
    #[must_use]
    pub fn task(&self) -> Task {
        let Some(plan) = &self.plan else {
            return self.draft.task();
        };
        let steps = plan.steps.iter().enumerate().rev();
        let steps = steps.filter(|(n, _)| self.sends(*n));
        let gravest = steps.max_by_key(|(_, step)| step.kind.spec().risk as u8);
        gravest.map_or_else(
            || self.draft.task(),
            |(_, step)| {
                let subject = Subject::Act(step.kind);
                let draft = self.draft.clone();
                Draft { subject, ..draft }.task()
            },
        )
    }

    /// Label of the plan's step; `None` without a plan.
    #[must_use]
    pub fn step_label(&self, target: &FormTarget) -> Option<&'static str> {
        let step = self.plan.as_ref()?.steps.get(target.step)?;
        Some(step.kind.spec().button)
    }

    /// The ticket of this order: that of its field, else the one in the comment.
    #[must_use]
    pub fn its_ticket(&self) -> String {
        match clean_ticket(&self.ticket) {
            typed if !typed.is_empty() => typed,
            _ => clean_ticket(&self.ticket_in_comment),
        }
    }

    /// Notes the ticket that the comment names now.
    pub fn note_ticket(&mut self, state: &State) {
        let named = state.ticket_in(&self.draft.comment).unwrap_or_default();
        named.clone_into(&mut self.ticket_in_comment);
    }

    /// A text from a plan, with the ticket filled in.
    #[must_use]
    pub fn filled(&self, text: &str) -> String {
        fill(text, &self.its_ticket())
    }

    /// The draft of each device, with the comment as sent.
    pub fn drafts(&self) -> impl Iterator<Item = Draft> {
        // The first to leave.
        let first = self.targets.iter().min_by_key(|target| target.step);
        let batch = first.map(|first| first.entry);
        let batch = batch.filter(|_| self.targets.len() > 1);
        let comment = leading(&self.ticket, &self.draft.comment);
        self.targets.iter().map(move |target| {
            let mut renamed = self.renamed.iter();
            let renamed = renamed.find(|(id, _)| *id == target.machine.id);
            let subject = renamed.map(|(_, kind)| Subject::Act(*kind));
            let draft = Draft {
                batch,
                comment: comment.clone(),
                subject: subject.unwrap_or_else(|| self.draft.subject.clone()),
                ..self.draft.about(target.entry, target.machine.clone())
            };
            let Some(plan) = &self.plan else {
                return draft;
            };
            let fill = |text: &str| self.filled(text);
            let step = plan.draft(target.step, draft.clone(), fill);
            step.unwrap_or(draft)
        })
    }

    /// Whether closing the form would lose input.
    #[must_use]
    pub fn has_input(&self) -> bool {
        let draft = &self.draft;
        let fields = self.parameters().into_iter();
        let fields = fields.filter(|field| field.is_typed());
        // Initial values were not typed.
        let fields = fields.filter(|field| field.kind != ParameterKind::Time);
        let typed = [&*draft.comment, &draft.typed_name, &self.number];
        let mut typed = typed
            .into_iter()
            .chain(fields.map(|field| draft.text(field)));
        typed.any(|text| !text.trim().is_empty())
    }

    /// The device, if there is only one.
    #[must_use]
    pub fn only(&self) -> Option<&MachineRef> {
        let mut machines = self.machines();
        machines.next().filter(|_| machines.next().is_none())
    }

    /// Records of the devices.
    pub fn records<'a>(&'a self, state: &'a State) -> impl Iterator<Item = Option<&'a Machine>> {
        let targets = self.targets.iter();
        targets.map(|target| state.machine(&target.machine.id).map(AsRef::as_ref))
    }

    /// A review of each device, in the order of the list.
    pub fn reviews(&mut self, state: &State, now: Timestamp) -> Arc<[Review]> {
        if self.judged.from != Some(ReviewInputs::of(self, state, now)) {
            self.judge(state, now);
        }
        Arc::clone(&self.judged.reviews)
    }

    /// Judges the reviews again: a confirmation is judged by its own time.
    pub fn judge(&mut self, state: &State, now: Timestamp) -> Arc<[Review]> {
        self.note_ticket(state);
        let batch_size = self.count();
        let hash = self.draft.file_hash();
        let hash = hash.as_deref();
        let reviews = self.drafts().map(|draft| {
            let judge = |facts: &guard::Facts<'_>| guard::review(&draft, facts);
            let hash = hash.filter(|_| draft.hash_field().is_some());
            state.with_more_facts(&draft.machine, hash, batch_size, now, judge)
        });
        let reviews = reviews.collect();
        self.judged = Judged {
            from: Some(ReviewInputs::of(self, state, now)),
            reviews,
        };
        Arc::clone(&self.judged.reviews)
    }

    /// The ticket to offer to the next form.
    #[must_use]
    pub fn used_ticket(&self) -> Option<UsedTicket> {
        let text = self.its_ticket();
        let machines = self.machines().map(|machine| machine.id.clone());
        (!text.is_empty()).then(|| UsedTicket {
            text,
            machines: machines.collect(),
        })
    }
}
