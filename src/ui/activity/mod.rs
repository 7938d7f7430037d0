//! What this console ordered, what is in flight, and how it ended.

pub(in crate::ui) mod acknowledging;
pub(in crate::ui) mod attention;
pub(in crate::ui) mod batches;
pub(in crate::ui) mod buttons;
pub(in crate::ui) mod download;
pub(in crate::ui) mod insist;
pub(in crate::ui) mod open_work;
pub(in crate::ui) mod record;
pub(in crate::ui) mod row;
pub(in crate::ui) mod wording;

use std::time::Duration;

use egui::{Label, RichText, ScrollArea, Ui};

use super::Cx;
use super::theme::{TokensExt as _, text};
use super::widgets::{EmptyState, UiExt as _, section_ui};
use crate::journal::Entry;
use crate::state::State;
use crate::ui::activity::attention::{attention_ui, listed, take_asked};
use crate::ui::activity::batches::batches_ui;
use crate::ui::activity::row::{RING, Ticking, entry_ui};
use crate::ui::activity::wording::still_open_opposites;

/// Ended entries drawn; older ones are in the journal.
const MAX_ENDED: usize = 60;
/// From this height on every part has its heading.
const ROOMY: f32 = 150.0;
/// Below this height there are rows only, what needs attention first.
const ROWS_ONLY: f32 = 60.0;

/// Draws the activity list.
pub fn activity_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let room = ui.available_height();
    if cx.state.entries.is_empty() {
        empty_ui(ui, room);
        return;
    }
    let tokens = ui.tokens();
    let spacing = ui.spacing_mut();
    spacing.item_spacing.y = tokens.space.xs;
    spacing.interact_size.y = tokens.height.target;
    if room < ROWS_ONLY {
        rows_only_ui(ui, cx);
        return;
    }
    // Where room is short, the heading of what needs attention stands for both.
    let is_headed = cx.state.entries.attention_count() == 0 || room >= 2.0 * ROOMY;
    // Over the rows, so that neither is ever scrolled away; two rows of the others, which may be in
    // flight, stay in sight too.
    let line = tokens.height.row + tokens.space.xs;
    let rows = line + RING.sum().y;
    let others = match (is_headed, room >= ROOMY) {
        (true, _) => 2.0 * rows + line,
        (false, true) => 2.0 * rows,
        (false, false) => rows,
    };
    let max_batches = if room >= 2.0 * ROOMY { 3 } else { 1 };
    let batches = cx.state.batches(cx.now).len().min(max_batches);
    let batch = tokens.height.control + 8.0 + tokens.space.xs;
    let others = (0..batches).fold(others, |height, _| height + batch);
    let ours = (room - others - line - tokens.space.s).max(rows);
    let mut ticks = attention_ui(ui, cx, ours) == Ticking::Yes;
    ticks |= batches_ui(ui, cx, max_batches);
    if is_headed {
        section_ui(ui, "Activity");
    }
    let list = ScrollArea::vertical()
        .id_salt("activity")
        .content_margin(RING);
    list.auto_shrink(false)
        .show(ui, |ui| ticks |= others_ui(ui, cx));
    if ticks {
        ui.ctx().request_repaint_after(Duration::from_secs(1));
    }
}

/// What would be here, in a line where there is room for no more.
fn empty_ui(ui: &mut Ui, room: f32) {
    let nothing = EmptyState {
        headline: "Nothing ordered yet",
        how: "What you order is listed here until its real end",
        action: None,
    };
    if room >= ROWS_ONLY {
        section_ui(ui, "Activity");
        nothing.show_ui(ui);
        return;
    }
    ui.horizontal_centered(|ui| {
        ui.label(RichText::new("Activity").text_style(text::section()));
        ui.label(nothing.headline);
        let how = RichText::new(nothing.how).color(ui.tokens().text_weak);
        ui.add(Label::new(how).truncate());
    });
}

/// Every row in one list without headings; what needs attention comes first.
fn rows_only_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let asked = take_asked(ui);
    let mut list = ScrollArea::vertical()
        .id_salt("activity rows")
        .content_margin(RING);
    if asked {
        list = list.vertical_scroll_offset(0.0);
    }
    let mut ticks = false;
    list.auto_shrink(false).show(ui, |ui| {
        for (n, entry) in listed(cx.state).into_iter().enumerate() {
            ticks |= entry_ui(ui, cx, entry, asked && n == 0) == Ticking::Yes;
        }
        ticks |= batches_ui(ui, cx, 1);
        ticks |= others_ui(ui, cx);
    });
    if ticks {
        ui.ctx().request_repaint_after(Duration::from_secs(1));
    }
}

/// The rows that need no attention; whether something in them ticks.
fn others_ui(ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
    let (rows, older) = in_order(cx.state);
    let mut ticks = false;
    for entry in rows {
        ticks |= entry_ui(ui, cx, entry, false) == Ticking::Yes;
    }
    if older > 0 {
        let text = format!("{older} older entries are in the journal");
        ui.small_label(text);
    }
    ticks
}

/// Without those that need attention: what may yet be undone first, then open entries, then those
/// that ended, each newest first; and how many are left out. Costs what is shown, however long the
/// journal is.
fn in_order(state: &State) -> (Vec<&Entry>, usize) {
    let entries = &state.entries;
    let open = entries.open().rev();
    let open = open.filter(|entry| !entries.needs_attention(entry));
    let ended = entries.ended().rev().take(MAX_ENDED);
    let is_at_risk = |entry: &&Entry| still_open_opposites(entry, state).next().is_some();
    let (at_risk, others): (Vec<_>, Vec<_>) = ended.partition(is_at_risk);
    let older = entries.ended_count().saturating_sub(MAX_ENDED);
    (
        at_risk.into_iter().chain(open).chain(others).collect(),
        older,
    )
}

#[cfg(test)]
mod tests;
