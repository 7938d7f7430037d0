//! The ring around what has the keyboard.

use egui::{
    Context, Event, Id, Plugin, RawInput, Rect, Response, Stroke, StrokeKind, Ui, accesskit,
};

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

/// Scrolls to what the keyboard comes to, where that is out of sight; egui leaves it there.
#[derive(Default)]
struct FocusInView {
    known: Option<Id>,
}

impl Plugin for FocusInView {
    fn debug_name(&self) -> &'static str {
        "focus in view"
    }

    fn input_hook(&mut self, ctx: &Context, input: &mut RawInput) {
        let focused = ctx.memory(egui::Memory::focused);
        if std::mem::replace(&mut self.known, focused) == focused {
            return;
        }
        // What was clicked is in sight, and must not move under the pointer.
        let by_pointer = ctx.input(|input| input.pointer.any_down() || input.pointer.any_click());
        let Some(id) = focused.filter(|_| !by_pointer) else {
            return;
        };
        let is_cut = ctx
            .read_response(id)
            .is_some_and(|response| !response.interact_rect.contains_rect(response.rect));
        if is_cut {
            let request = accesskit::ActionRequest {
                action: accesskit::Action::ScrollIntoView,
                target_tree: accesskit::TreeId::ROOT,
                target_node: id.accesskit_id(),
                data: None,
            };
            input.events.push(Event::AccessKitActionRequest(request));
        }
    }

    fn on_end_pass(&mut self, ui: &mut Ui) {
        // Where the keyboard is now is looked at before the next pass, which has to come.
        if ui.memory(egui::Memory::focused) != self.known {
            ui.ctx().request_repaint();
        }
    }
}

/// Keeps what has the keyboard in sight; call it in each frame.
pub fn keep_focus_in_view(ctx: &Context) {
    let _ = ctx.plugin_or_default::<FocusInView>();
}
