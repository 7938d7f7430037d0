//! What this console ordered, what is in flight, and how it ended.

use std::time::Duration;

use egui::{RichText, ScrollArea, TextStyle, Ui};

use super::Cx;
use super::activity_row::{Ticking, entry_ui};
use super::batch_progress::batches_ui;
use super::theme::TokensExt as _;
use super::widgets::{EmptyState, section_ui};
use crate::journal::{Entry, Record};

/// Ended entries drawn; older ones are in the journal.
const MAX_ENDED: usize = 60;

/// Draws the activity list.
pub fn activity_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    section_ui(ui, "Activity");
    if cx.state.entries.is_empty() {
        EmptyState {
            headline: "Nothing ordered yet",
            how: "What you order is listed here until its real end",
            action: None,
        }
        .show_ui(ui);
        return;
    }
    let state = cx.state;
    let (rows, older) = in_order(&state.entries);
    // Over the rows, so that it is never scrolled away.
    let mut ticks = batches_ui(ui, cx);
    ScrollArea::vertical()
        .id_salt("activity")
        .auto_shrink([false, false])
        .show(ui, |ui| {
            for entry in rows {
                ticks |= entry_ui(ui, cx, entry) == Ticking::Yes;
            }
            if older > 0 {
                let weak = ui.tokens().text_weak;
                let text = format!("{older} older entries are in the journal");
                ui.label(RichText::new(text).text_style(TextStyle::Small).color(weak));
            }
        });
    if ticks {
        ui.ctx().request_repaint_after(Duration::from_secs(1));
    }
}

/// Open entries first, then those that ended, each newest first; and how many are left out.
fn in_order(entries: &[Entry]) -> (Vec<&Entry>, usize) {
    let (open, ended): (Vec<_>, Vec<_>) = entries.iter().rev().partition(|entry| is_open(entry));
    let older = ended.len().saturating_sub(MAX_ENDED);
    (
        open.into_iter()
            .chain(ended.into_iter().take(MAX_ENDED))
            .collect(),
        older,
    )
}

/// Told by the last record where that suffices: a long journal is walked in each frame.
fn is_open(entry: &Entry) -> bool {
    match entry.records().last() {
        Some((
            _,
            Record::NotSent { .. }
            | Record::SomeoneElses { .. }
            | Record::Refused { .. }
            | Record::NotFound,
        )) => false,
        Some((_, Record::Finished { status, .. })) if status.is_final() => false,
        Some(_) | None => !entry.standing().is_end(),
    }
}

#[cfg(test)]
mod tests;
