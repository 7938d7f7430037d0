//! The ring around what has the keyboard.

use egui::{Rect, Response, Stroke, StrokeKind, Ui};

use super::super::theme::TokensExt as _;

/// Paints the ring around `rect` if `response` has the keyboard.
///
/// The colours come from the visuals rather than the tokens, so that the strip can change them
/// to ones that stand out from its pattern.
pub(super) fn focus_ring(ui: &Ui, response: &Response, rect: Rect) {
    if !response.has_focus() {
        return;
    }
    let tokens = ui.tokens();
    let visuals = ui.visuals();
    let ring = visuals.widgets.active.bg_stroke;
    // A gap in the ground's colour keeps the ring apart from a filled button.
    let gap = Stroke::new(1.0, visuals.panel_fill);
    let painter = ui.painter();
    painter.rect_stroke(rect, tokens.radius, gap, StrokeKind::Outside);
    painter.rect_stroke(rect.expand(1.0), tokens.radius, ring, StrokeKind::Outside);
}
