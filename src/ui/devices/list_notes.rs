//! Notes over the rows: why the list of devices may be incomplete or old.

use egui::{Align, Label, Layout, Popup, RichText, Ui, vec2};
use jiff::tz::TimeZone;

use crate::explain::{Explanation, NextStep};
use crate::model::PageDelay;
use crate::state::State;
use crate::ui::Cx;
use crate::ui::commands::UiCommand;
use crate::ui::devices::asked;
use crate::ui::devices::coverage::missing_words;
use crate::ui::devices::quick_filters::quick_filters_ui;
use crate::ui::theme::{Role, TokensExt as _};
use crate::ui::widgets::{
    ActionButton, ExplanationView, Icon, UiExt as _, badge, copy_button_ui, icon,
};
use crate::ui::words::{ago, local_time};

/// Room that a note keeps beside the quick filters, in points; a failure has buttons too.
const NOTE_WIDTH: f32 = 320.0;
const FAILURE_WIDTH: f32 = 520.0;

/// Something that is to be known about the list.
struct Note {
    icon: Icon,
    role: Role,
    words: String,
}

impl Note {
    fn warning(words: String) -> Self {
        Self {
            icon: Icon::Warning,
            role: Role::Caution,
            words,
        }
    }
}

/// Shows the quick filters, the notes, and what was asked of the service. It is a line that is always there:
/// no row moves under the pointer because a reading has failed or ended. Without rows what there is to say
/// stands in their place.
pub fn notes_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let notes = notes(cx);
    let failure = cx.state.inventory.failure.as_ref();
    // That the sign-in has ended stands in its banner.
    let is_said = !cx.state.session.is_signed_in();
    let failure = failure.filter(|failure| !(is_said && failure.next == NextStep::SignIn));
    if !cx.state.inventory.all().is_empty() {
        line_ui(ui, cx, &notes, failure);
        return;
    }
    line_ui(ui, cx, &[], None);
    for note in notes {
        badge(ui, note.icon, note.role, &note.words);
    }
    if let Some(failure) = failure {
        let clicked = ExplanationView {
            headline: &failure.headline,
            effect: &failure.effect_and_next(),
            role: Role::Caution,
            next_label: Some("Read the list again"),
            details: &failure.details,
        }
        .show_ui(ui);
        if clicked {
            cx.out.commands.push(UiCommand::Refresh);
        }
    }
}

/// All notes but the failure, the gravest first.
fn notes(cx: &Cx<'_>) -> Vec<Note> {
    let inventory = &cx.state.inventory;
    let incomplete = inventory.incomplete.as_ref();
    let incomplete =
        incomplete.map(|why| Note::warning(format!("The list is not complete: {why}")));
    let missing = match inventory.missing_count() {
        0 => None,
        count => Some(format!(
            "{}: Defender may have left some out; search for one by its whole name to ask for it",
            missing_words(count)
        )),
    };
    let missing = missing.map(Note::warning);
    let unreadable = match inventory.unreadable {
        0 => None,
        1 => Some("1 entry could not be read".to_owned()),
        n => Some(format!("{n} entries could not be read")),
    };
    let states = states_words(cx.state).map(Note::warning);
    let kept = inventory.kept_at.map(|at| Note {
        icon: Icon::Unknown,
        role: Role::Stale,
        words: format!(
            "This list is from an earlier run, read {}; each device is read again before an order is sent",
            ago(at, cx.now)
        ),
    });
    let unreadable = unreadable.map(Note::warning);
    let slow = inventory.slow.filter(|_| inventory.loading);
    let slow = slow.map(|delay| Note {
        icon: Icon::Waiting,
        role: Role::Caution,
        words: delay_words(delay, inventory.all().len(), cx.zone),
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
        "The state column may be incomplete: part of the action history was cut off or unreadable; select a device to read all of its own".to_owned()
    })
}

fn delay_words(delay: PageDelay, shown: usize, zone: &TimeZone) -> String {
    match delay {
        PageDelay::SlowLine { bytes } => format!(
            "The connection is slow: {} of the next devices received, {shown} are shown",
            amount_text(bytes)
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

fn amount_text(bytes: u64) -> String {
    match bytes / 1024 {
        0 => "under 1 kB".to_owned(),
        kilobytes @ ..1024 => format!("{kilobytes} kB"),
        kilobytes => format!("{}.{} MB", kilobytes / 1024, kilobytes % 1024 * 10 / 1024),
    }
}

/// The quick filters; beside them the gravest note, and all of them in full behind a button.
fn line_ui(ui: &mut Ui, cx: &mut Cx<'_>, notes: &[Note], failure: Option<&Explanation>) {
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
                let why = UiCommand::Refresh.availability(cx.state, cx.views, cx.now);
                let why = why.err();
                let again =
                    ActionButton::quiet("Read the list again").disabled_because(why.as_deref());
                if ui.add(again).clicked() {
                    cx.out.commands.push(UiCommand::Refresh);
                }
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

/// `was_read`: the rows are a list, and not only what was asked for.
fn words_ui(ui: &mut Ui, notes: &[Note], failure: Option<&Explanation>, was_read: bool) {
    let failed = failure.map(|failure| Note::warning(failure.headline.clone()));
    let all = failed.as_ref().into_iter().chain(notes);
    if let Some(note) = all.into_iter().next() {
        let colour = ui.tokens().colour(note.role);
        icon(ui, note.icon, colour);
        let words = RichText::new(&note.words).color(colour);
        ui.add(Label::new(words).truncate());
    }
    if failure.is_some() && was_read {
        let weak = ui.tokens().text_weak;
        let words = RichText::new("The list below is the last one read").color(weak);
        ui.add(Label::new(words).truncate());
    }
}

fn details_ui(ui: &mut Ui, notes: &[Note], failure: Option<&Explanation>) {
    let button = ActionButton::quiet("Details").name("Details about the list");
    let button = ui.add(button);
    Popup::menu(&button)
        .accessible_name("Details about the list")
        .show(|ui| {
            ui.set_max_width(ui.tokens().dialog_width);
            if let Some(failure) = failure {
                badge(ui, Icon::Warning, Role::Caution, &failure.headline);
                ui.wrapped(failure.effect_and_next());
                if !failure.details.is_empty() {
                    copy_button_ui(ui, "details", &failure.details.join("\n"));
                }
            }
            for note in notes {
                badge(ui, note.icon, note.role, &note.words);
            }
        });
}
