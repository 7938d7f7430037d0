//! The ticket field, and the ticket that a form starts with or offers.

use egui::{Id, RichText, TextStyle, Ui};

use super::form::OrderForm;
use crate::action::{Change, Evidence, Task};
use crate::model::MachineId;
use crate::state::State;
use crate::ui::theme::TokensExt as _;
use crate::ui::views::Views;
use crate::ui::widgets::{ActionButton, TextField};

const WIDTH: f32 = 160.0;

/// Shows the ticket field, with the offered ticket beside it. That keeps its place, so that nothing moves
/// while a ticket is typed.
pub fn field_ui(ui: &mut Ui, form: &mut OrderForm, id: Id) {
    let label = RichText::new("Ticket").text_style(TextStyle::Small);
    let label = ui.label(label.color(ui.tokens().text_weak));
    TextField::new("Ticket", &mut form.ticket)
        .label_unseen()
        .hint("INC-…")
        .width(WIDTH)
        .id(id)
        .show_ui(ui)
        .labelled_by(label.id);
    if let Some(offered) = &form.offered_ticket {
        let label = format!("Use {offered}");
        let is_filled = !form.ticket.trim().is_empty();
        let button = ActionButton::new(&label)
            .hint("The ticket leads the comment that is sent")
            .disabled_because(is_filled.then_some("There is a ticket in the field"));
        if ui.add(button).clicked() {
            form.ticket.clone_from(offered);
        }
    }
}

/// Sets a form's ticket, or offers one.
pub fn begin(form: &mut OrderForm, state: &State, views: &Views, task: &Task, ids: &[MachineId]) {
    form.ticket = preset(state, views, task, ids).unwrap_or_default();
    form.offered_ticket = offered(state, views).filter(|_| form.ticket.is_empty());
}

/// The initial ticket: that of the search that found these devices, of this console's own order that is
/// being undone, or the one last used for them.
fn preset(state: &State, views: &Views, task: &Task, ids: &[MachineId]) -> Option<String> {
    let found = in_search(state, views).filter(|_| {
        let mut ids = ids.iter();
        ids.all(|id| views.rows.row_of(state, id).is_some())
    });
    // Two tenant-wide orders concern different files.
    let used = views.ticket.as_ref().filter(|used| {
        let mut ids = ids.iter();
        !task.is_tenant_wide() && ids.all(|id| used.machines.contains(id))
    });
    found
        .or_else(|| of_own_order(state, task, ids))
        .or_else(|| used.map(|used| used.text.clone()))
}

/// The ticket under which this console ordered what is being undone, if it is the same for all.
fn of_own_order(state: &State, task: &Task, ids: &[MachineId]) -> Option<String> {
    let Change::Clears(condition) = task.change() else {
        return None;
    };
    let set_by = ids.iter().flat_map(|id| {
        let conditions = state.actions.conditions(id);
        let evidence = conditions.and_then(|c| c.ended(condition).in_force());
        let actions = evidence.into_iter().flat_map(Evidence::actions).map(Some);
        // An unknown origin has no ticket.
        actions.chain(evidence.is_none().then_some(None))
    });
    let mut tickets = set_by.map(|action| {
        let entry = state.entries.creator_of(action?)?;
        state.ticket_in(&entry.order.comment)
    });
    let first = tickets.next().flatten()?;
    let is_one = tickets.all(|other| other == Some(first));
    is_one.then(|| first.to_owned())
}

/// The ticket to offer to a form without an initial one.
fn offered(state: &State, views: &Views) -> Option<String> {
    in_search(state, views).or_else(|| views.ticket.as_ref().map(|used| used.text.clone()))
}

fn in_search(state: &State, views: &Views) -> Option<String> {
    state.ticket_in(&views.search).map(str::to_owned)
}
