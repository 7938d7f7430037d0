//! A scroll bar with an accessible name.

use egui::{Id, Rect, Sense, Ui, WidgetInfo, accesskit};

use super::super::theme::TokensExt as _;

/// Minimum length of the handle, in points.
const LEAST_HANDLE: f32 = 24.0;

/// Shows a bar in `rect` that scrolls sideways by `offset` of `max` points. It is for the pointer; keys
/// scroll its content.
pub fn sideways_bar_ui(ui: &mut Ui, id: Id, rect: Rect, name: &str, offset: &mut f32, max: f32) {
    let tokens = ui.tokens();
    let track = rect.shrink2(egui::vec2(0.0, 1.0));
    let share = track.width() / (track.width() + max);
    let length = (track.width() * share).clamp(LEAST_HANDLE.min(track.width()), track.width());
    let travel = track.width() - length;
    // Not focusable: every tab stop has to be visible.
    let response = ui.interact(rect, id, Sense::CLICK | Sense::DRAG);
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::ScrollBar, true, name));
    let start = |offset: f32| track.left() + travel * (offset / max).clamp(0.0, 1.0);
    if travel > 0.0
        && (response.dragged() || response.clicked())
        && let Some(pointer) = response.interact_pointer_pos()
    {
        let held: f32 = if response.drag_started() {
            let before = start(*offset);
            let is_on = (before..=before + length).contains(&pointer.x);
            let held = if is_on {
                pointer.x - before
            } else {
                length / 2.0
            };
            ui.data_mut(|data| data.insert_temp(id, held));
            held
        } else if response.dragged() {
            ui.data(|data| data.get_temp(id)).unwrap_or(length / 2.0)
        } else {
            length / 2.0
        };
        *offset = ((pointer.x - held - track.left()) / travel).clamp(0.0, 1.0) * max;
        ui.ctx().request_repaint();
    }
    let left = start(*offset);
    let handle = Rect::from_x_y_ranges(left..=left + length, track.y_range());
    let colour = if response.hovered() || response.dragged() {
        tokens.text_weak
    } else {
        tokens.control_border
    };
    let painter = ui.painter();
    painter.rect_filled(track, tokens.radius, tokens.surface.window);
    painter.rect_filled(handle, tokens.radius, colour);
}
