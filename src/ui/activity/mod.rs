//! What this console ordered, what is in flight, and how it ended.

pub(in crate::ui) mod attention;
pub(in crate::ui) mod batches;
pub(in crate::ui) mod buttons;
pub(in crate::ui) mod insist;
pub(in crate::ui) mod open_work;
pub(in crate::ui) mod record;
pub(in crate::ui) mod row;
pub(in crate::ui) mod wording;

use std::time::Duration;

use egui::{Label, RichText, ScrollArea, TextStyle, Ui};

use super::Cx;
use super::theme::TokensExt as _;
use super::widgets::{EmptyState, section_ui};
use crate::journal::Entry;
use crate::state::State;
use crate::ui::activity::attention::attention_ui;
use crate::ui::activity::batches::batches_ui;
use crate::ui::activity::row::{Ticking, entry_ui};
use crate::ui::activity::wording::still_open_opposites;

/// Ended entries drawn; older ones are in the journal.
const MAX_ENDED: usize = 60;
/// From this height on every part has its heading.
const ROOMY: f32 = 170.0;

/// Draws the activity list.
pub fn activity_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    if cx.state.entries.is_empty() {
        section_ui(ui, "Activity");
        EmptyState {
            headline: "Nothing ordered yet",
            how: "What you order is listed here until its real end",
            action: None,
        }
        .show_ui(ui);
        return;
    }
    let tokens = ui.tokens();
    let spacing = ui.spacing_mut();
    spacing.item_spacing.y = tokens.space.xs;
    spacing.interact_size.y = tokens.height.target;
    // Where room is short, the heading of what needs attention stands for both.
    let room = ui.available_height();
    let is_headed = cx.state.entries.attention_count() == 0 || room >= ROOMY;
    // Over the rows, so that neither is ever scrolled away; a row of the others stays in sight too.
    let line = tokens.height.row + tokens.space.xs;
    let others = if is_headed { 2.0 * line } else { line };
    let ours = (room - others - line - tokens.space.s).max(line);
    let mut ticks = attention_ui(ui, cx, ours) == Ticking::Yes;
    ticks |= batches_ui(ui, cx, if room >= ROOMY { 3 } else { 1 });
    if is_headed {
        section_ui(ui, "Activity");
    }
    let (rows, older) = in_order(cx.state);
    ScrollArea::vertical()
        .id_salt("activity")
        .auto_shrink([false, false])
        .show(ui, |ui| {
            for entry in rows {
                ticks |= entry_ui(ui, cx, entry, false) == Ticking::Yes;
            }
            if older > 0 {
                let text = format!("{older} older entries are in the journal");
                let text = RichText::new(text).text_style(TextStyle::Small);
                ui.add(Label::new(text.color(tokens.text_weak)).wrap());
            }
        });
    if ticks {
        ui.ctx().request_repaint_after(Duration::from_secs(1));
    }
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
