//! An incident: everything with one ticket, and its release, hand-over and tag.

mod list;
mod view;

pub use view::IncidentView;

use std::sync::Arc;

use egui::{Id, Ui};

use super::Cx;
use super::commands::{UiCommand, acting_trouble, why_nothing};
use super::contained::not_included;
use super::journal::contained_by_others;
use super::order::NewForm;
use super::theme::{Role, TokensExt as _};
use super::views::{Screen, Views};
use super::widgets::{
    ActionButton, Icon, TextField, UiExt as _, back_ui, badge, empty_state_ui, section_ui,
    select_all,
};
use super::words::{counted, devices};
use crate::action::{ActionKind, Condition, Subject, TAG};
use crate::journal::{Aftermaths, Entry, Format};
use crate::message::{ExportTo, Exported, JournalExport};
use crate::model::{MachineId, MachineRef, clean, clock_text};
use crate::search::Incident;
use crate::state::State;

/// Minimum height for a fixed head; in less, it scrolls with the lines.
const LOW: f32 = 420.0;
const FIELD: f32 = 180.0;
/// Maximum number of a device's tickets offered.
const MAX_OF_DEVICE: usize = 3;
/// Number of a device's newest orders and actions searched for tickets.
const LOOKED_AT: usize = 30;
const TICKET_CHARS: usize = 40;

/// Shows the incident in place of the table.
pub fn incident_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let (known, _) = cx.views.incident.advance(cx.state);
    if known.rows.is_empty() || ui.available_height() >= LOW {
        let (incident, is_up_to_date) = head_ui(ui, cx);
        if incident.rows.is_empty() {
            nothing_ui(ui, cx, is_up_to_date);
        } else {
            list::list_ui(ui, cx, |_, _| incident);
        }
    } else {
        list::list_ui(ui, cx, |ui, cx| {
            // Keeps the first button's focus ring from being cut.
            ui.add_space(ui.tokens().space.xs);
            head_ui(ui, cx).0
        });
    }
}

/// Draws the head; returns the listed incident, and whether it is up to date.
fn head_ui(ui: &mut Ui, cx: &mut Cx<'_>) -> (Arc<Incident>, bool) {
    let (incident, is_up_to_date) = ui
        .horizontal_wrapped(|ui| {
            if back_ui(ui) {
                cx.views.screen = Screen::Devices;
            }
            field_ui(ui, cx);
            // The incident of the ticket typed now: nothing of the previous one can be pressed.
            let (incident, is_up_to_date) = cx.views.incident.advance(cx.state);
            release_ui(ui, cx, &incident);
            hand_over_ui(ui, cx, &incident);
            tag_ui(ui, cx, &incident);
            (incident, is_up_to_date)
        })
        .inner;
    if !is_up_to_date {
        ui.ctx().request_repaint();
    }
    titles_ui(ui, cx, &incident, is_up_to_date);
    (incident, is_up_to_date)
}

fn titles_ui(ui: &mut Ui, cx: &Cx<'_>, incident: &Incident, is_up_to_date: bool) {
    let ticket = cx.views.incident.ticket();
    let title = match &*ticket {
        "" => "Incident".to_owned(),
        ticket => format!("Incident {ticket}"),
    };
    section_ui(ui, &title);
    if ticket.is_empty() {
        return;
    }
    let words = if is_up_to_date {
        summary(incident)
    } else {
        "Looking through the journal…".to_owned()
    };
    ui.weak_label(words);
    if let Some(others) = not_included(&incident.contained) {
        badge(ui, Icon::Info, Role::Caution, &others);
    }
}

/// Number of devices, of contained ones, and of open work.
fn summary(incident: &Incident) -> String {
    let orders = counted(incident.entries.len(), "order", "orders");
    format!(
        "{}, {} contained or about to be, as far as the action history shows · {orders} from this computer, {} pending or unknown",
        devices(incident.devices().count()),
        incident.contained_devices(),
        incident.open,
    )
}

fn field_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let width = FIELD.min(ui.max_rect().width());
    let size = egui::vec2(width, ui.tokens().height.control);
    if std::mem::take(&mut cx.views.incident.is_called) {
        ui.memory_mut(|memory| memory.request_focus(field_id()));
        select_all(ui, field_id(), &cx.views.incident.typed);
    }
    ui.allocate_ui(size, |ui| {
        TextField::new("Ticket", &mut cx.views.incident.typed)
            .label_unseen()
            .hint("INC-…")
            .width(width)
            .id(field_id())
            .show_ui(ui);
    });
}

/// Id of the ticket field, independent of the buttons beside it.
pub fn field_id() -> Id {
    Id::unique("ticket of the incident")
}

/// Shows the release of this account's own part, which works like *Release what you isolated*.
fn release_ui(ui: &mut Ui, cx: &mut Cx<'_>, incident: &Incident) {
    let way_back = &incident.way_back;
    let only_looks = acting_trouble(cx.state).err();
    let is_read = cx.state.containments.value.is_some();
    for condition in list::WAYS_BACK {
        let verb = match condition {
            Condition::Restricted => "Unrestrict",
            Condition::Isolated | Condition::Contained => "Release",
        };
        let (machines, left_out) = way_back.to_release_from(condition);
        if condition == Condition::Restricted && machines.is_empty() {
            continue;
        }
        let nothing = match condition {
            Condition::Restricted => None,
            Condition::Isolated | Condition::Contained => why_nothing(way_back, is_read),
        };
        let why = only_looks.clone().or(nothing);
        let aside = needed_elsewhere(cx, incident, condition, machines);
        let label = format!(
            "{verb} all of this incident ({})…",
            machines.len() - aside.len()
        );
        let button = ActionButton::new(&label)
            .key(verb)
            .hint("Only what you requested under this ticket; what others requested stays")
            .icon(Icon::Undo)
            .with_arm_delay()
            .disabled_because(why.as_deref());
        if ui.add(button).clicked() {
            let form = NewForm {
                ticket: Some(cx.views.incident.ticket()),
                left_out: &left_out,
                set_aside: &aside,
                ..NewForm::new(Subject::Act(condition.way_back()), machines)
            };
            form.raise(ui, cx);
        }
    }
}

/// Devices that another ticket needs contained too, with the explanation. They are released only if the
/// user puts them into the form; if that would leave none, all stay in it.
fn needed_elsewhere(
    cx: &Cx<'_>,
    incident: &Incident,
    condition: Condition,
    machines: &[MachineRef],
) -> Vec<(MachineId, String)> {
    let others = incident.also_under.iter();
    let others = others.filter(|also| also.condition.ends_with(condition));
    let others = others.filter(|also| machines.iter().any(|m| m.id == also.machine));
    let mut aside: Vec<(MachineId, String)> = Vec::new();
    for also in others {
        let at = also.at.map_or_else(
            || "at an unknown time".to_owned(),
            |at| format!("at {}", clock_text(at, cx.service_now(), &cx.state.zone)),
        );
        let (word, ticket) = (also.condition.word(), clean(&also.ticket, TICKET_CHARS));
        let why = format!(
            "also {} under {ticket} by {} {at}",
            word.to_lowercase(),
            also.by
        );
        if aside.iter().all(|(known, _)| *known != also.machine) {
            aside.push((also.machine.clone(), why));
        }
    }
    if aside.len() == machines.len() {
        aside.clear();
    }
    aside
}

fn hand_over_ui(ui: &mut Ui, cx: &mut Cx<'_>, incident: &Incident) {
    let command = UiCommand::CopyHandOver;
    let title = command.spec().title;
    let nothing = incident.rows.is_empty();
    let nothing = nothing.then(|| "Nothing carries this ticket".to_owned());
    let why = command.availability(cx.state, cx.views, cx.now).err();
    let why = nothing.or(why);
    let as_html = format!("{title} as HTML");
    for (label, format) in [(title, Format::Markdown), (&as_html, Format::Html)] {
        let button = ActionButton::new(label)
            .hint("Copies what was ordered under this ticket and what others contain under it")
            .disabled_because(why.as_deref());
        if !ui.add(button).clicked() {
            continue;
        }
        let wanted = JournalExport {
            what: Exported::Ticket {
                ticket: cx.views.incident.ticket().into(),
                entries: incident.entries.clone(),
                others: contained_by_others(cx.state, incident.contained.clone()),
            },
            format,
            to: ExportTo::Clipboard,
            zone: cx.state.zone.clone(),
            aftermath: Aftermaths::default(),
        };
        cx.views.journal.prepare(wanted);
    }
}

/// Shows the button that tags all devices for colleagues, in one batch.
fn tag_ui(ui: &mut Ui, cx: &mut Cx<'_>, incident: &Incident) {
    let untagged = list::untagged(incident);
    let nothing = untagged.is_empty().then(|| {
        if incident.devices().next().is_none() {
            "No device carries this ticket".to_owned()
        } else {
            "Every device carries a tag with this ticket".to_owned()
        }
    });
    let why = acting_trouble(cx.state).err().or(nothing);
    let label = format!("Tag {}…", devices(untagged.len()));
    let button = ActionButton::new(&label)
        .key("tag")
        .hint("Adds the ticket as a tag, so that colleagues see it here and in the Defender portal")
        .disabled_because(why.as_deref());
    if ui.add(button).clicked() {
        let ticket = cx.views.incident.ticket();
        let form = NewForm {
            ticket: Some(ticket.clone()),
            fill: Box::new(|draft| draft.set(&TAG, ticket)),
            ..NewForm::new(Subject::Act(ActionKind::AddTag), &untagged)
        };
        form.raise(ui, cx);
    }
}

/// Shows the text of an empty page, with the known tickets.
fn nothing_ui(ui: &mut Ui, cx: &mut Cx<'_>, is_up_to_date: bool) {
    let ticket = cx.views.incident.ticket();
    let tickets = cx.views.incident.tickets(cx.state);
    if !is_up_to_date {
        return;
    }
    let headline = if ticket.is_empty() {
        "Type a ticket".to_owned()
    } else {
        format!("No order, comment or tag carries {ticket}")
    };
    let how = "Every device, order and comment that carries it is listed here: put the ticket into the form, or at the start of a comment";
    empty_state_ui(ui, &headline, how);
    if tickets.is_empty() {
        return;
    }
    ui.weak_label("Tickets of the newest orders:");
    ui.horizontal_wrapped(|ui| {
        for ticket in tickets.iter() {
            ticket_ui(ui, cx, ticket);
        }
    });
}

fn ticket_ui(ui: &mut Ui, cx: &mut Cx<'_>, ticket: &str) {
    let shown = clean(ticket, TICKET_CHARS);
    let label = format!("Incident {shown}");
    let button = ActionButton::quiet(&label).hint("Everything that carries this ticket");
    if ui.add(button).clicked() {
        cx.views.show_incident(ticket);
    }
}

/// Shows links to the incidents that these comments name.
pub fn of_comments_ui<'a>(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    comments: impl IntoIterator<Item = &'a str>,
) {
    for ticket in tickets_in(cx.state, comments) {
        ticket_ui(ui, cx, ticket);
    }
}

/// The first tickets that these comments name, each once.
fn tickets_in<'a>(state: &State, comments: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for ticket in (comments.into_iter()).filter_map(|comment| state.ticket_in(comment)) {
        let is_known = |known: &&str| known.eq_ignore_ascii_case(ticket);
        if found.len() < MAX_OF_DEVICE && !found.iter().any(is_known) {
            found.push(ticket);
        }
    }
    found
}

/// Shows links to the incidents of the orders on a device, newest first.
pub fn of_device_ui(ui: &mut Ui, cx: &mut Cx<'_>, id: &MachineId) {
    let state = cx.state;
    let orders = state.entries.of_machine(id).rev().take(LOOKED_AT);
    let orders = orders.map(|entry| &*entry.order.comment);
    let actions = state.known_actions(id).iter().take(LOOKED_AT);
    let actions = actions.filter_map(|action| action.requestor_comment.as_deref());
    let tickets = tickets_in(state, orders.chain(actions));
    if tickets.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        for ticket in tickets {
            ticket_ui(ui, cx, ticket);
        }
    });
}

/// The ticket for opening *the* incident without naming one: that of this console's newest order on the
/// open device, else of the search, else the last one viewed, else that of this console's newest order.
#[must_use]
pub fn meant(state: &State, views: &mut Views) -> String {
    let newest = |entry: &Entry| state.ticket_in(&entry.order.comment).map(str::to_owned);
    // Never a colleague's: it would look intended.
    let open = views.shown.clone();
    let of_open = open.and_then(|id| state.entries.of_machine(&id).rev().find_map(newest));
    let in_search = || state.ticket_in(&views.search).map(str::to_owned);
    if let Some(ticket) = of_open.or_else(in_search) {
        return ticket;
    }
    if !views.incident.ticket().is_empty() {
        return views.incident.typed.clone();
    }
    let mut orders = state.entries.iter().rev();
    orders.find_map(newest).unwrap_or_default()
}
