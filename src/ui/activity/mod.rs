//! The activity list: this console's orders, in flight and ended.

pub(in crate::ui) mod attention;
pub(in crate::ui) mod batches;
pub(in crate::ui) mod buttons;
pub(in crate::ui) mod download;
pub(in crate::ui) mod insist;
pub(in crate::ui) mod open_work;
pub(in crate::ui) mod record;
pub(in crate::ui) mod row;
pub(in crate::ui) mod tag;
mod undo;
pub(in crate::ui) mod view;
pub(in crate::ui) mod wording;

use std::cmp::Reverse;
use std::collections::HashMap;

use egui::{Id, RichText, ScrollArea, TextStyle, Ui};

use super::Cx;
use super::layout::times;
use super::theme::{TokensExt as _, text};
use super::widgets::{UiExt as _, empty_state_ui, section_ui};
use crate::journal::Entry;
use crate::model::EntryId;
use crate::state::State;
use crate::ui::activity::attention::{
    attention_ui, forget_places, has_new_first, listed, note_places, pages_ui,
};
use crate::ui::activity::batches::batches_ui;
use crate::ui::activity::row::{RING, entry_ui};
use crate::ui::activity::wording::still_open_opposites;

/// Maximum number of ended entries drawn; older ones are in the journal.
const MAX_ENDED: usize = 60;
/// Minimum height for a heading on each part.
const ROOMY: f32 = 150.0;
/// Number of attention rows that take precedence over a second summary.
const MIN_ATTENTION: usize = 3;
/// Below this height there are only rows, those that need attention first.
const ROWS_ONLY: f32 = 60.0;

/// Draws the activity list.
pub fn activity_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let before = content_height(ui);
    let height = list_ui(ui, cx);
    // The difference of two infinite heights is NaN, hence no change.
    if (height - before).abs() > 0.5 {
        ui.data_mut(|data| data.insert_temp(content_height_id(), height));
        ui.ctx().request_repaint();
    }
}

fn content_height_id() -> Id {
    Id::unique("height of the activity's content")
}

/// Height of the list's content when last drawn; infinite if it needs as much room as possible.
pub fn content_height(ui: &Ui) -> f32 {
    let height = ui.data(|data| data.get_temp(content_height_id()));
    height.unwrap_or_default()
}

/// Draws the list. Returns the height of its content, infinite if something needs attention or there is
/// little room.
fn list_ui(ui: &mut Ui, cx: &mut Cx<'_>) -> f32 {
    let room = ui.available_height();
    let asked = is_asked(ui, cx);
    if cx.state.entries.is_empty() {
        empty_ui(ui, room);
        return 0.0;
    }
    let tokens = ui.tokens();
    let spacing = ui.spacing_mut();
    spacing.item_spacing.y = tokens.space.xs;
    spacing.interact_size.y = tokens.height.target;
    if room < ROWS_ONLY {
        rows_only_ui(ui, cx, asked);
        return f32::INFINITY;
    }
    let attention = cx.state.entries.attention_count();
    // If there is little room, the attention heading serves for both parts.
    let is_headed = attention == 0 || room >= 2.0 * ROOMY;
    // Above the rows, so that neither is scrolled away; two of the other rows, which may be in flight, stay
    // visible too.
    let line = tokens.height.row + tokens.space.xs;
    let rows = line + RING.sum().y;
    let others = match (is_headed, room >= ROOMY) {
        (true, _) => 2.0 * rows + line,
        (false, true) => 2.0 * rows,
        (false, false) => rows,
    };
    let max_batches = match room {
        _ if room >= 2.0 * ROOMY => 3,
        _ if room >= ROOMY => 2,
        _ => 1,
    };
    let batch = tokens.height.control + 8.0 + tokens.space.xs;
    let reason = ui.text_style_height(&TextStyle::Small) + tokens.space.xs;
    let beside = |batches| room - others - times(batches, batch) - line - tokens.space.s;
    // Several summaries share one position, with buttons to page; the attention rows must be visible.
    let wanted = times(attention.min(MIN_ATTENTION), line + reason);
    let all = cx.state.batches(cx.now).len().min(max_batches);
    let fits = (2..=all).rev().find(|batches| beside(*batches) >= wanted);
    let max_batches = fits.unwrap_or(1);
    let ours = beside(all.min(max_batches));
    if attention > 0 && ours < rows + reason {
        // No separate parts if one would be too low to see.
        count_ui(ui, cx);
        rows_only_ui(ui, cx, asked);
        return f32::INFINITY;
    }
    // Further lines of summaries take their room from the attention rows, not from orders in flight.
    let ours = (ours - further_lines(ui)).max(rows + reason);
    attention_ui(ui, cx, ours, asked);
    summaries_ui(ui, cx, max_batches, batch);
    if is_headed {
        section_ui(ui, "Activity");
    }
    let is_first = asked && attention == 0;
    let rows = row_list("activity", is_first).show(ui, |ui| others_ui(ui, cx, is_first));
    if attention == 0 {
        room - rows.inner_rect.height() + rows.content_size.y
    } else {
        f32::INFINITY
    }
}

/// Whether the first attention row was requested; sorts the rows again, even if one has the focus.
fn is_asked(ui: &Ui, cx: &mut Cx<'_>) -> bool {
    let asked = std::mem::take(&mut cx.views.activity.wants_focus);
    if asked {
        forget_places(ui.ctx());
    }
    asked
}

/// Shows the summaries and notes their height beyond one `line` each.
fn summaries_ui(ui: &mut Ui, cx: &mut Cx<'_>, max_shown: usize, line: f32) {
    let shown = cx.state.batches(cx.now).len().min(max_shown);
    let top = ui.cursor().top();
    batches_ui(ui, cx, max_shown);
    let height = ui.cursor().top() - top;
    note_further_lines(ui, (height - times(shown, line)).max(0.0));
}

fn further_lines_id() -> Id {
    Id::unique("further lines of the summaries")
}

/// Height of the summaries beyond one line each when last drawn.
fn further_lines(ui: &Ui) -> f32 {
    let height = ui.data(|data| data.get_temp(further_lines_id()));
    height.unwrap_or_default()
}

fn note_further_lines(ui: &Ui, height: f32) {
    if (height - further_lines(ui)).abs() > 0.5 {
        ui.data_mut(|data| data.insert_temp(further_lines_id(), height));
        ui.ctx().request_repaint();
    }
}

/// Shows the number of rows per part, above a list of all of them.
fn count_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let entries = &cx.state.entries;
    let open = entries
        .open()
        .filter(|entry| !entries.needs_attention(entry));
    let open = match open.count() {
        0 => String::new(),
        count => format!(", {count} under way"),
    };
    let words = attention::count_words(entries.attention_count());
    let words = RichText::new(format!("{words}{open}")).text_style(TextStyle::Small);
    ui.label(words.color(ui.tokens().caution));
}

/// Shows the text of an empty list, in one line if there is little room.
fn empty_ui(ui: &mut Ui, room: f32) {
    let headline = "Nothing ordered yet";
    let how = "Your orders are listed here and followed to their real end";
    if room >= ROWS_ONLY {
        section_ui(ui, "Activity");
        empty_state_ui(ui, headline, how);
        return;
    }
    ui.horizontal_centered(|ui| {
        ui.label(RichText::new("Activity").text_style(text::section()));
        ui.label(headline);
        let how = RichText::new(how).color(ui.tokens().text_weak);
        ui.truncated(how);
    });
}

/// Shows every row in one list without headings, those that need attention first.
fn rows_only_ui(ui: &mut Ui, cx: &mut Cx<'_>, asked: bool) {
    let listed = listed(ui.ctx(), cx.state);
    let to_top = asked || has_new_first(ui.ctx(), &listed);
    row_list("activity rows", to_top).show(ui, |ui| {
        note_places(ui, &listed);
        let is_first = asked && listed.is_empty();
        for (n, entry) in listed.into_iter().enumerate() {
            entry_ui(ui, cx, entry, asked && n == 0);
        }
        pages_ui(ui, cx);
        batches_ui(ui, cx, 1);
        others_ui(ui, cx, is_first);
    });
}

/// A scrolling list of rows, scrolled to its top if requested.
fn row_list(name: &str, to_top: bool) -> ScrollArea {
    let list = ScrollArea::vertical()
        .id_salt(name)
        .content_margin(RING)
        .auto_shrink(false);
    if to_top {
        list.vertical_scroll_offset(0.0)
    } else {
        list
    }
}

/// Shows the rows that need no attention.
fn others_ui(ui: &mut Ui, cx: &mut Cx<'_>, asked: bool) {
    let (mut rows, older) = in_order(cx.state);
    keep_places(ui, &mut rows);
    for (n, entry) in rows.into_iter().enumerate() {
        entry_ui(ui, cx, entry, asked && n == 0);
    }
    if older > 0 {
        let text = format!("{older} older entries are in the journal");
        ui.small_label(text);
    }
}

/// Positions of the rows when last drawn, and whether the pointer was over the list.
#[derive(Clone, Default)]
struct Places {
    of: HashMap<EntryId, usize>,
    is_pointed_at: bool,
}

/// Keeps the rows in place while they are read: until an order or an acknowledgement adds an entry, or the
/// pointer leaves the list.
fn keep_places(ui: &Ui, rows: &mut [&Entry]) {
    let id = Id::unique("places in the activity");
    let before: Places = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let is_pointed_at = ui.rect_contains_pointer(ui.clip_rect());
    let has_left = before.is_pointed_at && !is_pointed_at;
    if !has_left && rows.iter().all(|entry| before.of.contains_key(&entry.id())) {
        rows.sort_by_key(|entry| before.of.get(&entry.id()));
    }
    let of = rows.iter().enumerate();
    let of = of.map(|(place, entry)| (entry.id(), place)).collect();
    ui.data_mut(|data| data.insert_temp(id, Places { of, is_pointed_at }));
}

/// Entries that need no attention, and how many more there are: orders that may still be undone by an
/// opposite action first, then the others by confirmation time, the newest first; those of one confirmation
/// in sending order. A row keeps its place when its order ends. The cost depends on the rows shown, not on
/// the journal's length.
fn in_order(state: &State) -> (Vec<&Entry>, usize) {
    let entries = &state.entries;
    let is_calm = |entry: &&Entry| !entries.needs_attention(entry);
    let open = entries.open().filter(is_calm);
    let ended = entries.ended().rev().take(MAX_ENDED);
    let is_at_risk = |entry: &&Entry| still_open_opposites(entry, state).next().is_some();
    let (mut rows, others): (Vec<_>, Vec<_>) = ended.partition(is_at_risk);
    let mut others: Vec<_> = open.chain(others).collect();
    others.sort_by_key(|entry| Reverse(entries.index_of(entry.id())));
    let is_together = |one: &&Entry, other: &&Entry| {
        one.order.batch.is_some() && one.order.batch == other.order.batch
    };
    for together in others.chunk_by_mut(is_together) {
        together.reverse();
    }
    rows.extend(others);
    (rows, entries.ended_count().saturating_sub(MAX_ENDED))
}

#[cfg(test)]
mod tests;
