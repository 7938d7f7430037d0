//! *Contained now*: devices with requestor, reason and age, and their release.

mod blocked;
mod release;
mod view;

pub use blocked::{block_words, own_blocks, short_hash};
pub use release::release_ui;
pub use view::{ContainedView, not_included};

use egui::{Align, Layout, Rect, RichText, ScrollArea, Ui, UiBuilder, vec2};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::commands::{UiCommand, acting_trouble, changing, why_nothing};
use super::device::state_hint::waiting_words;
use super::look::{self, Look};
use super::order::NewForm;
use super::theme::{Role, TokensExt as _};
use super::views::Screen;
use super::widgets::{
    ActionButton, Icon, TipExt as _, UiExt as _, back_ui, badge, empty_state_ui, raised_ui,
    section_ui,
};
use super::words::{ago, both_times, clock_text, lasting};
use super::{Cx, incident};
use crate::action::{ConditionPhase, MAX_REPEATS, type_noun};
use crate::message::HistoryRange;
use crate::model::{SessionStatus, clean, first_upper, tag_last};
use crate::state::{Contained, Request};
use blocked::blocked_ui;
use view::{ContainedList, USUAL_HEIGHT};

/// Minimum height for a fixed head; in less, it scrolls with the rows.
const LOW: f32 = 360.0;

/// Distance beyond the visible part within which rows are drawn, so that Tab reaches the next one, even
/// past a head that fills a low window.
const BEYOND: f32 = 72.0;

/// Shows the list in place of the table.
pub fn contained_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    ui.horizontal_wrapped(|ui| {
        if back_ui(ui) {
            cx.views.screen = Screen::Devices;
        }
        let refresh = UiCommand::Refresh;
        let button = ActionButton::new(refresh.spec().title).icon(Icon::Refresh);
        cx.button_ui(ui, refresh, button);
    });
    let list = cx.views.contained.refresh(cx.state);
    let head = |ui: &mut Ui, cx: &mut Cx<'_>| {
        way_back_ui(ui, cx, &list);
        section_ui(ui, "Contained now");
        look_back_ui(ui, cx);
    };
    if list.rows.is_empty() {
        head(ui, cx);
        if cx.state.containments.value.is_some() {
            let how = "Devices that anyone isolates or restricts are listed here";
            empty_state_ui(ui, "No contained devices in the action history", how);
        }
        ScrollArea::vertical().show(ui, |ui| blocked_ui(ui, cx));
        return;
    }
    if ui.available_height() < LOW {
        rows_ui(ui, cx, &list, |ui, cx| {
            // Keeps the first button's focus ring from being cut.
            ui.add_space(ui.tokens().space.xs);
            head(ui, cx);
        });
    } else {
        head(ui, cx);
        rows_ui(ui, cx, &list, |_, _| {});
    }
}

/// Shows how far back the history was read, and what could not be read.
fn look_back_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let (recent, older) = (&cx.state.recent_actions, &cx.state.containments);
    let note = history_range_note(older.get().or(recent.get()), &cx.state.zone);
    ui.small_label(note);
    let date = |look: &HistoryRange| local_date(look.since, &cx.state.zone);
    let unchecked = match (
        recent.get(),
        recent.failure.as_ref(),
        older.failure.as_ref(),
    ) {
        (_, Some(failure), _) => Some(format!(
            "Not checked: recent isolations and restrictions: {}",
            failure.headline
        )),
        (Some(recent), None, Some(failure)) => Some(format!(
            "Not checked: isolations and restrictions from before {}: {}",
            date(recent),
            failure.headline
        )),
        (None, None, _) => match &cx.state.inventory.failure {
            Some(failure) => Some(format!("Not checked: {}", failure.headline)),
            // The history is read as soon as the renewal in progress ends.
            None if matches!(
                cx.state.session,
                SessionStatus::SignedIn { .. } | SessionStatus::Renewing { .. }
            ) =>
            {
                Some("Not checked yet: reading the action history…".to_owned())
            }
            None => Some("Not checked: you are not signed in".to_owned()),
        },
        (Some(recent), None, None) if older.value.is_none() => Some(format!(
            "Not checked yet: isolations and restrictions from before {}",
            date(recent)
        )),
        (Some(_), None, None) => None,
    };
    let cut = cx
        .state
        .is_action_history_cut()
        .then(|| "Not checked: part of the action history is missing or unreadable".to_owned());
    for words in unchecked.into_iter().chain(cut) {
        look::not_checked_ui(ui, &words);
    }
}

/// Scope and limits of this list.
fn history_range_note(look: Option<&HistoryRange>, zone: &TimeZone) -> String {
    let since = look.map_or_else(String::new, |look| {
        format!(" since {}", local_date(look.since, zone))
    });
    format!(
        "According to the action history{since}, by anyone, oldest first. A device missing here may still be contained: releases on the device itself, older actions and those you may not see are not in the history"
    )
}

fn local_date(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d").to_string()
}

/// Shows the release of everything that this account has contained: a list, its checks, one confirmation.
fn way_back_ui(ui: &mut Ui, cx: &mut Cx<'_>, list: &ContainedList) {
    let way_back = &list.way_back;
    ui.horizontal_wrapped(|ui| {
        let only_looks = acting_trouble(cx.state).err();
        let is_read = cx.state.containments.value.is_some();
        let nothing = why_nothing(way_back, is_read);
        let why = only_looks.clone().or(nothing);
        // Before the history is read, it is unknown whether there are none.
        let count = way_back.to_release.len();
        let count = (is_read || count > 0).then(|| format!(" ({count})"));
        let label = format!("Release what you isolated{}…", count.unwrap_or_default());
        let button = ActionButton::new(&label)
            .key("release")
            .icon(Icon::Undo)
            .disabled_because(why.as_deref());
        if ui.add(button).clicked() {
            cx.out.commands.push(UiCommand::ReleaseMine);
        }
        if let count @ 1.. = way_back.to_unrestrict.len() {
            let label = format!("Unrestrict what you restricted ({count})…");
            let button = ActionButton::new(&label)
                .key("unrestrict")
                .icon(Icon::Undo)
                .disabled_because(only_looks.as_deref());
            if ui.add(button).clicked() {
                cx.out.commands.push(UiCommand::UnrestrictMine);
            }
        }
    });
    // The line is always there: no row moves under the pointer when a release starts or ends.
    let changing = changing(way_back);
    let size = egui::vec2(ui.available_width(), ui.tokens().height.icon);
    ui.allocate_ui(size, |ui| {
        ui.set_min_size(size);
        if !changing.is_empty() {
            let words = format!("Yours: {}", changing.join(", "));
            badge(ui, Icon::InProgress, Role::Caution, &words);
        }
    });
    if let Some(line) = &list.not_included {
        ui.small_label(line);
    }
}

/// Shows a device with its condition, and its release.
fn row_ui(ui: &mut Ui, cx: &mut Cx<'_>, row: &Contained) {
    let tokens = ui.tokens();
    raised_ui(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            ui.strong_label(row.machine.quoted());
            state_look(row, cx).badge_ui(ui);
            if let Some(request) = row.in_force.first() {
                request_ui(ui, cx, Age::Lasts, request);
            }
        });
        again_ui(ui, cx, row);
        if let Some((_, request)) = &row.pending {
            ui.horizontal_wrapped(|ui| {
                ui.label(format!(
                    "{} requested",
                    first_upper(type_noun(&request.kind))
                ));
                request_ui(ui, cx, Age::Ago, request);
            });
        }
        ui.horizontal_wrapped(|ui| buttons_ui(ui, cx, row));
    });
    ui.add_space(tokens.space.xs);
}

/// Shows later requests for the same condition with their reasons: they rely on it too.
fn again_ui(ui: &mut Ui, cx: &Cx<'_>, row: &Contained) {
    let again = row.in_force.get(1..).unwrap_or_default();
    let omitted = again.len().saturating_sub(MAX_REPEATS);
    if omitted > 0 {
        ui.label(format!("Requested again {omitted} times"));
    }
    for request in again.iter().skip(omitted) {
        ui.horizontal_wrapped(|ui| {
            ui.label("Requested again");
            request_ui(ui, cx, Age::Ago, request);
        });
    }
}

/// Format of an age.
#[derive(Clone, Copy)]
enum Age {
    /// "for 4 h"
    Lasts,
    /// "4 h ago"
    Ago,
}

/// Shows when, by whom and why it was requested.
fn request_ui(ui: &mut Ui, cx: &Cx<'_>, age_of: Age, request: &Request) {
    if let Some(at) = request.at {
        let now = cx.service_now();
        let words = match age_of {
            Age::Lasts => format!(
                "for {}, since {}",
                lasting(at, now),
                clock_text(at, now, &cx.state.zone)
            ),
            Age::Ago => format!("{}, {}", clock_text(at, now, &cx.state.zone), ago(at, now)),
        };
        ui.label(words).tip(both_times(at, &cx.state.zone));
    }
    ui.label(format!("by {}", request.by_whom()));
    if let Some(comment) = &request.comment {
        let comment = RichText::new(clean(&tag_last(comment), 300)).color(ui.tokens().text_weak);
        ui.wrapped(comment);
    }
}

fn buttons_ui(ui: &mut Ui, cx: &mut Cx<'_>, row: &Contained) {
    // Every row has these buttons: for screen readers, their names include the device.
    let device = row.machine.quoted();
    let name = format!("Show {device}");
    let show = ActionButton::new("Show device").name(&name);
    if ui.add(show).clicked() {
        cx.views.show_device(row.machine.clone());
    }
    let setters = row.setters().iter();
    let comments = setters.filter_map(|request| request.comment.as_deref());
    incident::of_comments_ui(ui, cx, comments);
    let only_looks = acting_trouble(cx.state).err();
    let only_looks = only_looks.as_deref();
    if let Some((_, request)) = &row.pending {
        let what = type_noun(&request.kind);
        let label = format!("Cancel the {what}…");
        let name = format!("Cancel the {what} of {device}…");
        let cancel = ActionButton::new(&label)
            .name(&name)
            .with_arm_delay()
            .disabled_because(only_looks);
        if ui.add(cancel).clicked() {
            cx.views.selected = Some(row.machine.clone());
            NewForm::cancel(&request.action, &request.kind, row.machine.clone()).raise(ui, cx);
        }
    }
    if !row.is_leaving() {
        release_ui(ui, cx, row, false);
    }
}

fn state_look(row: &Contained, cx: &Cx<'_>) -> Look {
    let known = cx.state.actions.conditions(&row.machine.id);
    let phase = known.map(|known| known.phase(row.condition));
    let phase = phase.unwrap_or_default();
    let mut look = look::condition(row.condition, phase);
    if let ConditionPhase::Pending { .. } = phase {
        let record = cx.state.machine(&row.machine.id).map(AsRef::as_ref);
        let waits = waiting_words(record, &cx.state.policy, cx.service_now());
        look.word = format!("{}: {waits}", look.word).into();
    }
    look
}

/// Draws the visible rows, below what `head` shows, which scrolls with them.
fn rows_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    list: &ContainedList,
    head: impl FnOnce(&mut Ui, &mut Cx<'_>),
) {
    let area = ScrollArea::vertical().auto_shrink(false);
    area.show_viewport(ui, |ui, viewport| {
        let whole = ui.max_rect();
        head(ui, cx);
        let room = whole.with_min_y(ui.cursor().top());
        let viewport = viewport.translate(vec2(0.0, whole.top() - room.top()));
        let view = &mut cx.views.contained;
        if (view.width - room.width()).abs() > 0.5 {
            view.width = room.width();
            view.heights.fill(USUAL_HEIGHT);
        }
        // Without the head, which is above already.
        ui.set_height(view.heights.iter().sum::<f32>());
        let sight = viewport.y_range().expand(BEYOND);
        let mut top = 0.0;
        for (n, row) in list.rows.iter().enumerate() {
            let height = cx.views.contained.heights.get(n).copied();
            let mut height = height.unwrap_or(USUAL_HEIGHT);
            if top + height >= sight.min && top <= sight.max {
                let at = room.min + vec2(0.0, top);
                let builder = UiBuilder::new()
                    .max_rect(Rect::from_min_size(at, vec2(room.width(), height)))
                    .layout(Layout::top_down(Align::Min))
                    .id_salt((row.machine.id.as_str(), row.condition));
                let mut place = ui.new_child(builder);
                row_ui(&mut place, cx, row);
                let drawn = place.min_rect().height();
                if (drawn - height).abs() > 0.5 {
                    // The rows below make room at once, the scroll bar in the next frame.
                    height = drawn;
                    ui.ctx().request_repaint();
                }
                if let Some(known) = cx.views.contained.heights.get_mut(n) {
                    *known = height;
                }
            }
            top += height;
        }
        // Below the last row, whose height is known only once drawn.
        let below = Rect::from_min_max(room.min + vec2(0.0, top), room.max);
        ui.scope_builder(UiBuilder::new().max_rect(below), |ui| blocked_ui(ui, cx));
    });
}
