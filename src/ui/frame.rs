//! The window: what stands where.

use std::time::Duration;

use egui::{CentralPanel, Frame, Id, Key, Modifiers, Panel, RichText, ScrollArea, Ui};

use super::theme::{Role, TokensExt as _, text};
use super::views::Screen;
use super::widgets::{ActionButton, Icon, copy_button_ui, icon, raised_frame};
use super::{
    Cx, account, activity, contained, draft_form, machine_detail, machines, session_banner,
    settings, sign_in, strip,
};
use crate::explain::{Explanation, NextStep};
use crate::model::SessionStatus;

/// From this width on the device panel stands beside the table, below it over the table.
const WIDE: f32 = 1100.0;
const PANEL_MIN_WIDTH: f32 = 420.0;
const ACTIVITY_HEIGHT: f32 = 200.0;
/// Three rows under a heading of the list of activities.
const ACTIVITY_MIN_HEIGHT: f32 = 130.0;

/// Shows the whole window.
pub fn frame_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    strip_ui(ui, cx);
    banners_ui(ui, cx);
    match cx.state.session {
        SessionStatus::SignedIn { .. }
        | SessionStatus::NeedsSignIn { .. }
        | SessionStatus::Renewing { .. }
        | SessionStatus::NotRenewed { .. } => console_ui(ui, cx),
        SessionStatus::SignedOut
        | SessionStatus::Restoring
        | SessionStatus::AskingForCode
        | SessionStatus::WaitingForPerson(_)
        | SessionStatus::InBrowser(_)
        | SessionStatus::Stranger { .. } => {
            CentralPanel::default().show(ui, |ui| sign_in::sign_in_ui(ui, cx));
        }
    }
    draft_form::dialog_ui(ui, cx);
}

/// Shows which mode, where and who: over everything, at all times.
pub fn strip_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let height = ui.tokens().height.strip;
    Panel::top("strip")
        .exact_size(height)
        .frame(Frame::NONE)
        .show_separator_line(false)
        .show(ui, |ui| strip::mode_strip_ui(ui, cx));
}

fn console_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    // Ages stand on every screen, to the minute.
    ui.ctx().request_repaint_after(Duration::from_mins(1));
    let height = ui.available_height();
    // With nothing in it the list of activities is a line, and leaves its room to the devices.
    let empty = cx.state.entries.is_empty();
    let kept = cx.views.layout.activity_height;
    let activity = Panel::bottom(if empty { "no activity" } else { "activity" })
        .resizable(!empty)
        .default_size(if empty {
            88.0
        } else {
            kept.unwrap_or(activity_height(height))
        })
        .size_range(56.0..=(height * 0.6).max(57.0))
        .show(ui, |ui| {
            activity::activity_ui(ui, cx);
        });
    if !empty {
        let height = activity.response.rect.height();
        let kept = &mut cx.views.layout.activity_height;
        keep_size(ui, "activity height", height, kept);
    }
    let width = ui.available_width();
    if width >= WIDE {
        let kept = cx.views.layout.panel_width;
        let panel = Panel::right("device")
            .resizable(true)
            .default_size(kept.unwrap_or((width * 0.4).max(PANEL_MIN_WIDTH)))
            .size_range(PANEL_MIN_WIDTH..=(width * 0.7))
            .show(ui, |ui| machine_detail::machine_detail_ui(ui, cx));
        let width = panel.response.rect.width();
        keep_size(ui, "panel width", width, &mut cx.views.layout.panel_width);
        CentralPanel::default().show(ui, |ui| screen_ui(ui, cx));
        return;
    }
    if cx.views.focus_search {
        // The search field is on the list.
        show_list(cx);
    }
    if is_panel_over(cx) {
        CentralPanel::default().show(ui, |ui| {
            if ui
                .add(ActionButton::new("Back to the list").icon(Icon::Undo))
                .clicked()
            {
                show_list(cx);
            }
            machine_detail::machine_detail_ui(ui, cx);
            machines::mind_rest(ui, cx);
        });
    } else {
        CentralPanel::default().show(ui, |ui| screen_ui(ui, cx));
    }
}

/// How high the list of activities is in this height, unless a person has made it otherwise.
pub fn activity_height(height: f32) -> f32 {
    (height * 0.3).clamp(ACTIVITY_MIN_HEIGHT, ACTIVITY_HEIGHT)
}

/// Remembers a size that the pointer has changed; what the window's own size makes of it passes.
fn keep_size(ui: &Ui, part: &str, size: f32, kept: &mut Option<f32>) {
    let id = Id::unique(part);
    let before = ui.data_mut(|data| std::mem::replace(data.get_temp_mut_or(id, size), size));
    if ui.input(|input| input.pointer.any_down()) && (before - size).abs() > 0.5 {
        *kept = Some(size);
    }
}

fn screen_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    if cx.views.focus_search {
        // The search field is on the list.
        cx.views.screen = Screen::Devices;
    }
    let is_typing = ui.ctx().text_edit_focused() || cx.views.dialog.is_some();
    let may_leave = cx.views.screen != Screen::Devices && !is_typing;
    if may_leave && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
        cx.views.screen = Screen::Devices;
    }
    match cx.views.screen {
        Screen::Devices => machines::machines_ui(ui, cx),
        Screen::Contained => {
            contained::contained_ui(ui, cx);
            machines::mind_rest(ui, cx);
        }
        Screen::Settings => {
            settings::settings_ui(ui, cx);
            machines::mind_rest(ui, cx);
        }
    }
}

/// In a narrow window the panel covers the list, unless the list is being walked.
fn is_panel_over(cx: &Cx<'_>) -> bool {
    let Some(selected) = &cx.views.selected else {
        return false;
    };
    cx.views.walked_to.as_ref() != Some(&selected.id)
}

/// Takes the panel off the list; the selection stays.
fn show_list(cx: &mut Cx<'_>) {
    cx.views.walked_to = cx.views.selected.as_ref().map(|machine| machine.id.clone());
    cx.views.scroll_to_selection = true;
}

/// What concerns the whole console, newest problem only.
fn banners_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    if let Some(Err(journal)) = &state.journal {
        banner_ui(
            ui,
            "journal",
            Role::Danger,
            journal,
            "Looking still works",
            &[],
        );
    }
    session_banner::session_banner_ui(ui, cx);
    if let Some(clock) = &state.clock
        && cx.views.clock_read.as_ref() != Some(&clock.headline)
        && banner_ui(ui, "clock", Role::Caution, clock, "", &[])
    {
        cx.views.clock_read = Some(clock.headline.clone());
    }
    account::welcome_ui(ui, cx);
    let fresh = state.problems_raised - cx.views.problems_dismissed;
    let first = state.problems.len().saturating_sub(fresh);
    if let Some((newest, older)) = state.problems[first..].split_last()
        && banner_ui(
            ui,
            "problem",
            Role::Caution,
            newest,
            newest.effect.words(),
            older,
        )
    {
        cx.views.problems_dismissed = state.problems_raised;
    }
}

/// Whether the banner was put away; one that blocks everything cannot be.
fn banner_ui(
    ui: &mut Ui,
    id: &str,
    role: Role,
    explanation: &Explanation,
    effect: &str,
    older: &[Explanation],
) -> bool {
    let tokens = ui.tokens();
    let colour = tokens.colour(role);
    let shape = if role == Role::Danger {
        Icon::Block
    } else {
        Icon::Warning
    };
    // One that is long must not push the list out of a small window.
    let max_height = ui.available_height() / 4.0;
    let mut dismissed = false;
    Panel::top(id).frame(raised_frame(ui)).show(ui, |ui| {
        ScrollArea::vertical()
            .id_salt(id)
            .max_height(max_height)
            .auto_shrink([false, true])
            .show(ui, |ui| {
                ui.horizontal_wrapped(|ui| {
                    icon(ui, shape, colour);
                    let headline = RichText::new(&explanation.headline).text_style(text::strong());
                    ui.label(headline.color(colour));
                    ui.label(effect);
                    if explanation.next != NextStep::None {
                        ui.label(explanation.next.words());
                    }
                    if !explanation.details.is_empty() {
                        copy_button_ui(ui, "details", &explanation.details.join("\n"));
                    }
                    if !older.is_empty() {
                        let all: Vec<_> = older.iter().rev().map(|o| o.headline.as_str()).collect();
                        let more = RichText::new(format!("{} more", older.len()));
                        let response = ui.label(more.color(tokens.text_weak));
                        let all = all.join("\n");
                        ui.ctx().accesskit_node_builder(response.id, |node| {
                            node.set_description(&*all);
                        });
                        response.on_hover_text(all);
                    }
                    if role != Role::Danger {
                        dismissed = ui.add(ActionButton::quiet("Dismiss")).clicked();
                    }
                });
            });
    });
    dismissed
}

#[cfg(test)]
mod tests;
