//! Tips of buttons, placed beside them, never over another button or an id.

use std::sync::Arc;

use egui::{Context, Rect, RectAlign, Response, Tooltip, Vec2, WidgetText};

/// Positions of a tip, the best first.
const PLACES: [RectAlign; 8] = [
    RectAlign::BOTTOM_START,
    RectAlign::TOP_START,
    RectAlign::RIGHT,
    RectAlign::LEFT,
    RectAlign::BOTTOM_END,
    RectAlign::TOP_END,
    RectAlign::RIGHT_START,
    RectAlign::LEFT_START,
];
const GAP: f32 = 4.0;

/// Adds tips. The only way to show one: those behind a dialog are suppressed.
pub trait TipExt {
    /// Shows `text` while the pointer rests here, unless a dialog covers it.
    #[expect(
        clippy::return_self_not_must_use,
        reason = "most callers have no more use for it, as with egui's own"
    )]
    fn tip(self, text: impl Into<WidgetText>) -> Self;
}

impl TipExt for Response {
    #[expect(clippy::disallowed_methods, reason = "the one place that shows a tip")]
    fn tip(self, text: impl Into<WidgetText>) -> Self {
        // egui keeps a tip open when a key opens a dialog, and draws it above the dialog.
        if is_behind_dialog(&self) {
            self
        } else {
            self.on_hover_text(text)
        }
    }
}

fn is_behind_dialog(response: &Response) -> bool {
    let layer = response.layer_id;
    !response
        .ctx
        .memory(|memory| memory.is_above_modal_layer(layer))
}

/// Rectangles that no tip may cover, of this pass and the one before.
#[derive(Clone, Default)]
struct ProtectedRects {
    pass: u64,
    present: Vec<(Rect, usize)>,
    before: Arc<[(Rect, usize)]>,
}

/// Weight of an id relative to a button: ids are compared before acting.
const ID_WEIGHT: usize = 10;

/// Notes the rectangle of a button, so that no tip covers it.
pub(super) fn keep_clear(ctx: &Context, rect: Rect) {
    keep(ctx, rect, 1);
}

/// Notes the rectangle of a device's name or id, so that no tip covers it.
pub fn keep_readable(ctx: &Context, rect: Rect) {
    keep(ctx, rect, ID_WEIGHT);
}

fn keep(ctx: &Context, rect: Rect, weight: usize) {
    let pass = ctx.cumulative_pass_nr();
    ctx.data_mut(|data| {
        let protected = data.get_temp_mut_or_default::<ProtectedRects>(egui::Id::NULL);
        if protected.pass != pass {
            protected.pass = pass;
            protected.before = std::mem::take(&mut protected.present).into();
        }
        protected.present.push((rect, weight));
    });
}

/// Shows `more` on hover and on focus, and describes it to screen readers.
///
/// On focus only if `unasked`, for a button that does not behave as expected: a tip that stays after a
/// click covers what is needed next.
pub(super) fn explained(response: Response, more: &str, unasked: bool) -> Response {
    response
        .ctx
        .accesskit_node_builder(response.id, |node| node.set_description(more));
    if is_behind_dialog(&response) {
        return response;
    }
    let tip = if response.hovered() {
        Tooltip::for_enabled(&response)
    } else if unasked && response.has_focus() {
        Tooltip::for_widget(&response)
    } else {
        return response;
    };
    tip_ui(tip, &response, more);
    response
}

/// Shows the tip of a button where it covers least.
fn tip_ui(mut tip: Tooltip<'_>, response: &Response, more: &str) {
    let size = tip.popup.get_expected_size();
    let size = size.unwrap_or(Vec2::new(240.0, 40.0));
    let place = free_place(&response.ctx, response.rect, size);
    tip.popup = tip.popup.align(place).align_alternatives(&[]);
    tip.gap(GAP).show(|ui| {
        ui.label(more);
    });
}

/// The first position inside the window that covers nothing protected, else the one that covers least.
fn free_place(ctx: &Context, beside: Rect, size: Vec2) -> RectAlign {
    let protected = ctx.data(|data| data.get_temp::<ProtectedRects>(egui::Id::NULL));
    let before = protected
        .map(|protected| protected.before)
        .unwrap_or_default();
    let window = ctx.content_rect();
    let covered = |place: &RectAlign| {
        let tip = place.align_rect(&beside, size, GAP);
        let protected = before
            .iter()
            .filter(|(rect, _)| *rect != beside && rect.shrink(1.0).intersects(tip));
        // Outside the window it would be moved back, over an unknown part.
        let outside = if window.contains_rect(tip) { 0 } else { 1000 };
        protected.map(|(_, weight)| weight).sum::<usize>() + outside
    };
    let mut places = PLACES.into_iter();
    let best = places.by_ref().min_by_key(covered);
    best.unwrap_or(RectAlign::BOTTOM_START)
}
