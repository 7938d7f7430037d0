//! Drawing of a palette row.

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Align2, Color32, Id, Response, Sense, Stroke, TextStyle, Ui, WidgetInfo, accesskit};

use super::item::Row;
use crate::ui::theme::{TokensExt as _, text};
use crate::ui::widgets::{TipExt as _, UiExt as _, bounds, elided, has_just_moved, text_width};

/// Maximum width share of the label in a row with more text beside it.
const LABEL_SHARE: f32 = 0.6;

pub fn heading_ui(ui: &mut Ui, heading: &str) {
    ui.add_space(ui.tokens().space.xs);
    ui.small_label(heading);
}

/// Draws a row. It can be clicked only if it is available and has not moved for half a second.
pub fn row_ui(ui: &mut Ui, id: Id, row: &Row, is_chosen: bool, is_current: bool) -> Response {
    let tokens = ui.tokens();
    let size = egui::vec2(ui.available_width(), tokens.height.control);
    let (_, rect) = ui.allocate_space(size);
    let is_arming = has_just_moved(ui, id, rect) || !is_current;
    let works = row.why_not.is_none();
    let sense = if is_arming {
        Sense::HOVER
    } else {
        Sense::CLICK
    };
    // Not focusable: the cursor stays in the field, and the arrow keys move from there.
    let response = ui.interact(rect, id, sense);
    if !ui.is_rect_visible(rect) {
        return response;
    }
    response.widget_info(|| {
        let role = accesskit::Role::ListBoxOption;
        WidgetInfo::labeled(role, works, row.name())
    });
    ui.ctx().accesskit_node_builder(id, |node| {
        node.set_selected(is_chosen);
        // Also while arming, when egui reports none.
        node.set_bounds(bounds(rect));
        node.set_description(row.why_not.as_deref().unwrap_or(&row.help));
        if !row.keys.is_empty() {
            node.set_keyboard_shortcut(&*row.keys);
        }
    });
    let painter = ui.painter();
    if is_chosen {
        painter.rect_filled(rect, tokens.radius, tokens.surface.selected);
        // Not by colour alone.
        let bar = rect.with_max_x(rect.left() + 3.0);
        painter.rect_filled(bar, 0.0, tokens.accent);
    } else if response.hovered() {
        painter.rect_filled(rect, tokens.radius, tokens.surface.hover);
    }
    paint(ui, rect.shrink2(egui::vec2(tokens.space.s, 0.0)), row);
    match &row.why_not {
        Some(why) => response.tip(format!("Not now: {why}")),
        None => response,
    }
}

fn paint(ui: &Ui, room: egui::Rect, row: &Row) {
    let tokens = ui.tokens();
    let painter = ui.painter();
    let small = TextStyle::Small.resolve(ui.style());
    let colour = if row.why_not.is_some() {
        tokens.stale
    } else {
        tokens.text
    };
    let job = label_job(ui, row, colour, room.width());
    let label = painter.layout_job(job);
    let middle = room.center().y;
    let at = egui::pos2(room.left(), middle - label.size().y / 2.0);
    let label_end = room.left() + label.size().x;
    painter.galley(at, label, colour);
    let keys = painter.text(
        room.right_center(),
        Align2::RIGHT_CENTER,
        &row.keys,
        small.clone(),
        tokens.text_weak,
    );
    let end = if row.keys.is_empty() {
        room.right()
    } else {
        keys.left() - tokens.space.m
    };
    // For an unavailable row the reason matters most.
    let beside = match &row.why_not {
        Some(why) => why,
        None => &row.beside,
    };
    let left = end - label_end - tokens.space.m;
    if !beside.is_empty() && left > 40.0 {
        let shown = elided(beside, left, |text| text_width(ui, text, &small));
        let at = egui::pos2(end, middle);
        painter.text(at, Align2::RIGHT_CENTER, shown, small, tokens.text_weak);
    }
}

/// The label with the matching letters underlined.
fn label_job(ui: &Ui, row: &Row, colour: Color32, width: f32) -> LayoutJob {
    let tokens = ui.tokens();
    let font = TextStyle::Body.resolve(ui.style());
    let mut job = LayoutJob {
        wrap: TextWrapping::truncate_at_width(if row.tail.is_empty() && row.beside.is_empty() {
            width
        } else {
            width * LABEL_SHARE
        }),
        break_on_newline: false,
        ..LayoutJob::default()
    };
    let plain = TextFormat::simple(font.clone(), colour);
    let matched = TextFormat {
        color: if row.why_not.is_some() {
            colour
        } else {
            tokens.accent
        },
        underline: Stroke::new(1.0, colour),
        ..plain.clone()
    };
    let mut letters = row.letters.iter().copied().peekable();
    let mut run = String::new();
    let mut is_match = false;
    for (at, c) in row.label.chars().enumerate() {
        let hits = letters.next_if_eq(&at).is_some();
        if hits != is_match && !run.is_empty() {
            let format = if is_match { &matched } else { &plain };
            job.append(&std::mem::take(&mut run), 0.0, format.clone());
        }
        is_match = hits;
        run.push(c);
    }
    let format = if is_match { &matched } else { &plain };
    job.append(&run, 0.0, format.clone());
    if !row.tail.is_empty() {
        let id = TextFormat::simple(text::id().resolve(ui.style()), tokens.text_weak);
        job.append(&row.tail, 0.0, id);
    }
    job
}
