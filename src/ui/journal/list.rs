//! The entries, of which only the visible ones are drawn.

use egui::{
    Align, Align2, Color32, EventFilter, FontId, Id, Key, Label, Layout, Modifiers, Rect, Response,
    RichText, ScrollArea, Sense, Stroke, StrokeKind, TextStyle, Ui, UiBuilder, WidgetInfo,
    accesskit, pos2, vec2,
};

use super::records;
use crate::journal::{Entry, status_in_full};
use crate::model::{EntryId, clean};
use crate::ui::activity::record;
use crate::ui::layout::times;
use crate::ui::theme::{TokensExt as _, text};
use crate::ui::widgets::{ActionButton, Icon, copy_labelled_ui, elided, paint_icon, text_width};
use crate::ui::words::local_time;
use crate::ui::{Cx, incident, look};

const ROW: f32 = 28.0;
/// Number of rows that Page Up and Page Down move by.
const PAGE: usize = 10;
/// Widths of the columns, in points; the comment gets the rest.
const TIME: f32 = 190.0;
const STATUS: f32 = 160.0;
const DEVICE: f32 = 190.0;
const ACTION: f32 = 190.0;
/// Width of a row's two icons, which a device's name may get in addition in a wide row.
const ICONS: f32 = 52.0;
const MORE_FOR_DEVICE: f32 = 110.0;
/// Minimum width of readable text, in points.
const MIN_ROOM: f32 = 80.0;

/// Draws the entries below `head`, which scrolls with them.
pub fn list_ui(ui: &mut Ui, cx: &mut Cx<'_>, head: impl FnOnce(&mut Ui, &mut Cx<'_>)) {
    let list = Id::unique("journal entries");
    walk(ui, list, cx);
    let area = ScrollArea::vertical().id_salt("journal").auto_shrink(false);
    area.show_viewport(ui, |ui, viewport| {
        let whole = ui.max_rect();
        head(ui, cx);
        let room = whole.with_min_y(ui.cursor().top());
        let viewport = viewport.translate(vec2(0.0, whole.top() - room.top()));
        let places = Places::of(cx);
        // Without the head, which is above already.
        ui.set_height(places.height());
        let seen = Rect::from_min_size(room.min + viewport.min.to_vec2(), viewport.size());
        let frame = ui.interact(
            seen.intersect(room),
            list,
            Sense::focusable_noninteractive(),
        );
        describe(ui, &frame, cx);
        let rect_of = |row| {
            let at = room.min + vec2(0.0, places.top(row));
            Rect::from_min_size(at, vec2(room.width(), ROW))
        };
        if std::mem::take(&mut cx.views.journal.scrolls)
            && let Some(row) = chosen_row(cx)
        {
            ui.scroll_to_rect(rect_of(row), None);
        }
        for row in places.seen(viewport.min.y, viewport.max.y) {
            let Some(entry) = cx.views.journal.rows.entry(cx.state, row) else {
                continue;
            };
            let rect = rect_of(row);
            if row_ui(ui, rect, cx, entry, frame.has_focus()).clicked() {
                frame.request_focus();
                cx.views.journal.chosen = Some(entry.id());
                toggle(cx, entry);
            }
            if places.opened == Some(row) {
                opened_ui(ui, rect, cx, entry);
            }
        }
    });
}

fn toggle(cx: &mut Cx<'_>, entry: &Entry) {
    let view = &mut cx.views.journal;
    let is_open = view.opened == Some(entry.id());
    view.opened = (!is_open).then(|| entry.id());
    view.opened_height = 0.0;
}

fn chosen_row(cx: &Cx<'_>) -> Option<usize> {
    let view = &cx.views.journal;
    view.rows.row_of(cx.state, view.chosen?)
}

/// Positions of the rows: all have the same height, and the open one has its records below.
struct Places {
    count: usize,
    opened: Option<usize>,
    opened_height: f32,
}

impl Places {
    fn of(cx: &Cx<'_>) -> Self {
        let view = &cx.views.journal;
        let opened = view.opened.and_then(|id| view.rows.row_of(cx.state, id));
        Self {
            count: view.rows.len(),
            opened,
            opened_height: opened.map_or(0.0, |_| view.opened_height),
        }
    }

    fn top(&self, row: usize) -> f32 {
        let is_below = self.opened.is_some_and(|opened| opened < row);
        times(row, ROW) + if is_below { self.opened_height } else { 0.0 }
    }

    fn height(&self) -> f32 {
        self.top(self.count) + ROW
    }

    /// The rows between these heights, and the open one above them, whose records may be visible.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "never negative, and cut to the rows that there are"
    )]
    fn seen(&self, from: f32, to: f32) -> std::ops::Range<usize> {
        let row = |y: f32| (y.max(0.0) / ROW) as usize;
        let end = (row(to) + 1).min(self.count);
        row(from - self.opened_height).min(end)..end
    }
}

/// Handles the keys that move and open, while the list has the focus.
fn walk(ui: &Ui, list: Id, cx: &mut Cx<'_>) {
    if !ui.memory(|memory| memory.has_focus(list)) {
        return;
    }
    let filter = EventFilter {
        vertical_arrows: true,
        ..EventFilter::default()
    };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(list, filter));
    let Some(end) = cx.views.journal.rows.len().checked_sub(1) else {
        return;
    };
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let at = chosen_row(cx);
    let to = if pressed(Key::ArrowDown) {
        at.map_or(0, |at| (at + 1).min(end))
    } else if pressed(Key::ArrowUp) {
        at.map_or(0, |at| at.saturating_sub(1))
    } else if pressed(Key::PageDown) {
        at.map_or(0, |at| (at + PAGE).min(end))
    } else if pressed(Key::PageUp) {
        at.map_or(0, |at| at.saturating_sub(PAGE))
    } else if pressed(Key::Home) {
        0
    } else if pressed(Key::End) {
        end
    } else {
        let opens = pressed(Key::Enter) || pressed(Key::Space);
        let entry = at.and_then(|at| cx.views.journal.rows.entry(cx.state, at));
        if let Some(entry) = entry.filter(|_| opens) {
            toggle(cx, entry);
        }
        return;
    };
    let entry = cx.views.journal.rows.entry(cx.state, to);
    cx.views.journal.chosen = entry.map(Entry::id);
    cx.views.journal.scrolls = true;
}

fn describe(ui: &Ui, frame: &Response, cx: &Cx<'_>) {
    let chosen = cx.views.journal.chosen.filter(|_| chosen_row(cx).is_some());
    frame.widget_info(|| {
        WidgetInfo::labeled(accesskit::Role::ListBox, true, "Entries of the journal")
    });
    ui.ctx().accesskit_node_builder(frame.id, |node| {
        if let Some(chosen) = chosen {
            node.set_active_descendant(row_id(chosen).accesskit_id());
        }
    });
    if frame.has_focus() && chosen.is_none() {
        let ring = ui.visuals().widgets.active.bg_stroke;
        let rect = frame.rect.shrink(2.0);
        ui.painter()
            .rect_stroke(rect, 0.0, ring, StrokeKind::Inside);
    }
}

fn row_id(entry: EntryId) -> Id {
    Id::unique(("journal entry", entry))
}

fn row_ui(ui: &Ui, rect: Rect, cx: &Cx<'_>, entry: &Entry, has_focus: bool) -> Response {
    let tokens = ui.tokens();
    let id = row_id(entry.id());
    // Not focusable: the list has the focus, and the arrow keys move in it.
    let response = ui.interact(rect, id, Sense::CLICK);
    let view = &cx.views.journal;
    let is_chosen = view.chosen == Some(entry.id());
    let is_open = view.opened == Some(entry.id());
    let task = &entry.order.task;
    let time = local_time(entry.intended_at(), &cx.state.zone);
    let aftermath = cx.state.aftermath(entry);
    let status = status_in_full(entry, &aftermath, |at| local_time(at, &cx.state.zone));
    let device = cx.state.machine_of(entry).quoted();
    let name = format!("{time}, {device}: {}, {status}", task.title());
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::ListBoxOption, true, &name));
    let comment = comment_with_author(entry, cx);
    ui.ctx().accesskit_node_builder(id, |node| {
        node.set_selected(is_chosen);
        node.set_expanded(is_open);
        node.set_description(&*comment);
    });
    let painter = ui.painter();
    if is_chosen || is_open {
        painter.rect_filled(rect, tokens.radius, tokens.surface.selected);
    } else if response.hovered() {
        painter.rect_filled(rect, tokens.radius, tokens.surface.hover);
    }
    if is_chosen && has_focus {
        let ring = ui.visuals().widgets.active.bg_stroke;
        painter.rect_stroke(rect, tokens.radius, ring, StrokeKind::Inside);
    }
    let mut cells = Cells {
        ui,
        rect,
        x: rect.left() + tokens.space.xs,
    };
    let fold = if is_open {
        Icon::Unfolded
    } else {
        Icon::Folded
    };
    let look = look::order(entry, &aftermath);
    let colour = tokens.colour(look.role);
    let body = TextStyle::Body.resolve(ui.style());
    let strong = text::strong().resolve(ui.style());
    cells.icon(fold, tokens.text_weak);
    let small = TextStyle::Small.resolve(ui.style());
    cells.text(TIME, &time, small, tokens.text_weak);
    cells.icon(look.icon, colour);
    cells.text(STATUS, &status, body.clone(), colour);
    cells.text(device_width(rect), &device, strong, tokens.text);
    cells.text(ACTION, &task.title(), body.clone(), tokens.text);
    cells.text(f32::INFINITY, &comment, body, tokens.text_weak);
    response
}

/// The comment with the author, unless that is the signed-in account.
fn comment_with_author(entry: &Entry, cx: &Cx<'_>) -> String {
    let comment = clean(&entry.order.comment, 300);
    let account = cx.state.session.account();
    if account.is_some_and(|account| entry.author.is(account)) {
        comment.into_owned()
    } else {
        format!("by {}: {comment}", entry.author.name())
    }
}

/// Maximum width of a device's name, in points: it gets the room that is too small for the comment, and
/// part of the rest in a wide row.
fn device_width(row: Rect) -> f32 {
    let rest = row.width() - TIME - STATUS - DEVICE - ACTION - ICONS;
    if rest < MIN_ROOM {
        DEVICE + rest.max(0.0)
    } else {
        DEVICE + ((rest - MIN_ROOM) * 0.5).min(MORE_FOR_DEVICE)
    }
}

/// Places the cells of a row beside each other, as far as there is room.
struct Cells<'a> {
    ui: &'a Ui,
    rect: Rect,
    x: f32,
}

impl Cells<'_> {
    fn icon(&mut self, icon: Icon, colour: Color32) {
        let tokens = self.ui.tokens();
        let side = tokens.height.icon;
        let centre = pos2(self.x + side / 2.0, self.rect.center().y);
        if self.x + side < self.rect.right() {
            let rect = Rect::from_center_size(centre, vec2(side, side));
            paint_icon(self.ui.painter(), rect, icon, colour);
        }
        self.x += side + tokens.space.xs;
    }

    fn text(&mut self, width: f32, words: &str, font: FontId, colour: Color32) {
        let gap = self.ui.tokens().space.s;
        let room = width.min(self.rect.right() - self.x) - gap;
        if room > MIN_ROOM {
            let shown = elided(words, room, |words| text_width(self.ui, words, &font));
            let at = pos2(self.x, self.rect.center().y);
            let painter = self.ui.painter();
            painter.text(at, Align2::LEFT_CENTER, shown, font, colour);
        }
        self.x += width;
    }
}

/// Shows the records of an entry, one below the other, and what was sent.
fn opened_ui(ui: &mut Ui, row: Rect, cx: &mut Cx<'_>, entry: &Entry) {
    let tokens = ui.tokens();
    let at = row.left_bottom() + vec2(tokens.space.l, 0.0);
    let size = vec2(row.width() - tokens.space.l, cx.views.journal.opened_height);
    let builder = UiBuilder::new()
        .max_rect(Rect::from_min_size(at, size))
        .layout(Layout::top_down(Align::Min))
        .scope_id(Id::unique(("journal records", entry.id())));
    let mut place = ui.new_child(builder);
    place.add_space(tokens.space.xs);
    for (at, record) in entry.records() {
        let line = records::line(*at, record, &entry.order.task, &cx.state.zone);
        place.add(Label::new(line).wrap());
    }
    for line in record::sent(entry) {
        let line = RichText::new(line).color(tokens.text_weak);
        place.add(Label::new(line).wrap());
    }
    place.horizontal_wrapped(|ui| {
        let device = cx.state.machine_of(entry);
        let name = format!("Show {}", device.quoted());
        let show = ActionButton::new("Show device").name(&name);
        if !device.is_every_device() && ui.add(show).clicked() {
            cx.views.show_device(device);
        }
        incident::of_comments_ui(ui, cx, [&*entry.order.comment]);
        let line = record::ticket_line(entry, cx.state);
        copy_labelled_ui(ui, "for ticket", &line);
    });
    place.add_space(tokens.space.s);
    let height = place.min_rect().height();
    if (height - cx.views.journal.opened_height).abs() > 0.5 {
        // The rows below make room in the next frame.
        cx.views.journal.opened_height = height;
        ui.ctx().request_repaint();
    }
    let line = Stroke::new(tokens.border_width, tokens.border);
    let x = row.left() + tokens.space.m;
    ui.painter()
        .vline(x, row.bottom()..=row.bottom() + height, line);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_gets_the_room_that_is_too_small_for_the_comment() {
        let width = |row: f32| device_width(Rect::from_min_size(egui::Pos2::ZERO, vec2(row, ROW)));
        let fixed = TIME + STATUS + DEVICE + ACTION + ICONS;
        assert!(width(400.0) >= DEVICE);
        assert!(width(fixed + 60.0) > DEVICE + 59.0, "all of the spare room");
        for row in [fixed + 100.0, 1_400.0] {
            let comment = row - fixed - (width(row) - DEVICE);
            assert!(comment >= MIN_ROOM, "{row}: {comment}");
        }
    }
}
