//! One row of the activity list: a line, and details when expanded.

use std::time::Duration;

use egui::{
    Align, Frame, Id, Label, Layout, Margin, RichText, Sense, TextStyle, Ui, UiBuilder, accesskit,
};

use crate::action::Task;
use crate::journal::{Entry, Phase};
use crate::message::{DownloadNews, OrderProgress};
use crate::model::{EntryId, age_text, first_lower};
use crate::state::State;
use crate::ui::activity::buttons::{Button, button_ui, buttons};
use crate::ui::activity::download;
use crate::ui::activity::record;
use crate::ui::activity::wording;
use crate::ui::activity::wording::TICKING_SECS;
use crate::ui::contained::short_hash;
use crate::ui::layout::LOW;
use crate::ui::look::{self, Look};
use crate::ui::theme::{Role, TokensExt as _, text};
use crate::ui::widgets::{
    ActionButton, Icon, TipExt as _, UiExt as _, bounds, copyable_ui, elided_ui, live_badge,
    text_width,
};
use crate::ui::{Cx, words};

/// Minimum width of the line's text: status, device and action are never cut. Buttons that do not fit
/// beside it are below, when the row is expanded.
const WORDS_WIDTH: f32 = 330.0;
/// Minimum width for a readable part of a reason.
const REASON_WIDTH: f32 = 60.0;

/// Margin around the rows of a list, so that the first one's focus ring is not cut.
pub const RING: Margin = Margin::same(3);

/// Shows an entry with its buttons. `focus` puts the focus on its arrow.
pub fn entry_ui(ui: &mut Ui, cx: &mut Cx<'_>, entry: &Entry, focus: bool) {
    let tokens = ui.tokens();
    let is_marked = cx.views.activity.marked == Some(entry.id());
    let look = status_look(entry, cx.state);
    let fill = if is_marked {
        tokens.surface.selected
    } else {
        tokens.surface.panel
    };
    let frame = Frame::new()
        .fill(fill)
        .corner_radius(tokens.radius)
        .inner_margin(Margin::symmetric(4, 1));
    // An id by entry, not by position: rows move when one ends, and the focus must stay.
    let builder = UiBuilder::new()
        .scope_id(Id::unique(("entry", entry.id())))
        .sense(Sense::hover());
    let row = ui.scope_builder(builder, |ui| {
        frame
            .show(ui, |ui| {
                ui.set_min_width(ui.available_width());
                ui.spacing_mut().item_spacing.y = tokens.space.xs;
                content_ui(ui, cx, entry, &look, focus)
            })
            .inner
    });
    let rect = row.response.rect;
    let is_opening = row.inner;
    let task = &entry.order.task;
    let name = format!("{}: {}", cx.state.machine_of(entry).quoted(), task.title());
    ui.ctx().accesskit_node_builder(row.response.id, |node| {
        node.set_role(accesskit::Role::Group);
        node.set_label(name);
        node.set_description(&*look.word);
        node.set_bounds(bounds(rect));
    });
    // A row taller than the list is read from its top.
    let is_tall = rect.height() > ui.clip_rect().height();
    if is_opening {
        ui.scroll_to_rect(rect, is_tall.then_some(Align::TOP));
    } else if is_marked {
        let align = if is_tall { Align::TOP } else { Align::Center };
        let waits = cx.state.entries.needs_attention(entry);
        scroll_once(ui, (entry.id(), waits), rect, align);
    }
    if ticks(entry, cx) {
        ui.ctx().request_repaint_after(Duration::from_secs(1));
    }
}

/// Look of an entry's status with its aftermath; the line says by whom and when.
fn status_look(entry: &Entry, state: &State) -> Look {
    let look = look::order(entry, &state.aftermath(entry));
    match download::word(entry, state) {
        Some(saved) => Look {
            word: saved.into(),
            ..look
        },
        None => look,
    }
}

/// Shortest name of the action, without the device.
fn short_title(task: &Task) -> &'static str {
    let verb = task.verb();
    let mut ends = [" on", " of", " from", " to"].into_iter();
    ends.find_map(|end| verb.strip_suffix(end)).unwrap_or(verb)
}

/// Full width of status, device and action on the line, the action at its shortest.
fn lead_width(ui: &Ui, entry: &Entry, state: &State, status: &str) -> f32 {
    let width = |text: &str, style: TextStyle| text_width(ui, text, &style.resolve(ui.style()));
    let tokens = ui.tokens();
    let status = width(status, TextStyle::Body) + tokens.height.icon + tokens.space.xs;
    let device = width(&state.machine_of(entry).quoted(), text::strong());
    let action = width(short_title(&entry.order.task), TextStyle::Body);
    (status + device + action + 3.0 * ui.spacing().item_spacing.x).ceil()
}

/// Scrolls to a newly marked row, and again when it moves up because it `waits` for a decision; not
/// afterwards.
fn scroll_once(ui: &Ui, (entry, waits): (EntryId, bool), rect: egui::Rect, align: Align) {
    let id = Id::unique("activity scrolled to");
    let before: Option<(EntryId, bool)> = ui.data(|data| data.get_temp(id));
    ui.data_mut(|data| data.insert_temp(id, (entry, waits)));
    if before.is_none_or(|(of, waited)| of != entry || waits && !waited) {
        ui.scroll_to_rect(rect, Some(align));
    }
}

/// Shows the content of a row; returns whether it is expanded in this frame.
fn content_ui(ui: &mut Ui, cx: &mut Cx<'_>, entry: &Entry, look: &Look, focus: bool) -> bool {
    let overtaken = cx.state.overtaken_by(entry);
    let opposites: Vec<_> = wording::still_open_opposites(entry, cx.state).collect();
    let buttons = buttons(entry, cx.state, overtaken, &opposites);
    let reasons = wording::details(entry, cx.state, cx.now);
    let was_open = ui
        .data(|data| data.get_temp(fold_id(entry)))
        .unwrap_or(false);
    let mut is_cut = false;
    // The reasons of an attention row are shown in full, unless the window has room only for the line.
    let is_said_below = ui.ctx().content_rect().height() >= LOW
        && opposites.is_empty()
        && cx.state.entries.needs_attention(entry);
    let (toggled, shown) = ui
        .horizontal(|ui| {
            let fold = fold_ui(ui, cx.state, entry, was_open);
            if focus {
                fold.request_focus();
            }
            let toggled = fold.clicked();
            let room = ui.available_width();
            let words = WORDS_WIDTH.max(lead_width(ui, entry, cx.state, &look.word));
            let shown = fitting(ui, &buttons, room - words);
            let size = egui::vec2(room - shown.1, ui.tokens().height.target);
            // Shown once: in the line, or below it.
            let is_below = was_open || !opposites.is_empty();
            let reasons = if is_below { &[][..] } else { &reasons[..] };
            let layout = Layout::left_to_right(Align::Center);
            // A fixed width: the buttons stay in the window, aligned with those of other rows.
            let rect = ui.allocate_space(size).1;
            let mut line = ui.new_child(UiBuilder::new().max_rect(rect).layout(layout));
            line.set_clip_rect(rect.intersect(ui.clip_rect()));
            let reasons = (reasons, is_said_below);
            is_cut = line_ui(&mut line, cx, entry, look, overtaken, reasons);
            for button in &buttons[..shown.0] {
                button_ui(ui, cx, entry, button);
            }
            (toggled, shown.0)
        })
        .inner;
    let asked = &mut cx.views.activity.opens;
    let is_asked = asked.take_if(|asked| *asked == entry.id()).is_some();
    let is_open = is_asked || was_open != toggled;
    ui.data_mut(|data| data.insert_temp(fold_id(entry), is_open));
    if is_cut && is_said_below {
        ui.small_label(reasons.join(". "));
    }
    // A threat to its effect is shown in full, with the button against it.
    if is_open || !opposites.is_empty() {
        details_ui(ui, cx, entry, &reasons, is_open);
        let below = &buttons[shown..];
        ui.horizontal_wrapped(|ui| {
            for button in below {
                if is_open || matches!(button, Button::CancelOpposite(..)) {
                    button_ui(ui, cx, entry, button);
                }
            }
        });
    }
    is_asked || is_open && !was_open
}

/// Id of a row's fold state.
fn fold_id(entry: &Entry) -> Id {
    Id::unique(("activity opened", entry.id()))
}

/// Number of buttons that fit on the line within this width, and their width. The first one is always
/// shown.
fn fitting(ui: &Ui, buttons: &[Button], room: f32) -> (usize, f32) {
    let font = TextStyle::Button.resolve(ui.style());
    let spacing = ui.spacing();
    let (gap, padding) = (spacing.item_spacing.x, spacing.button_padding.x);
    let mut taken = 0.0;
    for (n, button) in buttons.iter().enumerate() {
        let label = text_width(ui, &button.label(), &font);
        let icon = button.icon().map_or(0.0, |_| 20.0);
        let width = (label + icon + 2.0 * padding).max(24.0) + gap;
        if n > 0 && taken + width > room {
            return (n, taken);
        }
        taken += width;
    }
    (buttons.len(), taken)
}

/// Shows the arrow that expands and collapses a row.
fn fold_ui(ui: &mut Ui, state: &State, entry: &Entry, is_open: bool) -> egui::Response {
    let mark = if is_open {
        Icon::Unfolded
    } else {
        Icon::Folded
    };
    let verb = if is_open { "Hide" } else { "Show" };
    let name = format!(
        "{verb} details of {}: {}",
        state.machine_of(entry).quoted(),
        entry.order.task.title()
    );
    // No tip: it would repeat the row, and cover the details.
    let response = ui.add(
        ActionButton::icon_only(mark, &name)
            .passes_focus_on()
            .without_tip(),
    );
    ui.ctx()
        .accesskit_node_builder(response.id, |node| node.set_expanded(is_open));
    response
}

fn body_width(ui: &Ui, text: &str) -> f32 {
    text_width(ui, text, &TextStyle::Body.resolve(ui.style()))
}

/// Shows the action in full, or its shortest name if there is no room.
fn title_ui(ui: &mut Ui, task: &Task) {
    let title = task.title();
    if body_width(ui, &title) <= ui.available_width() {
        ui.truncated(title);
    } else {
        ui.truncated(short_title(task)).tip(title);
    }
}

/// Shows status, device, action, age and reasons, as many as fit, in this order; if the reasons can be
/// shown below instead, they are not cut here. Returns whether they did not fit.
fn line_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    entry: &Entry,
    look: &Look,
    overtaken: Option<&Entry>,
    (reasons, is_said_below): (&[String], bool),
) -> bool {
    let tokens = ui.tokens();
    let task = &entry.order.task;
    let weak = |text: String| Label::new(RichText::new(text).color(tokens.text_weak)).truncate();
    let role = overtaken.map_or(look.role, |_| Role::Stale);
    live_badge(ui, look.icon, role, &look.word);
    elided_ui(
        ui,
        &cx.state.machine_of(entry).quoted(),
        text::strong(),
        tokens.text,
    );
    title_ui(ui, task);
    if let Some(hash) = task.file_hash() {
        // The hash distinguishes two files on one device, or on all.
        ui.add(weak(short_hash(hash)));
    }
    if let Some(plan) = &entry.order.plan {
        ui.add(weak(plan.place()));
    }
    let age = record::age(entry, cx.state, cx.now);
    let growth = (body_width(ui, &age_text(1)) - body_width(ui, &age)).max(0.0);
    ui.add(weak(age).show_tooltip_when_elided(false))
        .tip(record::times(entry, cx.state).join("\n"));
    if let Some(later) = overtaken {
        let word = later.status().word(&later.order.task);
        ui.truncated(format!("{} since then", first_lower(&word)));
    }
    if let Some(words) = follow_up(entry, cx) {
        ui.add(weak(format!("· {words}")));
    }
    // Neighbours on the line need a separator.
    let reasons = reasons.join(". ");
    let reasons = if reasons.is_empty() {
        reasons
    } else {
        format!("· {reasons}")
    };
    // With the widest text of the age, so that the row keeps its height as it ages.
    let room = ui.available_width() - growth;
    let is_cut = !reasons.is_empty() && body_width(ui, &reasons) > room;
    let is_here = !is_cut || !is_said_below;
    if is_here && !reasons.is_empty() && ui.available_width() > REASON_WIDTH {
        ui.add(weak(reasons));
    }
    is_cut
}

/// Who else checks the order, or the next check of it, for its line.
fn follow_up(entry: &Entry, cx: &Cx<'_>) -> Option<String> {
    let status = entry.status();
    if !is_ours(entry, cx) {
        let author = entry.author.name();
        let is_lost = wording::why_not_followed(entry, cx.state).is_some();
        return Some(if status.is_end() || is_lost {
            format!("by {author}")
        } else {
            format!("by {author}: followed again when that account signs in")
        });
    }
    let is_unsent = status.phase() == Phase::Unsent;
    if !cx.state.session.is_signed_in() && !status.is_end() && !is_unsent {
        return Some("checked again once you are signed in".to_owned());
    }
    let progress = cx.state.progress.get(&entry.id())?;
    let pause = cx.state.budget.and_then(|budget| budget.gate_until);
    Some(wording::next(progress, pause, cx.now))
}

/// Shows all details below the line: why, when, and what was sent.
fn details_ui(ui: &mut Ui, cx: &Cx<'_>, entry: &Entry, reasons: &[String], is_open: bool) {
    for line in reasons {
        ui.wrapped(line);
    }
    if !is_open {
        return;
    }
    for line in record::times(entry, cx.state) {
        ui.small_label(line);
    }
    for line in record::sent(entry) {
        ui.small_label(line);
    }
    let id = entry.order.task.record().id_word();
    if let Some((word, action)) = id.zip(entry.status().action()) {
        ui.horizontal(|ui| {
            ui.small_label(format!("{word}:"));
            copyable_ui(ui, &word.to_lowercase(), action.as_str());
        });
    }
}

/// Whether the current account ordered it.
fn is_ours(entry: &Entry, cx: &Cx<'_>) -> bool {
    let account = cx.state.session.account();
    account.is_none_or(|account| entry.author.is(account))
}

/// Whether the row shows something that changes every second.
fn ticks(entry: &Entry, cx: &Cx<'_>) -> bool {
    let secs = words::secs_since(entry.intended_at(), cx.now);
    let is_open = !entry.status().is_end();
    let counts_up = is_ours(entry, cx) && is_open && secs < TICKING_SECS;
    let progress = cx.state.progress.get(&entry.id());
    let counts_down = progress.is_some_and(|progress| {
        !matches!(
            progress,
            OrderProgress::Stuck(_) | OrderProgress::WaitsForSignIn | OrderProgress::WaitsForTurn
        )
    });
    let download = cx.state.downloads.get(&entry.id());
    let waits = matches!(download, Some(DownloadNews::WaitsForLink(_)));
    counts_up || counts_down || waits
}
