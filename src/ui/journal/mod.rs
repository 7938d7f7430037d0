//! The journal: this console's orders and their outcomes, searchable, verifiable and exportable. Read-only.

mod filters;
mod list;
mod records;
mod view;
mod work;

pub use filters::search_id;
pub use view::JournalView;
pub use work::{advance_export, close_export, contained_by_others, hand_over, take_copy};

use egui::{ScrollArea, Ui};

use super::Cx;
use super::commands::UiCommand;
use super::theme::TokensExt as _;
use super::views::Screen;
use super::widgets::{UiExt as _, back_ui, empty_state_ui, section_ui};

/// Minimum height for a fixed head; in less, it scrolls with the rows.
const LOW: f32 = 420.0;

/// Shows the journal in place of the table.
pub fn journal_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    let view = &mut cx.views.journal;
    view.rows.advance(state, &view.query);
    if !view.rows.is_up_to_date(state) {
        ui.ctx().request_repaint();
    }
    if state.entries.is_empty() {
        head_ui(ui, cx);
        let how = "Every order that you confirm is written here before it is sent, and so is what became of it";
        empty_state_ui(ui, "The journal is empty", how);
    } else if ui.available_height() < LOW {
        list::list_ui(ui, cx, |ui, cx| {
            // Keeps the first button's focus ring from being cut.
            ui.add_space(ui.tokens().space.xs);
            head_ui(ui, cx);
        });
    } else {
        head_ui(ui, cx);
        list::list_ui(ui, cx, |_, _| {});
    }
}

fn head_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    ui.horizontal_wrapped(|ui| {
        if back_ui(ui) {
            cx.views.screen = Screen::Devices;
        }
        for command in [UiCommand::CopyHandOver, UiCommand::VerifyJournal] {
            cx.command_ui(ui, command);
        }
        work::export_button_ui(ui, cx);
    });
    section_ui(ui, "Journal");
    work_ui(ui, cx);
    filters::filters_ui(ui, cx);
    count_ui(ui, cx);
}

/// Shows the controls and messages of verifying and exporting in reserved room, so that what is below stays
/// under the pointer. In a low window, where all of it scrolls, they take only what they need.
fn work_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let both = |ui: &mut Ui, cx: &mut Cx<'_>| {
        work::export_ui(ui, cx);
        work::results_ui(ui, cx);
    };
    if ui.ctx().content_rect().height() < LOW {
        both(ui, cx);
        return;
    }
    let tokens = ui.tokens();
    let height = tokens.height.control + tokens.height.target + tokens.space.s;
    ScrollArea::vertical()
        .id_salt("journal work")
        .max_height(height)
        .min_scrolled_height(height)
        .auto_shrink(false)
        .show(ui, |ui| both(ui, cx));
}

/// Shows the count, always on its own line.
fn count_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let view = &cx.views.journal;
    let (found, all) = (view.rows.len(), cx.state.entries.len());
    let looking = if view.rows.is_up_to_date(cx.state) {
        ""
    } else {
        ", still looking…"
    };
    let entries = if all == 1 { "entry" } else { "entries" };
    let words = if view.query.is_empty() {
        format!("{all} {entries}, the newest first{looking}")
    } else {
        format!("{found} of {all} {entries}, the newest first{looking}")
    };
    ui.weak_label(words);
}
