//! Notes above the rows: why the device list may be incomplete or old.

use egui::{Align, Layout, Popup, RichText, Ui, vec2};
use jiff::tz::TimeZone;

use crate::explain::{Explanation, NextStep};
use crate::model::PageDelay;
use crate::state::State;
use crate::ui::Cx;
use crate::ui::commands::UiCommand;
use crate::ui::devices::asked;
use crate::ui::devices::coverage::missing_words;
use crate::ui::devices::quick_filters::quick_filters_ui;
use crate::ui::look::{self, Look};
use crate::ui::theme::{Role, TokensExt as _};
use crate::ui::widgets::{ActionButton, Icon, UiExt as _, badge, icon};
use crate::ui::words::{ago, bytes, counted, local_time};

/// Width reserved for a note beside the quick filters, in points; a failure has buttons too.
const NOTE_WIDTH: f32 = 320.0;
const FAILURE_WIDTH: f32 = 520.0;

/// Shows the quick filters, the notes, and the direct query. The line is always there: no row moves under
/// the pointer because a reading has failed or ended. Without rows, the notes take their place.
pub fn notes_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let notes = notes(cx);
    let failure = cx.state.inventory.failure.as_ref();
    // A banner says that the sign-in has ended.
    let is_said = !cx.state.session.is_signed_in();
    let failure = failure.filter(|failure| !(is_said && failure.next == NextStep::SignIn));
    if !cx.state.inventory.all().is_empty() {
        line_ui(ui, cx, &notes, failure);
        return;
    }
    line_ui(ui, cx, &[], None);
    for note in notes {
        note.badge_ui(ui);
    }
    if let Some(failure) = failure
        && look::failure_ui(ui, failure, Role::Caution, Some("Read the list again"))
    {
        cx.out.commands.push(UiCommand::Refresh);
    }
}

/// All notes except the failure, the most serious first.
fn notes(cx: &Cx<'_>) -> Vec<Look> {
    let inventory = &cx.state.inventory;
    let incomplete = inventory.incomplete.as_ref();
    let incomplete =
        incomplete.map(|why| Look::warning(format!("The list is not complete: {why}")));
    let missing = match inventory.missing_count() {
        0 => None,
        count => Some(format!(
            "{}: Defender may have left some out; search for one by its whole name to ask for it",
            missing_words(count)
        )),
    };
    let missing = missing.map(Look::warning);
    let unreadable = (inventory.unreadable > 0).then(|| {
        let entries = counted(inventory.unreadable, "entry", "entries");
        Look::warning(format!("{entries} could not be read"))
    });
    let states = states_words(cx.state).map(Look::warning);
    let kept = inventory.kept_at.map(|at| {
        let read = ago(at, cx.now);
        let words = format!(
            "This list is from an earlier run, read {read}; each device is read again before an order is sent"
        );
        Look::new(Icon::Unknown, Role::Stale, words)
    });
    let slow = inventory.slow.filter(|_| inventory.loading);
    let slow = slow.map(|delay| {
        let words = delay_words(delay, inventory.all().len(), &cx.state.zone);
        Look::new(Icon::Waiting, Role::Caution, words)
    });
    [slow, incomplete, missing, unreadable, states, kept]
        .into_iter()
        .flatten()
        .collect()
}

/// Note on gaps in the state column.
fn states_words(state: &State) -> Option<String> {
    if let Some(failure) = &state.recent_actions.failure {
        return Some(format!(
            "The state column may be out of date: {}",
            failure.headline
        ));
    }
    state.is_action_history_cut().then(|| {
        "The state column may be incomplete: part of the action history is missing or unreadable; select a device to read all of its own".to_owned()
    })
}

fn delay_words(delay: PageDelay, shown: usize, zone: &TimeZone) -> String {
    match delay {
        PageDelay::SlowLine { bytes: received } => format!(
            "The connection is slow: {} of the next devices received, {shown} are shown",
            bytes(received)
        ),
        PageDelay::Paused { until } => format!(
            "Defender asked for a pause until {}; the next devices will follow, {shown} are shown",
            local_time(until, zone)
        ),
        PageDelay::AwaitingTurn => format!(
            "cordon waits so that Defender's call limit is not used up; the next devices will follow, {shown} are shown"
        ),
    }
}

/// Shows the quick filters with the most serious note beside them, and a button for all notes in full.
fn line_ui(ui: &mut Ui, cx: &mut Cx<'_>, notes: &[Look], failure: Option<&Explanation>) {
    let size = vec2(ui.available_width(), ui.tokens().height.control);
    let layout = Layout::left_to_right(Align::Center);
    ui.allocate_ui_with_layout(size, layout, |ui| {
        ui.set_min_size(size);
        let room = match (notes, failure) {
            (_, Some(_)) => FAILURE_WIDTH,
            ([], None) => 0.0,
            ([..], None) => NOTE_WIDTH,
        };
        quick_filters_ui(ui, cx, room);
        if notes.is_empty() && failure.is_none() {
            return;
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let count = notes.len() + usize::from(failure.is_some());
            if count > 1 || failure.is_some() {
                details_ui(ui, notes, failure);
            }
            if failure.is_some() {
                let again = ActionButton::quiet("Read the list again");
                cx.button_ui(ui, UiCommand::Refresh, again);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let inventory = &cx.state.inventory;
                let was_read = inventory.read_at.or(inventory.kept_at).is_some();
                words_ui(ui, notes, failure, was_read);
            });
        });
    });
    asked::line_ui(ui, cx);
}

/// Shows the most serious note in one line; `was_read` is whether the rows are a list, and not only answers
/// to direct queries.
fn words_ui(ui: &mut Ui, notes: &[Look], failure: Option<&Explanation>, was_read: bool) {
    let failed = failure.map(|failure| Look::warning(failure.headline.clone()));
    let all = failed.as_ref().into_iter().chain(notes);
    if let Some(note) = all.into_iter().next() {
        let colour = ui.tokens().colour(note.role);
        icon(ui, note.icon, colour);
        ui.truncated(RichText::new(&*note.word).color(colour));
    }
    if failure.is_some() && was_read {
        let weak = ui.tokens().text_weak;
        ui.truncated(RichText::new("The list below is the last one read").color(weak));
    }
}

fn details_ui(ui: &mut Ui, notes: &[Look], failure: Option<&Explanation>) {
    let button = ActionButton::quiet("Details").name("Details about the list");
    let button = ui.add(button);
    Popup::menu(&button)
        .accessible_name("Details about the list")
        .show(|ui| {
            ui.set_max_width(ui.tokens().dialog_width);
            if let Some(failure) = failure {
                badge(ui, Icon::Warning, Role::Caution, &failure.headline);
                ui.wrapped(failure.effect_and_next());
                look::copy_details_ui(ui, "details", failure);
            }
            for note in notes {
                note.badge_ui(ui);
            }
        });
}
