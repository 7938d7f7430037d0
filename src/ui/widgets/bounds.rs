//! Bounds of widgets for screen readers: egui reports them only for clickable ones.

use egui::{Rect, accesskit};

/// The bounds of a widget that is not clickable.
pub fn bounds(rect: Rect) -> accesskit::Rect {
    accesskit::Rect {
        x0: rect.min.x.into(),
        y0: rect.min.y.into(),
        x1: rect.max.x.into(),
        y1: rect.max.y.into(),
    }
}
