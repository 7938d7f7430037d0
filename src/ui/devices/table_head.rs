//! The column heads: one tab stop, within which the arrow keys move.

use egui::{
    CursorIcon, EventFilter, Id, Key, Modifiers, Rect, Response, Sense, Stroke, StrokeKind, Ui,
    Vec2, WidgetInfo, accesskit,
};

use crate::model::{Column, Sort, WindowLayout};
use crate::ui::devices::table_layout::{Span, TableLayout};
use crate::ui::theme::{TokensExt as _, text};
use crate::ui::widgets::{TipExt as _, UiExt as _};

/// Draws the heads, and the lines between the columns; returns the head that has just got the focus, if
/// any.
pub fn heads_ui(
    ui: &mut Ui,
    table_id: Id,
    layout: &TableLayout,
    window: &mut WindowLayout,
) -> Option<Column> {
    let id = table_id.with("heads");
    let response = ui.interact(layout.head(), id, Sense::FOCUSABLE);
    response.widget_info(|| {
        WidgetInfo::labeled(accesskit::Role::Toolbar, true, "Column heads, for sorting")
    });
    let columns: Vec<_> = layout.shown().collect();
    let (current, shown) = walk(ui, &response, &columns);
    for span in layout.spans() {
        let is_current = response.has_focus() && Some(span.column) == current;
        let head = head_ui(ui, layout.head(), &span, is_current, window.sort);
        if is_current {
            ui.ctx().accesskit_node_builder(id, |node| {
                node.set_active_descendant(head.id.accesskit_id());
            });
        }
        let by_key = is_current && is_pressed(ui);
        if head.clicked() || by_key {
            window.sort = Sort {
                column: span.column,
                descending: window.sort.column == span.column && !window.sort.descending,
            };
        }
    }
    for span in layout.spans() {
        resizer_ui(ui, table_id, layout, &span, window);
    }
    shown
}

/// The head focused by the arrow keys, twice if it has just got the focus.
fn walk(ui: &Ui, heads: &Response, columns: &[Column]) -> (Option<Column>, Option<Column>) {
    if !heads.has_focus() {
        return (None, None);
    }
    let filter = EventFilter {
        horizontal_arrows: true,
        ..EventFilter::default()
    };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(heads.id, filter));
    let last = columns.len().saturating_sub(1);
    let before: usize = ui.data(|data| data.get_temp(heads.id)).unwrap_or_default();
    let at = ui.input_mut(|input| {
        let mut at = before.min(last);
        at += input.count_and_consume_key(Modifiers::NONE, Key::ArrowRight);
        at = at.saturating_sub(input.count_and_consume_key(Modifiers::NONE, Key::ArrowLeft));
        at.min(last)
    });
    ui.data_mut(|data| data.insert_temp(heads.id, at));
    let column = columns.get(at).copied();
    let is_news = at != before || heads.gained_focus();
    (column, column.filter(|_| is_news))
}

fn is_pressed(ui: &Ui) -> bool {
    ui.input_mut(|input| {
        input.consume_key(Modifiers::NONE, Key::Enter)
            || input.consume_key(Modifiers::NONE, Key::Space)
    })
}

/// Draws the head of a column; clicking it sorts by it, clicking again reverses the order.
fn head_ui(ui: &mut Ui, heads: Rect, span: &Span, is_current: bool, sort: Sort) -> Response {
    let tokens = ui.tokens();
    let rect = Rect::from_x_y_ranges(span.seen, heads.y_range());
    // Not focusable: the heads are one tab stop together.
    let response = ui.interact(rect, Id::unique(("sort by", span.title)), Sense::CLICK);
    let is_sorted = sort.column == span.column;
    let is_name = span.column == Column::Name;
    let what = if is_name { "Name" } else { span.title };
    let name = format!("Sort by {what}");
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Button, true, &name));
    if is_sorted {
        let words = if sort.descending {
            "Descending"
        } else {
            "Ascending"
        };
        ui.describe(&response, words);
    }
    if response.hovered() {
        ui.painter()
            .rect_filled(rect, tokens.radius, tokens.surface.hover);
    }
    let colour = if is_sorted {
        tokens.text
    } else {
        tokens.text_weak
    };
    let inset = if is_name { tokens.space.xs } else { 0.0 };
    let room = rect.width() - inset - tokens.height.icon;
    let title = egui::RichText::new(span.title).text_style(text::strong());
    let title = egui::WidgetText::from(title.color(colour));
    let wrap = Some(egui::TextWrapMode::Truncate);
    let galley = title.into_galley(ui, wrap, room.max(0.0), egui::TextStyle::Body);
    let at = egui::pos2(rect.left() + inset, rect.center().y - galley.size().y / 2.0);
    let end = at.x + galley.size().x;
    let is_cut = galley.elided;
    ui.painter().galley(at, galley, colour);
    if is_sorted {
        let centre = egui::pos2(end + tokens.space.s, rect.center().y);
        sort_mark(ui, centre, sort.descending);
    }
    if is_current {
        let ring = Stroke::new(tokens.focus_width, tokens.focus);
        ui.painter()
            .rect_stroke(rect, tokens.radius, ring, StrokeKind::Inside);
    }
    if is_cut {
        response.tip(span.title)
    } else {
        response
    }
}

fn sort_mark(ui: &Ui, centre: egui::Pos2, points_down: bool) {
    let tip = if points_down { 3.0 } else { -3.0 };
    let points = vec![
        centre + Vec2::new(-4.0, -tip),
        centre + Vec2::new(4.0, -tip),
        centre + Vec2::new(0.0, tip),
    ];
    ui.painter().add(egui::Shape::convex_polygon(
        points,
        ui.tokens().text,
        Stroke::NONE,
    ));
}

/// Draws the line after a column, which can be dragged within the heads.
fn resizer_ui(
    ui: &mut Ui,
    table_id: Id,
    layout: &TableLayout,
    span: &Span,
    window: &mut WindowLayout,
) {
    let tokens = ui.tokens();
    if span.seen.max < span.whole.max {
        return;
    }
    let heads = layout.head();
    let x = (span.whole.max + layout.half_gap()).min(heads.right());
    let grip = ui.style().interaction.resize_grab_radius_side;
    let rect = Rect::from_x_y_ranges(x - grip..=x + grip, heads.y_range());
    // Not focusable: resizing is for the pointer, and no tab stop may be invisible.
    let sense = Sense::CLICK | Sense::DRAG;
    let response = ui.interact(rect, table_id.with(("width of", span.title)), sense);
    let name = format!("Width of column {}", span.title);
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Splitter, true, &name));
    if response.double_clicked() {
        window.widths.remove(&span.column);
    } else if response.dragged()
        && let Some(pointer) = ui.ctx().pointer_latest_pos()
    {
        let width = pointer.x - layout.half_gap() - span.whole.min;
        let (least, max) = WindowLayout::COLUMN.into_inner();
        let width = width.clamp(least, max);
        if (width - span.width).abs() > 0.5 {
            if let Some(name) = layout.spans().next() {
                // It takes the remaining width, and would move the others under the pointer.
                let width = name.whole.span().clamp(least, max);
                window.widths.entry(name.column).or_insert(width);
            }
            window.widths.insert(span.column, width);
        }
    }
    let is_held = response.hovered() || response.dragged();
    if is_held {
        ui.set_cursor_icon(CursorIcon::ResizeColumn);
    }
    let colour = if is_held {
        tokens.text_weak
    } else {
        tokens.border
    };
    let line = egui::Rangef::new(heads.top(), layout.rows_and_bar().bottom());
    ui.painter()
        .vline(x, line, Stroke::new(tokens.border_width, colour));
}
