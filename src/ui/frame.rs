//! The layout of the window.

use std::time::Duration;

use egui::{Align, CentralPanel, Frame, Id, Key, Layout, Margin, Panel, Rect, Ui, UiBuilder};

use super::layout::{LOW, WIDE, is_console_open};
use super::theme::{TokensExt as _, text};
use super::views::Screen;
use super::widgets::{
    ActionButton, Dialog, Icon, Reserved, Split, copy_button_ui, elided_ui, keep_focus_in_view,
    keep_readable, reserve, select_all, splitter_ui, take_escape, text_width,
};
use super::{
    Cx, activity, contained, dialogs, dropped, incident, journal, notices, palette, settings,
    sign_in, strip,
};
use crate::model::MachineRef;
use crate::ui::device::panel;
use crate::ui::devices::screen;

const PANEL_MIN_WIDTH: f32 = 420.0;
const ACTIVITY_HEIGHT: f32 = 360.0;
/// Minimum window height for the taller activity list.
const HIGH: f32 = 640.0;
/// Three rows under a heading of the activity list.
const ACTIVITY_MIN_HEIGHT: f32 = 130.0;
/// Room for one attention heading and its row, however short the list.
pub const ACTIVITY_CALM_HEIGHT: f32 = 184.0;
/// One activity row with the margin above; the line for passing notices is below it.
const ACTIVITY_LINE_HEIGHT: f32 = 36.0;

/// Shows the whole window. The focus order is list, panel, activity, strip.
pub fn frame_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    palette::run_chosen(ui, cx);
    journal::take_copy(ui, cx);
    cx.views.shown = None;
    let strip = reserve_strip(ui);
    let passing = reserve_passing(ui);
    notices::notices_ui(ui, cx);
    if is_console_open(cx.state) {
        console_ui(ui, cx);
    } else {
        CentralPanel::default().show(ui, |ui| sign_in::sign_in_ui(ui, cx));
    }
    part_ui(ui, "passing part", passing, |ui| {
        notices::passing_ui(ui, cx);
    });
    part_ui(ui, "strip part", strip, |ui| strip::mode_strip_ui(ui, cx));
    dropped::open_dropped(ui, cx);
    dialogs::dialog_ui(ui, cx);
    journal::advance_export(ui, cx);
    keep_keyboard(ui, cx);
}

/// Returns the focus to the list if Esc had nothing to close: egui clears the focus on Esc, and then no key
/// would work.
fn keep_keyboard(ui: &Ui, cx: &Cx<'_>) {
    let escapes = ui.input(|input| input.key_pressed(Key::Escape));
    let is_nowhere = ui.memory(|memory| memory.focused().is_none());
    let is_list = cx.views.screen == Screen::Devices && cx.views.dialog.is_none();
    if escapes
        && is_nowhere
        && is_list
        && let Some(home) = Dialog::focus_home(ui.ctx())
    {
        ui.memory_mut(|memory| memory.request_focus(home));
        ui.ctx().request_repaint();
    }
}

/// Shows mode, tenant and account, above everything and at all times.
pub fn strip_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let strip = reserve_strip(ui);
    part_ui(ui, "strip part", strip, |ui| strip::mode_strip_ui(ui, cx));
}

fn reserve_strip(ui: &mut Ui) -> Rect {
    keep_focus_in_view(ui.ctx());
    let strip = Panel::top("strip")
        .exact_size(ui.tokens().height.strip)
        .frame(Frame::NONE)
        .show_separator_line(false);
    reserve(ui, strip).room
}

/// Reserves the line at the bottom, even if it is empty.
fn reserve_passing(ui: &mut Ui) -> Rect {
    let line = Panel::bottom("passing")
        .exact_size(notices::passing_height(ui))
        .frame(Frame::side_top_panel(ui.style()).inner_margin(Margin::ZERO))
        .show_separator_line(false);
    reserve(ui, line).room
}

/// Draws into reserved room, with ids that do not depend on what else is drawn.
fn part_ui(ui: &mut Ui, name: &str, room: Rect, add: impl FnOnce(&mut Ui)) {
    let builder = UiBuilder::new()
        .max_rect(room)
        .layout(Layout::top_down(Align::Min))
        .scope_id(Id::unique(name));
    let mut part = ui.new_child(builder);
    // Focus rings extend a little beyond their widgets.
    part.set_clip_rect(room.expand(4.0).intersect(ui.clip_rect()));
    add(&mut part);
}

fn console_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    // Every screen shows ages to the minute.
    ui.ctx().request_repaint_after(Duration::from_mins(1));
    let margin = if ui.available_height() < LOW { 4 } else { 8 };
    let frame = Frame::side_top_panel(ui.style()).inner_margin(Margin::same(margin));
    let height = if cx.state.entries.is_empty() {
        ACTIVITY_LINE_HEIGHT
    } else {
        let kept = cx.views.layout.activity_height;
        let room = ui.available_height();
        shown_activity_height(
            room,
            kept.unwrap_or_else(|| followed_height(ui, margin.into())),
        )
    };
    let activity = Panel::bottom("activity")
        .exact_size(height)
        .show_separator_line(false)
        .frame(frame.inner_margin(Margin {
            bottom: 0,
            ..Margin::same(margin)
        }));
    let activity = reserve(ui, activity);
    let width = ui.available_width();
    let device = (width >= WIDE).then(|| {
        let kept = cx.views.layout.panel_width;
        let size = kept.unwrap_or((width * 0.4).max(PANEL_MIN_WIDTH));
        let device = Panel::right("device")
            .exact_size(size.clamp(PANEL_MIN_WIDTH, width * 0.7))
            .show_separator_line(false)
            .frame(frame);
        reserve(ui, device)
    });
    let centre = Frame::central_panel(ui.style()).inner_margin(Margin::same(margin));
    CentralPanel::default()
        .frame(centre)
        .show(ui, |ui| main_ui(ui, cx, device.is_some()));
    if let Some(Reserved { whole, room }) = device {
        part_ui(ui, "device part", room, |ui| panel_ui(ui, cx, false));
        let id = Id::unique("width of the device panel");
        let name = "Width of the device panel";
        if let Some(x) = splitter_ui(ui, id, whole, Split::Upright, name) {
            cx.views.layout.panel_width = Some(whole.right() - x);
        }
    }
    part_ui(ui, "activity part", activity.room, |ui| {
        activity::activity_ui(ui, cx);
    });
    // An empty list gains nothing from more height.
    if !cx.state.entries.is_empty() {
        let id = Id::unique("height of the activity");
        let name = "Height of the activity";
        if let Some(y) = splitter_ui(ui, id, activity.whole, Split::Level, name) {
            cx.views.layout.activity_height = Some(activity.whole.bottom() - y);
        }
    }
}

/// Default maximum height of the activity list in a window of this height.
pub fn activity_height(height: f32) -> f32 {
    if height < LOW {
        ACTIVITY_LINE_HEIGHT
    } else {
        let share = if height < HIGH { 0.25 } else { 0.34 };
        (height * share).clamp(ACTIVITY_MIN_HEIGHT, ACTIVITY_HEIGHT)
    }
}

/// Automatic height of the activity list, and the window height it was computed for.
#[derive(Clone, Copy)]
struct LastHeight {
    height: f32,
    window: f32,
}

/// Automatic height of the activity list by its content, with a margin above. It changes only while the
/// pointer is over nothing that would move: the list, and the bottom of the parts above.
fn followed_height(ui: &Ui, margin: f32) -> f32 {
    let (id, room) = (
        Id::unique("followed activity"),
        ui.available_rect_before_wrap(),
    );
    let (window, max) = (
        ui.ctx().content_rect().height(),
        activity_height(room.height()),
    );
    let wanted = activity::content_height(ui) + margin;
    let wanted = wanted.clamp(ACTIVITY_CALM_HEIGHT.min(max), max);
    let before: Option<LastHeight> = ui.data(|data| data.get_temp(id));
    // A window of another height has moved everything already.
    let before = before.filter(|before| (before.window - window).abs() < 1.0);
    let height = before.map_or(wanted, |before| {
        let bar = ui.tokens().height.control + 4.0 * ui.tokens().space.s;
        let moves_from = room.bottom() - before.height.max(wanted) - bar;
        let is_at = ui.input(|input| {
            let pointer = &input.pointer;
            pointer.any_down() || pointer.latest_pos().is_some_and(|at| at.y >= moves_from)
        });
        if is_at { before.height } else { wanted }
    });
    ui.data_mut(|data| data.insert_temp(id, LastHeight { height, window }));
    height.min(max)
}

fn shown_activity_height(room: f32, height: f32) -> f32 {
    let max = (room * 0.6).max(ACTIVITY_LINE_HEIGHT);
    height.clamp(ACTIVITY_LINE_HEIGHT, max)
}

/// The list, or the page that replaces it; in a narrow window also the device panel over the list.
fn main_ui(ui: &mut Ui, cx: &mut Cx<'_>, is_wide: bool) {
    if cx.views.focus_search && !is_wide {
        // The search field is on the list.
        show_list(cx);
    }
    if is_wide || !is_panel_over(cx) {
        let page = Page::Screen(cx.views.screen);
        follow_page(ui, cx, page);
        screen_ui(ui, cx);
        return;
    }
    if cx.views.dialog.is_none() && take_escape(ui.ctx()) {
        show_list(cx);
    }
    follow_page(ui, cx, Page::Device);
    let goes_back = ui.horizontal(|ui| {
        let back = ui.add(ActionButton::new("Back to the list").icon(Icon::Undo));
        if let Some(machine) = &cx.views.selected {
            // Above the scrolled part: names the device that the facts and buttons belong to.
            name_ui(ui, machine);
        }
        back.clicked()
    });
    if goes_back.inner {
        show_list(cx);
    }
    panel_ui(ui, cx, true);
    screen::load_after_dwell(ui, cx);
}

/// Name of the device in the panel below, and its id to copy.
fn name_ui(ui: &mut Ui, machine: &MachineRef) {
    let (name, style) = (machine.quoted(), text::section());
    let button = ui.tokens().height.target + ui.spacing().item_spacing.x;
    let width = text_width(ui, &name, &style.resolve(ui.style()));
    let size = egui::vec2(
        width.ceil().min(ui.available_width() - button),
        ui.available_height(),
    );
    let line = Layout::left_to_right(Align::Center);
    let shown = ui.allocate_ui_with_layout(size, line, |ui| {
        elided_ui(ui, &name, style, ui.tokens().text)
    });
    keep_readable(ui.ctx(), shown.inner.rect);
    copy_button_ui(ui, "device id", machine.id.as_str());
}

fn panel_ui(ui: &mut Ui, cx: &mut Cx<'_>, is_named: bool) {
    panel::machine_detail_ui(ui, cx, is_named);
    cx.views.shown = cx.views.selected_id();
}

/// The middle of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    Screen(Screen),
    /// The device panel over the list.
    Device,
}

/// The focus before a page replaced the list.
#[derive(Debug, Clone, Copy)]
struct Opened {
    page: Page,
    opener: Option<Id>,
}

/// Moves the focus to a page that opens, and back to its opener when the list returns.
fn follow_page(ui: &Ui, cx: &Cx<'_>, page: Page) {
    const LIST: Page = Page::Screen(Screen::Devices);
    let id = Id::unique("page in the middle");
    let before = ui
        .data(|data| data.get_temp::<Opened>(id))
        .unwrap_or(Opened {
            page: LIST,
            opener: None,
        });
    // A dialog keeps the focus, whatever resizing the window shows behind it.
    if before.page == page || cx.views.dialog.is_some() {
        return;
    }
    let focused = ui.memory(egui::Memory::focused);
    let opener = if before.page == LIST {
        focused
    } else {
        before.opener
    };
    ui.data_mut(|data| data.insert_temp(id, Opened { page, opener }));
    if page == LIST {
        if !cx.views.focus_search {
            let back = opener.unwrap_or_else(|| Id::unique("devices table"));
            ui.memory_mut(|memory| memory.request_focus(back));
        }
        return;
    }
    // The field that the page was opened for, else its first widget.
    let field = match page {
        Page::Screen(Screen::Incident) => Some((incident::field_id(), &cx.views.incident.typed)),
        Page::Screen(Screen::Journal) => Some((journal::search_id(), &cx.views.journal.query.text)),
        Page::Screen(Screen::Devices | Screen::Contained | Screen::Settings) | Page::Device => None,
    };
    if let Some((field, text)) = field {
        // The next input replaces the text.
        select_all(ui, field, text);
    }
    ui.memory_mut(|memory| {
        if let Some(focused) = focused {
            memory.surrender_focus(focused);
        }
        match field {
            Some((field, _)) => memory.request_focus(field),
            None => memory.move_focus(egui::FocusDirection::Next),
        }
    });
}

fn screen_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    if cx.views.focus_search {
        // The search field is on the list.
        cx.views.screen = Screen::Devices;
    }
    let may_leave = cx.views.screen != Screen::Devices && cx.views.dialog.is_none();
    let is_journal = cx.views.screen == Screen::Journal;
    if may_leave && take_escape(ui.ctx()) {
        // A question on a page closes before the page does.
        let is_put_away = is_journal && journal::close_export(&mut cx.views.journal);
        if !is_put_away {
            cx.views.screen = Screen::Devices;
        }
    }
    match cx.views.screen {
        Screen::Devices => screen::machines_ui(ui, cx),
        Screen::Contained => contained::contained_ui(ui, cx),
        Screen::Journal => journal::journal_ui(ui, cx),
        Screen::Incident => incident::incident_ui(ui, cx),
        Screen::Settings => settings::settings_ui(ui, cx),
    }
    screen::load_after_dwell(ui, cx);
}

/// In a narrow window the panel covers the list, except while the arrow keys move through it.
fn is_panel_over(cx: &Cx<'_>) -> bool {
    let selected = cx.views.selected_id();
    selected.is_some() && selected != cx.views.walked_to
}

/// Closes the panel over the list; the selection stays.
fn show_list(cx: &mut Cx<'_>) {
    cx.views.walked_to = cx.views.selected_id();
    cx.views.scroll_to_selection = true;
}

#[cfg(test)]
mod tests;
