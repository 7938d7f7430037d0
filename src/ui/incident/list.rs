//! The devices of an incident with their orders, a line each. Only the visible lines are drawn.

use std::borrow::Cow;
use std::sync::Arc;

use egui::{Align, Id, Layout, Rect, RichText, ScrollArea, TextStyle, Ui, UiBuilder, pos2, vec2};
use jiff::Timestamp;

use crate::action::{Condition, type_noun};
use crate::journal::{Entry, status_in_full};
use crate::model::{MachineAction, MachineRef, clean, first_upper, requestors};
use crate::search::{DeviceState, Incident, IncidentDevice, IncidentLine};
use crate::state::{Contained, Request};
use crate::ui::Cx;
use crate::ui::contained::release_ui;
use crate::ui::look::{self, Look};
use crate::ui::theme::{TokensExt as _, text};
use crate::ui::widgets::{ActionButton, Icon, TipExt as _, UiExt as _, icon};
use crate::ui::words::{ago, both_times, clock_text};

/// Height of a line with the gap below it.
const LINE: f32 = 28.0;
/// Distance beyond the visible part within which lines are drawn, so that Tab reaches the next one.
const BEYOND: f32 = 60.0;
const COMMENT_CHARS: usize = 300;

/// A line of the list.
#[derive(Clone, Copy)]
enum Row<'a> {
    Device(&'a IncidentDevice),
    Line(&'a IncidentDevice, &'a IncidentLine),
}

/// Draws the devices of the incident below `head`, which returns the incident and scrolls with them.
pub fn list_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    head: impl FnOnce(&mut Ui, &mut Cx<'_>) -> Arc<Incident>,
) {
    let area = ScrollArea::vertical()
        .id_salt("incident")
        .auto_shrink(false);
    area.show_viewport(ui, |ui, viewport| {
        let whole = ui.max_rect();
        let incident = head(ui, cx);
        let rows = incident.rows.iter().flat_map(|device| {
            let lines = device.lines.iter();
            let lines = lines.map(move |line| Row::Line(device, line));
            std::iter::once(Row::Device(device)).chain(lines)
        });
        let top = ui.cursor().top();
        let room = whole.with_min_y(top);
        let sight = viewport.y_range().expand(BEYOND);
        let mut below = top - whole.top();
        for row in rows {
            if below + LINE >= sight.min && below <= sight.max {
                let at = pos2(room.left(), whole.top() + below);
                let rect = Rect::from_min_size(at, vec2(room.width(), LINE));
                row_ui(ui, rect, cx, &incident, row);
            }
            below += LINE;
        }
        // Without the head, which is above already.
        ui.set_height(below - (top - whole.top()));
    });
}

fn row_ui(ui: &mut Ui, rect: Rect, cx: &mut Cx<'_>, incident: &Incident, row: Row<'_>) {
    let tokens = ui.tokens();
    let id = match row {
        Row::Device(device) => Id::unique(("incident", device.machine.id.as_str())),
        Row::Line(_, IncidentLine::Order(id)) => Id::unique(("incident", id)),
        Row::Line(_, IncidentLine::Action(id)) => Id::unique(("incident", id.as_str())),
    };
    let inner = match row {
        Row::Device(_) => {
            let plate = rect.shrink2(vec2(0.0, 1.0));
            ui.painter()
                .rect_filled(plate, tokens.radius, tokens.surface.raised);
            rect.shrink2(vec2(tokens.space.xs, 0.0))
        }
        Row::Line(..) => rect.with_min_x(rect.left() + tokens.space.l),
    };
    let builder = UiBuilder::new()
        .max_rect(inner)
        .layout(Layout::left_to_right(Align::Center))
        .scope_id(id);
    let mut place = ui.new_child(builder);
    place.set_clip_rect(rect.intersect(ui.clip_rect()));
    match row {
        Row::Device(device) => device_ui(&mut place, cx, incident, device),
        Row::Line(_, IncidentLine::Order(id)) => {
            if let Some(entry) = cx.state.entry(*id) {
                entry_ui(&mut place, cx, entry);
            }
        }
        Row::Line(device, IncidentLine::Action(id)) => {
            if let Some(action) = cx.state.action(&device.machine.id, id) {
                action_ui(&mut place, cx, action);
            }
        }
    }
}

/// Shows a device with its state, the requestor, and its release.
fn device_ui(ui: &mut Ui, cx: &mut Cx<'_>, incident: &Incident, device: &IncidentDevice) {
    let machine = &device.machine;
    let name = machine.quoted();
    if machine.is_every_device() {
        // All devices together, which have no state.
        ui.truncated(RichText::new(first_upper(&name)).text_style(text::strong()));
        return;
    }
    let rows = || (incident.contained.iter()).filter(|row| row.machine.id == machine.id);
    let buttons = Layout::right_to_left(Align::Center);
    ui.with_layout(buttons, |ui| {
        let show = format!("Show {name}");
        let show = ActionButton::new("Show device").name(&show).compact();
        if ui.add(show).clicked() {
            cx.select_device(machine.clone());
        }
        for row in rows() {
            if !row.is_leaving() && !row.in_force.is_empty() {
                release_ui(ui, cx, row, true);
            }
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.truncated(RichText::new(&name).text_style(text::strong()));
            let state = DeviceState::known(cx.state, &machine.id);
            let (shape, role) = look::device_state(state);
            let otherwise = device.otherwise.iter().map(|row| (row, false));
            let mut known: Vec<_> = rows().map(|row| (row, true)).chain(otherwise).collect();
            known.sort_by_key(|(row, _)| row.condition as usize);
            let said = known
                .iter()
                .map(|(row, carries)| condition_words(row, *carries, cx));
            let mut words = match (known.is_empty(), state.rank()) {
                (true, None) => "State unknown".to_owned(),
                (true, Some(_)) => state.text(),
                (false, _) => first_upper(&said.collect::<Vec<_>>().join("; ")),
            };
            if device.is_tagged {
                words.push_str(" · tagged");
            }
            icon(ui, shape.unwrap_or(Icon::Info), ui.tokens().colour(role));
            ui.truncated(RichText::new(words).color(ui.tokens().colour(role)));
        });
    });
}

/// Condition, requestors and time: `isolated · by ann, again by you, since 03:24 +00:00 (1 h ago)`.
fn condition_words(row: &Contained, carries: bool, cx: &Cx<'_>) -> String {
    let known = cx.state.actions.conditions(&row.machine.id);
    let phase = known.map(|known| known.phase(row.condition));
    let word = phase.unwrap_or_default().word(row.condition).to_lowercase();
    let by = requestors(row.setters().iter().map(Request::by_whom));
    let since = if row.in_force.is_empty() {
        "requested"
    } else {
        "since"
    };
    let now = cx.service_now();
    let since = row.since().map_or_else(String::new, |at| {
        format!(
            ", {since} {} ({})",
            clock_text(at, now, &cx.state.zone),
            ago(at, now)
        )
    });
    let ticket = if carries { "" } else { ", without this ticket" };
    format!("{word} · by {by}{since}{ticket}")
}

fn entry_ui(ui: &mut Ui, cx: &Cx<'_>, entry: &Entry) {
    let aftermath = cx.state.aftermath(entry);
    let at = |at| clock_text(at, cx.service_now(), &cx.state.zone);
    let status = status_in_full(entry, &aftermath, at);
    let said = Said {
        look: Look {
            word: status.into(),
            ..look::order(entry, &aftermath)
        },
        what: entry.order.task.title(),
        at: Some(entry.intended_at()),
        by: Some(clean(&entry.author.account, 60).into_owned()),
        comment: clean(&entry.order.comment, COMMENT_CHARS).into_owned(),
    };
    said_ui(ui, cx, &said);
}

fn action_ui(ui: &mut Ui, cx: &Cx<'_>, action: &MachineAction) {
    let comment = action.requestor_comment.as_deref().unwrap_or_default();
    let said = Said {
        look: look::action_status(&action.status),
        what: first_upper(type_noun(&action.kind)),
        at: action.created,
        by: action.requested_by().map(Cow::into_owned),
        comment: clean(comment, COMMENT_CHARS).into_owned(),
    };
    said_ui(ui, cx, &said);
}

/// Text of an order or an action.
struct Said {
    look: Look,
    what: String,
    at: Option<Timestamp>,
    by: Option<String>,
    comment: String,
}

fn said_ui(ui: &mut Ui, cx: &Cx<'_>, said: &Said) {
    let weak = ui.tokens().text_weak;
    said.look.badge_ui(ui);
    ui.truncated(&said.what);
    let when = said.at.map_or_else(
        || "at an unknown time".to_owned(),
        |at| clock_text(at, cx.now, &cx.state.zone),
    );
    let by = said.by.as_ref();
    let by = by.map_or_else(String::new, |by| format!(" by {by}"));
    let when = RichText::new(format!("requested {when}{by}")).text_style(TextStyle::Small);
    let when = ui.label(when.color(weak));
    if let Some(at) = said.at {
        when.tip(both_times(at, &cx.state.zone));
    }
    ui.truncated(RichText::new(&said.comment).color(weak));
}

/// The devices that would be tagged.
pub fn untagged(incident: &Incident) -> Vec<MachineRef> {
    let untagged = incident.devices().filter(|device| !device.is_tagged);
    untagged.map(|device| device.machine.clone()).collect()
}

/// Conditions that this account can release.
pub const WAYS_BACK: [Condition; 2] = [Condition::Isolated, Condition::Restricted];
