//! The device screen: search, notes about the list, and the table.

use std::time::Duration;

use egui::{Event, Id, Key, Modifiers, Response, RichText, Ui};

use crate::message::Command;
use crate::state::Remote;
use crate::ui::Cx;
use crate::ui::commands::UiCommand;
use crate::ui::device::parts;
use crate::ui::devices::bulk_selection::{bulk_ui, reserve_bulk};
use crate::ui::devices::columns::columns_ui;
use crate::ui::devices::coverage::{Coverage, coverage};
use crate::ui::devices::quick_filters::{quick_words, without_quick_words};
use crate::ui::devices::suggestion_list::offers_ui;
use crate::ui::devices::table::{Clicked, is_pointed_at, table_ui};
use crate::ui::devices::{asked, empty, list_notes};
use crate::ui::theme::TokensExt as _;
use crate::ui::views::Dwell;
use crate::ui::widgets::{
    ActionButton, Dialog, Icon, TextField, TipExt as _, UiExt as _, select_all,
};
use crate::ui::words::{ago, both_times};

/// Dwell time of a selection before its facts are read.
const DWELL_SECS: f64 = 0.4;
/// Number of rows that Page Up and Page Down move by.
const PAGE: usize = 10;

/// Shows the devices.
pub fn machines_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let table_id = Id::unique("devices table");
    // Keeps the row under the pointer in place: the next click is meant for it.
    refresh_rows(cx, is_pointed_at(ui, table_id));
    let bar = reserve_bulk(ui);
    let hands_over = search_ui(ui, table_id, cx);
    asked::follow(ui, cx);
    list_notes::notes_ui(ui, cx);
    if cx.views.rows.is_empty() {
        Dialog::set_focus_home(ui.ctx(), search_id());
        empty::empty_ui(ui, cx);
    } else {
        Dialog::set_focus_home(ui.ctx(), table_id);
        // The other keys of that frame were typed into the search.
        if !hands_over {
            walk(ui, table_id, cx);
        }
        for clicked in table_ui(ui, table_id, cx) {
            match clicked {
                Clicked::Row(row) => cx.views.show_row(cx.state, row),
                Clicked::Toggle(row) => toggle_bulk(ui, cx, row),
            }
        }
    }
    bulk_ui(ui, bar, cx);
}

/// Sorts and filters again after changes; with `holds_order`, a changed state moves no row.
fn refresh_rows(cx: &mut Cx<'_>, holds_order: bool) {
    let (state, views) = (cx.state, &mut *cx.views);
    let (search, sort) = (&views.search, views.layout.sort);
    let is_new_search = views.rows.refresh_holding(state, search, sort, holds_order);
    // A key must act only on a device that matches this search; among several, none is preselected. A quick
    // filter does not search for another device.
    let is_shown = |id: &_| views.rows.row_of(state, id).is_some();
    let named = without_quick_words(&views.search);
    let is_same = named == without_quick_words(&views.searched);
    let is_meant = named.is_empty() || is_same || views.rows.len() == 1;
    if is_new_search {
        views.searched.clone_from(&views.search);
    }
    if is_new_search
        && views
            .selected
            .as_ref()
            .is_some_and(|s| !is_meant || !is_shown(&s.id))
    {
        views.selected = None;
    }
}

fn search_id() -> Id {
    Id::unique("search devices")
}

/// Shows the search field with its neighbours; returns whether it hands the focus to the table.
fn search_ui(ui: &mut Ui, table_id: Id, cx: &mut Cx<'_>) -> bool {
    let search_id = search_id();
    let is_called = std::mem::take(&mut cx.views.focus_search);
    if is_called {
        // Before the field is drawn: text typed in this frame goes into it, and replaces its text.
        ui.memory_mut(|memory| memory.request_focus(search_id));
        select_all(ui, search_id, &cx.views.search);
    }
    let is_typing = ui.memory(|memory| memory.has_focus(search_id));
    let enter_chooses = is_typing && cx.views.completion.take_keys(ui);
    let goes_down =
        is_typing && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::ArrowDown));
    let hands_over = ui.horizontal(|ui| {
        let field = field_ui(ui, search_id, is_called, cx);
        if offers_ui(ui, &field, enter_chooses, cx) {
            refresh_rows(cx, false);
        }
        let hands_over = follow_keys(ui, &field, goes_down, cx);
        if hands_over {
            ui.memory_mut(|memory| memory.request_focus(table_id));
        }
        ui.horizontal_wrapped(|ui| list_facts_ui(ui, cx));
        hands_over
    });
    ui.add_space(ui.tokens().space.xs);
    hands_over.inner
}

fn field_ui(ui: &mut Ui, search_id: Id, is_called: bool, cx: &mut Cx<'_>) -> Response {
    // Approximate width of the widgets beside the field.
    let width = (ui.available_width() - 560.0).max(180.0);
    let trouble = asked::trouble(cx);
    let before = cx.views.search.clone();
    let response = TextField::new("Search devices", &mut cx.views.search)
        .label_unseen()
        .hint("Name, id, IP, user, tag… ( / )")
        .width(width)
        .error(trouble.as_deref())
        .id(search_id)
        .show_ui(ui);
    if response.has_focus() && cx.views.search_entered.is_none() {
        let is_by_hand = |input: &egui::InputState| {
            let pointer = &input.pointer;
            pointer.any_down() || pointer.any_released() || input.key_pressed(Key::Tab)
        };
        cx.views.search_entered = Some(is_called || ui.input(is_by_hand));
    }
    if response.gained_focus() {
        // Also when a dialog returns the focus: the next text starts a new search.
        select_all(ui, search_id, &cx.views.search);
    }
    // The shortcut of this field, typed into it.
    if let Some(dwell) = cx.views.search.strip_prefix('/') {
        cx.views.search = if dwell.is_empty() {
            before
        } else {
            String::from(dwell)
        };
        select_all(ui, search_id, &cx.views.search);
    }
    if response.changed() {
        cx.views.search_entered = Some(true);
        // At once: the next key may act on the selection.
        refresh_rows(cx, false);
    }
    response
}

/// Handles Escape, which clears the typed text but not the quick filters, and Enter and Arrow Down, which
/// move to the matching devices. Returns whether to move there.
fn follow_keys(ui: &Ui, field: &Response, goes_down: bool, cx: &mut Cx<'_>) -> bool {
    let (enter, escape) = ui.input(|i| (i.key_pressed(Key::Enter), i.key_pressed(Key::Escape)));
    // An Escape that closed something else clears nothing.
    if field.lost_focus()
        && escape
        && cx.views.search_entered == Some(true)
        && !without_quick_words(&cx.views.search).is_empty()
    {
        cx.views.search = quick_words(&cx.views.search);
        field.request_focus();
    }
    if !field.has_focus() {
        cx.views.search_entered = None;
    }
    let is_entered = field.lost_focus() && enter;
    if is_entered {
        // Includes text typed in this frame.
        refresh_rows(cx, false);
    }
    if is_entered && cx.views.rows.is_empty() && asked::enter(cx) {
        field.request_focus();
        return false;
    }
    if goes_down || is_entered {
        refresh_rows(cx, false);
    }
    // Among several devices none is preselected: the arrow keys choose.
    if goes_down {
        cx.views.walk_to_row(cx.state, 0);
    } else if is_entered && cx.views.rows.len() == 1 {
        cx.views.show_row(cx.state, 0);
    }
    goes_down || is_entered
}

/// Shows facts about the list. The buttons come first, as the notes grow and shrink.
fn list_facts_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    cx.command_ui(ui, UiCommand::ShowContained);
    columns_ui(ui, cx.views);
    let inventory = &cx.state.inventory;
    if inventory.loading {
        let stop = ActionButton::new("Stop")
            .icon(Icon::Close)
            .name("Stop loading")
            .key("reading")
            .hint("Stops reading and keeps what has been read");
        if ui.add(stop).clicked() {
            cx.out.work.push(Command::StopRefresh);
        }
    } else {
        refresh_ui(ui, cx);
    }
    let tokens = ui.tokens();
    let weak = |text: String| RichText::new(text).color(tokens.text_weak);
    // An unread list is not an empty one.
    let coverage = coverage(cx.state);
    if !inventory.all().is_empty() || matches!(coverage, Coverage::Whole(_)) {
        let words = coverage.count_words(cx.views.rows.len(), inventory.all().len());
        ui.label(weak(words)).tip(coverage.words(cx.now));
    }
    if inventory.loading {
        // Replaces the age, so that the row does not wrap meanwhile.
        ui.label(weak("Loading…".to_owned()));
    } else if let Some(at) = inventory.read_at.or(inventory.kept_at) {
        let age = cx.now.duration_since(at).as_secs();
        ui.label(weak(ago(at, cx.now))).tip(format!(
            "The list was read\n{}",
            both_times(at, &cx.state.zone)
        ));
        // When the words change next, and no sooner.
        let unit = if age < 3600 { 60 } else { 3600 };
        let wait = unit - age.max(0) % unit;
        ui.ctx()
            .request_repaint_after(Duration::from_secs(wait.unsigned_abs()));
    }
}

fn refresh_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let spec = UiCommand::Refresh.spec();
    let button = ActionButton::new(spec.title)
        .icon(Icon::Refresh)
        .key("reading")
        .hint(spec.help);
    cx.button_ui(ui, UiCommand::Refresh, button);
}

/// Moves the selection by keys while the table has the focus.
fn walk(ui: &Ui, table_id: Id, cx: &mut Cx<'_>) {
    if !ui.memory(|memory| memory.has_focus(table_id)) {
        return;
    }
    let filter = egui::EventFilter {
        vertical_arrows: true,
        // They scroll the columns.
        horizontal_arrows: true,
        ..egui::EventFilter::default()
    };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(table_id, filter));
    for key in take_walking_keys(ui) {
        walk_by(ui, key, cx);
    }
}

/// Takes the navigation keys in the order pressed: a slow frame may hold several.
fn take_walking_keys(ui: &Ui) -> Vec<Key> {
    const WALKING: [Key; 8] = [
        Key::ArrowDown,
        Key::ArrowUp,
        Key::PageDown,
        Key::PageUp,
        Key::Home,
        Key::End,
        Key::Enter,
        Key::Space,
    ];
    let mut taken = Vec::new();
    ui.input_mut(|input| {
        input.events.retain(|event| {
            let Event::Key {
                key,
                pressed: true,
                modifiers: Modifiers::NONE,
                repeat,
                ..
            } = event
            else {
                return true;
            };
            let walks = WALKING.contains(key);
            // A held arrow key repeats; held Space and Enter do not.
            let is_held = *repeat && matches!(key, Key::Space | Key::Enter);
            taken.extend((walks && !is_held).then_some(*key));
            !walks
        });
    });
    taken
}

fn walk_by(ui: &Ui, key: Key, cx: &mut Cx<'_>) {
    let rows = &cx.views.rows;
    let Some(last) = rows.len().checked_sub(1) else {
        return;
    };
    let selected = cx.views.selected.as_ref();
    let at = selected.and_then(|selected| rows.row_of(cx.state, &selected.id));
    let to = match (key, at) {
        (Key::Enter, _) => {
            cx.views.walked_to = None;
            return;
        }
        (Key::Space, Some(at)) => return toggle_bulk(ui, cx, at),
        (Key::Space, None) => return,
        (Key::End, _) | (Key::ArrowUp, None) => last,
        (Key::ArrowDown, Some(at)) => at + 1,
        (Key::ArrowUp, Some(at)) => at.saturating_sub(1),
        (Key::PageDown, Some(at)) => at + PAGE,
        (Key::PageUp, Some(at)) => at.saturating_sub(PAGE),
        (_, _) => 0,
    };
    cx.views.walk_to_row(cx.state, to.min(last));
}

/// Ticks the device of a row for a batch, or unticks it.
fn toggle_bulk(ui: &Ui, cx: &mut Cx<'_>, row: usize) {
    cx.views.bulk_changed_at = ui.input(|input| input.time);
    let Some(machine) = cx.views.rows.machine(cx.state, row) else {
        return;
    };
    let selection = &mut cx.views.bulk_selection;
    match selection.iter().position(|known| known.id == machine.id) {
        Some(known) => {
            selection.remove(known);
        }
        None => selection.push(machine.reference()),
    }
}

/// Loads the facts of a device after its dwell time.
pub fn load_after_dwell(ui: &Ui, cx: &mut Cx<'_>) {
    let Some(selected) = &cx.views.selected else {
        cx.views.dwell = None;
        return;
    };
    let time = ui.input(|input| input.time);
    let dwell = match &mut cx.views.dwell {
        Some(dwell) if dwell.id == selected.id => dwell,
        dwell => dwell.insert(Dwell {
            id: selected.id.clone(),
            since: time,
            asked: false,
        }),
    };
    if dwell.asked || !cx.state.session.is_signed_in() {
        return;
    }
    let left_secs = dwell.since + DWELL_SECS - time;
    if left_secs > 0.0 {
        ui.repaint_in(left_secs);
        return;
    }
    dwell.asked = true;
    let machine = cx.state.machines.get(&dwell.id).and_then(Remote::read_at);
    let history = cx.state.histories.get(&dwell.id).and_then(Remote::read_at);
    let mut read_at = [machine, history].into_iter();
    if !read_at.all(|at| parts::is_fresh(at, cx.now)) {
        cx.out.work.push(Command::LoadMachine(dwell.id.clone()));
    }
    let id = dwell.id.clone();
    parts::load_stale(cx, &id);
}
