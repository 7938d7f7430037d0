//! One device in the table: its cells, and its accessible name.

use std::sync::Arc;

use egui::{
    Align, Id, Label, Layout, Response, RichText, Sense, Ui, UiBuilder, WidgetInfo, accesskit,
};
use jiff::Timestamp;

use crate::journal::Entry;
use crate::model::Column;
use crate::model::{Machine, MachineRef, clean, first_lower, first_upper, is_outdated};
use crate::search::DeviceState;
use crate::state::State;
use crate::ui::Cx;
use crate::ui::activity::attention;
use crate::ui::device::marks::{DeviceMark, device_marks, row_marks_ui, twins_ui, words};
use crate::ui::device::state_hint;
use crate::ui::devices::asked;
use crate::ui::devices::table_layout::TableLayout;
use crate::ui::look;
use crate::ui::look::Look;
use crate::ui::theme::{Role, TokensExt as _, text};
use crate::ui::widgets::{Icon, TipExt as _, elided_ui, icon, paint_icon, text_width};
use crate::ui::words::{ago, both_times, os_name};

/// The order shown beside a device's state, and whether it is still open: one of this console that the
/// service's history does not show yet, or one that needs attention. Orders that isolate, contain or
/// release the device come first, and among them those with an unknown outcome.
fn order_beside<'a>(
    machine: &MachineRef,
    open: &[&'a Entry],
    state: &'a State,
) -> Option<(&'a Entry, bool)> {
    let is_unseen = |entry: &&&Entry| {
        let status = entry.status();
        entry.order.machine.id == machine.id && (status.is_unknown() || status.action().is_none())
    };
    let cuts_off = |entry: &Entry| entry.order.task.cut_off_noun().is_some();
    let newest_first = || open.iter().rev().filter(is_unseen).copied();
    let is_isolation = |entry: &&Entry| cuts_off(entry);
    let open_isolation = newest_first()
        .filter(is_isolation)
        .find(|entry| entry.status().is_unknown())
        .or_else(|| newest_first().find(is_isolation));
    let wrong = state.attention_on(&machine.id);
    open_isolation
        .map(|entry| (entry, true))
        .or(wrong.filter(is_isolation).map(|entry| (entry, false)))
        .or_else(|| Some((newest_first().next()?, true)))
        .or(wrong.map(|entry| (entry, false)))
}

/// The state and the order's outcome, each with its look. The state comes first while the device is cut off
/// or that is changing; otherwise the outcome of the order to cut it off. The short words contain it too:
/// an icon alone is not enough.
fn beside(cx: &Cx<'_>, state: DeviceState, entry: &Entry, is_open: bool, hint: &str) -> StateCell {
    let (icon, role, outcome) = attention::mark(entry, cx.state);
    let title = format!("{}: {outcome}", entry.order.task.title());
    let hint = if is_open {
        format!("{hint}\n{title}: requested from this console")
    } else {
        format!("{hint}\nYour order needs attention: see Activity")
    };
    let noun = entry.order.task.cut_off_noun();
    let order = noun.map_or(title, |noun| format!("{noun} {outcome}"));
    let is_state_first =
        state.is_cut_off_of_note() || noun.is_none() && state.lead().1.is_of_note();
    let shorts = if is_state_first && state.rank().is_some() {
        vec![state.short_text()]
    } else {
        // The part that distinguishes outcomes is never cut.
        let noun = noun.map_or_else(|| first_upper(entry.order.task.brief_noun()), str::to_owned);
        vec![format!("{noun} {outcome}"), first_upper(&outcome)]
    };
    let order = (Some(icon), role, order);
    let (icon, role) = look::device_state(state);
    let known = (icon, role, state.text());
    let mut pieces = match (state.rank(), is_state_first) {
        (None, _) => vec![order],
        (Some(_), true) => vec![known, order],
        (Some(_), false) => vec![order, known],
    };
    for (_, _, words) in pieces.iter_mut().skip(1) {
        *words = first_lower(words);
    }
    StateCell {
        pieces,
        shorts,
        is_unknown: false,
        hint,
    }
}

/// Content of a device's state cell.
struct StateCell {
    /// The state and the order's outcome, each with its look, the most important first.
    pieces: Vec<(Option<Icon>, Role, String)>,
    /// Shorter words for the first piece, longest first, for a column too narrow for all pieces.
    shorts: Vec<String>,
    /// Whether the state is unknown; the tip says whether a history was read.
    is_unknown: bool,
    hint: String,
}

impl StateCell {
    /// The cell's part of the row's accessible name.
    fn spoken(&self) -> String {
        if self.is_unknown {
            return "state unknown".to_owned();
        }
        let words = self.pieces.iter().map(|(_, _, words)| words.as_str());
        words.collect::<Vec<_>>().join("; ")
    }

    fn show_ui(&self, ui: &mut Ui) {
        let gap = ui.tokens().space.s;
        let widths = self
            .pieces
            .iter()
            .map(|(_, _, words)| width(ui, words) + gap);
        if widths.sum::<f32>() - gap <= ui.available_width() {
            for (n, (shape, role, words)) in self.pieces.iter().enumerate() {
                if n > 0 {
                    ui.add_space(gap - ui.spacing().item_spacing.x);
                }
                cell_ui(ui, *shape, *role, words).tip(&self.hint);
            }
            return;
        }
        // The icons of all pieces, then as many words as fit.
        ui.spacing_mut().item_spacing.x = ui.tokens().space.xs;
        for (shape, role, _) in &self.pieces {
            if let Some(shape) = shape {
                icon(ui, *shape, ui.tokens().colour(*role));
            }
        }
        let role = self
            .pieces
            .first()
            .map_or(Role::Stale, |(_, role, _)| *role);
        let font = egui::TextStyle::Body.resolve(ui.style());
        let fits = |words: &&String| text_width(ui, words, &font) <= ui.available_width();
        let words = self.shorts.iter().find(fits).or(self.shorts.last());
        let words = words.cloned().unwrap_or_default();
        cell_ui(ui, None, role, &words).tip(&self.hint);
    }
}

/// A row to be drawn.
pub struct MachineRow<'a> {
    pub machine: &'a Arc<Machine>,
    pub reference: MachineRef,
    /// The id of the row for the pointer and the accessibility tree.
    pub id: Id,
    pub is_selected: bool,
    /// Whether it is ticked for a batch.
    pub is_ticked: bool,
    /// Whether it comes from a direct query only, not from the list.
    pub is_asked_for: bool,
    /// This console's open entries for any device, oldest first.
    pub open_entries: &'a [&'a Entry],
    /// Rectangle of the row, across all columns.
    pub rect: egui::Rect,
    /// The visible part of the rows.
    pub clip: egui::Rect,
}

/// Result of drawing a row.
pub struct RowResponse {
    pub row: Response,
    /// Response of its tick box, if that column is shown.
    pub checkbox: Option<Response>,
    /// Whether enough of it is visible to read its name.
    pub is_legible: bool,
}

impl MachineRow<'_> {
    /// Draws the cells.
    pub fn show_ui(self, ui: &mut Ui, layout: &TableLayout, cx: &Cx<'_>) -> RowResponse {
        let state = self.state(cx);
        let marks = device_marks(cx.state, &self.reference, Some(self.machine));
        // Before the cells, which are on top of it and keep their tips.
        let row = self.row_ui(ui, &state.spoken(), &marks);
        let mut checkbox = None;
        for span in layout.spans() {
            let rect = egui::Rect::from_x_y_ranges(span.seen, self.rect.y_range());
            let builder = UiBuilder::new()
                .max_rect(rect)
                .layout(Layout::left_to_right(Align::Center))
                .scope_id(self.id.with(span.title));
            let mut cell = ui.new_child(builder);
            cell.set_clip_rect(rect.intersect(self.clip));
            if span.column == Column::Name {
                checkbox = Some(self.checkbox_ui(&mut cell));
            }
            self.cell_ui(&mut cell, span.column, &state, &marks, cx);
        }
        RowResponse {
            row,
            checkbox,
            is_legible: 2.0 * self.rect.intersect(self.clip).height() >= self.rect.height(),
        }
    }

    /// Draws its tick box. Not focusable, as the row is not: Space toggles it.
    fn checkbox_ui(&self, ui: &mut Ui) -> Response {
        let tokens = ui.tokens();
        let size = egui::vec2(tokens.height.row, tokens.height.row);
        let (_, rect) = ui.allocate_space(size);
        // An id by device, not by index: rows may be inserted above while it is pressed.
        let response = ui.interact(rect, self.id.with("tick"), Sense::CLICK);
        let name = format!("Select {}", self.reference.quoted());
        response.widget_info(|| {
            WidgetInfo::selected(accesskit::Role::CheckBox, true, self.is_ticked, &name)
        });
        let square = egui::Rect::from_center_size(rect.center(), egui::Vec2::splat(14.0));
        let (fill, line) = if self.is_ticked {
            (tokens.accent, tokens.accent)
        } else if response.hovered() {
            (tokens.surface.hover, tokens.text)
        } else {
            (tokens.surface.panel, tokens.text_weak)
        };
        let painter = ui.painter();
        let stroke = egui::Stroke::new(1.0, line);
        painter.rect(square, 2.0, fill, stroke, egui::StrokeKind::Inside);
        if self.is_ticked {
            paint_icon(painter, square, Icon::Done, tokens.on_accent);
        }
        response
    }

    /// Content of the state cell: the device's state comes first, and an order's outcome never replaces it.
    fn state(&self, cx: &Cx<'_>) -> StateCell {
        let state = DeviceState::known(cx.state, &self.machine.id);
        let hint = state_hint::hint(
            state,
            Some(self.machine),
            &cx.state.policy,
            cx.service_now(),
        );
        if let Some((entry, is_open)) = order_beside(&self.reference, self.open_entries, cx.state) {
            return beside(cx, state, entry, is_open, &hint);
        }
        let is_read = state != DeviceState::default() || cx.state.containments.get().is_some();
        let (icon, role) = if is_read {
            look::device_state(state)
        } else {
            (None, Role::Stale)
        };
        let unread = || "Unknown: the action history has not been read".to_owned();
        StateCell {
            pieces: vec![(icon, role, state.text())],
            shorts: vec![state.short_text()],
            is_unknown: state.rank().is_none(),
            hint: if is_read { hint } else { unread() },
        }
    }

    fn row_ui(&self, ui: &mut Ui, state: &str, marks: &[DeviceMark]) -> Response {
        // Assistive technology gets the clickable rectangle. A partly visible row takes clicks on its
        // visible part, so that they do not go to its neighbour.
        let rect = self.rect.intersect(self.clip);
        // Not focusable: the table is one tab stop, and the arrow keys move within it.
        let response = ui.interact(rect, self.id, Sense::CLICK);
        let tokens = ui.tokens();
        let fill = match (self.is_selected, response.hovered()) {
            (true, _) => Some(tokens.surface.selected),
            (false, true) => Some(tokens.surface.hover),
            (false, false) => None,
        };
        if let Some(fill) = fill {
            let painter = ui.painter().with_clip_rect(self.clip);
            painter.rect_filled(self.rect, 0.0, fill);
        }
        let merged = self.machine.merged_into().map_or("", |_| ", merged");
        let merged = format!("{merged}{}", asked::spoken_mark(self.is_asked_for));
        let reference = self.reference.name_and_tail();
        let name = format!("{reference}, {state}{merged}{}", words(marks));
        response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Row, true, &name));
        ui.ctx().accesskit_node_builder(self.id, |node| {
            node.set_selected(self.is_selected);
            if let Some(mark) = marks.first() {
                node.set_description(mark.explanation);
            }
        });
        response
    }

    fn cell_ui(
        &self,
        ui: &mut Ui,
        column: Column,
        state: &StateCell,
        marks: &[DeviceMark],
        cx: &Cx<'_>,
    ) {
        let machine = self.machine.as_ref();
        match column {
            Column::Name => self.name_ui(ui, marks, cx),
            Column::State => state.show_ui(ui),
            Column::Health => look_ui(ui, &look::health(&machine.health_status)),
            Column::Risk => look_ui(ui, &look::risk(machine.risk_score.as_ref())),
            Column::Exposure => look_ui(ui, &look::exposure(machine.exposure_level.as_ref())),
            Column::Os => {
                let platform = machine.os_platform.as_deref();
                self.text_ui(ui, platform.map(os_name).as_deref());
            }
            Column::LastSeen => last_seen_ui(ui, machine.last_seen, cx),
            Column::Tags => self.text_ui(ui, Some(&machine.tags().join(", "))),
            Column::Group => self.text_ui(ui, machine.rbac_group_name.as_deref()),
            Column::Addresses => {
                let all: Vec<_> = machine.addresses().map(|ip| ip.to_string()).collect();
                self.text_ui(ui, Some(&all.join(", ")));
            }
        }
    }

    fn name_ui(&self, ui: &mut Ui, marks: &[DeviceMark], cx: &Cx<'_>) {
        let tokens = ui.tokens();
        // Keeps clear of the table's focus ring.
        ui.add_space(tokens.space.xs);
        twins_ui(ui, cx.state, &self.reference);
        let is_merged = self.machine.merged_into().is_some();
        let colour = if is_merged { tokens.stale } else { tokens.text };
        if is_merged {
            ui.add(Label::new(RichText::new("merged").color(tokens.stale)).selectable(false))
                .tip("This record was merged into another one; act on that");
        }
        if self.is_asked_for {
            asked::mark_ui(ui);
        }
        let name = self.reference.name();
        let font = text::strong().resolve(ui.style());
        let room = ui.available_width() - text_width(ui, &name, &font);
        row_marks_ui(ui, marks, room);
        elided_ui(ui, &name, text::strong(), colour);
    }

    fn text_ui(&self, ui: &mut Ui, text: Option<&str>) {
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
            cell_ui(ui, None, Role::Stale, "–");
            return;
        };
        let role = if self.machine.merged_into().is_some() {
            Role::Stale
        } else {
            Role::Neutral
        };
        cell_ui(ui, None, role, &clean(text, 120));
    }
}

/// Width of these words with an icon before them.
fn width(ui: &Ui, words: &str) -> f32 {
    let tokens = ui.tokens();
    let font = egui::TextStyle::Body.resolve(ui.style());
    tokens.height.icon + tokens.space.xs + text_width(ui, words, &font)
}

fn cell_ui(ui: &mut Ui, shape: Option<Icon>, role: Role, text: &str) -> Response {
    let colour = ui.tokens().colour(role);
    if let Some(shape) = shape {
        ui.spacing_mut().item_spacing.x = ui.tokens().space.xs;
        icon(ui, shape, colour);
    }
    ui.add(
        Label::new(RichText::new(text).color(colour))
            .truncate()
            .selectable(false),
    )
}

fn look_ui(ui: &mut Ui, look: &Look) {
    cell_ui(ui, Some(look.icon), look.role, &look.word);
}

fn last_seen_ui(ui: &mut Ui, at: Option<Timestamp>, cx: &Cx<'_>) {
    let Some(at) = at else {
        cell_ui(ui, None, Role::Stale, "unknown")
            .tip("Defender gives no time of a full report, or none that can be read");
        return;
    };
    let is_silent = is_outdated(at, cx.service_now(), cx.state.policy.silent_after);
    let role = if is_silent {
        Role::Caution
    } else {
        Role::Neutral
    };
    let shape = is_silent.then_some(Icon::Silent);
    let hover = format!(
        "Last full report, sent about once a day\n{}",
        both_times(at, &cx.state.zone)
    );
    cell_ui(ui, shape, role, &ago(at, cx.service_now())).tip(hover);
}
