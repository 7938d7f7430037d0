//! A draggable line between two parts of the window.

use egui::{CursorIcon, Id, Rect, Sense, Stroke, Ui, Vec2, WidgetInfo, accesskit};

use super::super::theme::TokensExt as _;

/// Orientation of a splitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// Between parts side by side.
    Upright,
    /// Between parts one above the other.
    Level,
}

/// Shows the line along the start of `part`; returns the position it is dragged to, along the split axis.
pub fn splitter_ui(ui: &mut Ui, id: Id, part: Rect, split: Split, name: &str) -> Option<f32> {
    let tokens = ui.tokens();
    let grip = ui.style().interaction.resize_grab_radius_side;
    let rect = match split {
        Split::Upright => Rect::from_min_max(part.left_top(), part.left_bottom()),
        Split::Level => Rect::from_min_max(part.left_top(), part.right_top()),
    };
    let rect = rect.expand2(match split {
        Split::Upright => Vec2::new(grip, 0.0),
        Split::Level => Vec2::new(0.0, grip),
    });
    // Not focusable: resizing is for the pointer, and every tab stop has to be visible.
    let response = ui.interact(rect, id, Sense::CLICK | Sense::DRAG);
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Splitter, true, name));
    let is_held = response.hovered() || response.dragged();
    let colour = if is_held {
        tokens.text_weak
    } else {
        tokens.border
    };
    let stroke = Stroke::new(tokens.border_width, colour);
    let cursor = match split {
        Split::Upright => {
            ui.painter().vline(part.left(), part.y_range(), stroke);
            CursorIcon::ResizeHorizontal
        }
        Split::Level => {
            ui.painter().hline(part.x_range(), part.top(), stroke);
            CursorIcon::ResizeVertical
        }
    };
    if is_held {
        ui.set_cursor_icon(cursor);
    }
    let at = response
        .interact_pointer_pos()
        .filter(|_| response.dragged())?;
    Some(match split {
        Split::Upright => at.x,
        Split::Level => at.y,
    })
}
